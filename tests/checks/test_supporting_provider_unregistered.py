import pytest

from aumdoctor.checks.supporting_provider_unregistered import supporting_provider_unregistered as check
from aumdoctor.knowledge.policies import PERIODIC_ASSESSMENT_AUDIT, PERIODIC_ASSESSMENT_VM
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from tests.builders import (
    OTHER_SUBSCRIPTION,
    PROVIDERS,
    SUBSCRIPTION,
    arc_machine,
    azure_vm,
    change,
    configuration,
    dynamic_scope,
    estate,
    examine,
    finding,
    findings,
    policy_assignment,
    static_assignment,
    subscription,
    unknowns,
)

VM = azure_vm()
FOREIGN = configuration(subscription=OTHER_SUBSCRIPTION)


def without(namespace: str, state: str = "NotRegistered", **parts: object) -> Estate:
    providers = PROVIDERS | {namespace: state}
    return estate(VM, **{"subscriptions": [subscription(providers=providers)], **parts})  # type: ignore[arg-type]


def under_policy(definition: str = PERIODIC_ASSESSMENT_VM, **parts: object) -> Estate:
    return without("microsoft.policyinsights", **{"policy_assignments": (policy_assignment(definition),), **parts})


def from_elsewhere(state: str = "NotRegistered", **parts: object) -> Estate:
    given = {"configurations": [FOREIGN], "assignments": [static_assignment(VM, FOREIGN)], **parts}
    return without("microsoft.insights", state, **given)


def test_policies_without_policy_insights() -> None:
    seen = finding(under_policy(), check)
    assert (seen.check, seen.severity, seen.confidence) == ("AUM046", Severity.MEDIUM, Confidence.MEDIUM)
    assert seen.resource_id == f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.PolicyInsights"
    assert seen.machines == (VM.id,)
    assert seen.details == {"namespace": "Microsoft.PolicyInsights"}
    (evidence,) = seen.evidence
    assert (evidence.path, evidence.observed, evidence.expected) == (
        "registrationState",
        "NotRegistered",
        "Registered",
    )
    assert "1 machine(s) under policies" in seen.message


def test_the_auditing_policy_counts_as_well() -> None:
    assert finding(under_policy(PERIODIC_ASSESSMENT_AUDIT), check).machines == (VM.id,)


@pytest.mark.parametrize(
    "policies",
    [
        (),
        (policy_assignment("00000000-0000-0000-0000-000000000000"),),
        (policy_assignment(PERIODIC_ASSESSMENT_VM, scope=f"/subscriptions/{OTHER_SUBSCRIPTION}"),),
        (policy_assignment(PERIODIC_ASSESSMENT_VM, not_scopes=(f"/subscriptions/{SUBSCRIPTION}",)),),
    ],
    ids=["none", "another policy", "another subscription", "excluded"],
)
def test_without_a_policy_that_covers_a_machine_nothing_needs_it(policies: tuple[object, ...]) -> None:
    assert findings(under_policy(policy_assignments=policies), check) == ()


def test_a_schedule_of_another_subscription_asks_for_insights() -> None:
    seen = finding(from_elsewhere(), check)
    assert seen.resource_id.endswith("/providers/Microsoft.Insights")
    assert "a schedule of another subscription patches 1 machine(s) of it" in seen.message
    by_scope = from_elsewhere(assignments=[dynamic_scope(FOREIGN)])
    assert finding(by_scope, check).machines == (VM.id,)


def test_a_schedule_of_its_own_subscription_does_not() -> None:
    assert findings(without("microsoft.insights", scheduled=True), check) == ()
    hosts = change(FOREIGN, maintenance_scope="Host")
    assert findings(from_elsewhere(configurations=[hosts]), check) == ()


@pytest.mark.parametrize("state", ["Registered", "registered", "REGISTERED"])
def test_a_registered_provider_is_healthy_whatever_the_casing(state: str) -> None:
    assert findings(from_elsewhere(state), check) == ()


def test_a_provider_that_azure_did_not_list_is_not_called_unregistered() -> None:
    bare = [subscription(providers={})]
    assert findings(from_elsewhere(subscriptions=bare), check) == ()


def test_a_subscription_without_machines_needs_nothing() -> None:
    there = [subscription(), subscription(OTHER_SUBSCRIPTION, providers={"microsoft.policyinsights": "NotRegistered"})]
    assert findings(estate(VM, subscriptions=there), check) == ()


def test_arc_machines_are_covered_too() -> None:
    arc = arc_machine()
    seen = estate(
        arc,
        subscriptions=[subscription(providers=PROVIDERS | {"microsoft.policyinsights": "Unregistered"})],
        policy_assignments=(policy_assignment(PERIODIC_ASSESSMENT_VM),),
    )
    assert finding(seen, check).machines == (arc.id,)


def test_providers_that_may_not_be_read_leave_it_unknown() -> None:
    (unknown,) = unknowns(under_policy(denied=[Fact.PROVIDERS]), check)
    assert (unknown.fact, unknown.permission) == (Fact.PROVIDERS, "Microsoft.Resources/subscriptions/providers/read")


def test_whether_it_is_needed_is_unknown_where_policies_or_assignments_were_not_read() -> None:
    (unknown,) = unknowns(under_policy(denied=[Fact.POLICY_ASSIGNMENTS]), check)
    assert unknown.fact is Fact.POLICY_ASSIGNMENTS
    (unknown,) = unknowns(from_elsewhere(denied=[Fact.ASSIGNMENTS]), check)
    assert unknown.fact is Fact.ASSIGNMENTS
    # A registered provider is fine whoever needs it.
    assert unknowns(estate(VM, denied=[Fact.POLICY_ASSIGNMENTS, Fact.ASSIGNMENTS]), check) == ()


def test_the_cure_registers_the_provider() -> None:
    ((remedy,),) = examine(under_policy(), check).remedies
    assert remedy.calls[0].path.endswith("/providers/Microsoft.PolicyInsights/register")
