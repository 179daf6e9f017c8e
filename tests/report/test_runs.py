"""The post-mortem on paper: a reviewed page, the published schema, hostile names."""

import json as stdlib_json
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from rich.cells import cell_len

from aumdoctor.checks.installation_failed import installation_failed
from aumdoctor.checks.machine_not_running import machine_not_running
from aumdoctor.checks.maintenance_window_exceeded import maintenance_window_exceeded
from aumdoctor.checks.shutdown_or_unresponsive import shutdown_or_unresponsive
from aumdoctor.diagnosis.chain import Chains
from aumdoctor.diagnosis.examine import examine
from aumdoctor.diagnosis.postmortem import post_mortem
from aumdoctor.model.estate import ActivityEvent, Estate
from aumdoctor.model.facts import Fact, Gap
from aumdoctor.model.machine import ErrorDetail
from aumdoctor.model.maintenance import MaintenanceWindow, RecordedInstallation
from aumdoctor.report import json, runs_table
from aumdoctor.report.runs import Runs, runs_of
from tests.builders import (
    NOW,
    SUBSCRIPTION,
    azure_vm,
    configuration,
    estate,
    installation,
    run,
    static_assignment,
)

SCHEMA = Path(__file__).parents[2] / "docs" / "runs.schema.json"
START = datetime.fromisoformat("2026-06-06T22:00:00+00:00")
CHECKS = (machine_not_running, shutdown_or_unresponsive, maintenance_window_exceeded, installation_failed)
MatchesGolden = Callable[[str, str], None]


def recorded(name: str, *messages: str, failed_patches: tuple[str, ...] = (), **overrides: Any) -> RecordedInstallation:
    errors = tuple(
        ErrorDetail(path=f"properties.errorDetails.details[{at}].message", message=text)
        for at, text in enumerate(messages)
    )
    values: dict[str, Any] = {
        "started_at": START + timedelta(minutes=1),
        "last_modified": START + timedelta(minutes=40),
        "status": "Failed" if messages or failed_patches else "Succeeded",
        "failed_count": len(failed_patches),
        "errors": errors,
        "path": "properties",
        "maintenance_run_id": None,
    }
    machine = azure_vm(name)
    return RecordedInstallation(
        id=f"{machine.id}/patchInstallationResults/{name}-1",
        machine_id=machine.key,
        installation=installation(**{**values, **overrides}),
        failed_patches=failed_patches,
    )


def reported(seen: Estate, *, exit_code: int = 1, days: int = 7, failed_only: bool = False) -> Runs:
    chains = Chains(examine(seen, CHECKS, NOW), CHECKS)
    found = post_mortem(chains, NOW - timedelta(days=days))
    return runs_of(found, seen, generated_at=NOW, exit_code=exit_code, failed_only=failed_only)


def validate(report: Runs) -> None:
    schema = stdlib_json.loads(SCHEMA.read_text(encoding="utf-8"))
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(stdlib_json.loads(json.render(report)))


@pytest.fixture
def night() -> Runs:
    """One window after which there is something of everything to tell."""
    fine = [azure_vm(f"vm-fine-{number}") for number in range(1, 4)]
    failed = [azure_vm(f"vm-failed-{number}") for number in range(1, 8)]
    again, short, off, warned = azure_vm("vm-again"), azure_vm("vm-short"), azure_vm("vm-off"), azure_vm("vm-warned")
    stopped = azure_vm("vm-stopped", power_state="deallocated")
    lost = azure_vm("vm-lost")
    broken = configuration("mc-fortnightly", window=MaintenanceWindow(recur_every="1Fortnight", time_zone="UTC"))
    local = configuration(
        "weekly",
        window=MaintenanceWindow(
            start_date_time="2026-01-04 00:00",
            duration="03:30",
            time_zone="W. Europe Standard Time",
            recur_every="1Week Sunday",
        ),
    )
    runs = [run(each, started_at=START) for each in (*fine, short, warned)]
    runs += [run(each, started_at=START, status="Failed") for each in failed]
    runs += [
        run(each, started_at=START, status="Failed", error_code="ShutdownOrUnresponsive", error_message="it was off")
        for each in (again, off)
    ]
    return reported(
        estate(
            *(*fine, *failed, again, short, off, warned, stopped, lost),
            scheduled=True,
            configurations=[local, broken],
            assignments=[static_assignment(lost, broken, name="assign-2")],
            runs=tuple(runs),
            installations=(
                *(recorded(each.name) for each in fine),
                *(recorded(each.name, failed_patches=("KB5066835",)) for each in failed),
                recorded(
                    "vm-short",
                    status="Failed",
                    maintenance_window_exceeded=True,
                    pending_count=4,
                    last_modified=START + timedelta(minutes=192),
                ),
                recorded("vm-warned", status="CompletedWithWarnings", reboot_status="Required"),
                recorded("vm-fine-1", "disk full", started_by="User", started_at=START + timedelta(days=2)),
            ),
            activity=(
                ActivityEvent(
                    resource_id=again.id,
                    operation="Microsoft.Compute/virtualMachines/delete",
                    status="Succeeded",
                    at=START - timedelta(hours=4),
                    caller="ops@contoso.com",
                ),
            ),
            gaps=(
                Gap(
                    scope=f"/subscriptions/{SUBSCRIPTION}",
                    operation="list past patch installations",
                    status=403,
                    code="AuthorizationFailed",
                    message="the caller may not read the results of Arc-enabled servers",
                    missing_permission="Microsoft.HybridCompute/machines/patchInstallationResults/read",
                    fact=Fact.INSTALLATION_HISTORY,
                ),
            ),
        )
    )


def test_a_page_of_80_columns_reads_as_it_was_reviewed(night: Runs, matches_golden: MatchesGolden) -> None:
    matches_golden("runs.txt", runs_table.render(night))


def test_a_verbose_page_reads_as_it_was_reviewed(night: Runs, matches_golden: MatchesGolden) -> None:
    matches_golden("runs-verbose.txt", runs_table.render(night, verbose=True, width=100))


def test_the_published_schema_is_the_one_of_the_code() -> None:
    """AUMDOCTOR_TEST_WRITE_GOLDEN=1 writes it anew."""
    text = stdlib_json.dumps(json.schema("runs"), indent=2) + "\n"
    if os.environ.get("AUMDOCTOR_TEST_WRITE_GOLDEN"):
        SCHEMA.write_text(text, encoding="utf-8")
    assert text == SCHEMA.read_text(encoding="utf-8")
    Draft202012Validator.check_schema(json.schema("runs"))
    assert all(definition.get("description") for definition in json.schema("runs")["$defs"].values())


@pytest.mark.parametrize("exit_code", [0, 1, 3, 130])
def test_a_report_keeps_to_the_schema(night: Runs, exit_code: int) -> None:
    validate(night)
    validate(reported(estate(azure_vm(), interrupted=exit_code == 130), exit_code=exit_code))


def test_the_answer_comes_first_and_the_exit_code_last(night: Runs) -> None:
    lines = runs_table.render(night).splitlines()
    assert lines[0].startswith("10 failed or were cancelled, 2 have no record, of 16 due in 1 window")
    assert lines[-1] == "Exit code 1: something failed or is missing."


def test_the_numbers_are_those_of_the_machines(night: Runs) -> None:
    [window] = night.windows
    counts = window.counts
    assert counts == night.counts
    parts = (counts.succeeded, counts.with_warnings, counts.no_op, counts.failed, counts.cancelled)
    assert sum((*parts, counts.no_record, counts.in_progress, counts.unknown)) == counts.machines == 16
    by_ending = [run.ended for run in window.machines]
    assert (by_ending.count("failed"), by_ending.count("no-record")) == (counts.failed, counts.no_record) == (10, 2)


def test_machines_with_one_cause_are_one_entry(night: Runs) -> None:
    [window] = night.windows
    folded = next(cause for cause in window.causes if cause.check == "AUM131")
    assert len(folded.machines) == 7
    page = runs_table.render(night)
    assert "vm-failed-5 and 2 more" in page
    assert "vm-failed-7" not in page
    assert "vm-failed-7" in runs_table.render(night, verbose=True)


def test_a_program_finds_the_cause_of_each_machine(night: Runs) -> None:
    document: dict[str, Any] = stdlib_json.loads(json.render(night))
    assert (document["verdict"], document["exit_code"]) == ("failed", 1)
    machines = {run["machine"]["name"]: run for run in document["windows"][0]["machines"]}
    assert {name: machines[name]["check"] for name in ("vm-again", "vm-short", "vm-stopped", "vm-fine-1")} == {
        "vm-again": "AUM011",
        "vm-short": "AUM013",
        "vm-stopped": "AUM134",
        "vm-fine-1": None,
    }
    assert machines["vm-stopped"]["likely"][0]["check"] == "AUM012"
    assert machines["vm-failed-1"]["failed_patches"] == ["KB5066835"]
    assert [each["machine"]["name"] for each in document["on_demand"]] == ["vm-fine-1"]
    assert document["windows"][0]["window"]["local_start"] == "2026-06-07T00:00+02:00"


def test_what_went_well_can_be_left_out() -> None:
    fine, ill = azure_vm("vm-fine"), azure_vm("vm-ill")
    earlier = START - timedelta(days=7)
    seen = estate(
        fine,
        ill,
        scheduled=True,
        runs=(
            run(fine, started_at=START),
            run(ill, started_at=START, status="Failed"),
            run(fine, started_at=earlier),
            run(ill, started_at=earlier),
        ),
    )
    everything, failed = reported(seen, days=14), reported(seen, days=14, failed_only=True)
    assert (len(everything.windows), len(failed.windows)) == (2, 1)
    assert [each.machine.name for each in failed.windows[0].machines] == ["vm-ill"]
    assert failed.counts == everything.counts
    assert failed.windows[0].counts.machines == 2
    assert "what went well left out" in runs_table.render(failed)


def test_schedules_of_one_name_are_told_apart_by_their_ids() -> None:
    one, two = configuration(), configuration(resource_group="rg-other")
    vm = azure_vm()
    seen = estate(vm, scheduled=True, configurations=[one, two], assignments=[static_assignment(vm, two, name="b")])
    page = runs_table.render(reported(seen))
    assert one.id in page
    assert two.id in page
    assert configuration().id not in runs_table.render(reported(estate(vm, scheduled=True)))


@pytest.mark.parametrize("width", [40, 80, 120])
def test_only_what_is_copied_is_wider_than_the_page(night: Runs, width: int) -> None:
    wider = [line.strip() for line in runs_table.render(night, verbose=True, width=width).splitlines()]
    copied = ("az ", "/subscriptions/", "PATCH /", "POST /", "PUT /", "DELETE /")
    assert all(line.startswith(copied) or " " not in line for line in wider if cell_len(line) > width)


@pytest.mark.parametrize("evil", ["\x1b[2J", "\x9b31m", "a\r\nExit code 0", "\u202egnp.exe"])
def test_a_name_from_azure_cannot_steer_the_terminal(evil: str) -> None:
    vm = azure_vm(f"vm{evil}")
    schedule = configuration(f"mc{evil}")
    failed = run(vm, started_at=START, status="Failed", error_message=evil, maintenance_configuration_id=schedule.id)
    made = recorded("vm-2", evil, started_by="User", failed_patches=(evil,))
    seen = estate(
        vm,
        configurations=[schedule],
        assignments=[static_assignment(vm, schedule)],
        runs=(failed,),
        installations=(made,),
        gaps=(Gap(scope="/", operation=evil, message=evil, fact=Fact.MACHINE),),
    )
    report = reported(seen)
    for text in (runs_table.render(report), runs_table.render(report, verbose=True), json.render(report)):
        assert all(line.isprintable() for line in text.split("\n"))
    assert stdlib_json.loads(json.render(report))["windows"][0]["machines"][0]["machine"]["name"] == f"vm{evil}"
