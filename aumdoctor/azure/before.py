"""Reads what stands where a plan would change something, so that its applying can see what has changed since."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from aumdoctor.azure.actions import redacted
from aumdoctor.azure.collection import at_once
from aumdoctor.azure.connection import ConnectionOptions, endpoints
from aumdoctor.azure.credentials import credential
from aumdoctor.azure.failures import ReadFailure
from aumdoctor.azure.limiter import Key
from aumdoctor.azure.loop import run
from aumdoctor.azure.session import Session, http_session, transport
from aumdoctor.errors import UsageError
from aumdoctor.model import ids
from aumdoctor.remedies.plan import PlannedAction, Reading, at_path

_CHUNK = 500

Before = dict[str, Any] | None
"""The leaves that an action changes, by JSON path, as they stand (None: nothing does); None: it was not read."""


def read_before(
    options: ConnectionOptions,
    actions: Sequence[PlannedAction],
    *,
    failed: Callable[[PlannedAction, ReadFailure], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Before]:
    """What stands where actions would change something, by the actions' ids, without secrets. Reads only, each target
    once; blocks until done, or until `options.timeout` seconds are over.

    An action that sets no property (an assessment, a deletion) is not read for, and has None. So has one whose target
    could not be read: `failed` is told. Leaves that an earlier action of the plan sets as well are left out, for by its
    turn they have changed. Raises UsageError for connection options that cannot be used.
    """
    due = [action for action in actions if action.changes]
    if not due:
        return {action.id: None for action in actions}
    bodies = run(_read(options, {_key(action.target): action.target for action in due}, progress))
    found: dict[str, Before] = {}
    settled: dict[str, set[str]] = {}
    for action in actions:
        found[action.id] = None
        target = ids.key(action.target.path)
        paths = set(action.changes)
        if action.call.method == "DELETE":
            settled.setdefault(target, set()).add(_EVERYTHING)
        if not paths:
            continue
        body = bodies[_key(action.target)]
        known = settled.get(target, set())
        if isinstance(body, ReadFailure):
            if failed is not None:
                failed(action, body)
        else:
            open_ = set() if _EVERYTHING in known else paths - known
            found[action.id] = {path: redacted(at_path(body, path)) for path in action.changes if path in open_}
        settled.setdefault(target, set()).update(paths)
    return found


_EVERYTHING = ""


def _key(reading: Reading) -> tuple[str, str, bool]:
    return ids.key(reading.path), reading.api_version, reading.with_view


async def _read(
    options: ConnectionOptions,
    targets: dict[tuple[str, str, bool], Reading],
    progress: Callable[[int, int], None] | None,
) -> dict[tuple[str, str, bool], Any]:
    late = ReadFailure("DeadlineReached", f"not read within --timeout {options.timeout or 0:g} s")
    bodies: dict[tuple[str, str, bool], Any] = dict.fromkeys(targets, late)
    ends = endpoints(options)
    http = http_session(options)
    try:
        sign_in = credential(options, ends, transport(http))
    except UsageError:
        await http.close()
        raise
    done = 0

    async def one(key: tuple[str, str, bool]) -> None:
        nonlocal done
        try:
            bodies[key] = await _body(session, targets[key])
        except ReadFailure as failure:
            bodies[key] = failure
        done += 1
        if progress is not None:
            progress(done, len(targets))

    async with Session(options, ends, sign_in, http, _wait_unheard) as session:
        try:
            async with asyncio.timeout(options.timeout):
                keys = list(targets)
                for start in range(0, len(keys), _CHUNK):
                    await at_once(*(one(key) for key in keys[start : start + _CHUNK]))
        except TimeoutError:
            pass  # what is not there by now has `late`
    return bodies


async def _body(session: Session, target: Reading) -> Any:
    """The resource, None where Azure answers that there is none. Raises ReadFailure."""
    view = {"$expand": "instanceView"} if target.with_view else None
    try:
        content = await session.get(quote(target.path, safe="/"), target.api_version, view)
    except ReadFailure as failure:
        if failure.status == 404 and failure.code not in ("SubscriptionNotFound", "InvalidResourceType"):
            return None
        raise
    try:
        return redacted(msgspec.json.decode(content))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ReadFailure("MalformedResponse", f"the answer about {target.path} is no JSON: {error}") from error


def _wait_unheard(_seconds: float, _key: Key) -> None:
    """The waits of these reads are not worth a remark."""
