"""AUM002: a policy was to turn on periodic assessment, and it is off."""

from collections.abc import Iterator

from msgspec import structs

from aumdoctor.checks.check import Observation, Sign, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.policy_cover import confidence_of, covers, is_without_os_profile
from aumdoctor.knowledge.policies import PERIODIC_ASSESSMENT_ARC, PERIODIC_ASSESSMENT_AUDIT, PERIODIC_ASSESSMENT_VM
from aumdoctor.model import ids
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Operation, Severity
from aumdoctor.model.machine import Machine


@check(
    id="AUM002",
    name="assessment-policy-missed",
    severity=Severity.MEDIUM,
    applies_to=Subject.MACHINE,
    needs=(Fact.MACHINE, Fact.POLICY_ASSIGNMENTS, Fact.POLICY_STATES),
    blocks=(Operation.PERIODIC_ASSESSMENT,),
    remedies=("remediate-policy", "enable-periodic-assessment"),
    causes=("AUM039",),
    source="Azure Update Manager troubleshooting: periodic assessment isn't set by policy; Azure/azure-policy 59efceea",
    seed="§2 Periodic assessment isn't set when the policy is used during VM creation",
)
def assessment_policy_missed(machine: Machine, context: Context) -> Iterator[Observation]:
    """A policy covers the machine that should turn on periodic assessment, yet it is off.

    ## Why it matters
    The policy (effect modify) works on the request that creates the machine. Specialized, migrated and restored VMs
    slip through, and so does everything that was there before the assignment. Nobody notices, because the estate has a
    policy for it.

    ## What to do
    Start a remediation task for the assignment; it changes the machines that exist. Or turn the setting on directly.

    ## When it is wrong
    The setting of the machine decides, never the compliance state: the audit policy does not match VMs without an OS
    profile and shows them as Compliant. Where Azure Policy does not call the machine non-compliant, the assignment's
    parameters (tags, locations, operating system) may leave it out on purpose; the confidence is lower then. An
    assignment that is not enforced (DoNotEnforce) is passed over.
    """
    if machine.has_periodic_assessment:
        return
    covering = covers(machine, context, [PERIODIC_ASSESSMENT_ARC if machine.is_arc else PERIODIC_ASSESSMENT_VM])
    if not covering:
        return
    best = covering[0]
    mode = machine.patch_settings.assessment_mode
    message = f"the policy {best.title} should have turned on periodic assessment, but it is off"
    if is_without_os_profile(machine):
        message += "; the VM was made from a specialized disk or image, which the policy misses at creation"
    traps = () if best.is_non_compliant else _wrongly_compliant(machine, context)
    if traps:
        message += "; Azure Policy calls the machine Compliant all the same"
    seen = observe(
        message,
        sign(f"{machine.patch_settings_path}.assessmentMode", mode, "AutomaticByPlatform"),
        *(() if traps else (best.sign,)),
        *traps,
        confidence=confidence_of(machine, best),
    )
    yield structs.replace(seen, details=best.details)


def _wrongly_compliant(machine: Machine, context: Context) -> tuple[Sign, ...]:
    """The states of the modify and the audit policy that call a machine compliant which is not."""
    known = (PERIODIC_ASSESSMENT_VM, PERIODIC_ASSESSMENT_ARC, PERIODIC_ASSESSMENT_AUDIT)
    return tuple(
        sign(
            "properties.complianceState",
            state.compliance_state,
            "NonCompliant",
            fact=Fact.POLICY_STATES,
            resource_id=state.policy_assignment_id,
        )
        for state in context.policy_states_by_resource.get(machine.key, ())
        if ids.name_of(state.policy_definition_id).lower() in known
        and (state.compliance_state or "").lower() == "compliant"
    )
