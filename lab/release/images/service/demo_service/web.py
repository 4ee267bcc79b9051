"""A small HTTP service: routes, health pages that probe live, and the environment page.

`/__env` answers only to callers inside the network: a request that came through the proxy carries a
forwarding header and gets 404.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from demo_service import environment
from demo_service.dependencies import UnavailableError

if TYPE_CHECKING:
    import logging

BODY_LIMIT = 1 << 20
FORWARDED = ("X-Forwarded-For", "X-Real-IP", "Forwarded", "Via")


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Response:
    status: int = 200
    body: Any = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def encoded(self) -> tuple[bytes, str]:
        if isinstance(self.body, str):
            kind = "text/html" if self.body.startswith("<") else "text/plain"
            return self.body.encode(), f"{kind}; charset=utf-8"
        return json.dumps(self.body).encode(), "application/json"


Route = Callable[[Request], Response]
Probe = Callable[[], None]


@dataclass
class Service:
    """Routes by (method, path); the log says when the state of a health page changes, not at each call."""

    name: str
    port: int
    log: logging.Logger
    routes: dict[tuple[str, str], Route] = field(default_factory=dict)
    quiet: set[str] = field(default_factory=set)
    states: dict[str, str] = field(default_factory=dict)

    def route(self, method: str, path: str, handler: Route) -> None:
        self.routes[(method, path)] = handler

    def health(self, path: str, probes: Mapping[str, Probe], working: Any = "ok") -> None:
        """A page that is 200 while every probe passes, and else 503 with each probe's own line."""

        def page(_request: Request) -> Response:
            failed = self.failures(path, probes)
            if failed:
                return Response(503, {"status": 503, "service": self.name, "failed": failed})
            return Response(200, working() if callable(working) else working)

        self.quiet.add(path)
        self.route("GET", path, page)

    def failures(self, path: str, probes: Mapping[str, Probe]) -> dict[str, str]:
        failed = {}
        for name, probe in probes.items():
            try:
                probe()
            except UnavailableError as error:
                failed[name] = str(error)
        self.note(path, failed)
        return failed

    def note(self, path: str, failed: Mapping[str, str]) -> None:
        state = "; ".join(f"{name}: {reason}" for name, reason in failed.items())
        before = self.states.get(path)
        if state == before:
            return
        self.states[path] = state
        if state:
            self.log.warning("health %s: unavailable: %s", path, state)
        else:
            self.log.info("health %s: working", path)

    def answer(self, request: Request) -> Response:
        if request.path == "/__env" and request.method == "GET":
            if any(name in request.headers for name in FORWARDED):
                return Response(404, {"detail": "not found"})
            return Response(200, {"service": self.name, "environment": environment.shown()})
        handler = self.routes.get((request.method, request.path))
        if handler is None:
            known = any(path == request.path for _method, path in self.routes)
            return Response(405 if known else 404, {"detail": "method not allowed" if known else "not found"})
        try:
            return handler(request)
        except UnavailableError as error:
            return Response(503, {"detail": str(error)})

    def serve(self) -> None:
        signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
        server = Server(("0.0.0.0", self.port), _handler(self))  # noqa: S104  (in a container)
        self.log.info("listening on port %d", self.port)
        try:
            server.serve_forever()
        finally:
            self.log.info("stopped")


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that went away before its answer is no error of the service."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


def _handler(service: Service) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version = "graphistry-demo"
        sys_version = ""
        timeout = 30

        def do_any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            if length > BODY_LIMIT:
                self.close_connection = True
                self.send_error(413)
                return
            path = self.path.split("?", 1)[0]
            request = Request(self.command, path, self.headers, self.rfile.read(length))  # type: ignore[arg-type]
            try:
                response = service.answer(request)
            except Exception:
                service.log.exception("%s %s failed", self.command, path)
                response = Response(500, {"detail": "internal error"})
            content, kind = response.encoded()
            self.send_response(response.status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            for name, value in response.headers.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)
            if path not in service.quiet:
                service.log.info("%s %s %d", self.command, path, response.status)

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_any  # noqa: N815  (names of http.server)

        def log_message(self, *_arguments: object) -> None:
            """Requests are logged above, with their outcome."""

    return Handler
