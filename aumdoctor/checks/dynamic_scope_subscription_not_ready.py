"""AUM074: a dynamic scope reaches into a subscription in which Microsoft.Maintenance is not registered."""

from __future__ import annotations

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, Undetermined, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.maintenance_provider_unregistered import NAMESPACE
from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Operation, Severity


@check(
    id="AUM074",
    name="dynamic-scope-subscription-not-ready",
    severity=Severity.HIGH,
    applies_to=Subject.ESTATE,
    needs=(Fact.ASSIGNMENTS, Fact.MACHINE, Fact.PROVIDERS),
    uses=(Fact.CONFIGURATIONS,),
    blocks=(Operation.SCHEDULE,),
    remedies=("register-provider",),
    causes=("AUM089",),
    source="azure-compute-docs: troubleshoot-maintenance-configurations.md; "
    "azure-docs: update-manager/enable-cross-subscription-patching.md",
)
def dynamic_scope_subscription_not_ready(estate: Estate, context: Context) -> Iterator[Observation | Undetermined]:
    """A dynamic scope is put on a subscription in which Microsoft.Maintenance is not registered.

    ## Why it matters
    The machines that match the filter look like members of the schedule, and when it runs it does not reach them: in
    each subscription of a dynamic scope the resource provider has to be registered.

    ## What to do
    Register Microsoft.Maintenance in the subscription of the scope and wait until its state is `Registered`. Whoever
    made the schedule also needs the role Scheduled Patching Contributor there.

    ## When it is wrong
    While a registration is under way the state is `Registering`. It is only told of scopes that match machines, and is
    then a consequence of AUM045, which tells of the subscription as a whole. Who made a scope, and with which rights,
    Azure does not say.
    """
    for assignment in estate.assignments:
        if not assignment.is_dynamic:
            continue
        configuration = estate.configurations_by_key.get(ids.key(assignment.maintenance_configuration_id))
        if configuration is not None and not (configuration.exists and configuration.is_guest_patching):
            continue
        subscription = estate.subscriptions_by_id.get(ids.subscription_of(assignment.scope))
        machines = context.machines_by_assignment.get(assignment.id, [])
        if subscription is None or not machines:
            continue
        scope = ids.subscription_scope(subscription.id)
        if not estate.reading(Fact.PROVIDERS, scope).is_known:
            continue  # the engine has said so of the subscription
        state = subscription.providers.get(NAMESPACE.lower())
        if state is None:
            reason = f"the registration of {NAMESPACE} in the subscription of the scope was not read"
            yield Undetermined(fact=Fact.PROVIDERS, reason=reason, resource_id=assignment.id)
        elif state.lower() != "registered":
            yield observe(
                f"the dynamic scope {assignment.name} matches {len(machines)} machine(s) in "
                f"{subscription.name or subscription.id}, where {NAMESPACE} is {state or 'of unknown registration'}",
                sign(
                    "registrationState",
                    state,
                    "Registered",
                    fact=Fact.PROVIDERS,
                    resource_id=ids.provider_id(subscription.id, NAMESPACE),
                ),
                sign("properties.maintenanceConfigurationId", assignment.maintenance_configuration_id),
                resource_id=assignment.id,
                machines=tuple(machine.id for machine in machines),
                namespace=NAMESPACE,
            )
