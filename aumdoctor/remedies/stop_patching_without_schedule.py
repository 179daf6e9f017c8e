"""RC-01 without a schedule: nothing patches the VM until a schedule is attached."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.customer_managed_schedule import set_customer_managed
from aumdoctor.remedies.remedy import Prescription, Risk, remedy


@remedy(
    name="stop-patching-without-schedule",
    title="Stop all patching until a schedule is attached",
    risk=Risk.CONSENT,
    reversible=True,
    portal="Azure Update Manager > Resources > Machines > Update settings > Patch orchestration: "
    "Customer Managed Schedules",
)
def stop_patching_without_schedule(finding: Finding, estate: Estate) -> Prescription | None:
    """Customer managed schedules with no schedule attached: the nearest that Azure has to `Manual`. It is made out only
    where the finding says that no schedule is attached (`details.scheduled` is "false")."""
    machine = estate.machines_by_key.get(ids.key(finding.resource_id))
    if machine is None or finding.details.get("scheduled") != "false":
        return None
    return set_customer_managed(
        machine, "From then on neither Windows nor Azure installs updates: attach a schedule to have the VM patched."
    )
