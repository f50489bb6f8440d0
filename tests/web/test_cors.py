"""Scripts of other sites may read what is shared, and nothing else; everyone, or some sites."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pytest

from affiliate.web.cors import CorsMiddleware

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment


KEPT = ("Cache-Control", "public, max-age=60, s-maxage=900")


def application(_environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
    start("200 OK", [("Vary", "Accept-Encoding"), KEPT])
    return [b"x"]


def headers(path: str, origin: str = "", sites: Iterable[str] = ()) -> list[tuple[str, str]]:
    """Return the headers of an answer."""
    found: list[tuple[str, str]] = []

    def start(_status: str, head: list[tuple[str, str]], _info: Any = None) -> Any:
        found.extend(head)

    environ = {"PATH_INFO": path} | ({"HTTP_ORIGIN": origin} if origin else {})
    assert list(CorsMiddleware(application, ["/open"], list(sites))(environ, start)) == [b"x"]
    return found


@pytest.mark.parametrize("origin", ["", "https://blog.example", "null"])
def test_every_site_may_read(origin: str) -> None:
    """Without a list the answer is the same for everyone, so that it can be cached for all."""
    wanted = [("Vary", "Accept-Encoding"), KEPT, ("Access-Control-Allow-Origin", "*")]
    assert headers("/open", origin) == wanted


@pytest.mark.parametrize("path", ["/", "/opened", "/open/", "/clicks"])
def test_other_paths_are_not_shared(path: str) -> None:
    """What is not named is left as it is."""
    for sites in ([], ["blog.example"]):
        assert headers(path, "https://blog.example", sites) == [("Vary", "Accept-Encoding"), KEPT]


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://blog.example", True),
        ("http://Blog.example", True),
        ("https://localhost:8080", True),
        ("https://localhost", False),
        ("https://me.blogs.example", True),
        ("https://a.b.Blogs.example", True),
        ("https://blogs.example", False),
        ("https://.blogs.example.evil.example", False),
        ("https://evilblogs.example", False),
        ("https://me.blogs.example:8080", False),
        ("https://me.ports.example:8080", True),
        ("https://me.ports.example", False),
        ("https://www.blog.example", False),
        ("https://blog.example:8080", False),
        ("https://blog.example.evil.example", False),
        ("https://evilblog.example", False),
        ("https://[", False),
        ("null", False),
        ("", False),
    ],
)
def test_some_sites_may_read(origin: str, allowed: bool) -> None:  # noqa: FBT001 - one case of the table
    """With a list only its hosts are let in, by name and port; answers vary by who asks."""
    sites = ["blog.example", "localhost:8080", "*.blogs.example", "*.ports.example:8080"]
    found = headers("/open", origin, sites)
    assert ("Vary", "Origin") in found
    grants = [value for name, value in found if name == "Access-Control-Allow-Origin"]
    assert grants == ([origin] if allowed else [])


@pytest.mark.parametrize("origin", ["https://blog.example", "https://evil.example", ""])
def test_what_some_sites_may_read_is_kept_by_no_cdn(origin: str) -> None:
    """One that passes over Vary would give the answer for one site to another."""
    said = [value for name, value in headers("/open", origin, ["blog.example"]) if name == KEPT[0]]
    assert said == ["private, max-age=60, s-maxage=900"]
