"""The used fields of Depositphotos' answers (SDK for PHP), under the API's names."""

# ruff: noqa: N815 - as the API names them

import msgspec

Number = int | float | str | None


class Session(msgspec.Struct):
    """A login, good for three hours."""

    sessionid: str


class Size(msgspec.Struct):
    """The cost of a size, for each way of paying."""

    credits: Number = None
    subscription: Number = None


class Item(msgspec.Struct):
    """A picture with its sizes."""

    id: int | str
    title: str | None = None
    iseditorial: bool | Number = None
    sizes: dict[str, Size] | None = None


class Plan(msgspec.Struct):
    """A subscription; ``count`` is the number of downloads left (the SDK says balance)."""

    id: int | str
    name: str = ""
    status: str = ""
    count: Number = None
    dateEnd: Number = None


class Funds(msgspec.Struct):
    """The remaining credits and subscriptions."""

    creditsAvailable: Number = None
    activeSubscriptions: list[Plan] = []


class Bought(msgspec.Struct):
    """A license with the address of its file."""

    licenseId: int | str
    downloadLink: str
    itemId: int | str


class Purchase(msgspec.Struct):
    """A row of the history; the moment is a Unix time."""

    mediaId: int | str
    license: str
    size: str
    licenseId: int | str
    purchaseDate: int | str
    itype: str = "image"


class Purchases(msgspec.Struct):
    """A page of the history; ``count`` counts the rows of all pages."""

    purchases: list[Purchase]
    count: Number = None
