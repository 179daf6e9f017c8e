"""RC-11: a remediation task of a policy assignment."""

import uuid

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.grant_policy_role import missing_grants
from aumdoctor.remedies.remedy import ArmCall, Prescription, Risk, az, remedy

API_VERSION = "2021-10-01"
_MANAGEMENT_GROUPS = "/providers/microsoft.management/managementgroups/"


@remedy(
    name="remediate-policy",
    title="Start a remediation task of the policy",
    risk=Risk.SAFE,
    reversible=False,
    portal="Policy > Remediation > Policies to remediate > (the assignment) > Remediate",
)
def remediate_policy(finding: Finding, estate: Estate) -> Prescription | None:
    """PUT of a remediation on the machine where the finding is about one, else on the assignment's scope.

    On a machine its compliance is evaluated anew, because a wrong `Compliant` would leave it out. That mode does not
    exist for management groups and takes hours on a wide scope, so that there the known non-compliant resources are
    taken. Where a finding names a second policy, its task comes after the first. While it runs a task can be cancelled.
    No task where the policy's identity is seen to lack a role: it would fail.
    """
    details = finding.details
    assignment_id = details.get("policyAssignmentId")
    lacks_right = finding.check == "AUM004" and missing_grants(finding, estate)
    if assignment_id is None or lacks_right:
        return None
    machine = estate.machines_by_key.get(ids.key(finding.resource_id))
    target = machine.id if machine is not None else ids.parse(assignment_id).parent
    if not target:
        return None
    wanted = [(assignment_id, details.get("policyDefinitionReferenceId"))]
    if "thenPolicyAssignmentId" in details:
        wanted.append((details["thenPolicyAssignmentId"], details.get("thenPolicyDefinitionReferenceId")))
    calls, lines, steps = [], [], []
    for assignment, reference in wanted:
        name = _name(estate, target, assignment, reference)
        mode = "ReEvaluateCompliance" if machine is not None else "ExistingNonCompliant"
        body = {"policyAssignmentId": assignment, "resourceDiscoveryMode": mode}
        words = ["--policy-assignment", assignment, "--resource-discovery-mode", mode]
        if reference is not None:
            body["policyDefinitionReferenceId"] = reference
            words += ["--definition-reference-id", reference]
        path = f"{target}/providers/Microsoft.PolicyInsights/remediations/{name}"
        calls.append(ArmCall(method="PUT", path=path, api_version=API_VERSION, body={"properties": body}))
        lines.append(az("policy", "remediation", "create", "--name", name, *_where(target), *words))
        shown = az("policy", "remediation", "show", "--name", name, *_where(target), "--query", "deploymentStatus")
        steps.append(f"Check that it ends without failed deployments: {shown}")
    if len(wanted) > 1:
        steps.insert(0, "Start the second task when the first has ended: the schedule needs the prerequisites.")
    return Prescription(calls=tuple(calls), az=tuple(lines), steps=tuple(steps))


def _name(estate: Estate, target: str, assignment: str, reference: str | None) -> str:
    """A name of its own for each scan and assignment: an ended task is not started again under its name."""
    seed = f"{ids.key(target)} {ids.key(assignment)} {reference or ''}"
    return f"aumdoctor-{estate.collected_at:%Y%m%d%H%M%S}-{uuid.uuid5(uuid.NAMESPACE_URL, seed).hex[:8]}"


def _where(target: str) -> tuple[str, ...]:
    """The options of `az policy remediation` that name a scope."""
    if ids.key(target).startswith(_MANAGEMENT_GROUPS):
        return ("--management-group", ids.name_of(target))
    parts = ids.parse(target)
    if parts.type:
        return ("--resource", target)
    if parts.resource_group:
        return ("--resource-group", parts.resource_group, "--subscription", parts.subscription)
    return ("--subscription", parts.subscription)
