"""Titles, keywords and credits of licensed images and videos, as the agency has them.

The credit is ``Name/Shutterstock.com``, as Shutterstock's license terms word it; the terms stand
outside of the API's documents. Without the contributor's name it is ``Shutterstock.com``.
"""

from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

import msgspec

from affiliate.domain.media import plain_text, plain_texts
from affiliate.errors import NotFound
from affiliate.licensing.accounts.shutterstock import AGENCY, ShutterstockAccount
from affiliate.licensing.files.xmp import Tags
from affiliate.licensing.models import MEDIA_ENDPOINTS, MediaKind
from affiliate.transport.messages import convert_answer

CREDIT_AGENCY: Final = "Shutterstock.com"
MAX_NAMES: Final = 2000
"""Contributors whose names are kept for the run."""


class _Contributor(msgspec.Struct):
    id: str = ""
    display_name: str | None = None


class _Asset(msgspec.Struct):
    id: str
    contributor: _Contributor = msgspec.field(default_factory=_Contributor)
    description: str | None = None
    keywords: list[str] = []


class _Assets(msgspec.Struct):
    data: list[_Asset] = []


class _Contributors(msgspec.Struct):
    data: list[_Contributor] = []


Shape = TypeVar("Shape")


class Captions:
    """Asks for the tags of many at once, and for each contributor's name once."""

    def __init__(self, account: ShutterstockAccount) -> None:
        self._account = account
        self._names: dict[str, str] = {}

    def fetch_tags(self, media: MediaKind, ids: Sequence[str]) -> Mapping[str, Tags]:
        """Fetch the tags by id; ids that the agency no longer has are left out."""
        params = [*(("id", one) for one in dict.fromkeys(ids)), ("view", "full")]
        assets = self._call(MEDIA_ENDPOINTS[media].path, params, _Assets).data
        self._fetch_names({one.contributor.id for one in assets if one.contributor.id})
        return {one.id: self._build_tags(one) for one in assets}

    def _build_tags(self, asset: _Asset) -> Tags:
        name = self._names.get(asset.contributor.id)
        return Tags(
            title=plain_text(asset.description),
            keywords=plain_texts(asset.keywords),
            credit=f"{name}/{CREDIT_AGENCY}" if name else CREDIT_AGENCY,
        )

    def _fetch_names(self, ids: set[str]) -> None:
        if len(self._names) > MAX_NAMES:
            self._names.clear()
        if unknown := sorted(ids - set(self._names)):
            found = self._call("/v2/contributors", [("id", one) for one in unknown], _Contributors)
            self._names |= dict.fromkeys(unknown, "")
            self._names |= {one.id: plain_text(one.display_name) for one in found.data}

    def _call(self, path: str, params: Sequence[tuple[str, str]], shape: type[Shape]) -> Shape:
        try:
            answer = self._account.call("GET", path, params)
        except NotFound:
            return shape()
        return convert_answer(AGENCY, answer, shape)
