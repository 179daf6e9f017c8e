"""Keeps requests inside Azure's limits, for all workers together.

Azure Resource Manager gives each principal a bucket of 250 reads per subscription, refilled by 25 a second, and says
in `x-ms-ratelimit-remaining-subscription-reads` what is left; Compute has buckets of its own
(`x-ms-ratelimit-remaining-resource`); Resource Graph answers 15 queries in 5 seconds and says so in
`x-ms-user-quota-remaining` and `-resets-after`. A refusal (429, 503) comes with `Retry-After`, and asking earlier is
refused again: so one worker's refusal holds back every worker of the same subscription and class.
Source: Microsoft Learn, "Understand how Azure Resource Manager throttles requests" and "Guidance for throttled
requests in Azure Resource Graph".
"""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from time import time

_REFILL_PER_SECOND = 25.0
_LOW_WATER = 20
_GRAPH_LOW_WATER = 3

Key = tuple[str, str]
"""(subscription id in lower case or "tenant", operation class: "graph", "compute" or "arm")."""


class Limiter:
    """One for a session. `on_wait` hears of waits of a second or more: (seconds, key)."""

    def __init__(self, on_wait: Callable[[float, Key], None]) -> None:
        self._not_before: dict[Key, float] = defaultdict(float)
        self._spacing: dict[Key, float] = {}
        self._on_wait = on_wait

    async def turn(self, key: Key) -> None:
        """Wait until a request of this class may be sent."""
        loop = asyncio.get_running_loop()
        while (delay := self._not_before[key] - loop.time()) > 0:
            if delay >= 1:
                self._on_wait(delay, key)
            await asyncio.sleep(delay)
        spacing = self._spacing.get(key)
        if spacing:
            self._not_before[key] = max(self._not_before[key], loop.time()) + spacing

    def learn(self, key: Key, headers: Mapping[str, str]) -> None:
        """Take note of what an answer says is left."""
        quota = _number(headers.get("x-ms-user-quota-remaining"))
        if quota is not None and quota <= _GRAPH_LOW_WATER:
            self.hold(key, _clock(headers.get("x-ms-user-quota-resets-after")))
        left = [_number(headers.get("x-ms-ratelimit-remaining-subscription-reads"))]
        left += [_number(part.rpartition(";")[2]) for part in _resource_limits(headers)]
        known = [number for number in left if number is not None]
        if known:
            self._spacing[key] = 1 / _REFILL_PER_SECOND if min(known) <= _LOW_WATER else 0.0

    def hold(self, key: Key, seconds: float) -> None:
        """Let nobody of this class send for so many seconds, and then not all at the same instant."""
        until = asyncio.get_running_loop().time() + seconds * (1 + random.uniform(0, 0.05))  # noqa: S311 - jitter
        self._not_before[key] = max(self._not_before[key], until)
        if key[1] != "graph":
            self._spacing[key] = 1 / _REFILL_PER_SECOND


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait by `retry-after-ms`, `x-ms-retry-after-ms` or `Retry-After` (seconds or an HTTP date)."""
    for name in ("retry-after-ms", "x-ms-retry-after-ms"):
        milliseconds = _number(headers.get(name))
        if milliseconds is not None:
            return max(0.0, milliseconds / 1000.0)
    value = headers.get("Retry-After")
    if value is None:
        return None
    seconds = _number(value)
    if seconds is not None:
        return max(0.0, seconds)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time())
    except ValueError:
        return None


def backoff(attempt: int) -> float:
    """Seconds before retry number `attempt` (from 0) where Azure named none: 0.5, 1, 2, 4 … 30, with full jitter."""
    return random.uniform(0.5, 1.0) * min(30.0, 0.5 * 2.0**attempt)  # noqa: S311 - jitter


def _resource_limits(headers: Mapping[str, str]) -> list[str]:
    value = headers.get("x-ms-ratelimit-remaining-resource", "")
    return [part for part in value.split(",") if ";" in part]


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def _clock(text: str | None) -> float:
    """`hh:mm:ss` in seconds; a resting time of 5 s, the length of Resource Graph's window, where it cannot be read."""
    try:
        hours, minutes, seconds = (text or "").split(":")
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    except ValueError:
        return 5.0
