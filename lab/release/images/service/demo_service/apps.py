"""The services without logic of their own: a health page, what it needs, and a page that says what it is."""

from __future__ import annotations

import os
from typing import Any

from demo_service import dependencies
from demo_service.web import Response, Service


def pivot(service: Service) -> None:
    service.health("/health", {"postgres": dependencies.postgres}, {"success": True})
    page(service, "/", "/pivot", "/pivot/", "/connectors")


def streamgl_viz(service: Service) -> None:
    probes = {"nexus": dependencies.nexus, "forge-etl-python": dependencies.forge}
    service.health("/health", probes, {"success": True})
    page(service, "/", "/graph/graph.html")


def streamgl_sessions(service: Service) -> None:
    probes = {"postgres": dependencies.nexus_tables, "redis": dependencies.redis}
    service.health("/health", probes, {"success": True})


def streamgl_gpu(service: Service) -> None:
    service.health("/check-workers", {}, gpu_workers)
    for path in ("/primary/health", "/secondary/cpu/health", "/secondary/gpu/health"):
        service.health(path, {}, gpu_workers)


def gpu_workers() -> dict[str, Any]:
    """The vendor's shape; `standIn` says that no GPU was asked."""
    count = int(os.environ.get("STREAMGL_NUM_WORKERS") or 4)
    workers = [{"id": number, "ok": True, "clContextHealthy": True} for number in range(count)]
    return {"status": 200, "standIn": True, "workers": workers}


def notebook(service: Service) -> None:
    service.health("/notebook/api", {}, {"version": "demo"})
    page(service, "/notebook", "/notebook/", "/notebook/tree")


def graph_app_kit(service: Service) -> None:
    base = "/" + os.environ.get("BASE_PATH", "dashboard/").strip("/") + "/"
    service.health(f"{base}healthz", {}, "ok")
    page(service, base)


def page(service: Service, *paths: str) -> None:
    for path in paths:
        service.route("GET", path, lambda _request: Response(200, f"<p>{service.name} (stand-in)</p>"))


APPS = {
    "pivot": (8080, pivot),
    "streamgl-viz": (8080, streamgl_viz),
    "streamgl-sessions": (8080, streamgl_sessions),
    "streamgl-gpu": (8080, streamgl_gpu),
    "notebook": (8888, notebook),
    "graph-app-kit": (8501, graph_app_kit),
}
