"""PantherMedia: signed forms, answered in JSON or in XML; a list of one hit is no list in JSON."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar
from xml.sax.saxutils import escape, quoteattr

from tests.dialects.dialect import Dialect, Sent
from tests.dialects.serving import Answer, DialectRequest, answer_json, answer_text

PROLOG = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
HOST = "https://mh-1-stockagency.panthermedia.net/media/previews"
SIZE = {"width": "5617px", "height": "3668px"}


def make_failure(code: int, msg: str) -> Answer:
    """Return a failure in the usual form: JSON, with its code as the HTTP status too."""
    return answer_json({"stat": "fail", "err": {"code": str(code), "msg": msg}}, code)


class PantherMediaDialect(Dialect):
    """An agency that computes signatures itself, and checks those of requests."""

    name = "panthermedia"
    keys: ClassVar[Mapping[str, str]] = {"API_KEY": "panther-k3y", "API_SECRET": "panther+s3cret"}
    optional = (
        *("title", "preview", "width", "height", "keywords"),
        *("mimetype", "editorial", "author-username"),
    )
    required = ("id", "thumb")
    sends: ClassVar[Mapping[str, Mapping[str, Sent]]] = {
        "exclude": {
            "rose": {"q": "flower -rose"},
            "rose -tulip": {"q": "flower -tulip rose"},
        },
        "type": {"photo": {"type": "photos"}},
        "orientation": {one: {"orientation": one} for one in ("horizontal", "vertical", "square")},
        "color": {"ff88a0": {"color": "FF88A0"}},
        "people": {
            **{str(n): {"people_number": f"people_{n}"} for n in range(4)},
            "4": {"people_number": "people_4,people_5"},
        },
        "gender": {"female": {"people_gender": "f"}, "male": {"people_gender": "m"}},
        "license": {one: {"license": one} for one in ("commercial", "editorial")},
        "sort": {"popular": {"sort": "buy"}, "relevance": {"sort": "rel"}}
        | {"newest": {"sort": "date"}},
    }
    errors: ClassVar[Mapping[str, tuple[Answer, str]]] = {
        "a wrong key": (make_failure(401, "Unauthorized"), "credentials"),
        "no right": (make_failure(403, "Forbidden"), "credentials"),
        "nothing there": (make_failure(404, "Not Found"), "not found"),
        "no longer there": (make_failure(410, "Gone"), "not found"),
        "a wrong value": (make_failure(400, "Bad Request"), "refused"),
        "a missing value": (make_failure(412, "Precondition Failed"), "refused"),
        "too many calls": (make_failure(421, "Too many requests"), "quota"),
        "too many calls, without words": (answer_text("", 421), "quota"),
        "too many calls, as usual": (make_failure(429, "Too many requests"), "quota"),
        "an outage": (make_failure(510, "Internal"), "down"),
        "a failure in XML": (
            answer_text(
                f'{PROLOG}<rsp stat="fail"><err><code>429</code><msg>Wait</msg></err></rsp>',
                kind="application/xml",
            ),
            "quota",
        ),
        "a gateway's page": (answer_text("<html>Bad gateway</html>", 502, "text/html"), "down"),
    }
    sources = (
        "panthermedia/facts.json",
        "panthermedia/get-media-info.v1.0.docs_sample.trimmed.xml",
        "panthermedia/search-similar.v1.0.docs_sample.trimmed.xml",
        "README.md",
    )
    examples = (("panthermedia/search-similar.v1.0.docs_sample.trimmed.xml", 2),)
    in_xml = False

    def sent_parameters(self, request: DialectRequest) -> Sent:
        """Return the form, and the filters in its ``filters``."""
        filters = request.params.get("filters", "").removesuffix(";").split(";")
        pairs = (one.partition(":") for one in filters)
        return {**request.params, **{name: value for name, _, value in pairs}}

    def answer(self, request: DialectRequest) -> Answer:
        if not self._is_signed(request.params):
            return make_failure(401, "Unauthorized")
        match request.path, request.headers["accept-version"]:
            case "/search", "1.2":
                return self._list(request, 0)
            case "/search-similar", "1.0":
                known = self.has(request.params["id_media"])
                return self._list(request, 1) if known else make_failure(404, "Not Found")
            case "/get-media-info", "1.0":
                media_id = request.params["id_media"]
                known = self.has(media_id)
                return (
                    self._describe(request, int(media_id))
                    if known
                    else make_failure(404, "Not Found")
                )
            case "/host-info", "1.0":
                return answer_json({"stat": "ok"})
        return make_failure(400, "Bad Request")

    def _is_signed(self, form: Mapping[str, str]) -> bool:
        datetime.strptime(form["timestamp"], "%a, %d %b %Y %H:%M:%S UTC")  # noqa: DTZ007 - it says UTC
        text = form["timestamp"] + self.keys["API_KEY"] + form["nonce"]
        mine = hmac.new(self.keys["API_SECRET"].encode(), text.encode(), form["algo"]).hexdigest()
        assert hashlib.new(form["algo"]).digest_size == 20
        return (form["api_key"], form["access_key"]) == (self.keys["API_KEY"], mine)

    def _list(self, request: DialectRequest, start: int) -> Answer:
        """Return a page of pictures from rank ``start`` on."""
        page, limit = request.number("page", 1), request.number("limit", 40)
        if page < 1 or not 1 <= limit <= 100:
            return make_failure(400, "Bad Request")
        media = self.page(start + (page - 1) * limit, limit)
        count = {"total": str(self.total - start), "items": str(len(media))}
        if self._wants_xml(request):
            rows = "".join(f"<media{_attributes(one)}/>" for one in media)
            return _xml(f"<items{_attributes(count)}>{rows}</items>")
        listed = media[0] if len(media) == 1 else media
        return answer_json(
            {"stat": "ok", "items": {**count, **({"media": listed} if media else {})}}
        )

    def _describe(self, request: DialectRequest, number: int) -> Answer:
        """Return all details of a picture."""
        one = self.item(number)
        file = {
            "id": one["id"],
            "thumb_170_url": one["thumb"],
            "preview_url": one["preview"],
            "preview_url_high": f"{HOST}/{number}_high.jpg",
            **SIZE,
            "mime_type": "image/jpeg",
        }
        said = {"title": one["title"], "keywords": one["keywords"], "author_username": "gardener"}
        if not self._wants_xml(request):
            return answer_json({"stat": "ok", "media": file, "metadata": said})
        parts = {"media": file, "metadata": said}
        return _xml("".join(f"<{tag}>{_elements(part)}</{tag}>" for tag, part in parts.items()))

    def _wants_xml(self, request: DialectRequest) -> bool:
        return self.in_xml or request.params.get("content_type") != "application/json"

    def item(self, number: int) -> dict[str, Any]:
        return {
            "id": str(number),
            "thumb": f"{HOST}/{number}_thumb_170.jpg",
            "preview": f"{HOST}/{number}_preview.jpg",
            **SIZE,
            "title": "Red flower & bee",
            "keywords": "flower, red, garden",
            "mimetype": "image/eps" if number % 3 == 0 else "image/jpeg",
            "editorial": "no",
            "author-username": "gardener",
        }


class PantherMediaInXml(PantherMediaDialect):
    """The agency in its default format."""

    in_xml = True


def _xml(inside: str) -> Answer:
    return answer_text(f'{PROLOG}<rsp stat="ok">{inside}</rsp>', kind="application/xml")


def _attributes(values: Mapping[str, str]) -> str:
    return "".join(f" {name}={quoteattr(value)}" for name, value in values.items())


def _elements(values: Mapping[str, str]) -> str:
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in values.items())
