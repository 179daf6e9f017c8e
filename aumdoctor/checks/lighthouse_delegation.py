"""AUM048: a subscription with machines is managed from another tenant."""

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.model import ids
from aumdoctor.model.estate import Subscription
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity


@check(
    id="AUM048",
    name="lighthouse-delegation",
    severity=Severity.LOW,
    confidence=Confidence.LOW,
    applies_to=Subject.SUBSCRIPTION,
    needs=(Fact.MACHINE,),
    remedies=("work-in-home-tenant",),
    source="azure-docs: update-manager/update-manager-faq.md",
)
def lighthouse_delegation(subscription: Subscription, context: Context) -> Iterator[Observation]:
    """A subscription with machines is managed from another tenant, which Azure Update Manager does not support.

    ## Why it matters
    Azure Update Manager says of itself that it does not work through Azure Lighthouse. Somebody who looks after the
    machines from the managing tenant may see no results, or find schedules and policies without effect, while all is
    well for users of the tenant that the subscription belongs to.

    ## What to do
    Set up schedules, assignments and policies with an account of the subscription's own tenant, a guest account of the
    service provider for instance.

    ## When it is wrong
    `managedByTenants` tells that the subscription is delegated, not that patching is done through the delegation: it is
    an inference, of low confidence, and concerns no single machine.
    """
    if not subscription.managed_by_tenants:
        return
    machines = context.machines_by_subscription.get(subscription.id.lower(), ())
    if machines:
        yield observe(
            f"{subscription.name or subscription.id} with its {len(machines)} machine(s) is managed by "
            f"{len(subscription.managed_by_tenants)} other tenant(s) (Azure Lighthouse), "
            "through which Azure Update Manager is not supported",
            sign("managedByTenants[].tenantId", list(subscription.managed_by_tenants), []),
            machines=(),
            scope=ids.subscription_scope(subscription.id),
        )
