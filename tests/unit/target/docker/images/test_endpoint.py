"""The loopback endpoint, spoken to over real sockets."""

from __future__ import annotations

import http.client
import os
import re
import socket
import threading
import time

import pytest

from graphistry_airgap.target.docker.images.endpoint import Blob, Registry

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
LAYER, INDEX = "sha256:" + "a" * 64, "sha256:" + "b" * 64
BODY = bytes(range(256)) * 4096


@pytest.fixture
def registry(tmp_path):
    (tmp_path / "layer").write_bytes(BODY)
    (tmp_path / "manifest").write_bytes(b"{}")
    blobs = {
        LAYER: Blob(tmp_path / "layer", len(BODY)),
        INDEX: Blob(tmp_path / "manifest", 2, MANIFEST),
    }
    with Registry(blobs) as running:
        yield running


def address(registry):
    host, _, path = registry.repository.partition("/")
    name, _, port = host.partition(":")
    return name, int(port), f"/v2/{path}"


def ask(registry, path, method="GET"):
    host, port, base = address(registry)
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request(method, path.replace("BASE", base))
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.headers
    finally:
        connection.close()


def test_serves_manifest_and_blob_by_digest(registry):
    assert ask(registry, "/v2/")[0] == 200
    status, body, headers = ask(registry, f"BASE/manifests/{INDEX}")
    assert (status, body) == (200, b"{}")
    assert (headers["Content-Type"], headers["Docker-Content-Digest"]) == (MANIFEST, INDEX)
    status, body, headers = ask(registry, f"BASE/blobs/{LAYER}")
    assert (status, body, headers["Content-Length"]) == (200, BODY, str(len(BODY)))
    # the last byte is out before it is counted
    deadline = time.monotonic() + 5
    while registry.bytes_sent != len(BODY) + 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert registry.bytes_sent == len(BODY) + 2


def a_pipe(path):
    path.unlink()
    os.mkfifo(path)


def a_link(path):
    path.unlink()
    path.symlink_to("/etc/passwd")


@pytest.mark.parametrize("become", [a_pipe, a_link, os.unlink])
def test_a_blob_that_became_something_else_is_neither_followed_nor_waited_for(registry, tmp_path, become):
    become(tmp_path / "layer")
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        ask(registry, f"BASE/blobs/{LAYER}")
    assert ask(registry, f"BASE/manifests/{INDEX}")[0] == 200


def test_head_has_the_headers_and_no_body(registry):
    status, body, headers = ask(registry, f"BASE/blobs/{LAYER}", "HEAD")
    assert (status, body, headers["Content-Length"]) == (200, b"", str(len(BODY)))


@pytest.mark.parametrize(
    "path",
    [
        f"BASE/blobs/sha256:{'c' * 64}",
        f"BASE/blobs/{INDEX}",
        f"BASE/manifests/{LAYER}",
        "BASE/manifests/latest",
        "BASE/tags/list",
        "/v2/_catalog",
        f"/v2/graphistry-airgap-import/{'0' * 32}/blobs/{LAYER}",
        "BASE/blobs/../../../../etc/passwd",
        "/",
    ],
)
def test_knows_nothing_else(registry, path):
    assert ask(registry, path)[:2] == (404, b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_cannot_be_written_to(registry, method):
    assert ask(registry, f"BASE/blobs/{LAYER}", method)[0] == 501


def test_answers_a_tls_hello_in_http(registry):
    host, port, _ = address(registry)
    with socket.create_connection((host, port), timeout=5) as client:
        client.sendall(b"\x16\x03\x01\x02\x00" + bytes(512))
        client.shutdown(socket.SHUT_WR)
        answer = b""
        while part := client.recv(4096):
            answer += part
    assert answer.startswith(b"HTTP/1.1 400 ")


def test_is_on_loopback_alone_below_a_path_that_cannot_be_guessed(registry, tmp_path):
    assert re.fullmatch(r"127\.0\.0\.1:\d+/graphistry-airgap-import/[0-9a-f]{32}", registry.repository)
    with Registry({}) as other:
        assert other.repository.rpartition("/")[2] != registry.repository.rpartition("/")[2]


@pytest.mark.parametrize("where", ["127.0.0.1", ""], ids=["loopback", "every address"])
@pytest.mark.parametrize("option", [socket.SO_REUSEADDR, socket.SO_REUSEPORT])
def test_nobody_else_gets_the_port_while_it_is_served(registry, where, option):
    with socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, option, 1)
        with pytest.raises(OSError, match="Address already in use"):
            stranger.bind((where, address(registry)[1]))
    assert ask(registry, "/v2/")[0] == 200


def test_ends_with_the_block_even_while_a_client_keeps_its_connection(tmp_path):
    (tmp_path / "layer").write_bytes(BODY)
    with Registry({LAYER: Blob(tmp_path / "layer", len(BODY))}) as registry:
        host, port, base = address(registry)
        idle = http.client.HTTPConnection(host, port, timeout=5)
        idle.request("GET", f"{base}/blobs/{LAYER}")
        assert idle.getresponse().read() == BODY
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, port), timeout=5)
    idle.close()


def test_many_clients_at_once_get_whole_blobs(registry):
    bodies = []
    threads = [
        threading.Thread(target=lambda: bodies.append(ask(registry, f"BASE/blobs/{LAYER}")[1]))
        for _ in range(24)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bodies == [BODY] * 24


def test_file_shorter_than_promised_ends_the_answer(registry, tmp_path):
    (tmp_path / "layer").write_bytes(BODY[:100])
    with pytest.raises(http.client.IncompleteRead):
        ask(registry, f"BASE/blobs/{LAYER}")


def test_nobody_is_asked_for_the_name_of_the_loopback_address(tmp_path, monkeypatch):
    def look_up(*_):
        raise AssertionError("a look-up that a name server may see")

    for name in ("getfqdn", "gethostbyaddr", "getaddrinfo", "getnameinfo"):
        monkeypatch.setattr(socket, name, look_up)
    with Registry({}) as registry:
        assert registry.repository.startswith("127.0.0.1:")
