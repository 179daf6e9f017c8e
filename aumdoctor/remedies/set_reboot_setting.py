"""Set a VM's own reboot setting to that of its schedule."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.declared import declared_patch_settings
from aumdoctor.remedies.patch_settings import az_line, patch_of
from aumdoctor.remedies.remedy import Prescription, Risk, remedy

_VALUES = {"ifrequired": "IfRequired", "never": "Never", "always": "Always"}
"""What the Compute API knows, by what Microsoft.Maintenance writes, now and in older versions (RebootIfRequired)."""


@remedy(
    name="set-reboot-setting",
    title="Give the VM the reboot setting of its schedule",
    risk=Risk.CONSENT,
    reversible=True,
)
def set_reboot_setting(finding: Finding, estate: Estate) -> Prescription | None:
    """PATCH of the VM model, taken back by the old value. It decides whether the VM restarts in its next window, hence
    the consent. Made out only where all schedules of the VM agree (`details.rebootSetting`)."""
    machine = estate.machines_by_key.get(ids.key(finding.resource_id))
    value = _VALUES.get(finding.details.get("rebootSetting", "").lower().replace("reboot", ""))
    if machine is None or machine.is_arc or value is None:
        return None
    settings = {"automaticByPlatformSettings": {"rebootSetting": value}}
    call = patch_of(machine, settings)
    if call is None:
        return None
    bicep, terraform = declared_patch_settings(machine, reboot_setting=value)
    before = machine.patch_settings.reboot_setting
    return Prescription(
        calls=(call,),
        az=(az_line(machine, call, settings),),
        steps=(f"To take it back set it to {_VALUES.get((before or '').lower(), 'Unknown')}.",),
        bicep=bicep,
        terraform=terraform,
    )
