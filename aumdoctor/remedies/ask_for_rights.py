"""Advice: have the roles granted that the caller lacks."""

from aumdoctor.knowledge.caller_operations import CallerOperation, caller_operation, caller_operations
from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.remedy import Prescription, Risk, az, remedy


@remedy(
    name="ask-for-rights",
    title="Have the missing roles granted, where the identity is to do more than look",
    risk=Risk.ADVICE,
    reversible=True,
    portal="Subscriptions > (the subscription) > Access control (IAM) > Add role assignment",
)
def ask_for_rights(finding: Finding, estate: Estate) -> Prescription | None:
    """Not made out as a call: who may do what is for the owner of the subscription to say."""
    scope = finding.details.get("scope", "")
    if not scope:
        return None
    names = finding.details.get("operations", "").split()
    operations = [caller_operation(name) for name in names] if names else list(caller_operations().rows)
    by_role: dict[str, list[CallerOperation]] = {}
    for operation in operations:
        by_role.setdefault(operation.role_id, []).append(operation)
    steps = ["Do nothing where the identity is only to look: Reader is enough for every check."]
    steps += [_grant(needing, scope) for needing in by_role.values()]
    steps.append("Prefer a resource group, a machine or a schedule as the scope to the whole subscription.")
    steps += dict.fromkeys(operation.remark for operation in operations if operation.remark)
    subscription = ids.subscription_of(scope)
    listed = az("role", "assignment", "list", "--all", "--assignee", "<object id>", "--subscription", subscription)
    steps.append(f"Check what the identity has: {listed}")
    return Prescription(steps=tuple(steps))


def _grant(operations: list[CallerOperation], scope: str) -> str:
    what = ", ".join(operation.title for operation in operations)
    first = operations[0]
    line = az("role", "assignment", "create", "--assignee", "<object id>", "--role", first.role_id, "--scope", scope)
    return f"To {what} it needs {first.role}, which an owner grants: {line}"
