"""The application: builds and wires; the only module that knows every part.

``python app.py`` serves it; ``flask --app app`` runs its commands.
"""

import argparse
import hashlib
import logging
import math
import sys
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import partial
from itertools import chain
from multiprocessing import util
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

import click
from flask import Flask, Response, request
from flask_caching import Cache as FlaskCache

from affiliate import (
    __version__,
    cli,
    logs,
    serving,
)
from affiliate.agencies import AGENCIES, Agency
from affiliate.agencies.limits import (
    HOUR,
    Limit,
)
from affiliate.agencies.link_earnings import link_status
from affiliate.cache.answers import AnswerCache
from affiliate.cache.stores import StoreWithFallback
from affiliate.cli.startup_errors import StartupError
from affiliate.config import passwords
from affiliate.config.blocked_names import describe_blocking, find_blocked_label
from affiliate.config.environment import find_other_file, read_environment
from affiliate.config.loading import load_config
from affiliate.config.setting_table import setting_prefix
from affiliate.config.settings import AgencySettings, Config
from affiliate.database.agency_switches import AgencySwitches
from affiliate.database.ledger import Ledger
from affiliate.database.searches import SearchCounts
from affiliate.database.site_key import SiteKey
from affiliate.database.token_store import TokenStore
from affiliate.domain.affiliate_links import LinkStyle, describe_id_fault
from affiliate.errors import CannotListen, ConfigError, LedgerError
from affiliate.licensing.oauth.flow import ACCOUNT, ShutterstockOAuth
from affiliate.search.chunk_sizes import ChunkSizes
from affiliate.search.client_budget import SEARCH
from affiliate.search.federation import EnabledAgency
from affiliate.search.gateway import AgencyGateway
from affiliate.search.limits import (
    Breaker,
    Quota,
)
from affiliate.search.machine_counters import MachineCounts
from affiliate.search.registry import AgencyRegistry
from affiliate.search.service import SearchService
from affiliate.search.suggestions import Suggestions
from affiliate.search.usage import KeepDays, UsageCounter
from affiliate.services import Services
from affiliate.transport.client import Transport
from affiliate.web import template_helpers
from affiliate.web.access_log import AccessLogMiddleware
from affiliate.web.client_address import TrustedProxiesMiddleware
from affiliate.web.client_limits import ClientLimits, limit_crawls
from affiliate.web.cors import CorsMiddleware
from affiliate.web.embeds import views as embeds
from affiliate.web.errors import Application
from affiliate.web.owner import views
from affiliate.web.page_cache import SHARED_FILE_DIVISOR, SHARED_REDIS_BYTES, PageCacheMiddleware
from affiliate.web.page_variants import is_variant
from affiliate.web.site import (
    pages,
    seo,
)

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

FOLDER = Path(__file__).absolute().parent
"""Where ``.env`` is, and what relative paths in settings are relative to."""
log = logging.getLogger("affiliate")
SLOW_REDIS_SECONDS = 0.08
"""Answers slower than this, one after the other, and the cache goes on without Redis."""


def load(environ: Mapping[str, str] | None = None) -> Config:
    """Return the settings, checked against the agencies that exist.

    Without ``environ`` they are those of the process and of the ``.env`` beside this module.
    """
    keys = {name: kind.credentials for name, kind in AGENCIES.items()}
    buyers = {name: kind.buyer for name, kind in AGENCIES.items()}
    options = {name: kind.options for name, kind in AGENCIES.items()}
    if environ is None:
        environ = read_environment(FOLDER)
        _tell_other_file()
    try:
        return load_config(environ, keys, buyers, options, check=_agency_faults, folder=FOLDER)
    finally:
        passwords.forget_lists()  # processes of the server live long


def _tell_other_file() -> None:
    """Say to whoever gave a command that ``flask`` has read settings of another folder."""
    if click.get_current_context(silent=True) and (other := find_other_file(FOLDER)):
        words = "which is not beside app.py; FLASK_SKIP_DOTENV=1 leaves it out"
        click.echo(f"flask has read settings from {other}, {words}.", err=True)


def _agency_faults(settings: Mapping[str, AgencySettings], on: Container[str]) -> Iterator[str]:
    """Yield what is wrong with settings of agencies, as the agencies and their networks tell."""
    for name, own in settings.items():
        kind, before = AGENCIES[name], setting_prefix(name)
        template = own.affiliate_link or kind.link_template
        if own.affiliate_id and (fault := describe_id_fault(template, own.affiliate_id)):
            yield f"{before}AFFILIATE_ID must be {fault}."
        if name not in on:
            continue
        if kind.account and kind.account not in on:
            words = "which is not on; name it in AGENCIES too."
            yield f"{name} uses the key of {kind.account}, {words}"
        told = {key: secret.reveal() for key, secret in own.credentials.items()}
        yield from (f"{before}{fault}." for fault in kind.find_setting_faults(told))


def create_app(
    environ: Mapping[str, str] | None = None,
    *,
    transport: Transport | None = None,
    store: StoreWithFallback | None = None,
    ledger: Ledger | None = None,
) -> Flask:
    """Build the WSGI application, from the process's environment or the one given.

    ``transport``, ``store`` and ``ledger`` replace what would be built, for tests.

    Raises:
        ConfigError: names every wrong or missing setting at once.
    """
    with _told():
        settings = load(environ)
    if _is_command():  # the server has set up its log by itself
        _set_up_log(settings)
    app = Application(__name__)
    transport = transport or Transport()
    store = store or _store(app, settings)
    ledger = ledger or _ledger(settings)
    if label := find_blocked_label(settings.site_url):
        app.logger.warning("SITE_URL: %s", describe_blocking(label))
    listed = [_listed(n, one, settings, transport) for n, one in settings.agencies.items()]
    limits = {one.agency.source: _limits(settings, one.agency) for one in listed}
    cache = AnswerCache(store)
    # For servers that end without atexit: the higher priority comes first.
    util.Finalize(None, transport.close, exitpriority=30)
    util.Finalize(None, cache.close, exitpriority=20)
    util.Finalize(None, ledger.close, exitpriority=0)  # the tally, which writes to it, ends at 10
    here = MachineCounts(settings.data_dir / "calls.counts")
    quota = Quota(store, limits, settings.web_concurrency, here)
    switches = AgencySwitches(ledger)
    calls = AgencyGateway(cache, quota, Breaker(store), ChunkSizes(store))
    spare = settings.secret_key.reveal() if settings.secret_key else ""
    key = SiteKey(ledger, spare, settings.data_dir / "site.key")
    trusts, processes = bool(settings.trusted_proxies), settings.web_concurrency
    client_limits = ClientLimits(
        store,
        _budget(settings),
        processes,
        key,
        trusts=trusts,
        crawls=limit_crawls(limits.values()),
    )
    counts = SearchCounts(ledger)
    registry = AgencyRegistry(listed, switches.off_agencies)
    search = SearchService(registry, calls, client_limits.spend)
    days = KeepDays(settings.clicks_keep_days, settings.searches_keep_days)
    usage = UsageCounter(ledger, store, settings.site_language, client_limits.searcher_digest, days)
    app.extensions["client_limits"] = client_limits
    build_id = _build_id(app, settings, listed)
    services = Services(
        config=settings,
        build_id=build_id,
        registry=registry,
        search=search,
        suggestions=Suggestions(registry, search, counts),
        ledger=ledger,
        search_counts=counts,
        store=store,
        usage=usage,
        transport=transport,
        tokens=_tokens(settings, transport, ledger),
        switches=switches,
        site_key=key,
    )
    app.extensions["services"] = services
    pages.register(app, services)
    seo.register(app)
    embeds.register(app)
    views.register(app)
    cli.register(app)
    app.after_request(_redirected_here)
    page_cache = PageCacheMiddleware(
        app.wsgi_app,
        pages.page_cache_routes() | seo.page_cache_routes() | embeds.page_cache_routes(),
        on_hit=usage.replayed.append,
        shared_store=store,
        shared_bytes=_shelf_bytes(settings) // settings.web_concurrency,
        build_id=lambda: "-".join([build_id, *sorted(switches.off_agencies())]),
        is_variant=is_variant,
    )
    app.extensions["page_cache"] = page_cache
    keys = embeds.build_frame_keys(settings)
    opens = keys.has_valid_key if keys else None
    served: WSGIApplication = CorsMiddleware(
        page_cache, embeds.CORS_PATHS, settings.embed_sites, opens
    )
    served = CorsMiddleware(served, {"/clicks"})  # pages elsewhere look whether a click was kept
    if settings.trusted_proxies:
        served = TrustedProxiesMiddleware(served, settings.trusted_proxies)
    served = AccessLogMiddleware(
        served, logs.current_handler() if settings.access_log else None, _known_parts(app)
    )
    app.wsgi_app = served  # type: ignore[method-assign,assignment] # as Flask documents it
    return app


def _known_parts(app: Flask) -> frozenset[str]:
    """Return the parts of paths that are the site's own: of its routes, files and topics."""
    routes = (part for rule in app.url_map.iter_rules() for part in rule.rule.split("/"))
    files = (one.name for one in Path(app.static_folder or ".").iterdir())
    names = (AGENCIES, ("image", "video"), files)
    with app.app_context():
        topics = template_helpers.owner_topics().list_slugs()
    return frozenset(chain(routes, *names, topics))


def _set_up_log(settings: Config) -> None:
    """Log as the settings have it; no line shows what is secret in them."""
    own = [
        secret.reveal()
        for agency in settings.agencies.values()
        for secret in (*agency.credentials.values(), *agency.buyer.values())
    ]
    own += [one.reveal() for one in (settings.secret_key, settings.owner_password) if one]
    addresses = (settings.redis_url, settings.database_url)
    own += [password for text in addresses for password in _passwords(text or "")]
    logs.configure(settings.log_level, settings.log_format, own)


def _passwords(address: str) -> set[str]:
    """Return the passwords in an address, as the address spells them and as servers get them."""
    parts = urlsplit(address)
    given = [value for name, value in parse_qsl(parts.query) if name.endswith("password")]
    given += [parts.password] if parts.password else []
    return {*given, *map(unquote, given)}


@contextmanager
def _told() -> Iterator[None]:
    """Yield what keeps the site from starting, as a sentence to whoever gave a command."""
    try:
        yield
    except (ConfigError, LedgerError) as error:
        if click.get_current_context(silent=True):  # a command, whose reader wants no traceback
            faults = error.faults if isinstance(error, ConfigError) else [str(error)]
            raise StartupError(str(error), faults) from None
        raise


def _ledger(settings: Config) -> Ledger:
    """Return the ledger; a server brings it up to date, a command leaves that to the owner.

    A server starts without the database, too: pages need none, and clicks wait on the disk.
    """
    with _told():
        ledger = Ledger(settings.database_url, journal=settings.data_dir / "clicks.journal")
    if not _is_command():
        _upgrade(ledger)
        ledger.replay_journal()
    return ledger


def _upgrade(ledger: Ledger) -> None:
    """Bring the tables up to date: now or, where the database can't be used, as soon as it can."""
    try:
        ledger.upgrade()
    except LedgerError as error:
        log.error("the site starts without its ledger: %s", error)  # noqa: TRY400 - no trace


def _is_command() -> bool:
    """Tell whether a command of the owner's is under way; `flask run` is a server."""
    context = click.get_current_context(silent=True)
    return context is not None and context.find_root().invoked_subcommand != "run"


def _redirected_here(response: Response) -> Response:
    """Return a response whose redirect to this site names no host.

    The router makes addresses of the request's own scheme and host, which a proxy may have changed.
    """
    location, own = response.headers.get("Location", ""), request.host_url
    if location.startswith(own):
        response.headers["Location"] = f"/{location.removeprefix(own).lstrip('/')}"
    return response


def _build_id(app: Flask, settings: Config, listed: Sequence[EnabledAgency]) -> str:
    """A digest of all that a page is made of beside agencies' answers; it holds no secret."""
    links = [
        (one.agency.source, one.weight, one.link.template, one.link.footage, one.link.affiliate_id)
        for one in listed
    ]
    look = (
        *(settings.site_name, settings.site_language, settings.site_url, settings.site_accent),
        *(settings.site_topics, settings.embed_sites, sorted(settings.affiliate_sub_ids)),
    )
    made = repr((template_helpers.digest_assets(app.root_path), links, look)).encode()
    return hashlib.blake2b(made, digest_size=8).hexdigest()


def _store(app: Flask, settings: Config) -> StoreWithFallback:
    """Redis when it is set, else a file; both are backends of Flask-Caching."""
    kind: dict[str, str | int]
    if settings.redis_url:
        kind = {
            "CACHE_TYPE": "affiliate.cache.stores.RedisStore",
            "CACHE_REDIS_URL": settings.redis_url,
            "CACHE_REDIS_SELF_SIGNED": settings.redis_self_signed,
            "CACHE_REDIS_PROCESSES": settings.web_concurrency,
        }
    else:
        kind = {
            "CACHE_TYPE": "affiliate.cache.stores.SQLiteStore",
            "CACHE_FILE": str(settings.data_dir / "cache.db"),
            "CACHE_BYTES": settings.cache_bytes,
        }
    slow = SLOW_REDIS_SECONDS if settings.redis_url else math.inf
    return StoreWithFallback(FlaskCache(app, config=kind).cache, slow_seconds=slow)


def _shelf_bytes(settings: Config) -> int:
    """Return how much of the store pages may take in five minutes: a small part of all it holds."""
    return SHARED_REDIS_BYTES if settings.redis_url else settings.cache_bytes // SHARED_FILE_DIVISOR


def _budget(settings: Config) -> list[Limit]:
    """Return what each client may cost; nothing where the owner has set no limit."""
    asked = (settings.client_searches_per_minute, 60), (settings.client_searches_per_hour, HOUR)
    return [Limit(SEARCH * searches, seconds) for searches, seconds in asked if searches]


def _limits(settings: Config, agency: Agency) -> tuple[Limit, ...]:
    """Return the owner's limits, who may have agreed on more, else those an agency documents."""
    own = settings.agencies[agency.name]
    hour = [Limit(own.calls_per_hour)] if own.calls_per_hour else []
    second = [Limit(own.calls_per_second, 1)] if own.calls_per_second else []
    documented = [one for one in agency.limits if not (second if one.seconds == 1 else hour)]
    return (*hour, *second, *documented)


def _listed(
    name: str, own: AgencySettings, settings: Config, transport: Transport
) -> EnabledAgency:
    kind = AGENCIES[name]
    shared = settings.agencies.get(kind.account, AgencySettings())
    secrets = {**shared.credentials, **own.credentials}
    keys = {key: secret.reveal() for key, secret in secrets.items()}
    return EnabledAgency(
        agency=kind(
            transport.with_total_seconds(own.timeout_seconds),
            url=own.url or shared.url,
            credentials=keys,
        ),
        weight=own.weight,
        link=_link_style(name, settings),
        policy=kind.terms.build_policy(settings.cache_fresh_seconds, settings.cache_stale_seconds),
    )


def _link_style(name: str, settings: Config) -> LinkStyle:
    """Return how links to an agency are made: its account's settings stand in for missing ones."""
    kind, own = AGENCIES[name], settings.agencies[name]
    shared = settings.agencies.get(kind.account, AgencySettings())
    link = own.affiliate_link or shared.affiliate_link
    default = link is None and kind.network in {"impact", "partnerize"}
    return LinkStyle(
        template=link or kind.link_template,
        footage="" if link else kind.footage_template,
        affiliate_id=own.affiliate_id or shared.affiliate_id,
        network=kind.network,
        sub_ids=settings.affiliate_sub_ids if default else frozenset(),
        is_owner_template=link is not None,
    )


def start_lines(settings: Config) -> Iterator[tuple[int, str]]:
    """Yield what the owner reads at each start, each line with its level of logging.

    They name the version and the agencies, say of each whether its links earn, and tell of settings
    that may not be what is meant.
    """
    names = ", ".join(settings.agencies)
    yield logging.INFO, f"Affiliate Search {__version__}, with {names}"
    for name in settings.agencies:
        told = link_status(AGENCIES[name], _link_style(name, settings))
        if told.state == "ok":
            yield logging.INFO, f"{name}: on, {told.words}"
        else:
            yield logging.WARNING, f"{name}: {told.words}"
    yield from ((logging.WARNING, note) for note in settings.notes)


def _tokens(settings: Config, transport: Transport, ledger: Ledger) -> ShutterstockOAuth:
    """The tokens of the owner's account; they need its agency to be on."""
    own = settings.agencies.get(ACCOUNT, AgencySettings())
    keys = {name: secret.reveal() for name, secret in own.credentials.items()}
    secret = settings.secret_key
    return ShutterstockOAuth(
        transport,
        TokenStore(ledger, secret.reveal()) if secret else None,
        url=own.url or AGENCIES[ACCOUNT].api,
        client=(keys.get("CLIENT_ID", ""), keys.get("CLIENT_SECRET", "")),
        fixed=keys.get("API_TOKEN"),
    )


def serve(target: str = "app:create_app") -> None:
    """Run the server over what ``target`` makes, or say what is wrong and stop.

    A database that can't be used stops nothing: see `_ledger`.
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
            for level, line in start_lines(settings):
                log.log(level, line)  # each is a message of its own to what counts repetitions
            with closing(Ledger(settings.database_url)) as ledger:
                _upgrade(ledger)
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
