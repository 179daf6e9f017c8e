"""AUM121: a resource provider of Azure Arc is not registered in a subscription with Arc-enabled servers."""

from __future__ import annotations

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, Undetermined, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.model import ids
from aumdoctor.model.estate import Subscription
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Severity

_NEEDED = {
    "Microsoft.HybridCompute": "servers cannot be connected, changed or assessed there",
    "Microsoft.GuestConfiguration": "the extensions of servers and the policies inside them are not served there",
}
_OPTIONAL = {
    "Microsoft.HybridConnectivity": "only access by SSH needs it",
    "Microsoft.AzureArcData": "only SQL Server enabled by Azure Arc needs it",
}


@check(
    id="AUM121",
    name="arc-provider-unregistered",
    severity=Severity.HIGH,
    applies_to=Subject.SUBSCRIPTION,
    needs=(Fact.PROVIDERS,),
    uses=(Fact.MACHINE,),
    remedies=("register-provider",),
    source="azure-arc docs: servers/prerequisites.md",
)
def arc_provider_unregistered(subscription: Subscription, context: Context) -> Iterator[Observation | Undetermined]:
    """A resource provider of Azure Arc is not registered in a subscription that holds Arc-enabled servers.

    ## Why it matters
    Microsoft.HybridCompute is the service that the servers belong to, Microsoft.GuestConfiguration that which looks
    after what runs on them. With either unregistered, requests about the servers are refused, among them those that
    install the update extension. Microsoft.HybridConnectivity and Microsoft.AzureArcData are on the same list of
    prerequisites, but serve SSH and SQL Server only.

    ## What to do
    Register the provider and wait until its state is `Registered`.

    ## When it is wrong
    While the registration is under way (`Registering`). For the two providers that patching does not need it is a note
    (info). Whether Microsoft.Compute is registered, which periodic assessment needs, is AUM005.
    """
    machines = tuple(
        machine.id for machine in context.machines_by_subscription.get(subscription.id.lower(), ()) if machine.is_arc
    )
    if not machines:
        return
    for namespace, effect in (*_NEEDED.items(), *_OPTIONAL.items()):
        optional = namespace in _OPTIONAL
        state = subscription.providers.get(namespace.lower())
        if state is None:
            if not optional:
                yield Undetermined(fact=Fact.PROVIDERS, reason=f"the registration of {namespace} was not read")
            continue
        if state.lower() == "registered":
            continue
        yield observe(
            f"{namespace} is {state} in {subscription.name or subscription.id} "
            f"with {len(machines)} Arc-enabled server(s): {effect}",
            sign("registrationState", state, "Registered"),
            severity=Severity.INFO if optional else None,
            resource_id=ids.provider_id(subscription.id, namespace),
            machines=machines,
            namespace=namespace,
        )
