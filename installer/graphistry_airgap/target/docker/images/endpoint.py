"""A read-only OCI distribution endpoint over an OCI image layout.

It listens on a free port of 127.0.0.1, below a random repository name, and only
while the `with` block runs. It knows manifests and blobs by digest and nothing
else; it needs no trust, because the daemon checks every byte against the digest
that it asked for.
"""

from __future__ import annotations

import secrets
import socket
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import TYPE_CHECKING

from ...host import medium

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

PREFIX = "graphistry-airgap-import"
TLS_HANDSHAKE = b"\x16"
IDLE_TIMEOUT = 60.0
BLOB = "application/octet-stream"


@dataclass(frozen=True)
class Blob:
    """One file that may be served; manifests are blobs with a media type of their own."""

    path: Path
    size: int
    media_type: str = BLOB

    @property
    def kind(self) -> str:
        return "blobs" if self.media_type == BLOB else "manifests"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = IDLE_TIMEOUT
    # headers and file leave as two writes; the second must not wait for the first one's acknowledgement
    disable_nagle_algorithm = True
    server: _Server

    def handle_one_request(self) -> None:
        # the containerd store tries TLS first and falls back to HTTP only when it is answered in HTTP
        if self.connection.recv(1, socket.MSG_PEEK) == TLS_HANDSHAKE:
            self.connection.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
            self.connection.shutdown(socket.SHUT_WR)
            # closing with unread bytes would reset the connection before the answer is read
            while self.connection.recv(1 << 16):
                pass
            self.close_connection = True
            return
        super().handle_one_request()

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        if self.path == "/v2/":
            self._headers(200, BLOB, 0)
            return
        found = self._find()
        if found is None:
            self._headers(404, "application/json", 0)
            return
        digest, blob = found
        with medium.opened(blob.path) as stream:
            self._headers(200, blob.media_type, blob.size, digest)
            if body:
                self.wfile.flush()
                sent = self.connection.sendfile(stream, 0, blob.size)
                self.server.count(sent)
                # a file that ended early leaves the answer short, and the daemon must not wait for the rest
                self.close_connection = self.close_connection or sent < blob.size

    def _find(self) -> tuple[str, Blob] | None:
        base = f"/v2/{self.server.repository}/"
        if not self.path.startswith(base):
            return None
        kind, _, digest = self.path[len(base) :].partition("/")
        blob = self.server.blobs.get(digest)
        return (digest, blob) if blob and blob.kind == kind else None

    def _headers(self, status: int, media_type: str, size: int, digest: str = "") -> None:
        self.send_response(status)
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(size))
        if digest:
            self.send_header("Docker-Content-Digest", digest)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Stay silent: stderr belongs to the module's result."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # a burst of parallel layer downloads must not be refused
    request_queue_size = 128

    def __init__(self, repository: str, blobs: Mapping[str, Blob]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repository = repository
        self.blobs = blobs
        self.bytes_sent = 0
        self._counting = threading.Lock()

    def server_bind(self) -> None:
        # HTTPServer's own asks for the name of 127.0.0.1, and a host's resolver may ask a name server
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.socket.getsockname()

    def count(self, sent: int) -> None:
        with self._counting:
            self.bytes_sent += sent

    def handle_error(self, *_: object) -> None:
        """A client that hangs up is the daemon's business; it reports its own failures."""


class Registry:
    """Serves `blobs` (digest to file) inside a `with` block; `repository` is what the daemon pulls from."""

    def __init__(self, blobs: Mapping[str, Blob]) -> None:
        self._path = f"{PREFIX}/{secrets.token_hex(16)}"
        self._server = _Server(self._path, blobs)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def repository(self) -> str:
        return f"127.0.0.1:{self._server.server_port}/{self._path}"

    @property
    def bytes_sent(self) -> int:
        return self._server.bytes_sent

    def __enter__(self) -> Registry:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        # idle keep-alive connections of the daemon must not delay the end
        self._server.block_on_close = False
        self._server.server_close()
        self._thread.join()
