"""Odd schedules can be made, and the demo knows when its own ones start."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aumdoctor.demo.estate import DemoEstate
from aumdoctor.demo.schedules import SCHEDULES, Schedule, add_configuration, last_start, starts_at
from aumdoctor.demo.state import key


def test_a_schedule_is_odd_where_it_is_told_to_be(state: DemoEstate, arm: Any) -> None:
    configuration_id = add_configuration(
        state,
        schedule=Schedule("mc-odd", "Central Standard Time", "Month Last Friday", "22:00", "02:00"),
        window={"startDateTime": "2026-06-26 22:00", "expirationDateTime": "2026-12-31 00:00"},
        install_patches={"rebootSetting": "Never", "linuxParameters": {"classificationsToInclude": ["Other"]}},
        system_data={"lastModifiedAt": "2026-06-10T11:50:00Z"},
    )
    found = arm("GET", configuration_id).body
    assert found["properties"]["maintenanceWindow"] == {
        "startDateTime": "2026-06-26 22:00",
        "expirationDateTime": "2026-12-31 00:00",
        "duration": "02:00",
        "timeZone": "Central Standard Time",
        "recurEvery": "Month Last Friday",
    }
    patches = found["properties"]["installPatches"]
    assert patches["rebootSetting"] == "Never"
    assert patches["linuxParameters"]["classificationsToInclude"] == ["Other"]
    assert patches["linuxParameters"]["packageNameMasksToExclude"] == []
    assert patches["windowsParameters"]["classificationsToInclude"] == ["Critical", "Security", "UpdateRollup"]
    assert found["systemData"]["createdAt"] < found["systemData"]["lastModifiedAt"] == "2026-06-10T11:50:00Z"


def test_other_scopes_install_nothing_in_guests(state: DemoEstate) -> None:
    host = state.configurations[key(add_configuration(state, maintenance_scope="Host"))]["properties"]
    assert (host["maintenanceScope"], host["extensionProperties"]) == ("Host", {})
    assert "installPatches" not in host


def test_the_mode_of_guests_can_be_left_out_or_another(state: DemoEstate) -> None:
    bare = add_configuration(state, extension_properties={})
    assert state.configurations[key(bare)]["properties"]["extensionProperties"] == {}
    platform = add_configuration(state, extension_properties={"InGuestPatchMode": "Platform"})
    assert state.configurations[key(platform)]["properties"]["extensionProperties"] == {"InGuestPatchMode": "Platform"}


def test_one_odd_schedule_leaves_the_next_as_it_was(state: DemoEstate) -> None:
    add_configuration(state, install_patches={"windowsParameters": {"excludeKbsRequiringReboot": True}})
    healthy = state.configurations[key(add_configuration(state))]["properties"]
    assert healthy["installPatches"]["windowsParameters"]["excludeKbsRequiringReboot"] is False


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda schedule: schedule.name)
@pytest.mark.parametrize("now", [datetime(2026, 1, 20, 12, 0, tzinfo=UTC), datetime(2026, 7, 21, 12, 0, tzinfo=UTC)])
def test_the_start_that_a_schedule_last_had_is_one_of_its_starts(
    state: DemoEstate, schedule: Schedule, now: datetime
) -> None:
    configuration = state.configurations[key(add_configuration(state, schedule=schedule))]
    start = last_start(schedule, now)
    assert starts_at(configuration, start)
    assert not starts_at(configuration, start + timedelta(hours=1))
    assert not starts_at(configuration, start + timedelta(minutes=1))


def test_the_last_start_of_a_schedule_that_nobody_computes_is_an_error(state: DemoEstate) -> None:
    with pytest.raises(ValueError, match="mc-odd"):
        last_start(Schedule("mc-odd", "UTC", "2Weeks", "22:00", "02:00"), state.now)
