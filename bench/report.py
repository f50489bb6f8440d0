"""What a run says: tables in Markdown, and the same figures as JSON beside them."""

import importlib.metadata
import json
import math
import os
import platform
import re
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from bench import TABLES
from bench.servers import Missing, program

FOLDER: Final = Path(__file__).parent
MARKDOWN: Final = FOLDER / "RESULTS.md"
FIGURES: Final = FOLDER / "results.json"
PACKAGES: Final = (
    *("flask", "flask-caching", "granian", "msgspec", "redis", "requests"),
    *("requests-cache", "dogpile.cache"),
)


@dataclass(frozen=True)
class Goal:
    """A bar and what was reached; ``at_least`` says on which side of it to be."""

    text: str
    value: float
    bar: float
    at_least: bool = True

    @property
    def met(self) -> bool:
        return self.value >= self.bar if self.at_least else self.value <= self.bar

    def line(self) -> str:
        sign = "≥" if self.at_least else "≤"
        word = "met" if self.met else "**missed**"
        return f"{self.text}: {self.value:.4g} (goal {sign} {self.bar:g}): {word}"


@dataclass
class Table:
    """One table: what was measured and how, the peers' configuration, goals, raw figures."""

    title: str
    how: str
    columns: list[str]
    rows: list[list[str]] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)
    peers: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)

    def missing(self, name: str, error: Missing) -> None:
        """Say aloud that something was not measured, and why."""
        print(f"  not measured: {name}: {error}", flush=True)
        self.notes.append(f"Not measured: {name}. {error}.")
        self.rows.append([name, "not measured", *[""] * (len(self.columns) - 2)])


def record(table: Table, seconds: float, load: float, *, quick: bool) -> dict[str, Any]:
    """Return a table as it is kept, with when and under which load it was measured."""
    return {
        **asdict(table),
        "goals": [{**asdict(goal), "met": goal.met, "line": goal.line()} for goal in table.goals],
        "measured_at": datetime.now(UTC).isoformat(timespec="minutes"),
        "seconds": round(seconds),
        "load_before": load,
        "quick": quick,
    }


def keep(name: str, one: dict[str, Any]) -> None:
    """Put a table's record among those of earlier runs, and write both files anew."""
    known = json.loads(FIGURES.read_text()) if FIGURES.exists() else {"tables": {}}
    known["machine"] = machine()
    known["tables"][name] = one
    text = json.dumps(finite(known), indent=1, ensure_ascii=False, allow_nan=False)
    FIGURES.write_text(text + "\n")
    MARKDOWN.write_text(markdown(known))


def finite(value: Any) -> Any:  # noqa: ANN401 - what JSON holds
    """Return the value with null for infinite numbers, which JSON doesn't have."""
    if isinstance(value, dict):
        return {name: finite(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def markdown(known: dict[str, Any]) -> str:
    """Return the whole report."""
    machine = "".join(f"- {name}: {text}\n" for name, text in known["machine"].items())
    tables = [section(n, known["tables"][n]) for n in TABLES if n in known["tables"]]
    return (
        "# Results\n\nWritten by `make bench` (`python -m bench NAME...` measures single tables"
        f" anew).\n\n{machine}\n" + "\n".join(tables)
    )


def section(name: str, one: dict[str, Any]) -> str:
    """One table in Markdown."""
    lines = [f"## {one['title']}", "", one["how"], ""]
    lines += [_row(one["columns"]), _row(["---"] * len(one["columns"]))]
    lines += [_row(row) for row in one["rows"]] + [""]
    lines += [f"- {goal['line']}" for goal in one["goals"]]
    lines += [f"- {note}" for note in one["notes"]]
    lines += [f"- {peer}: {text}" for peer, text in one["peers"].items()]
    command = f"python -m bench{' --quick' if one['quick'] else ''} {name}"
    load = f"load average before it: {one['load_before']:.1f}"
    lines += [f"- `{command}`, {one['measured_at']}, {one['seconds']} s; {load}", ""]
    return "\n".join(lines)


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def machine() -> dict[str, str]:
    """Processor, system and versions."""
    cpu = re.search(r"model name\s*: (.*)", _read("/proc/cpuinfo"))
    memory = re.search(r"MemTotal:\s+(\d+)", _read("/proc/meminfo"))
    system = re.search(r'PRETTY_NAME="(.*)"', _read("/etc/os-release"))
    packages = (f"{name} {_version(name)}" for name in PACKAGES)
    return {
        "Machine": f"{os.cpu_count()} cores, {cpu[1] if cpu else platform.machine()},"
        f" {int(memory[1]) / 1e6 if memory else 0:.0f} GB",
        "System": f"{system[1] if system else platform.system()}, Linux {platform.release()}",
        "Python": f"{sys.version.split()[0]}: {', '.join(packages)}",
        "Programs": ", ".join(
            [_said("wrk", "-v"), _said("nginx", "-v"), _said("redis-server", "--version")]
        ),
    }


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "missing"


def _said(name: str, option: str) -> str:
    try:
        done = subprocess.run([program(name), option], capture_output=True, text=True, check=False)
    except Missing:
        return f"{name} missing"
    version = re.search(r"\d+\.\d+(\.\d+)?", done.stdout + done.stderr)
    return f"{name} {version[0] if version else '?'}"


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def milliseconds(seconds: float) -> str:
    """Return a time for a cell."""
    if seconds == math.inf:
        return "no answer"
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else f"{seconds:.2f} s"
