"""Placeholders of examples, which the owner should have replaced.

Platforms show addresses with such gaps: Supabase ``[YOUR-PASSWORD]``, Redis Cloud ``<password>``,
Neon and Upstash stars, Railway ``${{Postgres.DATABASE_URL}}``, manuals ``user:pass@host``.
"""

import re
from collections.abc import Iterable
from typing import Final

GAP: Final = (
    r"your[-_ ]?(own[-_ ]?)?(aff|id|user|account|partner|publisher|camref|name|key|code).*"
    r"|<.*>|\[.*\]|x{3,}|change[-_ ]?(me|this|it)"
)
"""Placeholders for an id in examples of links."""
PLACEHOLDER: Final = (
    rf"{GAP}|your[-_ ].*|x+([-_]x+)*|0+|to[-_]?do|tbd|fixme|none|null|nil|undefined|unset|n[-_]?a"
    r"|(my[-_]?)?((aff|affiliate|publisher|partner|account|user)[-_]?)?"
    r"(id|ref|code|number|name|account|camref)"
    r"|(insert|enter|put|replace|add|paste|fill)([-_].*|me|here|this|with.*|your.*|in)?"
    r"|change[-_ ]?(me|this|it).*|place[-_]?holder.*|example|dummy|.*[-_]here"
)
"""Placeholders for an id in examples of settings."""
FOREIGN_PLACEHOLDER: Final = (
    r"(deine?|ihre?|meine?|tua?|su|mi|votre|vos|ton|mon|(il[-_])?(tuo|suo|mio)|sua|seu|meu|twoj|twoje"
    r"|moj|vase?|din|min|jouw|uw|mijn|sizin|senin|benim)[-_](.*[-_])?(id|ref|code|camref)"
)
"""Placeholders for an id in examples of other languages."""
BLANKED: Final = (
    r"<.*>|\[.*\]|\$?\{+.*\}+|%[a-z_]+%|[*\u2022\u25cf\u2026]+|\.{3,}|x{4,}"
    r"|redacted|hidden"
)
"""Gaps by their marks, which no platform puts into a secret; small letters."""
CREDENTIAL_WORD: Final = (
    r"(pass(word|wd|phrase)?|pwd|secret|token|(api|access)?[-_ ]?key|credentials?)"
)
QUALIFIERS: Final = (
    r"((own|actual|real|new|strong|db|database|redis|postgres|sql|api|app|agency)[-_ ]?)*"
)
BLANKED_WORDS: Final = (
    rf"(my|the)?[-_ ]?your[-_ ]?{QUALIFIERS}({CREDENTIAL_WORD}|user.*|account.*|client.*|id|host.*"
    r"|server.*|name.*|db|database.*|project.*|region.*|shutterstock.*)([-_ ].*)?"
    rf"|(enter|insert|put|paste|replace|type|fill)[-_ ].*({CREDENTIAL_WORD}|user|here).*"
    rf"|.*{CREDENTIAL_WORD}[-_ ](goes[-_ ])?here"
)
"""Gaps by their words; small letters."""
BLANKED_CAPITALS: Final = (
    r"(DB_|DATABASE_|PG|POSTGRES_|REDIS_)?(USER(NAME)?|PASS(WORD|WD)?|PWD|HOST(NAME)?)"
)
"""Gaps by their capitals."""
EXAMPLE_PASSWORDS: Final = frozenset(
    {"pass", "password", "passwd", "pwd", "pw", "secret", "mypassword"}
)
"""Passwords that are examples beside a host of `EXAMPLE_HOSTS`, and real beside other hosts."""
EXAMPLE_HOSTS: Final = r"(my|your|db|database|redis|the)?[-_]?host(name)?"
PRISMA_EXAMPLE: Final = "randompassword"
"""The password of the address that Prisma writes into a new project."""


def is_placeholder(text: str) -> bool:
    """Return whether a text is a placeholder for an id or a password."""
    has_sign = re.search(r"[^\W_]", text)
    return (
        not has_sign
        or re.fullmatch(rf"{PLACEHOLDER}|{FOREIGN_PLACEHOLDER}", text.casefold()) is not None
    )


def is_blanked(text: str) -> bool:
    """Return whether a text is a gap in a platform's example, and can't be a secret.

    Simple words, which may be somebody's password, are no gaps.
    """
    small = re.fullmatch(rf"{BLANKED}|{BLANKED_WORDS}", text.casefold(), re.DOTALL)
    return bool(small or re.fullmatch(BLANKED_CAPITALS, text))


def check_account(user: str, password: str, hosts: Iterable[str], database: str) -> None:
    """Check that the address of a service is no example.

    Raises:
        ValueError: names the part that has a placeholder.
    """
    names = list(hosts)
    is_template = password.casefold() in EXAMPLE_PASSWORDS and any(
        re.fullmatch(EXAMPLE_HOSTS, name.casefold()) for name in names
    )
    parts = {
        "password": is_blanked(password) or password == PRISMA_EXAMPLE or is_template,
        "user": is_blanked(user),
        "host": any(map(is_blanked, names)),
        "database": is_blanked(database),
    }
    for part, is_gap in parts.items():
        if is_gap:
            raise ValueError(
                f"must hold your own {part}, not the placeholder that examples and platforms'"
                " pages show for it"
            )
