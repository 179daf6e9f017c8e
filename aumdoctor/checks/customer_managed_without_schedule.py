"""AUM033: a VM waits for a schedule, and none is attached."""

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Operation, Severity
from aumdoctor.model.machine import Machine
from aumdoctor.schedule.outcome import patch_outcome


@check(
    id="AUM033",
    name="customer-managed-without-schedule",
    severity=Severity.HIGH,
    applies_to=Subject.AZURE_VM,
    needs=(Fact.MACHINE, Fact.ASSIGNMENTS),
    uses=(Fact.CONFIGURATIONS,),
    blocks=(Operation.SCHEDULE,),
    remedies=("attach-to-schedule",),
    source="azure-docs: update-manager/prerequsite-for-schedule-patching.md",
)
def customer_managed_without_schedule(machine: Machine, context: Context) -> Iterator[Observation]:
    """The VM is set to customer managed schedules and no patch schedule is attached to it, so nobody patches it.

    ## Why it matters
    Customer managed schedules switch off Windows' own updates (or the distribution's) and Azure's automatic guest
    patching. What is left is the schedule, and there is none: neither an assignment on the VM nor a dynamic scope that
    it matches. The VM looks well prepared and stays without updates.

    ## What to do
    Attach the VM to a schedule, or give it the tag by which a dynamic scope chooses. If Azure is to patch it by itself,
    set the safety flag to false instead.

    ## When it is wrong
    Where somebody means the VM not to be patched: this is also the known way to stop patching. A schedule for hosts or
    OS images does not count, one that could not be read does. The members of a dynamic scope are computed here, since
    Azure lists them nowhere.
    """
    if not machine.bypasses_platform_safety_checks or context.is_scheduled(machine):
        return
    if patch_outcome(machine, scheduled=False).row != 2:
        return
    path = machine.patch_settings_path
    yield observe(
        "it is set to customer managed schedules and no patch schedule is attached: nobody patches it",
        sign(f"{path}.patchMode", machine.patch_settings.patch_mode),
        sign(f"{path}.automaticByPlatformSettings.bypassPlatformSafetyChecksOnUserSchedule", True),
        sign(
            "configurationAssignments[].properties.maintenanceConfigurationId",
            None,
            "a schedule for guest patching, assigned or by a dynamic scope",
            fact=Fact.ASSIGNMENTS,
        ),
        scheduled="false",
    )
