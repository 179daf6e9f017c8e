"""The state files of the Linux patch extension, and what its owner allowed it.

`CoreState.json`, `ExtState.json` and `AssessmentState.json` hold one object below one name (`coreSequence`,
`extensionSequence`, `assessmentState`); `ImageDefaultPatchConfiguration.bak` the settings of automatic updates that
were there before; `patch.eula.settings` and `patch.uefi.settings` what may be accepted without asking. Source:
Azure/LinuxPatchExtension, src/core/src/core_logic and src/core/src/bootstrap.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aumdoctor.guest.artefact import Artefact, UnreadableError
from aumdoctor.guest.envelope import document, flag, member, when, word
from aumdoctor.guest.reader import reader
from aumdoctor.guest.text import quoted, whole_text
from aumdoctor.model.guest import ExtensionState, LogSign, Origin, Record

_STATES = {
    "corestate.json": ("CoreState", "coreSequence"),
    "extstate.json": ("ExtState", "extensionSequence"),
    "assessmentstate.json": ("AssessmentState", "assessmentState"),
    "imagedefaultpatchconfiguration.bak": ("ImageDefaultPatchConfiguration", ""),
}
_EULA = "patch.eula.settings"
_UEFI = "patch.uefi.settings"
_MOST = 4 << 20


def _state_of(artefact: Artefact) -> tuple[str, str] | None:
    known = _STATES.get(artefact.name.lower())
    if known is not None:
        return known
    head = artefact.head[:200].decode("latin-1").replace("\0", "")
    return next((state for state in _STATES.values() if state[1] and f'"{state[1]}"' in head), None)


def _recognises(artefact: Artefact) -> bool:
    return artefact.name.lower() in (_EULA, _UEFI) or _state_of(artefact) is not None


@reader(name="extension-state", title="state file of the Linux patch extension", recognises=_recognises)
def extension_state(artefact: Artefact) -> Iterator[Record]:
    """An `ExtensionState`, its time that of `lastHeartbeat`; for the two settings of the owner a `LogSign`.

    Raises:
        UnreadableError: it is no JSON object.
    """
    text, _ = whole_text(artefact, _MOST)
    if not text.strip("\0 \r\n\t"):
        raise UnreadableError("It is empty.")
    try:
        body = document(text)
    except ValueError as error:
        raise UnreadableError(f"It is no JSON, or cut off: {error}") from error
    if not isinstance(body, dict):
        raise UnreadableError("It is JSON, but no object.")
    origin = Origin(artefact.path)
    name = artefact.name.lower()
    if name in (_EULA, _UEFI):
        yield _allowed(name, body, origin)
        return
    state, inner = _state_of(artefact) or ("", "")
    held = member(body, inner) if inner else body
    if not isinstance(held, dict):
        raise UnreadableError(f"It has no {inner}.")
    yield ExtensionState(
        origin=origin,
        at=when(member(held, "lastHeartbeat")),
        text=quoted(", ".join(f"{key}: {_shown(value)}" for key, value in held.items())),
        name=state,
        body=held,
    )


def _allowed(name: str, body: dict[str, Any], origin: Origin) -> LogSign:
    shown = quoted(", ".join(f"{key}: {_shown(value)}" for key, value in body.items()))
    at = when(member(body, "LastModified"))
    if name == _EULA:
        accepted = str(flag(member(body, "AcceptEULAForAllPatches")) or False)
        return LogSign(origin=origin, at=at, text=shown, sign="eula-settings", values={"accepted": accepted})
    values = {key: word(str(value)) for key, value in body.items() if key.startswith("Enable")}
    return LogSign(origin=origin, at=at, text=shown, sign="uefi-settings", values=values)


def _shown(value: Any) -> str:
    return word(value) if isinstance(value, str | int) and not isinstance(value, bool) else quoted(str(value))
