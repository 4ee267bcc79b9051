"""forge-etl-python: its health pages do real work on the dask cluster, because a scheduler that answers is
not yet one that computes."""

from __future__ import annotations

import contextlib
import os
import threading
from typing import Any

from demo_service import dependencies
from demo_service.dependencies import UnavailableError
from demo_service.web import Response, Service

NUMBERS = (1, 2, 3, 4)
TABLE = "   the_sum\n0       {}\n"


class Cluster:
    """One client, made when it is first needed and again after it was lost."""

    def __init__(self) -> None:
        self.address = os.environ.get("REMOTE_DASK", "dask-scheduler:8786")
        self.client: Any = None
        self.lock = threading.Lock()

    def run(self, work: Any) -> Any:
        from distributed import Client  # noqa: PLC0415  (only the etl image has it)

        with self.lock:
            try:
                if self.client is None:
                    self.client = Client(
                        f"tcp://{self.address}", timeout=dependencies.TIMEOUT, set_as_default=False
                    )
                return work(self.client)
            except Exception as error:
                client, self.client = self.client, None
                with contextlib.suppress(Exception):
                    client.close(timeout=1)
                raise UnavailableError(f"dask-scheduler: {dependencies.first_line(error)}") from error

    def worker(self) -> None:
        if not self.run(lambda client: client.scheduler_info(n_workers=-1)["workers"]):
            raise UnavailableError("dask-cuda-worker: the scheduler has no worker")

    def total(self) -> int:
        self.worker()
        result: int = self.run(
            lambda client: client.submit(sum, NUMBERS, pure=False).result(timeout=dependencies.TIMEOUT)
        )
        return result

    def sums(self) -> None:
        if self.total() != sum(NUMBERS):
            raise UnavailableError("dask-cuda-worker: the cluster computes wrong sums")


def start(service: Service) -> None:
    cluster = Cluster()
    probes = {"postgres": dependencies.postgres, "redis": dependencies.redis, "dask": cluster.worker}
    service.health("/cudfhealth", probes)
    service.health("/dasksqlhealth", {"dask": cluster.sums}, TABLE.format(sum(NUMBERS)))
    service.health("/workerhealth", {"dask-cuda-worker": cluster.worker})
    service.route("GET", "/", lambda _request: Response(200, "<p>forge-etl-python (stand-in)</p>"))
