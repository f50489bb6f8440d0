"""Messages to the owner: their parts, as plain text, as simple HTML, and as events for webhooks."""

from datetime import datetime
from html import escape
from typing import Final, NamedTuple

STYLE: Final = "font-family:sans-serif;max-width:40em"
CELL_STYLE: Final = "text-align:left;padding:2px 12px 2px 0;vertical-align:top"
TEXT_STYLE: Final = f"{CELL_STYLE};overflow-wrap:anywhere"
"""Styles stand in the elements, as many mail programs ignore style sheets."""


class Link(NamedTuple):
    """A link with its text."""

    text: str
    url: str


class Section(NamedTuple):
    """A part of a message: a heading, sentences, a table whose first row has heads, and links."""

    heading: str
    sentences: tuple[str, ...] = ()
    table: tuple[tuple[str, ...], ...] = ()
    links: tuple[Link, ...] = ()


class Event(NamedTuple):
    """An event for webhooks; ``event_id`` is the same however often the event is sent."""

    event_id: str
    kind: str
    at: datetime
    data: dict[str, object]


class Message(NamedTuple):
    """A message: the subject and the sections for people, the events for programs."""

    subject: str
    sections: tuple[Section, ...]
    events: tuple[Event, ...] = ()


def format_text(message: Message) -> str:
    """Return a message as plain text."""
    return "\n\n".join(_format_section(section) for section in message.sections) + "\n"


def _format_section(section: Section) -> str:
    lines = [section.heading, "-" * len(section.heading)] if section.heading else []
    lines += section.sentences
    widths = [max(map(len, column)) for column in zip(*section.table, strict=True)]
    for row in section.table:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        lines.append("  ".join(cells).rstrip())
    lines += [f"{link.text}: {link.url}" for link in section.links]
    return "\n".join(lines)


def format_html(message: Message) -> str:
    """Return a message as HTML without pictures and scripts; every text is escaped."""
    body = "".join(map(_format_html_section, message.sections))
    title = escape(message.subject)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f'<meta name="color-scheme" content="light dark"><title>{title}</title></head>'
        f'<body style="{STYLE}">{body}</body></html>'
    )


def _format_html_section(section: Section) -> str:
    heading = f"<h2>{escape(section.heading)}</h2>" if section.heading else ""
    sentences = "".join(f"<p>{escape(sentence)}</p>" for sentence in section.sentences)
    rows = "".join(
        f"<tr>{_format_cells(row, is_head=number == 0)}</tr>"
        for number, row in enumerate(section.table)
    )
    table = f"<table>{rows}</table>" if rows else ""
    links = "".join(
        f'<p><a href="{escape(link.url)}">{escape(link.text)}</a></p>' for link in section.links
    )
    return heading + sentences + table + links


def _format_cells(row: tuple[str, ...], *, is_head: bool) -> str:
    """Return the cells of a row; the text at its beginning may break anywhere, numbers may not."""
    name = "th" if is_head else "td"
    styles = [CELL_STYLE if is_head else TEXT_STYLE, *[CELL_STYLE] * (len(row) - 1)]
    return "".join(
        f'<{name} style="{style}">{escape(text)}</{name}>'
        for text, style in zip(row, styles, strict=True)
    )
