import pytest

from aumdoctor.checks.maintenance_provider_unregistered import maintenance_provider_unregistered as check
from aumdoctor.model.estate import Subscription
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Severity
from tests.builders import (
    PROVIDERS,
    SUBSCRIPTION,
    azure_vm,
    estate,
    finding,
    findings,
    subscription,
    unknowns,
)


def registered_as(state: str) -> list[Subscription]:
    return [subscription(providers=PROVIDERS | {"microsoft.maintenance": state})]


@pytest.mark.parametrize("state", ["NotRegistered", "Unregistered", "Registering"])
def test_a_subscription_with_machines_and_without_the_provider_is_found_once(state: str) -> None:
    machines = [azure_vm("vm-1"), azure_vm("vm-2")]
    found = finding(estate(*machines, subscriptions=registered_as(state)), check)
    assert found.check == "AUM045"
    assert found.severity is Severity.CRITICAL
    assert found.resource_id == f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Maintenance"
    assert found.machines == tuple(machine.id for machine in machines)
    assert "2 machine(s)" in found.message
    assert found.details == {"namespace": "Microsoft.Maintenance"}
    (evidence,) = found.evidence
    assert (evidence.path, evidence.observed, evidence.expected) == ("registrationState", state, "Registered")


def test_the_state_is_compared_without_regard_to_case() -> None:
    assert findings(estate(azure_vm(), subscriptions=registered_as("registered")), check) == ()


def test_a_subscription_without_machines_needs_no_provider() -> None:
    assert findings(estate(subscriptions=registered_as("NotRegistered")), check) == ()


def test_a_provider_that_azure_did_not_list_is_not_called_unregistered() -> None:
    assert findings(estate(azure_vm(), subscriptions=[subscription(providers={})]), check) == ()


def test_providers_that_may_not_be_read_leave_it_unknown() -> None:
    (unknown,) = unknowns(estate(azure_vm(), denied=[Fact.PROVIDERS]), check)
    assert unknown.resource_id == f"/subscriptions/{SUBSCRIPTION}"
    assert unknown.permission == "Microsoft.Resources/subscriptions/providers/read"


def test_a_registration_that_was_not_read_is_not_taken_for_one() -> None:
    seen = estate(azure_vm(), subscriptions=[subscription(providers={})])
    assert findings(seen, check) == ()
    (unknown,) = unknowns(seen, check)
    assert "Microsoft.Maintenance was not read" in unknown.reason
