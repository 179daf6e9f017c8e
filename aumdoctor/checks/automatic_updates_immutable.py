"""AUM037: the change that a VM needs will be refused if it is sent as the documentation shows it."""

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.signs import schedule_names
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Machine
from aumdoctor.schedule.outcome import patch_mode_rule, patch_outcome


@check(
    id="AUM037",
    name="enable-automatic-updates-immutable",
    severity=Severity.LOW,
    confidence=Confidence.MEDIUM,
    applies_to=Subject.AZURE_VM,
    os="windows",
    needs=(Fact.MACHINE, Fact.ASSIGNMENTS),
    uses=(Fact.CONFIGURATIONS,),
    remedies=("customer-managed-schedule",),
    source="azure-docs #112633; Azure/azure-policy 9905ca54; azure-compute-docs: automatic-vm-guest-patching.md; "
    "azure-mgmt-compute 39.0.0: WindowsVMGuestPatchMode",
)
def automatic_updates_immutable(machine: Machine, context: Context) -> Iterator[Observation]:
    """The VM needs other patch settings, and `enableAutomaticUpdates` is false on it: the documented request, which
    sends true, is refused.

    ## Why it matters
    `enableAutomaticUpdates` is fixed when a VM is created. The request bodies in the documentation contain it with the
    value true, and Azure answers them with `PropertyChangeNotAllowed`. What looks like a right that is missing, or a
    broken VM, is one property too many in the request.

    ## What to do
    Send the change without `enableAutomaticUpdates` and `provisionVMAgent`, as the remedy here and the built-in policy
    do.

    ## When it is wrong
    It is foretold, not observed, and only where a change is needed at all: a schedule is attached that cannot patch the
    VM. The sources disagree on whether such a VM may have `AutomaticByPlatform`: the Compute API's description asks for
    `enableAutomaticUpdates` to be true, automatic-vm-guest-patching.md lets `Manual` VMs switch to it and back. If
    Azure refuses the bare change too, the first is right and the VM must be created anew.
    """
    if machine.enable_automatic_updates is not False or not context.is_scheduled(machine):
        return
    if not patch_outcome(machine, scheduled=True).prerequisite_error:
        return
    disputed = patch_mode_rule("windows", "AutomaticByPlatform", automatic_updates=False).allowed is None
    yield observe(
        f"the schedule {schedule_names(context.schedules(machine))} needs other patch settings; a request that sends "
        "enableAutomaticUpdates with them is refused (PropertyChangeNotAllowed), so leave it out"
        + (" (sources disagree on whether Azure then accepts it)" if disputed else ""),
        sign(f"{machine.os_configuration_path}.enableAutomaticUpdates", False),
        sign(f"{machine.patch_settings_path}.patchMode", machine.patch_settings.patch_mode, "AutomaticByPlatform"),
        scheduled="true",
    )
