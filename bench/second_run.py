"""How long a second `install`, a `plan` and `status` take on a healthy host, beside an empty play.

Run as root once scripts/demo has made the bundle.  It installs on a sealed host of its own and writes
build/bench/second_run.json: seconds of the first and of the repeated runs, the number of tasks of the first,
the seconds of a play with that many tasks that do nothing, of `plan` and of `status`, and two ratios.
"""

from __future__ import annotations

import json
import secrets
import statistics
import sys
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
from lab.hosts.prepared_host import INSTALL, INSTALLED_TOOL, MEDIUM, place, site_file
from lab.hosts.sealed_host import SealedHost

RUNS = 5
# services that have just become healthy still read in what they need; a second run comes later in life
SETTLED_SECONDS = 30
HOST = "airgap-bench-second"
LOGS = "/var/lib/graphistry-airgap/log"
EMPTY = "/run/graphistry-airgap/empty.yml"


def timed(host: SealedHost, command: str) -> float:
    begun = time.monotonic()
    done = host.exec(["sh", "-c", command])
    if done.rc:
        raise SystemExit(f"{command}: {done.rc}\n{done.stdout[-1000:]}\n{done.stderr[-2000:]}")
    return round(time.monotonic() - begun, 1)


def last_log(host: SealedHost) -> list[dict[str, object]]:
    text = host.exec(["sh", "-c", f"cat $(ls {LOGS}/*-install.jsonl | tail -n 1)"]).stdout
    return [json.loads(line) for line in text.splitlines()]


def main() -> int:
    demo = CHECKOUT / "build" / "demo"
    install = " ".join([*INSTALL, "--quiet"])
    with SealedHost(HOST) as host:
        host.start(mounts=[f"{demo / 'bundle'}:{MEDIUM}:ro"])
        place(host, keyring=demo / "trusted.gpg", site=site_file(), password=secrets.token_urlsafe(18))
        first = timed(host, install)
        tasks = [entry for entry in last_log(host) if entry["event"] == "task"]
        play = [{"hosts": "localhost", "connection": "local", "gather_facts": False}]
        play[0]["tasks"] = [{"name": "Do nothing", "ansible.builtin.ping": {}} for _ in tasks]
        host.put(json.dumps(play).encode(), EMPTY)
        playbook = f"$(dirname $(readlink -f {INSTALLED_TOOL}))/ansible-playbook"
        commands = {
            "again": install,
            "empty": f"HOME=/run {playbook} {EMPTY}",
            "plan": f"{INSTALLED_TOOL} plan --quiet",
            "status": f"{INSTALLED_TOOL} status",
        }
        time.sleep(SETTLED_SECONDS)
        # one after the other in turn, so that what else the machine does meets all of them
        rounds = [{name: timed(host, command) for name, command in commands.items()} for _ in range(RUNS)]
        again, empty, plan, status = ([one[name] for one in rounds] for name in commands)
        log = last_log(host)
    result = {
        "first_seconds": first,
        "again_seconds": again,
        "changed": sum(bool(entry["changed"]) for entry in log if entry["event"] == "task"),
        "first_tasks": len(tasks),
        "plan_seconds": plan,
        "status_seconds": status,
        "empty_play_seconds": empty,
        "ratio_to_empty_play": round(statistics.median(again) / statistics.median(empty), 2),
        "plan_ratio_to_empty_play": round(statistics.median(plan) / statistics.median(empty), 2),
        "peak_memory_mib": log[-1].get("peak_memory_mib"),
    }
    target = CHECKOUT / "build" / "bench" / "second_run.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
