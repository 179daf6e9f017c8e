"""Azure refuses reads as too many until the scan gives up: the rest is examined, and what is missing is said."""

import pytest

from aumdoctor.model import ids
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Severity
from tests.scenarios.conftest import Serve

POLICIES = "policyAssignments"
AT_ONCE = {"Retry-After": "0"}


@pytest.mark.parametrize("source", ["auto", "arm"])
def test_a_list_that_is_refused_to_the_end_is_told_of_its_subscription(serve: Serve, source: str) -> None:
    doctor = serve(machines=60, seed=4)
    whole = doctor.collect(depth="quick")
    refused = sorted({machine.subscription_id for machine in whole.machines})[0]
    doctor.server.faults.fail(
        rf"GET /subscriptions/{refused}/[^?]*{POLICIES}", 429, None, AT_ONCE, code="TooManyRequests"
    )

    examination = doctor.examine(source=source)

    scope = ids.subscription_scope(refused)
    [told] = [finding for finding in examination.findings if finding.check == "AUM139"]
    assert (told.resource_id.lower(), told.severity, told.blocks) == (scope, Severity.LOW, ())
    assert "list policy assignments" in told.message
    assert [remedy.name for remedy in examination.remedies[examination.findings.index(told)]] == ["scan-slower"]
    assert not examination.estate.reading(Fact.POLICY_ASSIGNMENTS, scope).is_known
    assert any(unknown.fact is Fact.POLICY_ASSIGNMENTS for unknown in examination.unknowns)
    assert {gap.status for gap in examination.estate.gaps} == {429}
    assert len(examination.estate.machines) == 60


def test_where_the_graph_refuses_everything_arm_carries_the_scan(serve: Serve) -> None:
    doctor = serve(machines=30, seed=4)
    doctor.server.faults.fail("POST /providers/Microsoft.ResourceGraph", 429, None, AT_ONCE, code="RateLimiting")

    examination = doctor.examine()

    assert len(examination.estate.machines) == 30
    assert examination.estate.gaps == ()
    assert [finding for finding in examination.findings if finding.check == "AUM139"] == []


def test_a_refusal_that_was_waited_out_is_not_told(serve: Serve) -> None:
    doctor = serve(machines=30, seed=4)
    doctor.server.faults.fail(rf"GET /subscriptions/[^?]*{POLICIES}", 429, 2, AT_ONCE, code="TooManyRequests")

    examination = doctor.examine()

    assert examination.estate.gaps == ()
    assert [finding for finding in examination.findings if finding.check == "AUM139"] == []
