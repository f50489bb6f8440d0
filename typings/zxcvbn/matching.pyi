from typing import Any

RANKED_DICTIONARIES: dict[str, dict[str, Any]]
