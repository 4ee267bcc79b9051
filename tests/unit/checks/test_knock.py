"""Many URLs asked at once, each with its own answer."""

import json
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from graphistry_airgap.checks import knock


@contextmanager
def served(answers, together=1):
    """A server on loopback, which answers once `together` requests are there."""
    gate = threading.Barrier(together)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            gate.wait(timeout=20)
            self.send_response(answers[self.path])
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            """Nothing on the tests' output."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def ask(*urls, python=sys.executable):
    """As the checks run it: its source, in an isolated Python."""
    command = [python, "-I", "-c", Path(knock.__file__).read_text(encoding="utf-8"), *urls]
    return json.loads(subprocess.run(command, capture_output=True, check=True, timeout=60).stdout)


def closed_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def test_each_url_has_its_own_answer():
    dead = f"http://127.0.0.1:{closed_port()}/"
    with served({"/well": 200, "/empty": 204, "/ill": 503, "/gone": 404}) as address:
        said = ask(f"{address}/well", f"{address}/empty", f"{address}/ill", f"{address}/gone", dead)

    assert said[f"{address}/well"] == said[f"{address}/empty"] == ""
    assert said[f"{address}/ill"] == "urllib.error.HTTPError: HTTP Error 503: Service Unavailable"
    assert said[f"{address}/gone"] == "urllib.error.HTTPError: HTTP Error 404: Not Found"
    assert said[dead] == "urllib.error.URLError: <urlopen error [Errno 111] Connection refused>"


def test_they_are_asked_beside_each_other_so_that_one_that_hangs_keeps_no_other_waiting():
    paths = [f"/{number}" for number in range(11)]
    with served(dict.fromkeys(paths, 200), together=len(paths)) as address:
        said = ask(*(address + path for path in paths))

    assert set(said.values()) == {""}


def test_a_proxy_of_the_environment_is_not_used(monkeypatch):
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port()}")
    with served({"/": 200}) as address:
        assert ask(f"{address}/") == {f"{address}/": ""}
