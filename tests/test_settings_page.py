"""docs/settings.md holds every setting, as the table in the code has it."""

from affiliate.config.setting_table import AGENCY_SETTINGS, SETTINGS
from tools import settings_page

TEXT = settings_page.FILE.read_text()


def test_the_page_is_made_of_the_tables() -> None:
    """``make settings`` brings it up to date."""
    assert settings_page.build_content() == TEXT


def test_every_setting_has_a_row_in_the_order_of_the_table() -> None:
    names = [f"| `{setting.name}` |" for setting in SETTINGS]
    names += [f"| `<AGENCY>_{setting.name}` |" for setting in AGENCY_SETTINGS]
    rows = [line for line in TEXT.splitlines() if line.startswith("| `")]
    assert [row[: len(name)] for row, name in zip(rows, names, strict=True)] == names
