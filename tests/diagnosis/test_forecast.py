"""Will a machine be patched in its next window? NOW is a Wednesday; the weekly schedule runs on Saturdays 22:00 UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aumdoctor.checks.registry import CHECKS
from aumdoctor.diagnosis.chain import Chains
from aumdoctor.diagnosis.forecast import Forecast, Outlook, forecast
from aumdoctor.diagnosis.links import Link
from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.maintenance import ApplyUpdate, MaintenanceWindow
from tests.builders import (
    NOW,
    azure_vm,
    change,
    configuration,
    estate,
    examine,
    installation,
    patch_settings,
    static_assignment,
    subscription,
)

SATURDAY = datetime(2026, 6, 13, 22, 0, tzinfo=UTC)


def told(seen: Estate, **options: Any) -> Forecast:
    """The forecast of the estate's only machine."""
    (found,) = forecast(Chains(examine(seen), CHECKS), seen.machines, **options)
    return found


def test_a_healthy_machine_will_be_patched_in_its_next_window() -> None:
    found = told(estate(azure_vm(), scheduled=True))
    assert found.outlook is Outlook.WILL
    assert found.window is not None
    assert found.window.occurrence.starts_at == SATURDAY
    assert found.because == ""
    assert found.broken_at is None


def test_from_a_later_time_on_a_later_window_is_meant() -> None:
    found = told(estate(azure_vm(), scheduled=True), at=SATURDAY + timedelta(seconds=1))
    assert found.window is not None
    assert found.window.occurrence.starts_at == SATURDAY + timedelta(days=7)


@pytest.mark.parametrize(
    ("machine", "link", "words"),
    [
        (azure_vm(patch_settings=patch_settings(patch_mode="Manual")), Link.PATCH_MODE, "Manual"),
        (azure_vm(power_state="deallocated"), Link.POWER, "deallocated"),
        (azure_vm(allow_extension_operations=False), Link.EXTENSION, "extension operations"),
    ],
)
def test_the_first_broken_link_is_named(machine: Any, link: Link, words: str) -> None:
    found = told(estate(machine, scheduled=True))
    assert found.outlook is Outlook.WILL_NOT
    assert found.broken_at is link
    assert words in found.because


def test_of_two_broken_links_the_first_in_the_chain_counts() -> None:
    machine = azure_vm(power_state="deallocated", patch_settings=patch_settings(patch_mode="Manual"))
    assert told(estate(machine, scheduled=True)).broken_at is Link.PATCH_MODE


def test_a_right_that_is_missing_makes_it_unknown_not_well() -> None:
    found = told(estate(azure_vm(), scheduled=True, denied=[Fact.INSTANCE_VIEW]))
    assert found.outlook is Outlook.UNKNOWN
    assert found.because
    assert told(estate(azure_vm(), scheduled=True, denied=[Fact.ASSIGNMENTS])).outlook is Outlook.UNKNOWN


def test_how_the_last_run_ended_does_not_stop_the_next() -> None:
    ended = installation(
        "Maintenance window exceeded",
        maintenance_window_exceeded=True,
        started_at=NOW - timedelta(days=4, minutes=200),
        last_modified=NOW - timedelta(days=4),
    )
    found = told(estate(azure_vm(installation=ended), scheduled=True))
    assert found.outlook is Outlook.WILL
    assert any("AUM013" in text for text in found.but)


def test_a_machine_that_azure_patches_by_itself_has_no_window() -> None:
    settings = patch_settings(bypass_platform_safety_checks_on_user_schedule=False)
    found = told(estate(azure_vm(patch_settings=settings)))
    assert found.outlook is Outlook.NO_WINDOW
    assert "automatic guest patching" in found.because


def test_a_machine_that_nobody_patches_will_not_be() -> None:
    found = told(estate(azure_vm()))
    assert found.outlook is Outlook.WILL_NOT
    assert found.broken_at is Link.ASSIGNMENT


def test_a_machine_whose_coming_run_was_cancelled_will_not_be_patched() -> None:
    run = ApplyUpdate(
        id=f"{configuration().id.lower()}/providers/microsoft.maintenance/applyupdates/20260613220000",
        status="Cancelled",
    )
    found = told(estate(azure_vm(), scheduled=True, configuration_runs=(run,)))
    assert found.outlook is Outlook.WILL_NOT
    assert "cancelled" in found.because


def with_window(**members: Any) -> Estate:
    schedule = configuration()
    schedule = change(schedule, window=change(schedule.window, **members))
    machine = azure_vm()
    return estate(machine, configurations=[schedule], assignments=[static_assignment(machine, schedule)])


def test_a_schedule_that_ends_before_its_next_window_gives_none() -> None:
    found = told(with_window(expiration_date_time="2026-06-12 00:00"))
    assert found.outlook is Outlook.WILL_NOT
    assert found.broken_at is Link.SCHEDULE
    assert "no window" in found.because


def test_times_that_cannot_be_read_are_unknown_and_quoted() -> None:
    found = told(with_window(recur_every="1Weak Saturday"))
    assert found.outlook is Outlook.UNKNOWN
    assert "Weak" in found.because


def test_only_the_schedules_asked_about_count() -> None:
    machine, other = azure_vm(), configuration("monthly", window=MONTHLY)
    seen = estate(
        machine,
        configurations=[configuration(), other],
        assignments=[static_assignment(machine), static_assignment(machine, other, name="assign-2")],
    )
    both = told(seen)
    assert both.window is not None
    assert both.window.configuration.name == "weekly"
    assert [each.name for each in both.also] == ["monthly"]
    monthly = told(seen, configurations={ids.key(other.id)})
    assert monthly.window is not None
    assert monthly.window.configuration.name == "monthly"
    assert forecast(Chains(examine(seen), CHECKS), seen.machines, configurations={"/nowhere"}) == ()


MONTHLY = MaintenanceWindow(
    start_date_time="2026-01-03 22:00", duration="03:30", time_zone="UTC", recur_every="Month Last Sunday"
)


def test_an_unregistered_provider_breaks_the_chain_at_its_beginning() -> None:
    machine = azure_vm()
    found = told(
        estate(
            machine, scheduled=True, subscriptions=[subscription(providers={"microsoft.maintenance": "NotRegistered"})]
        )
    )
    assert found.outlook is Outlook.WILL_NOT
    assert found.broken_at is Link.PROVIDER
