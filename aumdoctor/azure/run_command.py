"""Runs a script in machines by Azure's Run Command, and brings back what it printed.

Three forms (Microsoft Learn: run-command-overview, arc run-command; azure-rest-api-specs: Microsoft.Compute
virtualMachines/runCommand and virtualMachines/runCommands, Microsoft.HybridCompute machines/runCommands 2025-01-13):

- the action of a VM, `POST …/runCommand`: one at a time, answers with the last 4,096 bytes;
- a managed run command of a VM, `PUT …/runCommands/{name}`: a resource, whose instance view has the output;
- the same of an Arc-enabled server, which has no action.

A managed run command is deleted at the end, whatever became of it. A POST is sent a second time only where Azure has
refused the first one: busy with another script (409) or throttled (429). Each request stands in the journal first.
"""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import StrEnum
from typing import Any, Literal

import msgspec

from aumdoctor.azure.actions import Action, Answer, Fault, Principal, Recorder, Step, Writer, redacted, writing
from aumdoctor.azure.connection import ConnectionOptions
from aumdoctor.azure.failures import ReadFailure
from aumdoctor.azure.loop import run
from aumdoctor.errors import AumDoctorError
from aumdoctor.model import ids
from aumdoctor.remedies.remedy import ArmCall

COMPUTE_API_VERSION = "2024-07-01"
HYBRID_API_VERSION = "2025-01-13"
"""The first stable version that has the run commands of Arc-enabled servers."""

MOST_OUTPUT = 4096
"""Bytes of output that Run Command keeps: the last ones (Microsoft Learn: run-command-overview, restrictions)."""

_BUSY = re.compile(r"(?i)in progress|concurrent request|another\s*operation")
_SAMPLE = "This is a sample script"
_WAIT = 10.0
_LONGEST_WAIT = 60.0
_POLL_SECONDS = 5.0
_DELETING_SECONDS = 60.0
_THROTTLED_AT_MOST = 12
_DELETED_AT_MOST = 3
_ENDED = frozenset({"succeeded", "failed", "timedout", "canceled", "cancelled"})


class Form(StrEnum):
    """How a script is run: by the action of a VM, or as a resource of a VM or of an Arc-enabled server."""

    ACTION = "action"
    MANAGED = "managed"
    ARC = "arc"


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """A script for one machine. `name` is what the run command is called where it is a resource, and `seconds` how
    long the script may run there; `location` is that of the machine."""

    machine_id: str
    form: Form
    windows: bool
    script: str
    purpose: str
    location: str = ""
    name: str = ""
    seconds: int = 300

    @property
    def resource_id(self) -> str:
        """The id of the run command as a resource."""
        return f"{self.machine_id}/runCommands/{self.name}"


class Fate(StrEnum):
    """What became of a command. ANSWERED: its output is there. REFUSED: it was not run. FAILED: Azure began it, and
    the script was not run or did not end. UNKNOWN: it may have been run. NOT_RUN: its turn did not come."""

    ANSWERED = "answered"
    REFUSED = "refused"
    FAILED = "failed"
    UNKNOWN = "unknown"
    NOT_RUN = "not-run"


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """A command and what became of it. `answer` is Azure's answer as it came, `output` and `errors` what the script
    printed. `left` is the id of a run command that could not be deleted. `permission` is the right that was missing."""

    command: Command
    fate: Fate
    said: str
    answer: Any = None
    output: str = ""
    errors: str = ""
    left: str | None = None
    permission: str | None = None


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """`machines`: asked at once. `busy_seconds`: how long another's script is waited for, `seconds`: how long one that
    was begun is followed."""

    machines: int = 8
    busy_seconds: float = 600.0
    seconds: float = 900.0


def new_name() -> str:
    """A name for a run command that nothing else bears."""
    return f"aumdoctor-{uuid.uuid4().hex[:12]}"


def actions_of(command: Command) -> tuple[Action, ...]:
    """The requests that a command may take: the one that runs it, and the one that takes it away again."""
    kind = "Microsoft.HybridCompute/machines" if command.form is Form.ARC else "Microsoft.Compute/virtualMachines"
    name = f"run-command-{command.purpose}"
    if command.form is Form.ACTION:
        body: dict[str, Any] = {
            "commandId": "RunPowerShellScript" if command.windows else "RunShellScript",
            "script": command.script.split("\n"),
        }
        path = f"{command.machine_id}/runCommand"
        call = ArmCall(method="POST", path=path, api_version=COMPUTE_API_VERSION, body=body)
        return (Action(name=name, call=call, target=command.machine_id, permission=f"{kind}/runCommand/action"),)
    version = HYBRID_API_VERSION if command.form is Form.ARC else COMPUTE_API_VERSION
    properties = {
        "source": {"script": command.script},
        "asyncExecution": False,
        "timeoutInSeconds": command.seconds,
    }
    path = command.resource_id
    made = ArmCall(
        method="PUT", path=path, api_version=version, body={"location": command.location, "properties": properties}
    )
    gone = ArmCall(method="DELETE", path=path, api_version=version)
    return (
        Action(name=name, call=made, target=path, permission=f"{kind}/runCommands/write"),
        Action(name=f"{name}-delete", call=gone, target=path, permission=f"{kind}/runCommands/delete"),
    )


def run_commands(
    options: ConnectionOptions,
    commands: Sequence[Command],
    limits: Limits,
    *,
    record: Callable[[Command], Recorder],
    heard: Callable[[Ran], None],
) -> tuple[Ran, ...]:
    """Run some commands: those of one machine one after the other, several machines at once. Blocks until it is known
    what became of each; in the order of `commands`, each told to `heard` when it ends.

    Where a command of a machine is not answered, the rest of that machine is not run. Raises UsageError for connection
    options that cannot be used.
    """
    return run(_run(options, commands, limits, record, heard))


async def _run(
    options: ConnectionOptions,
    commands: Sequence[Command],
    limits: Limits,
    record: Callable[[Command], Recorder],
    heard: Callable[[Ran], None],
) -> tuple[Ran, ...]:
    machines: dict[str, list[int]] = {}
    for place, command in enumerate(commands):
        machines.setdefault(ids.key(command.machine_id), []).append(place)
    done: dict[int, Ran] = {}
    allowed = [action for command in commands for action in actions_of(command)]
    async with writing(options, allowed) as writer:
        principal = await writer.principal()
        slots = asyncio.Semaphore(max(1, limits.machines))

        async def one(places: Sequence[int]) -> None:
            async with slots:
                failed = ""
                for place in places:
                    command = commands[place]
                    if failed:
                        said = f"the script before it was not answered: {failed}"
                        ran = Ran(command=command, fate=Fate.NOT_RUN, said=said)
                    else:
                        ran = await _Course(writer, command, limits, record(command), principal).follow()
                    if ran.fate is not Fate.ANSWERED:
                        failed = failed or ran.said
                    done[place] = ran
                    heard(ran)

        ends = [asyncio.create_task(one(places)) for places in machines.values()]
        try:
            await asyncio.gather(*ends)
        except BaseException:
            # What was made is taken away again before this ends. (After Ctrl-C all have been told to end already, and
            # to tell them once more would stop them from doing so.)
            await asyncio.gather(*ends, return_exceptions=True)
            raise
    return tuple(done[place] for place in range(len(commands)))


class _Course:
    """The course of one command."""

    def __init__(
        self, writer: Writer, command: Command, limits: Limits, record: Recorder, principal: Principal | None
    ) -> None:
        self._writer = writer
        self._command = command
        self._limits = limits
        self._record = record
        self._principal = principal
        self._actions = actions_of(command)
        self._unrecorded = ""

    async def follow(self) -> Ran:
        if self._command.form is Form.ACTION:
            ran = await self._act()
        else:
            ran = await self._make_and_take_away()
        if self._unrecorded:
            ran = msgspec.structs.replace(ran, said=f"{ran.said}; {self._unrecorded}")
        return ran

    async def _act(self) -> Ran:
        step_id = str(uuid.uuid4())
        try:
            answer = await self._send(self._actions[0], step_id)
            ran = answer if isinstance(answer, Ran) else await self._answer_of(answer)
        except asyncio.CancelledError:
            self._note("outcome", step_id, self._actions[0], said=f"{Fate.UNKNOWN}: interrupted, the script may go on")
            raise
        if ran.fate is not Fate.NOT_RUN:
            self._note("outcome", step_id, self._actions[0], said=f"{ran.fate}: {ran.said}")
        return ran

    async def _answer_of(self, answer: Answer) -> Ran:
        if answer.poll is None:
            return self._ended(Fate.UNKNOWN, "Azure took the script, and did not say where the output is to be had")
        outcome = await self._poll(answer)
        if isinstance(outcome, Ran):
            return outcome
        found = _output_in(outcome)
        if found is None and answer.has_status:
            # Compute gives the result itself at the same place, with this word (final-state-via: location).
            with suppress(ReadFailure):
                _, content, _ = await self._writer.session.poll(f"{answer.poll}&monitor=true")
                found = _output_in(_json(content))
        if found is None:
            return self._ended(Fate.UNKNOWN, "the script was run, and Azure gives no output of it")
        return self._judged(found, *texts_of(found))

    async def _make_and_take_away(self) -> Ran:
        step_id = str(uuid.uuid4())
        try:
            ran = await self._made(step_id)
        except asyncio.CancelledError:
            self._note("outcome", step_id, self._actions[0], said=f"{Fate.UNKNOWN}: interrupted, the script may go on")
            await self._take_away()
            raise
        if ran.fate is not Fate.NOT_RUN:
            self._note("outcome", step_id, self._actions[0], said=f"{ran.fate}: {ran.said}")
        if ran.fate in (Fate.NOT_RUN, Fate.REFUSED):
            return ran
        left = await self._take_away()
        if left:
            said = f"{ran.said}; the run command {self._command.name} could not be deleted: {left}"
            return msgspec.structs.replace(ran, said=said, left=self._command.resource_id)
        return ran

    async def _made(self, step_id: str) -> Ran:
        answer = await self._send(self._actions[0], step_id)
        if isinstance(answer, Ran):
            if answer.fate is not Fate.UNKNOWN:
                return answer
            try:
                if await self._look() is None:
                    return answer
            except ReadFailure:
                return answer
        elif answer.poll is not None and (answer.has_status or answer.status in (201, 202)):
            outcome = await self._poll(answer)
            # A script that failed has an instance view all the same.
            if isinstance(outcome, Ran) and outcome.fate is not Fate.FAILED:
                return outcome
            if isinstance(outcome, Ran) and not await self._has_ended():
                return outcome
        return await self._viewed()

    async def _has_ended(self) -> bool:
        try:
            return _state_of(await self._look()) in _ENDED
        except ReadFailure:
            return False

    async def _viewed(self) -> Ran:
        """Read the run command until its script has ended."""
        ends_at = time.monotonic() + self._limits.seconds
        while True:
            try:
                seen = await self._look()
            except ReadFailure as failure:
                return self._ended(Fate.UNKNOWN, f"what the script printed could not be read: {_told(failure)}")
            state = _state_of(seen)
            if state in _ENDED:
                break
            if time.monotonic() >= ends_at:
                said = f"the script had not ended after {self._limits.seconds:.0f} s, it is {state or 'not begun'}"
                return self._ended(Fate.UNKNOWN, said)
            await asyncio.sleep(_POLL_SECONDS)
        view = seen["properties"]["instanceView"]
        output, errors = str(view.get("output") or ""), str(view.get("error") or "")
        if state != "succeeded" and not output:
            told = redacted(str(view.get("executionMessage") or errors or "no reason is given"))
            return self._ended(Fate.FAILED, f"the script ended as {state}: {told}")
        return self._judged(seen, output, errors)

    async def _look(self) -> Any:
        call = self._actions[0].call
        # Those of Arc have their view without being asked, and an API without the word.
        expand = {"$expand": "instanceView"} if self._command.form is Form.MANAGED else None
        try:
            return _json(await self._writer.session.get(call.path, call.api_version, expand))
        except ReadFailure as failure:
            if failure.status == 404:
                return None
            raise

    async def _take_away(self) -> str:
        """Delete the run command; why it is still there, "" where it is not."""
        try:
            async with asyncio.timeout(_DELETING_SECONDS):
                step_id = str(uuid.uuid4())
                why = await self._deleted(step_id)
                self._note("outcome", step_id, self._actions[1], said=f"not deleted: {why}" if why else "deleted")
                return why
        except TimeoutError:
            return f"Azure had not answered after {_DELETING_SECONDS:.0f} s"

    async def _deleted(self, step_id: str) -> str:
        why = ""
        for _ in range(_DELETED_AT_MOST):
            answer = await self._send(self._actions[1], step_id)
            if not isinstance(answer, Ran):
                if answer.poll is None or answer.status == 204:
                    return ""
                outcome = await self._poll(answer)
                return outcome.said if isinstance(outcome, Ran) else ""
            why = answer.said
            # To delete twice does no harm: a lost request is sent again.
            if answer.fate is not Fate.UNKNOWN:
                break
        return why

    async def _send(self, action: Action, step_id: str) -> Answer | Ran:
        """Send a request, again only where Azure refused it for now; what became of the command where it did not go."""
        busy_until = time.monotonic() + self._limits.busy_seconds
        throttled, attempt, pause = 0, 0, _WAIT
        while True:
            attempt += 1
            request_id = str(uuid.uuid4())
            request: dict[str, Any] = {
                "attempt": attempt,
                "client_request_id": request_id,
                "principal": self._principal,
            }
            try:
                self._record(Step(event="intent", id=step_id, action=action, **request))
            except AumDoctorError as unrecorded:
                return self._ended(Fate.NOT_RUN, f"nothing was sent: {unrecorded.message}")
            try:
                answer = await self._writer.send(action, request_id)
            except asyncio.CancelledError:
                self._note("result", step_id, action, error=Fault(code="Interrupted", message="no answer"), **request)
                raise
            failure = answer.failure
            error = Fault(code=failure.code, message=failure.message) if failure is not None else None
            self._note(
                "result", step_id, action, status=answer.status, request_id=answer.request_id, error=error, **request
            )
            if failure is None:
                return answer
            if answer.is_throttled and throttled < _THROTTLED_AT_MOST:
                throttled += 1
                await asyncio.sleep(answer.wait if answer.wait is not None else pause)
                continue
            if is_busy(failure):
                wait = answer.wait if answer.wait is not None else pause
                pause = min(pause * 2, _LONGEST_WAIT)
                if time.monotonic() + wait <= busy_until:
                    await asyncio.sleep(wait)
                    continue
                said = f"another script had not ended after {self._limits.busy_seconds:.0f} s: {_told(failure)}"
                return self._ended(Fate.REFUSED, said)
            if answer.is_lost:
                said = f"no answer came, and it is not sent twice: {_told(failure)}"
                return self._ended(Fate.UNKNOWN, said)
            if failure.status == 404 and action.call.method == "DELETE":
                return msgspec.structs.replace(answer, failure=None, poll=None)
            return self._ended(Fate.REFUSED, f"Azure refused it: {_told(failure)}", failure, action.permission)

    async def _poll(self, answer: Answer) -> Any:
        """Follow an operation to its end: its body, or what became of the command where it did not succeed."""
        assert answer.poll is not None  # noqa: S101 - asked by the callers
        ends_at = time.monotonic() + self._limits.seconds
        wait = answer.wait
        while True:
            if time.monotonic() >= ends_at:
                return self._ended(Fate.UNKNOWN, f"it had not ended after {self._limits.seconds:.0f} s")
            pause = wait if wait is not None else _POLL_SECONDS
            await asyncio.sleep(min(pause, max(0.0, ends_at - time.monotonic())))
            try:
                status, content, wait = await self._writer.session.poll(answer.poll)
            except ReadFailure as failure:
                if failure.status == 409 and not answer.has_status:
                    return self._ended(Fate.FAILED, f"Azure could not run it: {_told(failure)}")
                return self._ended(Fate.UNKNOWN, f"Azure began it, and how it goes could not be read: {_told(failure)}")
            body = _json(content)
            if not answer.has_status:
                if status != 202:
                    return body
                continue
            state = str(body.get("status") or "").lower() if isinstance(body, dict) else ""
            if state == "succeeded":
                return body
            if state in ("failed", "canceled", "cancelled"):
                return self._ended(Fate.FAILED, f"Azure could not run it: {_error_in(body)}")

    def _judged(self, answer: Any, output: str, errors: str) -> Ran:
        """What came back, unless it is not from the script that was sent."""
        if _SAMPLE in output:
            said = "the service lost the script and ran its own sample instead, as it does at times: ask again"
            return Ran(command=self._command, fate=Fate.FAILED, said=said, answer=answer, errors=errors)
        said = f"{len(output.encode('utf-8', 'replace')):,} bytes of output"
        return Ran(command=self._command, fate=Fate.ANSWERED, said=said, answer=answer, output=output, errors=errors)

    def _ended(self, fate: Fate, said: str, failure: ReadFailure | None = None, permission: str | None = None) -> Ran:
        missing = None
        if failure is not None and failure.is_denied:
            missing = failure.missing_permission or (permission if failure.status == 403 else None)
        if missing is not None:
            said = f"{said}; the missing permission is {missing}"
        return Ran(command=self._command, fate=fate, said=said, permission=missing)

    def _note(self, event: Literal["result", "outcome"], step_id: str, action: Action, **more: Any) -> None:
        """Record what has happened already; a failure is told with the end, for it cannot be stopped any more."""
        try:
            self._record(Step(event=event, id=step_id, action=action, **({"attempt": 1} | more)))
        except AumDoctorError as error:
            self._unrecorded = f"what became of it could not be recorded: {error.message}"


def is_busy(failure: ReadFailure) -> bool:
    """Whether Azure refuses because another script or operation is under way, which will pass; a lock will not."""
    if failure.status != 409 or failure.code.lower() == "scopelocked":
        return False
    return bool(_BUSY.search(f"{failure.code} {failure.message}"))


def texts_of(answer: Any) -> tuple[str, str]:
    """What a script printed to its two outputs, from an answer of the action or a managed run command. On Linux the
    action has both in one message, on Windows one each."""
    if not isinstance(answer, dict):
        return "", ""
    properties = answer.get("properties")
    view = properties.get("instanceView") if isinstance(properties, dict) else None
    if isinstance(view, dict):
        return str(view.get("output") or ""), str(view.get("error") or "")
    output = errors = ""
    for each in answer.get("value") or ():
        if not isinstance(each, dict):
            continue
        code, message = str(each.get("code") or ""), str(each.get("message") or "")
        if "/StdErr/" in code:
            errors += message
        elif "/StdOut/" in code:
            output += message
        else:
            printed, problems = _parted(message)
            output, errors = output + printed, errors + problems
    return output, errors


def _parted(message: str) -> tuple[str, str]:
    """The two outputs in one message: `Enable succeeded: \\n[stdout]\\n…\\n[stderr]\\n…`."""
    _, mark, rest = message.partition("[stdout]\n")
    if not mark:
        return message, ""
    if rest.startswith("[stderr]\n"):
        return "", rest.removeprefix("[stderr]\n")
    printed, mark, problems = rest.rpartition("\n[stderr]\n")
    return (printed, problems) if mark else (rest, "")


def _output_in(body: Any) -> Any:
    """The `{"value": […]}` in the end of an operation, wherever it stands; None where there is none."""
    for path in ((), ("properties", "output"), ("output",), ("properties",)):
        found = body
        for name in path:
            found = found.get(name) if isinstance(found, dict) else None
        if isinstance(found, dict) and isinstance(found.get("value"), list):
            return found
    return None


def _state_of(seen: Any) -> str:
    """`executionState` of a run command's instance view, in lower case."""
    properties = seen.get("properties") if isinstance(seen, dict) else None
    view = properties.get("instanceView") if isinstance(properties, dict) else None
    return str(view.get("executionState") or "").lower() if isinstance(view, dict) else ""


def _error_in(body: Any) -> str:
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return "no reason is given"
    return str(redacted(": ".join(str(error[name]) for name in ("code", "message") if error.get(name))))


def _json(content: bytes) -> Any:
    try:
        return msgspec.json.decode(content) if content else None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _told(failure: ReadFailure) -> str:
    request = f" (request id {failure.request_id})" if failure.request_id else ""
    return f"{failure.code}: {failure.message}{request}"
