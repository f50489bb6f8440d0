"""A slow link: a separate process that relays connections with a delay and a bit rate.

``python -m bench.slow_link ROUND_TRIP_SECONDS BITS_A_SECOND TARGET_PORT...`` prints a port for each
target and serves until the process is ended. All connections share the bit rate, separately in each
direction. The first bytes of a client wait for one more round trip, which opening a connection
takes on a real link. The slow start of TCP is not modeled.
"""

import asyncio
import sys
from contextlib import suppress
from typing import Final

from bench.ending import wait_for_end

CHUNK: Final = 1460
"""Bytes of a packet."""


class Link:
    """One direction of the link, shared by all connections."""

    def __init__(self, delay: float, bits: float) -> None:
        self.delay = delay
        self.bits = bits
        self.free_at = 0.0

    def arrival(self, size: int, earliest: float) -> float:
        """Return the time at which ``size`` bytes arrive that are ready at ``earliest``."""
        self.free_at = max(self.free_at, earliest) + 8 * size / self.bits
        return self.free_at + self.delay


class Relay:
    """A listener for one target."""

    def __init__(self, target: int, round_trip: float, up: Link, down: Link) -> None:
        self.target = target
        self.round_trip = round_trip
        self.up = up
        self.down = down

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Relay a connection until both sides have closed it."""
        opened_at = asyncio.get_running_loop().time() + self.round_trip
        with suppress(OSError):
            back, there = await asyncio.open_connection("127.0.0.1", self.target)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.pump(reader, there, self.up, opened_at))
                tasks.create_task(self.pump(back, writer, self.down, 0.0))

    @staticmethod
    async def pump(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, link: Link, ready_at: float
    ) -> None:
        """Pass on each packet at its time of arrival."""
        loop = asyncio.get_running_loop()
        packets: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def deliver() -> None:
            while (packet := await packets.get())[1]:
                await asyncio.sleep(packet[0] - loop.time())
                writer.write(packet[1])
            await asyncio.sleep(packet[0] - loop.time())
            writer.close()

        delivering = asyncio.create_task(deliver())
        with suppress(OSError):
            while data := await reader.read(CHUNK):
                now = max(loop.time(), ready_at)
                packets.put_nowait((link.arrival(len(data), now), data))
        packets.put_nowait((loop.time() + link.delay, b""))
        with suppress(OSError):
            await delivering


async def serve(round_trip: float, bits: float, targets: list[int]) -> None:
    """Relay to all targets until SIGTERM."""
    up, down = Link(round_trip / 2, bits), Link(round_trip / 2, bits)
    for target in targets:
        relay = Relay(target, round_trip, up, down)
        server = await asyncio.start_server(relay.serve, "127.0.0.1", 0)
        print(server.sockets[0].getsockname()[1], flush=True)
    await wait_for_end()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1]), float(sys.argv[2]), [int(port) for port in sys.argv[3:]]))
