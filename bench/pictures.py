"""The agency's picture host: a separate process that serves pictures over TLS.

``python -m bench.pictures FOLDER`` puts a certificate into the folder, prints its port and serves
until the process is ended. A picture has as many bytes as photographs of its rendition usually
have: a small picture of the demo catalog, followed by bytes that decoders ignore.
"""

import asyncio
import datetime as dt
import random
import re
import ssl
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bench.ending import wait_for_end

HOST: Final = "image.shutterstock.com"
FILE: Final = Path(__file__).parents[1] / "static" / "demo" / "1008600.webp"
BYTES: Final = {"mosaic": 9_000, "huge_thumb": 18_000, "preview": 24_000}
LARGE_BYTES: Final = 80_000
"""Bytes of every other rendition."""


def picture(name: str) -> bytes:
    """Return the bytes of a rendition."""
    data = FILE.read_bytes()
    return data + random.Random(name).randbytes(BYTES.get(name, LARGE_BYTES) - len(data))


def certificate(folder: Path) -> Path:
    """Write a certificate for the host and its key into a file; return the path."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        signed.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer the requests of a connection."""
    with suppress(OSError, EOFError):
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            found = re.search(r"/image-photo/(\w+)-", head)
            body = picture(found[1] if found else "")
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: image/webp\r\nTiming-Allow-Origin: *\r\n"
                b"Cache-Control: public, max-age=86400\r\n"
                b"Content-Length: %d\r\n\r\n" % len(body) + body
            )
            await writer.drain()


async def serve(folder: Path) -> None:
    """Serve on a free port of loopback until SIGTERM."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate(folder))
    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await wait_for_end()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
