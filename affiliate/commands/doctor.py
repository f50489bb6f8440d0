"""``flask doctor``: what is wrong with this site, in plain words, and what might be better.

Settings are read before any command runs; what is wrong with them is said then, all at once.
"""

from collections.abc import Iterator

import click
from flask import current_app
from flask.cli import with_appcontext

from affiliate.agencies import Agency
from affiliate.blocked_names import blocked_label, warning
from affiliate.commands import selfcheck
from affiliate.commands.selfcheck import BUILT, Finding
from affiliate.config import prefix
from affiliate.errors import FAILING, LEFT_ALONE, AgencyError, LedgerError
from affiliate.links import affiliate_link
from affiliate.model import Media, Thumbnail
from affiliate.page import Site
from affiliate.search import Search
from affiliate.slices import Listed
from affiliate.transport import longer_calls

SAMPLE = "108559295"
"""The id in sample links: that of the picture in the official example."""
PAGE = "https://agency.example/picture"
"""Where sample links lead at agencies that say with each picture where its page is."""


@click.command()
@click.option(
    "--live",
    is_flag=True,
    help="Search each agency too and look at what comes back; for a daily run.",
)
@with_appcontext
def doctor(*, live: bool) -> None:
    """Check settings, keys, links, cache and ledger; the exit status is 1 if anything fails."""
    site: Site = current_app.extensions["site"]
    failed = False
    for one in findings(site, live=live):
        click.echo(f"{one.state:6}{one.about}: {one.words}")
        failed = failed or one.state == "FAULT"
    if failed:
        raise SystemExit(1)


def findings(site: Site, *, live: bool = False) -> Iterator[Finding]:
    """Everything that is looked at, one after the other."""
    yield Finding("ok", "settings", f"complete, for {', '.join(site.config.agencies)}")
    off = site.search.off()
    for one in site.search.every:
        if one.agency.name in off:
            yield Finding("warn", one.agency.name, "switched off, so nobody searches it")
            continue
        yield _answers(one)
        yield from _left_alone(one, site.search)
        if one.agency.experimental:
            words = "experimental: no answer of a living API has been seen lately"
            yield Finding("warn", one.agency.name, words)
        yield from _links(one)
        if live:
            yield from selfcheck.findings(one, current_app.extensions["transport"], site.search)
    yield _cache(site)
    yield _ledger(site)
    yield from _site_url(site.config.site_url)


def _site_url(address: str | None) -> Iterator[Finding]:
    """Tell what is wrong with the site's own address, for embeds and for what must last."""
    if address is None:
        words = "not set, so addresses are those of each request, pages with one aren't kept, and"
        more = "codes for blogs lead to an address that may not last; set SITE_URL"
        yield Finding("warn", "SITE_URL", f"{words} {more}")
    elif label := blocked_label(address):
        yield Finding("warn", "SITE_URL", warning(label))


def _answers(one: Listed) -> Finding:
    """Whether an agency answers and takes the key."""
    try:
        with longer_calls(selfcheck.CALL_SECONDS):
            return Finding("ok", one.agency.name, one.agency.check().words)
    except AgencyError as error:
        kind = "no key" if error.kind == "credentials" and not one.agency.keys else error.kind
        return Finding("FAULT", one.agency.name, f"{_MEANS.get(kind, '')}{error.message}")


def _left_alone(one: Listed, search: Search) -> Iterator[Finding]:
    """Tell that searches spare an agency just now, why, and for how long."""
    if mark := search.left_alone(one):
        seconds, why = mark
        because = LEFT_ALONE.get(why, FAILING).rstrip(".").replace("It ", "it ", 1)
        words = f"left alone for another {seconds:.0f} s, as {because}"
        again = f"`flask agency on {one.agency.name}` asks it again at once"
        yield Finding("warn", one.agency.name, f"{words}; {again}")


_MEANS = {
    "credentials": "it does not take the key; it says: ",
    "no key": "it gives nothing without a key; it says: ",
    "timeout": "it is too slow or out of reach: ",
    "down": "it is out of reach: ",
}


def _links(one: Listed) -> Iterator[Finding]:
    """Tell what an agency's links look like, what their form rests on, and if they earn."""
    name, before = one.agency.name, prefix(one.agency.name)
    form = "your own template" if one.link.owned else one.agency.link_source
    for media in ("image", "video") if one.agency.footage else ("image",):
        still = Thumbnail("https://example.com", 3, 2)
        sample = Media(
            agency=one.agency.name, id=SAMPLE, media=media, thumbnail=still, page_url=PAGE
        )
        link = affiliate_link(one.link, sample, one.agency.landing(sample), site="blog.example")
        if link:
            note = f"{BUILT}; {form}" if form and link != PAGE else BUILT
            yield Finding("ok", name, f"links to {media}s are such as {link} ({note})")
        if one.link.owned and media == "image":
            yield from selfcheck.reach(one, link, one.agency.landing(sample))
    if one.link.affiliate_id is None and "{affiliate_id}" in one.link.template:
        yield Finding("warn", name, f"{before}AFFILIATE_ID is not set, so its links earn nothing")
    elif one.link.template == Agency.link_template and one.agency.link_source:
        yield Finding("warn", name, _plain(one))


def _plain(one: Listed) -> str:
    """Say that no form of an agency's affiliate links is known, and what is."""
    before = prefix(one.agency.name)
    unused = f" ({before}AFFILIATE_ID alone is not used)" if one.link.affiliate_id else ""
    words = f"{before}AFFILIATE_LINK is not set{unused}, so its links earn nothing"
    return f"{words}: {one.agency.link_source}"


def _cache(site: Site) -> Finding:
    site.store.get("doctor")  # so that its state is today's
    if site.store.degraded:
        words = "out of reach; the site goes on, but asks the agencies more often"
        return Finding("FAULT", "cache", words)
    return Finding("ok", "cache", "answers")


def _ledger(site: Site) -> Finding:
    try:
        site.ledger.check()
    except LedgerError as error:
        return Finding("FAULT", "ledger", str(error))
    return Finding("ok", "ledger", "answers")
