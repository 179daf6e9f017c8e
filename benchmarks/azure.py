"""The embedded Azure in a process of its own, so that its work is not counted as the client's."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from aumdoctor.demo.state import DemoEstate


class Estate(NamedTuple):
    """How many machines the embedded Azure has, of both kinds and VMs alone, in how many subscriptions."""

    machines: int
    vms: int
    subscriptions: int


class Requests(NamedTuple):
    """What was asked of it: Resource Graph queries, GETs of single VMs, and everything else."""

    graph: int
    instance_views: int
    other: int

    @property
    def total(self) -> int:
        return sum(self)


class EmbeddedAzure:
    """A running one. `environment` holds the variables that point `aumdoctor` at it."""

    def __init__(self, connection: Connection, environment: dict[str, str], estate: Estate) -> None:
        self._connection = connection
        self.environment = environment
        self.estate = estate

    def requests(self) -> Requests:
        """What was asked since the last call of this."""
        self._connection.send("requests")
        return Requests(*self._connection.recv())

    def refused(self) -> int:
        """How many of those ARM and its providers refused by 429. To be asked before `requests`, which forgets them."""
        self._connection.send("refused")
        return int(self._connection.recv())


@contextmanager
def embedded_azure(
    *,
    machines: int = 500,
    latency_ms: float = 0,
    build: Callable[[], DemoEstate] | None = None,
    throttle: bool = False,
) -> Iterator[EmbeddedAzure]:
    """Serve an estate of so many machines, or the one that `build` makes in the other process, for the duration of the
    block; each answer waits for `latency_ms` first. `throttle` enforces Azure's limits."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, machines, latency_ms, build, throttle), daemon=True)
    process.start()
    theirs.close()
    try:
        environment, estate = ours.recv()
        yield EmbeddedAzure(ours, environment, Estate(*estate))
        ours.send("stop")
    finally:
        ours.close()
        process.join(30)


def _serve(
    connection: Connection,
    machines: int,
    latency_ms: float,
    build: Callable[[], DemoEstate] | None,
    throttle: bool,
) -> None:
    from aumdoctor.demo.server import run_in_thread

    estate = build() if build is not None else None
    with run_in_thread(machines=machines, latency_ms=latency_ms, estate=estate, throttle=throttle) as server:
        environment = {
            "AUMDOCTOR_ACCESS_TOKEN": server.token,
            "AUMDOCTOR_AUTH": "token",
            "AUMDOCTOR_TENANT": server.tenant_id,
            "AUMDOCTOR_CLOUD": "custom",
            "AUMDOCTOR_ARM_ENDPOINT": server.endpoint,
            "AUMDOCTOR_AUTHORITY": "login.microsoftonline.com",
            "AUMDOCTOR_CA_BUNDLE": server.ca_file,
        }
        state = server.state
        size = (len(state.vms) + len(state.arc), len(state.vms), len(state.subscriptions))
        connection.send((environment, size))
        try:
            while (question := connection.recv()) != "stop":
                asked = list(server.requests)
                if question == "refused":
                    refusals = [request for request in asked if request.status == 429]
                    connection.send(len(refusals) - sum(_is_graph(request) for request in refusals))
                    continue
                del server.requests[: len(asked)]
                connection.send(_counted(asked))
        except EOFError:  # the one who measures is gone
            return


def _is_graph(request: Any) -> bool:
    return "microsoft.resourcegraph" in request.path.lower()


def _counted(asked: list[Any]) -> tuple[int, int, int]:
    graph = sum(map(_is_graph, asked))
    views = sum("instanceview" in request.query.lower() for request in asked)
    return graph, views, len(asked) - graph - views
