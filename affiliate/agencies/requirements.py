"""The settings that an agency requires, in words."""

from affiliate.agencies import Agency
from affiliate.config.setting_table import get_setting_prefix


def describe_needed_settings(kind: type[Agency]) -> str:
    """Return the settings without which an agency is not on."""
    alternatives = (
        " and ".join(get_setting_prefix(kind.name) + name for name in names)
        for names in kind.credentials
    )
    return ", or ".join(alternatives) or f"{kind.name} in AGENCIES"
