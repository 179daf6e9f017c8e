"""What it takes to decode a VM and to judge a machine, without any network."""

from __future__ import annotations

import gc
import json
import multiprocessing
import time
from collections.abc import Callable
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from statistics import median
from typing import Any, NamedTuple

from benchmarks.tables import Table


class Judged(NamedTuple):
    """Medians of CPU microseconds: per VM to decode a body with instance view, by aumdoctor and into the SDK's model;
    per machine to run all checks and the diagnosis."""

    vms: int
    bytes_per_vm: float
    decode: float
    decode_sdk: float
    machines: int
    findings: int
    judge: float


def measure(*, machines: int = 20_000, repeats: int = 3) -> Judged:
    """In a process of its own, so that the memory of it does not stay in the one that measures."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, machines, repeats))
    process.start()
    theirs.close()
    try:
        return Judged(*ours.recv())
    finally:
        process.join()


def _work(connection: Connection, machines: int, repeats: int) -> None:
    from aumdoctor.demo.estate import generate
    from aumdoctor.demo.machines import instance_view
    from aumdoctor.demo.server import run_in_thread

    state = generate(machines, 1, now=datetime.now(UTC))
    bodies = [
        json.dumps(vm | {"properties": vm["properties"] | {"instanceView": instance_view(state, vm)}}).encode()
        for vm in list(state.vms.values())[:2000]
    ]
    decode, decode_sdk = _decoding(bodies, repeats)
    with run_in_thread(estate=state) as server:
        estate = collected(server)
    del state, server
    findings, judge = _judging(estate, repeats)
    size = sum(map(len, bodies)) / len(bodies)
    connection.send((len(bodies), size, decode, decode_sdk, len(estate.machines), findings, judge))


def _decoding(bodies: list[bytes], repeats: int) -> tuple[float, float]:
    from azure.mgmt.compute.models import VirtualMachine

    from aumdoctor.azure.wire.virtual_machines import virtual_machine

    def ours() -> None:
        for body in bodies:
            virtual_machine(body)

    some = bodies[: len(bodies) // 10 or 1]

    def sdk() -> None:
        for body in some:
            VirtualMachine(json.loads(body))

    return _median_microseconds(ours, repeats, len(bodies)), _median_microseconds(sdk, repeats, len(some))


def collected(server: Any) -> Any:
    import os

    from aumdoctor.azure.collect import ReadOptions, ScopeRequest, collect
    from aumdoctor.azure.connection import ConnectionOptions
    from aumdoctor.model.facts import Fact

    os.environ["AUMDOCTOR_ACCESS_TOKEN"] = server.token
    reach = ConnectionOptions(auth="token", arm_endpoint=server.endpoint, ca_bundle=server.ca_file)
    everything = ScopeRequest(all_subscriptions=True)
    read = ReadOptions(source="auto", depth="normal")
    return collect(reach, everything, read, frozenset(Fact), _Silent(), datetime.now(UTC))


class _Silent:
    def stage(self, name: str, done: int, total: int | None) -> None:
        """Say nothing."""

    def note(self, text: str) -> None:
        """Say nothing."""


def _judging(estate: Any, repeats: int) -> tuple[int, float]:
    import msgspec

    from aumdoctor.checks.registry import CHECKS
    from aumdoctor.diagnosis.examine import Examination, examine

    def judge() -> Examination:
        # A copy each time: an estate keeps the indexes that were once made of it.
        return examine(msgspec.structs.replace(estate), CHECKS, estate.collected_at)

    return len(judge().findings), _median_microseconds(judge, repeats, len(estate.machines))


def _median_microseconds(work: Callable[[], object], repeats: int, items: int) -> float:
    taken = []
    for _ in range(repeats):
        gc.collect()
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
    return median(taken) / items * 1e6


def table(judged: Judged) -> Table:
    body = f"{judged.bytes_per_vm / 1024:.1f} KiB each"
    return Table(
        "Decoding and judging",
        ("work", "on", "CPU µs each"),
        [
            ("decode a VM with instance view", f"{judged.vms:,} VMs, {body}", f"{judged.decode:.0f}"),
            (
                "the same into the SDK's `VirtualMachine`",
                f"{judged.vms // 10 or 1:,} VMs, {body}",
                f"{judged.decode_sdk:.0f}",
            ),
            (
                "judge a machine: checks, diagnosis, cures",
                f"{judged.machines:,} machines, {judged.findings:,} findings",
                f"{judged.judge:.0f}",
            ),
        ],
        (
            "In process, no network; medians of the CPU time.\n"
            f"Decoding and judging together: {judged.decode + judged.judge:.0f} µs a machine; target: 150.",
        ),
    )
