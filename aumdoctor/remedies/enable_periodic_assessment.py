"""RC-03: periodic assessment, on Azure VMs and Arc-enabled servers."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.declared import declared_patch_settings
from aumdoctor.remedies.patch_settings import az_line, patch_of
from aumdoctor.remedies.remedy import Prescription, Risk, remedy

SETTINGS = {"assessmentMode": "AutomaticByPlatform"}


@remedy(
    name="enable-periodic-assessment",
    title="Assess the machine every day",
    risk=Risk.SAFE,
    reversible=True,
    portal="Azure Update Manager > Resources > Machines > Update settings > Periodic assessment: Enable",
)
def enable_periodic_assessment(finding: Finding, estate: Estate) -> Prescription | None:
    """PATCH of the assessment mode; no restart, taken back by `ImageDefault`."""
    machine = estate.machines_by_key.get(ids.key(finding.resource_id))
    call = patch_of(machine, SETTINGS) if machine is not None else None
    if machine is None or call is None:
        return None
    bicep, terraform = declared_patch_settings(machine, assessment_mode="AutomaticByPlatform")
    return Prescription(calls=(call,), az=(az_line(machine, call, SETTINGS),), bicep=bicep, terraform=terraform)
