from datetime import timedelta

import pytest

from aumdoctor.checks.arc_update_extension_unhealthy import arc_update_extension_unhealthy
from aumdoctor.checks.install_stuck_inprogress import install_stuck_inprogress as check
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from tests.builders import (
    NOW,
    arc_machine,
    azure_vm,
    configuration,
    estate,
    examine,
    finding,
    findings,
    installation,
    os_update_extension,
    run,
    unknowns,
)

RUN_ID = f"{configuration().id.upper()}/providers/Microsoft.Maintenance/applyUpdates/20260610070000"


def going_on(hours, **overrides):
    started = NOW - timedelta(hours=hours)
    values = {"status": "InProgress", "started_at": started, "last_modified": started, "maintenance_run_id": None}
    return installation(**{**values, **overrides})


def under_way(machine, hours, **overrides):
    return run(
        machine, **{"started_at": NOW - timedelta(hours=hours), "status": "InProgress", "ended_at": None, **overrides}
    )


@pytest.mark.parametrize("machine", [azure_vm(installation=going_on(31)), arc_machine(installation=going_on(31))])
def test_an_installation_that_never_ends(machine) -> None:
    seen = finding(estate(machine), check)
    assert (seen.check, seen.severity, seen.confidence) == ("AUM133", Severity.MEDIUM, Confidence.MEDIUM)
    assert "31 hours" in seen.message
    assert seen.evidence[0].observed == "InProgress"


def test_an_old_arc_extension_is_named_as_the_cause_and_its_cure() -> None:
    old = os_update_extension(version="1.0.27.0")
    built = examine(
        estate(arc_machine(installation=going_on(9), extensions=(old,))), check, arc_update_extension_unhealthy
    )
    explained = {each.check: each.explained_by for each in built.findings}
    assert explained == {"AUM015": None, "AUM133": "AUM015"}
    stuck = next(each for each in built.findings if each.check == "AUM133")
    assert stuck.confidence is Confidence.HIGH
    assert "1.0.27.0" in stuck.message
    assert [each.name for each in built.remedies[built.findings.index(stuck)]] == ["delete-arc-extension"]


@pytest.mark.parametrize(
    "extension",
    [os_update_extension(version="1.0.28.0"), os_update_extension("Linux"), os_update_extension(version="x")],
)
def test_other_extensions_are_not_blamed(extension) -> None:
    seen = finding(estate(arc_machine(installation=going_on(9), extensions=(extension,))), check)
    assert extension.name not in seen.message
    assert seen.details == {}


@pytest.mark.parametrize(("hours", "stuck"), [(4.4, False), (4.6, True)])
def test_the_window_of_its_schedule_and_an_hour(hours, stuck) -> None:
    vm = azure_vm(installation=going_on(hours, maintenance_run_id=RUN_ID))
    assert bool(findings(estate(vm, scheduled=True), check)) is stuck


@pytest.mark.parametrize(("hours", "stuck"), [(4.8, False), (5.0, True)])
def test_on_demand_the_most_that_azure_allows_and_an_hour(hours, stuck) -> None:
    vm = azure_vm(installation=going_on(hours, started_by="User"))
    assert bool(findings(estate(vm, scheduled=True), check)) is stuck


def test_a_run_that_never_ends() -> None:
    vm = azure_vm()
    row = under_way(vm, 20)
    seen = finding(estate(vm, runs=(row,)), check)
    assert seen.evidence[0].resource_id == row.id
    assert findings(estate(vm, runs=(under_way(vm, 3),)), check) == ()


def test_what_went_on_since_shows_that_it_does_not_hang() -> None:
    vm = azure_vm()
    later = run(vm, started_at=NOW - timedelta(hours=8))
    assert findings(estate(vm, runs=(under_way(vm, 20), later)), check) == ()
    done = installation(started_at=NOW - timedelta(hours=20), last_modified=NOW - timedelta(hours=19))
    assert findings(estate(azure_vm(installation=done), runs=(under_way(vm, 20),)), check) == ()


@pytest.mark.parametrize("status", ["Succeeded", "Failed", "NotStarted", None])
def test_what_is_not_in_progress(status) -> None:
    assert findings(estate(azure_vm(installation=going_on(31, status=status))), check) == ()


def test_an_installation_without_a_start_tells_nothing() -> None:
    assert findings(estate(azure_vm(installation=going_on(31, started_at=None))), check) == ()


@pytest.mark.parametrize("fact", [Fact.INSTALLATION, Fact.RUNS])
def test_without_what_it_rests_on_it_is_not_known(fact) -> None:
    (unknown,) = unknowns(estate(azure_vm(), missing=[fact]), check)
    assert unknown.fact is fact
