"""AUM013: the last installation ran out of its maintenance window."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from msgspec import structs

from aumdoctor.checks.check import Observation, Sign, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.patch_errors import is_row, place
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Operation, Severity
from aumdoctor.model.machine import Installation, Machine
from aumdoctor.model.maintenance import MaintenanceConfiguration
from aumdoctor.schedule.duration import LONGEST_WINDOW, parse_duration
from aumdoctor.schedule.exceeded import ExceededBy, ExceededReason, explain_exceeded
from aumdoctor.schedule.timetable import TimetableError, timetable


@check(
    id="AUM013",
    name="maintenance-window-exceeded",
    severity=Severity.HIGH,
    applies_to=Subject.MACHINE,
    needs=(Fact.INSTALLATION,),
    uses=(Fact.ASSIGNMENTS, Fact.CONFIGURATIONS),
    blocks=(Operation.INSTALL,),
    remedies=("lengthen-window", "install-on-demand"),
    causes=("AUM131",),
    source="Azure Update Manager troubleshooting: update run failed and Maintenance window exceeded shows true; "
    "update-manager/scheduled-patching.md; Azure/LinuxPatchExtension",
    seed="§13 Update run fails and Maintenance window exceeded shows true although time remained",
)
def maintenance_window_exceeded(machine: Machine, context: Context) -> Iterator[Observation]:
    """The last installation stopped early because too little of the maintenance window was left.

    ## Why it matters
    Updates are left pending, and a restart that they need may not have been made, though by the clock the window was
    not over. Before each step the run looks at the time left: on Windows it keeps 10 minutes for a restart and wants 15
    more for an update, 25 in all (20 + 10 for a service pack). With less than 25 minutes left nothing is searched for
    or installed, with less than 10 no restart is made. Another page of the documentation reckons 10 minutes for an
    update and 15 for a service pack. On Linux a package is begun while more than 20 minutes are left: 5 for it and 15
    for a restart, or 5 in all where the reboot setting is Never. A restart is waited for, 15 minutes on an Azure VM and
    25 on an Arc-enabled server. The finding names the rule that ended the run, with the arithmetic.

    ## What to do
    Lengthen the window (a schedule for guests allows up to 3 h 55 min), spread the machines over several schedules, or
    catch up now with an installation on demand with a longer maximum duration.

    ## When it is wrong
    After months without patches one long run is normal, and the next will fit. A run that did not fail is reported with
    severity medium. Azure says that the window was exceeded, but not always by which rule: "probably" marks a rule that
    follows from counts and times, "perhaps" one that these do not prove. The window's length is that of the schedule as
    it stands now, and only told where the machine has one schedule.
    """
    installation = machine.installation
    if installation is None or installation.maintenance_window_exceeded is not True:
        return
    schedule = _only_schedule(machine, context) if _was_scheduled(installation) else None
    window = parse_duration(schedule.window.duration) if schedule is not None else None
    reason = explain_exceeded(
        installation,
        window,
        os=machine.os_type,
        is_arc=machine.is_arc,
        reboot_setting=_reboot_setting(machine, schedule),
        window_end=_window_end(installation, schedule),
    )
    surely = "" if reason.by is ExceededBy.UNKNOWN else _SURENESS[reason.confidence]
    message = f"the last installation ran out of its maintenance window: {surely}{reason.explanation} "
    message += f"(time rules: {', '.join(reason.rules)})"
    if installation.pending_count:
        message += f"; {installation.pending_count} update(s) are still pending"
    details = {}
    if schedule is not None and window is not None and window < LONGEST_WINDOW:
        details["maintenanceConfigurationId"] = schedule.id
    seen = observe(
        message,
        *_signs(installation, reason, schedule),
        severity=None if (installation.status or "").lower() == "failed" else Severity.MEDIUM,
    )
    yield structs.replace(seen, details=details)


# How sure the rule is; that the window was exceeded Azure itself says.
_SURENESS = {Confidence.HIGH: "", Confidence.MEDIUM: "probably ", Confidence.LOW: "perhaps "}
_TELLING = (
    "reboot failed to proceed",
    "insufficient time to schedule a required reboot",
    "past the maintenance window cutoff",
)
_LATEST_BEGIN = timedelta(minutes=30)
"""How long after the start of a window a run may begin, to be still held for that window's."""


def _signs(
    installation: Installation, reason: ExceededReason, schedule: MaintenanceConfiguration | None
) -> Iterator[Sign]:
    yield sign(place(installation, "maintenanceWindowExceeded"), True, False)
    yield sign(place(installation, "status"), installation.status, "Succeeded")
    if (installation.reboot_status or "").lower() in ("required", "failed", "started"):
        yield sign(place(installation, "rebootStatus"), installation.reboot_status, "Completed")
    for error in installation.errors:
        if any(text in error.message.lower() for text in _TELLING):
            yield sign(place(installation, error.path), error.message)
    if installation.started_at is not None and installation.last_modified is not None:
        start, end = ("startDateTime", "lastModifiedDateTime") if is_row(installation) else _SUMMARY_TIMES
        yield sign(place(installation, start), installation.started_at.isoformat())
        yield sign(place(installation, end), installation.last_modified.isoformat())
    if schedule is not None:
        yield sign(
            "properties.maintenanceWindow.duration",
            schedule.window.duration,
            fact=Fact.CONFIGURATIONS,
            resource_id=schedule.id,
        )


_SUMMARY_TIMES = ("startTime", "lastModifiedTime")
"""What the instance view calls the times of an installation."""


def _reboot_setting(machine: Machine, schedule: MaintenanceConfiguration | None) -> str | None:
    """The machine's own reboot setting, which goes before that of the schedule; `Unknown` counts as absent."""
    own = machine.patch_settings.reboot_setting
    if own is not None and own.lower() != "unknown":
        return own
    patches = schedule.install_patches if schedule is not None else None
    return patches.reboot_setting if patches is not None else None


def _window_end(installation: Installation, schedule: MaintenanceConfiguration | None) -> datetime | None:
    """The end of the window in which an installation began; None where the schedule as it stands had none then."""
    if schedule is None or installation.started_at is None:
        return None
    try:
        window = timetable(schedule.window).open_at(installation.started_at)
    except TimetableError:
        return None
    if window is None or installation.started_at - window.starts_at > _LATEST_BEGIN:
        return None
    return window.ends_at


def _was_scheduled(installation: Installation) -> bool:
    """Whether the installation was a schedule's; one that a user started has a maximum duration of its own."""
    return bool(installation.maintenance_run_id) or (installation.started_by or "").lower() != "user"


def _only_schedule(machine: Machine, context: Context) -> MaintenanceConfiguration | None:
    schedules = {tie.configuration.id: tie.configuration for tie in context.schedules(machine) if tie.configuration}
    return next(iter(schedules.values())) if len(schedules) == 1 else None
