"""Build the lines of the log with which each start of the site begins."""

import logging
from collections.abc import Iterator

from affiliate import __version__
from affiliate.agencies import AGENCIES
from affiliate.agencies.link_earnings import assess_links
from affiliate.config.settings import Config
from affiliate.search.enabled_agencies import build_link_style


def iter_start_lines(settings: Config) -> Iterator[tuple[int, str]]:
    """Yield the log lines of each start, each with its level of logging.

    The lines name the version and the agencies, tell of each agency whether its links earn, and
    warn of settings that may be a mistake.
    """
    names = ", ".join(settings.agencies)
    yield logging.INFO, f"Affiliate Search {__version__}, with {names}"
    for name in settings.agencies:
        status = assess_links(AGENCIES[name], build_link_style(name, settings))
        if status.state == "ok":
            yield logging.INFO, f"{name}: on, {status.words}"
        else:
            yield logging.WARNING, f"{name}: {status.words}"
    yield from ((logging.WARNING, note) for note in settings.notes)
