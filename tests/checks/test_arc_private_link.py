from datetime import timedelta

import pytest

from aumdoctor.checks.arc_private_link import arc_private_link as check
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Assessment
from tests.builders import (
    NOW,
    arc_agent,
    arc_machine,
    assessment,
    azure_vm,
    estate,
    examine,
    failed_assessment,
    finding,
    findings,
    unknowns,
)

SCOPE = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.HybridCompute/privateLinkScopes/pls-contoso"
LINKED = arc_agent(private_link_scope_id=SCOPE)


@pytest.mark.parametrize(
    "last",
    [
        None,
        failed_assessment("timed out"),
        assessment(last_modified=NOW - timedelta(days=3)),
        assessment(last_modified=None),
    ],
    ids=["never assessed", "failed", "old", "no time"],
)
def test_a_private_link_where_nothing_shows_that_updates_are_reached(last: Assessment | None) -> None:
    found = finding(estate(arc_machine(arc=LINKED, assessment=last)), check)
    assert (found.check, found.severity, found.confidence) == ("AUM124", Severity.MEDIUM, Confidence.LOW)
    (evidence,) = found.evidence
    assert (evidence.path, evidence.observed) == ("properties.privateLinkScopeResourceId", SCOPE)
    assert "pls-contoso" in found.message
    assert "public addresses" in found.message


def test_a_recent_assessment_makes_it_a_note() -> None:
    found = finding(estate(arc_machine(arc=LINKED)), check)
    assert found.severity is Severity.INFO
    assert "is reached" in found.message


def test_a_gateway_is_concluded_from_the_proxy_and_only_a_note() -> None:
    gateway = arc_agent(proxy_url="http://localhost:40343")
    found = finding(estate(arc_machine(arc=gateway, assessment=None)), check)
    assert (found.severity, found.confidence) == (Severity.INFO, Confidence.LOW)
    assert "Arc gateway" in found.message


@pytest.mark.parametrize(
    "agent", [{}, {"private_link_scope_id": ""}, {"proxy_url": "http://proxy.contoso.com:8080"}, {"proxy_url": ""}]
)
def test_near_misses(agent: dict[str, str]) -> None:
    assert findings(estate(arc_machine(arc=arc_agent(**agent), assessment=None)), check) == ()
    assert findings(estate(azure_vm()), check) == ()


def test_a_machine_that_may_not_be_read_is_unknown() -> None:
    (unknown,) = unknowns(estate(arc_machine(arc=LINKED), denied=[Fact.MACHINE]), check)
    assert unknown.fact is Fact.MACHINE


@pytest.mark.parametrize(("os_type", "word"), [("Windows", "*.update.microsoft.com"), ("Linux", "repolist")])
def test_the_cure_names_what_the_system_has_to_reach(os_type: str, word: str) -> None:
    ((remedy,),) = examine(estate(arc_machine(os_type=os_type, arc=LINKED)), check).remedies
    assert any(word in step for step in remedy.steps)
