"""The collection's tarball on a sealed host without the tool: a site's own plays, and what they refuse.

The tests follow each other on one host.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from lab.hosts.prepared_host import INSTALL, KEYRING, MEDIUM
from tests.kit.bundles.openpgp_keys import Keys, make_keys
from tests.kit.hosts import collection_play
from tests.kit.hosts.collection_play import VERIFY, end_lock, run, write
from tests.kit.hosts.demo_hosts import install, snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lab.hosts.sealed_host import SealedHost

pytestmark = [pytest.mark.host, pytest.mark.subprocesses]

COPY = "/srv/bundle"
LOCK = "/run/graphistry-airgap/lock"
TICKET = "/run/graphistry-airgap/verified.json"
# of those that a bundle is used in
ROLES = (
    *("preflight", "offline_repo", "docker_engine", "nvidia_container_toolkit"),
    *("container_images", "graphistry_release"),
)
INSTALLED = ("offline_repo", "docker_engine", "container_images", "graphistry_release")
# what somebody would try
SWITCHES = dict.fromkeys(
    (
        *("allow_unsigned", "airgap_allow_unsigned", "airgap_unverified", "bundle_verified", "skip_verify"),
        *("airgap_skip_verify", "verified", "airgap_verified", "brought", "check_signature"),
    ),
    True,
)


@pytest.fixture(scope="module")
def host(sealed_host: Callable[..., SealedHost]) -> SealedHost:
    """Plain Ansible and the collection; of the tool nothing."""
    host = sealed_host("collection")
    collection_play.put(host)
    host.mark()
    return host


@pytest.fixture
def tampered(host: SealedHost) -> Iterator[SealedHost]:
    """With a copy of the bundle that may be changed."""
    host.require(["sh", "-c", f"rm -rf {COPY} && cp -a {MEDIUM} {COPY} && chmod -R u+w {COPY}"])
    yield host
    host.require(["rm", "-rf", COPY])
    end_lock(host)


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keys]:
    keys = make_keys(tmp_path_factory.mktemp("keys") / "gnupg")
    yield keys
    keys.stop()


def manifest(host: SealedHost) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(host.read(f"{MEDIUM}/bundle.json"))
    return document


def nobody_holds(host: SealedHost) -> bool:
    free = host.exec(["sh", "-c", f"[ ! -e {LOCK} ] || flock -n {LOCK} true"]).rc == 0
    return free and host.exec(["test", "-e", TICKET]).rc != 0


def test_the_host_has_nothing_of_the_tool(host: SealedHost) -> None:
    assert host.exec(["test", "-e", "/opt/graphistry-airgap"]).rc != 0
    assert host.exec(["sh", "-c", "find / -xdev -name 'graphistry_airgap*' | grep -v ^/proc"]).stdout == ""


@pytest.mark.parametrize("role", ROLES)
def test_a_role_refuses_a_bundle_that_this_run_has_not_verified(host: SealedHost, role: str) -> None:
    """No variable and no mode of Ansible's lets it through."""
    before = snapshot(host)
    write(host, role, verify={}, released=False, bundle=manifest(host))
    for options in ([], ["--check"], ["-e", json.dumps(SWITCHES | {"bundle": manifest(host)})]):
        done = run(host, *options)
        assert (done.rc, done.changed, done.codes) == (2, 0, ["bundle-unverified"]), done.said
    assert snapshot(host) == before
    assert nobody_holds(host)


@pytest.mark.parametrize("option", ["allow_unsigned", "brought", "verify"])
def test_the_task_takes_no_word_that_would_soften_it(host: SealedHost, option: str) -> None:
    write(host, verify={"path": MEDIUM, option: True})
    done = run(host)
    assert (done.rc, f"Invalid options for graphistry.airgap.bundle: {option}" in done.said) == (2, True)


def refused(host: SealedHost, code: str, *, keyring: str = KEYRING) -> None:
    before = snapshot(host)
    write(host, *INSTALLED, verify={"path": "{{ medium }}", "keyring": keyring}, medium=COPY)
    for options in ([], ["-e", json.dumps({"allow_unsigned": True, "airgap_allow_unsigned": True})]):
        done = run(host, *options)
        assert (done.rc, done.changed, done.codes) == (2, 0, [code]), done.said
    assert snapshot(host) == before
    assert nobody_holds(host)


def test_a_stranger_s_signature_is_refused_before_anything(tampered: SealedHost, stranger: Keys) -> None:
    tampered.put(stranger.sign(tampered.read(f"{COPY}/SHA256SUMS"), "stranger"), f"{COPY}/SHA256SUMS.asc")
    refused(tampered, "signature-invalid")


def test_a_bundle_that_vouches_for_itself(tampered: SealedHost, stranger: Keys) -> None:
    tampered.put(stranger.sign(tampered.read(f"{COPY}/SHA256SUMS"), "stranger"), f"{COPY}/SHA256SUMS.asc")
    tampered.put(stranger.public("stranger"), f"{COPY}/trusted.gpg")
    refused(tampered, "keyring-in-bundle", keyring=f"{COPY}/trusted.gpg")


def test_an_unsigned_bundle(tampered: SealedHost) -> None:
    tampered.require(["rm", f"{COPY}/SHA256SUMS.asc"])
    refused(tampered, "signature-missing")


@pytest.mark.parametrize("place", [KEYRING, "/srv/keys/trusted.gpg"])
def test_too_few_signers_for_the_number_beside_the_keyring(tampered: SealedHost, place: str) -> None:
    """The host's own number counts, and that of the machine that the play runs from."""
    tampered.put(tampered.read(KEYRING), place)
    required = place.replace(".gpg", ".required")
    tampered.put(b"2\n", required)
    try:
        refused(tampered, "signatures-too-few", keyring=place)
    finally:
        tampered.require(["rm", required])


@pytest.mark.parametrize(
    ("harm", "code"),
    [
        ("f=$(ls images/blobs/sha256/* | head -n 1); printf x >>$f", "checksum-mismatch"),
        ("printf x >>release/VERSION", "checksum-mismatch"),
        ("sed -i 's/a/b/' bundle.json", "checksum-mismatch"),
        ("rm release/VERSION", "file-missing"),
        ("cp release/VERSION release/planted", "file-extra"),
    ],
)
def test_a_bundle_with_a_planted_byte(tampered: SealedHost, harm: str, code: str) -> None:
    tampered.require(["sh", "-c", f"set -eu; cd {COPY}; {harm}"])
    refused(tampered, code)


def but_for_empty_directories(found: dict[str, list[str]]) -> dict[str, list[str]]:
    """A release that was refused while it was copied leaves the directory that it would have come to."""
    empty = ("/var/graphistry d ", "/var/graphistry/releases d ")
    return {**found, "releases": [line for line in found["releases"] if not line.startswith(empty)]}


def after_verification(host: SealedHost, script: str, role: str, **variables: Any) -> str:
    """The code that a role ends with where somebody changes the bundle behind the first task's back."""
    before = snapshot(host)
    harm = {
        "name": "Do harm",
        "ansible.builtin.shell": f"set -eu; cd {COPY}; {script}",
        "changed_when": False,
    }
    write(host, role, between=[harm], medium=COPY, **variables)
    done = run(host)
    assert done.rc == 2, done.said
    end_lock(host)
    assert but_for_empty_directories(snapshot(host)) == but_for_empty_directories(before)
    (code,) = done.codes
    return code


def test_a_release_file_that_is_planted_after_the_verification(tampered: SealedHost) -> None:
    code = after_verification(tampered, "printf x >>release/VERSION", "graphistry_release")
    assert code == "bundle-file-changed"


@pytest.mark.parametrize(
    ("and_more", "expected"),
    [
        ("", "bundle-digest-differs"),
        ("; sed -i 's|^.*  release/VERSION$|{digest}  release/VERSION|' SHA256SUMS", "bundle-unverified"),
    ],
    ids=["variables", "variables and list"],
)
def test_a_planted_release_file_with_the_digest_that_it_has(
    tampered: SealedHost, and_more: str, expected: str
) -> None:
    planted = manifest(tampered)
    data = tampered.read(f"{MEDIUM}/release/VERSION") + b"x"
    digest = tampered.exec(["sha256sum"], stdin=data).stdout.split()[0]
    planted["files"]["release/VERSION"]["sha256"] = digest
    script = "printf x >>release/VERSION" + and_more.format(digest=digest)
    assert after_verification(tampered, script, "graphistry_release", bundle=planted) == expected


def test_a_planted_key_of_a_repository_with_the_digest_that_it_has(tampered: SealedHost) -> None:
    name = manifest(tampered)["platforms"]["debian-13"]["repositories"][0]["signed_by"]
    digest = tampered.exec(["sha256sum"], stdin=b"planted").stdout.split()[0]
    code = after_verification(
        tampered, f"printf planted >{name}", "offline_repo", offline_repo_digests={name: digest}
    )
    assert code == "bundle-digest-differs"


def test_another_bundle_than_the_verified_one(tampered: SealedHost) -> None:
    write(tampered, "graphistry_release", graphistry_release_source=f"{COPY}/release")
    done = run(tampered)
    assert (done.codes, done.changed) == (["bundle-unverified"], 0)


def test_a_play_installs_and_the_same_again_changes_nothing(host: SealedHost) -> None:
    write(host, *INSTALLED)
    first = run(host)
    assert first.rc == 0, first.said
    assert first.changed >= 4
    names = host.require(["docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}"]).split()
    assert {image["name"] for image in manifest(host)["images"]} <= set(names)
    version = manifest(host)["release"]["version"]
    assert host.read("/var/graphistry/current/VERSION") == host.read(f"{MEDIUM}/release/VERSION")
    assert host.require(["readlink", "/var/graphistry/current"]).strip() == f"releases/{version}"
    assert nobody_holds(host)
    before = snapshot(host)
    again = run(host)
    assert (again.rc, again.changed) == (0, 0), again.said
    assert snapshot(host) == before


def test_a_layer_that_is_planted_after_the_verification(tampered: SealedHost) -> None:
    """Docker is there by now; what it lacks is fetched, and what lies in the place of a layer is refused."""
    image = next(one for one in manifest(tampered)["images"] if "caddy" in one["name"])
    tampered.require(["docker", "image", "rm", "-f", image["name"]])
    tampered.require(["docker", "image", "prune", "-f"])
    blob = image["layers"][-1]["digest"].replace("sha256:", "images/blobs/sha256/")
    code = after_verification(tampered, f"printf x | dd of={blob} conv=notrunc", "container_images")
    assert code == "bundle-damaged"


def test_images_of_another_list_than_the_bundle_s(tampered: SealedHost) -> None:
    planted = manifest(tampered)["images"]
    digest = tampered.exec(["sha256sum"], stdin=b"{}").stdout.split()[0]
    planted[0]["manifest"] = {**planted[0]["manifest"], "digest": f"sha256:{digest}", "size": 2}
    code = after_verification(
        tampered,
        f"printf '{{}}' >images/blobs/sha256/{digest}",
        "container_images",
        container_images_images=planted,
    )
    assert code == "bundle-digest-differs"


def holding(host: SealedHost) -> dict[str, Any]:
    """A play that has failed behind its first task."""
    failing = {"name": "Fail", "ansible.builtin.fail": {"msg": "on purpose"}}
    write(host, between=[failing])
    assert run(host).rc == 2
    said: dict[str, Any] = json.loads(host.read(LOCK))
    return said


def test_what_a_failed_play_leaves_stops_others_until_somebody_ends_it(host: SealedHost) -> None:
    left = holding(host)
    assert host.exec(["test", "-d", f"/proc/{left['pid']}"]).rc == 0
    # bundle, lock and ticket are good, and another run's: also for one that says that it is the other
    write(host, "graphistry_release", verify={}, released=False, bundle=manifest(host))
    forged = {"GRAPHISTRY_AIRGAP_RUN": left["play"]}
    for options in ([], ["-e", json.dumps({**SWITCHES, "bundle": manifest(host), "play": left["play"]})]):
        assert run(host, *options, environment=forged).codes == ["bundle-unverified"]
    write(host, "graphistry_release")
    done = run(host)
    assert done.codes == ["lock-held"]
    assert left["play"] in done.said
    assert "systemctl stop graphistry-airgap-play-lock" in done.said
    # releasing in it leaves the other's alone
    write(host, verify={})
    assert run(host).rc == 0
    assert json.loads(host.read(LOCK)) == left
    host.require(["systemctl", "stop", left["unit"]])
    assert nobody_holds(host)
    write(host, "graphistry_release")
    assert run(host).rc == 0


def test_a_killed_play_leaves_its_lock_and_a_killed_service_frees_it(host: SealedHost) -> None:
    killing = {
        "name": "Die",
        "ansible.builtin.shell": f"kill -9 $(sed 's/.*process \\([0-9]*\\).*/\\1/' {LOCK})",
        "changed_when": False,
    }
    write(host, between=[killing])
    assert run(host).rc != 0
    left = json.loads(host.read(LOCK))
    write(host, "graphistry_release")
    assert run(host).codes == ["lock-held"]
    host.require(["kill", "-9", str(left["pid"])])
    deadline = time.monotonic() + 20
    while not nobody_holds(host) and time.monotonic() < deadline:
        time.sleep(0.5)
    assert nobody_holds(host)


def test_a_lock_that_nobody_has_used_for_an_hour_ends(host: SealedHost) -> None:
    holding(host)
    host.require(["touch", "-d", "-50 min", LOCK])
    time.sleep(12)
    assert not nobody_holds(host)
    host.require(["touch", "-d", "-61 min", LOCK])
    deadline = time.monotonic() + 30
    while not nobody_holds(host) and time.monotonic() < deadline:
        time.sleep(0.5)
    assert nobody_holds(host)


def test_the_same_run_may_verify_again_and_the_last_bundle_counts(tampered: SealedHost) -> None:
    again = {**VERIFY, "graphistry.airgap.bundle": {"path": COPY}}
    write(tampered, "graphistry_release", between=[again])
    done = run(tampered)
    assert (done.rc, done.codes) == (2, ["bundle-unverified"])
    assert MEDIUM in done.said
    end_lock(tampered)
    write(tampered, "graphistry_release", between=[again], graphistry_release_source=f"{COPY}/release")
    done = run(tampered)
    assert (done.rc, done.changed) == (0, 0), done.said


def test_nothing_tried_to_leave(host: SealedHost) -> None:
    assert host.egress().packets == ()
    assert 0 not in host.controls().values()


def test_the_tool_does_not_start_while_a_play_works(host: SealedHost) -> None:
    left = holding(host)
    rc, document = install(host)
    (error,) = document["errors"]
    assert (rc, error["code"]) == (5, "lock-held")
    assert left["play"] in error["message"]
    assert f"systemctl stop {left['unit']}" in error["hint"]
    end_lock(host)


def test_a_play_does_not_start_while_the_tool_works(host: SealedHost) -> None:
    command = " ".join(INSTALL)
    host.require(["sh", "-c", f"systemd-run --quiet --collect --unit=trust-tool {command} --json"])
    try:
        deadline = time.monotonic() + 120
        while host.exec(["grep", "-q", '"install"', LOCK]).rc and time.monotonic() < deadline:
            time.sleep(0.2)
        # what the run writes down for its own modules
        while host.exec(["test", "-e", TICKET]).rc and time.monotonic() < deadline:
            time.sleep(0.2)
        ticket = json.loads(host.read(TICKET))
        assert (ticket["bundle"], len(ticket["signers"])) == (MEDIUM, 1)
        write(host, "graphistry_release")
        done = run(host)
        assert done.codes == ["lock-held"]
        assert "graphistry-airgap-run-*.scope" in done.said
    finally:
        host.exec(["sh", "-c", "systemctl kill -s KILL 'graphistry-airgap-run-*.scope' trust-tool.service"])
    deadline = time.monotonic() + 20
    while host.exec(["flock", "-n", LOCK, "true"]).rc != 0 and time.monotonic() < deadline:
        time.sleep(0.2)
    # the ticket of a killed run counts for nobody, and the next one clears it away
    assert host.exec(["test", "-e", TICKET]).rc == 0
    write(host, "graphistry_release", verify={}, released=False, bundle=manifest(host))
    assert run(host).codes == ["bundle-unverified"]
