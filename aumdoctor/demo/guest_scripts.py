"""What the scripts of guest remedies print in the demo's machines, and what they change there.

No script is run. A script is known by its first lines and by what its last line calls; a planted issue that its remedy
cures is gone after it, and back after undo.
"""

from __future__ import annotations

import json
import re

from aumdoctor.demo.machines import os_type_of
from aumdoctor.demo.state import DemoEstate, Wire, key
from aumdoctor.remedies.in_guest import GuestRemedy, guest_remedy

_NAME = re.compile(r"^# aumdoctor guest remedy: ([a-z0-9-]+)$", re.MULTILINE)
_MODE = re.compile(r"^(?:main|Invoke-Remedy) '?(run|verify|undo)'?\s*\Z", re.MULTILINE)

_CURES = {
    "clear-wsus-pointer": "AUM027",
    "enable-windows-update-service": "AUM026",
    "repair-sudo": "AUM017",
    "reset-windows-update-store": "AUM028",
    "restart-auto-assess-timer": "AUM023",
    "restart-update-service": "AUM029",
}
"""The planted issue that a remedy cures; of the others every machine has what they change."""


def printed(state: DemoEstate, machine: Wire, script: str) -> str | None:
    """What the script of a guest remedy prints; None where it is none."""
    name, mode = _NAME.search(script[:400]), _MODE.search(script[-80:])
    remedy = guest_remedy(name[1], os_type_of(machine)) if name is not None else None
    if remedy is None or mode is None:
        return None
    about = key(machine["id"])
    kept = f"{about} {remedy.name}"
    is_ill = (_CURES.get(remedy.name), about) in state.planted or (
        remedy.name not in _CURES and kept not in state.kept_in_guests
    )
    if mode[1] == "verify":
        lines = [_step(remedy, "now", is_ill=is_ill), _end(remedy, "not-cured" if is_ill else "cured")]
    elif mode[1] == "run":
        lines = [_step(remedy, "before", is_ill=is_ill), _step(remedy, "after", is_ill=False)]
        lines.append(_end(remedy, "changed" if is_ill else "unchanged"))
        if is_ill:
            state.kept_in_guests[kept] = state.guest_faults.pop(about, {})
            state.planted.discard((_CURES.get(remedy.name, ""), about))
    elif kept not in state.kept_in_guests:
        lines = [_step(remedy, "before", is_ill=is_ill), _end(remedy, "unchanged")]
    else:
        lines = [_step(remedy, "before", is_ill=False), _step(remedy, "after", is_ill=True), _end(remedy, "undone")]
        fault = state.kept_in_guests.pop(kept)
        if fault:
            state.guest_faults[about] = fault
        if remedy.name in _CURES:
            state.planted.add((_CURES[remedy.name], about))
    return "".join(f"{json.dumps(line, separators=(',', ':'))}\n" for line in lines)


def _step(remedy: GuestRemedy, step: str, *, is_ill: bool) -> Wire:
    values = {change.what: change.before if is_ill else change.after for change in remedy.changes}
    return {"remedy": remedy.name, "step": step, "values": values}


def _end(remedy: GuestRemedy, state: str) -> Wire:
    said = {"unchanged": "it stands so already", "undone": "what stood there before was put back"}
    return {"remedy": remedy.name, "step": "end", "state": state, "said": said.get(state, "it stands as it was set")}
