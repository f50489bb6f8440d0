"""The report of a run: tables in Markdown, and the same figures as JSON."""

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
from bench.servers import MissingProgram, find_program

FOLDER: Final = Path(__file__).parent
MARKDOWN: Final = FOLDER / "RESULTS.md"
FIGURES: Final = FOLDER / "results.json"
PACKAGES: Final = (
    *("flask", "flask-caching", "granian", "msgspec", "redis", "requests"),
    *("requests-cache", "dogpile.cache"),
)


@dataclass(frozen=True)
class Goal:
    """A bar and the value reached; ``at_least`` is whether the bar is a minimum."""

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
    """A table: rows, method, the peers' configuration, goals, raw figures."""

    title: str
    how: str
    columns: list[str]
    rows: list[list[str]] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)
    peers: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)

    def note_missing(self, name: str, error: MissingProgram) -> None:
        """Print and note that a row was not measured, and why."""
        print(f"  not measured: {name}: {error}", flush=True)
        self.notes.append(f"Not measured: {name}. {error}.")
        self.rows.append([name, "not measured", *[""] * (len(self.columns) - 2)])


def build_record(table: Table, seconds: float, load: float, *, quick: bool) -> dict[str, Any]:
    """Return a table's record, with the time and the load of the measurement."""
    return {
        **asdict(table),
        "goals": [{**asdict(goal), "met": goal.met, "line": goal.line()} for goal in table.goals],
        "measured_at": datetime.now(UTC).isoformat(timespec="minutes"),
        "seconds": round(seconds),
        "load_before": load,
        "quick": quick,
    }


def save(name: str, result: dict[str, Any]) -> None:
    """Replace a table's record among the records of earlier runs, and rewrite both files."""
    results = json.loads(FIGURES.read_text()) if FIGURES.exists() else {"tables": {}}
    results["machine"] = describe_machine()
    results["tables"][name] = result
    text = json.dumps(replace_infinite(results), indent=1, ensure_ascii=False, allow_nan=False)
    FIGURES.write_text(text + "\n")
    MARKDOWN.write_text(format_report(results))


def replace_infinite(value: Any) -> Any:  # noqa: ANN401 - what JSON holds
    """Return the value with null for infinite numbers and NaN, which JSON doesn't have."""
    if isinstance(value, dict):
        return {name: replace_infinite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [replace_infinite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def format_report(results: dict[str, Any]) -> str:
    """Return the whole report in Markdown."""
    machine = "".join(f"- {name}: {text}\n" for name, text in results["machine"].items())
    tables = [format_section(n, results["tables"][n]) for n in TABLES if n in results["tables"]]
    return (
        "# Results\n\nWritten by `make bench` (`python -m bench NAME...` measures single tables"
        f" anew).\n\n{machine}\n" + "\n".join(tables)
    )


def format_section(name: str, result: dict[str, Any]) -> str:
    """Return a table in Markdown."""
    lines = [f"## {result['title']}", "", result["how"], ""]
    lines += [_format_row(result["columns"]), _format_row(["---"] * len(result["columns"]))]
    lines += [_format_row(row) for row in result["rows"]] + [""]
    lines += [f"- {goal['line']}" for goal in result["goals"]]
    lines += [f"- {note}" for note in result["notes"]]
    lines += [f"- {peer}: {text}" for peer, text in result["peers"].items()]
    command = f"python -m bench{' --quick' if result['quick'] else ''} {name}"
    load = f"load average before it: {result['load_before']:.1f}"
    lines += [f"- `{command}`, {result['measured_at']}, {result['seconds']} s; {load}", ""]
    return "\n".join(lines)


def _format_row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def describe_machine() -> dict[str, str]:
    """Return the processor, the system and versions."""
    cpu = re.search(r"model name\s*: (.*)", _read("/proc/cpuinfo"))
    memory = re.search(r"MemTotal:\s+(\d+)", _read("/proc/meminfo"))
    system = re.search(r'PRETTY_NAME="(.*)"', _read("/etc/os-release"))
    packages = (f"{name} {_find_version(name)}" for name in PACKAGES)
    return {
        "Machine": f"{os.cpu_count()} cores, {cpu[1] if cpu else platform.machine()},"
        f" {int(memory[1]) / 1e6 if memory else 0:.0f} GB",
        "System": f"{system[1] if system else platform.system()}, Linux {platform.release()}",
        "Python": f"{sys.version.split()[0]}: {', '.join(packages)}",
        "Programs": ", ".join(
            [
                _program_version("wrk", "-v"),
                _program_version("nginx", "-v"),
                _program_version("redis-server", "--version"),
            ]
        ),
    }


def _find_version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "missing"


def _program_version(name: str, option: str) -> str:
    try:
        process = subprocess.run(
            [find_program(name), option], capture_output=True, text=True, check=False
        )
    except MissingProgram:
        return f"{name} missing"
    version = re.search(r"\d+\.\d+(\.\d+)?", process.stdout + process.stderr)
    return f"{name} {version[0] if version else '?'}"


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def format_milliseconds(seconds: float) -> str:
    """Return the text of a time in a cell."""
    if seconds == math.inf:
        return "no answer"
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else f"{seconds:.2f} s"
