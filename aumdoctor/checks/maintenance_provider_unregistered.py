"""AUM045: Microsoft.Maintenance is not registered in a subscription with machines."""

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, Undetermined, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.model import ids
from aumdoctor.model.estate import Subscription
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Operation, Severity

NAMESPACE = "Microsoft.Maintenance"


@check(
    id="AUM045",
    name="maintenance-provider-unregistered",
    severity=Severity.CRITICAL,
    applies_to=Subject.SUBSCRIPTION,
    needs=(Fact.PROVIDERS,),
    blocks=(Operation.SCHEDULE,),
    remedies=("register-provider",),
    causes=("AUM033", "AUM074", "AUM134"),
    source="azure-compute-docs: maintenance-configurations.md; azure-docs: update-manager/enable-cross-subscription",
)
def maintenance_provider_unregistered(
    subscription: Subscription, context: Context
) -> Iterator[Observation | Undetermined]:
    """The resource provider Microsoft.Maintenance is not registered in a subscription that holds machines.

    ## Why it matters
    Schedules are resources of Microsoft.Maintenance. Without the registration no machine of the subscription can be
    attached to a schedule, and a dynamic scope of another subscription does not reach into it.

    ## What to do
    Register the provider and wait until its state is `Registered`.

    ## When it is wrong
    When the subscription's machines are meant to be patched on demand only.
    """
    machines = context.machines_by_subscription.get(subscription.id.lower(), [])
    state = subscription.providers.get(NAMESPACE.lower())
    if machines and state is None:
        yield Undetermined(fact=Fact.PROVIDERS, reason=f"the registration of {NAMESPACE} was not read")
    elif machines and state is not None and state.lower() != "registered":
        yield observe(
            f"{NAMESPACE} is {state or 'of unknown registration'} in {subscription.name or subscription.id}: "
            f"no schedule can reach its {len(machines)} machine(s)",
            sign("registrationState", state, "Registered"),
            resource_id=ids.provider_id(subscription.id, NAMESPACE),
            machines=tuple(machine.id for machine in machines),
            namespace=NAMESPACE,
        )
