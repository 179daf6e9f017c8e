"""AUM087: a run has been waiting since long after its window."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from aumdoctor.checks.check import Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.runs import WAITING, began, is_under_way, schedule_key
from aumdoctor.knowledge.time_rules import rule
from aumdoctor.model import ids
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Machine
from aumdoctor.model.maintenance import ApplyUpdate
from aumdoctor.schedule.duration import LONGEST_WINDOW, parse_duration

_LAG = timedelta(hours=3)
_TRIED_AGAIN_AFTER = "pending-update-retry"


@check(
    id="AUM087",
    name="pending-update-stuck",
    severity=Severity.MEDIUM,
    applies_to=Subject.MACHINE,
    needs=(Fact.RUNS,),
    uses=(Fact.CONFIGURATIONS,),
    remedies=("install-on-demand",),
    causes=("AUM134",),
    source="azure-compute-docs: troubleshoot-maintenance-configurations.md",
)
def pending_update_stuck(machine: Machine, context: Context) -> Iterator[Observation]:
    """A run of a schedule still waits for the machine (Pending, RetryNow, RetryLater) though its window is long over.

    ## Why it matters
    Nothing was installed in that window, and it is not reported as a failure: the run has neither begun on the machine
    nor ended. Azure tries again after 120 hours.

    ## What to do
    Wait for those 120 hours, or catch up with an installation on demand. If it waits even longer, see whether the
    machine runs and its agent is ready, and ask Azure support about the run.

    ## When it is wrong
    Within the 120 hours it is low, for Azure may still be about to try. Resource Graph lags: nothing is said in the
    three hours after the window. A run that began later, of whichever schedule, clears it. The window's length is that
    of the schedule as it stands now, and 3 h 55 min where the schedule is not known.
    """
    runs = context.runs_by_machine.get(machine.key, ())
    later = [moment for run in runs if not _waits(run) and (moment := began(run)) is not None]
    for run in runs:
        began_at = began(run)
        if not _waits(run) or began_at is None or any(moment > began_at for moment in later):
            continue
        over_at = began_at + _window(run, context)
        if context.now <= over_at + _LAG:
            continue
        overdue = context.now - began_at > rule(_TRIED_AGAIN_AFTER).span
        yield observe(
            f"the run of {_when(began_at)} under {ids.name_of(run.maintenance_configuration_id) or 'its schedule'} is "
            f"still {run.status}, {_days(context.now - over_at)} after its window"
            + (", longer than the 120 hours after which Azure tries again" if overdue else ""),
            sign("properties.status", run.status, "Succeeded", resource_id=run.id),
            sign("properties.startDateTime", began_at.isoformat(), resource_id=run.id),
            severity=None if overdue else Severity.LOW,
            confidence=None if overdue else Confidence.MEDIUM,
        )
        return


def _waits(run: ApplyUpdate) -> bool:
    return is_under_way(run) and (run.status or "").lower() in WAITING


def _window(run: ApplyUpdate, context: Context) -> timedelta:
    configuration = context.estate.configurations_by_key.get(schedule_key(run))
    length = parse_duration(configuration.window.duration) if configuration is not None else None
    return length if length is not None else LONGEST_WINDOW


def _when(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _days(span: timedelta) -> str:
    return f"{span.days} day(s)" if span >= timedelta(days=2) else f"{span // timedelta(hours=1)} hour(s)"
