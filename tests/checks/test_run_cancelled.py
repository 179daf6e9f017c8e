from datetime import timedelta

import pytest

from aumdoctor.checks.run_cancelled import run_cancelled as check
from aumdoctor.checks.run_without_machine_record import run_without_machine_record
from aumdoctor.model.estate import CollectionScope
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Severity
from aumdoctor.model.maintenance import ApplyUpdate, EventSubscription
from tests.builders import (
    LAST_WINDOW,
    azure_vm,
    configuration,
    estate,
    examine,
    finding,
    findings,
    run,
    unknowns,
)

WEEKLY = configuration()
BY_CALL = "Maintenance cancelled using cancellation API at 06/06/2026 21:40:00"


def cancelled(at=LAST_WINDOW, **overrides):
    values = {
        "id": f"{WEEKLY.id.lower()}/providers/microsoft.maintenance/applyupdates/{at:%Y%m%d%H%M%S}",
        "resource_id": WEEKLY.id.lower(),
        "maintenance_configuration_id": WEEKLY.id.lower(),
        "status": "Cancelled",
        "started_at": at,
        "error_message": BY_CALL,
    }
    return ApplyUpdate(**{**values, **overrides})


def test_somebody_called_the_cancellation() -> None:
    vm = azure_vm()
    built = examine(estate(vm, scheduled=True, runs=(), configuration_runs=(cancelled(),)), check)
    (seen,) = built.findings
    assert (seen.check, seen.severity, seen.blocks) == ("AUM084", Severity.MEDIUM, ())
    assert (seen.resource_id, seen.machines) == (WEEKLY.id, (vm.id,))
    assert "2026-06-06 22:00 UTC" in seen.message
    assert "called the cancellation" in seen.message
    (remedy,) = built.remedies[0]
    assert remedy.steps[0].endswith("status:status.value}'")
    assert WEEKLY.id in remedy.steps[0]
    assert "No event subscription" in remedy.steps[1]


def test_the_handler_of_the_pre_event_is_named() -> None:
    handler = EventSubscription(
        id="/x/eventSubscriptions/approve",
        name="approve",
        topic_id="/x",
        maintenance_configuration_id=WEEKLY.id.lower(),
    )
    seen = estate(
        azure_vm(), scheduled=True, runs=(), configuration_runs=(cancelled(),), event_subscriptions=(handler,)
    )
    (remedy,) = examine(seen, check).remedies[0]
    assert "approve" in remedy.steps[1]


def test_it_explains_that_the_machines_have_no_record() -> None:
    vm = azure_vm()
    seen = estate(vm, scheduled=True, runs=(), configuration_runs=(cancelled(),))
    explained = {each.check: each.explained_by for each in examine(seen, check, run_without_machine_record).findings}
    assert explained == {"AUM084": None, "AUM134": "AUM084"}


@pytest.mark.parametrize("status", ["Cancelled", "canceled"])
def test_without_a_message_it_is_not_told_by_whom(status) -> None:
    seen = estate(
        azure_vm(), scheduled=True, runs=(), configuration_runs=(cancelled(status=status, error_message=None),)
    )
    assert "not told by whom" in finding(seen, check).message


def test_a_run_cancelled_on_one_machine_alone() -> None:
    hit, spared = azure_vm("vm-hit"), azure_vm("vm-spared")
    rows = (run(hit, started_at=LAST_WINDOW, status="Cancelled"), run(spared, started_at=LAST_WINDOW))
    assert finding(estate(hit, spared, scheduled=True, runs=rows), check).machines == (hit.id,)


@pytest.mark.parametrize(
    "other",
    [
        cancelled(status="Succeeded", error_message=None),
        cancelled(status="InProgress", error_message=None),
        cancelled(error_message="Maintenance cancelled due to internal platform failure at 06/06/2026 21:40:00"),
        cancelled(at=LAST_WINDOW - timedelta(days=7)),
    ],
)
def test_these_are_not_cancelled_or_not_by_somebody_or_not_the_last(other) -> None:
    vm = azure_vm()
    rows = () if other.started_at == LAST_WINDOW else (run(vm, started_at=LAST_WINDOW),)
    assert findings(estate(vm, scheduled=True, runs=rows, configuration_runs=(other,)), check) == ()


def test_a_schedule_without_machines_is_low_and_after_a_narrowed_scan_nothing() -> None:
    assert finding(estate(azure_vm(), configuration_runs=(cancelled(),)), check).severity is Severity.LOW
    narrowed = CollectionScope(machines=("vm-1",))
    assert findings(estate(azure_vm(), configuration_runs=(cancelled(),), scope=narrowed), check) == ()


def test_a_schedule_for_hosts_is_not_judged() -> None:
    host = configuration(maintenance_scope="Host")
    seen = estate(azure_vm(), scheduled=True, configurations=[host], configuration_runs=(cancelled(),), runs=())
    assert findings(seen, check) == ()


def test_without_the_runs_it_is_not_known() -> None:
    (unknown,) = unknowns(estate(azure_vm(), scheduled=True, denied=[Fact.RUNS]), check)
    assert unknown.permission == "Microsoft.Maintenance/applyUpdates/read"
