"""`aumdoctor runs` over HTTPS: what the embedded Azure has on record, joined, and the cause of each failure."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aumdoctor.cli.app import main
from aumdoctor.demo.estate import empty_estate
from aumdoctor.demo.machines import add_arc, add_vm, record_installation
from aumdoctor.demo.plants import plant
from aumdoctor.demo.schedules import (
    SCHEDULES,
    Schedule,
    add_configuration,
    assign,
    last_start,
    record_configuration_run,
    record_run,
    run_id_of,
)
from aumdoctor.demo.state import DemoEstate

Serve = Callable[..., Any]
Ask = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def ask(serve: Serve, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ask:
    """Ask an embedded Azure about its runs: the exit code and the report. Nothing may be written."""

    def call(state: DemoEstate, *arguments: str, deny: str | None = None) -> tuple[int, dict[str, Any]]:
        doctor = serve(estate=state)
        if deny is not None:
            doctor.server.faults.deny(next(iter(state.subscriptions)), deny)
        monkeypatch.setenv("AUMDOCTOR_ACCESS_TOKEN", doctor.server.token)
        ends = ["--cloud", "custom", "--arm-endpoint", doctor.server.endpoint, "--authority", "login.example.com"]
        reach = [*ends, "--auth", "token", "--ca-bundle", doctor.server.ca_file, "--all-subscriptions", "-q"]
        code = main(["runs", "-o", "json", *reach, *arguments])
        streams = capsys.readouterr()
        assert streams.out, streams.err
        assert doctor.writes == []
        return code, json.loads(streams.out)

    return call


class Night:
    """A small Azure with one schedule, whose last window began twelve hours ago and was two hours long."""

    def __init__(self, name: str = "mc-nightly") -> None:
        now = datetime.now(UTC)
        self.start = (now - timedelta(hours=12)).replace(second=0, microsecond=0)
        self.state = empty_estate(now)
        first = self.start - timedelta(days=28)
        self.schedule = add_configuration(
            self.state,
            schedule=Schedule(name, "UTC", f"1Week {self.start:%A}", f"{first:%H:%M}", "02:00"),
            window={"startDateTime": f"{first:%Y-%m-%d %H:%M}"},
        )

    def machine(self, name: str, *, os_type: str = "Windows", arc: bool = False) -> str:
        make = add_arc if arc else add_vm
        machine_id = make(self.state, name=name, os_type=os_type)
        assign(self.state, machine_id, self.schedule)
        return machine_id

    def run(self, machine_id: str, status: str = "Succeeded", **options: Any) -> None:
        record_run(self.state, machine_id, self.schedule, self.start, status=status, **options)

    def installation(self, machine_id: str, **options: Any) -> dict[str, Any]:
        named = run_id_of(self.schedule, self.start)
        values = {"run_id": named, "started": self.start + timedelta(minutes=2), **options}
        return record_installation(self.state, machine_id, **values)


def causes(report: dict[str, Any]) -> dict[str, tuple[str, str | None]]:
    """How each machine ended, and the check that knows why, by its name."""
    return {
        run["machine"]["name"]: (run["ended"], run["check"])
        for window in report["windows"]
        for run in window["machines"]
    }


def test_each_failure_of_a_night_is_named(ask: Ask) -> None:
    night = Night()
    fine = night.machine("vm-fine")
    night.run(fine)
    kb = night.machine("vm-kb")
    night.run(kb, "Failed", installs=False)
    night.installation(kb, status="Failed", failed_patches=("KB5066835", "KB890830"))
    code_seen = night.machine("srv-blocked", arc=True)
    night.run(code_seen, "Failed", installs=False)
    message = "Exception from HRESULT: 0x8024402C, Hresult:0"
    details = [{"code": "ERROR", "message": message}]
    error = {"code": "1", "message": "1 error/s reported.", "details": details}
    night.installation(code_seen, status="Failed", failed=1, error=error)
    warned = night.machine("vm-warned")
    night.run(warned, installs=False)
    night.installation(warned, status="CompletedWithWarnings", reboot_status="Required")
    stuck = night.machine("vm-stuck")
    night.run(stuck, "InProgress")
    idle = night.machine("vm-idle")
    night.run(idle, installs=False)
    night.installation(idle, installed=0)["properties"]["notSelectedPatchCount"] = 5
    nothing = night.machine("vm-nothing-pending", os_type="Linux")
    night.run(nothing, installs=False)
    night.installation(nothing, installed=0)
    night.machine("vm-lost")
    off = night.machine("vm-off")
    night.state.machine(off)["properties"]["instanceView"]["statuses"][-1]["code"] = "PowerState/deallocated"
    someone = night.machine("vm-by-hand")
    night.run(someone)
    record_installation(night.state, someone, night.start + timedelta(hours=5), started_by="User")

    code, report = ask(night.state)

    assert causes(report) == {
        "vm-fine": ("succeeded", None),
        "vm-kb": ("failed", "AUM131"),
        "srv-blocked": ("failed", "AUM025"),
        "vm-warned": ("succeeded-with-warnings", "AUM132"),
        "vm-stuck": ("failed", "AUM133"),
        "vm-idle": ("no-op", "AUM065"),
        "vm-nothing-pending": ("no-op", None),
        "vm-lost": ("no-record", "AUM134"),
        "vm-off": ("no-record", "AUM134"),
        "vm-by-hand": ("succeeded", None),
    }
    assert (code, report["verdict"]) == (1, "failed")
    machines = {run["machine"]["name"]: run for run in report["windows"][0]["machines"]}
    assert machines["vm-kb"]["failed_patches"] == ["KB5066835", "KB890830"]
    assert machines["vm-kb"]["said"].startswith("KB5066835, KB890830 failed")
    assert machines["srv-blocked"]["said"].endswith(message)
    assert machines["vm-off"]["likely"][0]["check"] == "AUM012"
    assert [each["machine"]["name"] for each in report["on_demand"]] == ["vm-by-hand"]
    assert datetime.fromisoformat(report["windows"][0]["window"]["starts_at"]) == night.start
    assert datetime.fromisoformat(report["windows"][0]["next_start"]) == night.start + timedelta(days=7)


def test_the_issues_of_runs_that_the_demo_plants_are_named(ask: Ask) -> None:
    state = empty_estate(datetime.now(UTC))
    for check in ("AUM011", "AUM013", "AUM131"):
        plant(state, check, add_vm(state, name=f"vm-{check.lower()}"))
    since_last = state.now - last_start(SCHEDULES[0], state.now)
    code, report = ask(state, "--last", f"{since_last // timedelta(hours=1) + 2}h", "--failed")
    found = causes(report)
    assert (found["vm-aum011"], found["vm-aum013"]) == (("failed", "AUM011"), ("failed", "AUM013"))
    assert found["vm-aum131"] == ("failed", "AUM131")
    assert code == 1
    [proof] = [
        sign["observed"]
        for window in report["windows"]
        for run in window["machines"]
        for sign in run["evidence"]
        if sign["path"] == "operationName"
    ]
    assert proof.startswith("Microsoft.Compute/virtualMachines/delete at ")


def test_a_night_on_which_all_went_well_ends_with_0(ask: Ask) -> None:
    night = Night()
    for number in range(3):
        night.run(night.machine(f"vm-{number}"))
    code, report = ask(night.state)
    assert (code, report["verdict"], report["counts"]["succeeded"]) == (0, "patched", 3)
    assert ask(night.state, "--failed")[1]["windows"] == []


def test_a_cancelled_run_concerns_every_machine_of_the_schedule(ask: Ask) -> None:
    night = Night()
    for number in range(2):
        night.machine(f"vm-{number}")
    message = "Maintenance cancelled using cancellation API at 2026-06-06T21:45:00Z"
    record_configuration_run(night.state, night.schedule, night.start, "Cancelled", message)
    code, report = ask(night.state)
    assert set(causes(report).values()) == {("cancelled", "AUM084")}
    assert code == 1


@pytest.mark.parametrize(
    "right",
    [
        "Microsoft.Maintenance/applyUpdates/read",
        "Microsoft.Compute/virtualMachines/patchInstallationResults/read",
    ],
)
def test_records_that_may_not_be_read_are_not_taken_for_a_quiet_night(ask: Ask, right: str) -> None:
    night = Night()
    night.run(night.machine("vm-1"))
    code, report = ask(night.state, deny=right)
    assert (code, report["verdict"]) == (3, "unknown")
    assert right in {each["missing_permission"] for each in report["blind"]}


def test_one_schedule_or_one_machine_can_be_asked_about(ask: Ask) -> None:
    night = Night()
    fine, ill = night.machine("vm-fine"), night.machine("vm-ill")
    night.run(fine)
    night.run(ill, "Failed", installs=False)
    assert ask(night.state, "--machine", fine)[0] == 0
    assert ask(night.state, "--machine", "vm-ill")[0] == 1
    code, report = ask(night.state, "--schedule", "mc-nightly")
    assert (code, set(causes(report))) == (1, {"vm-fine", "vm-ill"})
