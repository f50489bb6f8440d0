"""``python -m bench [--quick] [NAME...]``: measures the tables that are named, or all.

The results go to ``RESULTS.md`` and ``results.json``; a quick run only prints.
The peers live in an environment of their own, ``bench/.venv``.
"""

import argparse
import hashlib
import importlib
import os
import signal
import subprocess
import sys
import time
import traceback
import venv
from pathlib import Path

from bench import TABLES
from bench.report import build_record, format_section, save
from bench.servers import MissingProgram, Servers

FOLDER = Path(__file__).parent
VENV = FOLDER / ".venv"
PYTHON = VENV / "bin" / "python"


def main() -> int:
    """Measure the named tables, or all; return 1 when a table could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short runs; prints and keeps nothing")
    parser.add_argument("tables", nargs="*", metavar="NAME", help=f"of {', '.join(TABLES)}")
    arguments = parser.parse_args()
    if unknown := set(arguments.tables) - set(TABLES):
        parser.error(f"there is no table {min(unknown)}")
    install_peers()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # an exit ends the servers, too
    broken = [n for n in TABLES if n in (arguments.tables or TABLES) and not measure(n, arguments)]
    if broken:
        print(f"Could not be measured: {', '.join(broken)}")
    return 1 if broken else 0


def measure(name: str, arguments: argparse.Namespace) -> bool:
    """Measure a table; print an error, and let the next table go on."""
    print(f"{name} ...", file=sys.stderr, flush=True)
    started, load = time.monotonic(), os.getloadavg()[0]
    servers = Servers()
    try:
        table = importlib.import_module(f"bench.{name}").run(servers, quick=arguments.quick)
    except MissingProgram as error:
        print(f"{name}: {error}", flush=True)
        return False
    except Exception:  # noqa: BLE001 - after any error the other tables can be measured
        traceback.print_exc()
        return False
    finally:
        servers.close()
    result = build_record(table, time.monotonic() - started, load, quick=arguments.quick)
    if not arguments.quick:
        save(name, result)
    print(format_section(name, result), flush=True)
    return True


def install_peers() -> None:
    """Continue in the peers' environment, made if needed; without some peers where that fails."""
    if Path(sys.prefix) == VENV:
        return
    requirements = [FOLDER.parent / "requirements.txt", FOLDER / "requirements.txt"]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in requirements)).hexdigest()
    stamp = VENV / "made-from"
    try:
        if not stamp.exists() or stamp.read_text() != digest:
            print("Making bench/.venv ...", file=sys.stderr, flush=True)
            venv.create(VENV, clear=True, with_pip=True)
            pip = [PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
            subprocess.run([*pip, "--require-hashes", "-r", requirements[0]], check=True)
            subprocess.run([*pip, "-r", requirements[1]], check=True)
            stamp.write_text(digest)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"bench/.venv can't be made ({error}); some peers will be missing", flush=True)
        return
    os.execv(PYTHON, [PYTHON, "-m", "bench", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
