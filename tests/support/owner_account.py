"""An owner's account at the simulator, and readers of its files."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from affiliate.licensing.accounts.shutterstock import ShutterstockAccount
from affiliate.licensing.files.downloads import Downloads
from affiliate.transport.client import Transport
from tests.simulator import TOKEN, Purchase, Simulator
from tests.simulator.files import make_content
from tests.support.calling import open_transport


@contextmanager
def owner(agency: Simulator) -> Iterator[tuple[ShutterstockAccount, Downloads]]:
    """Yield an account, and downloads that don't pause between attempts."""
    with open_transport() as transport:
        yield make_account(agency.url, transport), make_downloads(transport)


def make_account(url: str, transport: Transport) -> ShutterstockAccount:
    return ShutterstockAccount(transport, url=url, token=lambda: TOKEN)


def make_downloads(transport: Transport, stall_seconds: float = 15.0) -> Downloads:
    return Downloads(transport, pause=lambda _: None, stall_seconds=stall_seconds)


def make_original(bought: Purchase) -> bytes:
    """Return the bytes that the agency holds for a purchase."""
    kind = "mov" if bought.media == "video" else "eps" if bought.size == "vector" else "jpg"
    return make_content(bought.media_id, bought.size, kind, bought.sandbox)


def list_names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
