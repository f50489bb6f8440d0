"""Values in reports: amounts with either decimal sign, and times."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Final

from affiliate.domain.actions import MONEY_UNITS

MAX_AMOUNT: Final = 10**9
"""An amount above all that a picture sells for."""
SIGNS: Final = re.compile(
    r"\s|[A-Z]{0,3}[$\u00a2-\u00a5\u20a0-\u20cf]|[A-Z]{3}|(?<=[0-9])['\u2019](?=[0-9]{3})"
)
"""Spaces, signs of currencies (``US$``) and codes around an amount, and Swiss thousands."""
NO_AMOUNT: Final = frozenset("-\u2013\u2014\u2212")
"""Dashes that stand for no amount."""
NEGATIVE: Final = re.compile(r"[-\u2013\u2212][0-9.,]+|[0-9.,]+[-\u2212]|-?\([0-9.,]+\)")
"""Negative amounts, as programs and accountants write them."""
MINUS: Final = "-\u2013\u2212()"
"""Signs around a negative amount."""
COMMA: Final = re.compile(r"(?![1-9][0-9]{0,2},[0-9]{3}$)[0-9.]*,[0-9]+")
"""An amount whose only comma can't separate thousands, as in ``1,5`` and ``0,125``."""
POINT: Final = re.compile(r"[0-9,]*\.[0-9]+")
"""An amount in which the point can be the decimal sign."""
FIRST_YEAR: Final = 1990
"""A year before the first affiliate network."""
CODES: Final = re.compile(r"[A-Z]{3}(?!\$)|[A-Z]{1,3}\$|[\u20a0-\u20cf\u00a3]")
"""Codes, and the signs that each stand for one currency alone."""
SIGN_CODES: Final = {
    "\u20ac": "EUR",
    "\u00a3": "GBP",
    "\u20b9": "INR",
    "\u20bd": "RUB",
    "\u20a9": "KRW",
    "\u20b4": "UAH",
    "\u20ba": "TRY",
    "US$": "USD",
    "A$": "AUD",
    "AU$": "AUD",
    "C$": "CAD",
    "CA$": "CAD",
    "NZ$": "NZD",
    "HK$": "HKD",
    "R$": "BRL",
}


def find_decimal_sign(texts: Iterable[str], usual: str = ".") -> str:
    """Return the decimal sign of a column of amounts; empty where both signs are used.

    Where each amount may be of thousands or of cents, as 1.234 and 1,234, the sign is ``usual``.
    """
    has_comma = has_point = False
    for text in texts:
        plain = SIGNS.sub("", text).strip(MINUS)
        has_comma |= COMMA.fullmatch(plain) is not None
        has_point |= POINT.fullmatch(plain) is not None and not _is_grouped(plain)
    if has_comma and has_point:
        return ""
    return "," if has_comma else "." if has_point else usual


def _is_grouped(text: str) -> bool:
    """Return whether points may separate thousands alone: ``1.234``."""
    return re.fullmatch(r"[1-9][0-9]{0,2}(?:\.[0-9]{3})+", text) is not None


def read_amount(text: str, decimal_sign: str, *, signed: bool = False) -> int | None:
    """Return an amount in `MONEY_UNITS`; None for an empty text.

    Raises:
        ValueError: the text is no amount, is too large, or is negative and not to be ``signed``.
    """
    plain = SIGNS.sub("", text)
    if not plain or plain in NO_AMOUNT:
        return None
    if signed and NEGATIVE.fullmatch(plain):
        amount = read_amount(plain.strip(MINUS), decimal_sign)
        return amount and -amount
    thousands = "." if decimal_sign == "," else ","
    groups = rf"(?:[0-9]+|[0-9]{{1,3}}(?:\{thousands}[0-9]{{2,3}})*\{thousands}[0-9]{{3}})?"
    if not re.fullmatch(rf"{groups}(?:\{decimal_sign}[0-9]+)?", plain):
        if NEGATIVE.fullmatch(plain):
            raise ValueError("is negative; a reversal is a status of its sale, with its amount")
        raise ValueError("is no amount")
    try:
        number = Decimal(plain.replace(thousands, "").replace(decimal_sign, "."))
    except InvalidOperation:
        raise ValueError("is no amount") from None
    if number > MAX_AMOUNT:
        raise ValueError("is too large")
    return int((number * MONEY_UNITS).to_integral_value())


def check_currency(text: str, currency: str) -> None:
    """Refuse an amount with the code or the sign of another currency.

    Raises:
        ValueError: the text names another currency.
    """
    for code in CODES.findall(text):
        if SIGN_CODES.get(code, code) != currency:
            raise ValueError(f"is not in {currency}")


def read_time(text: str, zone: tzinfo, date_format: str = "") -> datetime | None:
    """Return a time in UTC to the second; None for an unknown time.

    A time without an offset is in ``zone``. Years before `FIRST_YEAR` stand for an unknown time, as
    does an empty text: programs write 0001-01-01, 1970-01-01 or 0000-00-00.

    Raises:
        ValueError: the text is not in the form of ISO 8601, such as 2026-11-20 13:45:00, or in
            ``date_format``.
    """
    text = text.strip()
    if not text or text.startswith("0000-00-00"):
        return None
    try:
        moment = (
            datetime.strptime(text, date_format)  # noqa: DTZ007 - gets its zone below
            if date_format
            else _read_iso(text)
        )
        if moment.year < FIRST_YEAR:
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
        return moment.astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        example = date_format or "2026-11-20 13:45:00"
        raise ValueError(f"is no time such as {example}") from None


def _read_iso(text: str) -> datetime:
    """Return a time in the form of ISO 8601, whose parts may have other signs between them.

    Raises:
        ValueError: the text has another form.
    """
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        text = re.sub(r"^([0-9]{4})/([0-9]{2})/([0-9]{2})(?![0-9])", r"\1-\2-\3", text)
        text = re.sub(r"(?<=[0-9])\s*(?:UTC|GMT)$", "+00:00", text)
        return datetime.fromisoformat(re.sub(r"\s+(?=[+-][0-9]{2}:?[0-9]{2}$)", "", text))
