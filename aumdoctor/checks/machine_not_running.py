"""AUM012: the machine is off, so no schedule can patch it."""

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, Undetermined, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.signs import power_state_sign, power_state_undetermined, schedule_names, schedule_signs
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Operation, Severity
from aumdoctor.model.machine import Machine


@check(
    id="AUM012",
    name="machine-not-running",
    severity=Severity.HIGH,
    applies_to=Subject.MACHINE,
    needs=(Fact.POWER_STATE, Fact.ASSIGNMENTS),
    uses=(Fact.CONFIGURATIONS,),
    blocks=(Operation.ASSESS, Operation.PERIODIC_ASSESSMENT, Operation.INSTALL, Operation.SCHEDULE),
    remedies=("start-machine", "reconnect-arc-agent"),
    causes=("AUM008", "AUM011", "AUM023", "AUM087", "AUM130", "AUM133", "AUM134", "AUM136"),
    source="azure-compute-docs: maintenance-configurations.md; azure-docs: update-manager/assessment-options.md",
    seed="§12 The machine is shut down when the schedule starts",
)
def machine_not_running(machine: Machine, context: Context) -> Iterator[Observation | Undetermined]:
    """The machine does not run (or, on Arc, is not connected), so Azure Update Manager cannot reach it.

    ## Why it matters
    Azure Update Manager neither starts machines nor assesses them while they are off. A machine has to be up at least
    15 minutes before its window, otherwise its run fails; while off it may even look as if it had lost its schedule.

    ## What to do
    Start the machine before the window, best by a pre-event of the schedule, which leaves time for the agent to
    report. Where the machine is meant to stay off, take it out of the schedule.

    ## When it is wrong
    A machine may be started in time by something that Azure does not show beforehand. A VM without a schedule that is
    off, and one that is just starting, are reported as low; an Arc-enabled server without a schedule is left to
    AUM117.
    """
    undetermined = _undetermined(machine)
    if undetermined is not None:
        yield undetermined
        return
    if machine.is_reachable:
        return
    schedules = context.schedules(machine)
    waits = f", and the schedule {schedule_names(schedules)} does not start it" if schedules else ""
    if machine.arc is not None:
        if schedules:
            yield observe(
                f"the Arc agent is {machine.arc.status}{waits}",
                sign("properties.status", machine.arc.status, "Connected"),
                *schedule_signs(schedules),
            )
    else:
        starting = machine.power_state == "starting"
        yield observe(
            "the VM is starting; it is patched only once it runs"
            if starting
            else f"the VM is {_state(machine)}{waits}",
            power_state_sign(machine),
            *schedule_signs(schedules),
            severity=None if schedules and not starting else Severity.LOW,
        )


def _undetermined(machine: Machine) -> Undetermined | None:
    if not machine.is_arc:
        return power_state_undetermined(machine)
    if machine.is_reachable is None:
        return Undetermined(fact=Fact.POWER_STATE, reason="Azure reports no agent status for it")
    return None


def _state(machine: Machine) -> str:
    # Azure says "stopped" of a VM that is shut down and still billed, "deallocated" of one that is not.
    return "stopped (still allocated)" if machine.power_state == "stopped" else str(machine.power_state)
