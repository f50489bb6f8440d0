"""Programs are told from browsers, and what robots.txt excludes is found in every spelling."""

import pytest

from affiliate.domain.robots import counts_search, is_disallowed, is_program


@pytest.mark.parametrize(
    "path",
    [
        "/api/search?q=cat",
        "/api/",
        "/%61pi/search",
        "/%6fwner/",
        "/%6Fwner/",
        "/search?q=cat&wait=1",
        "/search?q=cat&%77ait=1",
        "/search?q=cat&w%61%69t=%31",
        "/sug%67est?q=c",
        "/a\nb?wait=1",
        "/a\r\n\u2028b?q=\n&wait=1",
        "/search?q=%0a&wait=1",
    ],
)
def test_what_robots_leave_alone_is_hidden(path: str) -> None:
    """Escaped letters and digits are compared as they are, and any sign may stand before."""
    assert is_disallowed(path)


@pytest.mark.parametrize(
    "path",
    ["/", "/search?q=api/", "/search?wait%3D1", "/%2Fapi/", "/x/api/", "/apis", "/%2561pi/", "/%"],
)
def test_other_addresses_are_open(path: str) -> None:
    """Signs that part an address stay as they are spelled, and nothing is decoded twice."""
    assert not is_disallowed(path)


@pytest.mark.parametrize(
    "agent",
    [
        "",
        "Mozilla/5.0 (compatible; YandexImages/3.0; +http://yandex.com/bots)",
        "Mozilla/5.0 (compatible; Yeti/1.1)",
        "Mozilla/5.0 (compatible; CensysInspect/1.1)",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/140.0 Safari/537.36",
        "Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0 Safari/537.36 PTST/240101",
        "Mozilla/5.0 AppleWebKit/537.36 BingPreview/1.0b",
        "Mozilla/5.0 zgrab/0.x",
        "ia_archiver",
        "WhatsApp/2.23.20",
        "Apache-HttpClient/4.5.14 (Java/17)",
        "got (https://github.com/sindresorhus/got)",
        "node",
        "GuzzleHttp/7",
        "reqwest/0.12",
        "kube-probe/1.31",
        "ELB-HealthChecker/2.0",
        "PostmanRuntime/7.42",
    ],
)
def test_programs_are_no_visitors(agent: str) -> None:
    assert is_program(agent)
    assert not counts_search(agent, "/search")


@pytest.mark.parametrize(
    "agent",
    [
        "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0",
        "Mozilla/5.0 (Linux; Android 10; CUBOT X30) AppleWebKit/537.36 Chrome/140.0 Mobile",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1",
        "Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; Trident/6.0)",
        "Mozilla/5.0 (compatible; Konqueror/4.14; Linux) KHTML/4.14",
        "Opera/9.80 (Android; Opera Mini/80) Presto/2.12",
    ],
)
def test_browsers_are_visitors(agent: str) -> None:
    assert not is_program(agent)
    assert counts_search(agent, "/search")
