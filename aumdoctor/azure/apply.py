"""Makes planned actions: one after the other where one rests on another, else several at once.

Every action reads its target first and steps back where it is not what the plan was made on. What is sent is in the
journal before it is sent. A request whose fate is not known is not sent again before Azure was asked; a POST is not
sent again at all. Long-running operations are followed to their end.
"""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

import msgspec

from aumdoctor.azure.actions import Action, Answer, Fault, Principal, Recorder, Step, Writer, redacted, writing
from aumdoctor.azure.connection import ConnectionOptions
from aumdoctor.azure.failures import ReadFailure
from aumdoctor.azure.loop import run
from aumdoctor.errors import AumDoctorError
from aumdoctor.model import ids
from aumdoctor.remedies.inverse import meaning_of_absence, power_state
from aumdoctor.remedies.plan import PlannedAction, at_path
from aumdoctor.remedies.run_in_guest import Told, is_run, told

_LOST_AT_MOST = 3
_BUSY_AT_MOST = 6
_THROTTLED_AT_MOST = 12
_WAIT = 5.0
_POLL_SECONDS = 5.0
_BUSY = re.compile(r"(?i)another\s*operation|conflict|in progress|retryable")
_LOCKED = "scopelocked"


class Fate(StrEnum):
    """What became of an action. DONE: Azure carried it out. SKIPPED: it was not sent, and why is said. FAILED: Azure
    refused it, or the operation failed. UNKNOWN: it may have been carried out. NOT_RUN: its turn did not come."""

    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"
    UNKNOWN = "unknown"
    NOT_RUN = "not-run"


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """An action and what became of it. `is_needless`: it was skipped because its target stands so already. `permission`
    is the right that was missing, `before` the target as it was read right before; `journal_id` names its lines in the
    journal, None where there are none."""

    action: PlannedAction
    fate: Fate
    said: str
    is_needless: bool = False
    permission: str | None = None
    before: Any = None
    journal_id: str | None = None


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """`concurrency`: actions under way at once. `stop_after`: end when more have failed that `weighs` (None: never).
    `operation_seconds`: how long a long-running operation is followed."""

    concurrency: int = 8
    stop_after: int | None = None
    operation_seconds: float = 900.0


Hold = Callable[[PlannedAction], str | None]
"""Why an action must not be made now, None where it may; asked right before it is sent."""


def apply_actions(
    options: ConnectionOptions,
    actions: Sequence[PlannedAction],
    limits: Limits,
    *,
    hold: Hold,
    record: Callable[[PlannedAction], Recorder],
    permissions: Mapping[str, str],
    heard: Callable[[Applied], None],
    now: Callable[[], datetime],
) -> tuple[Applied, ...]:
    """Make some actions; blocks until it is known what became of each. In the order of `actions`.

    Actions of one remedy are made at once, up to `limits.concurrency`, those of the next remedy after them; an action
    waits for those that it names in `after`, and is skipped where one of them was not carried out. `permissions` maps
    the ids of actions to the right that each takes. Raises UsageError for connection options that cannot be used.
    """
    return run(
        _apply(options, actions, limits, hold, record, permissions, heard, now),
    )


async def _apply(
    options: ConnectionOptions,
    actions: Sequence[PlannedAction],
    limits: Limits,
    hold: Hold,
    record: Callable[[PlannedAction], Recorder],
    permissions: Mapping[str, str],
    heard: Callable[[Applied], None],
    now: Callable[[], datetime],
) -> tuple[Applied, ...]:
    allowed = {action.id: action_of(action, permissions.get(action.id, "")) for action in actions}
    done: dict[str, Applied] = {}
    failed = 0
    async with writing(options, allowed.values()) as writer:
        principal = await writer.principal()
        slots, pace = asyncio.Semaphore(max(1, limits.concurrency)), Pace()

        def is_over() -> bool:
            return limits.stop_after is not None and failed > limits.stop_after

        async def one(action: PlannedAction) -> None:
            nonlocal failed
            async with slots:
                if is_over():
                    ended = Applied(action=action, fate=Fate.NOT_RUN, said="too many actions before it failed")
                else:
                    missed = [key for key in action.after if key in done and not _is_there(done[key])]
                    if missed:
                        said = f"{done[missed[0]].action.title} comes first, and was not carried out"
                        ended = Applied(action=action, fate=Fate.SKIPPED, said=said)
                    else:
                        course = _Course(
                            writer, allowed[action.id], action, limits, hold, record(action), principal, pace, now
                        )
                        ended = await course.follow()
                done[action.id] = ended
                failed += ended.fate in (Fate.FAILED, Fate.UNKNOWN) and weighs(action)
                heard(ended)

        for wave in waves(actions):
            # Each is seen through to its end, whatever happens to the others.
            ends = [asyncio.create_task(one(action)) for action in wave]
            try:
                await asyncio.gather(*ends)
            except BaseException:
                await asyncio.gather(*ends, return_exceptions=True)
                raise
    return tuple(done[action.id] for action in actions)


def _is_there(ended: Applied) -> bool:
    """Whether what an action was to bring about is there, by it or before it."""
    return ended.fate is Fate.DONE or ended.is_needless


def waves(actions: Sequence[PlannedAction]) -> list[list[PlannedAction]]:
    """Actions that may be made at once: neighbours of one remedy, about different resources, none after another."""
    found: list[list[PlannedAction]] = []
    remedy: str | None = None
    levels: dict[str, int] = {}
    base = 0
    for action in actions:
        if action.remedy != remedy:
            remedy, base = action.remedy, len(found)
        before = [levels[key] + 1 for key in action.after if key in levels]
        level = max([base, *before])
        while len(found) <= level or any(_same_resource(action, other) for other in found[level]):
            if len(found) <= level:
                found.append([])
                continue
            level += 1
        found[level].append(action)
        levels[action.id] = level
    return found


def _same_resource(one: PlannedAction, other: PlannedAction) -> bool:
    return ids.key(one.target.path) == ids.key(other.target.path)


def weighs(action: PlannedAction) -> bool:
    """Whether a failure of the action is a reason to end: an assessment changes nothing, and that it fails is what it
    was made to find out."""
    return not action.call.path.lower().endswith("/assesspatches")


def action_of(action: PlannedAction, permission: str) -> Action:
    """A planned action as the writer sends it."""
    return Action(name=action.remedy, call=action.call, target=action.target.path, permission=permission)


class Pace:
    """Keeps writes below Azure's limits before Azure has to refuse any.

    ARM grants a principal 200 writes in a subscription and 10 more every second; Compute grants a subscription 500
    changes of VMs a minute (1,500 at once) and 200 assessments (600 at once). Sources: Microsoft Learn, request limits
    and throttling; azure-compute-docs, compute-throttling-limits.md. A tenth is left to others.
    """

    _BUCKETS: Mapping[str, tuple[float, float]] = {"arm": (180.0, 9.0), "assess": (540.0, 3.0), "vm": (1350.0, 7.5)}

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._left: dict[tuple[str, str], tuple[float, float]] = {}

    async def turn(self, action: PlannedAction) -> None:
        """Wait until the action may be sent."""
        subscription = ids.subscription_of(action.call.path)
        for bucket in self._buckets_of(action):
            wait = self._take(subscription, bucket)
            if wait > 0:
                await asyncio.sleep(wait)

    def _buckets_of(self, action: PlannedAction) -> Iterable[str]:
        yield "arm"
        path = action.call.path.lower()
        if path.endswith(("/assesspatches", "/installpatches")):
            yield "assess"
        elif "/providers/microsoft.compute/virtualmachines/" in path:
            yield "vm"

    def _take(self, subscription: str, bucket: str) -> float:
        """Take one from a bucket, which may owe some; the seconds until it is there."""
        size, refill = self._BUCKETS[bucket]
        now = self._clock()
        left, since = self._left.get((subscription, bucket), (size, now))
        left = min(size, left + (now - since) * refill) - 1
        self._left[subscription, bucket] = (left, now)
        return 0.0 if left >= 0 else -left / refill


class _Course:
    """The course of one action."""

    def __init__(
        self,
        writer: Writer,
        allowed: Action,
        action: PlannedAction,
        limits: Limits,
        hold: Hold,
        record: Recorder,
        principal: Principal | None,
        pace: Pace,
        now: Callable[[], datetime],
    ) -> None:
        self._writer = writer
        self._allowed = allowed
        self._action = action
        self._limits = limits
        self._hold = hold
        self._record = record
        self._principal = principal
        self._pace = pace
        self._now = now
        self._id = str(uuid.uuid4())
        self._attempts = 0
        self._before: Any = None
        self._unrecorded: str | None = None
        self._result: Any = None
        self._told: Told | None = None

    async def follow(self) -> Applied:
        held = self._hold(self._action)
        if held is not None:
            return self._ended(Fate.SKIPPED, held)
        try:
            self._before = await self._look()
        except ReadFailure as failure:
            said = f"its target could not be read, so nothing was sent: {_told(failure)}"
            return self._ended(Fate.SKIPPED, said, failure)
        needless = already(self._action, self._before)
        if needless is not None:
            return msgspec.structs.replace(self._ended(Fate.SKIPPED, needless), is_needless=True)
        drift = self._drift()
        if drift is not None:
            return self._ended(Fate.SKIPPED, drift)
        ended = await self._send()
        if self._attempts:
            await self._close(ended)
        if self._unrecorded is not None:
            ended = msgspec.structs.replace(ended, said=f"{ended.said}; {self._unrecorded}")
        return ended

    def _drift(self) -> str | None:
        """What has changed since the plan was made."""
        call, planned = self._action.call, self._action.before
        if call.method == "PATCH" and self._before is None:
            return "its target is gone"
        if planned is None:
            return None
        for path, value in planned.items():
            found = redacted(at_path(self._before, path))
            if found != value and path == "id" and value is None:
                return "it is there again: somebody has created it meanwhile, and would lose what it holds"
            if value is None and found is not None and found == meaning_of_absence(path, self._before):
                continue  # as undo leaves what had not been there: Azure cannot be told to take it away again
            if found != value:
                return f"{path} is {_short(found)} now, not {_short(value)} as expected: it was changed meanwhile"
        return None

    async def _send(self) -> Applied:
        lost = busy = throttled = 0
        while True:
            await self._pace.turn(self._action)
            # It may have waited for minutes, and a window may have come near.
            held = self._hold(self._action)
            if held is not None:
                return self._ended(Fate.UNKNOWN if lost else Fate.SKIPPED, held)
            request_id = str(uuid.uuid4())
            request: dict[str, Any] = {"client_request_id": request_id, "principal": self._principal}
            try:
                self._attempts += 1
                self._record(self._step("intent", before=self._before, **request))
            except AumDoctorError as unrecorded:
                self._attempts -= 1
                if lost:
                    return self._ended(Fate.UNKNOWN, f"no answer came, and nothing more was sent: {unrecorded.message}")
                return self._ended(Fate.SKIPPED, f"nothing was sent: {unrecorded.message}")
            try:
                answer = await self._writer.send(self._allowed, request_id, if_match=self._etag())
            except asyncio.CancelledError:
                self._note("result", error=Fault(code="Interrupted", message="no answer was waited for"), **request)
                raise
            failure = answer.failure
            error = Fault(code=failure.code, message=failure.message) if failure is not None else None
            self._note("result", status=answer.status, request_id=answer.request_id, error=error, **request)
            if failure is None:
                return await self._to_the_end(answer)
            if answer.is_throttled and throttled < _THROTTLED_AT_MOST:
                throttled += 1
                await asyncio.sleep(answer.wait if answer.wait is not None else _WAIT)
                continue
            if answer.status == 412 and not lost:
                return self._ended(Fate.SKIPPED, "somebody changed it in the meantime (412 precondition failed)")
            if _is_busy(failure) and busy < _BUSY_AT_MOST:
                busy += 1
                await asyncio.sleep(answer.wait if answer.wait is not None else _WAIT * busy)
                continue
            if not answer.is_lost and not lost:
                return self._ended(Fate.FAILED, f"Azure refused it: {_told(failure)}", failure)
            lost += 1
            # A refusal of the second request tells nothing of the first, which may have been carried out.
            found = await self._after_loss(failure, lost, is_refused=not answer.is_lost)
            if found is not None:
                return found
            await asyncio.sleep(answer.wait if answer.wait is not None else _WAIT * lost)

    async def _after_loss(self, lost: ReadFailure, losses: int, *, is_refused: bool) -> Applied | None:
        """What Azure shows where no answer came; None where the request is worth sending again."""
        try:
            seen = await self._look()
        except ReadFailure as failure:
            said = f"no answer came ({_told(lost)}), and its target could not be read again: {_told(failure)}"
            return self._ended(Fate.UNKNOWN, said)
        if has_happened(self._action, self._before, seen):
            if is_run(self._action.call):
                return self._ended(Fate.UNKNOWN, "the answer was lost; Azure shows that the script was begun")
            kind = _kind(self._action)
            watched = _BEGUN.get(kind) or _WATCHED.get(kind)
            if watched is not None:
                return await self._watch(watched, time.monotonic() + self._seconds, is_lost=kind in _BEGUN)
            return self._ended(Fate.DONE, "the answer was lost, but Azure shows that it was carried out")
        if self._action.call.method == "POST":
            said = (
                f"no answer came ({_told(lost)}), Azure does not show that it was carried out, and it is not sent twice"
            )
            return self._ended(Fate.UNKNOWN, said)
        if is_refused:
            said = (
                f"an answer was lost, and what was sent again was refused: it may have been carried out ({_told(lost)})"
            )
            return self._ended(Fate.UNKNOWN, said)
        if losses >= _LOST_AT_MOST:
            return self._ended(Fate.UNKNOWN, f"no answer came in {losses} tries ({_told(lost)})")
        return None

    async def _to_the_end(self, answer: Answer) -> Applied:
        """Follow a long-running operation; `Succeeded` with a failure inside has failed."""
        ends_at = time.monotonic() + self._seconds
        # A PATCH of a VM answers 200 at once and goes on all the same.
        if answer.poll is not None and (answer.has_status or answer.status in (201, 202)):
            try:
                outcome = await self._poll(answer.poll, answer, ends_at)
            except ReadFailure as failure:
                return self._ended(Fate.UNKNOWN, f"Azure began it, and how it goes could not be read: {_told(failure)}")
            if outcome is not None:
                return outcome
        if is_run(self._action.call):
            return await self._by_script(answer, ends_at)
        watched = _WATCHED.get(_kind(self._action))
        if watched is not None:
            return await self._watch(watched, ends_at)
        return self._ended(Fate.DONE, "carried out")

    async def _poll(self, url: str, answer: Answer, ends_at: float) -> Applied | None:
        """None where the operation succeeded."""
        wait = answer.wait
        while True:
            await asyncio.sleep(min(wait if wait is not None else _POLL_SECONDS, max(0.0, ends_at - time.monotonic())))
            if time.monotonic() >= ends_at:
                return self._ended(Fate.UNKNOWN, f"the operation had not ended after {self._seconds:.0f} s")
            status, content, wait = await self._writer.session.poll(url)
            body = _json(content)
            if not answer.has_status:
                if status == 202:
                    continue
                inner = _inner_failure(body)
            else:
                state = str((body or {}).get("status", "")).lower() if isinstance(body, dict) else ""
                if state in ("failed", "canceled", "cancelled"):
                    return self._ended(Fate.FAILED, f"the operation ended as {state}: {_error_in(body)}")
                if state != "succeeded":
                    continue
                inner = _inner_failure(body.get("properties") if isinstance(body, dict) else None)
            if inner is not None:
                return self._ended(Fate.FAILED, f"the operation ended, and what it did failed: {inner}")
            self._result = body
            return None

    async def _by_script(self, answer: Answer, ends_at: float) -> Applied:
        """What a script in the machine says of itself: Azure calls it succeeded whatever it did."""
        try:
            self._told = told(self._result) or await self._printed(answer, ends_at)
        except ReadFailure as failure:
            return self._ended(Fate.UNKNOWN, f"what the script printed could not be read: {_told(failure)}")
        if self._told is None:
            said = "what the script did is not known: its last line is not in what Azure has kept of it"
            return self._ended(Fate.UNKNOWN, said)
        return self._ended(*_fate_told(self._told))

    async def _printed(self, answer: Answer, ends_at: float) -> Told | None:
        """What a script printed, where it was not in the end of the operation: the action has it at its Location, a run
        command in its instance view once it has ended."""
        if self._action.call.method == "POST":
            if answer.poll is None or not answer.has_status:
                return None
            _, content, _ = await self._writer.session.poll(f"{answer.poll}&monitor=true")
            return told(_json(content))
        while True:
            seen = await self._look()
            state = str(at_path(seen, "properties.instanceView.executionState") or "").lower()
            if state in _SCRIPT_ENDED or time.monotonic() + _POLL_SECONDS >= ends_at:
                return told(seen)
            await asyncio.sleep(_POLL_SECONDS)

    async def _watch(self, watched: _Watched, ends_at: float, *, is_lost: bool = False) -> Applied:
        """Read the target until it says that it has ended; one that takes long is left to verification."""
        ends_at = min(ends_at, time.monotonic() + watched.seconds)
        while True:
            try:
                seen = await self._look()
            except ReadFailure as failure:
                return self._ended(Fate.UNKNOWN, f"how it stands could not be read: {_told(failure)}")
            state = str(at_path(seen, watched.path) or "")
            if state.lower() in watched.good:
                return self._ended(Fate.DONE, f"carried out: {watched.path.rpartition('.')[2]} is {state}")
            if state.lower() in watched.bad:
                return self._ended(Fate.FAILED, f"{watched.path.rpartition('.')[2]} is {state}")
            if time.monotonic() + _POLL_SECONDS >= ends_at:
                said = f"it is {state or 'not to be seen'} as yet"
                if is_lost:
                    return self._ended(Fate.UNKNOWN, f"the answer was lost, and {said}")
                return self._ended(Fate.DONE, f"Azure accepted it; {said}")
            await asyncio.sleep(_POLL_SECONDS)

    @property
    def _seconds(self) -> float:
        """How long it is followed: an installation as long as it may take by its own limit, and some more."""
        body = self._action.call.body
        limit = (
            body.get("maximumDuration") if isinstance(body, dict) and _kind(self._action) == "installpatches" else None
        )
        found = _DURATION.fullmatch(str(limit or ""))
        if found is None:
            return self._limits.operation_seconds
        hours, minutes = (int(part or 0) for part in found.groups())
        return max(self._limits.operation_seconds, hours * 3600.0 + minutes * 60.0 + _AFTER_INSTALLING)

    async def _close(self, ended: Applied) -> None:
        """The last line in the journal: what Azure shows at the end."""
        try:
            after = msgspec.to_builtins(self._told) if self._told is not None else await self._look()
        except ReadFailure:
            after = None
        self._note("outcome", after=redacted(after), said=f"{ended.fate.value}: {ended.said}")

    async def _look(self) -> Any:
        target = self._action.target
        return await self._writer.read(target.path, target.api_version, with_view=target.with_view)

    def _etag(self) -> str | None:
        if self._action.call.method not in ("PATCH", "PUT", "DELETE") or not isinstance(self._before, dict):
            return None
        etag = self._before.get("etag")
        return etag if isinstance(etag, str) and etag else None

    def _ended(self, fate: Fate, said: str, failure: ReadFailure | None = None) -> Applied:
        missing = None
        if failure is not None and failure.is_denied:
            missing = failure.missing_permission or self._allowed.permission or None
        if missing is not None:
            said = f"{said}; the missing permission is {missing}"
        return Applied(
            action=self._action,
            fate=fate,
            said=said,
            permission=missing,
            before=self._before,
            journal_id=self._id if self._attempts else None,
        )

    def _step(self, event: Literal["intent", "result", "outcome"], **more: Any) -> Step:
        return Step(event=event, id=self._id, action=self._allowed, attempt=self._attempts, **more)

    def _note(self, event: Literal["result", "outcome"], **more: Any) -> None:
        """Record what has happened already; a failure is told with the end, for it cannot be stopped any more."""
        try:
            self._record(self._step(event, **more))
        except AumDoctorError as error:
            self._unrecorded = f"what became of it could not be recorded: {error.message}"


class _Watched(msgspec.Struct, frozen=True, kw_only=True):
    """What is not a long-running operation in ARM's sense and takes its time all the same: where its state stands."""

    path: str
    good: frozenset[str]
    bad: frozenset[str] = frozenset()
    seconds: float


_WATCHED = {
    "register": _Watched(path="registrationState", good=frozenset({"registered"}), seconds=900.0),
    "remediations": _Watched(
        path="properties.provisioningState",
        good=frozenset({"succeeded"}),
        bad=frozenset({"failed", "canceled", "cancelled"}),
        seconds=180.0,
    ),
}


_SUMMARY_BAD = frozenset({"failed", "canceled", "cancelled"})
_BEGUN = {
    "assesspatches": _Watched(
        path="properties.instanceView.patchStatus.availablePatchSummary.status",
        good=frozenset({"succeeded", "completedwithwarnings"}),
        bad=_SUMMARY_BAD,
        seconds=900.0,
    ),
    "installpatches": _Watched(
        path="properties.instanceView.patchStatus.lastPatchInstallationSummary.status",
        good=frozenset({"succeeded", "completedwithwarnings"}),
        bad=_SUMMARY_BAD,
        seconds=5 * 3600.0,
    ),
}
"""Where to see how an assessment or installation ends whose answer was lost; else its operation tells."""

_DURATION = re.compile(r"PT(?:([0-9]{1,2})H)?(?:([0-9]{1,3})M)?")
_AFTER_INSTALLING = 1200.0
"""Seconds that an installation may go on after its limit: a restart that has begun is not cut off."""


def _kind(action: PlannedAction) -> str:
    if action.call.method == "POST":
        return action.call.path.rpartition("/")[2].lower()
    return ids.parse(action.call.path).type.rpartition("/")[2].lower() if action.call.method == "PUT" else ""


_SCRIPT_ENDED = frozenset({"succeeded", "failed", "timedout", "canceled", "cancelled"})


def _fate_told(told: Told) -> tuple[Fate, str]:
    """What became of a script by its own word. One that failed may have changed a part: that is for undo."""
    said = str(redacted(told.said))
    if told.state in ("changed", "undone"):
        changed = str(redacted(told.differences))
        return Fate.DONE, f"carried out: {said}{f' ({changed})' if changed else ''}"
    if told.state == "unchanged":
        return Fate.DONE, f"carried out, and nothing was to be done: {said}"
    if told.state == "refused":
        return Fate.FAILED, f"the script changed nothing: {said}"
    return Fate.UNKNOWN, f"the script ended as {told.state}: {said}"


def already(action: PlannedAction, seen: Any) -> str | None:
    """Why an action is not needed as its target stands: None where it is."""
    call = action.call
    if call.method == "DELETE":
        return "it is gone already" if seen is None else None
    if call.method in ("PATCH", "PUT"):
        if seen is None or not action.changes:
            return None
        stands = all(_same(at_path(seen, path), value) for path, value in action.changes.items())
        return "it stands so already" if stands else None
    verb = call.path.rpartition("/")[2].lower()
    if verb == "register" and str(at_path(seen, "registrationState") or "").lower() == "registered":
        return "the provider is registered already"
    if verb == "start" and power_state(seen) in ("running", "starting"):
        return "the VM runs already"
    if verb in ("deallocate", "poweroff") and power_state(seen) in ("deallocated", "stopped", "deallocating"):
        return "the VM is off already"
    return None


def has_happened(action: PlannedAction, before: Any, seen: Any) -> bool:
    """Whether a request whose answer was lost was carried out, by what stands there now."""
    if already(action, seen) is not None:
        return True
    verb = action.call.path.rpartition("/")[2].lower()
    if is_run(action.call) and action.call.method == "PUT":
        return before is None and seen is not None
    if verb == "register":
        return str(at_path(seen, "registrationState") or "").lower() == "registering"
    if verb in ("assesspatches", "installpatches"):
        part = "availablePatchSummary" if verb == "assesspatches" else "lastPatchInstallationSummary"
        path = f"properties.instanceView.patchStatus.{part}"
        return at_path(seen, path) is not None and at_path(seen, path) != at_path(before, path)
    return False


def _same(found: Any, wanted: Any) -> bool:
    if isinstance(found, str) and isinstance(wanted, str) and wanted.startswith("/"):
        return ids.key(found) == ids.key(wanted)
    if isinstance(found, str) and isinstance(wanted, str):
        return found.lower() == wanted.lower()
    return bool(found == wanted)


def _is_busy(failure: ReadFailure) -> bool:
    """Whether Azure refuses because something else is under way, which will pass; a lock will not."""
    if failure.status != 409 or failure.code.lower() == _LOCKED:
        return False
    return bool(_BUSY.search(f"{failure.code} {failure.message}"))


def _inner_failure(result: Any) -> str | None:
    """The failure inside a result that an operation calls succeeded: that of an assessment or installation."""
    found = result.get("output", result) if isinstance(result, dict) else None
    if not isinstance(found, dict) or str(found.get("status", "")).lower() != "failed":
        return None
    return _error_in(found)


def _error_in(body: Any) -> str:
    error = body.get("error") or body.get("errorDetails") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return "no reason is given"
    details = [each.get("message") for each in error.get("details") or () if isinstance(each, dict)]
    texts = [str(text) for text in (error.get("message"), *details[:2]) if text]
    return str(redacted(": ".join(texts) or str(error.get("code") or "no reason is given")))


def _json(content: bytes) -> Any:
    try:
        return msgspec.json.decode(content) if content else None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _short(value: Any) -> str:
    if value is None:
        return "absent"
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= 80 else f"{text[:80]}…"


def _told(failure: ReadFailure) -> str:
    request = f" (request id {failure.request_id})" if failure.request_id else ""
    return f"{failure.code}: {failure.message}{request}"
