"""AUM055: the VM has no OS profile, as migrated and restored VMs do."""

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Machine


@check(
    id="AUM055",
    name="vm-without-os-profile",
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    applies_to=Subject.AZURE_VM,
    needs=(Fact.MACHINE,),
    uses=(Fact.ASSIGNMENTS,),
    remedies=("enable-periodic-assessment", "customer-managed-schedule"),
    source="azure-docs #118223; Azure/azure-policy 59efceea, 9905ca54",
)
def vm_without_os_profile(machine: Machine, context: Context) -> Iterator[Observation]:
    """The VM has no OS profile: it was migrated, restored or made from a specialized disk, and policies and older tools
    pass over it.

    ## Why it matters
    Patch and assessment modes stand in the OS profile. Audit policies whose rule asks for one do not match such a VM
    and show it as Compliant; scripts that use a Compute API before 2023-07-01 cannot set what is missing. All its
    settings are the defaults: no periodic assessment, no schedule that could patch it.

    ## What to do
    Set the modes directly, with api-version 2023-07-01 or later; Azure then keeps them in an OS profile. Nothing has to
    be done inside the guest, apart from an agent where none was brought along.

    ## When it is wrong
    A VM that something else patches needs none of this. The compliance state of such a VM says nothing either way.
    """
    if machine.has_os_profile:
        return
    created = machine.os_disk_create_option
    signs = [sign("properties.osProfile", None, "an OS profile with patch settings")]
    if created is not None:
        signs.append(sign("properties.storageProfile.osDisk.createOption", created))
    yield observe(
        "it has no OS profile, as migrated and restored VMs do: policies may call it compliant or pass over it",
        *signs,
        scheduled="true" if context.is_scheduled(machine) else "false",
    )
