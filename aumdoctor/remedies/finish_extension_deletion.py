"""Advice: let the deletion of an Arc extension come to an end."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.assess_now import named
from aumdoctor.remedies.remedy import Prescription, Risk, az, remedy

_WINDOWS = ("C:\\Packages\\Plugins", "C:\\ProgramData\\GuestConfig\\ext_mgr_logs\\gc_ext.log")
_LINUX = ("/var/lib/waagent", "/var/lib/GuestConfig/ext_mgr_logs/gc_ext.log")


@remedy(
    name="finish-extension-deletion",
    title="Let the extension's deletion come to an end",
    risk=Risk.ADVICE,
    reversible=False,
)
def finish_extension_deletion(finding: Finding, estate: Estate) -> Prescription | None:
    """What is missing is missing on the server. The finding names the extension (`details.extension`)."""
    machine = estate.machines_by_key.get(ids.key(finding.resource_id))
    extension = finding.details.get("extension")
    if machine is None or machine.arc is None or extension is None:
        return None
    folder, log = _LINUX if machine.is_linux else _WINDOWS
    words = ["--machine-name", machine.name, "--name", extension, *named(machine)[2:]]
    show = az("connectedmachine", "extension", "show", *words, "--query", "provisioningState", "--output", "tsv")
    delete = az("connectedmachine", "extension", "delete", *words, "--yes")
    return Prescription(
        steps=(
            f"Wait half an hour, then look again whether it is still Deleting: {show}",
            "On the server, see that the agent is connected and its services run: azcmagent show",
            f"Look for HandlerManifest.json in the extension's folder below {folder}; the log {log} names what failed.",
            "Where the file is gone, copy it from another server that has the same version of the extension.",
            f"Delete the extension once more: {delete}",
            f"Check that it is gone (ResourceNotFound): {show}",
        )
    )
