"""The form at the desk that chooses a license: the item, the account, and the owner's options."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple
from urllib.parse import quote

from werkzeug.exceptions import NotFound

from affiliate.domain.query import MEDIA
from affiliate.errors import PurchaseRefused
from affiliate.licensing.accounts.registry import EDITORIAL_AGENCY, SELLER_NAMES
from affiliate.licensing.accounts.shutterstock import AGENCY
from affiliate.licensing.models import MEDIA_ENDPOINTS, MediaKind
from affiliate.licensing.offers import LicenseOptions, parse_price
from affiliate.licensing.purchasing.preparation import parse_custom_size

METADATA_PREFIX: Final = "metadata-"
"""Prefix of the form's fields for metadata; the field's own name follows."""
MAX_FIELD_CHARACTERS: Final = 500
"""Characters of a field, as the second step repeats all fields in its address."""
FIELDS: Final[Mapping[str, frozenset[str]]] = {
    AGENCY: frozenset({"size", "subscription", "custom", "comp", "country"}),
    "adobe-stock": frozenset({"size"}),
    "depositphotos": frozenset({"size", "subscription"}),
    "istock": frozenset({"subscription"}),
}
"""The options that each seller takes, beside the values that a subscription requires."""


class LicenseItem(NamedTuple):
    """A picture or video to license: ``agency`` shows the item, ``seller`` sells its license."""

    agency: str
    seller: str
    media: MediaKind
    id: str

    @property
    def kind(self) -> str:
        """Return the kind of media as pages name the kind."""
        return "video" if self.media.endswith("video") else "image"

    @property
    def path(self) -> str:
        """Return the path of the form for the item."""
        return f"/owner/license/{self.agency}/{quote(self.id, safe='')}"

    @property
    def fields(self) -> frozenset[str]:
        """Return the names of the options that can be chosen."""
        names = FIELDS[self.seller]
        if self.media != "image":
            names -= {"custom"}
        return names if self.media.startswith("editorial") else names - {"country"}


class LicenseWishes(NamedTuple):
    """The owner's wishes: the options, and the account in which to buy; "" for not chosen."""

    options: LicenseOptions
    account: Literal["", "sandbox", "real"]
    values: Mapping[str, str]
    """The fields of the form as sent, to be sent again by the next step."""

    @property
    def is_live(self) -> bool:
        """Return whether the real account was chosen."""
        return self.account == "real"


def read_item(agency: str, media_id: str, kind: str) -> LicenseItem:
    """Return the item of an address.

    Raises:
        NotFound: nobody sells licenses of the agency's pictures, or there is no such kind.
    """
    seller = SELLER_NAMES.get(agency)
    if seller is None or kind not in {*MEDIA_ENDPOINTS, *MEDIA}:
        raise NotFound
    media: MediaKind = "video" if kind.endswith("video") else "image"
    if agency == EDITORIAL_AGENCY or kind.startswith("editorial"):
        media = "editorial-video" if media == "video" else "editorial"
    return LicenseItem(
        EDITORIAL_AGENCY if "editorial" in media else agency, seller, media, media_id
    )


def read_wishes(item: LicenseItem, form: Mapping[str, str]) -> LicenseWishes:
    """Return the wishes in the fields of a form; fields of other sellers are ignored.

    Raises:
        PurchaseRefused: a field can't be read; tells the field and the form that is expected.
    """
    names = {*item.fields, "account", "price", "customer_id"}
    values = {
        name: form[name].strip()
        for name in form
        if (name in names or name.startswith(METADATA_PREFIX)) and form[name].strip()
    }
    if long := [name for name, value in values.items() if len(value) > MAX_FIELD_CHARACTERS]:
        raise PurchaseRefused(f"{long[0][:40]} has more than {MAX_FIELD_CHARACTERS} characters.")
    account = values.get("account", "")
    if account not in {"", "sandbox", "real"}:
        raise PurchaseRefused("The account is either the sandbox or the real account.")
    try:
        custom = parse_custom_size(values["custom"]) if "custom" in values else None
    except ValueError as error:
        raise PurchaseRefused(f"Width or height: {error}") from None
    options = LicenseOptions(
        media=item.media,
        size="" if custom else values.get("size", ""),
        subscription_id=values.get("subscription", ""),
        comp="comp" in values,
        custom=custom,
        price=parse_price(values["price"]) if "price" in values else None,
        customer_id=values.get("customer_id", ""),
        metadata=_read_metadata(values),
        country=values.get("country", "").upper(),
    )
    values = {"media": item.media, **values}
    return LicenseWishes(options, account, values)  # type: ignore[arg-type] # checked above


def _read_metadata(values: Mapping[str, str]) -> dict[str, str]:
    return {
        name.removeprefix(METADATA_PREFIX): value
        for name, value in values.items()
        if name.startswith(METADATA_PREFIX)
    }


def name_field(value: str) -> str:
    """Return the name of the form's field for a value that a subscription requires."""
    return value if value in {"price", "customer_id"} else METADATA_PREFIX + value


class RequiredField(NamedTuple):
    """A field that the subscription requires: its name in the form, its label and its value."""

    name: str
    label: str
    value: str


def list_required_fields(names: Sequence[str], values: Mapping[str, str]) -> list[RequiredField]:
    """Return the fields of required values, with what was sent for them."""
    labels = {"price": "Price that your customer pays", "customer_id": "Your customer"}
    return [
        RequiredField(name_field(name), labels.get(name, name), values.get(name_field(name), ""))
        for name in names
    ]
