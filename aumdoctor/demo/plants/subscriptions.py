"""Recipes about a whole subscription: resource providers, delegation, what Arc-enabled servers cost."""

from __future__ import annotations

from datetime import timedelta

from aumdoctor.demo.machines import record_assessment
from aumdoctor.demo.plants.recipe import ARC, VMS, WINDOWS_ARC, Plant
from aumdoctor.demo.policies import PERIODIC_ASSESSMENT, add_policy_assignment, subscription_of
from aumdoctor.demo.state import DemoEstate, stable_guid


def _compute_unregistered_for_arc(state: DemoEstate, machine_id: str) -> str:
    subscription = subscription_of(machine_id)
    state.set_provider(subscription, "Microsoft.Compute", "NotRegistered")
    record_assessment(state, machine_id, state.now - timedelta(hours=20), started_by="User")
    return f"/subscriptions/{subscription}/providers/Microsoft.Compute"


def _maintenance_unregistered(state: DemoEstate, machine_id: str) -> str:
    subscription = subscription_of(machine_id)
    state.set_provider(subscription, "Microsoft.Maintenance", "NotRegistered")
    return f"/subscriptions/{subscription}/providers/Microsoft.Maintenance"


def _policy_insights_unregistered(state: DemoEstate, machine_id: str) -> str:
    subscription = subscription_of(machine_id)
    add_policy_assignment(state, f"/subscriptions/{subscription}", "aum-periodic-assessment", PERIODIC_ASSESSMENT)
    state.set_provider(subscription, "Microsoft.PolicyInsights", "NotRegistered")
    return f"/subscriptions/{subscription}/providers/Microsoft.PolicyInsights"


def _managed_by_another_tenant(state: DemoEstate, machine_id: str) -> str:
    subscription = subscription_of(machine_id)
    state.subscriptions[subscription.lower()]["managedByTenants"] = [{"tenantId": stable_guid("fabrikam-services")}]
    return f"/subscriptions/{subscription}"


def _guest_configuration_unregistered(state: DemoEstate, machine_id: str) -> str:
    subscription = subscription_of(machine_id)
    state.set_provider(subscription, "Microsoft.GuestConfiguration", "NotRegistered")
    return f"/subscriptions/{subscription}/providers/Microsoft.GuestConfiguration"


def _charged_for_arc(state: DemoEstate, machine_id: str) -> str:
    """Nothing is changed: every subscription with Arc-enabled servers pays for what Azure Update Manager does there."""
    return f"/subscriptions/{subscription_of(machine_id)}"


PLANTS = {
    "AUM005": Plant(_compute_unregistered_for_arc, (WINDOWS_ARC,), subscription="contoso-factory-arc"),
    "AUM045": Plant(_maintenance_unregistered, VMS, scheduled=False, subscription="contoso-sandbox"),
    "AUM046": Plant(_policy_insights_unregistered, VMS, subscription="contoso-analytics"),
    "AUM048": Plant(_managed_by_another_tenant, VMS, subscription="contoso-managed-by-fabrikam"),
    "AUM121": Plant(_guest_configuration_unregistered, ARC, subscription="contoso-stores-arc"),
    "AUM127": Plant(_charged_for_arc, ARC),
}
