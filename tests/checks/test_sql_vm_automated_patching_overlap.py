from typing import Any

import pytest

from aumdoctor.checks.sql_vm_automated_patching_overlap import sql_vm_automated_patching_overlap as check
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Machine
from aumdoctor.model.maintenance import SqlVirtualMachine
from tests.builders import (
    azure_vm,
    change,
    configuration,
    estate,
    examine,
    finding,
    findings,
    patch_settings,
    unknowns,
)

VM = azure_vm("vm-sql")
SQL = SqlVirtualMachine(
    id=VM.id.replace("Microsoft.Compute/virtualMachines", "Microsoft.SqlVirtualMachine/sqlVirtualMachines"),
    virtual_machine_id=VM.id,
    automated_patching=True,
    day_of_week="Sunday",
    starting_hour=2,
    duration=60,
)
BY_AZURE = patch_settings(bypass_platform_safety_checks_on_user_schedule=False)


def with_sql(machine: Machine = VM, sql: SqlVirtualMachine = SQL, **parts: Any) -> Estate:
    return estate(machine, **{"scheduled": True, "sql_virtual_machines": (sql,), **parts})


def test_two_installers_on_one_vm() -> None:
    seen = finding(with_sql(), check)
    assert (seen.check, seen.severity, seen.confidence) == ("AUM141b", Severity.LOW, Confidence.MEDIUM)
    assert (seen.resource_id, seen.blocks) == (VM.id, ())
    assert "(Sunday at 02:00 local for 60 min), and the schedule weekly" in seen.message
    of_sql, of_schedule = seen.evidence
    assert (of_sql.path, of_sql.observed, of_sql.resource_id) == (
        "properties.autoPatchingSettings.enable",
        True,
        SQL.id,
    )
    assert of_schedule.observed == configuration().id


def test_azure_by_itself_is_a_second_installer_too() -> None:
    seen = finding(with_sql(change(VM, patch_settings=BY_AZURE), scheduled=False), check)
    assert "Azure by itself" in seen.message
    assert seen.evidence[-1].observed == "AutomaticByPlatform"


def test_a_window_that_azure_does_not_tell() -> None:
    bare = change(SQL, day_of_week=None, starting_hour=None, duration=None)
    assert "(at a time that Azure does not tell)" in finding(with_sql(sql=bare), check).message
    assert "(Sunday)" in finding(with_sql(sql=change(bare, day_of_week="Sunday")), check).message


def test_ids_are_compared_without_regard_to_case() -> None:
    assert findings(with_sql(sql=change(SQL, virtual_machine_id=VM.id.upper())), check) != ()


@pytest.mark.parametrize("enabled", [False, None])
def test_where_sql_does_not_patch_there_is_one(enabled: bool | None) -> None:
    assert findings(with_sql(sql=change(SQL, automated_patching=enabled)), check) == ()


def test_near_misses() -> None:
    assert findings(with_sql(azure_vm("vm-other")), check) == ()
    # Neither a schedule nor Azure: Automated Patching is alone.
    assert findings(with_sql(scheduled=False), check) == ()
    manual = change(VM, patch_settings=patch_settings(patch_mode="Manual"))
    assert findings(with_sql(manual, scheduled=False), check) == ()


@pytest.mark.parametrize("fact", [Fact.SQL_VIRTUAL_MACHINES, Fact.ASSIGNMENTS])
def test_what_was_not_read_is_unknown(fact: Fact) -> None:
    (unknown,) = unknowns(with_sql(denied=[fact]), check)
    assert unknown.fact is fact


def test_the_cure_switches_it_off_on_the_sql_virtual_machine() -> None:
    ((remedy,),) = examine(with_sql(), check).remedies
    off = next(step for step in remedy.steps if "--enable-auto-patching false" in step)
    assert "sql vm update" in off
    assert "--name vm-sql" in off
