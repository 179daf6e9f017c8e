"""AUM084: the last run of a schedule was cancelled."""

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, check, observe
from aumdoctor.checks.context import Context
from aumdoctor.checks.runs import last_cancelled, runs_by_schedule
from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Severity


@check(
    id="AUM084",
    name="run-cancelled",
    severity=Severity.MEDIUM,
    applies_to=Subject.ESTATE,
    needs=(Fact.CONFIGURATIONS, Fact.RUNS),
    uses=(Fact.ASSIGNMENTS, Fact.MACHINE),
    remedies=("ask-who-cancelled",),
    causes=("AUM134",),
    source="azure-docs: update-manager/manage-pre-post-events.md",
)
def run_cancelled(estate: Estate, context: Context) -> Iterator[Observation]:
    """The newest run of a schedule was cancelled, so its machines were not patched in that window.

    ## Why it matters
    A run can be cancelled until ten minutes before it begins (an example of the event says one minute), by a person or
    by the handler of its pre-event. Nothing is installed, no machine reports a failure, and the next window comes as if
    nothing had happened: a handler that always cancels stops patching without a word.

    ## What to do
    Ask who called the cancellation, and look at the handler of the schedule's pre-event. Catch up with an installation
    on demand if the next window is too far away.

    ## When it is wrong
    Often it was meant. Azure keeps runs for 30 days, and a later run clears it. A cancellation by Azure itself
    ("internal platform failure") is AUM083. A schedule without machines here is low.
    """
    runs = runs_by_schedule(estate)
    for configuration in context.guest_configurations:
        cancelled = last_cancelled(configuration, runs.get(ids.key(configuration.id), []), context)
        if cancelled is None or cancelled.by_platform or (not cancelled.machines and estate.scope.is_narrowed):
            continue
        by_call = "cancellation api" in (cancelled.run.error_message or "").lower()
        how = (
            "somebody, or the handler of its pre-event, called the cancellation"
            if by_call
            else "it is not told by whom"
        )
        yield observe(
            f"the run of schedule {configuration.name} on {cancelled.at:%Y-%m-%d %H:%M} UTC was cancelled for "
            f"{len(cancelled.machines)} machine(s): {how}",
            *cancelled.signs,
            severity=None if cancelled.machines else Severity.LOW,
            resource_id=configuration.id,
            machines=cancelled.machines,
            maintenanceConfigurationId=configuration.id,
        )
