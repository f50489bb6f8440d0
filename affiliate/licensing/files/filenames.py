"""Names for licensed files, from a pattern, with characters that every file system accepts."""

import hashlib
import re
import unicodedata
from typing import Final

from affiliate.errors import BadQuery
from affiliate.licensing.models import Record

DEFAULT_PATTERN: Final = "{media_id}-{size}-{license_id}"
FIELDS: Final = ("media_id", "size", "license_id", "media", "license", "date", "user")
MAX_FIELD_CHARS: Final = 80
"""Characters of one field in a name; a whole name stays below the 255 of most file systems."""
MAX_STEM_CHARS: Final = 200
"""Characters of a name without its suffix."""
DIGEST_CHARS: Final = 16
"""Characters of a license's digest, for names that can't hold the distinguishing characters."""
RESERVED_NAMES: Final = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)", re.IGNORECASE)
"""Names that Windows keeps for devices."""


class FilenamePattern:
    """A pattern of file names: words and ``{fields}``, without a folder and without a suffix.

    With ``unique`` the pattern must contain the field that distinguishes two licenses.

    Raises:
        BadQuery: a field is unknown, or the names of two files would be equal.
    """

    def __init__(self, text: str = DEFAULT_PATTERN, *, unique: bool = False) -> None:
        known_fields = ", ".join(f"{{{name}}}" for name in FIELDS)
        fields = re.findall(r"\{(.*?)\}", text)
        if unknown := [name for name in fields if name not in FIELDS]:
            raise BadQuery(
                "name",
                "{%(name)s} is no field; use %(known)s.",
                name=unknown[0],
                known=known_fields,
            )
        if not {"license_id"} & set(fields) and (unique or "media_id" not in fields):
            needed_fields = "{license_id}" if unique else "{license_id} or {media_id}"
            raise BadQuery("name", "The pattern must hold %(needed)s.", needed=needed_fields)
        self._text = text

    def build_stem(self, record: Record) -> str:
        """Build the name of a license's file, without its suffix."""
        values = {
            "media_id": record.media_id,
            "size": record.size,
            "license_id": _make_distinct(record.id),
            "media": record.media,
            "license": record.license,
            "date": str(record.downloaded_at)[:10],
            "user": record.username,
        }
        name = re.sub(
            r"\{(.*?)\}", lambda match: _make_safe(values[match[1]])[:MAX_FIELD_CHARS], self._text
        )
        stem = _make_safe(name)
        if len(stem) > MAX_STEM_CHARS:
            stem = f"{stem[: MAX_STEM_CHARS - DIGEST_CHARS - 1]}-{_hash_id(record.id)}"
        return f"_{stem}" if RESERVED_NAMES.match(stem) or not stem else stem


def _make_distinct(license_id: str) -> str:
    """Return a license's id, with a digest where a file system could confuse two ids.

    An id might be cut, lose characters, or differ from another id only in upper and lower case.
    """
    if re.fullmatch(
        rf"[a-z0-9][a-z0-9_-]{{0,{MAX_FIELD_CHARS - 1}}}", license_id
    ) and license_id == _make_safe(license_id):
        return license_id
    return f"{_make_safe(license_id)[: MAX_FIELD_CHARS - DIGEST_CHARS - 1]}-{_hash_id(license_id)}"


def _hash_id(license_id: str) -> str:
    text = license_id.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=DIGEST_CHARS // 2).hexdigest()


def _make_safe(text: object) -> str:
    """Keep ASCII letters, digits, dots, dashes and underscores; no dash or dot at either end."""
    plain = unicodedata.normalize("NFKD", str(text or "")).encode("ascii", "ignore").decode()
    return re.sub(r"-{2,}|\.{2,}", "-", re.sub(r"[^A-Za-z0-9._-]+", "-", plain)).strip("-.")
