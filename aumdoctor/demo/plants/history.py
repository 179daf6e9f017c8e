"""Recipes about runs and the events around them: cancelled, stuck, missing, and those that did nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

from aumdoctor.demo.events import add_event_subscription, add_event_topic
from aumdoctor.demo.machines import record_assessment, record_installation
from aumdoctor.demo.plants.recipe import (
    LINUX_VM,
    VMS,
    Plant,
    default_configuration,
    forget_last_run,
)
from aumdoctor.demo.policies import subscription_of
from aumdoctor.demo.schedules import (
    SCHEDULES,
    Schedule,
    add_configuration,
    assign,
    configuration_id_of,
    last_start,
    record_configuration_run,
    record_run,
    run_id_of,
)
from aumdoctor.demo.state import DemoEstate, key, timestamp

_WITH_PRE_EVENT = SCHEDULES[0]._replace(name="mc-start-before-patching")
_WITH_APPROVAL = SCHEDULES[0]._replace(name="mc-with-change-approval")


def _of_its_own(state: DemoEstate, machine_id: str, schedule: Schedule) -> str:
    """A configuration in the machine's subscription, made on first use, with the machine attached."""
    subscription = subscription_of(machine_id)
    found = state.configurations.get(key(configuration_id_of(subscription, "rg-patching", schedule)))
    if found is not None:
        configuration_id = str(found["id"])
    else:
        location = str(state.machine(machine_id)["location"])
        configuration_id = add_configuration(state, subscription=subscription, schedule=schedule, location=location)
    assign(state, machine_id, configuration_id)
    return configuration_id


def _pre_event_not_delivered(state: DemoEstate, machine_id: str) -> str:
    configuration_id = _of_its_own(state, machine_id, _WITH_PRE_EVENT)
    start = last_start(_WITH_PRE_EVENT, state.now)
    topic_id = add_event_topic(state, configuration_id)
    add_event_subscription(state, topic_id, "start-machines", provisioning_state="Failed")
    at = timestamp(start - timedelta(minutes=10))
    message = f"Maintenance cancelled due to internal platform failure at {at}"
    record_configuration_run(state, configuration_id, start, "Cancelled", message)
    return configuration_id


def _cancelled_by_somebody(state: DemoEstate, machine_id: str) -> str:
    configuration_id = _of_its_own(state, machine_id, _WITH_APPROVAL)
    start = last_start(_WITH_APPROVAL, state.now)
    at = timestamp(start - timedelta(minutes=15))
    message = f"Maintenance cancelled using cancellation API at {at}"
    record_configuration_run(state, configuration_id, start, "Cancelled", message)
    return configuration_id


def _still_pending(state: DemoEstate, machine_id: str) -> str:
    """A run of the week before waits for the machine, and the next one never came."""
    configuration_id = default_configuration(state, machine_id)
    forget_last_run(state, machine_id, configuration_id)
    start = last_start(SCHEDULES[0], last_start(SCHEDULES[0], state.now))
    record_run(state, machine_id, configuration_id, start, status="RetryLater", installs=False)
    return machine_id


def _last_installation(state: DemoEstate, machine_id: str) -> tuple[datetime, str]:
    """When the machine's last run began, and its id."""
    start = last_start(SCHEDULES[0], state.now)
    return start, run_id_of(default_configuration(state, machine_id), start)


def _restart_left_to_do(state: DemoEstate, machine_id: str) -> str:
    start, run_id = _last_installation(state, machine_id)
    record_installation(
        state, machine_id, start, status="CompletedWithWarnings", installed=5, reboot_status="Required", run_id=run_id
    )
    record_assessment(state, machine_id, state.now - timedelta(hours=3), reboot_pending=True)
    return machine_id


def _never_ends(state: DemoEstate, machine_id: str) -> str:
    record_installation(
        state,
        machine_id,
        state.now - timedelta(hours=31),
        minutes=12,
        status="InProgress",
        started_by="User",
        installed=1,
        pending=3,
    )
    return machine_id


def _passed_by(state: DemoEstate, machine_id: str) -> str:
    forget_last_run(state, machine_id, default_configuration(state, machine_id))
    return machine_id


def _nothing_selected(state: DemoEstate, machine_id: str) -> str:
    start, run_id = _last_installation(state, machine_id)
    found = record_installation(state, machine_id, start, minutes=6, installed=0, run_id=run_id)
    found["properties"]["notSelectedPatchCount"] = 7
    return machine_id


def _broke_off(state: DemoEstate, machine_id: str) -> str:
    error = {
        "code": "1",
        "message": "1 error/s reported. The latest 1 error/s are shared in details.",
        "details": [{"code": "ERROR", "message": "The operation failed with an internal execution error."}],
    }
    record_assessment(state, machine_id, state.now - timedelta(hours=4), status="Failed", error=error)
    state.guest_faults[key(machine_id)] = error
    return machine_id


def _list_cut_off(state: DemoEstate, machine_id: str) -> str:
    error = {
        "code": "2",
        "message": "1 error/s reported.",
        "details": [
            {
                "code": "PACKAGE_LIST_TRUNCATED",
                "message": "Package lists were truncated to limit reporting data volume. Ref. in-VM logs.",
            }
        ],
    }
    record_assessment(state, machine_id, state.now - timedelta(hours=2), error=error)
    return machine_id


PLANTS = {
    "AUM083": Plant(_pre_event_not_delivered, VMS, scheduled=False),
    "AUM084": Plant(_cancelled_by_somebody, VMS, scheduled=False),
    "AUM087": Plant(_still_pending, VMS),
    "AUM132": Plant(_restart_left_to_do, VMS),
    "AUM133": Plant(_never_ends, VMS),
    "AUM134": Plant(_passed_by, VMS),
    "AUM135": Plant(_nothing_selected, VMS),
    "AUM136": Plant(_broke_off, VMS),
    "AUM137": Plant(_list_cut_off, (LINUX_VM,)),
}
