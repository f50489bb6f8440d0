"""Agencies that sell a picture which another agency sells as well."""

from typing import Any

from tests.dialects import DIALECTS, Dialect

MAKER = {"adobe-stock": "creator_name", "openverse": "creator"}
"""What agencies call whoever made a picture, where it is not ``username``."""
TITLE = "Happy friends laughing together outdoors in a summer park, number {}"


def make_double_agency(name: str) -> Dialect:
    """Return an agency of whose pictures only the third is also sold by another agency."""
    kind: type[Dialect] = next(one for one in DIALECTS if one.name == name)

    class Same(kind):  # type: ignore[misc, valid-type]
        def item(self, number: int) -> dict[str, Any]:
            one: dict[str, Any] = super().item(number)
            if number % 1000 == 3:
                one["title"] = TITLE.format(number)
                one[MAKER.get(name, "username")] = "gardener"
                for kind_of in ("media_type_id", "type", "category"):
                    one.pop(kind_of, None)
            return one

    made: Dialect = Same()
    return made
