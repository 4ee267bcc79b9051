import hashlib
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from graphistry_airgap.connected.adapters.cache import Cache
from graphistry_airgap.connected.adapters.fetch import ATTEMPTS, Fetcher
from graphistry_airgap.core.errors import InputError

BODY = b"x" * 5000
DIGEST = hashlib.sha256(BODY).hexdigest()


class Faulty(BaseHTTPRequestHandler):
    """Each path is a fault; `/twice-…` is well from the third request on."""

    def do_GET(self):
        self.server.asked.append(self.path)
        fault = self.path.strip("/")
        if fault.startswith("twice-"):
            fault = fault.removeprefix("twice-") if len(self.server.asked) < ATTEMPTS else "well"
        status = {"missing": 404, "busy": 503}.get(fault, 200)
        body = {"cut": BODY[:100], "other": b"y" * 5000, "long": BODY * 2}.get(fault, BODY)
        self.send_response(status)
        length = str(len(BODY) if fault in ("cut", "well") else len(body))
        self.send_header("Content-Length", "many" if fault == "wordy" else length)
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with ThreadingHTTPServer(("127.0.0.1", 0), Faulty) as listening:
        listening.asked = []
        listening.url = f"http://127.0.0.1:{listening.server_port}"
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        yield listening
        listening.shutdown()
        thread.join()


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


def blobs(cache):
    return [path.name for path in cache.root.rglob("*") if path.is_file()]


@pytest.mark.parametrize("fault", ["twice-busy", "twice-cut", "twice-other", "twice-long"])
def test_transient_faults_are_tried_again(server, cache, fault):
    fetcher = Fetcher(cache, offline=False, pause=0)
    path = fetcher.pinned(f"{server.url}/{fault}", sha256=DIGEST, size=len(BODY))
    assert path.read_bytes() == BODY
    assert len(server.asked) == ATTEMPTS
    assert blobs(cache) == [DIGEST]


@pytest.mark.parametrize("fault", ["busy", "cut", "other", "long"])
def test_partial_or_wrong_bytes_never_enter_the_cache(server, cache, fault):
    with pytest.raises(InputError) as caught:
        Fetcher(cache, offline=False, pause=0).pinned(f"{server.url}/{fault}", sha256=DIGEST, size=len(BODY))
    assert caught.value.code == "fetch-failed"
    assert blobs(cache) == []


def test_cut_answer_of_unknown_digest_is_noticed(server, cache):
    with pytest.raises(InputError):
        Fetcher(cache, offline=False, pause=0).newest(f"{server.url}/cut")
    assert blobs(cache) == []


def test_a_length_that_is_no_number_is_not_believed(server, cache):
    assert Fetcher(cache, offline=False, pause=0).newest(f"{server.url}/wordy").name == DIGEST


def test_absent_file_is_not_asked_for_again(server, cache):
    with pytest.raises(InputError) as caught:
        Fetcher(cache, offline=False, pause=0).newest(f"{server.url}/missing")
    assert caught.value.code == "uri-refused"
    assert len(server.asked) == 1


def test_what_is_cached_is_not_fetched(server, cache):
    cache.store(BODY)
    assert Fetcher(cache, offline=False).pinned(f"{server.url}/well", sha256=DIGEST, size=len(BODY)).is_file()
    assert server.asked == []


def test_offline_knows_what_was_fetched_and_nothing_else(server, cache):
    Fetcher(cache, offline=False, pause=0).newest(f"{server.url}/well")
    offline = Fetcher(cache, offline=True)
    assert offline.newest(f"{server.url}/well").read_bytes() == BODY
    for ask in (
        lambda: offline.newest(f"{server.url}/else"),
        lambda: offline.pinned(f"{server.url}/else", sha256="0" * 64, size=1),
    ):
        with pytest.raises(InputError) as caught:
            ask()
        assert caught.value.code == "cache-cold"
    assert len(server.asked) == 1


def test_file_uris_are_copied(cache, tmp_path):
    source = tmp_path / "with blank"
    source.write_bytes(BODY)
    fetcher = Fetcher(cache, offline=False)
    assert fetcher.newest(f"file:{tmp_path}/with%20blank").read_bytes() == BODY
    with pytest.raises(InputError):
        fetcher.newest(f"file:{tmp_path}/none")


def test_leftovers_of_builds_killed_long_ago_go(cache):
    old, new = cache.root / "tmp/old", cache.root / "tmp/new"
    for folder in (old, new):
        (folder / "release").mkdir(parents=True)
    os.utime(old, (0, 0))
    Cache(cache.root)
    assert [path.name for path in (cache.root / "tmp").iterdir()] == ["new"]


def test_unusable_cache(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError) as caught:
        Cache(tmp_path / "file/cache")
    assert caught.value.code == "cache-unusable"


def test_blob_of_the_wrong_size_counts_as_absent(cache):
    cache.store(BODY)
    assert cache.find(DIGEST, len(BODY) + 1) is None
