"""AUM133: an installation has been in progress for longer than its window."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from msgspec import structs

from aumdoctor.checks.check import Observation, Sign, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.extensions import os_update_extensions, update_extension_kind, version_parts
from aumdoctor.checks.patch_errors import place
from aumdoctor.checks.runs import began, schedule_key
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Extension, Installation, Machine
from aumdoctor.model.maintenance import ApplyUpdate
from aumdoctor.schedule.duration import LONGEST_WINDOW, parse_duration

_GRACE = timedelta(hours=1)
_MENDED_IN = (1, 0, 28)
"""WindowsOsUpdateExtension before 1.0.28.0 hangs while it is enabled (azure-docs: troubleshoot.md)."""


@check(
    id="AUM133",
    name="install-stuck-inprogress",
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    applies_to=Subject.MACHINE,
    needs=(Fact.INSTALLATION, Fact.RUNS),
    uses=(Fact.CONFIGURATIONS, Fact.EXTENSIONS),
    remedies=("delete-arc-extension", "restart-vm-agent"),
    source="azure-docs: update-manager/troubleshoot.md, update-manager/scheduled-patching.md",
)
def install_stuck_inprogress(machine: Machine, context: Context) -> Iterator[Observation]:
    """An installation, or a run of a schedule, has been `InProgress` for more than an hour beyond its window.

    ## Why it matters
    A run begins nothing new once its window is over, and an update under way is done soon after. One that goes on for
    much longer no longer reports: its result stays unknown, and while it counts as running another installation may be
    refused. On Arc-enabled Windows servers `WindowsOsUpdateExtension` before 1.0.28.0 is known for it.

    ## What to do
    On Arc, delete the extension and assess the server: that installs the newest version. On a VM, see that the agent is
    ready. Look in the guest whether the update is still being installed before you restart anything.

    ## When it is wrong
    Azure names no limit: an hour beyond the window is this tool's own. The window's length is that of the schedule as
    it stands now; for an installation on demand, and where the schedule is not known, it is 3 h 55 min, the most that
    Azure allows. A large update may take longer than that, as may a server that was switched off meanwhile.
    """
    installation = machine.installation
    if installation is not None and (installation.status or "").lower() == "inprogress":
        limit = _window(_schedule_of(installation), context) + _GRACE
        if installation.started_at is not None and context.now - installation.started_at > limit:
            yield _seen(
                machine,
                context,
                installation.started_at,
                sign(place(installation, "status"), installation.status, "Succeeded"),
                sign(place(installation, "startDateTime"), installation.started_at.isoformat()),
            )
            return
    run = _stuck_run(machine, context)
    if run is None:
        return
    began_at = began(run)
    if began_at is not None:
        yield _seen(
            machine,
            context,
            began_at,
            sign("properties.status", run.status, "Succeeded", fact=Fact.RUNS, resource_id=run.id),
            sign("properties.startDateTime", began_at.isoformat(), fact=Fact.RUNS, resource_id=run.id),
        )


def _stuck_run(machine: Machine, context: Context) -> ApplyUpdate | None:
    """A run in progress for too long, unless something on the machine began or ended after it."""
    runs = context.runs_by_machine.get(machine.key, [])
    installation = machine.installation
    ended = None
    if installation is not None and (installation.status or "").lower() not in ("inprogress", "notstarted", ""):
        ended = installation.last_modified
    for run in runs:
        began_at = began(run)
        if (run.status or "").lower() != "inprogress" or began_at is None:
            continue
        if context.now - began_at <= _window(schedule_key(run), context) + _GRACE:
            continue
        others = (moment for other in runs if other is not run and (moment := began(other)) is not None)
        if any(moment > began_at for moment in others) or (ended is not None and ended > began_at):
            continue
        return run
    return None


def _schedule_of(installation: Installation) -> str:
    """The key of the configuration whose run an installation is; an empty string for one on demand."""
    run_id = (installation.maintenance_run_id or "").lower()
    return run_id.split("/providers/microsoft.maintenance/applyupdates", 1)[0]


def _window(schedule: str, context: Context) -> timedelta:
    configuration = context.estate.configurations_by_key.get(schedule)
    length = parse_duration(configuration.window.duration) if configuration is not None else None
    return length if length is not None else LONGEST_WINDOW


def _seen(machine: Machine, context: Context, since: datetime, *signs: Sign) -> Observation:
    hours = (context.now - since) // timedelta(hours=1)
    outdated = next(filter(_is_outdated, os_update_extensions(machine)), None)
    because = f"; {outdated.name} {outdated.version} is known to hang, 1.0.28.0 does not" if outdated else ""
    seen = observe(
        f"the installation of {since:%Y-%m-%d %H:%M} UTC has been in progress for {hours} hours{because}",
        *signs,
        confidence=Confidence.HIGH if outdated else None,
    )
    return structs.replace(seen, details={"extension": outdated.name} if outdated else {})


def _is_outdated(extension: Extension) -> bool:
    version = version_parts(extension.version)
    return (
        update_extension_kind(extension) == "windowsosupdateextension" and version is not None and version < _MENDED_IN
    )
