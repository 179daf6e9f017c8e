"""AUM004: a policy's remediation tasks fail, because its identity may not read what the VM refers to."""

from collections.abc import Iterator

from msgspec import structs

from aumdoctor.checks.check import Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.policy_identity import linked_resources, may_contain, roles_of, seems_unable_to_read_links
from aumdoctor.knowledge import policies
from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Operation, Severity
from aumdoctor.model.machine import Machine
from aumdoctor.model.policy import PolicyAssignment, Remediation, RemediationDeployment

_DENIED = ("linkedauthorizationfailed", "authorizationfailed")
_ENDED = ("succeeded", "complete", "failed")


@check(
    id="AUM004",
    name="policy-remediation-denied",
    severity=Severity.HIGH,
    applies_to=Subject.ESTATE,
    needs=(Fact.REMEDIATIONS, Fact.POLICY_ASSIGNMENTS),
    uses=(Fact.ROLE_ASSIGNMENTS, Fact.POLICY_STATES, Fact.MACHINE),
    blocks=(Operation.POLICY,),
    remedies=("grant-policy-role", "remediate-policy"),
    causes=("AUM002", "AUM003"),
    source="Azure Update Manager troubleshooting: policy remediation fails for VMs with gallery images",
    seed="§4 Policy remediation tasks fail for gallery images and for images with encrypted disks",
)
def policy_remediation_denied(estate: Estate, context: Context) -> Iterator[Observation]:
    """The identity of a policy assignment lacks rights, so that its remediation tasks fail.

    ## Why it matters
    To change a VM that was made from a gallery image, or whose disks are encrypted with a disk encryption set, one must
    be able to read those as well. Virtual Machine Contributor, the role that older assignments gave their identity,
    does not include it: the remediation fails, and the VMs stay as they are.

    ## What to do
    Give the assignment's identity the role Contributor at the assignment's scope, and Reader on the gallery or disk
    encryption set where that lies outside. Then run the remediation again. It grants a privilege: have it approved.

    ## When it is wrong
    A failure that a later task over the same resources has made good is passed over. Without any failure it is reported
    as a prediction (confidence low): the identity holds nothing but Virtual Machine Contributor, and VMs refer to an
    image or disk encryption set that it has no role on. Roles through groups and roles on management groups are not
    seen whole, so that an identity with any role that is not understood is not suspected.
    """
    failing = _denied_deployments(estate, context)
    for key, deployments in failing.items():
        yield _failed(context.policy_assignments_by_key[key], deployments, estate)
    yield from (seen for seen in _predictions(estate, context) if ids.key(seen.resource_id or "") not in failing)


def _denied_deployments(
    estate: Estate, context: Context
) -> dict[str, list[tuple[Remediation, int, RemediationDeployment]]]:
    """The failed deployments for want of a right, by the key of the policy assignment; superseded ones left out."""
    found: dict[str, list[tuple[Remediation, int, RemediationDeployment]]] = {}
    ours = _assignments_that_repair(estate) if estate.remediations else frozenset()
    for remediation in estate.remediations:
        key = ids.key(remediation.policy_assignment_id)
        if key not in ours or key not in context.policy_assignments_by_key:
            continue
        for position, deployment in enumerate(remediation.failures):
            if _is_denied(deployment) and not _superseded(remediation, deployment, estate):
                found.setdefault(key, []).append((remediation, position, deployment))
    return found


def _assignments_that_repair(estate: Estate) -> frozenset[str]:
    """The assignments of Azure Update Manager's policies: direct by their definition, in initiatives by the states."""
    direct = ((assignment.id, assignment.definition_id) for assignment in estate.policy_assignments)
    by_state = ((state.policy_assignment_id, state.policy_definition_id) for state in estate.policy_states)
    return frozenset(
        ids.key(assignment_id)
        for assignment_id, definition_id in (*direct, *by_state)
        if ids.name_of(definition_id).lower() in policies.REPAIRING
    )


def _is_denied(deployment: RemediationDeployment) -> bool:
    # The outer code is often only DeploymentFailed, with the reason in the message.
    text = f"{deployment.error_code} {deployment.error_message}".lower()
    return any(code in text for code in _DENIED)


def _superseded(remediation: Remediation, deployment: RemediationDeployment, estate: Estate) -> bool:
    """Whether a later task of the same assignment, ended and over the same resource, has had its turn since."""
    return any(
        later.last_updated is not None
        and remediation.last_updated is not None
        and later.last_updated > remediation.last_updated
        and ids.key(later.policy_assignment_id) == ids.key(remediation.policy_assignment_id)
        and (later.policy_definition_reference_id or "") == (remediation.policy_definition_reference_id or "")
        and (later.provisioning_state or "").lower() in _ENDED
        and _reaches(later, deployment.remediated_resource_id)
        for later in estate.remediations
    )


def _reaches(remediation: Remediation, resource_id: str) -> bool:
    scope = ids.parse(remediation.id).parent
    return may_contain(scope, resource_id)


def _failed(
    assignment: PolicyAssignment, deployments: list[tuple[Remediation, int, RemediationDeployment]], estate: Estate
) -> Observation:
    keys = dict.fromkeys(ids.key(deployment.remediated_resource_id) for _, _, deployment in deployments)
    machines = [estate.machines_by_key[key] for key in keys if key in estate.machines_by_key]
    seen = observe(
        f"remediation of the policy {assignment.display_name or assignment.name} fails on {len(keys)} resource(s): "
        "its identity lacks a right",
        *(
            sign(
                f"deployments[{position}].error",
                f"{deployment.error_code}: {deployment.error_message}",
                None,
                resource_id=remediation.id,
            )
            for remediation, position, deployment in deployments
        ),
        resource_id=assignment.id,
        machines=tuple(machine.id for machine in machines),
    )
    reference_id = deployments[0][0].policy_definition_reference_id
    return structs.replace(seen, details=_details(assignment, reference_id, machines))


def _details(assignment: PolicyAssignment, reference_id: str | None, machines: list[Machine]) -> dict[str, str]:
    linked = dict.fromkeys(resource for machine in machines for resource in linked_resources(machine))
    outside = [resource for resource in linked if not may_contain(assignment.scope, resource)]
    details = {
        "policyAssignmentId": assignment.id,
        "policyDefinitionReferenceId": reference_id,
        "principalId": assignment.principal_id,
        "scope": assignment.scope,
        "linkedResources": " ".join(outside),
    }
    return {name: value for name, value in details.items() if value}


def _predictions(estate: Estate, context: Context) -> Iterator[Observation]:
    suspects = [machine for machine in estate.machines if linked_resources(machine)]
    affected: dict[str, list[Machine]] = {}
    for machine in suspects:
        for definition in sorted(policies.REPAIRING):
            for assignment, _ in context.policies_covering(machine, definition):
                if seems_unable_to_read_links(machine, assignment.principal_id, estate):
                    found = affected.setdefault(ids.key(assignment.id), [])
                    if machine not in found[-1:]:
                        found.append(machine)
    for key, machines in affected.items():
        assignment = context.policy_assignments_by_key[key]
        seen = observe(
            f"remediation of the policy {assignment.display_name or assignment.name} would fail "
            f"on {len(machines)} VM(s): its identity holds only Virtual Machine Contributor",
            *(
                sign(
                    "roleDefinitionId",
                    policies.VIRTUAL_MACHINE_CONTRIBUTOR,
                    policies.CONTRIBUTOR,
                    fact=Fact.ROLE_ASSIGNMENTS,
                    resource_id=role.id,
                )
                for role in roles_of(assignment.principal_id, estate)
            ),
            severity=Severity.MEDIUM,
            confidence=Confidence.LOW,
            resource_id=assignment.id,
            machines=tuple(machine.id for machine in machines),
        )
        yield structs.replace(seen, details=_details(assignment, None, machines))
