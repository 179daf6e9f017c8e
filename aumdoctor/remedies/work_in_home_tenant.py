"""Advice: manage updates from the tenant that the subscription belongs to."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.remedy import Prescription, Risk, az, remedy


@remedy(
    name="work-in-home-tenant",
    title="Manage updates from the subscription's own tenant",
    risk=Risk.ADVICE,
    reversible=True,
    portal="Service providers > Service provider offers",
)
def work_in_home_tenant(finding: Finding, estate: Estate) -> Prescription | None:
    """A delegation is somebody's contract, and not to be ended for this."""
    subscription = ids.subscription_of(finding.details.get("scope", ""))
    if not subscription:
        return None
    shown = az(
        *("account", "list", "--all", "--query", f"[?id=='{subscription}'].[tenantId,homeTenantId,managedByTenants]"),
        *("--output", "json"),
    )
    return Prescription(
        steps=(
            f"See who manages the subscription, and from where you look at it: {shown}",
            "Give those who look after updates a guest account in the subscription's tenant, and sign in there: "
            "az login --tenant with its tenantId.",
            "Create schedules, assignments and policy assignments with that account.",
        )
    )
