"""The agencies of a site by name: all that the settings name, and all that are switched on."""

from collections.abc import Callable, Collection, Sequence

from affiliate.agencies.base import Agency
from affiliate.domain.query import MAX_NAME, SearchQuery
from affiliate.errors import BadQuery, NotFound
from affiliate.search.federation import EnabledAgency


class AgencyRegistry:
    """The agencies of the settings, in the owner's order.

    ``switched_off`` returns the names of the agencies that the owner has switched off by now.
    """

    def __init__(
        self,
        configured: Sequence[EnabledAgency],
        switched_off: Callable[[], frozenset[str]] = frozenset,
    ) -> None:
        self.configured = tuple(configured)
        self.switched_off = switched_off
        self._by_name = {entry.agency.name: entry for entry in self.configured}

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the configured agencies."""
        return tuple(self._by_name)

    @property
    def enabled(self) -> tuple[EnabledAgency, ...]:
        """Return the agencies that are switched on."""
        off = self.switched_off()
        if not off:
            return self.configured
        return tuple(entry for entry in self.configured if entry.agency.name not in off)

    def get(self, name: str) -> EnabledAgency:
        """Return a configured agency, switched on or off.

        Raises:
            KeyError: the settings name no such agency.
        """
        return self._by_name[name]

    def find(self, name: str) -> EnabledAgency | None:
        """Return a configured agency, switched on or off; None where the settings name none."""
        return self._by_name.get(name)

    def find_enabled(self, name: str) -> EnabledAgency | None:
        """Return an agency that is switched on; None for any other name."""
        entry = self.find(name)
        return entry if entry and name not in self.switched_off() else None

    def find_able(self, able: Callable[[Agency], object]) -> list[EnabledAgency]:
        """Return the agencies that are switched on and of which ``able`` is true."""
        return [entry for entry in self.enabled if able(entry.agency)]

    def select_enabled(self, names: Collection[str]) -> list[EnabledAgency]:
        """Return the agencies that are switched on, of these names alone where any is given."""
        return self.find_able(lambda agency: not names or agency.name in names)

    def select_for(self, query: SearchQuery) -> list[EnabledAgency]:
        """Return the agencies that a search asks: named agencies that are on, by default all.

        Raises:
            BadQuery: ``agency`` names an agency that is not configured.
        """
        if set(query.agency) - set(self.names):
            raise BadQuery("agency", "Use one of: %(values)s.", values=", ".join(self.names))
        return self.select_enabled(query.agency)

    def has_similar(self, name: str) -> bool:
        """Return whether an agency is on and can find pictures similar to a picture."""
        entry = self.find_enabled(name)
        return entry is not None and entry.agency.has_similar

    def require_enabled(self, name: str) -> EnabledAgency:
        """Return an agency that is switched on.

        Raises:
            NotFound: no such agency is on.
        """
        entry = self.find_enabled(name)
        if entry is None:
            raise NotFound(name, "There is no such agency here.")
        return entry

    def require_holder(self, name: str, media_id: str) -> EnabledAgency:
        """Return the agency that would have a picture with this id.

        Raises:
            NotFound: no such agency is on, or no agency writes ids like this.
        """
        if not is_possible_id(media_id):
            raise NotFound(name, "There is no such picture here.")
        return self.require_enabled(name)

    def require_featuring(self, name: str, collection_id: str) -> EnabledAgency:
        """Return the agency that would feature a collection with this id.

        Raises:
            NotFound: no such agency is on, or the agency features no collections.
        """
        entry = self.require_holder(name, collection_id)
        if not entry.agency.collection_size:
            raise NotFound(name, "It features no collections.")
        return entry


def is_possible_id(media_id: str) -> bool:
    """Return whether an agency may have something under an id: all write theirs in ASCII."""
    return 0 < len(media_id) <= MAX_NAME and media_id.isascii() and media_id.isprintable()
