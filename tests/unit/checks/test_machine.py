"""What the checks read is the host's at the other end of the connection, not this machine's."""

from graphistry_airgap.checks.machine import Machine, env_files
from graphistry_airgap.target.preflight.probes import network as probe_network

RELEASE = "/srv/release"
TRIE = """\
Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 198.51.100.7
        /32 host LOCAL
"""


class Connection:
    """As testinfra's host, with files that are nowhere on this machine."""

    def __init__(self, **files):
        self.files = {name.replace("__", "/"): text for name, text in files.items()}

    def file(self, name):
        return File(self.files.get(name))


class File:
    def __init__(self, text):
        self.exists = self.is_file = text is not None
        self.content = (text or "").encode()


def test_addresses_are_the_host_s():
    assert probe_network.addresses(Machine.over(Connection(__proc__net__fib_trie=TRIE))) == ["198.51.100.7"]


def test_env_files_are_the_host_s_in_their_order():
    files = {f"{RELEASE}/.env": "A=1\nB=1\n", f"{RELEASE}/data/config/custom.env": "A=2\n"}
    found = env_files(Connection(**files), {"release_directory": RELEASE})
    assert (found.values["A"], found.values["B"]) == ("2", "1")
