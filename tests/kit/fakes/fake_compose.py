"""A stand-in for a release's wrapper and for `docker`, with containers that are kept in a file.

It behaves as Compose does where it matters here: a service whose hash differs is made anew by a plain `up`,
`--no-recreate` leaves it, and the hash covers the environment.  Run as `fake_compose.py wrapper|docker …`
with the folder `STATE`: services.json (service → environment, `needs`, and `other` for anything else),
containers.json, ready.json (service → looks until it is healthy), refusals, says, absent, gone.json (names
of images), calls.
"""

import hashlib
import json
import os
import sys
from pathlib import Path

FOLDER = Path(os.environ.get("STATE", "."))
IMAGE_ENVIRONMENT = {"PATH": "/bin"}


def say(*words):
    sys.stdout.write(" ".join(words) + "\n")


def read(name, empty):
    path = FOLDER / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else empty


def write(name, value):
    (FOLDER / f"{name}.json").write_text(json.dumps(value))


def services():
    found = read("services", {})
    return {name: found[name] for name in found} if isinstance(found, dict) else {name: {} for name in found}


def configuration():
    escaped = {
        name: {
            "image": f"demo/{name}:1",
            "environment": {
                key: value.replace("$", "$$") for key, value in given.get("environment", {}).items()
            },
            "labels": {"other": given.get("other", "")},
            "depends_on": {other: {"condition": "service_healthy"} for other in given.get("needs", [])},
        }
        for name, given in services().items()
    }
    return {"name": "demo", "services": escaped}


def digest(service):
    return hashlib.sha256(json.dumps(service, sort_keys=True).encode()).hexdigest()


def up(words):
    said = FOLDER / "says"
    if said.exists():
        sys.exit(said.read_text())
    refuse = FOLDER / "refusals"
    left = int(refuse.read_text()) if refuse.exists() else 0
    if left:
        refuse.write_text(str(left - 1))
        sys.exit("dependency failed to start: container demo-postgres-1 is unhealthy")
    containers, ready, config = read("containers", {}), read("ready", {}), configuration()["services"]
    names = [word for word in words[4:] if not word.startswith("-")]
    if "--no-deps" not in words:
        # a dependency that has changed is made anew, too
        names = [
            other for name in names for other in config[name]["depends_on"] if other not in names
        ] + names
    for name in names:
        service = config[name]
        kept = {other: how for other, how in service["depends_on"].items() if other in names}
        service = {**service, "depends_on": kept}
        old = containers.get(name)
        stale = old is not None and old.get("Hash", digest(service)) != digest(service)
        if old is None or "--force-recreate" in words or (stale and "--no-recreate" not in words):
            age = int((old or {}).get("ID", f"{name}-0").rpartition("-")[2])
            containers[name] = {
                "ID": f"{name}-{age + 1}",
                "Health": "starting" if name in ready else "",
                "ExitCode": 0,
                "Hash": digest(service),
                "Env": {key: value.replace("$$", "$") for key, value in service["environment"].items()},
            }
        containers[name]["State"] = "running"
    write("containers", containers)


def ps():
    containers, ready = read("containers", {}), read("ready", {})
    for name, container in containers.items():
        if container["Health"] == "starting":
            ready[name] = ready.get(name, 0) - 1
            if ready[name] == 0:
                container["Health"] = "healthy"
        say(json.dumps({"Service": name, **container}))
    write("ready", ready)
    write("containers", containers)


def wrapper(words):
    with (FOLDER / "calls").open("a") as calls:
        calls.write(" ".join(words) + "\n")
    if words[:2] == ["config", "--services"]:
        say("\n".join(services()))
    elif words[:2] == ["config", "--images"]:
        say("\n".join(f"demo/{name}:1" for name in services()))
    elif words[:3] == ["config", "--format", "json"]:
        say(json.dumps(configuration()))
    elif words[0] == "ps":
        ps()
    elif words[0] == "up":
        up(words)
    elif words[0] == "logs":
        say(f"{words[-1]}: disk on fire")


def inspected(name, container):
    environment = {**IMAGE_ENVIRONMENT, **container.get("Env", {})}
    return {
        "Id": container["ID"],
        "Image": "sha256:image",
        "State": {
            "Status": container["State"],
            "StartedAt": "2026-01-01T00:00:00.5Z",
            "Health": {"Log": [{"Output": "refused"}]},
        },
        "HostConfig": {"RestartPolicy": {"Name": container.get("Restart", "unless-stopped")}},
        "Config": {
            "Env": [f"{key}={value}" for key, value in environment.items()],
            "Labels": {
                "com.docker.compose.service": name,
                "com.docker.compose.oneoff": container.get("OneOff", "False"),
                "com.docker.compose.config-hash": container.get("Hash", ""),
                "com.docker.compose.image": container.get("ImageId", "sha256:image"),
            },
        },
    }


def docker(words):
    if words[0] == "compose":
        for name, service in json.load(sys.stdin)["services"].items():
            say(name, digest(service))
    elif words[:2] == ["image", "inspect"]:
        absent = FOLDER / "absent"
        if absent.exists():
            sys.exit(f"Error: No such image: {absent.read_text()}")
    elif words[:3] == ["inspect", "--type", "container"]:
        containers = read("containers", {})
        found = [inspected(name, one) for name, one in containers.items() if one["ID"] in words[3:]]
        say(json.dumps(found))
    elif words[:3] == ["inspect", "--type", "image"]:
        environment = [f"{key}={value}" for key, value in IMAGE_ENVIRONMENT.items()]
        gone = read("gone", [])
        names = [name for name in (f"demo/{name}:1" for name in services()) if name not in gone]
        found = [{"Id": "sha256:image", "RepoTags": names, "Config": {"Env": environment}}]
        say(json.dumps(found if {"sha256:image", *names} & set(words[3:]) else []))


if __name__ == "__main__":
    {"wrapper": wrapper, "docker": docker}[sys.argv[1]](sys.argv[2:])
