"""Will a machine be patched in its next window, and if not, which link of its chain breaks first?"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from enum import StrEnum

import msgspec

from aumdoctor.checks.context import Context
from aumdoctor.diagnosis.chain import Chain, Chains, LinkState
from aumdoctor.diagnosis.examine import stops_patching
from aumdoctor.diagnosis.links import Link
from aumdoctor.model import ids
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Finding, Severity
from aumdoctor.model.machine import Machine
from aumdoctor.model.maintenance import MaintenanceConfiguration
from aumdoctor.schedule.calendar import PatchWindow, next_window, unreadable
from aumdoctor.schedule.outcome import PatchedBy, patch_outcome

OF_THE_PAST = frozenset({"AUM011", "AUM013", "AUM131"})
"""Checks that tell how a run ended. The run after it begins all the same: they warn of it, but do not stop it."""


class Outlook(StrEnum):
    """WILL: nothing stops the next window from patching the machine. WILL_NOT: something does. UNKNOWN: nothing that
    was seen does, and not everything could be seen. NO_WINDOW: no schedule is meant to patch the machine; Azure or the
    guest itself does, at times of its own."""

    WILL = "will-be-patched"
    WILL_NOT = "will-not-be-patched"
    UNKNOWN = "unknown"
    NO_WINDOW = "no-window"


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be expected of one machine's next window.

    `because` is the reason in words, empty where the machine will be patched. `broken_at` is the first broken link, or
    the first one that could not be judged where the outlook is unknown. `but` are findings of medium severity or more
    that do not stop the window and may spoil what it achieves. `also` are further schedules that have a window too.
    """

    machine: Machine
    outlook: Outlook
    because: str
    chain: Chain
    window: PatchWindow | None = None
    also: tuple[MaintenanceConfiguration, ...] = ()
    broken_at: Link | None = None
    but: tuple[str, ...] = ()


def forecast(
    chains: Chains,
    machines: Iterable[Machine],
    *,
    at: datetime | None = None,
    configurations: Collection[str] | None = None,
) -> tuple[Forecast, ...]:
    """The forecast of machines of an examined estate, in the order given.

    `at` is the time from which on the next window is looked for (default: that of the examination); the state of the
    machines is the one that was read. `configurations` are the keys of the only schedules to look at, and machines that
    none of them reaches are left out. Pure.
    """
    found = []
    for machine in machines:
        schedules = chains.context.configurations_of(machine)
        if configurations is not None:
            schedules = tuple(each for each in schedules if ids.key(each.id) in configurations)
            if not schedules:
                continue
        found.append(_forecast(chains, machine, schedules, at or chains.context.now))
    return tuple(found)


def _forecast(
    chains: Chains, machine: Machine, schedules: tuple[MaintenanceConfiguration, ...], at: datetime
) -> Forecast:
    chain = chains.of(machine)
    window = next_window(schedules, at, (machine,))
    outlook, because, link = _outlook(chains, chain, schedules, window, at)
    return Forecast(
        machine=machine,
        outlook=outlook,
        because=because,
        chain=chain,
        window=window,
        also=tuple(each for each in schedules if window is not None and each.id != window.configuration.id),
        broken_at=link,
        but=_reservations(chain) if outlook is not Outlook.NO_WINDOW else (),
    )


def is_of_another_schedule(finding: Finding, configuration: MaintenanceConfiguration, context: Context) -> bool:
    """Whether a finding is about a schedule, or the tie to one, other than this: it stops that schedule's windows, not
    those of this one."""
    about = ids.key(finding.resource_id)
    assignment = context.assignments_by_key.get(about)
    if assignment is not None:
        about = ids.key(assignment.maintenance_configuration_id)
    elif "/providers/microsoft.maintenance/maintenanceconfigurations/" not in about:
        return False
    return about != ids.key(configuration.id)


def stops_next_run(finding: Finding) -> bool:
    """Whether a finding stops the next window from patching its machines."""
    return stops_patching(finding) and not OF_THE_PAST.intersection((finding.check, finding.explained_by))


def _outlook(
    chains: Chains,
    chain: Chain,
    schedules: tuple[MaintenanceConfiguration, ...],
    window: PatchWindow | None,
    at: datetime,
) -> tuple[Outlook, str, Link | None]:
    context, machine = chains.context, chain.machine
    by = patch_outcome(machine, scheduled=context.is_scheduled(machine)).patched_by
    is_read = context.estate.reading(Fact.ASSIGNMENTS, machine.key).is_known
    if not context.is_scheduled(machine) and is_read and by in (PatchedBy.PLATFORM, PatchedBy.GUEST):
        whose = "Azure's automatic guest patching" if by is PatchedBy.PLATFORM else "the guest's own settings"
        return Outlook.NO_WINDOW, f"no schedule is attached: patching is left to {whose}", None
    for link in chain.links:
        obstacle = next(
            (
                finding
                for finding in filter(stops_next_run, link.findings)
                if window is None or not is_of_another_schedule(chains.root_of(finding), window.configuration, context)
            ),
            None,
        )
        if obstacle is not None:
            return Outlook.WILL_NOT, chains.root_of(obstacle).message, link.link
    if window is not None and context.is_cancelled(window):
        return Outlook.WILL_NOT, f"the run of {window.configuration.name} was cancelled", Link.SCHEDULE
    dark = next((link for link in chain.links if link.state is LinkState.UNKNOWN), None)
    if dark is not None:
        return Outlook.UNKNOWN, dark.said, dark.link
    if window is not None:
        return Outlook.WILL, "", None
    return _without_window(context, machine, schedules, at)


def _without_window(
    context: Context, machine: Machine, schedules: tuple[MaintenanceConfiguration, ...], at: datetime
) -> tuple[Outlook, str, Link | None]:
    """Why a machine whose chain holds has no window."""
    for schedule in schedules:
        fault = unreadable(schedule)
        if fault is not None:
            return Outlook.UNKNOWN, f"the windows of {schedule.name} cannot be told: {fault}", Link.SCHEDULE
    if schedules:
        names = ", ".join(schedule.name for schedule in schedules)
        return Outlook.WILL_NOT, f"{names} has no window after {at:%Y-%m-%d %H:%M} UTC", Link.SCHEDULE
    ties = context.schedules(machine)
    if ties:
        names = ", ".join(ids.name_of(tie.assignment.maintenance_configuration_id) for tie in ties)
        return Outlook.UNKNOWN, f"the schedule {names} could not be read", Link.SCHEDULE
    return Outlook.WILL_NOT, "no schedule is attached, and nothing else patches the machine", Link.ASSIGNMENT


def _reservations(chain: Chain) -> tuple[str, ...]:
    """What a window that takes place may still suffer from, the worst first."""
    telling = [
        finding
        for link in chain.links
        for finding in link.findings
        if finding.severity >= Severity.MEDIUM and finding.explained_by is None and not stops_next_run(finding)
    ]
    telling.sort(key=lambda finding: (-finding.severity, finding.check))
    return tuple(f"{finding.message} ({finding.check})" for finding in telling)
