from aumdoctor.checks.compute_provider_unregistered import compute_provider_unregistered as check
from aumdoctor.model.estate import Subscription
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Operation, Severity
from aumdoctor.model.machine import PatchSettings
from tests.builders import (
    PROVIDERS,
    SUBSCRIPTION,
    arc_machine,
    azure_vm,
    estate,
    finding,
    findings,
    subscription,
    unknowns,
)


def registered_as(state: str) -> list[Subscription]:
    return [subscription(providers=PROVIDERS | {"microsoft.compute": state})]


def test_arc_servers_in_a_subscription_without_the_compute_provider_are_found() -> None:
    arc = arc_machine()
    found = finding(estate(arc, azure_vm(), subscriptions=registered_as("NotRegistered")), check)
    assert (found.check, found.severity) == ("AUM005", Severity.HIGH)
    assert found.resource_id == f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Compute"
    assert found.machines == (arc.id,)
    assert found.blocks == (Operation.PERIODIC_ASSESSMENT,)
    assert "not assessed" in found.message
    (evidence,) = found.evidence
    assert (evidence.path, evidence.observed, evidence.expected) == ("registrationState", "NotRegistered", "Registered")


def test_servers_that_do_not_ask_for_periodic_assessment_do_not_need_it() -> None:
    arc = arc_machine(patch_settings=PatchSettings(assessment_mode="ImageDefault"))
    never_set = arc_machine("arc-2", patch_settings=PatchSettings())
    assert findings(estate(arc, never_set, subscriptions=registered_as("NotRegistered")), check) == ()


def test_azure_vms_alone_are_no_reason() -> None:
    assert findings(estate(azure_vm(), subscriptions=registered_as("NotRegistered")), check) == ()


def test_a_registered_provider_is_fine_in_any_casing() -> None:
    assert findings(estate(arc_machine(), subscriptions=registered_as("REGISTERED")), check) == ()


def test_a_provider_that_azure_did_not_list_is_not_called_unregistered() -> None:
    assert findings(estate(arc_machine(), subscriptions=[subscription(providers={})]), check) == ()


def test_providers_that_may_not_be_read_leave_it_unknown() -> None:
    (unknown,) = unknowns(estate(arc_machine(), denied=[Fact.PROVIDERS]), check)
    assert unknown.fact is Fact.PROVIDERS


def test_a_registration_that_was_not_read_is_not_taken_for_one() -> None:
    seen = estate(arc_machine(), subscriptions=[subscription(providers={})])
    assert findings(seen, check) == ()
    (unknown,) = unknowns(seen, check)
    assert "Microsoft.Compute was not read" in unknown.reason
