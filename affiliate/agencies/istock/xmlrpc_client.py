"""iStock's old API, in XML-RPC, before Getty's; switched off, and its address answers no more.

iStock documented the form of calls, answers and faults. Methods, fields and codes of faults are
read in other people's code, as are the lists sent as numbered members and the form of the affiliate
link. An answer is XML, escaped inside a string. Guesses are: "Age" for newest first, "Image" for
photos, the page's address, the pictures' hosts and the 400 pixels of a large thumbnail; our own
bounds are 48 pictures a call and a depth of 480. The large thumbnail gets the ratio of the medium
or the small thumbnail, else of a file (in details), else 3:2.
"""

from typing import ClassVar
from xml.etree.ElementTree import Element

from affiliate.agencies import xmlrpc
from affiliate.agencies.base import Agency, Check, Credentials
from affiliate.agencies.filter_values import Filters
from affiliate.agencies.istock.client import Istock
from affiliate.agencies.parsing import fit_rendition, is_number, read_number, read_rendition
from affiliate.agencies.xmlrpc import Value
from affiliate.domain.media import (
    Media,
    SearchQuery,
    SearchResult,
    Thumbnail,
    clean_id,
    clean_text,
    read_web_address,
)
from affiliate.errors import (
    AgencyDown,
    AgencyError,
    BadAnswer,
    BadCredentials,
    NotFound,
    RequestRefused,
)
from affiliate.transport.messages import Refusal, Reply, Request, parse_xml

ORDERS = {"popular": "Downloads", "relevance": "BestMatch", "newest": "Age"}
FILES: dict[str, Value] = {
    "photo": {"type": "Image", "size": "All", "priceOption": "1"},
    "vector": {"type": "Illustration [Vector]", "size": "Vector Image", "priceOption": "All"},
}
OPTIONS = ("title", "largethumburl", "mediumthumbsize", "smallthumburl", "smallthumbsize")
"""The requested properties of each picture."""
LARGE = 400
"""Pixels of the longer side of a large thumbnail."""
FAULTS: dict[int, type[AgencyError]] = {
    500: AgencyDown,
    4002: BadCredentials,
    4004: BadCredentials,
    6001: NotFound,
}


class IstockXmlrpc(Agency):
    """Pictures of iStock, through the API used before Getty's."""

    name = "istock-xmlrpc"
    title = "iStock (old API)"
    api = "https://secure-api.istockphoto.com"
    credentials: ClassVar[Credentials] = (("API_KEY",),)
    image_filters: ClassVar[Filters] = {"type": tuple(FILES), "sort": tuple(ORDERS)}
    max_per_call = 48
    depth = 480
    picture_hosts = ("https://*.istockphoto.com", "http://*.istockphoto.com")
    link_template = Istock.link_template
    network = "impact"
    link_source = Istock.link_source
    site_search = Istock.site_search
    license_url = Istock.license_url
    protocol = "XML-RPC"
    source_quality = "documented by third parties"
    experimental = True

    def build_request(self, query: SearchQuery, chunk: int) -> Request:
        return self._build_call(
            "istockphoto.search.search",
            text=self.to_plain_query(query).q,
            page=chunk + 1,
            perPage=self.chunk_size,
            order=ORDERS[query.sort],
            fileTypeSizePrice=[FILES[query.type]] if query.type else list(FILES.values()),
            imagePropertyOptions=[{"name": name, "value": True} for name in OPTIONS],
        )

    def _build_call(self, method: str, **values: Value) -> Request:
        key = self.keys.get("API_KEY", "")
        return Request(
            agency=self.name,
            url=f"{self.url}/webservices/xmlrpc",
            method="POST",
            reads=True,
            headers={"Content-Type": "text/xml"},
            body=xmlrpc.build_call(method, {"apiKey": key, **values}),
            secrets=tuple(self.keys.values()),
            judge=_read_error,
        )

    def parse_results(self, reply: Reply, query: SearchQuery) -> SearchResult:
        del query
        images = self._read_payload(reply, "imageList")
        items = (self._to_media(image) for image in images.iterfind("image"))
        total = int(read_number(images.get("totalitems")))
        return SearchResult(tuple(media for media in items if media), total)

    def fetch_details(self, media_id: str, media: str = "image") -> Media:
        if not is_number(media_id):
            return super().fetch_details(media_id, media)
        call = self._build_call("istockphoto.image.getInfo", fileID=int(media_id))
        image = self._read_payload(self.transport.send(call), "image")
        return self._to_media(image) or super().fetch_details(media_id, media)

    def check_key(self) -> Check:
        self.transport.send(self._build_call("istockphoto.search.search", text="flower", perPage=1))
        return Check("takes the key")

    def _read_payload(self, reply: Reply, name: str) -> Element:
        """Return the element of a name in the XML inside an answer's string."""
        text = xmlrpc.read_text(reply.xml())
        payload = None if text is None else parse_xml(text)
        element = None if payload is None else payload.find(name)
        if element is None:
            raise BadAnswer(self.name, f"The answer has changed: it has no {name}.")
        return element

    def _to_media(self, image: Element) -> Media | None:
        media_id, thumbnail = clean_id(image.get("fileid")), _pick_thumbnail(image)
        if not is_number(media_id) or thumbnail is None:
            return None
        page = f"http://www.istockphoto.com/file_closeup.php?id={media_id}"
        return Media(
            agency=self.name,
            id=media_id,
            title=clean_text(image.get("title")),
            page_url=read_web_address(image.get("imagepageurl")) or page,
            contributor=clean_text(image.get("membername")) or None,
            thumbnail=thumbnail,
        )


def _pick_thumbnail(image: Element) -> Thumbnail | None:
    """Return the large thumbnail in the picture's ratio, or else the small in its own sides."""
    small = _read_sides(image, "smallthumbw", "smallthumbh")
    file = image.find("fileList/file")
    files = (0.0, 0.0) if file is None else _read_sides(file, "width", "height")
    sizes = (_read_sides(image, "mediumthumbw", "mediumthumbh"), small, files)
    ratio = next((size for size in sizes if all(size)), (3.0, 2.0))
    own = {"url": image.get("smallthumburl"), "width": small[0], "height": small[1]}
    return fit_rendition(image.get("largethumburl"), *ratio, LARGE) or read_rendition(own)


def _read_sides(element: Element, width: str, height: str) -> tuple[float, float]:
    return read_number(element.get(width)), read_number(element.get(height))


def _read_error(status: int, body: bytes) -> Refusal | None:
    """Return the refusal that a fault means, with any HTTP status."""
    del status
    fault = xmlrpc.read_fault(body)
    if fault is None:
        return None
    return Refusal(FAULTS.get(fault.code, RequestRefused), f"{fault.words} ({fault.code})")
