"""Docker's file and its running daemon, kept in step; a stand-in daemon follows the file as dockerd does."""

import json
import sys
import time

import pytest
from ansible_collections.graphistry.airgap.plugins.module_utils.docker import (
    daemon_json as daemon_config,
    engine as docker_engine,
    flags as docker_flags,
)

pytestmark = [pytest.mark.subprocesses, pytest.mark.lengthy]
POOL = {"base": "172.30.0.0/16", "size": 24}

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
    picky = os.path.exists(os.path.join(folder, "picky")) and "log-opts" in wanted
    picky = picky or os.path.exists(os.path.join(folder, "without-nvidia")) and "runtimes" in wanted
    if picky or os.path.exists(os.path.join(folder, "broken")):
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
    rows = open(names).read().splitlines() if os.path.exists(names) and running() else []
    for row in rows:
        print(row if "working_dir" in sys.argv[-1] else row.split("\\t")[0])
elif program == "docker" and verb == "start":
    with open(os.path.join(folder, "containers"), "a") as rows:
        rows.write(sys.argv[3] + "\\t\\n")
elif program == "dockerd":
    refuses = os.path.join(folder, "refuses")
    if os.path.exists(refuses):
        path = sys.argv[-1].partition("=")[2]
        sys.exit(f"unable to configure the Docker daemon with file {path}: {open(refuses).read()}")
    print("configuration OK")
elif program == "nvidia-ctk":
    path = os.path.join(folder, "etc", "daemon.json")
    merged = {**config(), "default-runtime": "nvidia", "runtimes": {"nvidia": {"path": "nvidia-ctk"}}}
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
elif verb == "reload" and os.path.exists(os.path.join(folder, "without-reload")):
    sys.exit("Job type reload is not applicable for unit docker.service.")
elif verb == "reload" and not os.path.exists(os.path.join(folder, "deaf")):
    json.dump(follow(running(), config()), open(state, "w"))
"""


@pytest.fixture
def host(programs, call_module, verify, tmp_path, monkeypatch):
    verify(tmp_path / "bundle")
    (tmp_path / "daemon.py").write_text(DAEMON, encoding="utf-8")
    for name in ("docker", "dockerd", "systemctl", "journalctl", "nvidia-ctk"):
        programs(name, f'exec {sys.executable} "$STATE/daemon.py" "$0" "$@"')
    # this machine may have a Docker of its own
    monkeypatch.setattr(docker_engine, "CONTAINERD_ROOT", tmp_path / "containerd")
    monkeypatch.setattr(daemon_config, "DEFAULT_ROOT", str(tmp_path / "docker"))
    monkeypatch.setattr(docker_flags, "UNIT_FOLDERS", (str(tmp_path / "systemd"),))
    return Host(tmp_path, call_module)


class Host:
    def __init__(self, root, call_module):
        self.root = root
        self.file = root / "etc" / "daemon.json"
        self._call = call_module
        self._common = {"path": str(self.file), "product_root": "/var/graphistry"}
        self._common |= {"pending": str(root / "state" / "due"), "before": str(root / "state" / "before")}

    def config(self, **arguments):
        known = {**self._common, "replaced": str(self.root / "replaced")}
        known |= {"written": str(self.root / "state" / "pools.json")}
        known |= {"data_root": str(self.root / "docker"), "log_options": {"max-size": "100m"}}
        known |= {"address_pools": [{"base": "172.30.0.0/16", "size": 24}]}
        return self._call("docker_config", **known | arguments)

    def service(self, **arguments):
        return self._call("docker_service", **self._common, timeout=2, **arguments)

    def runtime(self, **arguments):
        words = ["nvidia-ctk", "runtime", "configure", "--runtime=docker", "--set-as-default"]
        known = {"path": str(self.file), "replaced": str(self.root / "replaced"), "timeout": 2}
        known |= {"before": str(self.root / "state" / "before")}
        known |= {"runtime": "nvidia", "configure": words, "hook": "nvidia-container-runtime-hook"}
        return self._call("docker_runtime", **known, **arguments)

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


def test_a_docker_that_was_stopped_meanwhile_is_started_and_not_restarted(host):
    """A restart was due when its file was written; the start took that over."""
    host.config()
    assert host.service(restart=["log-opts"])["done"] == ["enabled", "started"]
    assert host.calls("restart") == []


def test_the_default_image_store_is_the_daemons_own(host):
    host.config()
    assert "features" not in host.content()


def test_site_keys_survive_and_the_file_before_is_kept(host):
    site = {"log-driver": "journald", "live-restore": False, "bip": "10.9.0.1/24"}
    site["default-address-pools"] = [{"base": "10.10.0.0/16", "size": 24}]
    host.write(site)
    host.config(address_pools=[])
    assert host.content() == site


TYPED_WRONG, CORRECTED = [{"base": "172.30.0.0/24", "size": 24}], [{"base": "172.30.0.0/16", "size": 24}]


@pytest.mark.parametrize("correction", [CORRECTED, []], ids=["other pools", "none"])
def test_pools_that_this_module_wrote_follow_the_site_file(host, correction):
    host.config(address_pools=TYPED_WRONG)
    result = host.config(address_pools=correction)
    assert result["changed"] is True
    assert host.content().get("default-address-pools", []) == correction


def test_pools_of_the_site_are_not_replaced_by_those_of_its_site_file(host):
    site = {"default-address-pools": [{"base": "10.10.0.0/16", "size": 24}]}
    host.write(site)
    result = host.config(address_pools=CORRECTED)
    assert result["code"] == "host-address-pools-conflict"
    assert "10.10.0.0/16" in result["msg"]
    assert "172.30.0.0/16" in result["msg"]
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
    assert result["msg"].startswith(
        "failed to start daemon: no space for maneuvers\nJob for docker.service failed.\n"
        "Docker does not start\n"
    )
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
    host.write(
        {**host.content(), "default-runtime": "nvidia", "runtimes": {"nvidia": {"path": "nvidia-ctk"}}}
    )
    assert host.runtime()["done"] == ["reloaded"]
    assert host.info()["DefaultRuntime"] == "nvidia"


def test_a_daemon_that_does_not_follow_is_an_error(host):
    host.config()
    host.service()
    (host.root / "deaf").touch()
    result = host.runtime()
    assert result["code"] == "docker-not-reloaded"
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
    assert [one["code"] for one in result["findings"]] == ([] if restarted else ["docker-gpus-unknown"])
    for finding in result["findings"]:
        assert "would stop running containers" in finding["message"]
        assert finding["found"] == "3 running containers"
        assert "systemctl restart docker" in finding["hint"]
    assert len(host.calls("restart")) == restarted


def test_a_docker_that_does_not_start_with_the_toolkit_s_runtime_gets_the_file_before_it_back(host, programs):
    host.config()
    host.service()
    old = host.file.read_bytes()
    (host.root / "began").write_text(str(int((time.monotonic() - 60) * 1_000_000)))
    programs("nvidia-container-runtime-hook", "exit 0")
    (host.root / "without-nvidia").touch()
    result = host.runtime()
    assert result["code"] == "docker-down"
    assert f"{host.file} is as it was before, and Docker runs with it" in result["msg"]
    assert host.file.read_bytes() == old
    assert host.info()


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


REFUSAL = "json: cannot unmarshal number into Go struct field Config.log-opts of type string"


def test_what_dockerd_refuses_is_not_written(host):
    host.write({"labels": ["a=b"]})
    host.service()
    (host.root / "refuses").write_text(REFUSAL)
    result = host.config()
    assert result["code"] == "host-daemon-json-refused"
    assert result["msg"].startswith(f"unable to configure the Docker daemon with file {host.file}: {REFUSAL}")
    assert host.content() == {"labels": ["a=b"]}


def test_a_key_that_stands_twice_is_filled_as_docker_fills_it(host):
    host.write(
        '{"log-opts": {"max-size": "5m"}, "log-opts": {"max-file": "2"}, "debug": false, "debug": true}'
    )
    host.config()
    assert host.content()["log-opts"] == {"max-size": "5m", "max-file": "2"}
    assert host.content()["debug"] is True


def test_a_docker_that_does_not_start_with_the_new_file_gets_the_old_one_back(host):
    """A stopped daemon; the new file has what it does not take, and no `--validate` has said so."""
    host.write('{"labels": ["mine=1"]}')
    old = host.file.read_bytes()
    host.config()
    (host.root / "picky").write_text("")
    result = host.service()
    assert result["code"] == "docker-down"
    assert result["msg"].startswith("failed to start daemon: no space for maneuvers")
    assert f"{host.file} is as it was before, and Docker runs with it" in result["msg"]
    assert host.file.read_bytes() == old
    assert host.info()


def test_containers_that_ran_run_again_beside_the_old_file(host):
    host.write({})
    host.service()
    host.containers(("theirs", ""), ("graphistry-caddy-1", "/var/graphistry/releases/v1"))
    host.config(allow_restart=True)
    host.containers(("theirs", ""))
    (host.root / "picky").write_text("")
    result = host.service(allow_restart=True)
    assert "the containers that ran run" in result["msg"]
    assert host.calls("graphistry-caddy-1") == ["docker start graphistry-caddy-1"]
    assert host.content() == {}


@pytest.mark.parametrize("how", ["without-reload", "deaf"])
def test_a_docker_that_only_does_not_reload_keeps_its_containers_and_gets_its_file_back(
    host, how, monkeypatch
):
    monkeypatch.setattr(docker_engine.Engine, "pause", lambda self, seconds: None)
    host.write('{"labels": ["theirs=1"]}')
    host.service()
    host.containers(("theirs", ""))
    old = host.file.read_bytes()
    host.config(address_pools=[])
    (host.root / how).touch()
    result = host.service()
    assert result["code"] == "docker-not-reloaded"
    assert f"{host.file} is as it was before, and Docker runs on with it" in result["msg"]
    assert host.file.read_bytes() == old
    assert host.calls("restart") == []


def test_a_file_of_the_toolkit_s_that_dockerd_refuses_is_taken_back(host):
    """A default runtime among the flags of the unit, for one."""
    host.write('{"labels": ["theirs=1"]}')
    host.service()
    old = host.file.read_bytes()
    (host.root / "refuses").write_text(
        "specified both as a flag and in the configuration file: default-runtime"
    )
    result = host.runtime()
    assert result["code"] == "host-daemon-json-refused"
    assert result["msg"].startswith(f"unable to configure the Docker daemon with file {host.file}")
    assert host.file.read_bytes() == old
    assert host.calls("reload") == []


def test_without_a_file_before_there_is_none_afterwards(host):
    host.config()
    (host.root / "broken").write_text("")
    result = host.service()
    assert "Docker does not start with that either" in result["msg"]
    assert not host.file.exists()


@pytest.mark.parametrize("live_restore", [False, True])
def test_log_rotation_alone_restarts_no_docker_of_somebody_else_s_containers(host, live_restore):
    """Also with live-restore, which an earlier run may have brought: a second run changes nothing."""
    host.write({"live-restore": live_restore})
    host.service()
    host.containers(("theirs", ""))
    result = host.config(address_pools=[])
    assert [finding["code"] for finding in result["findings"]] == ["docker-log-rotation-left"]
    assert result["restart"] == []
    assert "log-opts" not in host.content()
    assert host.service()["done"] == []


def test_a_runtime_whose_program_is_gone_is_configured_anew(host):
    """Another installer, an operator's pod for one, has left its entry behind."""
    gone = {"path": "/usr/local/nvidia/toolkit/nvidia-container-runtime", "runtimeArgs": []}
    host.write({"default-runtime": "nvidia", "runtimes": {"nvidia": gone}})
    host.service()
    assert host.runtime()["done"][0] == "configured"
    assert host.content()["runtimes"]["nvidia"]["path"] == "nvidia-ctk"
    assert host.runtime()["done"] == []


def test_the_keys_of_a_fresh_file_are_foretold(host, as_foretold):
    result = as_foretold(host.config, image_store="containerd")
    told = {one["what"].partition("#")[2]: one["after"] for one in result["changes"]}
    assert told == {"": {"mode": "0644"}, **host.content()}
    assert json.loads(result["diff"][1]["after"]) == host.content()


def test_keys_of_the_site_are_neither_changed_nor_shown(host, as_foretold):
    host.write({"proxies": {"http-proxy": "http://me:hunter2@proxy"}, "live-restore": True})
    result = as_foretold(host.config, address_pools=[])
    assert [one["what"].partition("#")[2] for one in result["changes"]] == ["log-driver", "log-opts"]
    assert "hunter2" not in json.dumps(result)


def test_a_restart_for_a_file_that_check_mode_did_not_write_is_foretold(host):
    host.write({})
    host.service()
    foretold = host.config(check=True)
    known = {"config_changes": foretold["changes"], "restart": foretold["restart"]}
    told = host.service(check=True, **known)
    assert len(host.calls("restart")) == 0
    assert told["done"] == ["restarted"]
    written = host.config()
    done = host.service(config_changes=written["changes"], restart=written["restart"])
    for key in ("changed", "changes", "diff", "done"):
        assert told[key] == done[key]
    (change,) = done["changes"]
    assert (change["what"], change["after"]["restarted"]) == ("docker.service", ["default-address-pools"])
    assert host.service(check=True)["changes"] == []


def test_a_restart_for_log_options_alone_is_foretold(host):
    host.write({"default-address-pools": [], "live-restore": True})
    host.service()
    foretold = host.config(check=True, address_pools=[])
    assert host.service(check=True, restart=foretold["restart"])["done"] == ["restarted"]
    assert host.service(check=True)["done"] == []


@pytest.mark.parametrize("content", [{}, {"live-restore": True}, {"default-address-pools": [POOL]}])
@pytest.mark.parametrize("runs", [False, True])
def test_check_mode_foretells_what_the_running_docker_gets(host, as_foretold, content, runs):
    host.write({})
    if runs:
        host.service()
    host.write(content)
    result = as_foretold(host.service)
    assert bool(result["changes"]) is (not runs or bool(content))


def test_before_docker_is_there_check_mode_says_what_it_waits_for(host, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    result = host.service(check=True)
    assert (result["changed"], result["unknown_until"], result["changes"]) == (True, "docker", [])


def test_check_mode_foretells_the_runtime_and_the_reload(host, as_foretold):
    host.write({"live-restore": True})
    host.service()
    told = {one["what"].rpartition("/")[2]: one["after"] for one in as_foretold(host.runtime)["changes"]}
    assert told == {
        "daemon.json#default-runtime": "nvidia",
        "daemon.json#runtimes.nvidia": {"made_by": "nvidia-ctk"},
        "docker.service": {"active": True, "reloaded": ["default-runtime"]},
    }


@pytest.mark.parametrize(("absent", "stage"), [("docker", "docker"), ("nvidia-ctk", "toolkit")])
def test_before_its_programs_are_there_the_runtime_is_unknown(host, monkeypatch, tmp_path, absent, stage):
    here = tmp_path / "programs"
    (here / absent).unlink()
    monkeypatch.setenv("PATH", str(here))
    result = host.runtime(check=True)
    assert (result["changed"], result["unknown_until"], result["changes"]) == (True, stage, [])
