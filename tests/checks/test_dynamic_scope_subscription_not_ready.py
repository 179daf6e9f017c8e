from typing import Any

import pytest

from aumdoctor.checks.dynamic_scope_subscription_not_ready import dynamic_scope_subscription_not_ready as check
from aumdoctor.checks.maintenance_provider_unregistered import maintenance_provider_unregistered
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact, Outcome
from aumdoctor.model.finding import Severity
from tests.builders import (
    OTHER_SUBSCRIPTION,
    PROVIDERS,
    SUBSCRIPTION,
    azure_vm,
    configuration,
    dynamic_scope,
    estate,
    examine,
    finding,
    findings,
    reading,
    static_assignment,
    subscription,
    unknowns,
)

VM = azure_vm(subscription=OTHER_SUBSCRIPTION)
HERE = azure_vm("vm-2")
SCOPE = dynamic_scope(subscription=OTHER_SUBSCRIPTION)


def registered(state: str | None, **parts: Any) -> Estate:
    """A schedule whose dynamic scope reaches into another subscription, in which the provider is in this state."""
    providers = {**PROVIDERS, "microsoft.maintenance": state}
    if state is None:
        del providers["microsoft.maintenance"]
    both = [subscription(), subscription(OTHER_SUBSCRIPTION, name="shops", providers=providers)]
    return estate(VM, HERE, **{"subscriptions": both, "assignments": [SCOPE], **parts})


@pytest.mark.parametrize("state", ["NotRegistered", "Unregistered", "Registering"])
def test_the_provider_is_not_registered_where_the_scope_reaches(state: str) -> None:
    seen = finding(registered(state), check)
    assert (seen.check, seen.severity) == ("AUM074", Severity.HIGH)
    assert (seen.resource_id, seen.machines) == (SCOPE.id, (VM.id,))
    assert (seen.evidence[0].path, seen.evidence[0].observed) == ("registrationState", state)
    assert "shops" in seen.message


def test_it_is_a_consequence_of_what_is_told_of_the_subscription() -> None:
    examination = examine(registered("NotRegistered"), check, maintenance_provider_unregistered)
    explained = {each.check: each.explained_by for each in examination.findings}
    assert explained == {"AUM045": None, "AUM074": "AUM045"}


@pytest.mark.parametrize("state", ["Registered", "registered"])
def test_registered_is_healthy(state: str) -> None:
    assert findings(registered(state), check) == ()


def test_static_assignments_and_scopes_without_machines_are_left_to_others() -> None:
    static = static_assignment(VM)
    assert findings(registered("NotRegistered", assignments=[static]), check) == ()
    nobody = dynamic_scope(subscription=OTHER_SUBSCRIPTION, os_types=("Linux",))
    assert findings(registered("NotRegistered", assignments=[nobody]), check) == ()
    unread = dynamic_scope(subscription="99999999-9999-9999-9999-999999999999")
    assert findings(registered("NotRegistered", assignments=[unread]), check) == ()


def test_schedules_for_hosts_are_not_judged() -> None:
    host = configuration(maintenance_scope="Host")
    assert findings(registered("NotRegistered", configurations=[host]), check) == ()


def test_a_registration_that_azure_did_not_list_is_unknown() -> None:
    (unknown,) = unknowns(registered(None), check)
    assert (unknown.resource_id, unknown.fact) == (SCOPE.id, Fact.PROVIDERS)


def test_registrations_that_may_not_be_read_are_unknown_once() -> None:
    hidden = reading(Fact.PROVIDERS, f"/subscriptions/{OTHER_SUBSCRIPTION}", Outcome.DENIED)
    seen = registered(None, readings=[hidden])
    (unknown,) = unknowns(seen, check)
    assert (unknown.resource_id, unknown.permission) == (
        f"/subscriptions/{OTHER_SUBSCRIPTION}",
        "Microsoft.Resources/subscriptions/providers/read",
    )
    assert findings(seen, check) == ()


def test_the_cure_registers_it_in_the_subscription_of_the_scope() -> None:
    ((remedy,),) = examine(registered("NotRegistered"), check).remedies
    assert remedy.calls[0].path == f"/subscriptions/{OTHER_SUBSCRIPTION}/providers/Microsoft.Maintenance/register"
    assert SUBSCRIPTION not in remedy.calls[0].path
