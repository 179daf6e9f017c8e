"""Advice: register an Arc-enabled server in a region in which Azure Update Manager manages servers."""

from aumdoctor.knowledge import arc_regions
from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.assess_now import assessment_line, named
from aumdoctor.remedies.remedy import Prescription, Risk, az, remedy

_CLOUDS = (("usgov", "usgov"), ("china", "china"))


@remedy(
    name="reconnect-in-supported-region",
    title="Connect the server in a supported region",
    risk=Risk.ADVICE,
    reversible=True,
)
def reconnect_in_supported_region(finding: Finding, estate: Estate) -> Prescription | None:
    """The resource of a server stays in its region: the server is disconnected and connected again."""
    machine = estate.machines_by_key.get(ids.key(finding.resource_id))
    if machine is None or machine.arc is None:
        return None
    region = machine.location.replace(" ", "").lower()
    cloud = next((cloud for begins, cloud in _CLOUDS if region.startswith(begins)), "public")
    choice = sorted(row.name for row in arc_regions.table().rows if row.arc and row.cloud == cloud)
    extensions = az(
        "connectedmachine",
        "extension",
        "list",
        "--machine-name",
        machine.name,
        *named(machine)[2:],
        "--output",
        "table",
    )
    return Prescription(
        steps=(
            f"Assess it first: where that succeeds, the list is behind and nothing has to be done: "
            f"{assessment_line(machine)}",
            f"Note its extensions, tags, policies and schedules, which do not come along: {extensions}",
            "Remove the extensions, then on the server: azcmagent disconnect",
            "Connect it again with azcmagent connect --location <region>, in one of: " + ", ".join(choice),
            "Attach its schedules again and check that an assessment of the new resource succeeds.",
        )
    )
