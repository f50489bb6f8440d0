"""Reads a Dockerfile, and executes its steps in folders without a container engine.

The base is this machine: its programs and its Python are mounted where the base image has its own.
The step that installs packages with pip, for which there is no network in a test, takes the same
packages of this Python instead. All other steps are executed as they stand.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Final, NamedTuple

from tests.support.container import Container
from tests.support.processes import ROOT, clean_environment

PYTHON: Final = "/opt/python"
"""The place at which the folder of this machine's Python is mounted."""
BORROWED: Final = ("bin", "lib", "lib64", "sbin", "usr", "etc/ssl", "etc/alternatives")
BASE_ENVIRON: Final = {
    "PATH": f"{PYTHON}/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
    "LD_LIBRARY_PATH": f"{PYTHON}/lib",
}
PACKAGE: Final = re.compile(r"^([a-z0-9-]+)==", re.MULTILINE)


class Step(NamedTuple):
    """An instruction of a Dockerfile in one line, with its options."""

    name: str
    options: Mapping[str, str]
    text: str

    @property
    def words(self) -> list[str]:
        """Return the arguments: those of a list in JSON, or the words."""
        if self.text.startswith("["):
            return [str(word) for word in json.loads(self.text)]
        return shlex.split(self.text)


def read_stages(file: Path = ROOT / "Dockerfile") -> list[list[Step]]:
    """Return the steps of each stage; the first step of a stage is FROM."""
    stages: list[list[Step]] = []
    for step in iter_steps(file.read_text(encoding="utf-8")):
        if step.name == "FROM":
            stages.append([])
        if stages:
            stages[-1].append(step)
    return stages


def iter_steps(text: str) -> Iterator[Step]:
    """Yield the steps of a Dockerfile, also those before the first stage."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        if line.strip():
            name, _, rest = line.strip().partition(" ")
            words = re.match(r"(?:--[\w-]+=\S+\s+)*", rest)
            options = words.group().split() if words else []
            pairs = dict(option.removeprefix("--").split("=", 1) for option in options)
            yield Step(name, pairs, rest[words.end() if words else 0 :].strip())


def read_context() -> list[str]:
    """Return the paths of the build context, which .dockerignore limits, as git has them."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for path in listed.stdout.splitlines() if is_sent(path)]


def is_sent(path: str) -> bool:
    """Return whether .dockerignore lets a path into the build context; the last match counts."""
    sent = True
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        pattern = line.removeprefix("!")
        if not line or line.startswith("#"):
            continue
        parts = path.split("/")
        starts = ["/".join(parts[: count + 1]) for count in range(len(parts))]
        if pattern.startswith("**/"):
            matched = any(fnmatch(part, pattern.removeprefix("**/")) for part in parts)
        else:
            matched = any(fnmatch(start, pattern) for start in starts)
        if matched:
            sent = line.startswith("!")
    return sent


def build_image(folder: Path) -> Container:
    """Execute the steps of the Dockerfile; return a container of the last stage.

    A folder in which another process has executed them is taken as it is.
    """
    done = folder / "done"
    is_built = done.exists()
    roots: dict[str, Path] = {}
    environ: dict[str, str] = {}
    for number, (first, *steps) in enumerate(read_stages()):
        root = folder / str(number)
        machine = [*_lay_base(root)]
        roots[first.words[-1] if "AS" in first.words else str(number)] = root
        environ = {**BASE_ENVIRON}
        for step in steps:
            if step.name == "COPY" and not is_built:
                _copy(step, roots.get(step.options.get("from", ""), ROOT), root)
            elif step.name == "RUN" and not is_built:
                _run(step, root, machine, environ)
            elif step.name == "ENV":
                for pair in step.words:
                    name, value = pair.split("=", 1)
                    environ[name] = value.replace("$PATH", environ["PATH"])
    done.touch()
    volume = root / "data"
    return Container(root, volume, environ, machine)


def _lay_base(root: Path) -> Iterator[str]:
    """Make the folders of a root; yield bubblewrap's options that fill them from this machine."""
    for name in ("app", "data", "dev", "proc", "tmp", "etc", PYTHON[1:]):
        if name not in {"app", "data"}:
            (root / name).mkdir(parents=True, exist_ok=True)
    for name in BORROWED:
        source = Path("/") / name
        if source.is_symlink():
            if not (root / name).is_symlink():
                (root / name).symlink_to(source.readlink())
        elif source.exists():
            (root / name).mkdir(parents=True, exist_ok=True)
            yield from ("--ro-bind", str(source), str(source))
    yield from ("--ro-bind", sys.base_prefix, PYTHON)


def _copy(step: Step, source: Path, root: Path) -> None:
    """Copy files of another stage or of the build context."""
    *froms, to = step.words
    target = root / to.lstrip("/")
    if source != ROOT:
        assert len(froms) == 1, "one folder is copied from a stage at a time"
        folder = source / froms[0].lstrip("/")
        shutil.copytree(folder, target, symlinks=True, copy_function=os.link, dirs_exist_ok=True)
        return
    context = read_context()
    for name in froms:
        found = [path for path in context if path == name or path.startswith(f"{name}/")]
        assert found, f"{name} is not in the build context"
        for path in found:
            file = target / (Path(path).name if path == name else Path(path).relative_to(name))
            file.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / path, file)


def _run(step: Step, root: Path, machine: list[str], environ: Mapping[str, str]) -> None:
    """Execute a command of the build, with its packages from this Python in place of pip's."""
    command = step.text
    if "pip install" in command:
        command = "python -m venv --without-pip /venv"
    wrap = ["bwrap", "--unshare-pid", "--bind", str(root), "/", *machine, "--dev", "/dev"]
    wrap += ["--proc", "/proc", "--clearenv"]
    for name, value in environ.items():
        wrap += ["--setenv", name, value]
    subprocess.run([*wrap, "sh", "-ec", command], env=clean_environment(), check=True)
    if command != step.text:
        _copy_packages(root / "venv")


def _copy_packages(venv: Path) -> None:
    """Copy the packages of requirements.txt from this Python into a virtual environment."""
    (packages,) = (venv / "lib").glob("python*/site-packages")
    for name in PACKAGE.findall((ROOT / "requirements.txt").read_text(encoding="utf-8")):
        try:
            files = distribution(name).files or []
        except PackageNotFoundError:  # for another system or version of Python
            continue
        for file in files:
            source, target = Path(str(file.locate())), packages / file
            if source.exists() and packages in target.resolve().parents:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target)
