"""The event loop that a command runs for its reads and writes."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run`, with the result beside the task instead of in it.

    When the loop ends, `asyncio.Runner` asks which handler SIGINT has, and `signal.getsignal` (CPython 3.11) tries it
    as a number first; the text of the error about that, which nobody sees, holds the text of the task and of its
    result. For an estate of thousands of machines that takes seconds.
    """
    result: list[T] = []

    async def keep() -> None:
        result.append(await main)

    asyncio.run(keep())
    return result[0]
