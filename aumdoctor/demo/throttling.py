"""Azure's limits as token buckets: ARM's per subscription and principal, Compute's own, Resource Graph's quota.

Figures: learn.microsoft.com, Azure Resource Manager "request limits and throttling"; azure-compute-docs
"compute-throttling-limits"; Resource Graph "guidance for throttled requests". Compute counts per region, which the
demo leaves out.
"""

from __future__ import annotations

import math
import time
from typing import NamedTuple


class Limit(NamedTuple):
    """Tokens that fit into a bucket, and how many come back each second."""

    size: int
    per_second: float


ARM_LIMITS = {"reads": Limit(250, 25), "writes": Limit(200, 10), "deletes": Limit(200, 10)}
COMPUTE_LIMITS = {
    "HighCostGet": Limit(900, 300 / 60),
    "LowCostGet": Limit(24_000, 8_000 / 60),
    "UpdateVM": Limit(1_500, 500 / 60),
    "DeleteVM": Limit(1_500, 500 / 60),
    "VMGuestPatch": Limit(600, 200 / 60),
    "GetOperation": Limit(15_000, 5_000 / 60),
}
VM_LIMITS = {
    "LowCostGet": Limit(36, 12 / 60),
    "UpdateVM": Limit(12, 4 / 60),
    "DeleteVM": Limit(12, 4 / 60),
    "VMGuestPatch": Limit(6, 2 / 60),
}
"""Of each single VM, beside those of the subscription."""

GRAPH_QUERIES = 15
GRAPH_SECONDS = 5.0


class Bucket:
    """A token bucket."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self.tokens = float(limit.size)
        self.filled_at = time.monotonic()

    def take(self) -> float:
        """Take a token. Returns 0, or the seconds until there is one."""
        now = time.monotonic()
        self.tokens = min(self.limit.size, self.tokens + (now - self.filled_at) * self.limit.per_second)
        self.filled_at = now
        if self.tokens >= 1:
            self.tokens -= 1
            return 0.0
        return (1 - self.tokens) / self.limit.per_second


class Verdict(NamedTuple):
    """The rate-limit headers of an answer, and the seconds to wait where it is a refusal."""

    headers: dict[str, str]
    retry_after: int = 0


class Throttling:
    """All buckets. When not enforced, every answer says that the bucket is as good as full."""

    def __init__(self, *, enforced: bool) -> None:
        self.enforced = enforced
        self.buckets: dict[tuple[str, str], Bucket] = {}
        self.graph_calls: list[float] = []

    def _take(self, scope: str, name: str, limit: Limit) -> tuple[int, int]:
        """(tokens left, whole seconds to wait)."""
        if not self.enforced:
            return limit.size - 1, 0
        bucket = self.buckets.setdefault((scope, name), Bucket(limit))
        wait = bucket.take()
        return int(bucket.tokens), math.ceil(wait)

    def arm(self, subscription: str | None, method: str, compute_policy: str | None, vm: str | None = None) -> Verdict:
        """Judge a request to ARM; `subscription` is None for requests to the tenant, `vm` is the VM that it is about.

        What is left to a single VM is said after writes only, under a name of the demo's own (`UpdateVMResource`).
        """
        kind = {"GET": "reads", "HEAD": "reads", "DELETE": "deletes"}.get(method, "writes")
        level = "subscription" if subscription else "tenant"
        left, wait = self._take(subscription or "tenant", kind, ARM_LIMITS[kind])
        headers = {f"x-ms-ratelimit-remaining-{level}-{kind}": str(left)}
        if not subscription or not compute_policy or wait:
            return Verdict(headers, wait)
        left, wait = self._take(subscription, compute_policy, COMPUTE_LIMITS[compute_policy])
        remaining = [f"Microsoft.Compute/{compute_policy};{left}"]
        if vm is not None and compute_policy in VM_LIMITS and not wait:
            left, wait = self._take(vm, compute_policy, VM_LIMITS[compute_policy])
            if wait or kind != "reads":
                remaining.append(f"Microsoft.Compute/{compute_policy}Resource;{left}")
        return Verdict(headers | {"x-ms-ratelimit-remaining-resource": ",".join(remaining)}, wait)

    def graph(self) -> Verdict:
        """Judge a Resource Graph query: 15 in 5 seconds."""
        now = time.monotonic()
        self.graph_calls = [at for at in self.graph_calls if now - at < GRAPH_SECONDS] if self.enforced else []
        resets_after = (
            math.ceil(GRAPH_SECONDS - (now - self.graph_calls[0])) if self.graph_calls else int(GRAPH_SECONDS)
        )
        if len(self.graph_calls) >= GRAPH_QUERIES:
            return Verdict(_quota(0, resets_after), max(1, resets_after))
        self.graph_calls.append(now)
        return Verdict(_quota(GRAPH_QUERIES - len(self.graph_calls), resets_after))


def _quota(remaining: int, resets_after: int) -> dict[str, str]:
    return {
        "x-ms-user-quota-remaining": str(remaining),
        "x-ms-user-quota-resets-after": f"00:00:{resets_after:02d}",
        "x-ms-ratelimit-remaining-tenant-resource-requests": str(remaining),
    }
