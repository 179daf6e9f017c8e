"""2,000 VMs over a line with latency, every one asked for by itself, against a loop that asks for one after the other.

The loop does what `az vm list -d` does for the part that matters here: it lists the VMs and then gets each with its
instance view through the SDK's own client. (az also lists the network interfaces and public addresses.)
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

from benchmarks.azure import EmbeddedAzure, Requests, embedded_azure
from benchmarks.client import COMMAND, Cost, cost_of
from benchmarks.tables import Table

LATENCY_MS = 50
VMS_PER_MACHINE = 0.79
"""Roughly the share of VMs in a generated estate; the rest are Arc-enabled servers."""


class Scanned(NamedTuple):
    """One way of reading `vms` instance views: what it took, how many requests. `measured_vms` is fewer than `vms`
    where the cost was measured on those and multiplied."""

    what: str
    vms: int
    measured_vms: int
    requests: Requests
    cost: Cost


def measure(*, vms: int = 2000, loop_over: int = 100, latency_ms: float = LATENCY_MS) -> list[Scanned]:
    with embedded_azure(machines=round(vms / VMS_PER_MACHINE), latency_ms=latency_ms) as azure:
        scans = [_scan(azure, depth) for depth in ("quick", "full")]
        return [*scans, _loop(azure, min(loop_over, azure.estate.vms))]


def _scan(azure: EmbeddedAzure, depth: str) -> Scanned:
    options = ("--all-subscriptions", "--depth", depth, "--fail-on", "never", "--quiet", "--output", "json")
    cost = cost_of([*COMMAND, "scan", *options], azure.environment)
    return Scanned(f"scan --depth {depth}", azure.estate.vms, azure.estate.vms, azure.requests(), cost)


def _loop(azure: EmbeddedAzure, count: int) -> Scanned:
    """Two runs, of few VMs and of `count`: what a VM takes is the difference, so that start-up and list count once."""
    few = max(1, count // 10)
    short = cost_of([sys.executable, "-m", "benchmarks.one_by_one", str(few)], _with_checkout(azure))
    azure.requests()
    long = cost_of([sys.executable, "-m", "benchmarks.one_by_one", str(count)], _with_checkout(azure))
    requests = azure.requests()
    vms = azure.estate.vms
    beyond = (vms - count) / (count - few)
    return Scanned(
        "one GET after the other",
        vms,
        count,
        requests._replace(instance_views=vms),
        Cost(long.wall + (long.wall - short.wall) * beyond, long.cpu + (long.cpu - short.cpu) * beyond, long.peak_mib),
    )


def _with_checkout(azure: EmbeddedAzure) -> dict[str, str]:
    return {**azure.environment, "PYTHONPATH": str(Path(__file__).parents[1])}


def table(scans: list[Scanned], latency_ms: float = LATENCY_MS) -> Table:
    loop = scans[-1]
    return Table(
        f"{scans[0].vms:,} VMs at {latency_ms:g} ms latency",
        ("", "wall s", "requests", "client CPU s", "client peak MiB"),
        [
            (
                each.what,
                f"{each.cost.wall:.1f}",
                f"{each.requests.total:,}",
                f"{each.cost.cpu:.1f}",
                f"{each.cost.peak_mib:.0f}",
            )
            for each in scans
        ],
        (
            "The embedded Azure runs in a process of its own on the same cores and waits before each answer.\n"
            "A scan also reads and judges the Arc-enabled servers of the estate (a fifth of its machines).\n"
            "Target: full in under 15 s.",
            "One GET after the other (the SDK's synchronous client, `instanceView` expanded) was measured on\n"
            f"{loop.measured_vms:,} VMs; its time and CPU are extrapolated linearly. It is what `az vm list -d` does\n"
            "for each VM, without its lists of network interfaces and addresses, and it judges nothing.",
        ),
    )
