"""RC-13: delete the update extension of an Arc-enabled server, and have it installed anew."""

from urllib.parse import quote

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.assess_now import assessment_call, assessment_line
from aumdoctor.remedies.patch_settings import ARC_API_VERSION
from aumdoctor.remedies.remedy import ArmCall, Prescription, Risk, az, remedy


@remedy(
    name="delete-arc-extension",
    title="Delete the update extension and have it installed anew",
    risk=Risk.CONSENT,
    reversible=False,
    portal="Azure Arc > Machines > (the machine) > Settings > Extensions > Uninstall",
)
def delete_arc_extension(finding: Finding, estate: Estate) -> Prescription | None:
    """DELETE of the extension, then an assessment, which installs its newest version. The finding names the extension
    (`details.extension`)."""
    machine = estate.machines_by_key.get(ids.key(finding.resource_id))
    extension = finding.details.get("extension")
    if machine is None or not machine.is_arc or extension is None:
        return None
    path = f"{machine.id}/extensions/{quote(extension, safe='')}"
    words = ["--machine-name", machine.name, "--name", extension]
    words += ["--resource-group", machine.resource_group, "--subscription", machine.subscription_id]
    return Prescription(
        calls=(ArmCall(method="DELETE", path=path, api_version=ARC_API_VERSION), assessment_call(machine)),
        az=(az("connectedmachine", "extension", "delete", *words, "--yes"), assessment_line(machine)),
        steps=(
            "Outside a patch window only, and not while an assessment or installation runs.",
            "Where it is `Creating`, `Updating` or `Deleting`, wait half an hour first: it may finish by itself.",
        ),
    )
