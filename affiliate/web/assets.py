"""Static files: addresses with the version of their content, and a digest of them all."""

import functools
import hashlib
import re
from pathlib import Path
from typing import Final

from flask import current_app

ASSET_VERSION: Final = re.compile(r"[0-9a-f]{12}")
"""The form of a static file's version (`asset_url`)."""


def asset_url(name: str) -> str:
    """Return the address of a static file with its content's hash, which caches keep for ever."""
    return f"/static/{name}?v={_file_digest(current_app.static_folder or '', name)}"


@functools.cache
def _file_digest(folder: str, name: str) -> str:
    return hashlib.blake2b(Path(folder, name).read_bytes(), digest_size=6).hexdigest()


def digest_assets(root: str) -> str:
    """Return a digest of the templates, assets and translations under an application's folder."""
    digest = hashlib.blake2b(digest_size=6)
    patterns = ("templates/*", "static/*.*", "translations/*/*/*.mo")
    for path in sorted(path for pattern in patterns for path in Path(root).glob(pattern)):
        digest.update(path.read_bytes())
    return digest.hexdigest()
