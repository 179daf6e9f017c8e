"""Switch Automated Patching of the SQL IaaS extension off."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.remedy import Prescription, Risk, az, remedy


@remedy(
    name="stop-sql-automated-patching",
    title="Leave the VM to one installer: switch SQL Automated Patching off",
    risk=Risk.ADVICE,
    reversible=True,
    portal="SQL virtual machines > (the machine) > Settings > Updates > Automated Patching",
)
def stop_sql_automated_patching(finding: Finding, estate: Estate) -> Prescription | None:
    """Not made out as a call: which of the two is to stay is for the owner of the database to say."""
    machine = estate.machines_by_key.get(ids.key(finding.resource_id))
    if machine is None or machine.is_arc:
        return None
    sql_id = finding.details.get("sqlVirtualMachineId", "")
    group = ids.resource_group_of(sql_id) or machine.resource_group
    name = ids.name_of(sql_id) if sql_id else machine.name
    where = ("--subscription", ids.subscription_of(sql_id) or machine.subscription_id, "--resource-group", group)
    shown = az("sql", "vm", "show", *where, "--name", name, "--expand", "*", "--query", "autoPatchingSettings")
    off = az("sql", "vm", "update", *where, "--name", name, "--enable-auto-patching", "false")
    return Prescription(
        steps=(
            f"Look at the window of Automated Patching: {shown}",
            f"Where the schedule is to patch the machine, switch it off: {off}",
            "See that the schedule's classifications take in what SQL Server needs: its cumulative updates are "
            "UpdateRollup or Updates.",
            "Where Automated Patching is to stay instead, take the machine off the schedule.",
        )
    )
