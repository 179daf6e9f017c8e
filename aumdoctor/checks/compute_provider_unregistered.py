"""AUM005: Microsoft.Compute is not registered in a subscription with Arc-enabled servers."""

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, Undetermined, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.model import ids
from aumdoctor.model.estate import Subscription
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Operation, Severity

NAMESPACE = "Microsoft.Compute"


@check(
    id="AUM005",
    name="compute-provider-unregistered",
    severity=Severity.HIGH,
    applies_to=Subject.SUBSCRIPTION,
    needs=(Fact.PROVIDERS,),
    uses=(Fact.MACHINE,),
    blocks=(Operation.PERIODIC_ASSESSMENT,),
    remedies=("register-provider",),
    causes=("AUM008", "AUM023", "AUM129"),
    source="azure-docs: update-manager/troubleshoot.md, update-manager/assessment-options.md",
    seed="§5 Periodic assessment is not generated for Arc-enabled servers",
)
def compute_provider_unregistered(subscription: Subscription, context: Context) -> Iterator[Observation | Undetermined]:
    """The resource provider Microsoft.Compute is not registered in a subscription whose Arc-enabled servers are to be
    assessed periodically.

    ## Why it matters
    The periodic assessment of an Arc-enabled server is a service of Microsoft.Compute, although the server itself
    belongs to Microsoft.HybridCompute. A subscription that never held an Azure VM usually lacks the registration: the
    servers carry the right setting and are never assessed.

    ## What to do
    Register the provider and wait until its state is `Registered`. The first assessments follow within a day.

    ## When it is wrong
    Never for a server that asks for periodic assessment; servers that do not ask for it are not counted.
    """
    machines = tuple(
        machine.id
        for machine in context.machines_by_subscription.get(subscription.id.lower(), [])
        if machine.is_arc and machine.has_periodic_assessment
    )
    state = subscription.providers.get(NAMESPACE.lower())
    if machines and state is None:
        yield Undetermined(fact=Fact.PROVIDERS, reason=f"the registration of {NAMESPACE} was not read")
    elif machines and state is not None and state.lower() != "registered":
        yield observe(
            f"{NAMESPACE} is {state or 'of unknown registration'} in {subscription.name or subscription.id}: "
            f"its {len(machines)} Arc-enabled server(s) with periodic assessment are not assessed",
            sign("registrationState", state, "Registered"),
            resource_id=ids.provider_id(subscription.id, NAMESPACE),
            machines=machines,
            namespace=NAMESPACE,
        )
