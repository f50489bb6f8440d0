"""The owner's logo is read with its size; whatever is no logo is refused with a reason."""

from pathlib import Path

import pytest

from affiliate.config.loading import load_config
from affiliate.config.site_logo import MAX_BYTES
from affiliate.errors import ConfigError
from tests.support.processes import ROOT

SVG = '<?xml version="1.0"?>\n<!-- a logo --><svg xmlns="http://www.w3.org/2000/svg" {}><g/></svg>'
SIZES = {
    'viewBox="0 0 120.4 30"': (120, 30),
    "viewBox='-5,-5, 64 32'": (64, 32),
    'width="90" height="45px" viewBox="0 0 2 1"': (90, 45),
    'width="100%" height="100%" viewBox="0 0 40 20"': (40, 20),
}
NO_LOGOS = {
    "no size": SVG.format("").encode(),
    "no width": SVG.format('viewBox="0 0 0 10"').encode(),
    "a page": b"<!doctype html><title>Logo</title>",
    "half a PNG": (ROOT / "static" / "icon-48.png").read_bytes()[:20],
    "a GIF": b"GIF89a\x01\x00\x01\x00",
    "nothing": b"",
    "too large": SVG.format('viewBox="0 0 9 9"').encode() + b" " * MAX_BYTES,
}


@pytest.mark.parametrize(("attributes", "size"), SIZES.items())
def test_the_size_of_an_svg_is_that_of_its_root(
    tmp_path: Path, attributes: str, size: tuple[int, int]
) -> None:
    """Pixels of width and height count, else the view box."""
    (tmp_path / "logo.svg").write_text(SVG.format(attributes))
    logo = load_config({"SITE_LOGO": "logo.svg"}, {}, folder=tmp_path).site_logo
    assert logo
    assert (logo.width, logo.height, logo.mimetype) == (*size, "image/svg+xml")


def test_the_size_of_a_png_is_in_its_header() -> None:
    """The file's own pixels count."""
    logo = load_config({"SITE_LOGO": "static/icon-48.png"}, {}, folder=ROOT).site_logo
    assert logo
    assert (logo.width, logo.height, logo.mimetype) == (48, 48, "image/png")


@pytest.mark.parametrize("body", NO_LOGOS.values(), ids=NO_LOGOS)
def test_what_is_no_logo_is_refused(tmp_path: Path, body: bytes) -> None:
    """The start says what the file must be."""
    (tmp_path / "logo").write_bytes(body)
    with pytest.raises(ConfigError, match=r"SITE_LOGO must be a (PNG )?file"):
        load_config({"SITE_LOGO": "logo"}, {}, folder=tmp_path)


@pytest.mark.parametrize("path", ["nope.svg", ".", "https://a.example/logo.svg", "$NOPE/logo.svg"])
def test_a_path_without_a_file_is_refused(tmp_path: Path, path: str) -> None:
    """A logo of another site would tell that site of every visit."""
    with pytest.raises(ConfigError, match="SITE_LOGO"):
        load_config({"SITE_LOGO": path}, {}, folder=tmp_path)
