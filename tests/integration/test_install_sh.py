"""install.sh on a bare Debian 13 without network: it refuses before it changes anything, then it works."""

from __future__ import annotations

import os
import shlex
import shutil
import uuid
from pathlib import Path

import pytest

from tests.kit.bundles.mini_bundle import PLATFORM, flip_byte, sha256
from tests.kit.bundles.real_bundle import GPGV, envelope, make_real_bundle
from tests.kit.hosts.bare_host import KEYRING, Host, has_image

pytestmark = [
    pytest.mark.host,
    pytest.mark.subprocesses,
    pytest.mark.skipif(not has_image(), reason="needs Docker and the lab's host image (lab/hosts/image)"),
]

STATE = "dpkg -l; find /opt/graphistry-airgap -mindepth 1 -printf '%p %T@ %m %l\n'"
TOOL = "/opt/graphistry-airgap/bin/graphistry-airgap"


@pytest.fixture(scope="module")
def bundles(tmp_path_factory):
    path = tmp_path_factory.mktemp("bundles")
    path.chmod(0o755)
    return path


@pytest.fixture(scope="module")
def mini(bundles, keys):
    return make_real_bundle(bundles / "good", keys)


@pytest.fixture(scope="module")
def bare(bundles, mini, keys):
    """A host that no test changes."""
    host = Host(bundles)
    host.put(KEYRING, keys.public("signer"))
    yield host
    host.remove()


@pytest.fixture(scope="module", params=["sqv", "gpgv"])
def checker(request, bundles, bare, keys):
    """The bare host with sqv alone, and one with gpgv."""
    if request.param == "sqv":
        yield bare
        return
    shutil.copytree(GPGV, bundles / "gpgv")
    host = Host(bundles)
    host.put(KEYRING, keys.public("signer"))
    host.sh("dpkg -i /media/gpgv/*.deb")
    yield host
    host.remove()


@pytest.fixture
def spoiled(bundles, mini, request):
    """A copy of the bundle to spoil."""
    path = bundles / f"spoiled-{uuid.uuid4().hex[:8]}"
    shutil.copytree(mini.path, path)
    yield path
    shutil.rmtree(path)


def refused(
    host: Host, bundle: str, arguments: str = f"--keyring {KEYRING}"
) -> tuple[int, list[tuple[str, str | None]]]:
    """Exit status and errors of a refusal, which has changed nothing and says the same to people."""
    before = host.changes()
    status, out, err = host.install(bundle, f"{arguments} --json")
    assert host.changes() == before
    document = envelope(out)
    assert document["version"] == 1
    assert document["command"] == "install"
    assert document["ok"] is False
    assert document["exit_code"] == status
    for error in document["errors"]:
        message = error["message"].replace("\n", "\n    ")
        assert f"error: {message}\n  hint: {error['hint']}\n" in err
    return status, [(error["code"], error.get("path")) for error in document["errors"]]


FILES = [
    "install.sh",
    "bundle.json",
    f"runtime/{PLATFORM}/requirements.txt",
    f"runtime/{PLATFORM}/bootstrap",
    f"packages/{PLATFORM}/keys/debian.gpg",
    f"packages/{PLATFORM}/debian/dists/test/InRelease",
    "release/VERSION",
    "images/index.json",
]


@pytest.mark.parametrize("path", [*FILES, "a wheel", "a package", "a blob"])
def test_one_flipped_byte_is_found_before_anything_changes(bare, mini, spoiled, path):
    part = {"a wheel": "pip-", "a package": "/python3_", "a blob": "/blobs/"}.get(path)
    if part:
        path = next(name for name in mini.files if part in name)
    flip_byte(spoiled / path, 30 if path == "install.sh" else None)
    assert refused(bare, spoiled.name) == (4, [("checksum-mismatch", path)])


@pytest.mark.parametrize("path", ["SHA256SUMS", "SHA256SUMS.asc"])
def test_a_flipped_byte_of_list_or_signature(checker, spoiled, path):
    for position in (0, 60, (spoiled / path).stat().st_size - 1):
        flip_byte(spoiled / path, position)
        assert refused(checker, spoiled.name) == (4, [("signature-invalid", "SHA256SUMS.asc")])
        flip_byte(spoiled / path, position)


def test_missing_and_extra_files_are_all_named(bare, mini, spoiled):
    wheel = f"runtime/{PLATFORM}/graphistry_airgap-9.9.9-py3-none-any.whl"
    (spoiled / wheel).write_bytes(b"planted")
    (spoiled / "new dir").mkdir()
    (spoiled / "new dir" / 'a "file"').write_bytes(b"")
    (spoiled / "lock.json").unlink()
    status, errors = refused(bare, spoiled.name)
    assert status == 4
    assert sorted(errors) == [
        ("file-extra", 'new dir/a "file"'),
        ("file-extra", wheel),
        ("file-missing", "lock.json"),
    ]


def test_a_planted_name_that_is_no_text_is_seen(bare, spoiled):
    folder = os.fsencode(spoiled / "runtime" / PLATFORM)
    Path(os.fsdecode(folder + b"/graphistry_airgap-9.9.9-\xff.whl")).write_bytes(b"planted")
    (spoiled / "bell\x1b]0;x\x07").write_bytes(b"")
    status, errors = refused(bare, spoiled.name)
    wheel = f"runtime/{PLATFORM}/graphistry_airgap-9.9.9-.whl"
    assert (status, sorted(errors)) == (4, [("file-extra", "bell ]0;x "), ("file-extra", wheel)])
    Path(os.fsdecode(folder + b"/a\xff\nb")).write_bytes(b"")
    status, errors = refused(bare, spoiled.name)
    assert (status, [code for code, _ in errors]) == (4, ["file-not-regular"])


@pytest.mark.parametrize("name", ["SHA256SUMS", "SHA256SUMS.asc"])
def test_a_file_of_absurd_size_is_not_copied(bare, spoiled, name):
    os.truncate(spoiled / name, 1 << 40)
    assert refused(bare, spoiled.name) == (4, [("file-too-large", name)])


def test_a_path_with_a_line_break(bare, bundles, spoiled):
    (bundles / "two\nlines").mkdir()
    shutil.copytree(spoiled, bundles / "two\nlines" / "b")
    assert refused(bare, "'two\nlines'/b") == (2, [("bundle-path", None)])


def test_variables_of_the_caller_are_not_ours(bare, mini):
    """Their names may be those of the script's own; the programs are found in its own PATH."""
    bare.put("/run/evil/sed", b"#!/bin/sh\ntouch /run/evil/ran\n", "755")
    names = "stage json quiet keyring bundle platform problems failures finished PROGRAM FIXED_PATH name IFS"
    variables = " ".join(f"{name}=x" for name in names.split())
    status, out, _ = bare.install(
        "good", "--json --keyring /run/none.gpg", f"env {variables} PATH=/run/evil:$PATH"
    )
    assert (status, envelope(out)["errors"][0]["code"]) == (2, "keyring-missing")
    assert bare.sh("ls /run/evil").stdout == b"sed\n"


def test_a_link_is_refused(bare, spoiled):
    (spoiled / "a-link").symlink_to("install.sh")
    assert refused(bare, spoiled.name) == (4, [("file-not-regular", "a-link")])


@pytest.mark.parametrize(
    ("name", "code"), [("SHA256SUMS", "not-a-bundle"), ("SHA256SUMS.asc", "signature-missing")]
)
def test_missing_parts_of_the_trust(bare, spoiled, name, code):
    (spoiled / name).unlink()
    assert refused(bare, spoiled.name) == (4, [(code, name)])


def test_a_truncated_list_of_an_unsigned_bundle(bare, spoiled):
    (spoiled / "SHA256SUMS.asc").unlink()
    sums = (spoiled / "SHA256SUMS").read_bytes()
    (spoiled / "SHA256SUMS").write_bytes(sums[:-5])
    assert refused(bare, spoiled.name, "--allow-unsigned") == (4, [("checksums-malformed", "SHA256SUMS")])


@pytest.mark.parametrize("line", ["../x", "/x", "a//b", "a/./b", "SHA256SUMS.asc", "install.sh", "a\\b", ""])
def test_lines_that_a_signed_list_must_not_hold(bare, spoiled, keys, line):
    text = (spoiled / "SHA256SUMS").read_text() + f"{'0' * 64}  {line}\n"
    (spoiled / "SHA256SUMS").write_text(text)
    (spoiled / "SHA256SUMS.asc").write_bytes(keys.sign(text.encode(), "signer"))
    assert refused(bare, spoiled.name) == (4, [("checksums-malformed", "SHA256SUMS")])


def test_a_bundle_signed_anew_by_a_key_that_it_carries(checker, spoiled, keys):
    (spoiled / "trusted.gpg").write_bytes(keys.public("stranger"))
    (spoiled / "SHA256SUMS.asc").write_bytes(keys.sign((spoiled / "SHA256SUMS").read_bytes(), "stranger"))
    assert refused(checker, spoiled.name) == (4, [("signature-invalid", "SHA256SUMS.asc")])
    inside = f"--keyring /media/{spoiled.name}/trusted.gpg"
    assert refused(checker, spoiled.name, inside) == (4, [("keyring-in-bundle", None)])
    checker.sh(f"ln -sf /media/{spoiled.name}/trusted.gpg /run/link.gpg")
    assert refused(checker, spoiled.name, "--keyring /run/link.gpg") == (4, [("keyring-in-bundle", None)])


def test_keyrings_that_cannot_be_used(bare, mini):
    bare.put("/run/empty.gpg", b"")
    bare.put("/run/junk.gpg", b"junk\n")
    assert refused(bare, "good", "--keyring /run/none.gpg") == (2, [("keyring-missing", None)])
    assert refused(bare, "good", "--keyring=/run") == (2, [("keyring-missing", None)])
    assert refused(bare, "good", "--keyring /run/empty.gpg") == (2, [("keyring-empty", None)])
    assert refused(bare, "good", "--keyring /run/junk.gpg") == (2, [("keyring-malformed", None)])
    assert refused(bare, "good", "--keyring") == (2, [("usage", None)])
    assert refused(bare, "good", "--bundle /media/other") == (2, [("usage", None)])


def test_keys_that_must_not_sign_today(checker, spoiled, keys):
    sums = (spoiled / "SHA256SUMS").read_bytes()
    withdrawn = f"withdrawn-{uuid.uuid4().hex}"
    keys.make(withdrawn)
    signatures = {
        "expired": keys.sign(sums, "expired", at="20240102T000000!"),
        withdrawn: keys.sign(sums, withdrawn),
    }
    keys.revoke(withdrawn)
    for name, signature in signatures.items():
        (spoiled / "SHA256SUMS.asc").write_bytes(signature)
        checker.put(f"/run/{name}.gpg", keys.public(name, "second"))
        expected = (4, [("signature-invalid", "SHA256SUMS.asc")])
        assert refused(checker, spoiled.name, f"--keyring /run/{name}.gpg") == expected


def test_one_signer_where_the_host_asks_for_two(checker, mini):
    """Before anything of the bundle runs: its tool would count as its one signer likes."""
    number = "/etc/graphistry-airgap/trusted.required"
    checker.put("/run/two.yml", b"schema: 1\npurpose: host\nsignatures: {required: 2}\n")
    asked = f"--keyring {KEYRING} --site /run/two.yml"
    assert refused(checker, "good", asked) == (2, [("trusted-required-missing", None)])
    checker.sh(f"mkdir -p {number.rpartition('/')[0]} && echo 2 >{number}")
    try:
        assert refused(checker, "good", asked) == (4, [("signatures-too-few", None)])
    finally:
        checker.sh(f"rm {number}")


def test_a_signature_with_a_digest_that_is_too_weak(checker, spoiled, keys):
    sums = (spoiled / "SHA256SUMS").read_bytes()
    weak = keys.sign(sums, "signer", options=("--digest-algo", "SHA1"))
    (spoiled / "SHA256SUMS.asc").write_bytes(weak)
    assert refused(checker, spoiled.name) == (4, [("signature-invalid", "SHA256SUMS.asc")])


def test_a_good_signature_by_each_program(checker, mini, keys):
    """Seen on another platform's host, where the run ends without changing anything."""
    checker.sh(
        "cp /etc/os-release /run/os-release; sed -i 's/VERSION_ID=.*/VERSION_ID=12/' /usr/lib/os-release"
    )
    for name, ring in {
        "plain": keys.public("signer"),
        "armored": keys.public("second", "signer", armored=True),
    }.items():
        checker.put(f"/run/{name}.gpg", ring)
        assert refused(checker, "good", f"--keyring /run/{name}.gpg") == (3, [("wrong-platform", None)])
    checker.sh("cat /run/os-release > /usr/lib/os-release")


def test_a_spelling_of_the_signature_that_is_not_canonical(checker, spoiled):
    path = spoiled / "SHA256SUMS.asc"
    path.write_bytes(path.read_bytes().replace(b"\n\n", b"\nComment: x\n\n", 1))
    assert refused(checker, spoiled.name) == (4, [("signature-invalid", "SHA256SUMS.asc")])


def test_a_keyring_that_others_may_write(bare, mini):
    bare.sh(f"chmod 666 {KEYRING}")
    assert refused(bare, "good", "") == (2, [("keyring-unsafe", None)])
    bare.sh(f"chmod 644 {KEYRING}")


def test_not_root(bare, mini):
    done = bare.sh("su nobody -s /bin/sh -c 'sh /media/good/install.sh --json'", check=False)
    assert done.returncode == 5
    assert envelope(done.stdout.decode())["errors"][0]["code"] == "not-root"


def test_two_at_once(bare, mini):
    holder = "mkdir -p /opt/graphistry-airgap; flock /opt/graphistry-airgap sh -c"
    done = bare.sh(
        f"{holder} 'sh /media/good/install.sh --json'; code=$?; rmdir /opt/graphistry-airgap; exit $code",
        check=False,
    )
    assert done.returncode == 5
    assert envelope(done.stdout.decode())["errors"][0]["code"] == "lock-held"


def test_without_json_stdout_stays_empty(bare, mini):
    status, out, err = bare.install("good", "--keyring /run/none.gpg")
    assert (status, out) == (2, "")
    assert err.startswith("error: the keyring /run/none.gpg does not exist\n  hint: ")


def test_help_changes_nothing(bare, mini):
    before = bare.changes()
    status, out, _ = bare.install("good", "--help")
    assert (status, before) == (0, bare.changes())
    assert "--keyring FILE" in out


def test_a_host_gets_python_and_the_tool_and_keeps_its_own_apt(bundles, mini, keys):
    host = Host(bundles)
    try:
        host.put("/root/armored.asc", keys.public("signer", armored=True))
        apt_before = host.sh(
            "cd /etc/apt && find . -type f | sort | xargs sha256sum; ls /var/lib/apt/lists"
        ).stdout
        status, out, err = host.install(
            "good",
            "--json --keyring root/armored.asc --site '/etc/my site.yml' --resume",
            "PYTHONPATH=/evil PIP_INDEX_URL=http://192.0.2.1 PIP_CONFIG_FILE=/evil LD_LIBRARY_PATH=/evil",
        )
        assert status == 0, err
        called = envelope(out)
        (runtime,) = host.sh("ls -d /opt/graphistry-airgap/runtimes/*").stdout.decode().split()
        assert host.sh(f"readlink -f {TOOL}").stdout.decode().strip() == f"{runtime}/bin/graphistry-airgap"
        assert called["argv"] == [
            f"{runtime}/bin/graphistry-airgap", "install", "--bundle", "/media/good", "--json",
            "--keyring", "/root/armored.asc",
            "--bytes-checked", sha256((mini.path / "SHA256SUMS").read_bytes()),
            "--site", "/etc/my site.yml", "--resume",
        ]  # fmt: skip
        assert set(called["environment"]) <= {"PATH", "HOME", "LC_ALL", "TERM"}
        apt_after = host.sh(
            "cd /etc/apt && find . -type f | sort | xargs sha256sum; ls /var/lib/apt/lists"
        ).stdout
        assert apt_after == apt_before
        assert host.sh("ls -A /opt/graphistry-airgap").stdout.split() == [
            b"bin",
            b"packages-before",
            b"runtimes",
        ]
        assert host.sh("find /opt/graphistry-airgap ! -user 0 -o -perm /022 ! -type l").stdout == b""
        assert host.sh("find /opt/graphistry-airgap -name '*.pyc' | head -n 1").stdout

        packages = host.sh(STATE).stdout
        status, _, err = host.install("good", "--keyring /root/armored.asc")
        assert (status, err.splitlines()) == (0, [f"signed by {keys.fingerprint('signer')}"])
        assert host.sh(STATE).stdout == packages

        # a run with a bundle that is not accepted yet: its environment is needed, though no link names it
        busy = "/opt/graphistry-airgap/runtimes/busy"
        host.sh(f"mkdir -p {busy}/bin && cp /usr/bin/sleep {busy}/bin/python")
        host.sh(f"{busy}/bin/python 600 >/dev/null 2>&1 & echo $! >/run/busy")
        for number in (2, 3, 4):
            make_real_bundle(bundles / f"v{number}", keys, version=f"0.{number}.0")
            status, out, _ = host.install(f"v{number}", "--keyring /root/armored.asc")
            assert envelope(out)["version"] == f"0.{number}.0"
            # a tool takes over the link once it has accepted its bundle, which this small one never does
            assert host.sh(f"readlink -f {TOOL}").stdout.decode().startswith(f"{runtime}/")
        assert len(host.sh("ls /opt/graphistry-airgap/runtimes").stdout.split()) == 3
        host.sh("kill $(cat /run/busy)")
        assert host.install("v4", "--keyring /root/armored.asc")[0] == 0
        assert len(host.sh("ls /opt/graphistry-airgap/runtimes").stdout.split()) == 2
    finally:
        host.remove()


def test_an_odd_mount_point_the_host_s_apt_and_python_settings_change_nothing(bundles, mini, keys):
    name = "a 'b' \"c\" [d] #e @BUNDLE@ %f $g:h"
    shutil.copytree(mini.path, bundles / name)
    host = Host(bundles)
    try:
        host.put(KEYRING, keys.public("signer"))
        host.put(
            "/etc/apt/apt.conf.d/99site",
            b'APT::Default-Release "elsewhere"; APT::Update::Pre-Invoke {"touch /run/hooked";};',
        )
        host.put("/run/evil/json.py", b"open('/run/evil/ran', 'w')")
        status, out, err = host.install(shlex.quote(name), "--json")
        assert status == 0, err
        assert envelope(out)["argv"][3] == f"/media/{name}"
        assert host.sh(f"PYTHONPATH=/run/evil {TOOL} status").returncode == 0
        assert host.sh("ls /run/evil /run/hooked", check=False).stdout == b"/run/evil:\njson.py\n"
    finally:
        host.remove()


def test_too_little_room_is_the_host_s_error(bundles, mini, keys):
    for size in ("4k", "100m"):
        # without `exec` Docker would mount it noexec, which is refused for its own reason
        host = Host(bundles, "--tmpfs", f"/opt:exec,size={size}")
        try:
            host.put(KEYRING, keys.public("signer"))
            status, errors = refused(host, "good")
            assert (status, [code for code, _ in errors]) == (3, ["disk-full"]), size
            assert host.sh("ls -A /opt").stdout == b""
        finally:
            host.remove()


def test_a_half_made_environment_is_made_again(bundles, mini, keys):
    host = Host(bundles)
    try:
        host.put(KEYRING, keys.public("signer"))
        assert host.install("good")[0] == 0
        host.sh(
            "cd /opt/graphistry-airgap/runtimes/* && rm -r .complete lib && mkdir -m 700 ../../.staging.old"
        )
        status, _, err = host.install("good")
        assert status == 0, err
        assert host.sh("ls -A /opt/graphistry-airgap").stdout.split() == [
            b"bin",
            b"packages-before",
            b"runtimes",
        ]
    finally:
        host.remove()


def test_packages_that_apt_refuses_leave_the_host_alone(bundles, mini, keys):
    """A held package of another version stands in the way."""
    host = Host(bundles)
    try:
        host.put(KEYRING, keys.public("signer"))
        host.sh(
            "printf 'Package: media-types\\nStatus: hold ok installed\\nVersion: 0.1\\nArchitecture: all\\n"
            "Maintainer: x <x@example.org>\\nDescription: x\\n"
            "Conflicts: libpython3.13-stdlib\\n\\n' >> /var/lib/dpkg/status"
        )
        status, errors = refused(host, "good")
        assert (status, [code for code, _ in errors]) == (3, ["packages-refused"])
    finally:
        host.remove()
