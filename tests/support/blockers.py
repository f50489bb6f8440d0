"""Asks an ad-blocking engine what EasyList and EasyPrivacy block on this site."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

RULES: Final = sorted(
    Path("/usr/share/mozilla/extensions").glob("*/uBlock0*/assets/thirdparties/easylist/easy*.txt")
)
"""EasyList and EasyPrivacy, as Debian's webext-ublock-origin-firefox brings them."""
PROGRAM: Final = Path(__file__).with_name("blockers.mjs")
PACKAGES: Final = Path(__file__).parents[1] / "browser" / "package.json"


class Verdict(msgspec.Struct):
    """The rules that block requests, and the styles that hide parts of pages."""

    blocked: list[str | None]
    hidden: list[str]


def judge(
    requests: Sequence[Mapping[str, str]], pages: Sequence[Mapping[str, Any]] = ()
) -> Verdict:
    """Apply the rules to requests (url, type, page) and to pages (url, ids, classes)."""
    asked = json.dumps({"requests": requests, "pages": pages})
    command = ["node", str(PROGRAM), str(PACKAGES), *map(str, RULES)]
    done = subprocess.run(command, input=asked, capture_output=True, text=True, check=True)
    return msgspec.json.decode(done.stdout, type=Verdict)
