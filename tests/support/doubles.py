"""Agencies that sell a picture that another one sells as well."""

from typing import Any

from tests.dialects import DIALECTS, Dialect

TITLE = "Happy friends laughing together outdoors in a summer park, number {}"


def selling_the_same(name: str) -> Dialect:
    """Return an agency whose third picture, and no other, another agency sells as well."""
    kind: type[Dialect] = next(one for one in DIALECTS if one.name == name)

    class Same(kind):  # type: ignore[misc, valid-type]
        def item(self, number: int) -> dict[str, Any]:
            one: dict[str, Any] = super().item(number)
            if number % 1000 == 3:
                one["title"] = TITLE.format(number)
                one["creator_name" if name == "adobe-stock" else "username"] = "gardener"
                one.pop("media_type_id", None)
                one.pop("type", None)
            return one

    made: Dialect = Same()
    return made
