"""Answers of Run Command, as saved by whoever asked: what the command printed is read by the other readers.

- the action: `{"value": [{"code": "ComponentStatus/StdOut/succeeded", "message": …}]}` on Windows, one item
  `ProvisioningState/succeeded` with `Enable succeeded: \\n[stdout]\\n…\\n[stderr]\\n…` on Linux; also inside the answer
  of a long-running operation, as Invoke-AzVMRunCommand prints it, and the message alone;
- the managed form, of Azure VMs and Arc-enabled servers, as resource or as the Azure CLI flattens it: `instanceView`
  with `output`, `error`, `executionState`, `exitCode`, `startTime`, `endTime`;
- refusals (409 where another command runs).

The service keeps the last 4,096 bytes of an output, and where it loses the script it runs a sample of its own and calls
that a success (github.com/Azure/azure-cli/issues/32286).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from io import BytesIO
from typing import Any

import msgspec

from aumdoctor.guest.artefact import Artefact, UnreadableError
from aumdoctor.guest.envelope import member, number, when, word
from aumdoctor.guest.reader import reader
from aumdoctor.guest.text import decode, quoted, whole_text
from aumdoctor.model.guest import (
    Damage,
    Observation,
    OperatingSystem,
    Origin,
    Proxy,
    Record,
    RegistryValue,
    SecureChannel,
    Service,
    UserRight,
)

NAME = "run-command"

_KEPT = 4096
_MOST_ANSWERS = 1000
_ANSWER = re.compile(
    r'ComponentStatus/Std(?:Out|Err)|\[stdout\](?:\\n|\\r|\r?\n)|"executionState"|/runCommands/|/runCommands"|'
    r"Run command extension execution is in progress",
    re.IGNORECASE,
)
_RESOURCE = re.compile(
    r"/(?:virtualMachines|machines|virtualMachineScaleSets)/([^/]+)(?:/.*)?/runCommands/", re.IGNORECASE
)
_SAMPLE = "This is a sample script"
_PRINTED = re.compile(r"^Value\[\d+\]\s*:", re.MULTILINE)
_PROPERTY = re.compile(r"^\s*(Code|Message)\s*:[ \t]?", re.MULTILINE)


class _Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What one command printed. `computer` where the answer names the machine, `at` when the command ended, `why` what
    went wrong with it."""

    output: str = ""
    error: str = ""
    computer: str = ""
    at: datetime | None = None
    why: str = ""


def _recognises(artefact: Artefact) -> bool:
    head = decode(artefact.head).lstrip("\ufeff \t\r\n")
    if head.startswith(("Enable succeeded", "Enable failed", "[stdout]")):
        return "[stdout]" in head[:2000]
    is_form = head.startswith(("{", "[", "Value[", "(Conflict)", "ERROR: (Conflict)"))
    return is_form and _ANSWER.search(head) is not None


@reader(name=NAME, title="an answer of Run Command", recognises=_recognises)
def RUN_COMMAND(artefact: Artefact) -> Iterator[Record]:  # noqa: N802 - it is a reader, not a function
    """Read what commands printed, and tell what of it is missing."""
    text, is_longer = whole_text(artefact)
    origin = Origin(artefact.path)
    if is_longer:
        yield Damage(origin=origin, why="it is too long; the rest is not looked at")
    answers = list(_answers(text))
    if not answers:
        raise UnreadableError("no output of a command is in it")
    if all(answer.why and not answer.output and not answer.error for answer in answers):
        raise UnreadableError(answers[0].why)
    for place, answer in enumerate(answers, start=1):
        path = f"{artefact.path}!/" + (f"{place}/" if len(answers) > 1 else "")
        if answer.why:
            yield Damage(origin=origin, why=answer.why, computer=answer.computer)
        yield from _output(answer, path, origin)


def _output(answer: _Answer, path: str, origin: Origin) -> Iterator[Record]:
    if _SAMPLE in answer.output:
        why = "the script was lost: Run Command ran its own sample instead, so that nothing was looked at"
        yield Damage(origin=origin, why=why, computer=answer.computer, text=quoted(answer.output))
        return
    if len(answer.output.encode("utf-8", "replace")) >= _KEPT - 4:
        why = "Run Command keeps the last 4,096 bytes: what was printed before them is lost"
        yield Damage(origin=origin, why=why, computer=answer.computer)
    found = False
    for name, text in (("stdout", answer.output), ("stderr", answer.error)):
        inner = _inner(f"{path}{name}", text)
        known = _reader_of(inner) if text.strip() else None
        if known is None:
            continue
        found = True
        try:
            for record in known.read(inner):
                yield _placed(record, answer)
        except UnreadableError as error:
            yield Damage(origin=Origin(inner.path), why=str(error), computer=answer.computer)
    if not found and not answer.why:
        printed = answer.output.strip() or answer.error.strip()
        why = "what the command printed is of no known kind" if printed else "the command printed nothing"
        yield Damage(origin=origin, why=why, computer=answer.computer, text=quoted(printed))


def _inner(path: str, text: str) -> Artefact:
    data = text.encode("utf-8", "replace")
    return Artefact(path=path, head=data[:4096], size=len(data), open=lambda: BytesIO(data), siblings=())


def _reader_of(artefact: Artefact) -> Any:
    # The readers are listed in a module that lists this one.
    from aumdoctor.guest.readers.registry import READERS

    return next((each for each in READERS if each.name != NAME and each.recognises(artefact)), None)


_STATES = (Observation, OperatingSystem, Proxy, RegistryValue, SecureChannel, Service, UserRight)
"""What is true when somebody looks: that was when the command ran."""


def _placed(record: Record, answer: _Answer) -> Record:
    if answer.computer and not record.computer:
        record = msgspec.structs.replace(record, computer=answer.computer)
    if answer.at is not None and record.at is None and isinstance(record, _STATES):
        record = msgspec.structs.replace(record, at=answer.at)
    return record


# -- the forms ---------------------------------------------------------------------------------------------------------


def _answers(text: str) -> Iterator[_Answer]:
    start = text.lstrip("\ufeff \t\r\n")
    if start.startswith(("{", "[{", "[ ", "[\n", "[\r")):
        try:
            body = json.loads(start.rstrip("\0 \t\r\n"))
        except RecursionError as error:
            raise UnreadableError("its JSON is nested too deeply") from error
        except ValueError as error:
            raise UnreadableError(f"its JSON is damaged or cut off: {error}") from error
        yield from _of_json(body)
    elif start.startswith("Value["):
        yield from _printed(start)
    elif "Run command extension execution is in progress" in start and "[stdout]" not in start:
        yield _Answer(why=_refused("Conflict", start))
    else:
        yield _of_message(start)


def _of_json(body: Any) -> Iterator[_Answer]:
    """The answers anywhere in a document: it may be wrapped, or a list of several machines."""
    waiting: list[tuple[Any, str]] = [(body, "")]
    count = 0
    while waiting and count < _MOST_ANSWERS:
        node, computer = waiting.pop()
        if isinstance(node, list):
            if _is_action(node):
                count += 1
                yield from _of_action(node, computer)
            else:
                waiting.extend((each, computer) for each in reversed(node))
            continue
        if not isinstance(node, dict):
            continue
        computer = _computer(node) or computer
        view = member(node, "instanceView")
        error = member(node, "error")
        if isinstance(view, dict) and member(view, "executionState") is not None:
            count += 1
            yield _of_view(view, computer)
        elif isinstance(error, dict) and member(error, "code") is not None:
            count += 1
            yield _Answer(computer=computer, why=_refused(word(member(error, "code")), word(member(error, "message"))))
        elif member(node, "executionState") is not None:
            count += 1
            yield _of_view(node, computer)
        else:
            waiting.extend((each, computer) for each in reversed(list(node.values())) if isinstance(each, dict | list))


def _computer(node: dict[str, Any]) -> str:
    resource = member(node, "id")
    found = _RESOURCE.search(resource[:2000]) if isinstance(resource, str) else None
    return quoted(found[1]) if found else ""


def _is_action(node: list[Any]) -> bool:
    first = node[0] if node else None
    code = member(first, "code")
    return isinstance(code, str) and code.lower().startswith(("componentstatus/std", "provisioningstate/"))


def _of_action(items: list[Any], computer: str) -> Iterator[_Answer]:
    output, errors, at, why = "", "", None, ""
    for item in items:
        code, message = str(member(item, "code")).lower(), member(item, "message")
        message = message if isinstance(message, str) else ""
        at = when(member(item, "time")) or at
        if code.endswith("failed") and "/stderr/" not in code:
            why = f"the command did not succeed ({word(member(item, 'displayStatus')) or code})"
        if code.startswith("componentstatus/stdout"):
            output += message
        elif code.startswith("componentstatus/stderr"):
            errors += message
        elif "[stdout]" in message:
            answer = _of_message(message)
            output, errors = answer.output, answer.error
        elif message and not why:
            why = f"no output of the command: {quoted(message)}"
    yield _Answer(output=output, error=errors, computer=computer, at=at, why=why)


def _of_view(view: dict[str, Any], computer: str) -> _Answer:
    output, error = member(view, "output"), member(view, "error")
    state, code = word(member(view, "executionState")), number(member(view, "exitCode"))
    why = ""
    if state.lower() != "succeeded" or code:
        said = f"state {state or 'unknown'}" + (f", exit code {code}" if code else "")
        message = word(member(view, "executionMessage"))
        why = f"the command did not succeed ({said})" + (f": {message}" if message else "")
    return _Answer(
        output=output if isinstance(output, str) else "",
        error=error if isinstance(error, str) else "",
        computer=computer,
        at=when(member(view, "endTime")),
        why=why,
    )


def _refused(code: str, message: str) -> str:
    if "execution is in progress" in message or code.lower() == "conflict":
        return "Run Command was refused (Conflict): another command was running on the machine; ask again later"
    return quoted(f"Run Command was refused ({code}): {message}")


def _of_message(text: str) -> _Answer:
    before, _, printed = text.partition("[stdout]")
    output, _, error = printed.lstrip("\r\n").rpartition("[stderr]") if "[stderr]" in printed else (printed, "", "")
    why = "the command did not succeed" if before.lower().startswith("enable failed") else ""
    return _Answer(output=output.strip("\r\n"), error=error.strip("\r\n"), why=why)


def _printed(text: str) -> Iterator[_Answer]:
    """What Invoke-AzVMRunCommand shows: `Value[0]` with a message of many lines, indented or not."""
    items: list[dict[str, str]] = []
    for block in _PRINTED.split(text)[1 : 2 * _MOST_ANSWERS]:
        # The message is the last property; whatever follows its name belongs to it.
        found = {mark[1]: mark for mark in reversed(list(_PROPERTY.finditer(block[:2000])))}
        if "Code" not in found or "Message" not in found:
            continue
        code = block[found["Code"].end() :].partition("\n")[0].strip()
        message = re.split(r"^(?:Capacity|Status|Count|Name)\s*:", block[found["Message"].end() :], flags=re.MULTILINE)[
            0
        ]
        items.append({"code": code, "message": message.strip("\r\n")})
    if items:
        yield from _of_action(items, "")
