"""The application: this module builds and connects the parts, and alone knows every part.

``python app.py`` serves the application; ``flask --app app`` runs its commands.
"""

import os
import signal
import sys

if __name__ == "__main__":
    # The imports take half a second, in which process 1 of a container, without a handler, would
    # ignore a signal to end. `serving.hold_listener` sets the next handlers.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os._exit(0))

import argparse
import hashlib
import logging
import math
import multiprocessing
from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import partial
from multiprocessing import util
from pathlib import Path
from typing import TYPE_CHECKING

import click
from flask import Flask
from flask_caching import Cache as FlaskCache

from affiliate import cli, logs, serving
from affiliate.agencies.site_config import load_site_config
from affiliate.cache.answers import AnswerCache
from affiliate.cache.stores import StoreWithFallback
from affiliate.cli.startup_errors import report_startup_errors
from affiliate.config.blocked_names import describe_blocking, find_blocked_label
from affiliate.config.data_folder import describe_unwritable_folder
from affiliate.config.environment import find_other_file, read_environment
from affiliate.config.paths import SQLITE
from affiliate.config.setting_secrets import iter_secrets
from affiliate.config.settings import Config
from affiliate.database.agency_switches import AgencySwitches
from affiliate.database.ledger import Ledger
from affiliate.database.searches import SearchCounts
from affiliate.database.site_key import SiteKey
from affiliate.domain.site_names import read_host
from affiliate.errors import CannotListen, ConfigError, LedgerError
from affiliate.licensing.oauth.flow import build_oauth
from affiliate.search.chunk_sizes import ChunkSizes
from affiliate.search.enabled_agencies import (
    build_client_limits,
    build_enabled_agency,
    choose_call_limits,
)
from affiliate.search.federation import EnabledAgency
from affiliate.search.gateway import AgencyGateway
from affiliate.search.limits import Breaker, Quota
from affiliate.search.lookups import LookupService
from affiliate.search.machine_counters import MachineCounts
from affiliate.search.registry import AgencyRegistry
from affiliate.search.service import SearchService
from affiliate.search.site_counts import SiteCounts
from affiliate.search.start_lines import iter_start_lines
from affiliate.search.suggestions import Suggestions
from affiliate.search.usage import KeepDays, UsageCounter
from affiliate.search.visitor_calls import VisitorCalls
from affiliate.services import Services
from affiliate.transport.client import Transport
from affiliate.web import assets, openapi
from affiliate.web.access_log import AccessLogMiddleware, list_known_parts
from affiliate.web.client_address import TrustedProxiesMiddleware
from affiliate.web.client_limits import ClientLimits, limit_crawls
from affiliate.web.cors import CorsMiddleware
from affiliate.web.embeds import views as embeds
from affiliate.web.errors import Application
from affiliate.web.owner import views
from affiliate.web.page_cache import PageCacheMiddleware
from affiliate.web.page_variants import is_variant
from affiliate.web.redirects import make_redirect_relative
from affiliate.web.shared_pages import SHARED_FILE_DIVISOR, SHARED_REDIS_BYTES, SharedPages
from affiliate.web.site import pages, seo

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

FOLDER = Path(__file__).absolute().parent
"""The folder of ``.env``, to which relative paths in settings are relative."""
log = logging.getLogger("affiliate")
SLOW_REDIS_SECONDS = 0.08
"""The seconds of an answer above which, several times in a row, the cache leaves out Redis."""


def load(environ: Mapping[str, str] | None = None) -> Config:
    """Return the settings, checked against the existing agencies.

    Without ``environ``, settings come from the process and from the ``.env`` beside this module.
    """
    file_names: set[str] = set()
    if environ is None:
        environ = read_environment(FOLDER)
        file_names = set(environ) - set(os.environ)
        _warn_of_other_file()
    return load_site_config(environ, FOLDER, file_names)


def _warn_of_other_file() -> None:
    """Warn the user of a command that ``flask`` has read settings of another folder."""
    if click.get_current_context(silent=True) and (other := find_other_file(FOLDER)):
        words = "which is not beside app.py; FLASK_SKIP_DOTENV=1 leaves it out"
        click.echo(f"flask has read settings from {other}, {words}.", err=True)


def create_app(
    environ: Mapping[str, str] | None = None,
    *,
    transport: Transport | None = None,
    store: StoreWithFallback | None = None,
    ledger: Ledger | None = None,
) -> Flask:
    """Build the WSGI application, from ``environ`` or the process's environment.

    Tests replace parts by ``transport``, ``store`` and ``ledger``.

    Raises:
        ConfigError: names every wrong or missing setting at once.
    """
    with report_startup_errors():
        settings = load(environ)
    if _runs_command():  # the server has set up its log before
        _set_up_log(settings)
    app = Application(__name__)
    transport = transport or Transport()
    store = store or _open_store(app, settings)
    ledger = ledger or _open_ledger(settings)
    if label := find_blocked_label(settings.site_url):
        app.logger.warning("SITE_URL: %s", describe_blocking(label))
    enabled = [build_enabled_agency(name, settings, transport) for name in settings.agencies]
    limits = {
        source.agency.source: choose_call_limits(settings, source.agency) for source in enabled
    }
    cache = AnswerCache(store)
    # For servers that end without atexit: the higher priority comes first.
    util.Finalize(None, transport.close, exitpriority=30)
    util.Finalize(None, cache.close, exitpriority=20)
    # The usage counter, which writes to the ledger, ends at 10.
    util.Finalize(None, ledger.close, exitpriority=0)
    machine_counts = MachineCounts(settings.data_dir / "calls.counts")
    quota = Quota(store, limits, settings.web_concurrency, machine_counts)
    switches = AgencySwitches(ledger)
    spare_key = settings.secret_key.reveal() if settings.secret_key else ""
    site_key = SiteKey(ledger, spare_key, settings.data_dir / "site.key")
    client_limits = ClientLimits(
        store,
        build_client_limits(settings),
        settings.web_concurrency,
        site_key,
        trusts=bool(settings.trusted_proxies),
        crawls=limit_crawls(limits.values()),
    )
    counts = SearchCounts(ledger)
    site_counts = SiteCounts(settings.data_dir / "metrics" if settings.metrics_token else None)
    usage = UsageCounter(
        ledger,
        store,
        settings.site_language,
        client_limits.searcher_digest,
        keep=KeepDays(settings.clicks_keep_days, settings.searches_keep_days),
        zone=settings.site_timezone,
        on_answers=site_counts.count_answers,
    )

    def count_call(agency: str, seconds: float, *, failure: str = "") -> None:
        usage.count_call(agency, seconds, failure=failure)
        site_counts.count_call(agency, seconds, failure=failure)

    gateway = AgencyGateway(cache, quota, Breaker(store), ChunkSizes(store), count_call)
    registry = AgencyRegistry(enabled, switches.off_agencies)
    calls = VisitorCalls(gateway, client_limits.spend)
    lookups = LookupService(registry, calls)
    app.extensions["client_limits"] = client_limits
    build_id = _compute_build_id(app, settings, enabled)
    app.extensions["services"] = services = Services(
        config=settings,
        build_id=build_id,
        host=read_host(settings.site_url),
        registry=registry,
        gateway=gateway,
        search=SearchService(registry, calls),
        lookups=lookups,
        suggestions=Suggestions(registry, lookups, counts),
        ledger=ledger,
        search_counts=counts,
        store=store,
        usage=usage,
        counts=site_counts,
        transport=transport,
        tokens=build_oauth(settings, transport, ledger),
        switches=switches,
        site_key=site_key,
        machine_counts=machine_counts,
    )
    pages.register(app, services)
    seo.register(app)
    embeds.register(app)
    views.register(app)
    if settings.metrics_token:
        from affiliate.web.metrics.views import register  # noqa: PLC0415 - few sites have metrics

        register(app, services)
        app.report_loads = site_counts.report_process  # type: ignore[attr-defined] # for `serving`
    cli.register(app)
    app.after_request(make_redirect_relative)
    _wrap_wsgi_app(app, services)
    if not _runs_command() and (settings.smtp_url or settings.alert_webhook_url):
        from affiliate.alerts.thread import start_thread  # noqa: PLC0415 - few sites load mail

        app.extensions["alerts"] = start_thread(services)
    return app


def _wrap_wsgi_app(app: Flask, services: Services) -> None:
    """Put the middlewares in front of an app: access log, proxies, CORS and page cache."""
    settings, switches = services.config, services.switches
    page_cache = PageCacheMiddleware(
        app.wsgi_app,
        pages.page_cache_routes(app.static_folder or "")
        | seo.page_cache_routes()
        | embeds.page_cache_routes(),
        on_hit=services.usage.replays.append,
        shared_pages=SharedPages(
            services.store,
            max_bytes=_compute_shared_bytes(settings) // settings.web_concurrency,
            build_id=lambda: "-".join([services.build_id, *sorted(switches.off_agencies())]),
            is_variant=is_variant,
        ),
        is_variant=is_variant,
    )
    app.extensions["page_cache"] = page_cache
    app.find_hit = page_cache.find_hit  # type: ignore[attr-defined] # for `affiliate.serving`
    frame_keys = embeds.build_frame_keys(settings)
    is_valid_key = frame_keys.has_valid_key if frame_keys else None
    wsgi_app: WSGIApplication = CorsMiddleware(
        page_cache,
        (*embeds.CORS_PATHS, openapi.DESCRIPTION_PATH),
        settings.embed_sites,
        is_valid_key,
    )
    # Pages elsewhere read whether a click is recorded.
    wsgi_app = CorsMiddleware(wsgi_app, {"/clicks"})
    if settings.trusted_proxies:
        wsgi_app = TrustedProxiesMiddleware(wsgi_app, settings.trusted_proxies)
    wsgi_app = AccessLogMiddleware(
        wsgi_app,
        logs.current_handler() if settings.access_log else None,
        list_known_parts(app),
        services.counts.count_request if settings.metrics_token else None,
    )
    app.wsgi_app = wsgi_app  # type: ignore[method-assign,assignment] # as Flask documents it


def _set_up_log(settings: Config) -> None:
    """Configure the log by the settings; lines show no secrets of the settings."""
    logs.configure(settings.log_level, settings.log_format, list(iter_secrets(settings)))


def _open_ledger(settings: Config) -> Ledger:
    """Return the ledger; a server upgrades the tables, a command leaves upgrades to the owner.

    A server also starts without the database: pages need none, and clicks wait on the disk.
    """
    with report_startup_errors():
        ledger = Ledger(settings.database_url, journal=settings.data_dir / "clicks.journal")
    if not _runs_command():
        ledger.limit_reads()
        _upgrade_ledger(ledger)
        ledger.replay_journal()
    return ledger


def _upgrade_ledger(ledger: Ledger) -> None:
    """Upgrade the tables now or, where the database can't be used, as soon as possible."""
    try:
        ledger.upgrade()
    except LedgerError as error:
        log.error("the site starts without its ledger: %s", error)  # noqa: TRY400 - no trace


def _upgrade_tables(settings: Config) -> None:
    """Upgrade the tables in a process of its own, whose end frees the 8 MB that Alembic takes.

    A failure costs nothing: each process that answers upgrades the tables as well. The end
    of the main process ends the upgrade, which would keep the port from the next start.
    """
    serving.signal_at_parent_death(signal.SIGKILL)  # databases take an upgrade whole or not
    _set_up_log(settings)
    with closing(Ledger(settings.database_url)) as ledger:
        _upgrade_ledger(ledger)


def _check_data_folder(settings: Config) -> None:
    """Log that the site may not write into its folder, as a volume of another user.

    Raises:
        ConfigError: the first start needs the folder for its ledger; a site that has a ledger
            serves its pages even so.
    """
    if fault := describe_unwritable_folder(settings.data_dir):
        ledger = settings.data_dir / "ledger.db"
        if settings.database_url == f"{SQLITE}/{ledger}" and not os.access(ledger, os.F_OK):
            raise ConfigError([fault])
        log.error("%s", fault)


def _runs_command() -> bool:
    """Return whether the process runs a command of the owner; `flask run` is a server."""
    context = click.get_current_context(silent=True)
    return context is not None and context.find_root().invoked_subcommand != "run"


def _compute_build_id(app: Flask, settings: Config, enabled: Sequence[EnabledAgency]) -> str:
    """Return a digest of all inputs of a page beside agencies' answers, without secrets."""
    links = [
        (
            source.agency.source,
            source.weight,
            source.link.template,
            source.link.footage,
            source.link.affiliate_id,
        )
        for source in enabled
    ]
    look = (
        *(settings.site_name, settings.site_language, settings.site_url, settings.site_accent),
        *(settings.site_logo, settings.site_tagline, settings.site_links),
        *(settings.site_topics, settings.embed_sites, sorted(settings.affiliate_sub_ids)),
    )
    inputs = repr((assets.digest_assets(app.root_path), links, look)).encode()
    return hashlib.blake2b(inputs, digest_size=8).hexdigest()


def _open_store(app: Flask, settings: Config) -> StoreWithFallback:
    """Return the store: Redis if set, else a file; both are backends of Flask-Caching."""
    options: dict[str, str | int]
    if settings.redis_url:
        options = {
            "CACHE_TYPE": "affiliate.cache.stores.redis.RedisStore",
            "CACHE_REDIS_URL": settings.redis_url,
            "CACHE_REDIS_SELF_SIGNED": settings.redis_self_signed,
            "CACHE_REDIS_PROCESSES": settings.web_concurrency,
        }
    else:
        options = {
            "CACHE_TYPE": "affiliate.cache.stores.SQLiteStore",
            "CACHE_FILE": str(settings.data_dir / "cache.db"),
            "CACHE_BYTES": settings.cache_bytes,
        }
    slow_seconds = SLOW_REDIS_SECONDS if settings.redis_url else math.inf
    return StoreWithFallback(FlaskCache(app, config=options).cache, slow_seconds=slow_seconds)


def _compute_shared_bytes(settings: Config) -> int:
    """Return the bytes that pages may take of the store in five minutes, a small part of it."""
    return SHARED_REDIS_BYTES if settings.redis_url else settings.cache_bytes // SHARED_FILE_DIVISOR


def serve(target: str = "app:create_app") -> None:
    """Run the server with the application that ``target`` builds, or exit with the fault.

    A database that can't be used does not prevent the start: see `_open_ledger`.
    """
    parser = argparse.ArgumentParser("app.py", description="Serve the site.")
    parser.add_argument(
        "--reuse-port",
        action="store_true",
        help="let a second start of the site share the port, for a restart without a gap:"
        " start the new one, then end the old one; both need this",
    )
    arguments = parser.parse_args()
    try:
        settings = load()
        shared = arguments.reuse_port
        with serving.hold_listener(settings.host, settings.port, shared=shared) as listener:
            _set_up_log(settings)
            for level, line in iter_start_lines(settings):
                log.log(level, line)  # a message per line, as repeated messages are counted
            _check_data_folder(settings)
            Ledger(settings.database_url).close()  # raises the fault of a wrong address
            upgrade = multiprocessing.Process(target=_upgrade_tables, args=(settings,), daemon=True)
            upgrade.start()
            upgrade.join()
            serving.serve(
                listener,
                target,
                settings.web_concurrency,
                level=settings.log_level.lower(),
                prepare=partial(_set_up_log, settings),
            )
    except (ConfigError, CannotListen, LedgerError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    serve()
