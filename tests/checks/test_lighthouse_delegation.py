from aumdoctor.checks.lighthouse_delegation import lighthouse_delegation as check
from aumdoctor.diagnosis.examine import Verdict
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from tests.builders import SUBSCRIPTION, azure_vm, estate, examine, finding, findings, subscription, unknowns

TENANT = "77777777-7777-7777-7777-777777777777"
DELEGATED = [subscription(managed_by_tenants=(TENANT,))]


def test_a_subscription_that_another_tenant_manages() -> None:
    seen = finding(estate(azure_vm(), subscriptions=DELEGATED), check)
    assert (seen.check, seen.severity, seen.confidence) == ("AUM048", Severity.LOW, Confidence.LOW)
    assert seen.resource_id == f"/subscriptions/{SUBSCRIPTION}"
    (evidence,) = seen.evidence
    assert (evidence.path, evidence.observed) == ("managedByTenants[].tenantId", [TENANT])
    assert "Lighthouse" in seen.message


def test_it_concerns_no_single_machine_and_stops_none() -> None:
    examination = examine(estate(azure_vm(), subscriptions=DELEGATED), check)
    assert examination.findings[0].machines == ()
    assert examination.machines[0].verdict is Verdict.PATCHABLE
    ((remedy,),) = examination.remedies
    assert remedy.calls == ()
    assert any(SUBSCRIPTION in step for step in remedy.steps)


def test_a_subscription_of_its_own_tenant_alone_or_without_machines_is_healthy() -> None:
    assert findings(estate(azure_vm()), check) == ()
    assert findings(estate(subscriptions=DELEGATED), check) == ()


def test_machines_that_may_not_be_read_leave_it_unknown() -> None:
    (unknown,) = unknowns(estate(subscriptions=DELEGATED, denied=[Fact.MACHINE]), check)
    assert unknown.fact is Fact.MACHINE
