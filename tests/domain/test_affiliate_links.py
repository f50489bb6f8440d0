"""Affiliate links: encoded once and only once, whatever is put in."""

from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from affiliate.agencies.shutterstock.client import Shutterstock
from affiliate.domain.affiliate_links import (
    SUB_IDS,
    LinkStyle,
    build_affiliate_link,
    build_search_link,
    is_impact,
    percent_encode,
    percent_encode_within,
    read_destination,
    read_pubref,
)
from affiliate.domain.masking import mask_personal
from affiliate.domain.media import Media, Thumbnail
from affiliate.transport.client import Transport

TEMPLATE = Shutterstock.link_template
ALL = frozenset(SUB_IDS)
UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"

LONG = "word " * 60
TEXTS = [
    *("108559295", "abc", "id-of-letters_1.2~3", "18446744073709551616"),
    *("a&b", "a%b", "a%26b", "%", "100%25", "a?b", "a=b", "a+b", "a b", "#top", "a/b", "a;b"),
    *('"quoted"', "it's", "<script>", "{id}", "{landing_url}", "{", "{{}}", "\\", "`|^"),
    *(
        "caf\u00e9",
        "\u732b",
        "\u05d7\u05ea\u05d5\u05dc",
        "\U0001f408",
        "\u202e",
        "\ufeff",
        "e\u0301",
    ),
    *(LONG, "\u732b" * 300, "?u=https://evil.example", "&u=https://evil.example&subId1=x"),
]


def media(media_id: str = "5", kind: str = "image") -> Media:
    return Media(
        agency="acme",
        id=media_id,
        media=kind,
        page_url=f"https://acme.example/{percent_encode(media_id)}",
        thumbnail=Thumbnail("https://acme.example/a.jpg", 390, 260),
    )


def style(template: str = TEMPLATE, sub_ids: frozenset[str] = frozenset()) -> LinkStyle:
    return LinkStyle(template=template, affiliate_id="12345", sub_ids=sub_ids)


def read_landing(link: str) -> str:
    """Return the landing address in a link: its ``u``, which the link has once."""
    assert link.isascii()
    values = parse_qs(urlsplit(link).query, keep_blank_values=True, strict_parsing=True)["u"]
    assert len(values) == 1
    return values[0]


def test_the_default_link_is_the_documented_one() -> None:
    """Ad 43068, the owner's id, and the landing address percent-encoded in ``u``."""
    link = build_affiliate_link(
        style(), media(), "http://www.shutterstock.com/pic.mhtml?id=108559295"
    )
    assert link == (
        "https://shutterstock.7eer.net/c/12345/43068/1305"
        "?u=http%3A%2F%2Fwww.shutterstock.com%2Fpic.mhtml%3Fid%3D108559295"
    )


LANDINGS = [
    ("https://a.example/", "https%3A%2F%2Fa.example%2F"),
    ("https://a.example/caf\u00e9", "https%3A%2F%2Fa.example%2Fcaf%C3%A9"),
    ("https://a.example/caf%C3%A9", "https%3A%2F%2Fa.example%2Fcaf%25C3%25A9"),
    ("https://a.example/?q=a&b=c", "https%3A%2F%2Fa.example%2F%3Fq%3Da%26b%3Dc"),
    ("https://a.example/?q=a%26b", "https%3A%2F%2Fa.example%2F%3Fq%3Da%2526b"),
    ("https://a.example/?q=a+b", "https%3A%2F%2Fa.example%2F%3Fq%3Da%2Bb"),
    ("https://a.example/#b", "https%3A%2F%2Fa.example%2F%23b"),
    ("https://a.example/'\"<>", "https%3A%2F%2Fa.example%2F%27%22%3C%3E"),
    ("https://a.example/-._~", "https%3A%2F%2Fa.example%2F-._~"),
]


def test_the_landing_address_is_encoded_once() -> None:
    """An address that holds escapes of its own is escaped once more, not twice and not never."""
    start = "https://shutterstock.7eer.net/c/12345/43068/1305?u="
    links = [build_affiliate_link(style(), media(), landing) for landing, _ in LANDINGS]
    assert links == [start + expected for _, expected in LANDINGS]
    assert [read_landing(link) for link in links] == [landing for landing, _ in LANDINGS]


def test_any_id_reaches_the_agency_as_it_is() -> None:
    """From id to landing address to link and back, every id arrives unchanged."""
    agency, wrong = Shutterstock(Transport()), []
    for text in TEXTS:
        landing = agency.build_landing_url(media(text))
        decoded = read_landing(build_affiliate_link(style(sub_ids=ALL), media(text), landing))
        if (decoded, parse_qsl(urlsplit(decoded).query)) != (landing, [("id", text)]):
            wrong.append((text, decoded))
    assert wrong == []


def test_sub_ids_say_exactly_what_went_in() -> None:
    """Site, words and id can be read back from the link, and none of them breaks it."""
    landing, wrong = "https://a.example/?id=1&x=%26", []
    for text in TEXTS:
        link = build_affiliate_link(style(sub_ids=ALL), media(text), landing, site=text, query=text)
        pairs = parse_qsl(urlsplit(link).query, strict_parsing=True)
        sent = unquote(percent_encode_within(text, 255))
        texts = (sent, unquote(percent_encode_within(mask_personal(text), 255)), sent)
        if pairs != [("u", landing), *((f"subId{n}", one) for n, one in enumerate(texts, 1))]:
            wrong.append((text, link))
    assert wrong == []


LENGTHS = [
    ("a" * 300, "a" * 255),
    ("a" * 255, "a" * 255),
    ("red bicycle", "red bicycle"),
    ("\u0431" * 500, "\u0431" * 42),  # six signs of an address each
    ("\u732b" * 300, "\u732b" * 28),
    ("\U0001f408" * 500, "\U0001f408" * 21),
    ("a" * 254 + "\u00e9", "a" * 254),
    ("a" * 252 + " b" * 9, "a" * 252),
    ("e\u0301" * 100, "e\u0301" * 36),
    ("a" * 250 + "e\u0301", "a" * 250),
    ("a" * 240 + "\U0001f468\u200d\U0001f469", "a" * 240),
    ("a" * 243 + "\U0001f44d\U0001f3fd", "a" * 243),
    ("\u0e2b\u0e21\u0e39" * 40, "\u0e2b\u0e21\u0e39" * 9 + "\u0e2b"),
]


def test_a_sub_id_is_cut_at_255_signs_of_the_address_on_a_whole_character() -> None:
    """An accent, a joiner or a tone of skin stays with its character, or both are cut."""
    wrong = []
    for text, kept in LENGTHS:
        link = build_affiliate_link(style(sub_ids=ALL), media(), "https://a.example", query=text)
        sent = dict(pair.split("=", 1) for pair in urlsplit(link).query.split("&"))["subId2"]
        if (unquote(sent), len(sent) <= 255) != (kept, True):
            wrong.append((text, unquote(sent)))
    assert wrong == []


PRIVATE = [
    ("ann@mail.example", "***"),
    ("mail of ann.other+x@mail.example today", "mail of *** today"),
    ("call 0049 170 1234567 now", "call *** now"),
    ("+1 (555) 123-4567", "***"),
    ("4111111111111111", "***"),
    ("123456789", "***"),
    ("12345678", "12345678"),
    ("route 66", "route 66"),
    ("me@home", "me@home"),
    ("summer 2024", "summer 2024"),
]


def test_what_names_a_person_is_never_passed_on() -> None:
    """E-mail addresses and long numbers are masked in sub ids, references and templates."""
    styles = [
        style(sub_ids=ALL),
        partnerize(),
        style("https://net.example/?u={landing}&q={query}"),
    ]
    wrong = []
    for typed, sent in PRIVATE:
        links = [
            build_affiliate_link(one, media(), "https://a.example", query=typed) for one in styles
        ]
        if not all(percent_encode(sent) in link for link in links):
            wrong.append((typed, links))
    assert wrong == []


def test_the_id_of_a_picture_is_no_private_number() -> None:
    """Reports are joined by the id, however long."""
    link = build_affiliate_link(style(sub_ids=ALL), media("2240134355"), "https://a.example")
    assert parse_qsl(urlsplit(link).query)[1:] == [("subId3", "2240134355")]


REFERRALS = [
    (
        "https://shutterstock.7eer.net/c/1/2/3?u=https%3A%2F%2Fwww.shutterstock.com%2F5",
        (
            "https://shutterstock.7eer.net/c/1/2/3?u=https%3A%2F%2Fwww.shutterstock.com%2F5"
            "&subId1=blog.example&subId2=red%20bike&subId3=5"
        ),
    ),
    (
        "https://shutterstock.7eer.net/c/1/2/3",
        "https://shutterstock.7eer.net/c/1/2/3?subId1=blog.example&subId2=red%20bike&subId3=5",
    ),
    (
        "https://go.sjv.io/c/1/2/3?subid2=own&u=https://a.example/5#top",
        (
            "https://go.sjv.io/c/1/2/3?subid2=own&u=https://a.example/5"
            "&subId1=blog.example&subId3=5#top"
        ),
    ),
    (
        "https://go.sjv.io/c/1/2/3?u=https%3A%2F%2Fa.example&subId1=&subid2=own&SUBID3",
        (
            "https://go.sjv.io/c/1/2/3?u=https%3A%2F%2Fa.example&subid2=own"
            "&subId1=blog.example&subId3=5"
        ),
    ),
    (
        "https://go.sjv.io/c/1/2/3?subId1=%20&subId2=+&subId3=&subId3=own&level=",
        "https://go.sjv.io/c/1/2/3?subId3=own&level=&subId1=blog.example&subId2=red%20bike",
    ),
    ("https://www.awin1.com/cread.php?awinmid=1", "https://www.awin1.com/cread.php?awinmid=1"),
    ("https://www.shutterstock.com/5?rid=7", "https://www.shutterstock.com/5?rid=7"),
]


def test_the_agencys_own_referral_is_the_link() -> None:
    """A link of Impact's form gets our sub ids, beside those that it has; others stay as is."""
    wrong = []
    for referral, expected in REFERRALS:
        one = msgspec.structs.replace(media(), referral=referral)
        link = build_affiliate_link(
            style(sub_ids=ALL), one, "https://a.example", site="blog.example", query="red bike"
        )
        nobody = build_affiliate_link(LinkStyle(template=TEMPLATE), one, "https://a.example")
        if (link, nobody) != (expected, referral):
            wrong.append((referral, link, nobody))
    assert wrong == []


def test_the_owners_template_wins_over_a_referral() -> None:
    one = msgspec.structs.replace(media(), referral="https://shutterstock.7eer.net/c/1/2/3")
    owned = LinkStyle(template="https://me.example/?u={landing}", is_owner_template=True)
    assert build_affiliate_link(owned, one, "https://a.example").startswith(
        "https://me.example/?u="
    )


def test_a_link_of_impact_is_known_by_its_path() -> None:
    """Its hosts are many; where it leads stands in ``u``, when it says so."""
    page = "https://www.istockphoto.com/photo/a-gm5-1"
    link = f"https://istockphoto.6q33.net/c/1/258824/4205?u={percent_encode(page)}"
    assert (is_impact(link), read_destination(link)) == (True, page)
    for other in (page, "https://a.example/c/1/2", "https://a.example/c/a/b/c?u=https://b.example"):
        assert (is_impact(other), read_destination(other)) == (False, None)
    assert read_destination("https://a.example/c/1/2/3?u=javascript:0") is None


@given(st.text(), st.text(min_size=1), st.text(), st.text())
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_decoding_gives_back_what_went_in(path: str, name: str, site: str, words: str) -> None:
    """For any text at all, ``u`` decodes to the landing address and sub ids to their texts."""
    landing = f"https://a.example/{path}"
    link = build_affiliate_link(style(sub_ids=ALL), media(name), landing, site=site, query=words)
    sent = {"u": landing, "subId1": site, "subId2": mask_personal(words), "subId3": name}
    sent |= {key: unquote(percent_encode_within(sent[key], 255)) for key in SUB_IDS.values()}
    assert dict(parse_qsl(urlsplit(link).query, strict_parsing=True)) == {
        key: value for key, value in sent.items() if value
    }
    assert link.startswith("https://shutterstock.7eer.net/c/12345/43068/1305?u=https%3A%2F%2F")


@given(st.text())
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_an_encoded_text_holds_only_safe_marks(text: str) -> None:
    """Encoding leaves letters, digits and ``-._~``; decoding once gives the text."""
    assert set(percent_encode(text)) <= {*UNRESERVED, "%"}
    assert unquote(percent_encode(text), errors="strict") == text


@pytest.mark.parametrize("landing", ["https://a.example/\ud800", "\udfff"])
def test_a_lone_surrogate_is_no_error(landing: str) -> None:
    """Text that isn't Unicode is replaced, not a crash."""
    assert build_affiliate_link(
        style(sub_ids=ALL), media("\ud800"), landing, query=landing
    ).isascii()


WANTED = [
    (frozenset(), []),
    (frozenset({"site"}), [("subId1", "blog.example")]),
    (frozenset({"query"}), [("subId2", "red bike")]),
    (frozenset({"id"}), [("subId3", "5")]),
    (frozenset({"site", "id"}), [("subId1", "blog.example"), ("subId3", "5")]),
    (ALL, [("subId1", "blog.example"), ("subId2", "red bike"), ("subId3", "5")]),
]


@pytest.mark.parametrize(("sub_ids", "pairs"), WANTED)
def test_each_sub_id_can_be_switched_off(
    sub_ids: frozenset[str], pairs: list[tuple[str, str]]
) -> None:
    """Only the sub ids that are on stand in the link."""
    link = build_affiliate_link(
        style(sub_ids=sub_ids), media(), "https://a.example", site="blog.example", query="red bike"
    )
    assert parse_qsl(urlsplit(link).query)[1:] == pairs


def test_an_empty_sub_id_is_left_out() -> None:
    """A picture that no words found has no sub id for words."""
    link = build_affiliate_link(style(sub_ids=ALL), media(), "https://a.example")
    assert parse_qsl(urlsplit(link).query, keep_blank_values=True)[1:] == [("subId3", "5")]


def test_a_template_without_a_question_mark_gets_one() -> None:
    """Sub ids begin a query where the template has none."""
    link = build_affiliate_link(style("https://a.example/{id}", ALL), media(), "")
    assert link == "https://a.example/5?subId3=5"


PAGE = "https://acme.example/p/5"
TEMPLATES = [
    ("{landing_url}?ref={affiliate_id}", "https://acme.example/p/5?ref=12345"),
    ("{landing_url}#{affiliate_id}", "https://acme.example/p/5#12345"),
    ("https://net.example/{affiliate_id}/{id}", "https://net.example/12345/a%2Fb%20c"),
    ("https://net.example/#res{affiliate_id}-{id}", "https://net.example/#res12345-a%2Fb%20c"),
    (
        "https://net.example/click/camref:{affiliate_id}/destination:{landing}",
        "https://net.example/click/camref:12345/destination:https%3A%2F%2Facme.example%2Fp%2F5",
    ),
    (
        "https://net.example/?m={media}&s={site}&q={query}&u={landing}",
        "https://net.example/?m=video&s=blog.example&q=a%26b%20c&u=" + percent_encode(PAGE),
    ),
    ("https://net.example/{{{id}}}", "https://net.example/{a%2Fb%20c}"),
]


@pytest.mark.parametrize(("template", "link"), TEMPLATES)
def test_templates_hold_every_field(template: str, link: str) -> None:
    """Each field stands encoded where the template wants it; ``{landing_url}`` as it is."""
    assert (
        build_affiliate_link(
            style(template),
            media("a/b c", "video"),
            PAGE,
            site="blog.example",
            query="a&b c",
        )
        == link
    )


@pytest.mark.parametrize("value", ["{id}", "{landing_url}", "{", "}", "{0.__class__}"])
def test_values_are_never_taken_for_templates(value: str) -> None:
    """Braces in words and ids stay text."""
    link = build_affiliate_link(
        style("https://net.example/?q={query}&i={id}"), media(value), "", query=value
    )
    assert parse_qsl(urlsplit(link).query) == [("q", value), ("i", value)]


def test_without_an_affiliate_id_the_link_is_straight() -> None:
    """Where the template wants an id and there is none, the link is the picture's own page."""
    one = LinkStyle(template=TEMPLATE, affiliate_id=None, sub_ids=ALL)
    assert (
        build_affiliate_link(one, media(), "https://a.example", site="s")
        == "https://acme.example/5"
    )


def test_a_template_without_an_affiliate_id_needs_none() -> None:
    """A template that names the owner in its own words is used as it is."""
    one = LinkStyle(template="https://net.example/me?u={landing}")
    assert build_affiliate_link(one, media(), "https://a.example").startswith(
        "https://net.example/me?u="
    )


PARTNERIZE = "https://adobe.prf.hn/click/camref:{affiliate_id}/destination:{landing}"


def partnerize(**changes: object) -> LinkStyle:
    fields = {"template": PARTNERIZE, "affiliate_id": "1abc", "network": "partnerize"}
    return LinkStyle(**{**fields, "sub_ids": ALL, **changes})  # type: ignore[arg-type]


def test_the_reference_of_a_partnerize_link_stands_before_its_destination() -> None:
    link = build_affiliate_link(
        partnerize(), media("7"), "https://a.example/7", site="blog.example", query="red bike"
    )
    assert link == (
        "https://adobe.prf.hn/click/camref:1abc/pubref:blog.example~7~red%20bike"
        "/destination:https%3A%2F%2Fa.example%2F7"
    )


def test_a_partnerize_link_without_anything_to_say_has_no_reference() -> None:
    link = build_affiliate_link(partnerize(sub_ids=frozenset()), media(), "https://a.example")
    assert link == "https://adobe.prf.hn/click/camref:1abc/destination:https%3A%2F%2Fa.example"


@given(st.text(), st.text())
def test_a_partnerize_reference_is_short_and_breaks_no_link(site: str, words: str) -> None:
    link = build_affiliate_link(
        partnerize(), media(), "https://a.example", site=site, query=words * 40
    )
    before, destination = link.split("/destination:")
    reference = before.partition("/pubref:")[2]
    assert unquote(destination) == "https://a.example"
    assert len(reference) + len("~" + "-".join(4 * ["4294967295"])) <= 256
    assert "/" not in reference


@pytest.mark.parametrize("click_id", ["", "1-22-333-4294967295"])
@pytest.mark.parametrize(
    "values",
    [
        {"site": "blog.example", "id": "7", "query": "red ~bike~"},
        {"site": "", "id": "7", "query": ""},
        {"site": "", "id": "", "query": "1-2-3-4 cats"},
        {"site": "blog.example", "id": "", "query": ""},
        {"site": "", "id": "", "query": ""},
    ],
)
def test_a_reference_is_read_as_it_was_written(values: dict[str, str], click_id: str) -> None:
    """With the id of the click behind it, which a script appends, and without."""
    link = build_affiliate_link(
        partnerize(),
        media(values["id"]),
        "https://a.example",
        site=values["site"],
        query=values["query"],
    )
    reference = unquote(link.partition("/destination:")[0].partition("/pubref:")[2])
    reference = f"{reference}~{click_id}" if click_id else reference
    assert read_pubref(reference) == ({**values, "query": values["query"].rstrip("~")}, click_id)


# -- searches at agencies

SEARCH = "https://a.example/search?q=red%20fox"
SEARCHED = "https%3A%2F%2Fa.example%2Fsearch%3Fq%3Dred%2520fox"
FORMS = [
    ("https://n.example/c/{affiliate_id}/1/2?u={landing}", "7", f"/c/7/1/2?u={SEARCHED}", True),
    ("https://n.example/c/{affiliate_id}/1/2?u={landing}", None, SEARCH, False),
    ("{landing_url}#res{affiliate_id}", "7", f"{SEARCH}#res7", True),
    ("{landing_url}", "7", SEARCH, False),
    ("https://n.example/?to={landing}&id={id}&m={media}", None, "&id=&m=image", True),
    ("https://n.example/{affiliate_id}/{id}", "7", SEARCH, True),
    ("https://n.example/{id}", None, SEARCH, True),
]


@pytest.mark.parametrize(("template", "affiliate_id", "end", "earns"), FORMS)
def test_a_search_is_reached_as_pictures_are(
    template: str, affiliate_id: str | None, end: str, *, earns: bool
) -> None:
    """A form that knows pages by ids alone leads to no search: the link is straight then.

    Whether links of pictures earn is told by the form and the id.
    """
    made = LinkStyle(template=template, affiliate_id=affiliate_id)
    assert build_search_link(made, "image", SEARCH, query="red fox").endswith(end)
    assert made.is_affiliated("image") is earns


def test_a_search_for_clips_goes_by_their_own_form() -> None:
    made = LinkStyle(template="{landing_url}", footage="https://n.example/?u={landing}")
    assert build_search_link(made, "video", SEARCH) == f"https://n.example/?u={SEARCHED}"
    assert build_search_link(made, "image", SEARCH) == SEARCH
    assert (made.is_affiliated("image"), made.is_affiliated("video")) == (False, True)


def test_sub_ids_of_searches_say_site_and_words_alone() -> None:
    made = style(sub_ids=ALL)
    link = build_search_link(
        made, "image", SEARCH, site="blog.example", query="ann@example.com fox"
    )
    pairs = parse_qs(urlsplit(link).query)
    assert pairs == {"u": [SEARCH], "subId1": ["blog.example"], "subId2": ["*** fox"]}
