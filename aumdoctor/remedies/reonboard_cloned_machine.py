"""Advice: give the copy of an Arc-enabled server an identity of its own."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.assess_now import named
from aumdoctor.remedies.remedy import Prescription, Risk, az, remedy


@remedy(
    name="reonboard-cloned-machine",
    title="Connect the copy as a server of its own",
    risk=Risk.ADVICE,
    reversible=False,
    portal="Azure Arc > Machines > Add/Create > Add a machine",
)
def reonboard_cloned_machine(finding: Finding, estate: Estate) -> Prescription | None:
    """The identity is kept on the machine, so that only somebody on the copy can part it from the original."""
    machine = estate.machines_by_key.get(ids.key(finding.resource_id))
    if machine is None or machine.arc is None:
        return None
    known = az("connectedmachine", "show", *named(machine), "--query", "{vmId:vmId,fqdn:machineFqdn}")
    verify = az("connectedmachine", "show", *named(machine), "--query", "{status:status,reason:statusReason}")
    return Prescription(
        steps=(
            f"See which machine Azure holds this resource for: {known}. The other one with the same vmId "
            "(azcmagent show, on the machine) is the copy.",
            "On the copy only, forget the identity: azcmagent disconnect --force-local-only. Without that flag the "
            "Azure resource, which is the original's too, is deleted with it.",
            "On the copy, connect it under a name of its own: azcmagent connect --resource-name <name>, or by the "
            "onboarding script of the portal; then attach its schedules.",
            "In the image that it came from: azcmagent disconnect before the image is taken.",
            f"Check that the original is Connected and no longer Cloned: {verify}",
        )
    )
