"""Local attackers during an installation, and a medium that changes under it: each tried, none with effect.

One host: an unprivileged account attacks while an installation runs in its directory, with its environment
and an open umask; in the first run the medium changes after it was checked, in the second nothing does.
"""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

from lab.bundles.demo import DEMO
from lab.hosts.prepared_host import INSTALL, PASSWORD
from tests.kit.bundles.bundle_variants import variants_of
from tests.kit.faults import local_attackers as local
from tests.kit.faults.host_faults import wait_until
from tests.kit.hosts.demo_hosts import demo_host

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lab.hosts.sealed_host import SealedHost
    from tests.kit.bundles.bundle_variants import Variant

pytestmark = [pytest.mark.host, pytest.mark.subprocesses]
MEDIA = "/media"
STATE = "/var/lib/graphistry-airgap"
# every byte of the bundle was compared and preflight is over; its packages are still to be installed
UNDER_WAY = f"test -e {STATE}/apt/sources.list"


def run(host: SealedHost) -> tuple[int, dict[str, Any]]:
    """install.sh from the attacker's directory, with its environment and everything writable for all."""
    environment = " ".join(f"{name}='{value}'" for name, value in local.ENVIRONMENT.items())
    install = " ".join([*INSTALL, "--json"])
    command = f"cd {local.HOME} && umask 000 && env {environment} {install}"
    done = host.exec(["sh", "-c", command], timeout=900)
    return done.rc, json.loads(done.stdout)


@pytest.fixture(scope="module")
def medium(bundle: Path) -> Iterator[Variant]:
    from tests.kit.bundles.bundle_variants import Variant  # noqa: PLC0415

    with variants_of(bundle, bundle.parents[1] / "tests" / "attacks") as variants:
        yield Variant(variants.root / "bundle")


@pytest.fixture(scope="module")
def host(medium: Variant, keyring: Path) -> Iterator[SealedHost]:
    with demo_host("attacks", bundle=medium.path.parent, keyring=keyring, medium=MEDIA) as started:
        local.prepare(started)
        yield started


def test_a_medium_that_changes_after_its_check_is_refused_and_nothing_of_it_is_used(
    host: SealedHost, medium: Variant
) -> None:
    name = next(medium.path.rglob("docker.io_*.deb")).relative_to(medium.path).as_posix()
    good = medium.read(name)

    def exchange() -> None:
        wait_until(host, UNDER_WAY, seconds=600)
        medium.flip(name)

    exchanging = threading.Thread(target=exchange)
    exchanging.start()
    with local.attacking(host):
        status, answer = run(host)
    exchanging.join()
    medium.write(name, good)
    assert (status, [error["code"] for error in answer["errors"]]) == (4, ["bundle-file-changed"]), answer
    assert "docker.io" in answer["errors"][0]["message"]
    assert host.exec(["sh", "-c", "command -v dockerd; ls /var/graphistry"]).stdout == ""


def test_the_same_command_goes_on_while_the_attacks_do(host: SealedHost) -> None:
    with local.attacking(host):
        status, answer = run(host)
    assert status == 0, answer
    assert answer["data"]["changed"] > 0


def test_nothing_that_was_planted_has_run(host: SealedHost) -> None:
    assert host.require(["ls", local.EXECUTED]) == ""


def test_no_link_was_followed(host: SealedHost) -> None:
    assert host.read(local.VICTIM) == b"root's own\n"
    assert host.require(["ls", "-A", local.VICTIMS]) == ""
    assert host.require(["stat", "-c", "%a %U", local.VICTIM]).split() == ["600", "root"]


def test_nothing_of_ours_lay_where_others_write(host: SealedHost) -> None:
    seen = local.log(host, "names")
    assert seen  # what the system itself keeps there
    assert [line for line in seen for name in ("airgap", "ansible", "pip") if name in line] == []


def test_no_secret_was_in_an_argument(host: SealedHost) -> None:
    arguments = "\n".join(local.log(host, "arguments"))
    text = host.require(["sh", "-c", "cat /var/graphistry/current/data/config/custom.env"])
    values = [line.partition("=")[2].strip("'\"") for line in text.splitlines() if "=" in line]
    secrets = [PASSWORD, *(value for value in values if len(value) > 20)]
    assert len(secrets) > 1
    assert [secret for secret in secrets if secret in arguments] == []
    assert "ansible-playbook" in arguments  # the attack was there while it mattered


def test_the_loopback_endpoint_answered_nothing_but_no(host: SealedHost) -> None:
    answers = local.log(host, "ports")
    ours = [line for line in answers if local.REGISTRY in line]  # containerd has a port there, too
    assert ours  # the attack was there while it mattered
    assert [line for line in ours if " 404 " not in line] == []
    assert [line for line in answers if " 200 " in line] == []


def test_what_is_root_s_alone_was_never_readable(host: SealedHost) -> None:
    # until the secrets come into it, by rename, custom.env is the vendor's template, which anybody may read
    template = (DEMO / "release" / "data" / "config" / "custom.env").read_text(encoding="utf-8")
    assert set(local.log(host, "reads")) - set(template.splitlines()) == {"looked"}


def test_nothing_is_writable_for_others(host: SealedHost) -> None:
    ours = "/opt/graphistry-airgap /etc/graphistry-airgap /var/lib/graphistry-airgap /etc/docker /etc/systemd"
    find = f"find {ours} /var/graphistry -path '*/data/*' -prune -o ! -type l -perm /022 -print"
    assert host.require(["sh", "-c", find]) == ""
