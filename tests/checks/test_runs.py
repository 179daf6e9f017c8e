from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aumdoctor.checks.context import Context
from aumdoctor.checks.runs import began, is_cancelled, is_under_way, last_cancelled, runs_by_schedule, runs_of
from aumdoctor.model import ids
from aumdoctor.model.maintenance import ApplyUpdate
from tests.builders import LAST_WINDOW, NOW, azure_vm, configuration, estate, run

WEEKLY = configuration()


def of_schedule(began_at=LAST_WINDOW, **overrides):
    """A run of the weekly schedule as a whole, named after its start as Azure does."""
    values = {
        "id": f"{WEEKLY.id.lower()}/providers/microsoft.maintenance/applyupdates/{began_at:%Y%m%d%H%M%S}",
        "resource_id": WEEKLY.id.lower(),
        "maintenance_configuration_id": WEEKLY.id.lower(),
        "status": "Succeeded",
        "started_at": began_at,
    }
    return ApplyUpdate(**{**values, **overrides})


def test_a_run_without_a_start_began_when_its_name_says() -> None:
    nameless = run(azure_vm(), started_at=LAST_WINDOW)
    unnamed = ApplyUpdate(id=f"{azure_vm().id}/providers/Microsoft.Maintenance/applyUpdates/{'a' * 8}")
    by_correlation = ApplyUpdate(id=unnamed.id, correlation_id=of_schedule().id.upper())
    assert began(nameless) == LAST_WINDOW
    assert began(of_schedule(started_at=None)) == LAST_WINDOW
    assert began(by_correlation) == LAST_WINDOW
    assert began(unnamed) is None
    assert began(ApplyUpdate(id=of_schedule().id.replace("20260606", "20261399"))) is None


@settings(deadline=None, max_examples=60)
@given(st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2099, 12, 31)), st.text(max_size=20))
def test_the_name_of_any_moment_is_read_back_and_no_other_name_is_misread(moment: datetime, other: str) -> None:
    moment = moment.replace(microsecond=0, tzinfo=UTC)
    assert began(of_schedule(moment, started_at=None)) == moment
    read = began(ApplyUpdate(id=other, correlation_id=f"/x/applyupdates/{other}"))
    assert read is None or f"{read:%Y%m%d%H%M%S}" == other


@pytest.mark.parametrize("status", ["Pending", "inprogress", "RetryNow", "RetryLater", "NotStarted", None])
def test_what_has_not_ended_is_under_way(status: str | None) -> None:
    assert is_under_way(run(azure_vm(), status=status))


@pytest.mark.parametrize("status", ["Succeeded", "Failed", "Cancelled", "NoUpdatesPending", "SomethingNew"])
def test_every_other_status_is_an_end(status: str) -> None:
    assert not is_under_way(run(azure_vm(), status=status))


def test_both_spellings_and_the_message_tell_a_cancelled_run() -> None:
    assert is_cancelled(of_schedule(status="Cancelled"))
    assert is_cancelled(of_schedule(status="CANCELED"))
    assert is_cancelled(of_schedule(status="Failed", error_message="Maintenance cancelled using cancellation API at x"))
    assert not is_cancelled(of_schedule(status="Failed", error_message="it failed"))


def test_runs_of_a_machine_are_told_apart_by_their_schedule_whatever_the_casing() -> None:
    vm, monthly = azure_vm(), configuration("monthly")
    own = run(vm, maintenance_configuration_id=WEEKLY.id.upper(), id="own")
    unnamed = run(vm, maintenance_configuration_id="", id="unnamed")
    others = run(vm, maintenance_configuration_id=monthly.id, id="others")
    context = Context(estate(vm, runs=(own, unnamed, others)), NOW)
    assert {each.id for each in runs_of(vm, WEEKLY, context)} == {"own", "unnamed"}


def test_only_the_newest_run_of_a_schedule_counts_as_cancelled() -> None:
    vm = azure_vm()
    before = of_schedule(LAST_WINDOW - timedelta(days=7), status="Cancelled")
    seen = estate(vm, scheduled=True, configuration_runs=(before,))
    runs = runs_by_schedule(seen)[ids.key(WEEKLY.id)]
    assert len(runs) == 2
    assert last_cancelled(WEEKLY, runs, Context(seen, NOW)) is None
    assert last_cancelled(WEEKLY, [before], Context(seen, NOW)) is not None
    assert last_cancelled(WEEKLY, [], Context(seen, NOW)) is None


def test_a_run_cancelled_on_one_machine_concerns_that_one() -> None:
    hit, spared = azure_vm("vm-hit"), azure_vm("vm-spared")
    rows = (
        run(hit, started_at=LAST_WINDOW + timedelta(seconds=40), status="Cancelled"),
        run(spared, started_at=LAST_WINDOW),
    )
    seen = estate(hit, spared, scheduled=True, runs=rows)
    found = last_cancelled(WEEKLY, list(rows), Context(seen, NOW))
    assert found is not None
    assert found.machines == (hit.id,)
