"""What may be shown of what agencies send, and what is read of what was cached long ago."""

import re
from urllib.parse import urlsplit

import msgspec
from hypothesis import event, given
from hypothesis import strategies as st

from affiliate.domain.media import (
    USUAL_ADDRESS,
    Media,
    SearchResult,
    Thumbnail,
    clean_text,
    clean_texts,
    drop_repeats,
    read_web_address,
)

GOOD = [
    "https://image.shutterstock.com/image-photo/a-260nw-1.jpg",
    "http://a.example",
    "https://a.example:8443/b?c=d&e=%20#f",
    "HTTPS://A.EXAMPLE/",
    "https://127.0.0.1:8000/a.png",
    "https://[2001:db8::1]/a.png",
    "http://[::1]:8000/",
    "https://caf\u00e9.example/\u732b.jpg",
    "https://a.example/\"'<>",
    "https://user@a.example/",
]


def test_web_addresses_pass_as_they_are() -> None:
    """An absolute http or https address comes back unchanged."""
    assert [read_web_address(address) for address in GOOD] == GOOD


BAD = [
    *("javascript:alert(1)", "JavaScript:alert(1)", "java\tscript:alert(1)", " javascript:1"),
    *("javascript://a.example/%0aalert(1)", "vbscript:x", "data:text/html,<script>", "blob:x"),
    *("file:///etc/passwd", "ftp://a.example/", "mailto:a@a.example", "about:blank"),
    *("", "a", "/a.jpg", "a.jpg", "../a", "?a", "#a", "//a.example/a.jpg", "://a", "a.example"),
    *("http:", "http:/", "http://", "https:///a", "https:a.example", "https://?a", "https://#a"),
    *("https://@/", "https://user@", "https://:80", "http:\\\\a.example", "https:/\\a.example"),
    *("https://a.example\\@b.example", "https://a.example/\n", "\nhttps://a.example"),
    *("https://a.exa\nmple", "https://a.example/a b", "https://a.example/\x00", "\x01https://a.b"),
    *("https://a.example/\x7f", "https://a.example/\u2028", "https://a.example/\u00a0"),
    *("https://a.example/\u0085", "ht\ttps://a.example", "https://[::1", "https://::1]/"),
    *("https://[a.example]/", "https://a.example/\ud800", "\udfffhttps://a.example"),
    *("https://a\u2100b.example/", "https\uff1a//a.example"),
]


def test_anything_else_is_dropped() -> None:
    """Scripts, data, relative addresses, control marks and what has no host never pass."""
    assert [address for address in BAD if read_web_address(address) is not None] == []


def test_what_is_no_text_is_no_address() -> None:
    """A field of another type counts as absent."""
    others: tuple[object, ...] = (None, 5, True, b"https://a.example", ["https://a.example"], {})
    assert [value for value in others if read_web_address(value) is not None] == []


@given(
    st.builds(
        "".join,
        st.tuples(
            st.sampled_from(["https://", "http://", "https://a", "//a", ""]),
            st.text("htps:/\\.@[]#?a \t\n\x00\ud800", max_size=12) | st.text(),
        ),
    )
)
def test_what_passes_has_a_scheme_a_host_and_can_be_sent(text: str) -> None:
    """Whatever passes is one line of encodable text with http or https and a host."""
    assert read_web_address("https://a.example/")
    address = read_web_address(text)
    event("passes" if address else "is refused")
    if address is not None:
        parts = urlsplit(address)
        assert parts.scheme in {"http", "https"}
        assert parts.hostname
        assert address.encode().decode() == text
        assert not re.search(r"\s", address)


TEXTS: list[tuple[str, str | None]] = [
    ("Red bicycle", "Red bicycle"),
    ("  two \n\t lines ", "two lines"),
    ("<script>alert('1')</script> & \"co\"", "alert('1') & \"co\""),
    ("<div class='fn'> <p>Allegory of Europe</p>", "Allegory of Europe"),
    ("Tom &amp; Jerry&#39;s caf&eacute;", "Tom & Jerry's caf\u00e9"),
    ("Tom & Jerry's caf\u00e9", "Tom & Jerry's caf\u00e9"),
    ("&amp;amp; &amp;lt;b&amp;gt;", "&amp; &lt;b&gt;"),
    ("&lt;b&gt;bold&lt;/b&gt;", "<b>bold</b>"),
    ("&#x41;&#X42;&#67;", "ABC"),
    ("&#0; &#xD800; &#1114112; &nosuch;", "\ufffd \ufffd \ufffd &nosuch;"),
    ("a&nbsp;b&#10;c&#x1b;d", "a b cd"),
    ("AT&T, R&D; fish &chips &copy 2024 &parade", "AT&T, R&D; fish &chips &copy 2024 &parade"),
    ("H<sub>2</sub>O <b>bold</b>ly", "H2O boldly"),
    ("one<br>two<br/>three</p><p>four", "one two three four"),
    ("<a href=\"x>y\" title='a>b'>link</a>", "link"),
    ("<A HREF=x>link</A><IMG SRC=y>", "link"),
    ("a<!-- no -->b <!DOCTYPE html><?xml version='1.0'?>c", "a b c"),
    ("1 < 2 > 0, a <3 b, <-- x -->, x<y", "1 < 2 > 0, a <3 b, <-- x -->, x<y"),
    ("<ann@mail.example> <http://a.example>", "<ann@mail.example> <http://a.example>"),
    ("<b unclosed", "<b unclosed"),
    ("<p title='it's'>odd</p>", "odd"),
    ("<style data-mw='a'>.b{c:d}</style>Plate", "Plate"),
    ("<<b>b</b>>", "<b>"),
    ("&notes; &copyright; &ampere; &lthing; &nbspace;", None),
    ("&notin; &copy; &AMP; &CounterClockwiseContourIntegral;", "\u2209 \u00a9 & \u2233"),
    ("\u202eevil\u202c \u05d0\u200f", None),
    (
        "a &#x202E;evil &rlm;&lrm;\u2066b\u2069 \u061cc",
        "a \u202eevil \u200f\u200e\u2066b\u2069 \u061cc",
    ),
    ("&shy;soft&shy;ly \u00adand", "softly and"),
    ("ze&#8203;ro &NoBreak;&ZeroWidthSpace;width\ufeff \u2060", "zero width"),
    ("&#8203;", ""),
    ("&shy; &zwj;&zwnj;\u200e", ""),
    ("\u3164 \u115f\uffa0 \ufe0f \u2800", ""),
    ("\U000e0041 \ufffa", ""),
    (
        "\u0645\u06cc&zwnj;\u062e \U0001f469&zwj;\U0001f4bb",
        "\u0645\u06cc\u200c\u062e \U0001f469\u200d\U0001f4bb",
    ),
    ("\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", None),
    ("\u2764\ufe0f heart", None),
    ("a\x00b\x1b[31mc\x7fd\x9fe", "a b [31mc d e"),
    ("lone \ud800 and \udfff", "lone \ufffd and \ufffd"),
    ("pair \ud83d\ude00", "pair \ufffd\ufffd"),
    ("\U0001f600 \u732b e\u0301", "\U0001f600 \u732b e\u0301"),
    ("\x00\x01 ", ""),
    ("", ""),
]
KEYWORDS: list[tuple[list[object], tuple[str, ...]]] = [
    (["apple", " red", "Apple", "red", "", "fruit "], ("apple", "red", "fruit")),
    (["caf&eacute;", "caf\u00e9", "<b>caf\u00e9</b>"], ("caf\u00e9",)),
    ([None, 5, "\x00"], ()),
]


def test_text_is_shown_as_text() -> None:
    """Tags and control marks go, entities are decoded once, lone surrogates are replaced."""
    said = [(sent, sent if said is None else said) for sent, said in TEXTS]
    assert [(sent, clean_text(sent)) for sent, _ in TEXTS] == said


def test_keywords_are_told_once() -> None:
    """The first spelling of each stays, in the order of the agency."""
    assert [clean_texts(sent) for sent, _ in KEYWORDS] == [shown for _, shown in KEYWORDS]


def test_hostile_text_is_read_in_one_pass() -> None:
    """Thousands of tags that never end take no longer than their length."""
    for text in ("<a" * 20_000, '<a "' * 20_000, "<!--" * 20_000, "&" * 50_000, "<style>" * 9000):
        assert clean_text(f"{text}end").endswith("end")


def test_what_is_no_text_is_empty() -> None:
    """A field of another type shows nothing."""
    others: tuple[object, ...] = (None, 5, True, b"text", ["text"], {"text": 1})
    assert [value for value in others if clean_text(value)] == []


@given(st.text(st.characters()))
def test_any_text_can_be_shown(text: str) -> None:
    """What comes out can be encoded, holds no control mark, and stays on a line."""
    shown = clean_text(text)
    assert shown.encode().decode() == shown
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", shown)
    assert shown == " ".join(shown.split())


def test_answers_of_the_first_format_are_still_read() -> None:
    """An entry cached before a field existed has its default: an update empties no cache."""
    thumbnail = Thumbnail("https://a.example/1.jpg", 390, 260)
    items = [{"agency": "a", "id": "1", "thumbnail": thumbnail}]
    old = msgspec.msgpack.encode({"items": items, "total": 1})
    media = Media(agency="a", id="1", thumbnail=thumbnail)
    assert msgspec.msgpack.decode(old, type=SearchResult) == SearchResult((media,), 1)
    assert (media.sizes, media.released, media.categories) == ((), False, ())


SIGNS = st.text(alphabet="aBc \n\t<>&;\u00e9\u200b", max_size=6)


@given(st.lists(st.one_of(SIGNS, st.none(), st.text()), max_size=5))
def test_lists_of_texts_are_cleaned_as_each_text_is(texts: list[str | None]) -> None:
    """Lists that need no cleaning, which are recognized as a whole, are no exception."""
    assert clean_texts(texts) == drop_repeats(map(clean_text, texts))
    event(f"unchanged: {clean_texts(texts) == tuple(texts)}")


@given(st.text(alphabet="ht:/.a0-?#[]@\\ \n%", max_size=12).map("https://".__add__))
def test_an_address_that_is_taken_at_once_is_one_of_the_web(address: str) -> None:
    if USUAL_ADDRESS.fullmatch(address):
        assert urlsplit(address).scheme == "https"
        assert urlsplit(address).hostname
        assert not re.search(r"[\s\\]", address)
