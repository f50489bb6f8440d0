"""The calls of the simulator, with the scopes of the OpenAPI description."""

from collections.abc import Iterator

from tests.simulator.accounts import Accounts
from tests.simulator.collections import CollectionStore, Featured
from tests.simulator.editorial import Editorial
from tests.simulator.library import Media
from tests.simulator.licensing import Shop
from tests.simulator.reading import Reading, echo, validate
from tests.simulator.routes import ANYBODY, Route

VIEW = ("licenses.view",)
CREATE = ("licenses.create", "purchases.view")


def account_calls(accounts: Accounts, shop: Shop) -> Iterator[Route]:
    """Yield the calls about the user and the user's plans."""
    yield Route("GET", "/v2/test", ANYBODY, echo)
    yield Route("GET", "/v2/test/validate", ANYBODY, validate)
    yield Route("GET", "/v2/oauth/authorize", ANYBODY, accounts.authorize)
    yield Route("POST", "/v2/oauth/access_token", ANYBODY, accounts.access_token)
    yield Route("GET", "/v2/user", ("user.view",), accounts.user)
    yield Route("GET", "/v2/user/access_token", (), accounts.token_details)
    yield Route("GET", "/v2/user/subscriptions", ("purchases.view",), shop.plans)


def license_calls(shop: Shop) -> Iterator[Route]:
    """Yield the calls that buy, list purchases and download again."""
    plain: tuple[tuple[str, Media], ...] = (("images", "image"), ("videos", "video"))
    for name, media in plain:
        at = f"/v2/{name}/licenses"
        yield Route("POST", at, CREATE, shop.license(media))
        yield Route("GET", at, VIEW, shop.history(media))
        yield Route("POST", f"{at}/{{id}}/downloads", VIEW, shop.link_again(media))
    sold: tuple[tuple[str, Media], ...] = (("images", "editorial"), ("videos", "editorial_video"))
    for name, media in sold:
        at = f"/v2/editorial/{name}/licenses"
        yield Route("POST", at, CREATE, shop.license_editorial(media))
        yield Route("GET", at, VIEW, shop.history(media))
    old = shop.license_editorial("editorial")
    yield Route("POST", "/v2/editorial/licenses", ("licenses.create",), old)


def reading_calls(reading: Reading) -> Iterator[Route]:
    """Yield the calls that read the library, open to all."""
    kinds: tuple[tuple[str, Media], ...] = (("images", "image"), ("videos", "video"))
    for name, media in kinds:
        at = f"/v2/{name}"
        yield Route("GET", at, None, reading.list_by_ids(media))
        yield Route("GET", f"{at}/search", None, reading.search(media))
        yield Route("GET", f"{at}/search/suggestions", None, reading.suggestions)
        yield Route("GET", f"{at}/categories", None, reading.categories)
        yield Route("GET", f"{at}/updated", None, reading.updated(media))
        yield Route("GET", f"{at}/{{id}}", None, reading.details(media))
        yield Route("GET", f"{at}/{{id}}/similar", None, reading.similar(media))
    yield Route("POST", "/v2/images/search/suggestions", None, reading.keywords)
    yield Route("GET", "/v2/images/recommendations", None, reading.recommendations)
    yield Route("GET", "/v2/contributors", None, reading.contributors)
    yield Route("GET", "/v2/contributors/{contributor_id}", None, reading.contributor)


def collection_calls(
    shelves: dict[Media, CollectionStore], featured: dict[Media, Featured]
) -> Iterator[Route]:
    """Yield the calls about a user's, featured and contributors' collections."""
    edit, view = ("collections.edit",), ("collections.view",)
    for media, shelf in shelves.items():
        at = f"/v2/{media}s/collections"
        yield Route("GET", at, view, shelf.list)
        yield Route("POST", at, edit, shelf.create)
        yield Route("GET", f"{at}/{{id}}", view, shelf.show)
        yield Route("POST", f"{at}/{{id}}", edit, shelf.rename)
        yield Route("DELETE", f"{at}/{{id}}", edit, shelf.delete)
        yield Route("GET", f"{at}/{{id}}/items", view, shelf.items)
        yield Route("POST", f"{at}/{{id}}/items", edit, shelf.add_items)
        yield Route("DELETE", f"{at}/{{id}}/items", edit, shelf.remove_items)
    for media, chosen in featured.items():
        at = f"/v2/{media}s/collections/featured"
        yield Route("GET", at, None, chosen.list)
        yield Route("GET", f"{at}/{{id}}", None, chosen.show)
        yield Route("GET", f"{at}/{{id}}/items", None, chosen.items)
    at, chosen = "/v2/contributors/{contributor_id}/collections", featured["image"]
    yield Route("GET", at, None, chosen.list)
    yield Route("GET", f"{at}/{{id}}", None, chosen.show)
    yield Route("GET", f"{at}/{{id}}/items", None, chosen.items)


def editorial_calls(editorial: Editorial) -> Iterator[Route]:
    """Yield the calls of the editorial library, by new paths and by the old without a kind."""
    for at in ("/v2/editorial", "/v2/editorial/images"):
        yield Route("GET", f"{at}/search", None, editorial.search("editorial"))
        yield Route("GET", f"{at}/categories", None, editorial.categories)
        yield Route("GET", f"{at}/updated", None, editorial.updated)
        yield Route("GET", f"{at}/{{id}}", None, editorial.details("editorial"))
        yield Route("GET", f"{at}/livefeeds", None, editorial.feeds)
        yield Route("GET", f"{at}/livefeeds/{{id}}", None, editorial.feed)
        yield Route("GET", f"{at}/livefeeds/{{id}}/items", None, editorial.feed_items)
    at = "/v2/editorial/videos"
    yield Route("GET", f"{at}/search", None, editorial.search("editorial_video"))
    yield Route("GET", f"{at}/categories", None, editorial.categories)
    yield Route("GET", f"{at}/{{id}}", None, editorial.details("editorial_video"))
