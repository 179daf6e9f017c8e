"""AUM142: nobody has ever used Azure Update Manager on the machine."""

from __future__ import annotations

from collections.abc import Iterator

from aumdoctor.checks.check import NotApplicable, Observation, Subject, Undetermined, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.extensions import os_update_extensions, patch_extension_handlers, patch_extensions
from aumdoctor.model.facts import Fact, Outcome
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Machine


@check(
    id="AUM142",
    name="never-onboarded",
    severity=Severity.INFO,
    confidence=Confidence.MEDIUM,
    applies_to=Subject.MACHINE,
    needs=(Fact.ASSESSMENT, Fact.MACHINE),
    uses=(Fact.INSTANCE_VIEW, Fact.EXTENSIONS, Fact.INSTALLATION),
    remedies=("enable-periodic-assessment", "assess-now"),
    causes=("AUM014", "AUM016"),
    source="azure-docs: update-manager/workflow-update-manager.md, update-manager/assessment-options.md",
)
def never_onboarded(machine: Machine, context: Context) -> Iterator[Observation | Undetermined | NotApplicable]:
    """The machine has no assessment, no patch extension and no periodic assessment: it was never brought in.

    ## Why it matters
    Nothing is broken here, nothing was ever begun: Azure installs the extension with the first operation, and none was
    asked for. Reports count such a machine as having no missing updates, though nobody has looked.

    ## What to do
    If it is to be patched by Azure Update Manager, switch periodic assessment on, or assess it once, then attach it to
    a schedule.

    ## When it is wrong
    On a machine that is patched by something else on purpose, or was created a moment ago. An extension is looked for
    in every list that could be read; where none could, the answer is unknown, and a VM that is off, whose agent lists
    nothing, is not judged. That "never" is concluded from what is missing (confidence medium): after seven days without
    an assessment and with its extension removed, a machine looks the same.
    """
    if machine.assessment is not None or machine.has_periodic_assessment:
        return
    if machine.installation is not None or _has_extension(machine):
        return
    fact = Fact.EXTENSIONS if machine.is_arc else Fact.INSTANCE_VIEW
    outcome = context.estate.reading(fact, machine.key).outcome
    if outcome is Outcome.INFERRED:
        return
    if outcome is not Outcome.FETCHED:
        yield Undetermined(fact=fact, reason="whether it has the patch extension was not read")
        return
    if machine.is_azure_vm and machine.is_reachable is not True:
        yield NotApplicable(reason="it is not running, and lists no extensions while it is off")
        return
    path = "extensions[].name" if machine.is_arc else "properties.instanceView.vmAgent.extensionHandlers[].type"
    observed = [extension.name for extension in machine.extensions]
    if machine.is_azure_vm:
        observed += [handler.type for handler in machine.extension_handlers]
    yield observe(
        "it was never assessed, has no patch extension and is not assessed periodically: never brought into Azure "
        "Update Manager",
        sign("patchassessmentresources", None, "an assessment", fact=Fact.ASSESSMENT),
        sign(path, observed, "the patch extension", fact=fact),
        sign(
            f"{machine.patch_settings_path}.assessmentMode", machine.patch_settings.assessment_mode, fact=Fact.MACHINE
        ),
    )


def _has_extension(machine: Machine) -> bool:
    return (
        any(patch_extension_handlers(machine)) or any(patch_extensions(machine)) or any(os_update_extensions(machine))
    )
