"""RC-19: switch hotpatching off."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.declared import declared_patch_settings
from aumdoctor.remedies.patch_settings import az_line, patch_of
from aumdoctor.remedies.remedy import Prescription, Risk, remedy

SETTINGS = {"enableHotpatching": False}


@remedy(
    name="disable-hotpatching",
    title="Switch hotpatching off",
    risk=Risk.CONSENT,
    reversible=True,
    portal="Azure Update Manager > Resources > Machines > Update settings > Hotpatch",
)
def disable_hotpatching(finding: Finding, estate: Estate) -> Prescription | None:
    """PATCH of the VM model; no restart at once, but from the next month on every security update brings one, hence
    the consent. Arc-enabled servers have hotpatching elsewhere (their licence)."""
    machine = estate.machines_by_key.get(ids.key(finding.resource_id))
    if machine is None or machine.is_arc or not machine.is_windows:
        return None
    call = patch_of(machine, SETTINGS)
    if call is None:
        return None
    bicep, terraform = declared_patch_settings(machine, enable_hotpatching=False)
    return Prescription(
        calls=(call,),
        az=(az_line(machine, call, SETTINGS),),
        steps=("The next monthly security update restarts the VM, as on a VM without hotpatching.",),
        bicep=bicep,
        terraform=terraform,
    )
