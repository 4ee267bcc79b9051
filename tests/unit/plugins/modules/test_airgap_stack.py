"""Services of a release, driven through a stand-in for its wrapper that keeps containers in a file."""

import json
import os
import sys

import pytest

pytestmark = pytest.mark.subprocesses

# containers.json: service -> {ID, State, Health, ExitCode}; ready.json: service -> looks until it is healthy
WRAPPER = """
import json, os, sys
folder = os.environ["STATE"]
path = os.path.join(folder, "containers.json")
read = lambda name, empty: json.load(open(os.path.join(folder, name))) if os.path.exists(
    os.path.join(folder, name)) else empty
containers, services, ready = read("containers.json", {}), read("services.json", []), read("ready.json", {})
words = sys.argv[1:]
open(os.path.join(folder, "calls"), "a").write(" ".join(words) + "\\n")
if words[:2] == ["config", "--services"]:
    print("\\n".join(services))
elif words[:2] == ["config", "--images"]:
    print("\\n".join(words[2:] and [f"demo/{words[2]}:1"] or [f"demo/{s}:1" for s in services]))
elif words[0] == "ps":
    for name, container in containers.items():
        if container["Health"] == "starting":
            ready[name] = ready.get(name, 0) - 1
            if ready[name] == 0:
                container["Health"] = "healthy"
        print(json.dumps({"Service": name, **container}))
    json.dump(ready, open(os.path.join(folder, "ready.json"), "w"))
elif words[0] == "up":
    refuse = os.path.join(folder, "refusals")
    left = int(open(refuse).read()) if os.path.exists(refuse) else 0
    if left:
        open(refuse, "w").write(str(left - 1))
        sys.exit("dependency failed to start: container demo-postgres-1 is unhealthy")
    for name in [w for w in words[4:] if not w.startswith("-")]:
        if name not in containers or "--force-recreate" in words:
            age = int(containers.get(name, {}).get("ID", f"{name}-0").rpartition("-")[2])
            health = "starting" if name in ready else ""
            containers[name] = {"ID": f"{name}-{age + 1}", "Health": health, "ExitCode": 0}
        containers[name]["State"] = "running"
elif words[0] == "logs":
    print(f"{words[-1]}: disk on fire")
json.dump(containers, open(path, "w"))
"""
DOCKER = """
case "$1 $2" in
"image inspect")
    [ ! -e "$STATE/absent" ] || { echo "Error: No such image: $(cat "$STATE/absent")" >&2; exit 1; } ;;
"inspect --type")
    health='{"Log": [{"Output": "refused"}]}'
    printf '[{"State": {"StartedAt": "2026-01-01T00:00:00.5Z", "Health": %s}}]' "$health" ;;
esac
"""


@pytest.fixture
def stack(programs, call_module, tmp_path):
    release = tmp_path / "release"
    release.mkdir()
    (tmp_path / "wrapper.py").write_text(WRAPPER, encoding="utf-8")
    wrapper = release / "graphistry"
    wrapper.write_text(f'#!/bin/sh\nexec {sys.executable} "$STATE/wrapper.py" "$@"\n', encoding="utf-8")
    wrapper.chmod(0o755)
    programs("docker", DOCKER)
    return Stack(tmp_path, call_module)


class Stack:
    def __init__(self, root, call_module):
        self.root = root
        self._call = call_module
        self.set("services", ["caddy", "nexus", "postgres"])
        (root / "calls").touch()

    def __call__(self, **arguments):
        known = {"directory": str(self.root / "release"), "timeout": 3, "poll": 0.05}
        return self._call("airgap_stack", **known | arguments)

    def set(self, name, value):
        (self.root / f"{name}.json").write_text(json.dumps(value), encoding="utf-8")

    def containers(self):
        return json.loads((self.root / "containers.json").read_text(encoding="utf-8"))

    def calls(self, word):
        lines = (self.root / "calls").read_text(encoding="utf-8").splitlines()
        return [line for line in lines if line.split()[0] == word]


def test_everything_but_caddy_then_caddy(stack):
    first = stack(exclude=["caddy"])
    assert first["changed"] is True
    assert first["services"] == ["nexus", "postgres"]
    assert "caddy" not in stack.containers()
    assert stack(services=["caddy"])["changed"] is True
    assert set(stack.containers()) == {"caddy", "nexus", "postgres"}


def test_pulling_is_forbidden(stack):
    stack()
    assert all("--pull never" in call for call in stack.calls("up"))


def test_a_second_run_changes_nothing(stack):
    stack()
    before = stack.containers()
    assert stack()["changed"] is False
    assert stack.containers() == before


def test_a_stopped_container_that_is_started_is_a_change(stack):
    stack()
    containers = stack.containers()
    containers["nexus"]["State"] = "exited"
    stack.set("containers", containers)
    assert stack()["changed"] is True


def test_it_waits_until_each_service_is_healthy(stack):
    stack.set("ready", {"nexus": 6})
    stack()
    assert stack.containers()["nexus"]["Health"] == "healthy"


def test_a_service_that_never_gets_healthy_is_told_with_its_log(stack):
    stack.set("ready", {"nexus": 10_000})
    result = stack(timeout=1)
    assert result["failed"] is True
    assert result["code"] == "service-unhealthy"
    assert result["service"] == "nexus"
    assert "running, health: starting" in result["msg"]
    assert "disk on fire" in result["log"]
    assert "refused" in result["msg"]
    assert "logs nexus" in result["hint"]


def test_a_dependency_that_is_slow_is_asked_for_again(stack):
    (stack.root / "refusals").write_text("2")
    assert stack()["changed"] is True
    assert len(stack.calls("up")) == 3


def test_a_dependency_that_stays_unhealthy_ends_the_run(stack):
    (stack.root / "refusals").write_text("10000")
    result = stack(timeout=1)
    assert result["code"] == "service-unhealthy"
    assert "is unhealthy" in result["msg"]


def test_a_missing_image_is_named_before_anything_starts(stack):
    (stack.root / "absent").write_text("demo/nexus:1")
    result = stack()
    assert result["code"] == "image-missing"
    assert "demo/nexus:1" in result["msg"]
    assert "demo/postgres" not in result["msg"]
    assert stack.calls("up") == []


def test_an_unknown_service_is_refused(stack):
    result = stack(exclude=["caddyy"])
    assert "caddyy" in result["msg"]
    assert stack.calls("up") == []


def test_a_container_older_than_its_file_is_made_anew(stack):
    stack()
    caddyfile = stack.root / "release" / "Caddyfile"
    caddyfile.touch()
    result = stack(services=["caddy"], reread={"caddy": ["Caddyfile"]})
    assert result["changed"] is True
    assert stack.containers()["caddy"]["ID"] == "caddy-2"
    assert any("--force-recreate --no-deps caddy" in call for call in stack.calls("up"))


def test_a_container_newer_than_its_file_stays(stack):
    stack()
    caddyfile = stack.root / "release" / "Caddyfile"
    caddyfile.touch()
    os.utime(caddyfile, (0, 0))
    assert stack(services=["caddy"], reread={"caddy": ["Caddyfile"]})["changed"] is False


def test_check_mode_starts_nothing(stack):
    assert stack(check=True)["changed"] is True
    assert stack.calls("up") == []


def test_check_mode_before_there_is_a_release(stack):
    (stack.root / "release" / "graphistry").unlink()
    result = stack(check=True)
    assert result["changed"] is True
    assert "unknown" in result["msg"]
