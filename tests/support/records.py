"""Makes records of purchases for tests of file names."""

from datetime import UTC, datetime
from typing import Any

from affiliate.licensing.models import Record


def record(**fields: Any) -> Record:
    usual = {"id": "e1f", "media": "image", "media_id": "123", "license": "standard"}
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    return Record(**{**usual, "size": "huge", "downloaded_at": moment, **fields})
