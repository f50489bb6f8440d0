"""What robots.txt keeps crawlers from is found in every spelling of an address."""

import pytest

from affiliate.domain.robots import is_disallowed


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
