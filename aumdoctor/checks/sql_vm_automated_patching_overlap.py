"""AUM141b: the SQL IaaS extension patches a VM that Azure Update Manager patches too."""

from __future__ import annotations

from collections.abc import Iterator

from aumdoctor.checks.check import NotApplicable, Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.signs import schedule_names, schedule_signs
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Machine
from aumdoctor.model.maintenance import SqlVirtualMachine
from aumdoctor.schedule.outcome import PatchedBy, patch_outcome


@check(
    id="AUM141b",
    name="sql-vm-automated-patching-overlap",
    severity=Severity.LOW,
    confidence=Confidence.MEDIUM,
    applies_to=Subject.AZURE_VM,
    needs=(Fact.SQL_VIRTUAL_MACHINES, Fact.MACHINE, Fact.ASSIGNMENTS),
    uses=(Fact.CONFIGURATIONS,),
    remedies=("stop-sql-automated-patching",),
    source="azure-docs: update-manager/guidance-patching-sql-server-azure-vm.md",
)
def sql_vm_automated_patching_overlap(machine: Machine, context: Context) -> Iterator[Observation | NotApplicable]:
    """Automated Patching of the SQL IaaS extension is on, and Azure Update Manager or Azure itself patches the VM too.

    ## Why it matters
    Two installers have a window each. The one that comes first installs and restarts, in a window that the owner of the
    schedule may not know of; where both run at once they wait for each other or fail. Automated Patching takes the
    important updates of Windows and SQL Server and leaves out SQL Server's cumulative updates, which Azure Update
    Manager installs.

    ## What to do
    Keep one of them. Azure Update Manager installs more and takes in every machine: switch Automated Patching off on
    the SQL virtual machine.

    ## When it is wrong
    Where both are kept on purpose, in windows that do not meet. That they disturb each other is an inference; Azure
    only documents in what they differ. Without a schedule, and where Azure does not patch the VM by itself, Automated
    Patching is alone and nothing is said.
    """
    sql = context.sql_by_machine.get(machine.key)
    if sql is None or sql.automated_patching is not True:
        yield NotApplicable(reason="the SQL IaaS extension does not patch it")
        return
    schedules = context.schedules(machine)
    outcome = patch_outcome(machine, scheduled=bool(schedules))
    if not schedules and outcome.patched_by is not PatchedBy.PLATFORM:
        return
    other = (
        f"the schedule {schedule_names(schedules)}" if schedules else "Azure by itself, at times of its own choosing"
    )
    yield observe(
        f"two installers patch it: Automated Patching of the SQL IaaS extension ({_window(sql)}), and {other}",
        sign("properties.autoPatchingSettings.enable", True, False, resource_id=sql.id),
        *schedule_signs(schedules),
        *(
            ()
            if schedules
            else (
                sign(f"{machine.patch_settings_path}.patchMode", machine.patch_settings.patch_mode, fact=Fact.MACHINE),
            )
        ),
        sqlVirtualMachineId=sql.id,
    )


def _window(sql: SqlVirtualMachine) -> str:
    """Its own window in words, as far as Azure tells it."""
    parts = [sql.day_of_week or "", f"at {sql.starting_hour:02d}:00 local" if sql.starting_hour is not None else ""]
    parts.append(f"for {sql.duration} min" if sql.duration is not None else "")
    return " ".join(part for part in parts if part) or "at a time that Azure does not tell"
