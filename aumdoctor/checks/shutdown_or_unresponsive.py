"""AUM011: a scheduled run ended with ShutdownOrUnresponsive."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec
from msgspec import structs

from aumdoctor.checks.check import Observation, Sign, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.patch_errors import errors_of
from aumdoctor.checks.runs import SUCCEEDED, is_under_way, texts_of
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Operation, Severity
from aumdoctor.model.machine import Machine
from aumdoctor.model.maintenance import ApplyUpdate

_MARK = "shutdownorunresponsive"
_RECREATED_WITHIN = timedelta(hours=8)
_LINKED_AGAIN_WITHIN = timedelta(hours=12)
_DELETE = "microsoft.compute/virtualmachines/delete"


class _Failure(msgspec.Struct, frozen=True, kw_only=True):
    signs: tuple[Sign, ...]
    started_at: datetime | None
    ended_at: datetime | None
    configuration_id: str | None = None


@check(
    id="AUM011",
    name="shutdown-or-unresponsive",
    severity=Severity.HIGH,
    applies_to=Subject.AZURE_VM,
    needs=(Fact.RUNS, Fact.INSTALLATION),
    uses=(Fact.ASSIGNMENTS, Fact.ACTIVITY_LOG),
    blocks=(Operation.SCHEDULE,),
    remedies=("recreate-assignment", "start-machine", "keep-running-in-window"),
    causes=("AUM131",),
    source="Azure Update Manager troubleshooting: scheduled patching fails with ShutdownOrUnresponsive; "
    "azure-compute-docs: troubleshoot-maintenance-configurations.md",
    seed="§11 Scheduled patching fails with error ShutdownOrUnresponsive",
)
def shutdown_or_unresponsive(machine: Machine, context: Context) -> Iterator[Observation]:
    """The last scheduled run on the VM ended with ShutdownOrUnresponsive.

    ## Why it matters
    Nothing was installed. Either the VM was off or did not answer when its turn came, or it had been deleted and
    created again under the same resource id: for some hours the schedule then still speaks to the old one. The
    troubleshooting article says 8 hours; the page on maintenance configurations says that the tie is mended within 12.

    ## What to do
    For a VM that was created again: delete its configuration assignment and create it anew, then wait for the next run,
    or do nothing for 12 hours. Otherwise see that the VM runs at least 15 minutes before the window begins.

    ## When it is wrong
    A later run or installation that succeeded clears it. That a VM created shortly before the run is a re-creation is
    concluded from its time of creation, unless the activity log shows that it was deleted.
    """
    failure = _failed_run(machine, context) or _failed_installation(machine)
    if failure is None or _succeeded_since(machine, context, failure):
        return
    recreated = _signs_of_recreation(machine, context, failure.started_at)
    if not recreated:
        yield observe(
            "the last scheduled run ended with ShutdownOrUnresponsive: the VM was off or not responding",
            *failure.signs,
            cause="not-responding",
        )
        return
    seen = observe(
        "the last scheduled run ended with ShutdownOrUnresponsive: the VM was recreated with the same id "
        "less than 8 hours before (Azure also documents 12), and the schedule was still tied to the old one",
        *failure.signs,
        *recreated,
    )
    tie = _static_assignment(machine, context, failure.configuration_id)
    yield structs.replace(seen, details={"cause": "recreated", **tie})


def _failed_run(machine: Machine, context: Context) -> _Failure | None:
    """The newest run that has ended, if it ended so."""
    run = next(iter(_ended_runs(machine, context)), None)
    if run is None:
        return None
    members = (("status", run.status), ("errorCode", run.error_code), ("errorMessage", run.error_message))
    told = [(name, text) for name, text in members if text and _MARK in text.lower()]
    if not told:
        return None
    return _Failure(
        signs=tuple(sign(f"properties.{name}", text, None, resource_id=run.id) for name, text in told),
        started_at=run.started_at,
        ended_at=run.ended_at or run.started_at,
        configuration_id=run.maintenance_configuration_id or None,
    )


def _ended_runs(machine: Machine, context: Context) -> list[ApplyUpdate]:
    runs = context.runs_by_machine.get(machine.key, [])
    return [run for run in runs if not is_under_way(run) or _MARK in texts_of(run)]


def _failed_installation(machine: Machine) -> _Failure | None:
    errors = [error for error in errors_of(machine, "Failed") if error.fact is Fact.INSTALLATION]
    told = tuple(error.sign for error in errors if _MARK in error.text.lower())
    installation = machine.installation
    if installation is None or not told:
        return None
    return _Failure(signs=told, started_at=installation.started_at, ended_at=installation.last_modified)


def _succeeded_since(machine: Machine, context: Context, failure: _Failure) -> bool:
    if failure.started_at is None:
        return False
    started = [
        run.started_at
        for run in _ended_runs(machine, context)
        if (run.status or "").lower() in SUCCEEDED and _MARK not in texts_of(run)
    ]
    installation = machine.installation
    if installation is not None and (installation.status or "").lower() in SUCCEEDED:
        started.append(installation.started_at or installation.last_modified)
    return any(moment is not None and moment > failure.started_at for moment in started)


def _signs_of_recreation(machine: Machine, context: Context, started_at: datetime | None) -> tuple[Sign, ...]:
    if started_at is None:
        return ()
    signs = []
    created = machine.time_created
    if created is not None and timedelta(0) <= started_at - created < _RECREATED_WITHIN:
        before = "more than 8 hours before the run"
        signs.append(sign("properties.timeCreated", created.isoformat(), before, fact=Fact.MACHINE))
    for event in context.activity_by_resource.get(machine.key, ()):
        ended_well = (event.status or "").lower() == "succeeded"
        if event.operation.lower() != _DELETE or not ended_well or event.at is None:
            continue
        if timedelta(0) <= started_at - event.at < _LINKED_AGAIN_WITHIN:
            deleted = f"{event.operation} at {event.at.isoformat()}"
            signs.append(sign("operationName", deleted, None, fact=Fact.ACTIVITY_LOG))
            break
    return tuple(signs)


def _static_assignment(machine: Machine, context: Context, configuration_id: str | None) -> dict[str, str]:
    """What has to be removed and created again: a static assignment; a dynamic scope finds the VM by itself."""
    ties = [tie.assignment for tie in context.schedules(machine) if not tie.assignment.is_dynamic]
    same = [tie for tie in ties if tie.maintenance_configuration_id.lower() == (configuration_id or "").lower()]
    for assignment in same or ties[:1]:
        return {
            "assignmentId": assignment.id,
            "maintenanceConfigurationId": assignment.maintenance_configuration_id,
            "machineId": machine.id,
        }
    return {}
