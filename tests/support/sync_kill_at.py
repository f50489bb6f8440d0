"""As `kill_at`, with the steps of fetching and listing a file.

python -m tests.support.sync_kill_at
"""

from affiliate.licensing import downloads, sync
from affiliate.licensing.manifest import Manifest
from affiliate.licensing.parts import Part
from tests.support import kill_at
from tests.support.kill_at import die, wrap

STEPS = (
    "in mid-file",
    "before the tags",
    "after the tags",
    "before the rename",
    "after the rename",
    "after the line",
    "before the mark",
)


def arm(run: kill_at.Run) -> None:
    """Have this process die at a step."""
    match run.step:
        case "in mid-file":
            setattr(Part, "write", _half)  # noqa: B010 - as `wrap` does
        case "before the tags":
            wrap(sync, "write", die, None)  # type: ignore[arg-type] # a module has names too
        case "after the tags":
            wrap(sync, "write", None, die)  # type: ignore[arg-type]
        case "before the rename":
            wrap(downloads, "_place", die, None)  # type: ignore[arg-type]
        case "after the rename":
            wrap(Manifest, "add", die, None)
        case "after the line":
            wrap(Manifest, "add", None, die)
        case "before the mark":
            wrap(Manifest, "set_complete", die, None)


_write = Part.write


def _half(part: Part, chunk: bytes) -> None:
    _write(part, chunk[: len(chunk) // 2])
    die()


if __name__ == "__main__":
    kill_at.arm = arm
    kill_at.main()
