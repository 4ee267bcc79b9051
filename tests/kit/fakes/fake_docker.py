"""A Docker daemon's image API over a unix socket, with real pulls and with faults to switch on.

It fetches from the registry it is given as a daemon does (TLS first on the
containerd store, HTTP after a 400), checks every digest, and keeps images by
name. What it cannot stand in for are layers on disk; the tests on sealed hosts
have the real daemon.
"""

from __future__ import annotations

import hashlib
import json
import socket
import threading
import time
from fnmatch import fnmatchcase
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingUnixStreamServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


class FakeDocker:
    """Use as a context manager; `names` maps each name to an image id."""

    def __init__(self, path, *, containerd=False, version="26.1.5+dfsg1", data_root="/var/lib/docker"):
        self.path = str(path)
        self.containerd = containerd
        self.version = version
        self.data_root = str(data_root)
        self.names: dict[str, str] = {}
        self.contents: dict[str, dict[str, Any]] = {}
        self.calls: list[str] = []
        self.fail: dict[str, str] = {}
        """Config digest of an image whose pull ends with these words, as often as `failures_left` says."""
        self.failures_left = 1_000_000
        self.before_failing = lambda: None
        self.refuse_tags = ""
        self.arrive_without_layers = False
        self.pull_seconds = 0.0
        self.unpacking: list[set[str]] = []
        self.most_at_once = 0
        self.unpacked_twice = 0
        """How often two pulls lacked the same layer chain at the same time."""
        self.lock = threading.Lock()

    def __enter__(self):
        self._server = _Server(self.path, _Handler)
        self._server.daemon_state = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def has(self, image, *, id_=None, name=None):
        """Put an image there, as if it had come by other means."""
        identity = id_ or (image.manifest if self.containerd else image.config)
        self.contents[identity] = {"diff_ids": image.diff_ids}
        if name:
            self.names[name] = identity
        return identity

    @property
    def changes(self):
        return [call for call in self.calls if not call.startswith("GET")]

    def pull(self, repository, digest):
        host, _, path = repository.partition("/")
        if self.containerd:
            _expect_http_after_tls(host)
        manifest_bytes = _fetch(host, f"/v2/{path}/manifests/{digest}", digest)
        manifest = json.loads(manifest_bytes)
        config = json.loads(
            _fetch(host, f"/v2/{path}/blobs/{manifest['config']['digest']}", manifest["config"]["digest"])
        )
        with self.lock:
            missing = _chains(config["rootfs"]["diff_ids"]).difference(
                *(_chains(content["diff_ids"]) for content in self.contents.values())
            )
            self.unpacked_twice += sum(1 for other in self.unpacking if other & missing)
            self.unpacking.append(missing)
            self.most_at_once = max(self.most_at_once, len(self.unpacking))
        try:
            time.sleep(self.pull_seconds)
            for layer in manifest["layers"]:
                _fetch(host, f"/v2/{path}/blobs/{layer['digest']}", layer["digest"])
            words = self.fail.get(manifest["config"]["digest"])
            if words and self.failures_left:
                self.failures_left -= 1
                self.before_failing()
                raise ValueError(words)
        finally:
            with self.lock:
                self.unpacking.remove(missing)
        identity = digest if self.containerd else manifest["config"]["digest"]
        layers = [] if self.arrive_without_layers else config["rootfs"]["diff_ids"]
        self.contents[identity] = {"diff_ids": layers}
        self.names[f"{repository}@{digest}"] = identity

    def untag(self, name):
        identity = self.names.pop(name)
        if identity not in self.names.values():
            del self.contents[identity]


def _chains(diff_ids):
    return {tuple(diff_ids[: count + 1]) for count in range(len(diff_ids))}


def _expect_http_after_tls(host):
    name, _, port = host.partition(":")
    with socket.create_connection((name, int(port)), timeout=5) as client:
        client.sendall(b"\x16\x03\x01\x00\xc8" + bytes(200))
        answer = b""
        while part := client.recv(4096):
            answer += part
    if not answer.startswith(b"HTTP/1.1 400"):
        raise ValueError(f"EOF: {answer[:40]!r}")


def _fetch(host, path, digest):
    connection = HTTPConnection(host, timeout=5)
    try:
        connection.request("HEAD", path)
        head = connection.getresponse()
        head.read()
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    if answer.status != 200 or head.status != 200:
        raise ValueError(f"{path}: {answer.status}")
    if "sha256:" + hashlib.sha256(body).hexdigest() != digest:
        raise ValueError(f"filesystem layer verification failed for digest {digest}")
    return body


class _Server(ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 64
    daemon_state: FakeDocker


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def address_string(self):
        return "unix"

    def log_message(self, *_):
        pass

    def _answer(self, status, document=None):
        body = b"" if document is None else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        # the client may be gone once it has an empty answer's headers
        if body:
            self.wfile.write(body)

    @property
    def state(self) -> FakeDocker:
        return self.server.daemon_state

    def do_GET(self):
        path = unquote(urlsplit(self.path).path)
        self.state.calls.append(f"GET {path}")
        if path == "/info":
            kind = [["driver-type", "io.containerd.snapshotter.v1"]] if self.state.containerd else []
            self._answer(
                200,
                {
                    "DriverStatus": kind,
                    "DockerRootDir": self.state.data_root,
                    "ServerVersion": self.state.version,
                },
            )
        elif path == "/images/json":
            filters = json.loads(parse_qs(urlsplit(self.path).query).get("filters", ["{}"])[0])
            self._answer(200, self._listing(filters.get("reference", ["*"])))
        else:
            self._inspect(path.removeprefix("/images/").removesuffix("/json"))

    def _listing(self, patterns):
        entries = []
        for identity in self.state.contents:
            names = [name for name, owner in self.state.names.items() if owner == identity]
            if patterns != ["*"] and not any(
                fnmatchcase(name.partition("@")[0], pattern) for name in names for pattern in patterns
            ):
                continue
            entries.append(
                {
                    "Id": identity,
                    "RepoTags": [name for name in names if "@" not in name] or None,
                    "RepoDigests": [name for name in names if "@" in name],
                }
            )
        return entries

    def _inspect(self, name):
        identity = self.state.names.get(name, name)
        content = self.state.contents.get(identity)
        if content is None:
            self._answer(404, {"message": f"No such image: {name}"})
        else:
            self._answer(200, {"Id": identity, "RootFS": {"Type": "layers", "Layers": content["diff_ids"]}})

    def do_POST(self):
        parts = urlsplit(self.path)
        path, query = unquote(parts.path), {key: value[0] for key, value in parse_qs(parts.query).items()}
        if path == "/images/create":
            self.state.calls.append(f"POST pull {query['tag']}")
            self._pull(query["fromImage"], query["tag"])
            return
        source = path.removeprefix("/images/").removesuffix("/tag")
        name = f"{query['repo']}:{query['tag']}"
        self.state.calls.append(f"POST tag {name}")
        identity = self.state.names.get(source, source)
        if self.state.refuse_tags:
            self._answer(500, {"message": self.state.refuse_tags})
            return
        if identity not in self.state.contents:
            self._answer(404, {"message": f"No such image: {source}"})
            return
        self.state.names[name] = identity
        self._answer(201)

    def _pull(self, repository, digest):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self._event({"status": f"Pulling from {repository}", "id": digest})
        try:
            self.state.pull(repository, digest)
        except (ValueError, OSError) as error:
            self._event({"errorDetail": {"message": str(error)}, "error": str(error)})
        else:
            self._event({"status": f"Digest: {digest}"})
        self.wfile.write(b"0\r\n\r\n")

    def _event(self, document):
        line = json.dumps(document).encode() + b"\r\n"
        self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")

    def do_DELETE(self):
        name = unquote(urlsplit(self.path).path).removeprefix("/images/")
        self.state.calls.append(f"DELETE {name}")
        if name not in self.state.names:
            self._answer(404, {"message": f"No such image: {name}"})
            return
        self.state.untag(name)
        self._answer(200, [{"Untagged": name}])
