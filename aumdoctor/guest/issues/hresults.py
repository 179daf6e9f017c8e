"""Failures of Windows Update by their HRESULTs, wherever they stand, and what came after them. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator
from datetime import datetime
from weakref import WeakKeyDictionary

import msgspec

from aumdoctor.guest.evidence import Evidence
from aumdoctor.guest.issues.operations import ASSESSMENT, INSTALLATION, operations
from aumdoctor.guest.issues.weighing import Ground, Weighed, Weight, best_of, weigh
from aumdoctor.knowledge.hresult import find_hresults
from aumdoctor.model.guest import Event, ExtensionHandler, LogSign, PatchStatus, Record, UpdateEvent

CALLERS_OF_UPDATE_MANAGER = ("azure vm guest patching", "windowsosupdateextension", "windowspatchextension")
"""Under these names the patch extensions speak to the Windows Update agent (ReportingEvents.log)."""

PASSING_CALLERS = ("windows defender", "defender", "updateagentlcu")
"""Callers that tell nothing of patching: definitions every few hours, and the part of a cumulative update that the
agent itself installs."""

_FAILURES: WeakKeyDictionary[Evidence, tuple[Failure, ...]] = WeakKeyDictionary()
_KB = re.compile(r"\bKB\d{6,8}\b", re.IGNORECASE)
_BARE = re.compile(r"(?<![0-9A-Za-z])(?:0[xX])?([0-9A-Fa-f]{8})(?![0-9A-Za-z])")
_PHASES = {147: "detection", 148: "detection", 161: "download", 162: "download", 182: "install", 183: "install"}
_WORDS = {"install": "install", "download": "download", "detect": "detection", "assess": "detection"}
_RANK = {"detection": 0, "download": 1, "install": 2}
_EVENTS = {16: "detection", 25: "detection", 31: "download", 20: "install"}
"""Failures in the provider WindowsUpdateClient; the code stands in `errorCode`."""


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A failure of Windows Update: its codes (canonical), in which phase (`detection`, `download`, `install`, "" where
    that is not told), of which update, and who had asked."""

    record: Record
    hresults: tuple[str, ...]
    phase: str = ""
    kb: str = ""
    caller: str = ""
    title: str = ""
    at: datetime | None = None
    sequence: int | None = None
    weight: Weight = Weight.PROOF

    def ground(self, says: str) -> Ground:
        return Ground(record=self.record, says=says, weight=self.weight, at=self.at, sequence=self.sequence)


def failures(evidence: Evidence) -> tuple[Failure, ...]:
    """All failures that carry an HRESULT. What another program than Azure Update Manager met, and what does not say
    who had asked, is a sign only: it may have asked another source."""
    held = _FAILURES.get(evidence)
    if held is None:
        held = _FAILURES[evidence] = tuple(_failures(evidence))
    return held


def _failures(evidence: Evidence) -> Iterator[Failure]:
    yield from _of_statuses(evidence)
    for handler in evidence.of(ExtensionHandler):
        codes = find_hresults(handler.message)
        if codes and is_patch_extension(handler.name):
            yield Failure(record=handler, hresults=codes)
    for sign in evidence.of(LogSign):
        code = canonical(sign.values.get("hresult", ""))
        if code:
            # The log of the update agent holds what all programs asked for; that of the extension only its own.
            log = sign.values.get("log", "").lower()
            of_agent = bool(log) and "extension" not in log
            yield Failure(
                record=sign,
                hresults=(code,),
                phase=_phase_in(sign.sign),
                kb=kb_in(sign.values.get("kb", "")) or kb_in(sign.text),
                title=sign.text,
                weight=Weight.SIGN if of_agent else Weight.PROOF,
            )
    for event in evidence.of(UpdateEvent):
        if is_failure(event):
            yield Failure(
                record=event,
                hresults=(f"0x{event.hresult & 0xFFFFFFFF:08X}",),
                phase=phase_of(event),
                kb=kb_in(event.title) or kb_in(event.text),
                caller=event.caller,
                title=event.title or event.text,
                weight=Weight.PROOF if is_update_manager(event.caller) else Weight.SIGN,
            )
    for record in evidence.events("WindowsUpdateClient", *_EVENTS):
        codes = _codes_of(record)
        if codes:
            title = record.data.get("updateTitle", "")
            yield Failure(
                record=record,
                hresults=codes,
                phase=_EVENTS[record.event_id],
                kb=kb_in(title) or kb_in(record.text),
                title=title or record.text,
                weight=Weight.SIGN,
            )


def failures_with(evidence: Evidence, codes: Container[str] | Callable[[str], bool]) -> tuple[Failure, ...]:
    """The failures that carry one of some codes."""
    wanted = codes if callable(codes) else codes.__contains__
    return tuple(each for each in failures(evidence) if any(wanted(code) for code in each.hresults))


def weigh_failures(
    evidence: Evidence, found: Iterable[Failure], says: str, counters: Iterable[Ground] = ()
) -> Weighed | None:
    """The likelihood of what some failures say. One is outlived by a newer success of the same phase or a later one,
    that of an installation by the success of the same update or of a whole run."""
    by_kind: dict[tuple[str, str], list[Ground]] = {}
    for failure in found:
        key = (failure.phase, failure.kb if failure.phase == "install" else "")
        by_kind.setdefault(key, []).append(failure.ground(says))
    against = tuple(counters)
    goods: dict[tuple[str, str], list[Ground]] = {}
    for good in _successes(evidence) if by_kind else ():
        goods.setdefault((good.phase, good.kb), []).append(good.ground)

    def cures(phase: str, kb: str) -> Iterator[Ground]:
        if phase == "install":
            yield from goods.get(("install", ""), ())
            yield from goods.get(("install", kb), ()) if kb else ()
            return
        for (other, _), grounds in goods.items():
            if _RANK[other] >= _RANK.get(phase, 0):
                yield from grounds

    return best_of(*(weigh(grounds, (*cures(phase, kb), *against)) for (phase, kb), grounds in by_kind.items()))


def codes_in(weighed: Weighed, found: Iterable[Failure]) -> tuple[str, ...]:
    """The codes of the failures that a verdict rests on, each once."""
    places = {id(ground.record) for ground in weighed.grounds}
    return tuple(dict.fromkeys(code for each in found if id(each.record) in places for code in each.hresults))


def is_failure(event: UpdateEvent) -> bool:
    """Whether a row tells of a failure: by its code, whatever the word in it is."""
    return bool(event.hresult & 0x80000000)


def is_success(event: UpdateEvent) -> bool:
    """Whether a row tells of a success, and not of a beginning."""
    return event.hresult == 0 and event.result.lower() in ("success", "succeeded", "2", "") and event.code is not None


def phase_of(event: UpdateEvent) -> str:
    """Which part of updating a row tells of, "" where it is none of the known ones."""
    return _PHASES.get(event.code or 0, "") or _phase_in(f"{event.name} {event.category}")


def is_update_manager(caller: str) -> bool:
    """Whether a caller of the Windows Update agent is Azure Update Manager."""
    return any(name in caller.lower() for name in CALLERS_OF_UPDATE_MANAGER)


def is_patch_extension(name: str) -> bool:
    """Whether an extension is one that patches, of Azure VMs or of Arc-enabled servers."""
    lowered = name.lower()
    return any(part in lowered for part in ("patchextension", "osupdateextension"))


def kb_in(text: str) -> str:
    """The first KB number in a text, in capitals; "" where there is none."""
    match = _KB.search(text)
    return match[0].upper() if match else ""


def canonical(text: str) -> str:
    """An HRESULT as `0x8024402C`, from that form, from bare hex digits or from a signed number; "" where it is none, or
    no failure."""
    found = find_hresults(text.strip())
    if not found:
        match = _BARE.fullmatch(text.strip())
        found = (f"0x{match[1].upper()}",) if match else ()
    return found[0] if found and int(found[0], 16) & 0x80000000 else ""


class _Success(msgspec.Struct, frozen=True):
    """A success: of an installation with the update's number, "" where it is a whole run."""

    phase: str
    kb: str
    ground: Ground


def _successes(evidence: Evidence) -> Iterator[_Success]:
    for name, phase, says in (
        (ASSESSMENT, "detection", "an assessment has succeeded"),
        (INSTALLATION, "install", "an installation has succeeded"),
    ):
        for each in operations(evidence, name):
            if each.succeeded and each.summary.status != "warning" and not each.count("failedPatchCount"):
                yield _Success(phase, "", each.ground(says))
    for sign in evidence.signs("windows-assessment-completed"):
        yield _Success("detection", "", Ground(record=sign, says="an assessment has succeeded"))
    for sign in evidence.signs("windows-update-installed"):
        kb = kb_in(sign.values.get("kb", "")) or kb_in(sign.text)
        yield _Success("install", kb or "?", Ground(record=sign, says="an update was installed"))
    for event in evidence.of(UpdateEvent):
        phase = phase_of(event)
        # Who else succeeded may have asked elsewhere: only Azure Update Manager's own success counts.
        if phase and is_success(event) and is_update_manager(event.caller):
            kb = kb_in(event.title) or kb_in(event.text)
            says = {"detection": "a search has succeeded", "download": "a download has succeeded"}.get(
                phase, f"{kb or 'an update'} was installed"
            )
            yield _Success(phase, (kb or "?") if phase == "install" else "", Ground(record=event, says=says))
    for record in evidence.events("WindowsUpdateClient", 19):
        kb = kb_in(record.data.get("updateTitle", "")) or kb_in(record.text)
        if kb:
            yield _Success("install", kb, Ground(record=record, says=f"{kb} was installed"))


def _of_statuses(evidence: Evidence) -> Iterator[Failure]:
    for name, phase in ((ASSESSMENT, "detection"), (INSTALLATION, "install")):
        for each in operations(evidence, name):
            if each.succeeded and each.summary.status != "warning":
                continue
            for text in each.texts:
                codes = tuple(code for code in find_hresults(text) if canonical(code))
                if codes:
                    yield Failure(
                        record=each.status,
                        hresults=codes,
                        # A run that failed because it could not search says so of its installation.
                        phase="" if phase == "install" and not kb_in(text) else phase,
                        kb=kb_in(text),
                        title=text,
                        at=each.ended_at,
                        sequence=each.status.sequence,
                    )
    for status in evidence.of(PatchStatus):
        codes = tuple(code for code in find_hresults(status.message) if canonical(code))
        if codes and not status.is_orphan:
            yield Failure(record=status, hresults=codes)


def _codes_of(event: Event) -> tuple[str, ...]:
    given = event.data.get("errorCode", "")
    if given:
        return (canonical(given),) if canonical(given) else ()
    texts = (*event.values, event.message, event.text)
    return tuple(dict.fromkeys(code for text in texts for code in find_hresults(text) if canonical(code)))


def _phase_in(text: str) -> str:
    lowered = text.lower()
    return next((phase for word, phase in _WORDS.items() if word in lowered), "")
