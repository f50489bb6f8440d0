"""What Adobe Stock answers where licenses are bought (License and License History APIs)."""

import msgspec


class Details(msgspec.Struct):
    """What a work is to an account; ``url`` is the file's address, where there is one."""

    state: str = ""
    license: str = ""
    date: str = ""
    url: str = ""


class Content(msgspec.Struct):
    """A work."""

    purchase_details: Details


class Contents(msgspec.Struct):
    """Works by their numbers."""

    contents: dict[str, Content]


class Options(msgspec.Struct):
    """Whether a license can be had, in the words of the API."""

    state: str = ""
    message: str = ""


class Entitlement(msgspec.Struct):
    """How many licenses or credits are left for works of the kind."""

    quota: int | None = None


class Profile(msgspec.Struct):
    """What an account may license."""

    purchase_options: Options
    available_entitlement: Entitlement | None = None


class File(msgspec.Struct):
    """A work that a search finds; its fields are the columns to ask for."""

    id: int
    title: str | None = None
    media_type_id: int | None = None


class Files(msgspec.Struct):
    """What a search finds."""

    files: list[File]


class HistoryRow(msgspec.Struct):
    """One row of the history."""

    id: int
    license: str
    license_date: str
    download_url: str = ""
    media_type_id: int | None = None


class History(msgspec.Struct):
    """A page of the history, of so many rows in all."""

    files: list[HistoryRow]
    nb_results: int
