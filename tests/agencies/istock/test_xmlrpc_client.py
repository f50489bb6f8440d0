"""iStock's old API is spoken as it was published: calls, answers and faults."""

from collections.abc import Iterator
from html import escape
from xml.etree.ElementTree import canonicalize

import pytest

from affiliate.agencies import xmlrpc
from affiliate.agencies.istock.xmlrpc_client import IstockXmlrpc
from affiliate.domain.media import SearchQuery
from affiliate.errors import BadAnswer, RequestRefused
from affiliate.transport.messages import Reply, find_error, parse_xml
from tests.dialects import FIRST, Server, serve_dialect
from tests.dialects.istock_xmlrpc import IstockXmlrpcDialect, make_answer
from tests.support.calling import open_transport
from tests.support.official import upstream

FLOWER = SearchQuery(q="flower")


def published(name: str) -> bytes:
    return upstream("istock-getty", f"{name}.official-doc.xml").read_bytes()


@pytest.fixture
def server() -> Iterator[Server]:
    with serve_dialect(IstockXmlrpcDialect()) as server:
        yield server


@pytest.fixture
def istock(server: Server) -> Iterator[IstockXmlrpc]:
    with open_transport() as transport:
        yield IstockXmlrpc(transport, url=server.url, credentials=IstockXmlrpcDialect.keys)


def test_a_call_is_the_published_one() -> None:
    """The same elements in the same order, whatever the white space between them."""
    made = xmlrpc.build_call("istockphoto.test.test", {"name": "value", "name2": "value2"})
    same = (canonicalize(one.decode(), strip_text=True) for one in (made, published("request")))
    assert len(set(same)) == 1


def test_the_text_of_the_published_answer_is_read() -> None:
    """It is what stands in the one string."""
    answer = parse_xml(published("success"))
    assert answer is not None
    assert xmlrpc.read_text(answer) == "[escaped-xml-payload]"
    assert xmlrpc.read_fault(published("success")) is None


def test_the_published_fault_is_an_error_even_with_http_200(istock: IstockXmlrpc) -> None:
    """Its message is said; its code is a placeholder there, which is no number."""
    assert xmlrpc.read_fault(published("fault")) == xmlrpc.Fault(0, "[error-message]")
    error = find_error(istock.build_request(FLOWER, 0), 200, {}, published("fault"))
    assert isinstance(error, RequestRefused)
    assert "[error-message] (0)" in str(error)


def test_the_published_answer_holds_no_pictures(istock: IstockXmlrpc) -> None:
    """A payload that is no XML is an answer that can't be read, not an empty one."""
    reply = Reply(istock.build_request(FLOWER, 0), 200, {}, published("success"))
    with pytest.raises(BadAnswer):
        istock.parse_results(reply, FLOWER)


def test_every_kind_of_value_has_its_element() -> None:
    """A list is a struct whose members are numbered; true is 1."""
    made = xmlrpc.build_call("m", {"a": 7, "b": True, "c": ["x & y", {"d": "<"}]}).decode()
    for part in (
        "<name>a</name><value><int>7</int></value>",
        "<name>b</name><value><boolean>1</boolean></value>",
        "<member><name>0</name><value><string>x &amp; y</string></value></member>",
        "<name>1</name><value><struct><member><name>d</name><value><string>&lt;</string>",
    ):
        assert part in made


def test_entities_are_refused_outside_and_inside(istock: IstockXmlrpc, server: Server) -> None:
    """What could grow without end is an answer that can't be read."""
    plain = make_answer('<imageList totalitems="0"/>')
    server.fixed = plain
    assert istock.search(FLOWER, 0).items == ()
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa">]>'
    for mark, before in (
        (b"<methodResponse>", bomb.encode()),
        (b"&lt;istockphotoResponse", escape(bomb).encode()),
    ):
        server.fixed = plain._replace(body=plain.body.replace(mark, before + mark, 1))
        assert server.fixed.body != plain.body
        with pytest.raises(BadAnswer):
            istock.search(FLOWER, 0)


def test_a_picture_stands_in_a_box_of_its_ratio(istock: IstockXmlrpc, server: Server) -> None:
    """The large thumbnail where there is one, by whatever sizes are said."""
    large = 'largethumburl="http://media.istockphoto.com/2.jpg"'
    small = 'smallthumburl="http://media.istockphoto.com/1.jpg" smallthumbw="55" smallthumbh="110"'
    medium = 'mediumthumbw="170" mediumthumbh="85"'
    for attributes, size in (
        (f"{large} {small} {medium}", (400, 200)),
        (f"{large} {small}", (200, 400)),
        (large, (400, 267)),
        (small, (55, 110)),
    ):
        server.fixed = make_answer(
            f'<imageList totalitems="1"><image fileid="1" {attributes}/></imageList>'
        )
        one = istock.search(FLOWER, 0).items[0].thumbnail
        assert (one.width, one.height) == size


def test_details_lead_to_the_page_that_they_name(istock: IstockXmlrpc) -> None:
    """A search names none, so its pictures lead to the one address that an id is enough for."""
    found = istock.fetch_details(str(FIRST))
    assert found.page_url == f"http://www.istockphoto.com/photo/{FIRST}"
    assert (found.contributor, found.title) == ("gardener", f"Flower & leaf {FIRST}")
    assert (found.thumbnail.width, found.thumbnail.height) == (400, 200)
    page = istock.search(FLOWER, 0).items[0].page_url
    assert page == f"http://www.istockphoto.com/file_closeup.php?id={FIRST}"
