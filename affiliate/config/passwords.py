"""Checks of the owner's keys and passwords, which must not be among those guessed first.

Guesses are counted by zxcvbn, with its lists of leaked passwords, names and words, as
https://cheatsheetseries.owasp.org/cheatsheets/Authentication_Cheat_Sheet.html advises. The lists
take 13 MB of memory, which `forget_lists` frees.
"""

import re
import sys
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from affiliate.config.placeholders import is_blanked, is_placeholder
from affiliate.config.readers import Secret
from affiliate.config.setting_texts import JOINERS, has_hidden

MIN_PASSWORD: Final = 8
"""Characters of the shortest password (OWASP ASVS 5, 6.2.1)."""
MAX_PASSWORD: Final = 256
"""Characters of the longest password, which the form of the log-in has room for."""
MIN_KEY: Final = 32
"""Characters of the shortest key."""
MAX_JUDGED: Final = 72
"""Characters at the beginning that are judged, as zxcvbn's time grows with their square."""
BEARER_SIGNS: Final = r"[A-Za-z0-9._~+/-]+=*"
"""Pattern of a bearer token (RFC 6750, 2.1)."""
MIN_GUESSES: Final = 10**7
"""The fewest guesses of a password: three years of log-ins at the limit for strangers."""
MIN_STEM_GUESSES: Final = 10**10
"""The fewest guesses of a common password with further digits and signs, which programs that guess
passwords try by rules."""
MIN_KEY_GUESSES: Final = 10**16
"""The fewest guesses of a key: whoever has a cookie can try keys without asking the site."""
MIN_DISTINCT_SIGNS: Final = 6
"""The fewest different characters in random keys of 32 characters, also hexadecimal keys."""
TRIVIAL_KEY: Final = (
    r"change[-_ ]?(me|this|it)|your[-_ ]|replace|insert[-_ ]|enter[-_ ]|put[-_ ]|place[-_]?holder"
    r"|<|todo|(my[-_ ]?)?secret[-_ ]?key|(01)?234567890|abcdefgh"
)
"""Beginnings of keys in examples."""
LOOKALIKES: Final = str.maketrans("@013457$!", "aoleastsi")
"""Signs that people put for letters of common passwords."""
CONTEXT: Final = tuple(
    "affiliate search affiliatesearch shutterstock stock owner admin administrator desk images"
    " pictures photos passwort motdepasse contrasena geheim \u043f\u0430\u0440\u043e\u043b\u044c"
    " \u0439\u0446\u0443\u043a\u0435\u043d changeme changeit example default".split()
)
"""Words of this program and of other languages, which zxcvbn's lists lack (ASVS 5, 6.1.2)."""
GUESSED: Final = "must be another one: programs that guess passwords begin with it"


def read_secret_key(text: str) -> Secret:
    """Return a key of at least 32 characters that nobody guesses."""
    if len(text) < MIN_KEY:
        raise ValueError(f"must be at least {MIN_KEY} characters long")
    judged = text[:MAX_JUDGED]
    is_trivial = (
        len(set(judged)) < MIN_DISTINCT_SIGNS
        or any(judged[period:] == judged[:-period] for period in range(1, len(judged) // 2 + 1))
        or re.match(TRIVIAL_KEY, judged.casefold())
    )
    if is_trivial or _estimate_guesses(judged, CONTEXT)[0] < MIN_KEY_GUESSES:
        raise ValueError(
            f"must be {MIN_KEY} random characters, such as those of `python3 -c"
            ' "import secrets; print(secrets.token_urlsafe(32))"`'
        )
    return Secret(text)


def read_token(text: str) -> Secret:
    """Return a token of at least 32 characters that nobody guesses, for an Authorization header."""
    if not re.fullmatch(BEARER_SIGNS, text):
        raise ValueError("must be of letters, digits and -._~+/= alone")
    return read_secret_key(text)


def read_password(text: str) -> Secret:
    """Return a password of 8 to 256 characters that isn't among the first that are tried."""
    if len(text) < MIN_PASSWORD:
        raise ValueError(f"must be at least {MIN_PASSWORD} characters long")
    if len(text) > MAX_PASSWORD:
        raise ValueError(f"must be at most {MAX_PASSWORD} characters long")
    if has_hidden(re.sub(f"[{JOINERS}]", "", text)):
        raise ValueError("must be without signs that can't be seen, as nobody can type them")
    if is_guessed(text):
        raise ValueError(GUESSED)
    return Secret(text)


def is_guessed(text: str, names: Iterable[str] = ()) -> bool:
    """Return whether a password is among the first that are tried.

    ``names`` are those of the site, which anybody who guesses knows.
    """
    has_letters = re.search(r"[^\W_]", text) is not None
    if is_blanked(text) or (has_letters and is_placeholder(text)):
        return True
    words = [part for name in names for part in (name, *re.split(r"[\W_]+", name)) if part]
    guesses, is_common = _estimate_guesses(text[:MAX_JUDGED], (*CONTEXT, *words))
    return guesses < MIN_GUESSES or (guesses < MIN_STEM_GUESSES and is_common)


def forget_lists() -> None:
    """Free the memory of zxcvbn's lists, which the next judgment reads again."""
    if "zxcvbn" not in sys.modules:
        return
    for name in [name for name in sys.modules if name.partition(".")[0] == "zxcvbn"]:
        del sys.modules[name]


@lru_cache(maxsize=16)
def _estimate_guesses(text: str, words: tuple[str, ...]) -> tuple[int, bool]:
    """Return the number of guesses for a text, and whether its stem is a common password.

    Results are cached, as each process of a server reads the same settings.
    """
    from zxcvbn import zxcvbn  # noqa: PLC0415 - for its lists, see above
    from zxcvbn.matching import RANKED_DICTIONARIES  # noqa: PLC0415

    stem = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", text.casefold()).translate(LOOKALIKES)
    is_common = stem in RANKED_DICTIONARIES["passwords"]
    return int(zxcvbn(text, user_inputs=list(words))["guesses"]), is_common
