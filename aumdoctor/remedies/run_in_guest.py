"""Runs the scripts of remedies inside machines by Azure's Run Command: the requests, what they say, and the way back.

An Azure VM has an action for it, which answers with what was printed; an Arc-enabled server has a resource, whose
instance view has it, and which is deleted afterwards. Both keep the last 4,096 bytes (Microsoft Learn:
run-command-overview; azure-rest-api-specs: Microsoft.Compute virtualMachines/runCommand, Microsoft.HybridCompute
machines/runCommands 2025-01-13). Whether a script did what it should is not told by Azure but by its last line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.model.machine import Machine
from aumdoctor.remedies.assess_now import assessment_call, assessment_line
from aumdoctor.remedies.in_guest import GuestRemedy, guest_remedy, rows
from aumdoctor.remedies.remedy import ArmCall, Prescription, Remedy, RemedyKind

VM_API_VERSION = "2024-07-01"
ARC_API_VERSION = "2025-01-13"
"""The first stable version that has the run commands of Arc-enabled servers."""

SECONDS = 840
"""How long a script may run: those of the package manager take their time."""

PORTAL = "Virtual machines > (the machine) > Operations > Run command"

_SHOWN = 300


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a script printed. `state` is that of its last line: `changed`, `unchanged` (it stood so already), `refused`
    (nothing was changed), `failed` (a part may have been), `undone`, `cured`, `not-cured` or `unknown`."""

    before: dict[str, str]
    after: dict[str, str]
    state: str
    said: str

    @property
    def differences(self) -> str:
        """What is otherwise after it, in one line."""
        names = [name for name in self.after if self.before.get(name) != self.after[name]]
        shown = "; ".join(
            f"{name}: {self.before.get(name) or 'empty'} -> {self.after[name] or 'empty'}" for name in names
        )
        return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"


def scripted() -> frozenset[str]:
    """The names of the remedies that have a script."""
    return frozenset(row.name for row in rows() if row.script)


def kinds() -> tuple[RemedyKind, ...]:
    """Those whose calls follow from the script alone, for the catalogue."""
    return tuple(script_kind(name) for name in sorted(scripted()))


def script_kind(name: str) -> RemedyKind:
    """The remedy of a name as it stands in the catalogue."""
    inside = next(row for row in rows() if row.name == name and row.script)

    def build(finding: Finding, estate: Estate) -> Prescription | None:
        return _prescription(name, finding, estate)

    return RemedyKind(
        name=name, title=inside.title, risk=inside.risk, reversible=inside.reversible, portal=PORTAL, build=build
    )


def _prescription(name: str, finding: Finding, estate: Estate) -> Prescription | None:
    machine = estate.machines_by_key.get(ids.key(finding.resource_id))
    if machine is None or machine.os_type is None:
        return None
    inside = guest_remedy(name, machine.os_type)
    if inside is None or not inside.run:
        return None
    calls = list(_run(machine, inside, f"aumdoctor-{name}-{estate.collected_at:%Y%m%d%H%M%S}"))
    if inside.assess:
        calls.append(assessment_call(machine))
    return Prescription(calls=tuple(calls), steps=tuple(_steps(inside, machine)))


def _run(machine: Machine, inside: GuestRemedy, name: str) -> Iterator[ArmCall]:
    if machine.is_arc:
        yield from _managed(f"{machine.id}/runCommands/{name}", machine.location, inside.run)
        return
    yield _action(machine.id, "RunShellScript" if inside.system == "linux" else "RunPowerShellScript", inside.run)


def _action(machine_id: str, command: str, script: str) -> ArmCall:
    body = {"commandId": command, "script": script.split("\n")}
    return ArmCall(method="POST", path=f"{machine_id}/runCommand", api_version=VM_API_VERSION, body=body)


def _managed(path: str, location: str, script: str) -> Iterator[ArmCall]:
    properties = {"source": {"script": script}, "asyncExecution": False, "timeoutInSeconds": SECONDS}
    body = {"location": location, "properties": properties}
    yield ArmCall(method="PUT", path=path, api_version=ARC_API_VERSION, body=body)
    yield ArmCall(method="DELETE", path=path, api_version=ARC_API_VERSION)


def _steps(inside: GuestRemedy, machine: Machine) -> Iterator[str]:
    if machine.is_reachable is not True:
        yield "The machine must be running and its agent connected first."
    for change in inside.changes:
        yield f"On the machine: {change.what}: {change.before} -> {change.after}"
    if inside.where:
        yield f"To be done {inside.where}."
    yield from inside.steps
    if inside.assess:
        yield f"An assessment follows, which shows whether it helped: {assessment_line(machine)}"


def without_script(remedy: Remedy) -> Remedy:
    """A remedy as it is offered: what would be done and how to let it be done, without the requests. They would put the
    whole script into every finding, and are made out for who names the remedy."""
    if remedy.name not in scripted():
        return remedy
    name = (
        f"A script does it, when named: aumdoctor plan --remedy {remedy.name} -o plan.json, aumdoctor apply plan.json"
    )
    return msgspec.structs.replace(remedy, calls=(), az=(), steps=(*remedy.steps, name))


def is_run(call: ArmCall) -> bool:
    """Whether a request runs a script in a machine."""
    path = call.path.lower()
    return (call.method == "POST" and path.endswith("/runcommand")) or (call.method == "PUT" and _is_managed(path))


def is_trace(call: ArmCall) -> bool:
    """Whether a request deletes what is left of a script that was run."""
    return call.method == "DELETE" and _is_managed(call.path.lower())


def _is_managed(path: str) -> bool:
    return path.rpartition("/")[0].endswith("/runcommands")


def undo_calls(call: ArmCall, name: str) -> tuple[ArmCall, ...]:
    """The requests that take back what a request ran for a remedy; none where there is no way back. The script puts
    back what was kept on the machine."""
    body = call.body or {}
    is_linux = script_of(call).startswith("#!")
    inside = guest_remedy(name, "linux" if is_linux else "windows")
    if inside is None or not inside.undo:
        return ()
    if call.method == "POST":
        return (_action(call.path.rpartition("/")[0], str(body.get("commandId")), inside.undo),)
    return tuple(_managed(f"{call.path}-undo", str(body.get("location") or ""), inside.undo))


def script_of(call: ArmCall) -> str:
    """The script that a request runs; "" where it runs none."""
    body = call.body or {}
    lines = body.get("script")
    if isinstance(lines, list):
        return "\n".join(map(str, lines))
    properties = body.get("properties")
    source = properties.get("source") if isinstance(properties, dict) else None
    return str(source.get("script") or "") if isinstance(source, dict) else ""


def told(answer: Any) -> Told | None:
    """What a script said, out of Azure's answer in whatever form; None where its last line is not there: then what it
    did is not known."""
    before: dict[str, str] = {}
    after: dict[str, str] = {}
    for line in _lines(answer):
        step = line.get("step")
        if step == "before":
            before = _values(line)
        elif step in ("after", "now"):
            after = _values(line)
        elif step == "end":
            return Told(before=before, after=after, state=str(line.get("state")), said=str(line.get("said")))
    return None


def _values(line: dict[str, Any]) -> dict[str, str]:
    values = line.get("values")
    return {str(name): str(value) for name, value in values.items()} if isinstance(values, dict) else {}


def _lines(answer: Any) -> Iterator[dict[str, Any]]:
    """The lines of scripts in the texts of an answer that hold what was printed."""
    for text in _texts(answer):
        for line in text.splitlines():
            if not line.startswith('{"remedy":'):
                continue
            try:
                found = msgspec.json.decode(line)
            except (msgspec.DecodeError, UnicodeError):
                continue
            if isinstance(found, dict):
                yield found


def _texts(answer: Any) -> Iterable[str]:
    """What was printed: `message` in the results of the action, `output` of an instance view. Not the script itself,
    which an answer may hold as well."""
    if isinstance(answer, list):
        for each in answer:
            yield from _texts(each)
    elif isinstance(answer, dict):
        for name, value in answer.items():
            if isinstance(value, str) and name in ("message", "output"):
                yield value
            elif name != "source":
                yield from _texts(value)
