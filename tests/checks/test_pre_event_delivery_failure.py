from datetime import timedelta

import pytest

from aumdoctor.checks.pre_event_delivery_failure import pre_event_delivery_failure as check
from aumdoctor.model.estate import CollectionScope
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Operation, Severity
from aumdoctor.model.maintenance import ApplyUpdate, EventSubscription
from tests.builders import (
    LAST_WINDOW,
    NOW,
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
NEXT_WINDOW = LAST_WINDOW + timedelta(days=7)
PRE, POST = "Microsoft.Maintenance.PreMaintenanceEvent", "Microsoft.Maintenance.PostMaintenanceEvent"


def listener(name="tell-me", **overrides):
    topic = f"{WEEKLY.id.rsplit('/providers', 1)[0]}/providers/Microsoft.EventGrid/systemTopics/topic-weekly"
    values = {
        "id": f"{topic}/eventSubscriptions/{name}",
        "name": name,
        "topic_id": topic,
        "maintenance_configuration_id": WEEKLY.id.upper(),
        "provisioning_state": "Succeeded",
        "topic_provisioning_state": "Succeeded",
        "event_types": (PRE, POST),
    }
    return EventSubscription(**{**values, **overrides})


def cancelled(at=LAST_WINDOW, **overrides):
    values = {
        "id": f"{WEEKLY.id.lower()}/providers/microsoft.maintenance/applyupdates/{at:%Y%m%d%H%M%S}",
        "resource_id": WEEKLY.id.lower(),
        "maintenance_configuration_id": WEEKLY.id.lower(),
        "status": "Cancelled",
        "started_at": at,
        "error_message": f"Maintenance cancelled due to internal platform failure at {at:%m/%d/%Y %H:%M:%S}",
    }
    return ApplyUpdate(**{**values, **overrides})


def seen_with(*listeners, runs=(), machines=(), **overrides):
    machines = machines or (azure_vm(),)
    return estate(
        *machines, scheduled=True, event_subscriptions=listeners, configuration_runs=runs, runs=(), **overrides
    )


def test_a_broken_subscription_and_a_run_that_azure_cancelled_stop_the_schedule() -> None:
    built = examine(seen_with(listener(provisioning_state="Failed"), runs=(cancelled(),)), check)
    (seen,) = built.findings
    assert (seen.check, seen.severity, seen.confidence) == ("AUM083", Severity.HIGH, Confidence.HIGH)
    assert seen.blocks == (Operation.SCHEDULE,)
    assert seen.resource_id == WEEKLY.id
    assert seen.machines == (azure_vm().id,)
    assert "2026-06-06 22:00 UTC" in seen.message
    assert "tell-me" in seen.message
    assert [each.observed for each in seen.evidence] == ["Cancelled", cancelled().error_message, "Failed"]
    (remedy,) = built.remedies[0]
    assert "az eventgrid system-topic event-subscription show --name tell-me" in remedy.steps[0]


def test_a_broken_subscription_alone_is_a_worry() -> None:
    seen = finding(seen_with(listener(topic_provisioning_state="Failed")), check)
    assert (seen.severity, seen.confidence) == (Severity.MEDIUM, Confidence.MEDIUM)
    assert "the topic" in seen.message


def test_a_cancelled_run_alone_tells_where_to_look() -> None:
    sound = finding(seen_with(listener(), runs=(cancelled(),)), check)
    none = finding(seen_with(runs=(cancelled(),)), check)
    assert (sound.severity, none.severity) == (Severity.MEDIUM, Severity.MEDIUM)
    assert "look at its endpoint" in sound.message
    assert "no event subscription" in none.message


def test_machines_have_rows_of_a_run_that_azure_cancelled_too() -> None:
    vm = azure_vm()
    row = run(vm, started_at=LAST_WINDOW, status="Cancelled", error_message=cancelled().error_message)
    assert finding(estate(vm, scheduled=True, runs=(row,)), check).machines == (vm.id,)


def test_a_later_run_clears_it() -> None:
    vm = azure_vm()
    later = run(vm, started_at=LAST_WINDOW)
    old = cancelled(LAST_WINDOW - timedelta(days=7))
    assert findings(estate(vm, scheduled=True, runs=(later,), configuration_runs=(old,)), check) == ()


def test_what_is_being_changed_may_be_sound_in_a_moment() -> None:
    seen = finding(seen_with(listener(provisioning_state="Updating")), check)
    assert (seen.severity, seen.confidence) == (Severity.LOW, Confidence.LOW)


@pytest.mark.parametrize(
    ("expires", "verb"), [(NOW - timedelta(days=1), "expired"), (NEXT_WINDOW - timedelta(hours=1), "expires")]
)
def test_a_subscription_that_ends_before_the_next_window(expires, verb) -> None:
    seen = finding(seen_with(listener(expires_at=expires)), check)
    assert seen.severity is Severity.MEDIUM
    assert verb in seen.message
    assert "2026-06-13 22:00 UTC" in seen.message


def test_one_named_for_before_that_only_hears_of_the_end() -> None:
    seen = finding(seen_with(listener("pre-patch-hook", event_types=(POST,))), check)
    assert (seen.severity, seen.confidence) == (Severity.LOW, Confidence.LOW)


@pytest.mark.parametrize(
    "sound",
    [
        listener(),
        listener(event_types=()),
        listener("pre-patch-hook"),
        listener("report", event_types=(POST,)),
        listener("prepare-report", event_types=(POST,)),
        listener("after", event_types=(POST,), provisioning_state="Failed"),
        listener(provisioning_state=None, topic_provisioning_state=None),
        listener(provisioning_state="succeeded"),
        listener(expires_at=NEXT_WINDOW + timedelta(hours=1)),
        listener(provisioning_state="Failed", maintenance_configuration_id=configuration("other").id),
    ],
)
def test_nothing_is_wrong_with_these(sound) -> None:
    assert findings(seen_with(sound), check) == ()


def test_a_cancellation_by_somebody_is_another_matter() -> None:
    by_call = cancelled(error_message="Maintenance cancelled using cancellation API at 06/06/2026 21:40:00")
    assert findings(seen_with(listener(), runs=(by_call,)), check) == ()


def test_schedules_that_are_not_for_guests_or_are_gone_are_not_judged() -> None:
    host = configuration(maintenance_scope="Host")
    gone = configuration(exists=False)
    for other in (host, gone):
        seen = seen_with(listener(provisioning_state="Failed"), runs=(cancelled(),), configurations=[other])
        assert findings(seen, check) == ()


def test_a_schedule_without_machines_is_low_and_after_a_narrowed_scan_nothing() -> None:
    values = {"event_subscriptions": (listener(provisioning_state="Failed"),), "configuration_runs": (cancelled(),)}
    assert finding(estate(azure_vm(), **values), check).severity is Severity.LOW
    narrowed = CollectionScope(tags=("env=prod",))
    assert findings(estate(azure_vm(), scope=narrowed, **values), check) == ()


def test_without_the_event_subscriptions_a_run_still_tells_and_the_rest_is_unknown() -> None:
    seen = estate(
        azure_vm(), scheduled=True, runs=(), configuration_runs=(cancelled(),), denied=[Fact.EVENT_SUBSCRIPTIONS]
    )
    assert finding(seen, check).severity is Severity.MEDIUM
    (unknown,) = unknowns(seen, check)
    assert (unknown.fact, unknown.resource_id) == (Fact.EVENT_SUBSCRIPTIONS, WEEKLY.id)
    assert unknown.permission == "Microsoft.EventGrid/systemTopics/read"


def test_without_the_runs_nothing_is_known() -> None:
    (unknown,) = unknowns(estate(azure_vm(), scheduled=True, missing=[Fact.RUNS]), check)
    assert unknown.fact is Fact.RUNS
