"""AUM013: the last installation ran out of its maintenance window."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from msgspec import structs

from aumdoctor.checks.check import Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.patch_errors import place
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Operation, Severity
from aumdoctor.model.machine import Installation, Machine
from aumdoctor.model.maintenance import MaintenanceConfiguration
from aumdoctor.schedule.duration import LONGEST_WINDOW, parse_duration


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
    update and 15 for a service pack. On Linux it is 15 minutes for the restart and about 5 for each batch of packages.

    ## What to do
    Lengthen the window (a schedule for guests allows up to 3 h 55 min), spread the machines over several schedules, or
    catch up now with an installation on demand with a longer maximum duration.

    ## When it is wrong
    After months without patches one long run is normal, and the next will fit. A run that did not fail is reported with
    severity medium. The window's length is that of the schedule as it stands now, and only told where the machine has
    one schedule.
    """
    installation = machine.installation
    if installation is None or installation.maintenance_window_exceeded is not True:
        return
    schedule = _only_schedule(machine, context) if _was_scheduled(installation) else None
    window = parse_duration(schedule.window.duration) if schedule is not None else None
    took = _time_taken(installation)
    message = "the last installation stopped because too little of its maintenance window was left"
    if took is not None:
        message += f", after {_minutes(took)}" + (f" of {_minutes(window)}" if window is not None else "")
    if installation.pending_count:
        message += f"; {installation.pending_count} update(s) are still pending"
    details = {}
    if schedule is not None and window is not None and window < LONGEST_WINDOW:
        details["maintenanceConfigurationId"] = schedule.id
    seen = observe(
        message,
        sign(place(installation, "maintenanceWindowExceeded"), True, False),
        sign(place(installation, "status"), installation.status, "Succeeded"),
        *(
            (sign(place(installation, "rebootStatus"), installation.reboot_status, "Completed"),)
            if (installation.reboot_status or "").lower() == "required"
            else ()
        ),
        *(
            (
                sign(
                    "properties.maintenanceWindow.duration",
                    schedule.window.duration,
                    fact=Fact.CONFIGURATIONS,
                    resource_id=schedule.id,
                ),
            )
            if schedule is not None
            else ()
        ),
        severity=None if (installation.status or "").lower() == "failed" else Severity.MEDIUM,
    )
    yield structs.replace(seen, details=details)


def _was_scheduled(installation: Installation) -> bool:
    """Whether the installation was a schedule's; one that a user started has a maximum duration of its own."""
    return bool(installation.maintenance_run_id) or (installation.started_by or "").lower() != "user"


def _only_schedule(machine: Machine, context: Context) -> MaintenanceConfiguration | None:
    schedules = {tie.configuration.id: tie.configuration for tie in context.schedules(machine) if tie.configuration}
    return next(iter(schedules.values())) if len(schedules) == 1 else None


def _time_taken(installation: Installation) -> timedelta | None:
    if installation.started_at is None or installation.last_modified is None:
        return None
    taken = installation.last_modified - installation.started_at
    return taken if taken >= timedelta(0) else None


def _minutes(span: timedelta) -> str:
    return f"{span // timedelta(minutes=1)} min"
