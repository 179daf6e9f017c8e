"""AUM007: a Windows VM updates itself and cannot be switched to manual."""

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Machine


@check(
    id="AUM007",
    name="automatic-by-os-not-manual",
    severity=Severity.LOW,
    confidence=Confidence.LOW,
    applies_to=Subject.AZURE_VM,
    os="windows",
    needs=(Fact.MACHINE, Fact.ASSIGNMENTS),
    uses=(Fact.CONFIGURATIONS,),
    remedies=("customer-managed-schedule", "stop-patching-without-schedule"),
    source="azure-compute-docs: automatic-vm-guest-patching.md; azure-docs: update-manager/troubleshoot.md",
    seed="§7 Patch orchestration cannot be changed from automatic updates to manual updates",
)
def automatic_by_os_not_manual(machine: Machine, context: Context) -> Iterator[Observation]:
    """Windows updates the VM by itself (`AutomaticByOS`), and Azure does not let that be switched to `Manual`.

    ## Why it matters
    `Manual` asks for `enableAutomaticUpdates` to be false, and that property is fixed when a VM is created. Whoever
    wants the guest to stop updating itself finds the change refused, and Windows goes on installing and restarting at
    times of its own.

    ## What to do
    Nothing, where Windows is meant to update itself. Otherwise use customer managed schedules, which switch the
    guest's own updates off: with a schedule attached the VM is patched in its window, with none it is not patched at
    all until one is attached.

    ## When it is wrong
    Azure does not say what its owner wants of the VM, so this is a remark and not a fault. An absent patch mode means
    `AutomaticByOS`, an absent `enableAutomaticUpdates` means true.
    """
    if (machine.effective_patch_mode or "").lower() != "automaticbyos" or machine.enable_automatic_updates is False:
        return
    yield observe(
        "Windows updates itself (AutomaticByOS) and cannot be switched to Manual; "
        "customer managed schedules can stop it",
        sign(f"{machine.patch_settings_path}.patchMode", machine.patch_settings.patch_mode),
        sign(f"{machine.os_configuration_path}.enableAutomaticUpdates", machine.enable_automatic_updates),
        scheduled="true" if context.is_scheduled(machine) else "false",
    )
