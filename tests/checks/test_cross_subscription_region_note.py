from typing import Any

import pytest

from aumdoctor.checks.cross_subscription_region_note import cross_subscription_region_note as check
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Severity
from tests.builders import (
    OTHER_SUBSCRIPTION,
    PROVIDERS,
    SUBSCRIPTION,
    azure_vm,
    configuration,
    estate,
    examine,
    finding,
    findings,
    static_assignment,
    subscription,
    unknowns,
)

HUB = configuration(subscription=OTHER_SUBSCRIPTION)
VM, HERE = azure_vm(), azure_vm("vm-2", subscription=OTHER_SUBSCRIPTION)


def across(hub: dict[str, str] | None = None, **parts: Any) -> Estate:
    """A schedule in a subscription of its own, in which providers are in these states, patches a machine of another."""
    both = [subscription(), subscription(OTHER_SUBSCRIPTION, name="hub", providers={**PROVIDERS, **(hub or {})})]
    given = {
        "subscriptions": both,
        "configurations": [HUB],
        "assignments": [static_assignment(VM, HUB), static_assignment(HERE, HUB)],
    }
    return estate(VM, HERE, **{**given, **parts})


def test_a_schedule_of_another_subscription_is_noted() -> None:
    seen = finding(across(), check)
    assert (seen.check, seen.severity) == ("AUM089", Severity.INFO)
    assert (seen.resource_id, seen.machines) == (HUB.id, (VM.id,))
    assert "of the subscription hub patches 1 machine(s) of production" in seen.message
    assert examine(across(), check).remedies == ((),)


@pytest.mark.parametrize("namespace", ["Microsoft.Maintenance", "Microsoft.Insights"])
def test_a_provider_that_is_not_registered_where_the_schedule_is_makes_it_medium(namespace: str) -> None:
    seen = across({namespace.lower(): "NotRegistered"})
    assert finding(seen, check).severity is Severity.MEDIUM
    assert f"{namespace} is NotRegistered in its own subscription" in finding(seen, check).message
    ((remedy,),) = examine(seen, check).remedies
    assert remedy.calls[0].path == f"/subscriptions/{OTHER_SUBSCRIPTION}/providers/{namespace}/register"


def test_what_lacks_in_the_subscription_of_the_machines_is_told_there() -> None:
    lacking = subscription(providers={**PROVIDERS, "microsoft.insights": "NotRegistered"})
    seen = across(subscriptions=[lacking, subscription(OTHER_SUBSCRIPTION)])
    assert finding(seen, check).severity is Severity.INFO


def test_registrations_that_were_not_read_make_it_no_worse() -> None:
    assert finding(across(missing=[Fact.PROVIDERS]), check).severity is Severity.INFO
    unseen = across(subscriptions=[subscription()])
    assert (finding(unseen, check).severity, OTHER_SUBSCRIPTION in finding(unseen, check).message) == (
        Severity.INFO,
        True,
    )


def test_one_finding_for_a_schedule_however_many_it_patches() -> None:
    machines = [azure_vm(f"vm-{number}") for number in range(5)]
    assigned = [static_assignment(machine, HUB) for machine in machines]
    seen = finding(estate(*machines, configurations=[HUB], assignments=assigned), check)
    assert len(seen.machines) == 5


@pytest.mark.parametrize("schedule", [{"maintenance_scope": "Host"}, {"exists": False}])
def test_schedules_for_hosts_and_deleted_ones_are_not_judged(schedule: dict[str, Any]) -> None:
    other = configuration(subscription=OTHER_SUBSCRIPTION, **schedule)
    assert findings(across(configurations=[other]), check) == ()


def test_within_one_subscription_nothing_is_said() -> None:
    shouted = azure_vm(subscription=SUBSCRIPTION.upper())
    assert findings(estate(shouted, scheduled=True), check) == ()
    assert findings(across(assignments=[static_assignment(HERE, HUB)]), check) == ()


def test_assignments_that_may_not_be_read_leave_it_unknown() -> None:
    found = unknowns(across(denied=[Fact.ASSIGNMENTS]), check)
    assert {unknown.fact for unknown in found} == {Fact.ASSIGNMENTS}
