"""Make the clips of the pretend shop: each pans over a photograph of the demo catalog.

Run ``python -m tools.make_clips`` from the top of the repository, after ``make_catalog.py``. Needs
Debian's ``ffmpeg``; the site itself needs none.
"""

import subprocess
from pathlib import Path
from typing import Final

from affiliate.agencies.demo.shop import CLIP_SECONDS, CLIPS

STATIC: Final = Path(__file__).resolve().parent.parent / "static"
PAN: Final = f"scale=-2:400,crop=640:360:x='(iw-640)*t/{CLIP_SECONDS}':y=20,format=yuv420p"
"""A filter that moves a window of 640 x 360 px from the left to the right of a photograph."""
CODEC: Final = ("-c:v", "libx264", "-preset", "veryslow", "-crf", "23", "-movflags", "+faststart")
"""Settings of the codec: H.264, which every browser plays."""


def main() -> int:
    """Make all clips."""
    folder = STATIC / "demo-shop"
    folder.mkdir(exist_ok=True)
    for name in CLIPS:
        photograph = STATIC / "demo" / f"{name}-large.webp"
        still = ("-loop", "1", "-framerate", "25", "-i", str(photograph))
        length = ("-t", str(CLIP_SECONDS))
        command = ["ffmpeg", "-y", "-v", "error", *still, "-vf", PAN, *length, *CODEC]
        clip = folder / f"{name}.mp4"
        subprocess.run([*command, str(clip)], check=True)
        print(f"{clip.name}: {clip.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
