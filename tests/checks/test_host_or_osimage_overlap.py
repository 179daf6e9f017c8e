from typing import Any

import pytest

from aumdoctor.checks.engine import AnswerState, answers
from aumdoctor.checks.host_or_osimage_overlap import host_or_osimage_overlap as check
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Severity
from aumdoctor.model.maintenance import MaintenanceConfiguration
from tests.builders import (
    NOW,
    arc_machine,
    azure_vm,
    change,
    configuration,
    estate,
    examine,
    finding,
    findings,
    static_assignment,
    unknowns,
)

VM = azure_vm()
WEEKLY = configuration()


def platform(scope: str | None = "Host", **window: str) -> MaintenanceConfiguration:
    return configuration("platform", maintenance_scope=scope, window=change(WEEKLY.window, **window))


def both(other: MaintenanceConfiguration, **parts: Any) -> Estate:
    assignments = [static_assignment(VM, WEEKLY), static_assignment(VM, other, name="assign-2")]
    return estate(VM, **{"configurations": [WEEKLY, other], "assignments": assignments, **parts})


@pytest.mark.parametrize(
    ("scope", "called"), [("Host", "host"), ("host", "host"), ("OSImage", "OS image"), ("osimage", "OS image")]
)
@pytest.mark.parametrize("start", ["2026-01-03 23:00", "2026-01-03 20:00"])
def test_host_and_guest_at_the_same_time(scope: str, called: str, start: str) -> None:
    seen = finding(both(platform(scope, start_date_time=start)), check)
    assert (seen.check, seen.severity, seen.resource_id, seen.blocks) == ("AUM079", Severity.MEDIUM, VM.id, ())
    assert seen.message.startswith("the window of weekly (2026-06-13 22:00 UTC to 2026-06-14 01:30 UTC)")
    assert f"that for its {called} by platform" in seen.message
    assert seen.evidence[0].observed == scope


@pytest.mark.parametrize("scope", ["SQLDB", "Resource", "Extension", "InGuestPatch", None])
def test_other_scopes_are_not_of_the_platform(scope: str | None) -> None:
    assert findings(both(platform(scope)), check) == ()


@pytest.mark.parametrize(
    "window", [{"start_date_time": "2026-01-04 01:30", "recur_every": "Week Sunday"}, {"recur_every": "whenever"}]
)
def test_windows_that_only_touch_or_cannot_be_read_say_nothing(window: dict[str, str]) -> None:
    assert findings(both(platform(**window)), check) == ()


def test_a_deleted_schedule_and_hosts_alone_say_nothing() -> None:
    assert findings(both(change(platform(), exists=False)), check) == ()
    alone = both(platform(), assignments=[static_assignment(VM, platform())])
    assert findings(alone, check) == ()
    (answer,) = answers(alone, [check], VM, NOW)
    assert answer.state is AnswerState.NOT_APPLICABLE


def test_arc_machines_have_no_host_in_azure() -> None:
    arc = arc_machine()
    assignments = [static_assignment(arc, WEEKLY), static_assignment(arc, platform(), name="assign-2")]
    assert findings(estate(arc, configurations=[WEEKLY, platform()], assignments=assignments), check) == ()


@pytest.mark.parametrize("fact", [Fact.CONFIGURATIONS, Fact.ASSIGNMENTS])
def test_what_may_not_be_read_is_unknown(fact: Fact) -> None:
    assert [each.fact for each in unknowns(both(platform(), denied=[fact]), check)] == [fact]


def test_the_cure_moves_the_guest_s_schedule() -> None:
    seen = both(platform(start_date_time="2026-01-03 23:00"))
    ((remedy,),) = examine(seen, check).remedies
    assert (remedy.name, remedy.calls[0].path) == ("stagger-schedules", WEEKLY.id)
    assert remedy.calls[0].body is not None
    moved = remedy.calls[0].body["properties"]["maintenanceWindow"]["startDateTime"]
    assert moved == "2026-01-03 19:00"
