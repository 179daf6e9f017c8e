import pytest

from aumdoctor.checks.customer_managed_without_schedule import customer_managed_without_schedule
from aumdoctor.checks.dynamic_scope_misses import dynamic_scope_misses as check
from aumdoctor.diagnosis.examine import Verdict
from aumdoctor.model.estate import CollectionScope, Estate
from aumdoctor.model.facts import Fact, Outcome
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.maintenance import ConfigurationAssignment
from tests.builders import (
    OTHER_SUBSCRIPTION,
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
    unknowns,
)

WAVE_A = dynamic_scope(tags={"PatchWave": ("wave-a",)})
SHOUTED = azure_vm(tags={"PatchWave": "Wave-A"})
SAID = azure_vm("vm-2", tags={"PatchWave": "wave-a"})


def scoped(*machines: object, scope: ConfigurationAssignment = WAVE_A, **parts: object) -> Estate:
    return estate(*machines, **{"assignments": [scope], **parts})  # type: ignore[arg-type]


def test_a_tag_in_another_case_is_all_that_is_between_them() -> None:
    seen = finding(scoped(SHOUTED), check)
    assert (seen.check, seen.severity, seen.confidence) == ("AUM072", Severity.HIGH, Confidence.MEDIUM)
    assert (seen.resource_id, seen.machines) == (WAVE_A.id, (SHOUTED.id,))
    (evidence,) = seen.evidence
    assert evidence.path == "properties.filter.tagSettings.tags.PatchWave"
    assert (evidence.observed, evidence.expected) == (["PatchWave=wave-a"], "PatchWave=Wave-A")
    assert "tags.PatchWave is PatchWave=Wave-A on the machine, the filter asks for PatchWave=wave-a" in seen.message


def test_it_explains_why_the_vm_has_no_schedule() -> None:
    examination = examine(scoped(SHOUTED), check, customer_managed_without_schedule)
    explained = {found.check: found.explained_by for found in examination.findings}
    assert explained == {"AUM072": None, "AUM033": "AUM072"}


def test_a_scope_that_takes_others_in_leaves_one_out() -> None:
    seen = finding(scoped(SHOUTED, SAID), check)
    assert (seen.severity, seen.machines) == (Severity.MEDIUM, (SHOUTED.id,))
    verdicts = {each.resource_id: each.verdict for each in examine(scoped(SHOUTED, SAID), check).machines}
    assert set(verdicts.values()) == {Verdict.PATCHABLE}


def test_the_name_of_a_tag_alone_is_a_weaker_sign() -> None:
    renamed = azure_vm(tags={"patchwave": "wave-a"})
    assert finding(scoped(renamed), check).confidence is Confidence.LOW


def test_who_has_another_schedule_is_not_missed() -> None:
    assignments = [WAVE_A, static_assignment(SHOUTED)]
    assert findings(scoped(SHOUTED, SAID, assignments=assignments), check) == ()


def test_a_machine_that_differs_in_more_than_case_is_meant_to_be_left_out() -> None:
    other = azure_vm(tags={"PatchWave": "Wave-B"})
    assert findings(scoped(other, SAID), check) == ()
    linux = azure_vm(os_type="Linux", tags={"PatchWave": "Wave-A"})
    for_windows = dynamic_scope(os_types=("Windows",), tags={"PatchWave": ("wave-a",)})
    assert findings(scoped(linux, SAID, scope=for_windows), check) == ()


def test_a_scope_that_matches_nothing_says_what_fails() -> None:
    scope = dynamic_scope(os_types=("Linux",), locations=("westus",))
    seen = finding(scoped(azure_vm(), azure_vm("vm-2", location="westus"), scope=scope), check)
    assert (seen.severity, seen.confidence, seen.machines) == (Severity.HIGH, Confidence.HIGH, ())
    assert "of 2 there fail: osTypes 2, locations 1" in seen.message
    assert [(evidence.path, evidence.observed) for evidence in seen.evidence] == [
        ("properties.filter.osTypes", ["Linux"]),
        ("properties.filter.locations", ["westus"]),
    ]


def test_where_there_is_no_machine_an_empty_scope_is_low() -> None:
    elsewhere = dynamic_scope(resource_group="rg-empty")
    seen = finding(scoped(azure_vm(), scope=elsewhere), check)
    assert seen.severity is Severity.LOW
    assert seen.evidence[0].observed == f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-empty"


def test_where_the_schedule_reaches_machines_otherwise_it_is_medium() -> None:
    vm = azure_vm()
    assignments = [dynamic_scope(os_types=("Linux",)), static_assignment(vm)]
    assert finding(scoped(vm, assignments=assignments), check).severity is Severity.MEDIUM


@pytest.mark.parametrize("scope", [dynamic_scope(), dynamic_scope(os_types=("windows",)), WAVE_A])
def test_a_scope_that_takes_its_machines_in_is_healthy(scope: ConfigurationAssignment) -> None:
    assert findings(scoped(SAID, scope=scope), check) == ()


@pytest.mark.parametrize("schedule", [{"maintenance_scope": "Host"}, {"exists": False}])
def test_schedules_for_hosts_and_deleted_ones_are_not_judged(schedule: dict[str, object]) -> None:
    assert findings(scoped(SHOUTED, configurations=[configuration(**schedule)]), check) == ()


def test_after_a_narrowed_scan_an_empty_scope_proves_nothing() -> None:
    scope = dynamic_scope(os_types=("Linux",))
    narrowed = CollectionScope(resource_groups=("rg-prod",))
    assert findings(scoped(azure_vm(), scope=scope, assignments=[scope]), check)
    assert findings(estate(azure_vm(), assignments=[scope], scope=narrowed), check) == ()


def test_a_subscription_that_was_not_read_proves_nothing() -> None:
    elsewhere = dynamic_scope(subscription=OTHER_SUBSCRIPTION, os_types=("Linux",))
    assert findings(scoped(azure_vm(), scope=elsewhere), check) == ()
    hidden = reading(Fact.MACHINE, f"/subscriptions/{SUBSCRIPTION}", Outcome.DENIED)
    seen = scoped(scope=dynamic_scope(os_types=("Linux",)), readings=[hidden])
    assert findings(seen, check) == ()
    (unknown,) = unknowns(seen, check)
    assert unknown.fact is Fact.MACHINE


def test_the_cure_shows_the_filter_and_the_tags() -> None:
    ((advice, *_),) = examine(scoped(SHOUTED), check).remedies
    assert advice.calls == ()
    assert any(WAVE_A.id in step for step in advice.steps)
    assert any("az tag list" in step and SHOUTED.id in step for step in advice.steps)
