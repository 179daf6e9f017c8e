"""What the examples around the gate run against: machines whose patch window begins in so many minutes."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aumdoctor.demo.estate import DemoEstate, add_vm, empty_estate
from aumdoctor.demo.events import add_event_subscription, add_event_topic
from aumdoctor.demo.machines import record_assessment
from aumdoctor.demo.schedules import Schedule, add_configuration, assign


def coming_window(minutes: int, *, machines: int = 2, pre_event: bool = False) -> DemoEstate:
    """Healthy VMs under a daily schedule `mc-tonight` whose next window begins so many minutes from now (by the clock,
    at a whole minute). With `pre_event` somebody is told before it does."""
    now = datetime.now(UTC).replace(microsecond=0)
    state = empty_estate(now)
    start = now + timedelta(minutes=minutes)
    configuration = add_configuration(
        state,
        schedule=Schedule("mc-tonight", "UTC", "1Day", f"{start:%H:%M}", "02:00"),
        window={"startDateTime": f"{start - timedelta(days=60):%Y-%m-%d %H:%M}"},
    )
    for number in range(machines):
        vm = add_vm(
            state,
            subscription=next(iter(state.subscriptions)),
            resource_group="rg-web",
            name=f"vm-{number:04d}",
            os_type="Windows",
            created=now - timedelta(hours=20),
        )
        record_assessment(state, vm, now - timedelta(hours=3))
        assign(state, vm, configuration)
    if pre_event:
        add_event_subscription(state, add_event_topic(state, configuration), event_types=None)
    return state


def hinder(state: DemoEstate) -> None:
    """Make the first machine one that no schedule can patch."""
    machine = next(iter(state.vms.values()))
    machine["properties"]["osProfile"]["windowsConfiguration"]["patchSettings"]["patchMode"] = "Manual"


def commands(folder: Path) -> Path:
    """A folder for the front of PATH, in which `aumdoctor` is the one under test."""
    folder.mkdir()
    command = folder / "aumdoctor"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m aumdoctor "$@"\n')
    command.chmod(0o755)
    return folder
