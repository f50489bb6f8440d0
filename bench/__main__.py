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
from bench.report import keep, record, section
from bench.servers import Missing, Servers

FOLDER = Path(__file__).parent
VENV = FOLDER / ".venv"
PYTHON = VENV / "bin" / "python"


def main() -> int:
    """Measure the tables that are named, or all; 1 when one of them could not be."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short runs; prints and keeps nothing")
    parser.add_argument("tables", nargs="*", metavar="NAME", help=f"of {', '.join(TABLES)}")
    arguments = parser.parse_args()
    if unknown := set(arguments.tables) - set(TABLES):
        parser.error(f"there is no table {min(unknown)}")
    move_in()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # so that servers are ended too
    broken = [n for n in TABLES if n in (arguments.tables or TABLES) and not measure(n, arguments)]
    if broken:
        print(f"Could not be measured: {', '.join(broken)}")
    return 1 if broken else 0


def measure(name: str, arguments: argparse.Namespace) -> bool:
    """Measure one table; an error is printed and the next one goes on."""
    print(f"{name} ...", file=sys.stderr, flush=True)
    started, load = time.monotonic(), os.getloadavg()[0]
    servers = Servers()
    try:
        table = importlib.import_module(f"bench.{name}").run(servers, quick=arguments.quick)
    except Missing as error:
        print(f"{name}: {error}", flush=True)
        return False
    except Exception:  # noqa: BLE001 - whatever it was, the other tables can be measured
        traceback.print_exc()
        return False
    finally:
        servers.close()
    one = record(table, time.monotonic() - started, load, quick=arguments.quick)
    if not arguments.quick:
        keep(name, one)
    print(section(name, one), flush=True)
    return True


def move_in() -> None:
    """Go on in the environment that has the peers, made if need be; or without some of them."""
    if Path(sys.prefix) == VENV:
        return
    wanted = [FOLDER.parent / "requirements.txt", FOLDER / "requirements.txt"]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in wanted)).hexdigest()
    stamp = VENV / "made-from"
    try:
        if not stamp.exists() or stamp.read_text() != digest:
            print("Making bench/.venv ...", file=sys.stderr, flush=True)
            venv.create(VENV, clear=True, with_pip=True)
            pip = [PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
            subprocess.run([*pip, "--require-hashes", "-r", wanted[0]], check=True)
            subprocess.run([*pip, "-r", wanted[1]], check=True)
            stamp.write_text(digest)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"bench/.venv can't be made ({error}); some peers will be missing", flush=True)
        return
    os.execv(PYTHON, [PYTHON, "-m", "bench", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
