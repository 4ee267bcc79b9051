"""One transaction to the lock's versions: what is asked of apt, and what is refused before asking."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.subprocesses

# the fake dpkg database is a file of `dpkg-query` lines; apt-get rewrites it as a real one would
DPKG_QUERY = 'cat "$STATE/database"'
DPKG = r"""
if [ "$1" = --compare-versions ]; then exec /usr/bin/dpkg "$@"; fi
echo "dpkg $*" >>"$STATE/calls"
sed -i 's/half-configured\|triggers-pending/installed/' "$STATE/database"
"""
APT_GET = """
{ echo "apt-get $*"; echo "$DEBIAN_FRONTEND $NEEDRESTART_SUSPEND $APT_CONFIG"; } >>"$STATE/calls"
[ ! -e "$STATE/apt-fails" ] || { echo "E: held broken packages" >&2; exit 100; }
for word; do
    case $word in
    *=*:*|*::*|DPkg*) ;;
    *=*) name=${word%%=*}
         sed -i "/^$name\\t/d" "$STATE/database"
         printf '%s\\tamd64\\t%s\\tinstall\\tok\\tinstalled\\n' "$name" "${word#*=}" >>"$STATE/database" ;;
    esac
done
"""


@pytest.fixture
def host(programs, call_module, verify, tmp_path, monkeypatch):
    verify(tmp_path / "the bundle")
    monkeypatch.setattr(
        "ansible_collections.graphistry.airgap.plugins.module_utils.packages.apt.system.LOCKS",
        (str(tmp_path / "lock"),),
    )
    programs("dpkg-query", DPKG_QUERY)
    programs("dpkg", DPKG)
    programs("apt-get", APT_GET)
    (tmp_path / "calls").touch()

    def run(*wanted, **arguments):
        known = {"package_config": "/state/apt.conf", "lock_timeout": 1}
        names = ("name", "version", "architecture")
        packages = [dict(zip(names, package, strict=False)) for package in wanted]
        return call_module("packages", packages=packages, **known | arguments)

    def database(*rows):
        lines = ("\t".join(row) for row in rows)
        (tmp_path / "database").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    run.database = database
    run.calls = lambda: (tmp_path / "calls").read_text(encoding="utf-8")
    run.path = tmp_path
    return run


def row(name, version, want="install", status="installed", architecture="amd64"):
    return (name, architecture, version, want, "ok", status)


def test_only_absent_and_older_packages_are_installed_in_one_run(host):
    host.database(row("same", "1"), row("newer", "3"), row("older", "1"))
    result = host(("same", "1"), ("newer", "2"), ("older", "2"), ("absent", "5"))
    assert result["installed"] == [
        {"name": "older", "from": "1", "to": "2"},
        {"name": "absent", "from": "", "to": "5"},
    ]
    commands = [line for line in host.calls().splitlines() if line.startswith("apt-get")]
    assert len(commands) == 1
    assert commands[0].endswith(" install older=2 absent=5")
    for option in ("--no-install-recommends", "--no-remove", "--force-confold"):
        assert option in commands[0]
    assert "noninteractive 1 /state/apt.conf" in host.calls()


def test_a_second_run_asks_apt_nothing(host):
    host.database(row("a", "1"))
    host(("a", "2"))
    before = host.calls()
    assert host(("a", "2"))["changed"] is False
    assert host.calls() == before


@pytest.mark.parametrize("version", ["1:1", "2~rc1", "2"])
def test_versions_are_ordered_as_dpkg_orders_them(host, version):
    host.database(row("a", version))
    assert host(("a", "2"))["changed"] is (version == "2~rc1")


def test_a_file_that_the_packages_scripts_rewrite_is_kept_as_it_was_before(host):
    file, store = host.path / "etc" / "config.toml", host.path / "replaced"
    file.parent.mkdir()
    file.write_text("# of the site\n")
    host.database(row("a", "1"))
    arguments = {"rewritten": [str(file), str(host.path / "absent")], "replaced": str(store)}
    host(("a", "2"), check=True, **arguments)
    assert not store.exists()
    host(("a", "2"), **arguments)
    file.write_text("rewritten\n")
    host(("a", "2"), **arguments)
    assert [path.read_text() for path in store.rglob("config.toml.*")] == ["# of the site\n"]


def test_a_held_older_package_is_refused_before_apt(host):
    host.database(row("a", "1", want="hold"), row("b", "9", want="hold"))
    result = host(("a", "2"), ("b", "2"))
    assert result["failed"] is True
    assert result["code"] == "host-package-held"
    assert "a 1 (needed: 2)" in result["msg"]
    assert "unhold a" in result["hint"]
    assert host.calls() == ""


def test_another_architecture_does_not_satisfy(host):
    host.database(row("a", "2", architecture="i386"))
    assert host(("a", "2", "amd64"))["installed"] == [{"name": "a", "from": "", "to": "2"}]


def test_a_package_for_all_architectures_satisfies(host):
    host.database(row("a", "2", architecture="all"))
    assert host(("a", "2", "amd64"))["changed"] is False


def test_what_a_killed_transaction_left_is_finished_first(host):
    host.database(row("a", "2", status="half-configured"))
    assert host(("a", "2"))["changed"] is True
    assert "dpkg --configure --pending" in host.calls()
    assert "apt-get" not in host.calls()


def test_what_it_left_waiting_is_finished_also_where_nothing_is_wanted(host):
    host.database(row("a", "2"), row("initramfs-tools", "1", status="triggers-pending"))
    assert host(("a", "2"), check=True)["changed"] is True
    assert "configure" not in host.calls()
    assert host(("a", "2"))["changed"] is True
    assert "dpkg --configure --pending" in host.calls()


def test_removed_packages_with_configuration_left_count_as_absent(host):
    host.database(row("a", "2", want="deinstall", status="config-files"))
    assert host(("a", "2"))["installed"] == [{"name": "a", "from": "", "to": "2"}]


@pytest.mark.parametrize("check", [False, True])
def test_settings_that_lead_to_another_bundle_than_the_verified_one_are_refused(host, check):
    host.database(row("a", "1"))
    (host.path / "apt").mkdir()
    sources = host.path / "apt/sources.list"
    known = {"package_config": str(host.path / "apt/apt.conf"), "check": check}
    options = "[arch=amd64 signed-by=/state/keys/a.gpg]"
    ours = str(host.path / "the bundle/packages").replace(" ", "%20")
    sources.write_text(f"deb {options} copy:{ours} stable main\n")
    assert host(("a", "1"), **known)["changed"] is False
    sources.write_text(f"deb {options} copy:{ours} stable main\ndeb {options} copy:/media/planted ./\n")
    result = host(("a", "2"), **known)
    assert (result["code"], "/media/planted" in result["msg"]) == ("bundle-unverified", True)
    assert host.calls() == ""


def test_what_apt_says_is_told(host):
    host.database(row("a", "1"))
    (host.path / "apt-fails").touch()
    result = host(("a", "2"))
    assert result["failed"] is True
    assert "held broken packages" in result["msg"]


def test_check_mode_asks_apt_nothing(host):
    host.database(row("a", "1"))
    assert host(("a", "2"), check=True)["changed"] is True
    assert host.calls() == ""


def changed_by(result):
    return [(one["what"], one["before"], one["after"]) for one in result["changes"]]


def test_check_mode_foretells_the_versions(host, as_foretold):
    host.database(row("same", "1"), row("newer", "3"), row("older", "1"))
    result = as_foretold(host, ("same", "1"), ("newer", "2"), ("older", "2"), ("absent", "5"))
    assert changed_by(result) == [
        ("absent", None, {"version": "5"}),
        ("older", {"version": "1"}, {"version": "2"}),
    ]


def test_check_mode_foretells_what_is_finished(host, as_foretold):
    host.database(
        row("a", "1", status="half-configured"),
        row("initramfs-tools", "1", status="triggers-pending"),
        row("gone", "1", want="deinstall", status="config-files"),
    )
    assert changed_by(as_foretold(host, ("a", "2"), ("gone", "2"))) == [
        ("a", {"version": "1", "unfinished": True}, {"version": "2"}),
        ("gone", None, {"version": "2"}),
        ("initramfs-tools", {"version": "1", "unfinished": True}, {"version": "1"}),
    ]


HOLDER = """
import fcntl, sys, time
lock = open(sys.argv[1], "w")
fcntl.lockf(lock, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(float(sys.argv[2]))
"""


@pytest.fixture
def holder(tmp_path):
    started = []

    def hold(seconds):
        command = [sys.executable, "-c", HOLDER, str(tmp_path / "lock"), str(seconds)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout.readline().strip() == "held"
        return process

    yield hold
    for process in started:
        process.kill()
        process.wait()


def test_who_holds_the_lock_is_named(host, holder):
    host.database(row("a", "1"))
    process = holder(60)
    result = host(("a", "2"))
    assert result["code"] == "package-lock-held"
    assert f"process {process.pid} " in result["msg"]
    assert "fcntl.lockf" in result["msg"]
    assert host.calls() == ""


def test_a_lock_that_is_given_up_in_time_is_waited_for(host, holder):
    host.database(row("a", "1"))
    holder(1)
    assert host(("a", "2"), lock_timeout=10)["changed"] is True


def test_a_held_lock_does_not_matter_when_nothing_is_to_do(host, holder):
    host.database(row("a", "2"))
    holder(60)
    assert host(("a", "2"))["changed"] is False
