"""Applied is not cured: what an examination made afterwards says of an action."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from aumdoctor.diagnosis.verify import Cure, Verified, verify, verify_all
from aumdoctor.model.facts import Fact, Outcome
from aumdoctor.model.finding import Confidence, Finding, Severity, Unknown
from aumdoctor.remedies.plan import FindingRef, PlannedAction
from tests.builders import NOW, SUBSCRIPTION, azure_vm, change, configuration, estate, examine, reading
from tests.report.planned import assessed_daily, assessed_now

VM = azure_vm("vm-1")
HEALTHY = examine(estate(VM, scheduled=True))


def found(check: str = "AUM039", resource: str = VM.id, **more: Any) -> Finding:
    values: dict[str, Any] = {"severity": Severity.HIGH, "confidence": Confidence.HIGH, "evidence": ()}
    return Finding(check=check, name=check, resource_id=resource, message="it is so", **{**values, **more})


def dark(resource: str = VM.id, check: str = "AUM039") -> Unknown:
    return Unknown(check=check, resource_id=resource, fact=Fact.MACHINE, reason="Azure answered 403")


def of(action: PlannedAction, *findings: Finding, unknowns: tuple[Unknown, ...] = ()) -> Verified:
    return verify(action, change(HEALTHY, findings=findings, unknowns=unknowns), NOW)


def cures(action: PlannedAction, *refs: tuple[str, str]) -> PlannedAction:
    findings = tuple(FindingRef(check=check, resource_id=about) for check, about in refs)
    return msgspec.structs.replace(action, findings=findings)


def test_a_finding_that_is_gone_is_cured() -> None:
    assert of(assessed_daily("vm-1")) == Verified(cure=Cure.CURED, said="the finding is gone")


def test_a_finding_about_something_else_is_not_ours() -> None:
    assert of(assessed_daily("vm-1"), found("AUM040"), found(resource=f"{VM.id}x")).cure is Cure.CURED


def test_a_finding_that_stays_is_not_cured_whatever_the_case_of_its_id() -> None:
    assert of(assessed_daily("vm-1"), found(resource=VM.id.upper())) == Verified(
        cure=Cure.NOT_CURED, said="AUM039 is still there: it is so"
    )


def test_one_of_several_that_stays_is_enough() -> None:
    action = cures(assessed_daily("vm-1"), ("AUM039", VM.id), ("AUM040", VM.id))
    assert of(action, found("AUM040")).cure is Cure.NOT_CURED


def test_what_takes_its_time_is_not_cured_yet_and_says_until_when() -> None:
    action = cures(assessed_now("arc-1"), ("AUM016", VM.id))
    assert of(action, found("AUM016")) == Verified(
        cure=Cure.NOT_YET,
        said="AUM016 is still there; it may take a while",
        until=NOW + timedelta(minutes=15),
    )


@pytest.mark.parametrize("check", ["AUM011", "AUM013", "AUM131"])
def test_nothing_cures_the_past(check: str) -> None:
    verified = of(cures(assessed_daily("vm-1"), (check, VM.id)), found(check))
    assert (verified.cure, verified.until) == (Cure.NOT_YET, None)
    assert "the next one shows" in verified.said


def test_a_check_that_could_not_be_answered_leaves_it_unknown() -> None:
    verified = of(assessed_daily("vm-1"), unknowns=(dark(),))
    assert verified == Verified(cure=Cure.UNKNOWN, said="AUM039 could not be answered: Azure answered 403")


def test_so_does_one_that_could_not_be_answered_for_the_subscription() -> None:
    about = configuration().id
    action = cures(assessed_daily("vm-1"), ("AUM057", about))
    assert of(action, unknowns=(dark(f"/subscriptions/{SUBSCRIPTION}", "AUM057"),)).cure is Cure.UNKNOWN
    assert of(action, unknowns=(dark("", "AUM057"),)).cure is Cure.UNKNOWN
    assert of(action, unknowns=(dark(f"/subscriptions/{SUBSCRIPTION}", "AUM058"),)).cure is Cure.CURED


def test_another_machines_darkness_is_not_ours() -> None:
    assert of(assessed_daily("vm-1"), unknowns=(dark(azure_vm("vm-2").id),)).cure is Cure.CURED


def test_a_machine_that_is_not_to_be_seen_any_more_is_not_called_cured() -> None:
    assert of(assessed_daily("vm-9")) == Verified(cure=Cure.UNKNOWN, said="vm-9 is not to be seen any more")


def test_a_machine_that_was_taken_off_its_schedule_stays_what_it_is() -> None:
    action = change(cures(assessed_daily("vm-1"), ("AUM051", VM.id)), remedy="detach-from-schedule")
    assert of(action, found("AUM051", details={"assignmentId": "/a"})).cure is Cure.NOT_CURED
    verified = of(action, found("AUM051"))
    assert (verified.cure, verified.said) == (Cure.CURED, "no schedule is attached any more; AUM051 itself stays")


def test_many_are_verified_at_once() -> None:
    actions = [assessed_daily("vm-1"), assessed_daily("vm-9")]
    verified = verify_all(actions, HEALTHY, NOW)
    assert [verified[action.id].cure for action in actions] == [Cure.CURED, Cure.UNKNOWN]


def test_an_unread_machine_of_a_real_examination_is_unknown() -> None:
    denied = reading(Fact.MACHINE, VM.key, Outcome.DENIED, reason="Azure answered 403")
    examined = examine(estate(VM, readings=[denied], scheduled=True))
    assert verify(assessed_daily("vm-1"), examined, NOW).cure is Cure.UNKNOWN
