"""The description that each dialect has of itself, so that one suite can check all agencies.

A dialect speaks as one agency does and imports nothing from ``affiliate``. Every field that it
answers stands in an official file, an example or a fact sheet (``sources``).
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from tests.dialects.serving import Answer, DialectRequest

LONG, UNTITLED = 4, 5
"""The last digits of pictures with a title of 150 characters, and without any."""
FIRST = 900_001
"""The number of the best picture of every search; the next has the next number."""

Sent = Mapping[str, str]
"""Parameters that a request must hold."""


class Dialect:
    """One agency of ``total`` pictures, all of which every search finds, in the order of ids.

    - ``name``, ``keys``: the agency, and the only credentials that it takes.
    - ``public``: the names of keys that are no secrets.
    - ``absent``: fields that no item has, for as long as a test wants.
    - ``optional``, ``required``: fields of an item, without which it can and can't be read.
    - ``sends``: what each value of each filter that the agency expresses must become in a request.
    - ``errors``: each documented form of an error, with the kind of error that it stands for.
    - ``sources``: files of the official folder in which every field stands.
    - ``examples``: documented answers to a search there, with the number of items in each.
    """

    name: ClassVar[str]
    keys: ClassVar[Mapping[str, str]] = {}
    public: ClassVar[frozenset[str]] = frozenset()
    optional: ClassVar[tuple[str, ...]] = ()
    required: ClassVar[tuple[str, ...]] = ()
    sends: ClassVar[Mapping[str, Mapping[str, Sent]]] = {}
    errors: ClassVar[Mapping[str, tuple[Answer, str]]] = {}
    sources: ClassVar[tuple[str, ...]] = ()
    examples: ClassVar[tuple[tuple[str, int], ...]] = ()
    total = 100
    absent: frozenset[str] = frozenset()

    def answer(self, request: DialectRequest) -> Answer:
        """Answer a request, and a wrong request with its error."""
        raise NotImplementedError

    def sent_parameters(self, request: DialectRequest) -> Sent:
        """Return the parameters of a request that are not in address or form."""
        return request.params

    def page(self, first: int, count: int) -> list[dict[str, Any]]:
        """Return so many items from a rank on, counted from 0, in the agency's form."""
        ranks = range(self.total)[first : first + count]
        return [
            {name: value for name, value in self.item(FIRST + n).items() if name not in self.absent}
            for n in ranks
        ]

    def item(self, number: int) -> dict[str, Any]:
        """Return a picture with all its fields."""
        raise NotImplementedError

    def extract_example(self, text: bytes) -> bytes:
        """Extract a documented answer from a file with more content."""
        return text

    def make_title(self, number: int) -> str:
        """Return the title of a picture: as in real collections, some are long, some missing."""
        if number % 10 == UNTITLED:
            return ""
        title = f"Flower {number}"
        return (
            f"{title} of {self.name}{' in a garden' * 12}"[:150] if number % 10 == LONG else title
        )

    def make_maker(self, number: int, usual: str = "gardener") -> str:
        """Return the maker of a picture: some have a number for a name, some a long name."""
        strange = {4: "1971", 6: "Bibliothek der Königlichen Gartenbaugesellschaft zu Musterstadt"}
        return strange.get(number % 10, usual)

    def make_id(self, number: int) -> str:
        """Return the id of the picture with this number, by default the number itself."""
        return str(number)

    def has(self, number: str) -> bool:
        """Tell whether there is a picture with this number."""
        return number.isdigit() and FIRST <= int(number) < FIRST + self.total
