"""Pulumi's site, as the Automation API's installer sees it: a proxy on loopback that answers in its stead."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import trustme

_HOST = "get.pulumi.com"


@contextmanager
def answering(directory: Path, script: str) -> Iterator[dict[str, str]]:
    """Serves an ``install.sh``; yields the environment that leads HTTPS requests here, and trusts the certificate."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(_HOST).configure_cert(context)
    certificate = directory / "authority.pem"
    authority.cert_pem.write_to_path(certificate)
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_serve, args=(server, context, script.encode()), daemon=True).start()
        try:
            port = server.getsockname()[1]
            yield {"HTTPS_PROXY": f"http://127.0.0.1:{port}", "SSL_CERT_FILE": str(certificate)}
        finally:
            server.shutdown(socket.SHUT_RDWR)


def _serve(server: socket.socket, context: ssl.SSLContext, script: bytes) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:  # shut down: the test is over
            return
        with connection, suppress(OSError):
            assert _request(connection).startswith(f"CONNECT {_HOST}:443".encode())
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            with context.wrap_socket(connection, server_side=True) as secured:
                body = b"" if _request(secured).startswith(b"HEAD") else script
                secured.sendall(
                    b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body
                )


def _request(connection: socket.socket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head and (more := connection.recv(4096)):
        head += more
    return head
