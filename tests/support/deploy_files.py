"""Closed schemas of files for containers and platforms, and the time that an end may take."""

from typing import Any, Final

import jsonschema_rs

from affiliate.serving import worker

MAX_END_SECONDS: Final = worker.STOP_SECONDS + worker.FINISH_SECONDS
"""Seconds that the end of the site may take, with a purchase under way."""
TEXT: Final = {"type": "string", "minLength": 1}


def closed(needed: str = "", /, **properties: Any) -> dict[str, Any]:
    """Return the schema of an object that has no other properties."""
    return {
        "type": "object",
        "properties": properties,
        "required": needed.split(),
        "additionalProperties": False,
    }


def check_document(document: Any, schema: dict[str, Any]) -> None:
    assert [str(one) for one in jsonschema_rs.validator_for(schema).iter_errors(document)] == []
