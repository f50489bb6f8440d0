"""Openverse: JSON without a key, 20 pictures a page and 240 in all."""

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

from tests.dialects.dialect import FIRST, Dialect, Sent
from tests.dialects.serving import Answer, DialectRequest, answer_json, answer_text


class License(NamedTuple):
    """A license of Creative Commons, by the code, version and address of the API."""

    code: str
    version: str
    name: str
    url: str

    def sentence(self, title: str, creator: str) -> str:
        """Return what the API says of a picture, in its own long sentence."""
        work = f'"{title}"' if title else "This work"
        is_public = self.code in {"cc0", "pdm"}
        does = "marked with" if is_public else "licensed under"
        end = "the terms" if is_public else "a copy of this license"
        return f"{work} by {creator} is {does} {self.name}. To view {end}, visit {self.url}."


UPRIGHT = 7
"""The last digit of pictures that are higher than wide: those of the longest license."""
DEEDS = "https://creativecommons.org"
LICENSES = {
    1: License("by", "2.0", "CC BY 2.0", f"{DEEDS}/licenses/by/2.0/"),
    7: License("by-nc-nd", "4.0", "CC BY-NC-ND 4.0", f"{DEEDS}/licenses/by-nc-nd/4.0/"),
    8: License("cc0", "1.0", "CC0 1.0", f"{DEEDS}/publicdomain/zero/1.0/"),
}
"""The licenses of pictures by the last digits of their numbers; all others have the first."""
START = "00000000-0000-4000-8000-"
"""What all its ids begin with; their number follows."""
GONE = answer_json({"detail": "Not found."}, 404)


class OpenverseDialect(Dialect):
    """``GET /v1/images/``, ``.../{id}/``, ``.../{id}/related/`` and ``.../stats/``.

    ``POST /v1/auth_tokens/token/`` gives a registered client its ``token``, which gives more.
    """

    token = "0penverse-t0ken-1"
    client: ClassVar[Mapping[str, str]] = {
        "CLIENT_ID": "openverse-client",
        "CLIENT_SECRET": "openverse-s3cret",
    }
    lasts = 36_000
    name = "openverse"
    optional = ("title", "creator", "attribution", "category", "tags", "width", "height", "license")
    required = ("id", "foreign_landing_url", "thumbnail")
    sends: ClassVar[Mapping[str, Mapping[str, Sent]]] = {
        "exclude": {"rose tulip": {"q": "-rose -tulip flower"}},
        "type": {"photo": {"category": "photograph"}, "illustration": {"category": "illustration"}},
        "orientation": {
            "horizontal": {"aspect_ratio": "wide"},
            "vertical": {"aspect_ratio": "tall"},
            "square": {"aspect_ratio": "square"},
        },
        "license": {"commercial": {"license_type": "commercial"}},
        "sort": {
            "relevance": {"q": "flower"},
            "newest": {"unstable__sort_by": "indexed_on", "unstable__sort_dir": "desc"},
            "oldest": {"unstable__sort_by": "indexed_on", "unstable__sort_dir": "asc"},
        },
    }
    errors: ClassVar[Mapping[str, tuple[Answer, str]]] = {
        "a wrong value": (
            answer_json(
                {"error": "InputError", "detail": "Invalid input.", "fields": ["page"]}, 400
            ),
            "refused",
        ),
        "more than it gives without a key": (
            answer_json({"detail": "Authentication credentials were not provided."}, 401),
            "credentials",
        ),
        "too many calls": (answer_json({"detail": "Too many."}, 429, retry_after="9"), "quota"),
        "a fault of its own": (answer_json({"detail": "A server error occurred."}, 500), "down"),
        "a gateway's page": (answer_text("<html>Bad gateway</html>", 502, "text/html"), "down"),
        "a gateway that refuses the host": (
            answer_text("<!DOCTYPE html><title>Just a moment...</title>", 403, "text/html"),
            "blocked",
        ),
    }
    sources = (
        "openverse/openapi.json",
        "openverse/images_search_200.json",
        "openverse/images_search_400.json",
    )
    examples = (
        ("openverse/images_search_200.json", 1),
        ("openverse/images_related_200.json", 1),
    )

    def answer(self, request: DialectRequest) -> Answer:
        if request.path == "/v1/auth_tokens/token/":
            return self._give_token(request)
        bearer = request.headers.get("authorization")
        if bearer not in {None, f"Bearer {self.token}"}:
            return self.errors["more than it gives without a key"][0]
        return self._read(request)

    def _read(self, request: DialectRequest) -> Answer:
        parts = request.path.removeprefix("/v1/images/").strip("/").split("/")
        if parts == ["stats"]:
            return answer_json([_source("flickr", 2500), _source("stocksnap", 40)])
        if parts == [""]:
            return self._search(request)
        number = parts[0].removeprefix(START).lstrip("0")
        if not self.has(number):
            return GONE
        if parts[1:] == ["related"]:
            return answer_json(_page(self.page(0, 20), self.total, 1))
        return answer_json(self.item(int(number)))

    def _give_token(self, request: DialectRequest) -> Answer:
        known = {"client_id": self.client["CLIENT_ID"], "grant_type": "client_credentials"}
        known |= {"client_secret": self.client["CLIENT_SECRET"]}
        if request.method != "POST" or request.params != known:
            return answer_json({"error": "invalid_client"}, 401)
        named = {"token_type": "Bearer", "scope": "read write groups", "expires_in": self.lasts}
        return answer_json({"access_token": self.token, **named})

    def _search(self, request: DialectRequest) -> Answer:
        page, size = request.number("page", 1), request.number("page_size", 20)
        is_known = "authorization" in request.headers
        if size > (500 if is_known else 20):
            return self.errors["more than it gives without a key"][0]
        if (page > 20 if is_known else page * size > 240) or len(request.params.get("q", "")) > 200:
            return self.errors["a wrong value"][0]
        return answer_json(_page(self.page((page - 1) * size, size), self.total, page))

    def make_id(self, number: int) -> str:
        return f"{START}{number:012}"

    def item(self, number: int) -> dict[str, Any]:
        address = f"https://api.openverse.org/v1/images/{self.make_id(number)}/"
        title, creator = self.make_title(number), self.make_maker(number)
        license_ = LICENSES.get(number % 10, LICENSES[1])
        return {
            "id": self.make_id(number),
            "title": title or None,
            "indexed_on": "2022-08-27T17:39:48Z",
            "foreign_landing_url": f"https://www.flickr.com/photos/gardener/{number - FIRST}",
            "url": f"https://live.staticflickr.com/4065/{number}.jpg",
            "creator": creator,
            "creator_url": "https://www.flickr.com/photos/gardener",
            "license": license_.code,
            "license_version": license_.version,
            "license_url": license_.url,
            "provider": "flickr",
            "source": "flickr",
            "category": ("photograph", "illustration", "digitized_artwork")[number % 3],
            "tags": [
                {"name": "flower", "accuracy": None, "unstable__provider": "flickr"},
                {"name": "flower", "accuracy": 0.9, "unstable__provider": "machine_example"},
                {"name": "çiçek", "accuracy": None, "unstable__provider": "flickr"},
                {"name": "u00e7iu00e7ek", "accuracy": None, "unstable__provider": "flickr"},
                {"name": "\\u00e7i\\u00e7ek", "accuracy": None, "unstable__provider": "flickr"},
            ],
            "attribution": license_.sentence(title, creator),
            "fields_matched": ["title"],
            "mature": False,
            "width": 2000 if number % 10 == UPRIGHT else 3000,
            "height": 3000 if number % 10 == UPRIGHT else 2000,
            "thumbnail": f"{address}thumb/",
            "detail_url": address,
            "related_url": f"{address}related/",
        }


def _page(results: list[dict[str, Any]], total: int, page: int) -> dict[str, Any]:
    return {
        "result_count": total,
        "page_count": min(-(-total // 20), 12),
        "page_size": 20,
        "page": page,
        "results": results,
    }


def _source(name: str, count: int) -> dict[str, Any]:
    return {
        "source_name": name,
        "display_name": name.title(),
        "source_url": f"https://{name}.example",
        "logo_url": None,
        "media_count": count,
    }
