"""The scopes of a user's token, and the scopes that each call needs.

The scopes are those of the OpenAPI's ``securitySchemes`` and of each operation's ``security``.
"""

import re
from collections.abc import Mapping
from typing import Final

SCOPES: Final[Mapping[str, str]] = {
    "user.view": "See whose account it is",
    "purchases.view": "See subscriptions",
    "licenses.view": "See licenses and download them again",
    "licenses.create": "License images and videos, which costs money",
    "collections.view": "See collections",
    "collections.edit": "Make and change collections",
}
"""The purpose of each scope; ``user.view`` is always requested, so that pages can name the user."""
DEFAULT_SCOPE: Final = "user.view"

SCOPES_BY_CALL: Final = (
    ("*", r"/v2/user", ("user.view",)),
    ("*", r"/v2/user/subscriptions", ("purchases.view",)),
    ("POST", r"/v2/editorial/licenses", ("licenses.create",)),
    ("GET", r"/v2/.+/licenses", ("licenses.view",)),
    ("POST", r"/v2/.+/licenses", ("licenses.create", "purchases.view")),
    ("POST", r"/v2/.+/licenses/[^/]+/downloads", ("licenses.view",)),
    ("*", r"/v2/[a-z]+/collections/featured(/.*)?", ()),
    ("GET", r"/v2/[a-z]+/collections(/.*)?", ("collections.view",)),
    ("*", r"/v2/[a-z]+/collections(/.*)?", ("collections.edit",)),
)
"""Method, path and scopes of calls; the first matching row counts."""


def get_required_scopes(method: str, path: str) -> tuple[str, ...]:
    """Return the scopes that a call needs by the OpenAPI description."""
    for known_method, pattern, scopes in SCOPES_BY_CALL:
        if known_method in {"*", method} and re.fullmatch(pattern, path):
            return scopes
    return ()
