"""The end of the bench's small servers."""

import asyncio
import signal


async def wait_for_end() -> None:
    """Wait until the process is asked to end."""
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    await ended.wait()
