"""A raw HTTP server on loopback that misbehaves by scripts.

It is given scripts: each is a function that plays one exchange on a `Connection`. The first
request gets the first script and so on; the last one repeats. A script that leaves the connection
open keeps it alive for the next request.
"""

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Self

CERTIFICATE = Path(__file__).with_name("localhost.pem")
"""Key and certificate for localhost and 127.0.0.1; worth nothing anywhere else."""
PAUSE = 0.02
"""Seconds between two bytes of a drip."""


class Connection:
    """One accepted connection, as scripts use it."""

    def __init__(
        self, sock: socket.socket, stopping: threading.Event, requests: list[bytes]
    ) -> None:
        self.sock = sock
        self.stopping = stopping
        self.requests = requests
        self.open = True
        self._reader = sock.makefile("rb")

    def wait(self) -> bool:
        """Wait for the client's next byte; return False when the client has hung up."""
        try:
            return bool(self._reader.peek(1))
        except OSError:
            return False

    def read(self) -> None:
        """Read one whole request."""
        head = b""
        length = 0
        while (line := self._reader.readline()) not in {b"\r\n", b""}:
            head += line
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        self.requests.append(head + b"\r\n" + self._reader.read(length))

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def drip(self, data: bytes) -> None:
        """Send single bytes, so that no single wait of the client is long."""
        for i in range(len(data)):
            self.send(data[i : i + 1])
            if self.stopping.wait(PAUSE):
                return

    def hang(self) -> None:
        """Keep the connection open without a byte more, until the server is stopped."""
        self.stopping.wait()

    def close(self) -> None:
        """End the connection properly."""
        self.open = False
        self._reader.close()
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()

    def reset(self) -> None:
        """End the connection with a reset (RST)."""
        self.open = False
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._reader.close()
        self.sock.close()


Script = Callable[[Connection], None]


class Upstream:
    """The server, a context manager; ``requests`` holds each request as received."""

    def __init__(self, *scripts: Script, tls: bool = False) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self._scripts = list(scripts)
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._open: list[Connection] = []
        self._threads: list[threading.Thread] = []
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if tls else None
        if self._context:
            self._context.load_cert_chain(CERTIFICATE)
        self._listener = socket.create_server(("127.0.0.1", 0))
        host, port = self._listener.getsockname()
        self.port: int = port
        self.url = f"{'https' if tls else 'http'}://{host}:{port}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _start(self, run: Callable[[], None]) -> None:
        thread = threading.Thread(target=run, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
            self._start(lambda sock=sock: self._serve(sock))  # type: ignore[misc]

    def _serve(self, sock: socket.socket) -> None:
        try:
            secured = self._context.wrap_socket(sock, server_side=True) if self._context else sock
        except OSError:
            sock.close()
            return
        connection = Connection(secured, self._stopping, self.requests)
        with self._lock:
            self._open.append(connection)
        with contextlib.suppress(OSError):  # the client may hang up at any moment
            while connection.open and not self._stopping.is_set() and connection.wait():
                self._next_script()(connection)
        with self._lock:
            self._open.remove(connection)
        if connection.open:
            connection.close()

    def _next_script(self) -> Script:
        with self._lock:
            return self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]


def head(status: int = 200, *headers: str) -> bytes:
    """Return a status line and headers, with the blank line that ends them."""
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1")


def answer(body: bytes = b"{}", status: int = 200, *headers: str) -> Script:
    """Return a script with a valid answer on a connection that is kept alive."""

    def play(connection: Connection) -> None:
        connection.read()
        connection.send(head(status, f"Content-Length: {len(body)}", *headers) + body)

    return play


def then_close(*parts: bytes) -> Script:
    """Return a script that sends bytes, then ends the stream."""

    def play(connection: Connection) -> None:
        connection.read()
        for part in parts:
            connection.send(part)
        connection.close()

    return play


def then_reset(*parts: bytes) -> Script:
    """Return a script that sends bytes, then a reset."""

    def play(connection: Connection) -> None:
        connection.read()
        for part in parts:
            connection.send(part)
        connection.reset()

    return play


def then_hang(*parts: bytes) -> Script:
    """Return a script that sends bytes, then is silent on an open connection."""

    def play(connection: Connection) -> None:
        connection.read()
        for part in parts:
            connection.send(part)
        connection.hang()

    return play


def then_drip(start: bytes, drops: bytes) -> Script:
    """Return a script that sends bytes at once, then the rest one by one."""

    def play(connection: Connection) -> None:
        connection.read()
        connection.send(start)
        connection.drip(drops)
        connection.close()

    return play


@contextlib.contextmanager
def deaf_port() -> Iterator[int]:
    """Yield a port whose server listens but never accepts: the connection stands without answer."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@contextlib.contextmanager
def full_port() -> Iterator[int]:
    """Yield a port with a full queue of connections: a new connection gets no answer."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, contextlib.ExitStack() as s:
        port = listener.getsockname()[1]
        for _ in range(4):
            filler = s.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        yield port


@contextlib.contextmanager
def refusing_port() -> Iterator[int]:
    """Yield a port that is taken while nobody listens there: connections are refused."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]
