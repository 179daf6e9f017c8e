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
_SHARE = 0.9
"""Of the refill; the rest is for others who read as the same principal."""
_LOW_WATER = 20
_RESERVE = 40
"""Reads that are left in the bucket: so many may be under way whose answers do not count yet."""
_GRAPH_LOW_WATER = 3

Key = tuple[str, str]
"""(subscription id in lower case or "tenant", operation class: "graph", "compute" or "arm")."""


class _Reads:
    """How many reads a subscription's bucket held at a time, by the loop's clock."""

    def __init__(self, left: float, at: float) -> None:
        self.left = left
        self.at = at


class Limiter:
    """One for a session. `on_wait` hears of waits of a second or more: (seconds, key)."""

    def __init__(self, on_wait: Callable[[float, Key], None]) -> None:
        self._not_before: dict[Key, float] = defaultdict(float)
        self._spacing: dict[Key, float] = {}
        self._reads: dict[str, _Reads] = {}
        self._on_wait = on_wait

    async def wait(self, key: Key) -> None:
        """Wait until a request of this class may be sent, without taking the turn."""
        loop = asyncio.get_running_loop()
        while (delay := max(self._not_before[key] - loop.time(), self._until_read(key, loop.time()))) > 0:
            if delay >= 1:
                self._on_wait(delay, key)
            await asyncio.sleep(delay)

    async def turn(self, key: Key) -> None:
        """Wait until a request of this class may be sent, and take the turn."""
        await self.wait(key)
        loop = asyncio.get_running_loop()
        if key[1] != "graph" and key[0] in self._reads:
            self._reads[key[0]].left -= 1
        spacing = self._spacing.get(key)
        if spacing:
            self._not_before[key] = max(self._not_before[key], loop.time()) + spacing

    def _until_read(self, key: Key, now: float) -> float:
        """Seconds until the bucket of a subscription, which all classes but Graph share, has a read to spare."""
        reads = self._reads.get(key[0]) if key[1] != "graph" else None
        if reads is None:
            return 0.0
        rate = _REFILL_PER_SECOND * _SHARE
        reads.left += (now - reads.at) * rate
        reads.at = now
        return (_RESERVE + 1 - reads.left) / rate if reads.left < _RESERVE + 1 else 0.0

    def learn(self, key: Key, headers: Mapping[str, str]) -> None:
        """Take note of what an answer says is left."""
        quota = _number(headers.get("x-ms-user-quota-remaining"))
        if quota is not None and quota <= _GRAPH_LOW_WATER:
            self.hold(key, _clock(headers.get("x-ms-user-quota-resets-after")))
        told = _number(headers.get("x-ms-ratelimit-remaining-subscription-reads"))
        if told is not None:
            now = asyncio.get_running_loop().time()
            reads = self._reads.setdefault(key[0], _Reads(told, now))
            # What is told does not count the requests under way; what is reckoned does not know of other clients.
            reads.left, reads.at = min(max(reads.left, told - _RESERVE), told), now
        left = [told]
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
