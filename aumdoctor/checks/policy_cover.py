"""What Azure Policy says of a machine, as the checks of missed policies weigh it."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from aumdoctor.checks.check import Sign, sign
from aumdoctor.checks.context import Context
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence
from aumdoctor.model.machine import Machine
from aumdoctor.model.policy import PolicyAssignment, PolicyState


class Cover(msgspec.Struct, frozen=True, kw_only=True):
    """An enforced assignment of a policy that covers a machine, with the state that Azure Policy wrote, if any."""

    definition: str
    assignment: PolicyAssignment
    state: PolicyState | None

    @property
    def compliance(self) -> str | None:
        return self.state.compliance_state if self.state is not None else None

    @property
    def is_non_compliant(self) -> bool:
        return (self.compliance or "").lower() == "noncompliant"

    @property
    def title(self) -> str:
        """What a person calls the assignment."""
        return self.assignment.display_name or self.assignment.name

    @property
    def sign(self) -> Sign:
        return sign(
            "properties.complianceState",
            self.compliance,
            fact=Fact.POLICY_STATES,
            resource_id=self.assignment.id,
        )

    @property
    def details(self) -> dict[str, str]:
        """What a remediation task of the assignment has to name."""
        named = {"policyAssignmentId": self.assignment.id}
        if self.state is not None and self.state.policy_definition_reference_id:
            named["policyDefinitionReferenceId"] = self.state.policy_definition_reference_id
        return named


def covers(machine: Machine, context: Context, definitions: Iterable[str]) -> tuple[Cover, ...]:
    """The enforced assignments of some policies that cover a machine, the ones that own up to it first.

    An assignment with enforcement mode DoNotEnforce changes nothing when a machine is created, so that it missed
    nothing.
    """
    found = [
        Cover(definition=definition, assignment=assignment, state=state)
        for definition in definitions
        for assignment, state in context.policies_covering(machine, definition)
        if (assignment.enforcement_mode or "Default").lower() != "donotenforce"
    ]
    return tuple(sorted(found, key=lambda cover: not cover.is_non_compliant)) if len(found) > 1 else tuple(found)


def confidence_of(machine: Machine, found: Cover) -> Confidence:
    """How sure it is that a policy was meant for a machine and missed it.

    HIGH where Azure Policy says so itself. Otherwise the assignment's parameters (tags, locations, images) may leave
    the machine out; MEDIUM where it is of the kind for which the policy's rule is known not to hold at creation.
    """
    if found.is_non_compliant:
        return Confidence.HIGH
    return Confidence.MEDIUM if is_without_os_profile(machine) else Confidence.LOW


def is_without_os_profile(machine: Machine) -> bool:
    """Whether a VM was made from a specialized disk or image: by migration, restore or from a gallery."""
    return machine.is_azure_vm and (
        not machine.has_os_profile or (machine.os_disk_create_option or "").lower() == "attach"
    )
