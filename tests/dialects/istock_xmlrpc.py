"""iStock's old API: XML-RPC whose answers are XML, escaped inside a string."""

from collections.abc import Mapping
from html import escape
from typing import Any, ClassVar
from xml.etree.ElementTree import Element, fromstring

from tests.dialects.dialect import Dialect, Sent
from tests.dialects.serving import Answer, DialectRequest, answer_text

HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'


def make_fault(code: int, words: str) -> Answer:
    """Return a refusal in the published form."""
    members = (
        f"<member><name>faultCode</name><value><int>{code}</int></value></member>"
        f"<member><name>faultString</name><value><string>{words}</string></value></member>"
    )
    text = f"<fault><value><struct>{members}</struct></value></fault>"
    return answer_text(f"{HEAD}<methodResponse>{text}</methodResponse>", kind="text/xml")


def make_answer(payload: str) -> Answer:
    """Return an answer in the published form."""
    text = escape(f'<istockphotoResponse sessionid="">{payload}</istockphotoResponse>')
    value = f"<params><param><value><string>{text}</string></value></param></params>"
    return answer_text(f"{HEAD}<methodResponse>{value}</methodResponse>", kind="text/xml")


class IstockXmlrpcDialect(Dialect):
    """``POST /webservices/xmlrpc``; the key is a member of the one struct."""

    name = "istock-xmlrpc"
    keys: ClassVar[Mapping[str, str]] = {"API_KEY": "istock-0ld-k3y"}
    optional = ("title", "smallthumburl", "smallthumbw", "smallthumbh", "mediumthumbw")
    required = ("fileid",)
    sends: ClassVar[Mapping[str, Mapping[str, Sent]]] = {
        "type": {
            "photo": {"fileTypeSizePrice": "Image All 1"},
            "vector": {"fileTypeSizePrice": "Illustration [Vector] Vector Image All"},
        },
        "sort": {
            "popular": {"order": "Downloads"},
            "relevance": {"order": "BestMatch"},
            "newest": {"order": "Age"},
        },
    }
    errors: ClassVar[Mapping[str, tuple[Answer, str]]] = {
        "no login": (make_fault(4002, "requires authentication"), "credentials"),
        "no access": (make_fault(4004, "access denied"), "credentials"),
        "a fault of its own": (make_fault(500, "Internal site error"), "down"),
        "no such file": (make_fault(6001, "file not available"), "not found"),
        "another fault": (make_fault(6003, "read error"), "refused"),
        "a gateway's page": (answer_text("<html>Bad gateway</html>", 502, "text/html"), "down"),
    }
    sources = (
        "istock-getty/facts.json",
        "istock-getty/fault.official-doc.xml",
        "istock-getty/success.official-doc.xml",
    )

    def answer(self, request: DialectRequest) -> Answer:
        sent = self.sent_parameters(request)
        if sent["apiKey"] != self.keys["API_KEY"]:
            return self.errors["no access"][0]
        if sent["methodName"] == "istockphoto.image.getInfo":
            if not self.has(sent["fileID"]):
                return self.errors["no such file"][0]
            return make_answer(self._details(int(sent["fileID"])))
        size = int(sent["perPage"])
        images = self.page((int(sent.get("page", "1")) - 1) * size, size)
        inner = "".join(f"<image {_attributes(one)}/>" for one in images)
        return make_answer(f'<imageList totalitems="{self.total}">{inner}</imageList>')

    def sent_parameters(self, request: DialectRequest) -> Sent:
        root = fromstring(request.body)
        members = root.iterfind("params/param/value/struct/member")
        named = {one.findtext("name") or "": _iter_values(one.find("value")) for one in members}
        return named | {"methodName": root.findtext("methodName") or ""}

    def item(self, number: int) -> dict[str, Any]:
        picture = f"http://media.istockphoto.com/{number}"
        return {
            "fileid": number,
            "title": f"Flower & leaf {number}",
            "smallthumburl": f"{picture}/1.jpg",
            "smallthumbw": 110,
            "smallthumbh": 73,
            "largethumburl": f"{picture}/2.jpg",
            "mediumthumbw": 170,
            "mediumthumbh": 113,
        }

    def _details(self, number: int) -> str:
        item = self.item(number)
        said = {name: item[name] for name in ("fileid", "title", "largethumburl")} | {
            "membername": "gardener",
            "imagepageurl": f"http://www.istockphoto.com/photo/{number}",
        }
        files = '<fileList><file size="Large" width="4000" height="2000"/></fileList>'
        return f"<image {_attributes(said)}>{files}</image>"


def _attributes(values: Mapping[str, Any]) -> str:
    return " ".join(f'{name}="{escape(str(value))}"' for name, value in values.items())


def _iter_values(value: Element | None) -> str:
    """Yield all plain values inside a value, without the names of members."""
    if value is None:
        return ""
    members = value.findall("struct/member/value")
    return " ".join(map(_iter_values, members)) if members else "".join(value.itertext())
