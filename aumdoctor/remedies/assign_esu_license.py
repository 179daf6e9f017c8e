"""Advice: a licence for Extended Security Updates, or, where even these have ended, a newer system."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.assess_now import assessment_line, named
from aumdoctor.remedies.patch_settings import ARC_API_VERSION
from aumdoctor.remedies.remedy import ArmCall, Prescription, Risk, az, remedy


@remedy(
    name="assign-esu-license",
    title="Get security updates again for a Windows Server past its support",
    risk=Risk.ADVICE,
    reversible=True,
    portal="Azure Arc > Licenses > Windows Server ESU licenses > Eligible resources > Enable ESUs",
)
def assign_esu_license(finding: Finding, estate: Estate) -> Prescription | None:
    """Which licence covers the server, and whether to buy one, is the owner's decision: it costs by the core."""
    machine = estate.machines_by_key.get(ids.key(finding.resource_id))
    if machine is None or machine.arc is None:
        return None
    if finding.details.get("updates") == "ended":
        return Prescription(
            steps=(
                "A licence buys nothing any more, for no updates are made. Upgrade the server in place with the medium "
                "of a supported release, or move its work to a new one; Azure Update Manager does not upgrade systems.",
                f"Then assess it: {assessment_line(machine)}",
            )
        )
    listed = az("connectedmachine", "license", "list", "--subscription", machine.subscription_id, "--output", "table")
    link = ArmCall(
        method="PUT",
        path=f"{machine.id}/licenseProfiles/default",
        api_version=ARC_API_VERSION,
        body={
            "location": machine.location,
            "properties": {"esuProfile": {"assignedLicense": "<resource id of the licence>"}},
        },
    )
    query = "licenseProfile.esuProfile.licenseAssignmentState"
    verify = az("connectedmachine", "show", *named(machine), "--query", query, "--output", "tsv")
    return Prescription(
        steps=(
            "Make sure that the server is entitled: Software Assurance, or a subscription. Virtual machines of Azure "
            "Local and Azure VMware Solution get these updates free, in another way.",
            f"Find an activated licence with enough cores, or create one in the portal: {listed}",
            f"Link it to the server: {link.az_rest}",
            f"Check that it says Assigned: {verify}",
            f"Then assess the server, which should find more updates than before: {assessment_line(machine)}",
        )
    )
