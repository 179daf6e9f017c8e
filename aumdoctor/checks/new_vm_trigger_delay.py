"""AUM010: a VM was created shortly before a window, so that its first run may begin late."""

from __future__ import annotations

from collections.abc import Iterator

from aumdoctor.checks.check import NotApplicable, Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.starts import WINDOW, had_a_run, in_minutes, runs_that_matter, utc, with_details
from aumdoctor.knowledge.time_rules import rule
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Severity
from aumdoctor.model.machine import Machine


@check(
    id="AUM010",
    name="new-vm-trigger-delay",
    severity=Severity.INFO,
    applies_to=Subject.AZURE_VM,
    needs=(Fact.MACHINE, Fact.ASSIGNMENTS, Fact.CONFIGURATIONS),
    uses=(Fact.RUNS,),
    remedies=("await-next-run",),
    source="Azure Update Manager troubleshooting: scheduled patching is delayed for newly created VMs",
    seed="§10 New VM - up to 15 minutes delay in trigger",
)
def new_vm_trigger_delay(machine: Machine, context: Context) -> Iterator[Observation | NotApplicable]:
    """The VM was created less than 15 minutes before a window of its schedule, whose run on it may begin up to 15
    minutes late.

    ## Why it matters
    Only as an explanation: a new VM that has no run yet a few minutes into its first window is not forgotten.

    ## What to do
    Wait for a quarter of an hour. Nothing has to be changed, and no gate should fail for it.

    ## When it is wrong
    It is told of the next window and of the newest that has begun, and of neither once the VM has a run in it. A VM of
    which Azure does not tell the time of creation is not judged. A VM that was deleted and created again under its old
    id may miss the run altogether: that is AUM011.
    """
    created = machine.time_created
    schedules = context.configurations_of(machine)
    if not schedules:
        yield NotApplicable(reason="no schedule that could be read is attached")
        return
    if created is None:
        yield NotApplicable(reason="Azure does not tell when it was created")
        return
    late = rule("new-machine-delay").span
    for configuration in schedules:
        times = context.timetable(configuration)
        window = times.next(created) if times is not None else None
        if times is None or window is None or window.starts_at - created >= late:
            continue
        if window not in runs_that_matter(times, context.now) or had_a_run([machine], configuration, window, context):
            continue
        following = times.next(window.ends_at)
        yield with_details(
            observe(
                f"it was created {in_minutes(window.starts_at - created)} min before the window of "
                f"{configuration.name} at {utc(window.starts_at)}; its run may begin up to {in_minutes(late)} min late",
                sign("properties.timeCreated", created.isoformat()),
                sign(
                    f"{WINDOW}.startDateTime",
                    configuration.window.start_date_time,
                    fact=Fact.CONFIGURATIONS,
                    resource_id=configuration.id,
                ),
                maintenanceConfigurationId=configuration.id,
            ),
            {"nextRun": utc(following.starts_at)} if following is not None else {},
        )
        return
