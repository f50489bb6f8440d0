"""Titles, keywords and credits of licensed images and videos, from the agency.

The credit is ``Name/Shutterstock.com`` by Shutterstock's license terms, which are not part of the
API's documents. Without the contributor's name the credit is ``Shutterstock.com``.
"""

from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

import msgspec

from affiliate.domain.media import clean_text, clean_texts
from affiliate.errors import NotFound
from affiliate.licensing.accounts.shutterstock import AGENCY, ShutterstockAccount
from affiliate.licensing.files.xmp import Tags
from affiliate.licensing.models import MEDIA_ENDPOINTS, MediaKind
from affiliate.transport.messages import convert_answer

CREDIT_AGENCY: Final = "Shutterstock.com"
MAX_NAMES: Final = 2000
"""The number of contributors whose names are cached during a run."""


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
    """The tags of items, fetched for many items at once, with cached names of contributors."""

    def __init__(self, account: ShutterstockAccount) -> None:
        self._account = account
        self._names: dict[str, str] = {}

    def fetch_tags(self, media: MediaKind, ids: Sequence[str]) -> Mapping[str, Tags]:
        """Fetch the tags by id; ids that the agency no longer has are left out."""
        params = [*(("id", media_id) for media_id in dict.fromkeys(ids)), ("view", "full")]
        assets = self._call(MEDIA_ENDPOINTS[media].path, params, _Assets).data
        self._fetch_names({asset.contributor.id for asset in assets if asset.contributor.id})
        return {asset.id: self._build_tags(asset) for asset in assets}

    def _build_tags(self, asset: _Asset) -> Tags:
        name = self._names.get(asset.contributor.id)
        return Tags(
            title=clean_text(asset.description),
            keywords=clean_texts(asset.keywords),
            credit=f"{name}/{CREDIT_AGENCY}" if name else CREDIT_AGENCY,
        )

    def _fetch_names(self, ids: set[str]) -> None:
        if len(self._names) > MAX_NAMES:
            self._names.clear()
        if unknown := sorted(ids - set(self._names)):
            params = [("id", contributor_id) for contributor_id in unknown]
            answer = self._call("/v2/contributors", params, _Contributors)
            self._names |= dict.fromkeys(unknown, "")
            self._names |= {
                contributor.id: clean_text(contributor.display_name) for contributor in answer.data
            }

    def _call(self, path: str, params: Sequence[tuple[str, str]], shape: type[Shape]) -> Shape:
        try:
            answer = self._account.call("GET", path, params)
        except NotFound:
            return shape()
        return convert_answer(AGENCY, answer, shape)
