"""How the host name of a site is read, however it is written."""

import pytest

from affiliate.domain.site_names import read_host

LABEL = "x" * 63
LONGEST = ".".join([LABEL, LABEL, LABEL, "x" * 61])


@pytest.mark.parametrize(
    ("written", "host"),
    [
        ("blog.example", "blog.example"),
        (" Blog.EXAMPLE ", "blog.example"),
        ("blog.example\n", "blog.example"),
        ("www.blog.example", "www.blog.example"),
        ("blog.example.", "blog.example"),
        ("localhost", "localhost"),
        ("localhost:8000", "localhost"),
        ("my_blog.example", "my_blog.example"),
        ("127.0.0.1:8080", "127.0.0.1"),
        ("https://blog.example", "blog.example"),
        ("https://blog.example:8443/x?y=//z#w", "blog.example"),
        ("HTTPS://WWW.Blog.Example/", "www.blog.example"),
        ("//blog.example/x", "blog.example"),
        ("blog.example/x/y", "blog.example"),
        ("blog.example?x=//y", "blog.example"),
        ("https://me:secret@blog.example/", "blog.example"),
        ("me:secret@blog.example", "blog.example"),
        ("::1", "[::1]"),
        ("[::1]", "[::1]"),
        ("[::1]:8080", "[::1]"),
        ("http://[2001:DB8:0:0:0:0:0:1]:8080/", "[2001:db8::1]"),
        ("2001:db8::1", "[2001:db8::1]"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("https://BÜCHER.example/", "xn--bcher-kva.example"),
        ("straße.example", "xn--strae-oqa.example"),
        ("ｂｌｏｇ。example", "blog.example"),  # noqa: RUF001 - as it is typed in Japan
        ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        (LONGEST, LONGEST),
        (f"{LONGEST}.", LONGEST),
    ],
)
def test_reads_a_host(written: str, host: str) -> None:
    """Names and addresses come to one form, without port, path, user and password."""
    assert read_host(written) == host
    assert read_host(host) == host


@pytest.mark.parametrize(
    "written",
    [
        *("", " ", "\n", ".", "..", "a..b", ".example", "null", "a b", "a\tb", "a\nb", "b\x00"),
        *("<b>", '"blog.example"', "'blog.example'", "blog%2eexample", "%00", "a,b", "a;b", "*.b"),
        *("http://", "https:///x", "file:///home/me", "about:srcdoc", "data:text/html,x"),
        *("javascript:alert(1)", "blob:https://blog.example/1", "blog.example:port"),
        *("blog.example:123456", "[::1", "::1]:80", "[::1%25eth0]", "fe80::1%eth0", "[v1.x]"),
        *("https:\\\\blog.example", "blog\\x", f"{LONGEST}x", "x" * 64, "ü" * 64, "\ud800"),
        *("é" * 253, "https://blog.example/" + "x" * 2048, "\u200b", "a\u202eb.example"),
        *(None, 1.5, 7, True, b"blog.example", ["blog.example"], {"a": 1}),
    ],
)
def test_what_cannot_be_read_is_empty(written: object) -> None:
    """Nothing is refused: a name serves figures alone."""
    assert read_host(written) == ""
