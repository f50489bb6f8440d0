"""The hand-written registry of agencies where licenses are bought."""

from collections.abc import Mapping
from typing import Final

from affiliate.licensing.accounts import adobe_stock, depositphotos
from affiliate.licensing.accounts.adobe_stock import AdobeAccount
from affiliate.licensing.accounts.depositphotos import DepositphotosAccount
from affiliate.licensing.accounts.istock import IstockAccount
from affiliate.licensing.accounts.shutterstock import AGENCY
from affiliate.licensing.models import MEDIA_ENDPOINTS, MediaKind

AccountType = type[AdobeAccount] | type[DepositphotosAccount] | type[IstockAccount]

SELLERS: Final[Mapping[str, AccountType]] = {
    kind.agency: kind for kind in (AdobeAccount, DepositphotosAccount, IstockAccount)
}
"""The accounts beside Shutterstock's, which is made in another way."""
EDITORIAL_AGENCY: Final = "shutterstock-editorial"
"""The agency whose pictures are in Shutterstock's editorial collections."""
SELLER_NAMES: Final[Mapping[str, str]] = {
    **{name: name for name in (AGENCY, *SELLERS)},
    EDITORIAL_AGENCY: AGENCY,
}
"""The agency that sells the licenses of an agency's pictures, by the agency of the pictures."""


def list_sizes(seller: str, media: MediaKind) -> tuple[str, ...]:
    """Return the sizes that a license at a seller may name, the best or usual size first."""
    if seller == adobe_stock.NAME:
        return adobe_stock.LICENSES.get(media, ())
    if seller == depositphotos.NAME:
        return depositphotos.SIZES
    if seller == AGENCY:
        return tuple(size for size in MEDIA_ENDPOINTS[media].sizes if size != "custom")
    return ()
