"""The settings as the owner may see them on a screen: where each comes from, and no secrets."""

import re
from collections.abc import Collection, Mapping
from datetime import tzinfo
from typing import Any, Final

from affiliate.config.readers import Secret
from affiliate.config.setting_secrets import find_passwords
from affiliate.config.setting_table import Setting, get_setting_prefix
from affiliate.config.settings import DEFAULT, ENVIRONMENT, FILE, ShownSetting

MASK: Final = "\u2022\u2022\u2022"
"""Text in the place of a secret."""


def show_setting(
    setting: Setting,
    value: object,
    environ: Mapping[str, str],
    file_names: Collection[str],
    agency: str = "",
) -> ShownSetting:
    """Return a setting with its text or, where unset, its default; ``value`` is what was read.

    ``file_names`` are the variables that come from the file alone. The name of the setting of an
    agency follows the agency's prefix.
    """
    name = (get_setting_prefix(agency) if agency else "") + setting.name
    text = environ.get(name, "")
    source = (FILE if name in file_names else ENVIRONMENT) if text else DEFAULT
    if text and isinstance(value, Secret):
        shown = MASK
    else:
        shown = mask_address(text) if text else format_default(setting.default)
    return ShownSetting(name, shown, source, setting.help, agency)


def format_default(default: Any) -> str:  # noqa: ANN401 - any row's default
    """Return the default of a setting as an owner would write the value."""
    if isinstance(default, frozenset):
        default = sorted(default)
    if isinstance(default, tuple | list):
        return ", ".join(map(str, default))
    if isinstance(default, bool):
        return str(int(default))
    if isinstance(default, tzinfo):
        return str(default)
    return "" if default is None else str(default)


def mask_address(text: str) -> str:
    """Return a text with stars for all before the ``@`` of an address, and for its passwords.

    Too much is masked rather than too little: a text in which a password is left over is masked
    as a whole.
    """
    if "://" not in text:
        return text
    masked = re.sub(r"(?s)://(?:([^:@/?#]*):)?.*@", lambda found: _mask_user(found[1]), text)
    masked = re.sub(r"(?i)(password=)[^&]*", rf"\g<1>{MASK}", masked)
    is_left = any(len(secret) > 1 and secret in masked for secret in _list_passwords(text))
    return MASK if is_left else masked


def _mask_user(user: str | None) -> str:
    return f"://{user}:{MASK}@" if user else f"://{MASK}@"


def _list_passwords(text: str) -> set[str]:
    try:
        return find_passwords(text)
    except ValueError:  # not an address
        return set()
