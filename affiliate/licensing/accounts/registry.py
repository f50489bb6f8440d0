"""The hand-written registry of agencies beside Shutterstock where licenses are bought."""

from collections.abc import Mapping
from typing import Final

from affiliate.licensing.accounts.adobe_stock import AdobeAccount
from affiliate.licensing.accounts.depositphotos import DepositphotosAccount
from affiliate.licensing.accounts.istock import IstockAccount

AccountType = type[AdobeAccount] | type[DepositphotosAccount] | type[IstockAccount]

SELLERS: Final[Mapping[str, AccountType]] = {
    kind.agency: kind for kind in (AdobeAccount, DepositphotosAccount, IstockAccount)
}
