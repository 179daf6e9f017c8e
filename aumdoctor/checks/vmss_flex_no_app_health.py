"""AUM052: Azure is to patch a member of a scale set by itself, and cannot see whether it is well."""

from __future__ import annotations

from collections.abc import Iterator

from aumdoctor.checks.autopatch_image_not_supported import is_left_to_platform, is_outside_automatic_patching
from aumdoctor.checks.check import NotApplicable, Observation, Subject, Undetermined, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.scale_set_or_aks_member import is_flexible_member
from aumdoctor.model.facts import Fact, Outcome
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Machine

_PUBLISHER = "Microsoft.ManagedServices"
_TYPES = ("applicationhealthwindows", "applicationhealthlinux")


@check(
    id="AUM052",
    name="vmss-flex-no-app-health",
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    applies_to=Subject.AZURE_VM,
    needs=(Fact.MACHINE, Fact.EXTENSIONS, Fact.ASSIGNMENTS),
    uses=(Fact.CONFIGURATIONS,),
    remedies=("add-application-health",),
    source="azure-compute-docs: automatic-vm-guest-patching.md",
)
def vmss_flex_no_app_health(machine: Machine, context: Context) -> Iterator[Observation | Undetermined | NotApplicable]:
    """Azure is to patch a member of a flexible scale set by itself, and the Application Health extension is missing.

    ## Why it matters
    Azure patches the members of a scale set in batches and looks after each batch whether the application still
    answers. Without the extension that tells it so, automatic guest patching does not touch them, though the patch mode
    `AutomaticByPlatform` is accepted: nobody patches the VM.

    ## What to do
    Put the Application Health extension into the scale set's model, so that new members get it too, and on the members
    that are there.

    ## When it is wrong
    Members with the flag for schedules are not judged: Azure does not patch these by itself, and that a schedule does
    not belong on a member is AUM051. Nor are nodes of Azure Kubernetes Service. Neither check causes the other: to be a
    member is no illness, and a missing extension is one wherever Azure is to do the patching.
    """
    if not is_flexible_member(machine):
        yield NotApplicable(reason="it is no member of a flexible scale set")
        return
    if not is_left_to_platform(machine, context):
        yield NotApplicable(reason="Azure is not to patch it by itself")
        return
    if is_outside_automatic_patching(machine) is True:
        yield NotApplicable(reason="Azure does not patch machines of its image by itself (AUM035, AUM141c)")
        return
    if _has_application_health(machine):
        return
    if context.estate.reading(Fact.EXTENSIONS, machine.key).outcome is Outcome.INFERRED:
        yield Undetermined(fact=Fact.EXTENSIONS, reason="its extensions were not listed")
        return
    wanted = f"ApplicationHealth{'Linux' if machine.is_linux else 'Windows'}"
    yield observe(
        "Azure is to patch it by itself as a member of a flexible scale set, and does so only with the Application "
        "Health extension, which it does not have: nobody patches it",
        sign(
            f"extensions[?properties.publisher == '{_PUBLISHER}'].properties.type", None, wanted, fact=Fact.EXTENSIONS
        ),
        sign("properties.virtualMachineScaleSet.id", machine.virtual_machine_scale_set_id),
        sign(f"{machine.patch_settings_path}.patchMode", machine.patch_settings.patch_mode),
    )


def _has_application_health(machine: Machine) -> bool:
    """Whether the extension is there, by its type or, where an inventory has no types, by its name; the agent's own
    list counts as well."""
    known = [(extension.type or extension.name).lower() for extension in machine.extensions]
    known += [handler.type.lower() for handler in machine.extension_handlers]
    return any(each.endswith(_TYPES) for each in known)
