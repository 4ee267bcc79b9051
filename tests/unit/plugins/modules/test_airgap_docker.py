"""Docker's file and its running daemon, kept in step; a stand-in daemon follows the file as dockerd does."""

import json
import sys
import time

import pytest
from ansible.module_utils.airgap import daemon_config, docker_engine

pytestmark = pytest.mark.subprocesses

# state.json is the daemon: null when it does not run, else its `docker info`
DAEMON = """
import json, os, sys
folder = os.environ["STATE"]
state = os.path.join(folder, "state.json")

def config():
    path = os.path.join(folder, "etc", "daemon.json")
    return json.load(open(path)) if os.path.exists(path) else {}

def running():
    return json.load(open(state)) if os.path.exists(state) else None

def start():
    try:
        wanted = config()
    except ValueError:
        sys.exit("Job for docker.service failed.")
    if os.path.exists(os.path.join(folder, "broken")):
        sys.exit("Job for docker.service failed.")
    snapshotter = wanted.get("features", {}).get("containerd-snapshotter")
    info = {"ID": "x", "Images": 0, "Containers": 0, "DefaultRuntime": "runc", "Runtimes": {"runc": {}}}
    info["DockerRootDir"] = wanted.get("data-root", os.path.join(folder, "docker"))
    info["LoggingDriver"] = wanted.get("log-driver", "json-file")
    info["DefaultAddressPools"] = [
        {"Base": p["base"], "Size": p["size"]} for p in wanted.get("default-address-pools", [])
    ]
    info["DriverStatus"] = [["driver-type", "io.containerd.snapshotter.v1"]] if snapshotter else []
    json.dump(follow(info, wanted), open(state, "w"))

def follow(info, wanted):
    info["LiveRestoreEnabled"] = bool(wanted.get("live-restore"))
    info["DefaultRuntime"] = wanted.get("default-runtime", "runc")
    info["Runtimes"] = {"runc": {}, **wanted.get("runtimes", {})}
    return info

with open(os.path.join(folder, "calls"), "a") as calls:
    calls.write(" ".join([os.path.basename(sys.argv[1]), *sys.argv[2:]]) + "\\n")
program, verb = os.path.basename(sys.argv[1]), sys.argv[2]
if program == "journalctl":
    print("failed to start daemon: no space for maneuvers")
elif program == "docker" and verb == "info":
    info = running()
    if info is None:
        sys.exit("Cannot connect to the Docker daemon")
    print(json.dumps(info))
elif program == "docker" and verb == "ps":
    names = os.path.join(folder, "containers")
    print(open(names).read() if os.path.exists(names) else "", end="")
elif program == "nvidia-ctk":
    path = os.path.join(folder, "etc", "daemon.json")
    merged = {**config(), "default-runtime": "nvidia", "runtimes": {"nvidia": {"path": "x"}}}
    json.dump(merged, open(path, "w"), indent=4, sort_keys=True)
elif verb == "is-active":
    sys.exit(0 if running() else 3)
elif verb == "is-enabled":
    sys.exit(0 if os.path.exists(os.path.join(folder, "enabled")) else 1)
elif verb == "show":
    began = os.path.join(folder, "began")
    print(open(began).read() if os.path.exists(began) else "")
elif verb == "enable":
    open(os.path.join(folder, "enabled"), "w")
elif verb in ("start", "restart"):
    start()
elif verb == "reload" and not os.path.exists(os.path.join(folder, "deaf")):
    json.dump(follow(running(), config()), open(state, "w"))
"""


@pytest.fixture
def host(programs, call_module, tmp_path, monkeypatch):
    (tmp_path / "daemon.py").write_text(DAEMON, encoding="utf-8")
    for name in ("docker", "systemctl", "journalctl", "nvidia-ctk"):
        programs(name, f'exec {sys.executable} "$STATE/daemon.py" "$0" "$@"')
    # this machine may have a Docker of its own
    monkeypatch.setattr(docker_engine, "CONTAINERD_ROOT", tmp_path / "containerd")
    monkeypatch.setattr(daemon_config, "DEFAULT_ROOT", str(tmp_path / "docker"))
    return Host(tmp_path, call_module)


class Host:
    def __init__(self, root, call_module):
        self.root = root
        self.file = root / "etc" / "daemon.json"
        self._call = call_module
        self._common = {"path": str(self.file), "product_root": "/var/graphistry"}
        self._common |= {"pending": str(root / "state" / "due")}

    def config(self, **arguments):
        known = {**self._common, "replaced": str(self.root / "replaced")}
        known |= {"data_root": str(self.root / "docker"), "log_options": {"max-size": "100m"}}
        known |= {"address_pools": [{"base": "172.30.0.0/16", "size": 24}]}
        return self._call("airgap_docker_config", **known | arguments)

    def service(self, **arguments):
        return self._call("airgap_docker_service", **self._common, timeout=2, **arguments)

    def runtime(self, **arguments):
        words = ["nvidia-ctk", "runtime", "configure", "--runtime=docker", "--set-as-default"]
        known = {"path": str(self.file), "replaced": str(self.root / "replaced"), "timeout": 2}
        known |= {"runtime": "nvidia", "configure": words, "hook": "nvidia-container-runtime-hook"}
        return self._call("airgap_docker_runtime", **known, **arguments)

    def write(self, text):
        self.file.parent.mkdir(exist_ok=True)
        self.file.write_text(text if isinstance(text, str) else json.dumps(text), encoding="utf-8")

    def content(self):
        return json.loads(self.file.read_text(encoding="utf-8"))

    def info(self, **changes):
        state = self.root / "state.json"
        info = json.loads(state.read_text(encoding="utf-8"))
        if changes:
            state.write_text(json.dumps({**info, **changes}), encoding="utf-8")
        return info

    def containers(self, *rows):
        (self.root / "containers").write_text("".join(f"{n}\t{d}\n" for n, d in rows), encoding="utf-8")

    def calls(self, word):
        lines = (self.root / "calls").read_text(encoding="utf-8").splitlines()
        return [line for line in lines if word in line.split()]


def test_a_fresh_host_gets_its_file_before_the_daemon_starts(host):
    result = host.config(image_store="containerd")
    assert result == {**result, "changed": True, "restart": []}
    content = host.content()
    assert content["default-address-pools"] == [{"base": "172.30.0.0/16", "size": 24}]
    assert content["log-opts"] == {"max-size": "100m"}
    assert content["live-restore"] is True
    assert content["features"] == {"containerd-snapshotter": True}
    assert "data-root" not in content
    assert not (host.root / "state" / "due").exists()
    assert host.service()["done"] == ["enabled", "started"]
    assert host.config(image_store="containerd")["changed"] is False
    assert host.service()["changed"] is False


def test_the_default_image_store_is_the_daemons_own(host):
    host.config()
    assert "features" not in host.content()


def test_site_keys_survive_and_the_file_before_is_kept(host):
    site = {"log-driver": "journald", "live-restore": False, "bip": "10.9.0.1/24"}
    site["default-address-pools"] = [{"base": "10.10.0.0/16", "size": 24}]
    host.write(site)
    host.config()
    assert host.content() == site


def test_what_is_added_leaves_a_copy_of_what_was(host):
    host.write({"bip": "10.9.0.1/24"})
    host.config()
    assert host.content()["bip"] == "10.9.0.1/24"
    kept = list((host.root / "replaced").rglob("daemon.json.*"))
    assert [json.loads(path.read_text()) for path in kept] == [{"bip": "10.9.0.1/24"}]


@pytest.mark.parametrize("text", ["{broken", "[]", '"text"'])
def test_a_file_that_is_no_json_object_is_refused_untouched(host, text):
    host.write(text)
    result = host.config()
    assert result["code"] == "host-daemon-json-unreadable"
    assert host.file.read_text() == text


def test_a_data_root_that_daemon_json_contradicts_is_refused(host):
    host.write({"data-root": "/data/docker"})
    result = host.config(data_root="/srv/docker")
    assert result["code"] == "host-data-root-conflict"
    assert host.content() == {"data-root": "/data/docker"}


def test_a_used_data_root_is_not_left_behind(host):
    host.write({})
    host.service()
    host.info(Images=3)
    result = host.config(data_root="/srv/docker")
    assert result["code"] == "host-data-root-in-use"
    assert host.content() == {}


def test_a_used_image_store_is_never_switched(host):
    host.write({})
    host.service()
    host.info(Images=3)
    assert host.config(image_store="containerd")["code"] == "host-image-store-in-use"
    assert host.content() == {}
    host.config(image_store="classic")
    assert "features" not in host.content()


def test_a_stopped_dockers_images_count_as_well(host):
    content = host.root / "docker" / "image" / "overlay2" / "imagedb" / "content" / "sha256"
    content.mkdir(parents=True)
    (content / "ab").touch()
    result = host.config(image_store="containerd")
    assert result["code"] == "host-image-store-in-use"


def test_foreign_containers_forbid_a_change_that_needs_a_restart(host):
    host.write({})
    host.service()
    host.containers(("theirs", "/srv/other"), ("ours", "/var/graphistry/releases/v1"))
    result = host.config()
    assert result["code"] == "host-restart-refused"
    assert "theirs" in result["msg"]
    assert "ours" not in result["msg"]
    assert host.content() == {}
    assert host.config(allow_restart=True)["changed"] is True


def test_our_own_containers_and_live_restore_do_not_forbid_it(host):
    host.write({})
    host.service()
    host.containers(("ours", "/var/graphistry/releases/v1"))
    assert host.config(check=True)["restart"]
    host.containers(("theirs", "/srv/other"))
    host.info(LiveRestoreEnabled=True)
    assert host.config()["changed"] is True


def test_a_run_killed_before_its_restart_is_healed(host):
    host.write({})
    host.service()
    host.config()
    # here the killed run ends; the next one finds the file right and the daemon behind
    assert host.config()["changed"] is False
    assert "restarted" in host.service()["done"]
    assert host.info()["DefaultAddressPools"]
    assert host.service()["changed"] is False


def test_log_options_alone_also_survive_a_kill(host):
    host.write({"default-address-pools": [], "live-restore": True})
    host.service()
    host.config(address_pools=[])
    assert (host.root / "state" / "due").exists()
    assert host.service()["done"] == ["restarted"]
    assert not (host.root / "state" / "due").exists()


def test_a_restart_that_is_due_waits_for_foreign_containers(host):
    host.write({})
    host.service()
    host.config()
    host.containers(("theirs", ""))
    restarts = len(host.calls("restart"))
    result = host.service()
    assert result["code"] == "host-restart-refused"
    assert len(host.calls("restart")) == restarts


def test_live_restore_is_taken_over_by_a_reload(host):
    host.write({})
    host.service()
    host.write({"live-restore": True})
    assert host.service()["done"] == ["reloaded"]
    assert host.info()["LiveRestoreEnabled"] is True


def test_a_docker_that_does_not_start_tells_its_journal(host):
    (host.root / "broken").touch()
    host.config()
    result = host.service()
    assert result["code"] == "docker-down"
    assert "no space for maneuvers" in result["msg"]
    assert "no space for maneuvers" in result["log"]


def test_swarm_and_live_restore_exclude_each_other(host):
    host.write({})
    host.service()
    host.info(Swarm={"LocalNodeState": "active"})
    host.config()
    assert "live-restore" not in host.content()


def test_the_runtime_is_configured_and_taken_over_without_a_restart(host):
    host.config()
    host.service()
    host.containers(("theirs", "/srv/other"))
    assert host.runtime()["done"] == ["configured", "reloaded"]
    assert host.info()["DefaultRuntime"] == "nvidia"
    assert host.content()["live-restore"] is True
    assert host.calls("restart") == []
    assert host.runtime()["changed"] is False
    assert host.config()["changed"] is False
    assert host.service()["changed"] is False


def test_a_run_killed_before_its_reload_is_healed(host):
    host.config()
    host.service()
    host.write({**host.content(), "default-runtime": "nvidia", "runtimes": {"nvidia": {"path": "x"}}})
    assert host.runtime()["done"] == ["reloaded"]
    assert host.info()["DefaultRuntime"] == "nvidia"


def test_a_daemon_that_does_not_follow_is_an_error(host):
    host.config()
    host.service()
    (host.root / "deaf").touch()
    result = host.runtime()
    assert result["code"] == "docker-down"
    assert "nvidia" in result["msg"]
    assert len(host.calls("reload")) == 2


@pytest.mark.parametrize(
    ("running", "live_restore", "restarted"), [(0, False, True), (3, True, True), (3, False, False)]
)
def test_a_docker_older_than_the_hook_is_restarted_where_nothing_stops(
    host, programs, running, live_restore, restarted
):
    """Docker looks for the program behind `--gpus` only when it starts."""
    host.config()
    host.service()
    host.runtime()
    (host.root / "began").write_text(str(int((time.monotonic() - 60) * 1_000_000)))
    programs("nvidia-container-runtime-hook", "exit 0")
    host.info(ContainersRunning=running, LiveRestoreEnabled=live_restore)
    result = host.runtime()
    assert result["done"] == (["restarted"] if restarted else [])
    assert ("--gpus" in result["due"]) is not restarted
    assert len(host.calls("restart")) == restarted


def test_a_docker_younger_than_the_hook_is_not_restarted(host, programs):
    programs("nvidia-container-runtime-hook", "exit 0")
    host.config()
    host.service()
    host.runtime()
    (host.root / "began").write_text(str(int((time.monotonic() + 1) * 1_000_000)))
    assert host.runtime()["changed"] is False


def test_check_mode_changes_nothing(host):
    host.write({})
    host.service()
    before = host.info()
    assert host.config(check=True)["changed"] is True
    assert host.runtime(check=True)["done"] == ["configured", "reloaded"]
    assert host.content() == {}
    assert host.info() == before
