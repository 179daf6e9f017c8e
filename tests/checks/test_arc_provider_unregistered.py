import pytest

from aumdoctor.checks.arc_provider_unregistered import arc_provider_unregistered as check
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Severity
from tests.builders import (
    OTHER_SUBSCRIPTION,
    PROVIDERS,
    SUBSCRIPTION,
    arc_machine,
    azure_vm,
    estate,
    examine,
    finding,
    findings,
    subscription,
    unknowns,
)

ARC_1, ARC_2 = arc_machine("arc-1"), arc_machine("arc-2")


def with_providers(**states: str) -> Estate:
    names = {f"microsoft.{name}": state for name, state in states.items()}
    return estate(ARC_1, ARC_2, azure_vm(), subscriptions=[subscription(providers=PROVIDERS | names)])


@pytest.mark.parametrize("name", ["HybridCompute", "GuestConfiguration"])
@pytest.mark.parametrize("state", ["NotRegistered", "Unregistered", "registering"])
def test_a_provider_that_arc_needs(name: str, state: str) -> None:
    found = finding(with_providers(**{name.lower(): state}), check)
    assert (found.check, found.severity) == ("AUM121", Severity.HIGH)
    assert found.resource_id == f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.{name}"
    assert found.machines == (ARC_1.id, ARC_2.id)
    (evidence,) = found.evidence
    assert (evidence.path, evidence.observed, evidence.expected) == ("registrationState", state, "Registered")
    assert "2 Arc-enabled server(s)" in found.message


@pytest.mark.parametrize("name", ["HybridConnectivity", "AzureArcData"])
def test_a_provider_that_patching_does_not_need_is_a_note(name: str) -> None:
    found = finding(with_providers(**{name.lower(): "NotRegistered"}), check)
    assert found.severity is Severity.INFO
    assert "only" in found.message


def test_each_provider_is_a_finding_of_its_own_with_its_own_cure() -> None:
    seen = examine(with_providers(hybridcompute="NotRegistered", azurearcdata="NotRegistered"), check)
    paths = [remedy.calls[0].path.split("/providers/")[1] for (remedy,) in seen.remedies]
    assert paths == ["Microsoft.HybridCompute/register", "Microsoft.AzureArcData/register"]


def test_registered_in_any_casing_and_optional_ones_that_were_not_read_are_fine() -> None:
    seen = with_providers(hybridcompute="registered", guestconfiguration="REGISTERED")
    assert findings(seen, check) == ()
    assert unknowns(seen, check) == ()


def test_without_arc_enabled_servers_it_does_not_matter() -> None:
    lacking = subscription(providers={"microsoft.hybridcompute": "NotRegistered"})
    assert findings(estate(azure_vm(), subscriptions=[lacking]), check) == ()
    elsewhere = [lacking, subscription(OTHER_SUBSCRIPTION)]
    assert findings(estate(arc_machine(subscription=OTHER_SUBSCRIPTION), subscriptions=elsewhere), check) == ()


def test_a_provider_that_was_not_read_is_unknown_and_not_registered() -> None:
    unread = subscription(providers={"microsoft.hybridcompute": "Registered"})
    (unknown,) = unknowns(estate(ARC_1, subscriptions=[unread]), check)
    assert unknown.fact is Fact.PROVIDERS
    assert "Microsoft.GuestConfiguration" in unknown.reason


def test_providers_that_may_not_be_read_are_unknown() -> None:
    (unknown,) = unknowns(estate(ARC_1, denied=[Fact.PROVIDERS]), check)
    assert unknown.fact is Fact.PROVIDERS
