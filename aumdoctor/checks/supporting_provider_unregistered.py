"""AUM046: a resource provider is not registered that policies or schedules of another subscription need."""

from __future__ import annotations

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, Undetermined, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.knowledge.policies import PERIODIC_ASSESSMENT_AUDIT, REPAIRING
from aumdoctor.model import ids
from aumdoctor.model.estate import Subscription
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Operation, Severity
from aumdoctor.model.machine import Machine

_POLICIES = "Microsoft.PolicyInsights"
_ACROSS = "Microsoft.Insights"
_DEFINITIONS = (*sorted(REPAIRING), PERIODIC_ASSESSMENT_AUDIT)


@check(
    id="AUM046",
    name="supporting-provider-unregistered",
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    applies_to=Subject.SUBSCRIPTION,
    needs=(Fact.PROVIDERS,),
    uses=(Fact.POLICY_ASSIGNMENTS, Fact.ASSIGNMENTS, Fact.MACHINE),
    blocks=(Operation.POLICY,),
    remedies=("register-provider",),
    source="azure-docs: update-manager/enable-cross-subscription-patching.md; Azure Policy: remediation",
)
def supporting_provider_unregistered(
    subscription: Subscription, context: Context
) -> Iterator[Observation | Undetermined]:
    """A resource provider is not registered that the policies, or the schedules from elsewhere, of a subscription need.

    ## Why it matters
    Without Microsoft.PolicyInsights Azure neither tells which machines comply with the policies of Azure Update Manager
    nor takes a remediation task. Microsoft.Insights is asked for where a schedule of one subscription patches machines
    of another.

    ## What to do
    Register the provider and wait until its state is `Registered`.

    ## When it is wrong
    It is only said where the need is seen: a policy of Azure Update Manager that covers machines of the subscription,
    or a machine on a schedule of another one. Microsoft.EventGrid, which pre-events and post-events need, is not judged
    here: the events of a schedule are not read. While a registration is under way the state is `Registering`.
    """
    machines = context.machines_by_subscription.get(subscription.id.lower())
    if not machines:
        return
    scope = ids.subscription_scope(subscription.id)
    policies = _unregistered(subscription, _POLICIES)
    if policies is not None:
        if not context.estate.reading(Fact.POLICY_ASSIGNMENTS, scope).is_known:
            reason = f"{_POLICIES} is {policies}, and whether a policy needs it was not read"
            yield Undetermined(fact=Fact.POLICY_ASSIGNMENTS, reason=reason)
        else:
            covered = [machine for machine in machines if _has_policy(machine, context)]
            if covered:
                effect = f"no compliance and no remediation for {len(covered)} machine(s) under policies"
                yield _found(subscription, _POLICIES, policies, effect, covered)
    across = _unregistered(subscription, _ACROSS)
    if across is not None:
        if not context.estate.reading(Fact.ASSIGNMENTS, scope).is_known:
            reason = f"{_ACROSS} is {across}, and whether a schedule of another subscription needs it was not read"
            yield Undetermined(fact=Fact.ASSIGNMENTS, reason=reason)
        else:
            foreign = [machine for machine in machines if _is_scheduled_from_elsewhere(machine, context)]
            if foreign:
                effect = f"a schedule of another subscription patches {len(foreign)} machine(s) of it"
                yield _found(subscription, _ACROSS, across, effect, foreign)


def _unregistered(subscription: Subscription, namespace: str) -> str | None:
    """The state of a provider that is not registered; None where it is, or where Azure did not list it."""
    state = subscription.providers.get(namespace.lower())
    return None if state is None or state.lower() == "registered" else state


def _has_policy(machine: Machine, context: Context) -> bool:
    return any(context.policies_covering(machine, definition) for definition in _DEFINITIONS)


def _is_scheduled_from_elsewhere(machine: Machine, context: Context) -> bool:
    return any(
        ids.subscription_of(tie.assignment.maintenance_configuration_id) not in ("", machine.subscription_id)
        for tie in context.schedules(machine)
    )


def _found(subscription: Subscription, namespace: str, state: str, effect: str, machines: list[Machine]) -> Observation:
    return observe(
        f"{namespace} is {state} in {subscription.name or subscription.id}: {effect}",
        sign("registrationState", state, "Registered"),
        resource_id=ids.provider_id(subscription.id, namespace),
        machines=tuple(machine.id for machine in machines),
        namespace=namespace,
    )
