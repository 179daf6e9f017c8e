"""How many requests a scan takes that asks no machine by itself: pages of Resource Graph, and a few a subscription."""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.azure import Requests, embedded_azure
from benchmarks.client import COMMAND, Cost, cost_of
from benchmarks.tables import Table

SIZES = (1_000, 10_000, 100_000)
GRAPH_QUOTA = 15
GRAPH_WINDOW_SECONDS = 5
"""Microsoft Learn, "Guidance for throttled requests in Azure Resource Graph"."""


class QuickScan(NamedTuple):
    """A scan at `--depth quick` of so many machines in so many subscriptions."""

    machines: int
    subscriptions: int
    requests: Requests
    cost: Cost


def measure(*, sizes: tuple[int, ...] = SIZES) -> list[QuickScan]:
    return [_scan(size) for size in sizes]


def _scan(machines: int) -> QuickScan:
    options = ("--all-subscriptions", "--depth", "quick", "--fail-on", "never", "--quiet", "--output", "json")
    with embedded_azure(machines=machines) as azure:
        cost = cost_of([*COMMAND, "scan", *options], azure.environment)
        return QuickScan(azure.estate.machines, azure.estate.subscriptions, azure.requests(), cost)


def table(scans: list[QuickScan]) -> Table:
    largest = max(each.requests.graph for each in scans)
    return Table(
        "Requests of scan --depth quick",
        ("machines", "Resource Graph", "per machine to ARM", "other ARM", "wall s", "client CPU s", "client peak MiB"),
        [
            (
                f"{each.machines:,}",
                f"{each.requests.graph:,}",
                f"{each.requests.instance_views:,}",
                f"{each.requests.other:,}",
                f"{each.cost.wall:.1f}",
                f"{each.cost.cpu:.1f}",
                f"{each.cost.peak_mib:.0f}",
            )
            for each in scans
        ],
        (
            "With `-o json`, every machine's answers included. Target: 100,000 machines in at most 1,536 MiB.\n"
            f"{scans[0].subscriptions} subscriptions; no latency, no limits: the embedded Azure answers at once.\n"
            f"Azure grants a caller {GRAPH_QUOTA} Resource Graph queries in {GRAPH_WINDOW_SECONDS} s, and a scan obeys "
            f"that: there the\n{largest:,} queries take {_least_seconds(largest):.0f} s at the least.",
        ),
    )


def _least_seconds(queries: int) -> float:
    """How long so many queries take at Azure's quota: a full window's worth at once, the rest at its pace."""
    return max(0, -(-queries // GRAPH_QUOTA) - 1) * GRAPH_WINDOW_SECONDS
