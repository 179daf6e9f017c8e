from typing import Any

import pytest

from aumdoctor.checks.kb_filters import kb_filters as check
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Severity
from aumdoctor.model.machine import Machine
from aumdoctor.model.maintenance import InstallPatches
from tests.builders import azure_vm, change, configuration, estate, examine, finding, findings, unknowns

WINDOWS, LINUX = azure_vm(), azure_vm("vm-2", os_type="Linux")


def filtering(*machines: Machine, parts: dict[str, Any] | None = None, **lists: Any) -> Estate:
    usual = configuration()
    schedule = change(usual, install_patches=change(usual.install_patches, **lists))
    given = {"configurations": [schedule], "scheduled": True, **(parts or {})}
    return estate(*(machines or (WINDOWS, LINUX)), **given)


@pytest.mark.parametrize("written", ["5066835", "KB5066835", "kb5066835"])
def test_a_kb_both_included_and_excluded(written: str) -> None:
    seen = finding(filtering(windows_kbs_to_include=("5066835", "5065426"), windows_kbs_to_exclude=(written,)), check)
    assert (seen.check, seen.severity) == ("AUM068", Severity.LOW)
    assert (seen.resource_id, seen.machines) == (configuration().id, (WINDOWS.id,))
    assert "KB 5066835 is both included and excluded" in seen.message
    assert {evidence.path.rpartition(".")[2] for evidence in seen.evidence} == {
        "kbNumbersToInclude",
        "kbNumbersToExclude",
    }


def test_a_package_both_included_and_excluded() -> None:
    seen = finding(filtering(linux_packages_to_include=("curl",), linux_packages_to_exclude=("curl ",)), check)
    assert seen.machines == (LINUX.id,)
    assert "`curl` is both included and excluded" in seen.message


def test_without_what_needs_a_restart_where_restarts_are_allowed() -> None:
    seen = finding(filtering(exclude_kbs_requiring_reboot=True), check)
    assert [evidence.path.rpartition(".")[2] for evidence in seen.evidence] == [
        "excludeKbsRequiringReboot",
        "rebootSetting",
    ]
    for never in ("Never", "NeverReboot"):
        assert findings(filtering(exclude_kbs_requiring_reboot=True, reboot_setting=never), check) == ()


@pytest.mark.parametrize("value", [" 5066835", "5066835 ", "KB 5066835", "5066835,5065426", "MS17-010", "", "KB"])
def test_what_is_no_number_of_a_kb(value: str) -> None:
    seen = finding(filtering(windows_kbs_to_exclude=("5065426", value)), check)
    assert f"`{value}` is no number" in seen.message
    assert seen.evidence[0].observed == [value]


@pytest.mark.parametrize("mask", ["curl=8.5.0=1", "curl,wget", "curl wget", " "])
def test_what_matches_no_package(mask: str) -> None:
    assert f"`{mask}` matches no package" in finding(filtering(linux_packages_to_include=(mask,)), check).message


def test_a_version_that_is_excluded_excludes_all() -> None:
    seen = finding(filtering(linux_packages_to_exclude=("curl=8.5.0",)), check)
    assert "`curl=8.5.0` excludes every version" in seen.message


@pytest.mark.parametrize(
    "lists",
    [
        {},
        {"windows_kbs_to_include": ("5066835",), "windows_kbs_to_exclude": ("KB5065426",)},
        {"linux_packages_to_include": ("kernel*", "curl=8.5.0", "lib?[ab]"), "linux_packages_to_exclude": ("mysql*",)},
        {"exclude_kbs_requiring_reboot": False},
    ],
)
def test_lists_that_can_be_followed_are_healthy(lists: dict[str, Any]) -> None:
    assert findings(filtering(**lists), check) == ()


def test_lists_for_a_system_that_is_not_attached_are_not_judged() -> None:
    assert findings(filtering(LINUX, windows_kbs_to_exclude=("nonsense",)), check) == ()
    assert findings(filtering(WINDOWS, linux_packages_to_exclude=("a,b",)), check) == ()
    assert findings(filtering(parts={"scheduled": False}, windows_kbs_to_exclude=("nonsense",)), check) == ()


def test_several_flaws_are_one_finding_about_all_whom_they_concern() -> None:
    seen = finding(filtering(windows_kbs_to_exclude=("nonsense",), linux_packages_to_exclude=("a,b",)), check)
    assert set(seen.machines) == {WINDOWS.id, LINUX.id}
    ((advice,),) = examine(filtering(windows_kbs_to_exclude=("nonsense",)), check).remedies
    assert advice.calls == ()
    assert "az rest --method get" in advice.steps[0]


def test_a_schedule_that_says_nothing_of_updates_has_no_lists() -> None:
    nothing = configuration(install_patches=None)
    assert findings(filtering(parts={"configurations": [nothing]}), check) == ()
    bare = configuration(install_patches=InstallPatches())
    assert findings(filtering(parts={"configurations": [bare]}), check) == ()


def test_schedules_that_may_not_be_read_leave_it_unknown() -> None:
    (unknown,) = unknowns(filtering(parts={"denied": [Fact.CONFIGURATIONS]}), check)
    assert unknown.fact is Fact.CONFIGURATIONS
