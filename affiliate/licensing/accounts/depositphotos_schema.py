"""What Depositphotos answers where licenses are bought (SDK for PHP); fields are its own names."""

# ruff: noqa: N815 - as the API names them

import msgspec

Number = int | float | str | None


class Session(msgspec.Struct):
    """A login, good for three hours."""

    sessionid: str


class Size(msgspec.Struct):
    """What a size costs, in each way of paying."""

    credits: Number = None
    subscription: Number = None


class Item(msgspec.Struct):
    """A picture with its sizes."""

    id: int | str
    title: str | None = None
    iseditorial: bool | Number = None
    sizes: dict[str, Size] | None = None


class Plan(msgspec.Struct):
    """A subscription; ``count`` is what is left of it (the SDK calls it its balance)."""

    id: int | str
    name: str = ""
    status: str = ""
    count: Number = None
    dateEnd: Number = None


class Funds(msgspec.Struct):
    """What is left to pay with."""

    creditsAvailable: Number = None
    activeSubscriptions: list[Plan] = []


class Bought(msgspec.Struct):
    """A license, and where its file is."""

    licenseId: int | str
    downloadLink: str
    itemId: int | str


class Purchase(msgspec.Struct):
    """One row of the history; the moment is a Unix time."""

    mediaId: int | str
    license: str
    size: str
    licenseId: int | str
    purchaseDate: int | str
    itype: str = "image"


class Purchases(msgspec.Struct):
    """A page of the history, of so many rows in all."""

    purchases: list[Purchase]
    count: Number = None
