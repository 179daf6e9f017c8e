"""AUM047: whoever runs the scan may look, and may not do everything that cures take."""

from __future__ import annotations

from collections.abc import Iterator

from aumdoctor.checks.check import NotApplicable, Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.knowledge.caller_operations import CallerOperation, caller_operations
from aumdoctor.model import ids
from aumdoctor.model.estate import Subscription
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.permissions import Permissions


@check(
    id="AUM047",
    name="insufficient-caller-rbac",
    severity=Severity.INFO,
    confidence=Confidence.MEDIUM,
    applies_to=Subject.SUBSCRIPTION,
    needs=(Fact.CALLER_PERMISSIONS, Fact.MACHINE),
    remedies=("ask-for-rights",),
    source="azure-docs: update-manager/roles-permissions.md, troubleshooter-known-issues.md",
)
def insufficient_caller_rbac(subscription: Subscription, context: Context) -> Iterator[Observation | NotApplicable]:
    """The identity that runs the scan may not do some of what Azure Update Manager offers in a subscription.

    ## Why it matters
    What a cure asks for ends with 403 `AuthorizationFailed` for this identity, however right the cure is. Better to
    know that before the window than in it. The finding names what cannot be done, the actions that are missing and the
    smallest built-in role that has them.

    ## What to do
    Nothing, where the identity is only to look: Reader is enough for every check. Otherwise have the roles granted, on
    the machines and schedules concerned rather than on the whole subscription, or make the change with an identity that
    has them.

    ## When it is wrong
    Azure is asked for the rights on the subscription as a whole. Those on a resource group or on one machine do not
    show there, so that something may be allowed where it is needed all the same. Where nothing at all is granted on the
    subscription the rights lie further down, and nothing is said. A reader is no illness: it is told for information.
    """
    permissions = _granted_in(subscription, context)
    machines = context.machines_by_subscription.get(subscription.id.lower(), [])
    if not machines:
        yield NotApplicable(reason="no machine of the subscription is in scope")
        return
    if permissions is None or not permissions.grants:
        yield NotApplicable(reason="nothing is granted on the subscription itself: the rights lie further down")
        return
    kinds = {"any", *(machine.kind.value for machine in machines)}
    lacking = {
        operation: _lacking(operation, permissions)
        for operation in caller_operations().rows
        if operation.machines in kinds
    }
    lacking = {operation: rights for operation, rights in lacking.items() if rights}
    if not lacking:
        return
    name = subscription.name or subscription.id
    yield observe(
        f"in the subscription {name} as a whole the identity of this scan may not "
        + "; ".join(f"{', '.join(titles)} (smallest role: {role})" for role, titles in _by_role(lacking).items()),
        *(sign("value[].actions", "not granted", " and ".join(rights)) for rights in lacking.values()),
        machines=(),
        scope=ids.subscription_scope(subscription.id),
        operations=" ".join(operation.name for operation in lacking),
    )


def _granted_in(subscription: Subscription, context: Context) -> Permissions | None:
    """What the caller may do on the subscription as a whole; None where Azure was not asked."""
    scope = ids.key(ids.subscription_scope(subscription.id))
    return next((each for each in context.estate.permissions if ids.key(each.scope) == scope), None)


def _lacking(operation: CallerOperation, permissions: Permissions) -> tuple[str, ...]:
    """The rights that an operation takes and the caller has not; of a right that several actions grant, the first."""
    return tuple(right[0] for right in operation.actions if not any(map(permissions.allows, right)))


def _by_role(lacking: dict[CallerOperation, tuple[str, ...]]) -> dict[str, list[str]]:
    titles: dict[str, list[str]] = {}
    for operation in lacking:
        titles.setdefault(operation.role, []).append(operation.title)
    return titles
