"""Reads the text format of Prometheus."""

import re
import urllib.request
from collections import defaultdict

TOKEN = "kJh3489dfjkh34kjhdf9834hkjdfhkjh34-x"
"""A token as a site may have it."""
BEARER = {"Authorization": f"Bearer {TOKEN}"}
LINE = re.compile(r"(\w+)(?:\{(.*)\})? (\S+)")


class Scrape:
    """The values of a scrape, by name and labels."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.values: dict[str, dict[str, float]] = defaultdict(dict)
        for line in text.splitlines():
            if not line.startswith("#"):
                found = LINE.fullmatch(line)
                assert found, line
                self.values[found[1]][found[2] or ""] = float(found[3])

    def get(self, name: str, labels: str = "") -> float:
        """Return one value."""
        return self.values[name][labels]

    def sum(self, name: str, part: str = "") -> float:
        """Return the sum of the values whose labels have a part."""
        return sum(value for labels, value in self.values[name].items() if part in labels)


def scrape(url: str) -> Scrape:
    """Return the metrics of a running site."""
    request = urllib.request.Request(f"{url}/metrics", headers=BEARER)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return Scrape(answer.read().decode())
