"""AUM056: what is attached to machines is no schedule for guests, or not one that runs when its owner says."""

from __future__ import annotations

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, Undetermined, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.past_runs import has_patched
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Operation, Severity
from aumdoctor.model.machine import Machine
from aumdoctor.model.maintenance import MaintenanceConfiguration

_USER, _CUSTOM = "user", "custom"


@check(
    id="AUM056",
    name="wrong-scope-or-mode",
    severity=Severity.CRITICAL,
    applies_to=Subject.ESTATE,
    needs=(Fact.CONFIGURATIONS, Fact.ASSIGNMENTS, Fact.MACHINE),
    uses=(Fact.RUNS,),
    blocks=(Operation.SCHEDULE,),
    remedies=("declare-guest-patching", "correct-schedule-scope"),
    causes=("AUM033", "AUM134"),
    source="azure-docs: update-manager/manage-vms-programmatically.md; "
    "azure-mgmt-maintenance: MaintenanceConfiguration; Azure/bicep #8959; hashicorp/terraform-provider-azurerm #19480",
)
def wrong_scope_or_mode(estate: Estate, context: Context) -> Iterator[Observation | Undetermined]:
    """A maintenance configuration is attached to machines as if it patched them, and by its scope, mode or visibility
    it does not.

    ## Why it matters
    Only a configuration of the scope `InGuestPatch` whose `InGuestPatchMode` is `User` installs updates in guests in
    its window. One for hosts or OS images can be attached to a VM all the same: the VM looks attached, and nothing ever
    patches it.

    ## What to do
    Attach the machines to a schedule for guests. Where the scope is right, set the mode to `User` and the visibility to
    `Custom`.

    ## When it is wrong
    A configuration for hosts may be there for its own sake, and the schedule for guests be what was forgotten
    (confidence medium). It is therefore only told of VMs with customer managed schedules, and of Arc-enabled servers,
    that no other schedule patches; Arc-enabled servers alone are medium. Azure refuses to create a schedule for guests
    without a mode, and its documented answers leave the mode out, so that an absent one means nothing. What another
    mode does is not documented: it is high with medium confidence, and low once a run of it has succeeded. A visibility
    other than `Custom`, which is the default, is medium. A scope that Azure did not send is unknown.
    """
    for configuration in estate.configurations:
        if not configuration.exists:
            continue
        attached = context.machines_by_configuration.get(configuration.id, [])
        if not attached:
            continue
        if configuration.is_guest_patching:
            yield from _mode_or_visibility(configuration, attached, context)
        else:
            yield from _scope(configuration, attached, context)


def _scope(
    configuration: MaintenanceConfiguration, attached: list[Machine], context: Context
) -> Iterator[Observation | Undetermined]:
    unpatched = [machine for machine in attached if _expects_a_schedule(machine) and not context.is_scheduled(machine)]
    if not unpatched:
        return
    if configuration.maintenance_scope is None:
        reason = f"Azure did not say what the configuration {configuration.name} maintains"
        yield Undetermined(fact=Fact.CONFIGURATIONS, reason=reason, resource_id=configuration.id)
        return
    yield observe(
        f"the configuration {configuration.name} has the scope {configuration.maintenance_scope} and patches no guest; "
        f"{len(unpatched)} machine(s) attached to it have no other schedule",
        sign("properties.maintenanceScope", configuration.maintenance_scope, "InGuestPatch"),
        severity=None if any(machine.is_azure_vm for machine in unpatched) else Severity.MEDIUM,
        confidence=Confidence.MEDIUM,
        resource_id=configuration.id,
        machines=tuple(machine.id for machine in unpatched),
        maintenanceConfigurationId=configuration.id,
    )


def _expects_a_schedule(machine: Machine) -> bool:
    """Whether a schedule is what should patch the machine: nothing else can patch an Arc-enabled server by itself."""
    return machine.is_arc or (machine.is_platform_patch_mode and machine.bypasses_platform_safety_checks)


def _mode_or_visibility(
    configuration: MaintenanceConfiguration, attached: list[Machine], context: Context
) -> Iterator[Observation]:
    mode, visibility = configuration.in_guest_patch_mode, configuration.visibility
    wrong_mode = bool(mode) and str(mode).lower() != _USER
    wrong_visibility = bool(visibility) and str(visibility).lower() != _CUSTOM
    if not wrong_mode and not wrong_visibility:
        return
    said, signs = [], []
    if wrong_mode:
        said.append(f"the patch mode {mode} where schedules have User")
        signs.append(sign("properties.extensionProperties.InGuestPatchMode", mode, "User"))
    if wrong_visibility:
        said.append(f"the visibility {visibility} where schedules have Custom")
        signs.append(sign("properties.visibility", visibility, "Custom"))
    severity = Severity.HIGH if wrong_mode else Severity.MEDIUM
    if has_patched(configuration.id, attached, context):
        severity = Severity.LOW
        said[-1] += " (a run of it has succeeded all the same)"
    yield observe(
        f"the schedule {configuration.name} has {' and '.join(said)}",
        *signs,
        severity=severity,
        confidence=Confidence.MEDIUM,
        resource_id=configuration.id,
        machines=tuple(machine.id for machine in attached),
        maintenanceConfigurationId=configuration.id,
    )
