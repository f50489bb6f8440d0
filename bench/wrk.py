"""The program wrk: requests per second, and their times."""

import math
import re
import subprocess
from typing import Final, NamedTuple

from bench.servers import find_program

UNITS: Final = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}


class Load(NamedTuple):
    """A run: requests per second, and times in seconds; infinite when no request was answered."""

    rate: float
    p50: float
    p99: float


def run_wrk(url: str, *, seconds: float, connections: int = 50, header: str = "") -> Load:
    """Load an address as fast as it answers; raise for an error among the answers."""
    command = [find_program("wrk"), "-t1", f"-c{connections}", f"-d{seconds:g}s", "--latency"]
    command += ["-H", header] if header else []
    process = subprocess.run(
        [*command, "--timeout", "20s", url], capture_output=True, text=True, check=True
    )
    if faults := re.findall(r"(?:Socket errors|Non-2xx).*", process.stdout):
        raise RuntimeError(f"{url}: {'; '.join(faults)}")
    rate = re.search(r"Requests/sec:\s+([\d.]+)", process.stdout)
    assert rate is not None, process.stdout
    if float(rate[1]) == 0:
        return Load(0.0, math.inf, math.inf)
    return Load(
        float(rate[1]), _parse_percentile(process.stdout, 50), _parse_percentile(process.stdout, 99)
    )


def _parse_percentile(text: str, percent: int) -> float:
    match = re.search(rf"^\s+{percent}%\s+([\d.]+)(us|ms|s|m)\s*$", text, re.MULTILINE)
    assert match is not None, text
    return float(match[1]) * UNITS[match[2]]
