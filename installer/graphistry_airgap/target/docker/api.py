"""The few calls of the Docker Engine API that preflight and the image import need.

Plain HTTP over the daemon's unix socket, one connection a call, so that several
threads can share one `DockerApi`. Paths carry no version: a daemon then speaks
its own newest one, and the oldest version that daemons accept keeps rising.
"""

from __future__ import annotations

import json
import socket
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from collections.abc import Iterator

SOCKET = "/var/run/docker.sock"
ANSWER_TIMEOUT = 120.0
# the containerd store says nothing while it unpacks one large layer
SILENCE_TIMEOUT = 3600.0


class DockerError(Exception):
    """The daemon answered, and its answer was an error; `str()` is the daemon's own words."""

    def __init__(self, words: str, *, status: int = 0) -> None:
        super().__init__(words.strip())
        self.status = status


class DockerUnreachableError(Exception):
    """No daemon answers on the socket, or it went away in the middle of an answer."""


class _UnixConnection(HTTPConnection):
    def __init__(self, path: str, *, timeout: float) -> None:
        super().__init__("docker", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class DockerApi:
    """One daemon."""

    def __init__(self, path: str = SOCKET) -> None:
        self.path = path

    def info(self) -> dict[str, Any]:
        answer: dict[str, Any] = self._json("GET", "/info")
        return answer

    def images(self, reference: str = "") -> list[dict[str, Any]]:
        """Images as `docker image ls` lists them: all, or those with a name of this pattern."""
        filters = urlencode({"filters": json.dumps({"reference": [reference]})}) if reference else ""
        answer: list[dict[str, Any]] = self._json("GET", f"/images/json?{filters}")
        return answer

    def image_id(self, name: str) -> str:
        """The id that a name points at, or an empty string."""
        try:
            return str(self.inspect(name)["Id"])
        except DockerError as error:
            if error.status != 404:
                raise
            return ""

    def containers(self, *, stopped: bool = False) -> list[dict[str, Any]]:
        """Those that run, or with `stopped` all."""
        answer: list[dict[str, Any]] = self._json("GET", f"/containers/json?all={int(stopped)}")
        return answer

    def networks(self) -> list[dict[str, Any]]:
        answer: list[dict[str, Any]] = self._json("GET", "/networks")
        return answer

    def inspect(self, name: str) -> dict[str, Any]:
        answer: dict[str, Any] = self._json("GET", f"/images/{quote(name)}/json")
        return answer

    def tag(self, source: str, *, repository: str, tag: str) -> None:
        query = urlencode({"repo": repository, "tag": tag})
        self._json("POST", f"/images/{quote(source)}/tag?{query}")

    def untag(self, name: str) -> None:
        """Drop a name; the daemon removes the image, too, when that was its last one."""
        self._json("DELETE", f"/images/{quote(name)}")

    def pull(self, repository: str, digest: str) -> None:
        """Pull by digest and wait for the end; raises `DockerError` with what the daemon said."""
        query = urlencode({"fromImage": repository, "tag": digest})
        with self._request("POST", f"/images/create?{query}", timeout=SILENCE_TIMEOUT) as answer:
            for line in answer:
                if not line.strip():
                    continue
                event = json.loads(line)
                # errors of a pull that has begun arrive inside an answer with status 200
                if "error" in event or "errorDetail" in event:
                    detail = event.get("errorDetail") or {}
                    raise DockerError(str(detail.get("message") or event.get("error")))

    def _json(self, method: str, path: str) -> Any:
        with self._request(method, path, timeout=ANSWER_TIMEOUT) as answer:
            body = answer.read()
        return json.loads(body) if body.strip() else None

    @contextmanager
    def _request(self, method: str, path: str, *, timeout: float) -> Iterator[HTTPResponse]:
        connection = _UnixConnection(self.path, timeout=timeout)
        try:
            connection.request(method, path, headers={"Content-Length": "0"})
            answer = connection.getresponse()
            if answer.status >= 400:
                raise DockerError(_message(answer.read()), status=answer.status)
            yield answer
        except (OSError, HTTPException) as error:
            raise DockerUnreachableError(f"{self.path}: {error or type(error).__name__}") from error
        finally:
            connection.close()


def _message(body: bytes) -> str:
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return body.decode(errors="replace")
