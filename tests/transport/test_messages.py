"""What stands for an error, in whatever form an agency says it; tested without a socket."""

import json

import pytest

from affiliate.errors import BadAnswer, BadCredentials, Blocked, Forbidden, TooManyCalls
from affiliate.transport.messages import Refusal, Reply, Request, find_error

ENTITIES = b'<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>'
OUTSIDE = b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'


def judge(status: int, body: bytes) -> Refusal | None:
    """Judge an answer of an API that reports an exceeded limit by 200 and plain text."""
    if status == 200 and body.startswith(b"ERROR"):
        return Refusal(TooManyCalls, body.decode())
    return Refusal(BadCredentials, body.decode()) if status == 400 and b"key" in body else None


def request(**fields: object) -> Request:
    return Request(agency="acme", url="http://127.0.0.1", secrets=("s3cret",), **fields)  # type: ignore[arg-type]


def test_an_error_that_arrives_with_200_is_one_with_the_seconds_to_wait() -> None:
    error = find_error(request(judge=judge), 200, {"Retry-After": "7"}, b"ERROR enough")
    assert isinstance(error, TooManyCalls)
    assert (error.message, error.retry_after) == ("ERROR enough", 7)


def test_what_the_judge_lets_pass_is_left_to_the_table_of_statuses() -> None:
    assert find_error(request(judge=judge), 200, {}, b"fine") is None
    error = find_error(request(judge=judge), 403, {}, json.dumps({"message": "no"}).encode())
    assert error is not None
    assert (error.kind, error.message) == ("credentials", "no")


def test_a_secret_is_struck_out_as_it_stands_in_a_form() -> None:
    """Agencies that repeat a form give no password away."""
    request = Request(agency="acme", url="http://127.0.0.1", secrets=("p ss&",))
    assert request.redact("user=a&password=p+ss%26") == "user=a&password=***"


def test_words_of_a_judged_answer_hold_neither_secret_nor_address_and_stay_on_a_line() -> None:
    body = b"bad key s3cret\nsee https://acme.example/?key=s3cret " + b"x" * 500
    error = find_error(request(judge=judge), 400, {}, body)
    assert error is not None
    assert "s3cret" not in str(error)
    assert "acme.example" not in str(error)
    assert "\n" not in error.message
    assert len(error.message) <= 200


def test_long_words_of_an_agency_are_cut_between_signs() -> None:
    body = json.dumps({"message": "x" * 199 + "e\u0301"}).encode()
    error = find_error(request(), 400, {}, body)
    assert error is not None
    assert error.message == "x" * 199


def test_xml_is_read() -> None:
    root = Reply(request(), 200, {}, "<a><b c='1'>ä</b></a>".encode()).xml()
    assert [(one.get("c"), one.text) for one in root.iter("b")] == [("1", "ä")]


NOBODYS = b'<?xml version="1.0" encoding="nobodys"?><a/>'


@pytest.mark.parametrize(
    "body", [ENTITIES, OUTSIDE, NOBODYS, b"<a><b></a>", b"", b"{}", b"\xff\xfe<a/>"]
)
def test_what_is_no_xml_or_holds_entities_is_a_bad_answer(body: bytes) -> None:
    with pytest.raises(BadAnswer, match="not XML"):
        Reply(request(), 200, {}, body).xml()


CLOUDFLARE = b"\n <!DOCTYPE html><html><head><title>Just a moment...</title></head></html>"
HTML = {"Content-Type": "text/html; charset=UTF-8"}
ACCESS = [
    (403, {}, b'{"message": "Forbidden"}', True, Forbidden),
    (403, {}, b"UnauthorizedDisplaySize", True, Forbidden),
    (403, {}, b"", True, Forbidden),
    (403, {}, CLOUDFLARE, True, Blocked),
    (403, HTML, CLOUDFLARE, True, Blocked),
    (403, HTML, b"error code: 1020", True, Blocked),
    (403, {}, b"<HTML><body>no</body>", True, Blocked),
    (403, {}, b"<?xml version='1.0'?><!DOCTYPE html><html></html>", True, Blocked),
    (403, {}, b"<!-- waf --><html></html>", True, Blocked),
    (403, {}, b"error code: 1020\n", True, Blocked),
    (403, {}, b"<rsp stat='fail'><err>no</err></rsp>", True, Forbidden),
    (403, {}, b'{"message": "<html>"}', True, Forbidden),
    (403, {}, b'{"message": "Forbidden"}', False, Blocked),
    (403, {}, CLOUDFLARE, False, Blocked),
    (401, HTML, CLOUDFLARE, True, BadCredentials),
    (401, {}, b'{"detail": "Not provided."}', False, BadCredentials),
]


def test_a_403_is_no_matter_of_keys_if_a_gateway_says_so_or_none_was_sent() -> None:
    """A gateway answers with a page of HTML; whoever sends no key can't have a wrong one."""
    wrong = []
    for status, headers, body, keyed, kind in ACCESS:
        asked = Request(agency="acme", url="http://a.example", secrets=("k" * 9,) if keyed else ())
        error = find_error(asked, status, headers, body)
        if type(error) is not kind or (kind is Blocked and "key" in error.message):
            wrong.append((status, headers, body, keyed, error))
    assert wrong == []


def test_a_short_secret_is_struck_out_as_a_whole_word_alone() -> None:
    """A key of one letter eats no letters of the agency's words; a long one goes wherever it is."""
    short = Request(agency="acme", url="http://a.example", secrets=("t",))
    assert short.redact("Wrong authorization header t, key=t") == (
        "Wrong authorization header ***, key=***"
    )
    long = Request(agency="acme", url="http://a.example", secrets=("longsecret",))
    assert long.redact("xlongsecretx") == "x***x"


def test_a_secret_with_entities_in_it_is_struck_out_before_they_are_read() -> None:
    asked = Request(agency="acme", url="http://a.example", secrets=("key&amp;more",))
    error = find_error(asked, 400, {}, b'{"message": "Bad key&amp;more"}')
    assert error is not None
    assert error.message == "Bad ***"


MASHERY = "X-Mashery-Error-Code"
RATES = [
    ({}, b'{"message":"Account Over Queries Per Second Limit"}', TooManyCalls),
    ({}, b'{"message":"Account Over Rate Limit"}', TooManyCalls),
    ({}, b"Developer Over Qps", TooManyCalls),
    ({}, b"<h1>403 Developer Over Rate</h1>", TooManyCalls),
    ({}, b'{"error": {"message": "API rate limit exceeded"}}', TooManyCalls),
    ({}, b'{"ErrorMessage": "Too many requests, slow down"}', TooManyCalls),
    ({}, b'{"message": "You may send 5 calls per second."}', TooManyCalls),
    ({MASHERY: "ERR_403_DEVELOPER_OVER_QPS"}, b"", TooManyCalls),
    ({MASHERY: "ERR_403_DEVELOPER_OVER_RATE"}, b"<h1>Forbidden</h1>", TooManyCalls),
    ({MASHERY: "ERR_403_DEVELOPER_OVER_QPS", **HTML}, b"<html>no</html>", TooManyCalls),
    ({MASHERY: "ERR_403_NOT_AUTHORIZED"}, b'{"message": "Not Authorized"}', Forbidden),
    ({MASHERY: "ERR_403_DEVELOPER_INACTIVE"}, b"<h1>Developer Inactive</h1>", Forbidden),
    ({}, b'{"message": "Product quota exceeded"}', Forbidden),
    ({}, b'{"message": "Over 18 alone", "see": "https://a.example/rate-limits"}', Forbidden),
    ({}, b'{"message": "The separate limited license is over."}', Forbidden),
    (HTML, b"<!DOCTYPE html><p>Not for this rate limit", Blocked),
]


def test_a_403_about_rates_is_too_many_calls() -> None:
    """Getty's gateway says so where others answer 429; the key is good, and the wait is short."""
    found = [find_error(request(), 403, headers, body) for headers, body, _ in RATES]
    assert [type(one) for one in found] == [kind for _, _, kind in RATES]
    error = find_error(request(), 403, {**RATES[0][0], "Retry-After": "7"}, RATES[0][1])
    assert error is not None
    assert (error.kind, error.retry_after) == ("quota", 7)
    assert type(find_error(request(), 401, *RATES[0][:2])) is BadCredentials


def test_a_secret_is_struck_out_of_an_address_in_all_its_forms() -> None:
    """In a path a slash may stand for itself, in a parameter it can't."""
    request = Request(agency="acme", url="http://127.0.0.1", secrets=("key/of one+",))
    text = "/key/of%20one%2B/x?y=key%2Fof%20one%2B&z=key%2Fof+one%2B"
    assert request.redact(text) == "/***/x?y=***&z=***"
