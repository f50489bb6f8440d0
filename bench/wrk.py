"""wrk: how many requests a second, and how long they take."""

import math
import re
import subprocess
from typing import Final, NamedTuple

from bench.servers import program

UNITS: Final = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}


class Load(NamedTuple):
    """One run: requests per second, and times in seconds; infinite when none was answered."""

    rate: float
    p50: float
    p99: float


def wrk(url: str, *, seconds: float, connections: int = 50, header: str = "") -> Load:
    """Ask one address as fast as it answers; an error among the answers is one here too."""
    command = [program("wrk"), "-t1", f"-c{connections}", f"-d{seconds:g}s", "--latency"]
    command += ["-H", header] if header else []
    done = subprocess.run(
        [*command, "--timeout", "20s", url], capture_output=True, text=True, check=True
    )
    if faults := re.findall(r"(?:Socket errors|Non-2xx).*", done.stdout):
        raise RuntimeError(f"{url}: {'; '.join(faults)}")
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    assert rate is not None, done.stdout
    if float(rate[1]) == 0:
        return Load(0.0, math.inf, math.inf)
    return Load(float(rate[1]), _share(done.stdout, 50), _share(done.stdout, 99))


def _share(text: str, percent: int) -> float:
    found = re.search(rf"^\s+{percent}%\s+([\d.]+)(us|ms|s|m)\s*$", text, re.MULTILINE)
    assert found is not None, text
    return float(found[1]) * UNITS[found[2]]
