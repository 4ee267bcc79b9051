"""Start the service that the variable SERVICE names."""

from __future__ import annotations

import os

from demo_service import forge, log
from demo_service.apps import APPS
from demo_service.nexus import Nexus
from demo_service.web import Service


def main() -> None:
    name = os.environ.get("SERVICE", "")
    if name == "nexus":
        service = Service(name, 8000, log.configure(name))
        Nexus(service).start()
    elif name == "forge-etl-python":
        service = Service(name, 8080, log.configure(name))
        forge.start(service)
    elif name in APPS:
        port, start = APPS[name]
        service = Service(name, port, log.configure(name))
        start(service)
    else:
        raise SystemExit(f"SERVICE names no service of this image: {name!r}")
    service.serve()


if __name__ == "__main__":
    main()
