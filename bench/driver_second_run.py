"""What a driver adds to a second `install` on a healthy host.

Run as root once scripts/test has made build/driver/bundle and the lab's kernel image.  One host (a stand-in
for a machine with a T4) is installed with the bundle's driver, built by DKMS.  Then runs that change nothing
are timed with the driver and with `driver: {install: never}`, by turns.  The results go to
build/bench/driver_second_run.json.
"""

from __future__ import annotations

import json
import secrets
import statistics
import sys
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
from lab.hosts.kernel_host import T4, KernelHost
from lab.hosts.prepared_host import INSTALL, MEDIUM, RECEIPT, SITE_FILE, place, site_file

RUNS = 3
HOST = "airgap-bench-driver"
SITES = {
    "with": site_file() + "waive: [driver-range]\n",
    "without": site_file() + "waive: [driver-range]\ndriver: {install: never}\n",
}


def timed(host: KernelHost) -> float:
    begun = time.monotonic()
    done = host.exec([*INSTALL, "--quiet"])
    if done.rc:
        raise SystemExit(f"install: {done.rc}\n{done.stdout[-1000:]}\n{done.stderr[-2000:]}")
    return round(time.monotonic() - begun, 1)


def main() -> int:
    driver = CHECKOUT / "build" / "driver"
    with KernelHost(HOST) as host:
        host.boot(gpus=[T4], mounts=[f"{driver / 'bundle'}:{MEDIUM}:ro"])
        password = secrets.token_urlsafe(18)
        place(host, keyring=driver / "trusted.gpg", site=SITES["with"], password=password)
        first = timed(host)
        build = json.loads(host.read(RECEIPT))["driver"]["build"]
        seconds: dict[str, list[float]] = {name: [] for name in SITES}
        for _ in range(RUNS):
            for name, site in SITES.items():
                host.put(site.encode(), SITE_FILE)
                timed(host)  # another site file: this one writes a receipt
                seconds[name].append(timed(host))
    more = statistics.median(seconds["with"]) - statistics.median(seconds["without"])
    result = {
        "first_seconds": first,
        "build_seconds": build["seconds"],
        "again_seconds": seconds,
        "more_with_driver_seconds": round(more, 1),
    }
    target = CHECKOUT / "build" / "bench" / "driver_second_run.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
