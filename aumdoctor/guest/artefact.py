"""A file of a machine, wherever it lies: in a folder, in an archive, or alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

import msgspec


class UnreadableError(Exception):
    """An artefact of a known kind that gives nothing at all. The message says why, in words for a person."""


class Artefact(msgspec.Struct, frozen=True, kw_only=True):
    r"""A file to be read.

    `path` is how the person finds it (`bundle.zip!/WindowsAzure/Logs/x.log`), always with slashes; `head` its first
    4,096 bytes; `size` its length in bytes where it is known; `open` gives a new stream from the start that the caller
    closes and that gives no more than the limits allow. `siblings` are the names of the files in the same folder.
    """

    path: str
    head: bytes
    size: int | None
    open: Callable[[], BinaryIO]
    siblings: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2].rpartition("!")[2]

    @property
    def folders(self) -> tuple[str, ...]:
        """The folders above it, outermost first, in lower case."""
        return tuple(part.lower() for part in self.path.replace("!", "/").split("/")[:-1] if part)
