import pytest

from aumdoctor.checks.arc_cost import arc_cost as check
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Machine, PatchSettings
from tests.builders import (
    OTHER_SUBSCRIPTION,
    SUBSCRIPTION,
    arc_agent,
    arc_machine,
    azure_vm,
    estate,
    finding,
    findings,
    static_assignment,
    unknowns,
)

UNMANAGED = arc_machine("arc-plain", patch_settings=PatchSettings(), assessment=None)


def test_the_servers_of_a_subscription_are_counted_once_for_all() -> None:
    servers = [arc_machine(f"arc-{number}") for number in range(250)]
    found = finding(estate(*servers, azure_vm(), UNMANAGED), check)
    assert (found.check, found.severity, found.confidence) == ("AUM127", Severity.INFO, Confidence.LOW)
    assert found.resource_id == f"/subscriptions/{SUBSCRIPTION}"
    assert found.machines == ()
    assert found.evidence[0].observed == 250
    assert "about $1,250 a month" in found.message
    assert "Defender for Servers Plan 2" in found.message


@pytest.mark.parametrize(
    "managed",
    [
        arc_machine(assessment=None),
        arc_machine(patch_settings=PatchSettings()),
        arc_machine(arc=arc_agent(status="Disconnected")),
        arc_machine(arc=arc_agent(esu_license_assignment_state="NotAssigned")),
    ],
    ids=["to be assessed", "was assessed", "not connected now", "no licence"],
)
def test_what_makes_a_server_count(managed: Machine) -> None:
    assert finding(estate(managed), check).evidence[0].observed == 1


def test_a_schedule_makes_it_count() -> None:
    assert finding(estate(UNMANAGED, assignments=[static_assignment(UNMANAGED)]), check).evidence[0].observed == 1


@pytest.mark.parametrize(
    "free",
    [UNMANAGED, azure_vm(), arc_machine(arc=arc_agent(esu_license_assignment_state="assigned"))],
    ids=["not managed", "azure vm", "licensed for extended updates"],
)
def test_what_costs_nothing(free: Machine) -> None:
    assert findings(estate(free), check) == ()


def test_each_subscription_has_its_own_sum() -> None:
    seen = estate(arc_machine(), arc_machine(subscription=OTHER_SUBSCRIPTION))
    assert {found.resource_id for found in findings(seen, check)} == {
        f"/subscriptions/{SUBSCRIPTION}",
        f"/subscriptions/{OTHER_SUBSCRIPTION}",
    }


def test_machines_that_may_not_be_read_are_unknown() -> None:
    (unknown,) = unknowns(estate(arc_machine(), denied=[Fact.MACHINE]), check)
    assert unknown.fact is Fact.MACHINE
