import pytest

from aumdoctor.checks.throttled import throttled as check
from aumdoctor.model.facts import Fact, Gap
from aumdoctor.model.finding import Severity
from tests.builders import OTHER_SUBSCRIPTION, SUBSCRIPTION, azure_vm, estate, examine, findings, subscription


def refused(scope=f"/subscriptions/{SUBSCRIPTION}", operation="list schedule runs", **overrides):
    values = {"scope": scope, "operation": operation, "status": 429, "code": "TooManyRequests", "fact": Fact.RUNS}
    return Gap(**{**values, **overrides})


def test_what_was_refused_is_named_once_for_each_subscription() -> None:
    vm = azure_vm()
    gaps = (refused(), refused(vm.id, "read the instance view"), refused(f"/subscriptions/{OTHER_SUBSCRIPTION}"))
    subscriptions = [subscription(), subscription(OTHER_SUBSCRIPTION, name="test")]
    built = examine(estate(vm, gaps=gaps, subscriptions=subscriptions), check)
    first, second = built.findings
    assert (first.check, first.severity, first.blocks, first.machines) == ("AUM139", Severity.LOW, (), ())
    assert first.resource_id == f"/subscriptions/{SUBSCRIPTION}"
    assert "production" in first.message
    assert "list schedule runs, read the instance view" in first.message
    assert "unknown" in first.message
    assert [each.observed for each in first.evidence] == [429, 429]
    assert "subscription test" in second.message
    (remedy,) = built.remedies[0]
    assert "--concurrency" in remedy.steps[0]


def test_a_refusal_for_the_whole_tenant() -> None:
    (seen,) = findings(estate(azure_vm(), gaps=(refused("/", "list subscriptions"),)), check)
    assert seen.resource_id == "/"
    assert "the tenant" in seen.message


def test_it_is_answered_even_where_everything_was_refused() -> None:
    seen = estate(azure_vm(), missing=list(Fact), gaps=(refused(),))
    assert len(findings(seen, check)) == 1


@pytest.mark.parametrize("status", [None, 403, 500, 503])
def test_other_gaps_are_not_throttling(status) -> None:
    assert findings(estate(azure_vm(), gaps=(refused(status=status),)), check) == ()


def test_without_gaps_nothing_is_said() -> None:
    assert findings(estate(azure_vm()), check) == ()
