"""The used fields of Adobe Stock's answers (License and License History APIs)."""

import msgspec


class Details(msgspec.Struct):
    """The state of a work for an account; ``url`` is the file's address, if any."""

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
    """The availability of a license, in the words of the API."""

    state: str = ""
    message: str = ""


class Entitlement(msgspec.Struct):
    """The number of licenses or credits that are left for works of the kind."""

    quota: int | None = None


class Profile(msgspec.Struct):
    """The options of an account to license a work."""

    purchase_options: Options
    available_entitlement: Entitlement | None = None


class File(msgspec.Struct):
    """A work in a search result; the field names are the requested columns."""

    id: int
    title: str | None = None
    media_type_id: int | None = None


class Files(msgspec.Struct):
    """The result of a search."""

    files: list[File]


class HistoryRow(msgspec.Struct):
    """A row of the history."""

    id: int
    license: str
    license_date: str
    download_url: str = ""
    media_type_id: int | None = None


class History(msgspec.Struct):
    """A page of the history; ``nb_results`` counts the rows of all pages."""

    files: list[HistoryRow]
    nb_results: int
