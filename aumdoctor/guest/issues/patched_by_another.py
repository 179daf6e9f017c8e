"""GST002: updates or restarts that Azure Update Manager did not make."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from datetime import datetime

from aumdoctor.guest.evidence import Evidence
from aumdoctor.guest.issues.hresults import PASSING_CALLERS, is_success, is_update_manager, kb_in, phase_of
from aumdoctor.guest.issues.operations import INSTALLATION, operations
from aumdoctor.guest.issues.verdicts import Judgement, known_issue
from aumdoctor.guest.issues.weighing import Ground, Weight, differential, seconds_of, weigh
from aumdoctor.model.guest import Differential, Event, Missing, UpdateEvent

_TOOLS = {
    "ccmexec": "Configuration Manager",
    "moupdateorchestrator": "Windows itself (Update Orchestrator)",
    "updateorchestrator": "Windows itself (Update Orchestrator)",
    "automaticupdates": "Windows itself (Automatic Updates)",
    "wusa": "a person or a script (wusa.exe)",
    "dism": "a person or a script (DISM)",
    "usoclient": "a person or a script (UsoClient)",
    "pswindowsupdate": "a person or a script (PSWindowsUpdate)",
}
"""Callers of the Windows Update agent, and who is behind them."""

_UPDATERS = (
    "trustedinstaller.exe",
    "musnotification",
    "usoclient.exe",
    "wuauclt.exe",
    "mousocoreworker.exe",
    "ccmexec.exe",
)
_UPDATE_REASONS = frozenset({0x80020010, 0x80020003, 0x80020011, 0x80020012, 0x80020002})
"""Reasons of a shutdown that Windows Update and installers of updates give: planned, operating system, service pack,
hotfix, upgrade or security fix."""

_WINDOW = 6 * 3600.0
"""No run of Azure Update Manager is longer than 3 h 55 min; a restart may come after it."""


@known_issue(
    id="GST002",
    name="patched-by-another",
    title="Updates were installed, or the machine restarted for them, by another than Azure Update Manager",
    source="azure-docs: update-manager/configure-wu-agent.md; ReportingEvents.log: the caller of the update agent",
    explains=("AUM135",),
    remedies=("stop-automatic-updates",),
    verification=("ReportingEvents.log has no newer row 183 of another caller.",),
)
def patched_by_another(evidence: Evidence) -> Judgement | None:
    """The update agent's own record names another program than Azure Update Manager that installed updates.

    ## Why it matters
    Who patches beside the schedule also restarts beside it. In the window nothing is left to install, and the two may
    block each other (0x80240016, 0x80240009).

    ## What to do
    Decide who patches the machine. Where it is Azure Update Manager, switch the other off: automatic updates by policy,
    software updates in Configuration Manager, scripts and tasks.

    ## When it is wrong
    Definitions of Defender, and what the update agent does for itself, are not counted. A restart by a process of
    Windows may belong to an installation of Azure Update Manager: without an installation by another it only counts
    where none of Update Manager's lies near.
    """
    installs = [event for event in evidence.of(UpdateEvent) if _is_of_another(event)]
    restarts = list(_restarts(evidence, installs))
    grounds = [Ground(record=each, says=f"installed by {_who(each.caller)}") for each in installs]
    weighed = weigh((*grounds, *restarts))
    if weighed is None:
        return None
    who = dict.fromkeys(_who(each.caller) for each in installs)
    names = dict.fromkeys(kb for each in installs if (kb := kb_in(each.title) or kb_in(each.text)))
    if installs:
        shown = ", ".join([*names][:5]) or f"{len(installs)} update(s)"
        said = weighed.said(f"{' and '.join(who)} installed {shown}")
    else:
        said = weighed.said("the machine was restarted for updates, and no run of Azure Update Manager lies near")
    return Judgement(
        likelihood=weighed.likelihood,
        said=said,
        evidence=weighed.quotes(evidence),
        missing=()
        if installs
        else (
            Missing(
                what="who asked the update agent to install",
                command=r"Get-Content C:\Windows\SoftwareDistribution\ReportingEvents.log -Tail 200",
            ),
        ),
        differentials=(_by_update_manager(evidence),),
        details={"by": ", ".join(who), "kb": ", ".join([*names][:10])} if installs else {},
    )


def _is_of_another(event: UpdateEvent) -> bool:
    if phase_of(event) != "install" or not is_success(event) or not event.caller.strip():
        return False
    lowered = event.caller.lower()
    return not is_update_manager(event.caller) and not any(name in lowered for name in PASSING_CALLERS)


def _who(caller: str) -> str:
    lowered = caller.lower()
    return next((who for name, who in _TOOLS.items() if name in lowered), caller.strip())


def _restarts(evidence: Evidence, installs: Iterable[UpdateEvent]) -> Iterator[Ground]:
    """Restarts that updaters of Windows made, and that no run of Update Manager is near to."""
    own = _Times(_own_times(evidence))
    others = _Times(each.at for each in installs)
    for event in evidence.events("User32", 1074):
        if not _is_for_updates(event):
            continue
        if event.at is None or own.has_near(event.at):
            continue
        near = others.has_near(event.at)
        says = "Windows restarted the machine for updates"
        if near:
            yield Ground(record=event, says=f"{says}, after the installation by another", weight=Weight.SIGN)
        elif own:
            # With no trace of Update Manager at all nothing tells its restarts from those of others.
            yield Ground(record=event, says=f"{says} at a time when Update Manager did nothing", weight=Weight.SIGN)
        else:
            yield Ground(record=event, says=says, weight=Weight.HINT)


def _is_for_updates(event: Event) -> bool:
    values = {name.lower(): value for name, value in event.data.items()}
    process = values.get("param1", event.values[0] if event.values else "").lower()
    code = values.get("param4", event.values[3] if len(event.values) > 3 else "").strip()
    if any(name in process for name in _UPDATERS):
        return True
    try:
        number = int(code, 16) & 0xFFFFFFFF if len(code) <= 12 else 0
    except ValueError:
        return False
    return number in _UPDATE_REASONS and "svchost" in process


def _own_times(evidence: Evidence) -> Iterator[datetime | None]:
    for each in operations(evidence, INSTALLATION):
        yield each.ended_at
        yield each.started_at
    for event in evidence.of(UpdateEvent):
        if is_update_manager(event.caller) and phase_of(event) in ("install", "download"):
            yield event.at
    for sign in evidence.signs("windows-reboot-started", "windows-update-installed"):
        yield sign.at


class _Times:
    """Times in order, to see quickly whether one of them lies near another."""

    def __init__(self, times: Iterable[datetime | None]) -> None:
        self._held: dict[bool, list[float]] = {True: [], False: []}
        for time in times:
            if time is not None:
                self._held[time.utcoffset() is None].append(seconds_of(time))
        for held in self._held.values():
            held.sort()

    def __bool__(self) -> bool:
        return any(self._held.values())

    def has_near(self, time: datetime) -> bool:
        """Whether one lies within a window. Without its zone a time may be the same hour: then nobody is blamed."""
        is_naive, seconds = time.utcoffset() is None, seconds_of(time)
        for kind, held in self._held.items():
            reach = _WINDOW if kind is is_naive else _WINDOW + 15 * 3600
            at = bisect_left(held, seconds - reach)
            if at < len(held) and held[at] <= seconds + reach:
                return True
        return False


def _by_update_manager(evidence: Evidence) -> Differential:
    own = [
        event
        for event in evidence.of(UpdateEvent)
        if is_update_manager(event.caller) and phase_of(event) == "install" and is_success(event)
    ]
    runs = [each for each in operations(evidence, INSTALLATION) if (each.count("installedPatchCount") or 0) > 0]
    return differential(
        evidence,
        "Azure Update Manager too",
        "Azure Update Manager installed updates as well",
        (
            *(Ground(record=each, says="installed by Azure Update Manager") for each in own),
            *(each.ground("a run of Azure Update Manager installed updates") for each in runs),
        ),
        otherwise="no installation by Azure Update Manager is in the evidence",
    )
