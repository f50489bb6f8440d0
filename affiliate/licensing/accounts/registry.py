"""The agencies where licenses are bought beside Shutterstock, in a list written by hand."""

from collections.abc import Mapping
from typing import Final

from affiliate.licensing.accounts.adobe_stock import AdobeAccount
from affiliate.licensing.accounts.depositphotos import DepositphotosAccount
from affiliate.licensing.accounts.istock import IstockAccount

AccountType = type[AdobeAccount] | type[DepositphotosAccount] | type[IstockAccount]

SELLERS: Final[Mapping[str, AccountType]] = {
    kind.agency: kind for kind in (AdobeAccount, DepositphotosAccount, IstockAccount)
}
