"""AUM058: the updates that wait for a machine do not fit into its schedule's maintenance window."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

import msgspec

from aumdoctor.checks.check import NotApplicable, Observation, Sign, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.patch_errors import place
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Assessment, Machine
from aumdoctor.model.maintenance import InstallPatches, MaintenanceConfiguration
from aumdoctor.schedule.budget import Backlog, Budget, budget
from aumdoctor.schedule.duration import LONGEST_WINDOW, format_duration, parse_duration
from aumdoctor.schedule.moments import local_moment
from aumdoctor.schedule.selection import SelectedCounts, schedule_counts


@check(
    id="AUM058",
    name="window-too-short-for-backlog",
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    applies_to=Subject.MACHINE,
    needs=(Fact.ASSESSMENT, Fact.ASSIGNMENTS, Fact.CONFIGURATIONS),
    remedies=("lengthen-window",),
    source="azure-docs: update-manager/scheduled-patching.md, Timeline of Maintenance Window; "
    "update-manager/workflow-update-manager.md; Azure/LinuxPatchExtension",
)
def window_too_short_for_backlog(machine: Machine, context: Context) -> Iterator[Observation | NotApplicable]:
    """More updates are pending than the machine's maintenance window has time for.

    ## Why it matters
    A run begins an update only while enough of the window is left for it and for a restart. By the documented rules of
    thumb an update takes 15 minutes on Windows (10 by another page) and a service pack 20 (15), and 10 minutes are kept
    for a restart; on Linux three packages take 5 minutes each and further ones 2, and 15 are kept. What is not begun
    waits for the next window, and the run ends as failed with "maintenance window exceeded".

    ## What to do
    Lengthen the window (a schedule for guests allows up to 3 h 55 min), let an earlier schedule take a part of the
    classifications, or install once on demand to catch up.

    ## When it is wrong
    The minutes are an estimate, and most updates take less. Nothing is said where the backlog fits by one of two
    documents that disagree, and only updates are counted that the schedule selects for certain: where it leaves out KBs
    or packages, or selects them by name alone, nothing is counted. Where the machine has several schedules, each of
    them is too short for the whole.
    """
    assessment = machine.assessment
    schedules = [tie.configuration for tie in context.schedules(machine)]
    if not schedules:
        yield NotApplicable(reason="no schedule is attached")
        return
    if assessment is None:
        return
    judged = [_judge(machine, assessment, each, context) for each in schedules if each is not None]
    too_short = [each for each in judged if each is not None and each.budget.fits is False]
    if not too_short or len(too_short) < len(schedules):
        return
    worst = max(too_short, key=lambda each: each.budget.length)
    schedule, selected = worst.schedule, worst.selected
    details = {}
    if worst.budget.length < LONGEST_WINDOW:
        details["maintenanceConfigurationId"] = schedule.id
    number = f"{'' if selected.is_exact else 'at least '}{sum(selected.at_least.values())}"
    seen = observe(
        f"{number} pending update(s) do not fit into the window of the schedule {schedule.name}. "
        f"{worst.budget.explanation} {selected.why}",
        *_signs(assessment, selected),
        sign(
            "properties.maintenanceWindow.duration",
            schedule.window.duration,
            _expected(worst.budget),
            fact=Fact.CONFIGURATIONS,
            resource_id=schedule.id,
        ),
    )
    yield msgspec.structs.replace(seen, details=details)


class _Judged(msgspec.Struct, frozen=True, kw_only=True):
    schedule: MaintenanceConfiguration
    selected: SelectedCounts
    budget: Budget


def _judge(
    machine: Machine, assessment: Assessment, schedule: MaintenanceConfiguration, context: Context
) -> _Judged | None:
    """What a schedule's window has to hold for certain; None where it does not run or cannot be read."""
    length = parse_duration(schedule.window.duration)
    ends = local_moment(schedule.window.expiration_date_time, schedule.window.time_zone)
    if length is None or (ends is not None and ends <= context.now):
        return None
    counts = _pending(assessment, machine, schedule.install_patches)
    if counts is None:
        return None
    selected = schedule_counts(counts, schedule.install_patches, machine.os_type)
    backlog = Backlog(
        counts=selected.at_least,
        os=machine.os_type,
        is_arc=machine.is_arc,
        reboot_setting=_reboot_setting(machine, schedule.install_patches),
        reboot_pending=assessment.reboot_pending is True,
    )
    return _Judged(schedule=schedule, selected=selected, budget=budget(backlog, length))


def _pending(assessment: Assessment, machine: Machine, patches: InstallPatches | None) -> Mapping[str, int] | None:
    """What is pending by classification.

    The instance view has two sums only. They are enough on Linux, where there are no more than two buckets; on Windows
    the first counts where a schedule selects both of its classifications.
    """
    if assessment.counts_by_classification:
        return {name.lower(): count for name, count in assessment.counts_by_classification.items()}
    urgent, other = assessment.critical_and_security_count, assessment.other_count
    if urgent is None or other is None:
        return None
    if machine.is_linux:
        return {"security": urgent, "other": other}
    named = {name.lower() for name in (patches.windows_classifications if patches is not None else None) or ()}
    return {"security": urgent} if {"critical", "security"} <= named else None


def _reboot_setting(machine: Machine, patches: InstallPatches | None) -> str | None:
    """The machine's own reboot setting, which goes before that of the schedule; `Unknown` counts as absent."""
    own = machine.patch_settings.reboot_setting
    if own is not None and own.lower() != "unknown":
        return own
    return patches.reboot_setting if patches is not None else None


def _signs(assessment: Assessment, selected: SelectedCounts) -> Iterator[Sign]:
    """The counts that were summed up, as the assessment has them."""
    if assessment.counts_by_classification:
        for name, count in assessment.counts_by_classification.items():
            if name.lower() in selected.at_least and count:
                yield sign(place(assessment, f"availablePatchCountByClassification.{name}"), count)
        return
    if "security" in selected.at_least:
        yield sign(place(assessment, "criticalAndSecurityPatchCount"), assessment.critical_and_security_count)
    if "other" in selected.at_least:
        yield sign(place(assessment, "otherPatchCount"), assessment.other_count)


def _expected(needs: Budget) -> str:
    least = needs.needed_least or timedelta(0)
    if least > LONGEST_WINDOW:
        return f"{format_duration(LONGEST_WINDOW)}, the longest allowed, and fewer updates in one run"
    return f"at least {format_duration(least)}"
