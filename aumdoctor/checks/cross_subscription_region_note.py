"""AUM089: a schedule of one subscription patches machines of another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from msgspec import structs

from aumdoctor.checks.check import Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.model import ids
from aumdoctor.model.estate import Estate, Subscription
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Severity
from aumdoctor.model.machine import Machine

_NEEDED = ("Microsoft.Maintenance", "Microsoft.Insights")


@check(
    id="AUM089",
    name="cross-subscription-region-note",
    severity=Severity.INFO,
    applies_to=Subject.ESTATE,
    needs=(Fact.CONFIGURATIONS, Fact.ASSIGNMENTS, Fact.MACHINE),
    uses=(Fact.PROVIDERS,),
    remedies=("register-provider",),
    source="azure-docs: update-manager/enable-cross-subscription-patching.md, cross-subscription-patching.md",
)
def cross_subscription_region_note(estate: Estate, context: Context) -> Iterator[Observation]:
    """A schedule patches machines of another subscription than its own.

    ## Why it matters
    That is supported, whatever older pages say, and asks for more: Microsoft.Maintenance and Microsoft.Insights have to
    be registered in both subscriptions, and whoever attaches machines needs Scheduled Patching Contributor on the
    schedule and on the machines. Whoever sees one subscription only sees half of it.

    ## What to do
    Nothing where it runs. Where a resource provider is not registered in the schedule's subscription, register it.

    ## When it is wrong
    It is information, and medium where one of the two providers is not registered in the schedule's subscription. In
    the subscription of the machines AUM045 and AUM046 tell of them. A schedule whose subscription was not read is only
    noted.
    """
    for configuration in context.guest_configurations:
        home = ids.subscription_of(configuration.id)
        foreign: dict[str, list[Machine]] = defaultdict(list)
        for machine in context.machines_by_configuration.get(configuration.id, ()):
            if machine.subscription_id != home:
                foreign[machine.subscription_id].append(machine)
        if not foreign:
            continue
        missing = _unregistered(estate.subscriptions_by_id.get(home))
        machines = [machine for of_subscription in foreign.values() for machine in of_subscription]
        named = ", ".join(_name(estate, subscription) for subscription in sorted(foreign))
        told = "".join(f"; {namespace} is {state} in its own subscription" for namespace, state in missing.items())
        seen = observe(
            f"the schedule {configuration.name} of the subscription {_name(estate, home)} patches {len(machines)} "
            f"machine(s) of {named}{told}",
            sign("id", configuration.id),
            *(
                sign(
                    "registrationState",
                    state,
                    "Registered",
                    fact=Fact.PROVIDERS,
                    resource_id=ids.provider_id(home, namespace),
                )
                for namespace, state in missing.items()
            ),
            severity=Severity.MEDIUM if missing else None,
            resource_id=configuration.id,
            machines=tuple(machine.id for machine in machines),
        )
        details = {"maintenanceConfigurationId": configuration.id}
        if missing:
            details["namespace"] = next(iter(missing))
        yield structs.replace(seen, details=details)


def _unregistered(subscription: Subscription | None) -> dict[str, str]:
    """The providers that are known not to be registered, with their state."""
    states = subscription.providers if subscription is not None else {}
    found = {namespace: states.get(namespace.lower()) for namespace in _NEEDED}
    return {namespace: state for namespace, state in found.items() if state and state.lower() != "registered"}


def _name(estate: Estate, subscription_id: str) -> str:
    known = estate.subscriptions_by_id.get(subscription_id)
    return known.name or known.id if known is not None else subscription_id
