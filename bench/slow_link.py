"""A slow link: a separate process that relays connections with a delay and a bit rate.

``python -m bench.slow_link ROUND_TRIP_SECONDS BITS_A_SECOND TARGET_PORT...`` prints a port for each
target and serves until the process is ended. All connections share the bit rate, separately in each
direction. The first bytes of a client wait for one more round trip, which opening a connection
takes on a real link. Packets for a connection that the client has closed are dropped. The slow
start of TCP is not modeled.
"""

import asyncio
import sys
from contextlib import suppress
from typing import Final

from bench.ending import wait_for_end

CHUNK: Final = 1460
"""Bytes of a packet."""


class Connection:
    """One direction of a connection; ``closed`` is whether the receiver has gone."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self.closed = False

    def deliver(self, data: bytes) -> None:
        """Pass on a packet; no bytes close the connection."""
        if data and not self.closed:
            self.writer.write(data)
        elif not data:
            self.writer.close()


class Link:
    """One direction of the link, shared by all connections; drops what nobody waits for."""

    def __init__(self, delay: float, bits: float) -> None:
        self.delay = delay
        self.bits = bits
        self.packets: asyncio.Queue[tuple[float, Connection, bytes]] = asyncio.Queue()

    async def send(self) -> None:
        """Send each packet at the bit rate, without end."""
        loop = asyncio.get_running_loop()
        free_at = 0.0
        while True:
            ready_at, connection, data = await self.packets.get()
            if data and connection.closed:
                continue
            free_at = max(free_at, ready_at) + 8 * max(len(data), 1) / self.bits
            await asyncio.sleep(free_at - loop.time())
            loop.call_at(free_at + self.delay, connection.deliver, data)


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
            to_client = Connection(writer)

            async def pump_up() -> None:
                await self.pump(reader, Connection(there), self.up, opened_at)
                to_client.closed = True  # what is under way to an aborted request takes no time

            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(pump_up())
                tasks.create_task(self.pump(back, to_client, self.down, 0.0))

    @staticmethod
    async def pump(
        reader: asyncio.StreamReader, connection: Connection, link: Link, ready_at: float
    ) -> None:
        """Put each packet on the link, the first at ``ready_at`` or later."""
        loop = asyncio.get_running_loop()
        data = b"-"
        while data:
            try:
                data = await reader.read(CHUNK)
            except OSError:
                data = b""
            await asyncio.sleep(ready_at - loop.time())
            link.packets.put_nowait((loop.time(), connection, data))


async def serve(round_trip: float, bits: float, targets: list[int]) -> None:
    """Relay to all targets until SIGTERM."""
    up, down = Link(round_trip / 2, bits), Link(round_trip / 2, bits)
    for target in targets:
        relay = Relay(target, round_trip, up, down)
        server = await asyncio.start_server(relay.serve, "127.0.0.1", 0)
        print(server.sockets[0].getsockname()[1], flush=True)
    sending = [asyncio.create_task(link.send()) for link in (up, down)]
    await wait_for_end()
    for task in sending:
        task.cancel()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1]), float(sys.argv[2]), [int(port) for port in sys.argv[3:]]))
