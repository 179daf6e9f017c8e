from typing import Any

import pytest

from aumdoctor.checks.nothing_selected import nothing_selected as check
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Machine
from aumdoctor.model.maintenance import InstallPatches
from tests.builders import arc_machine, azure_vm, configuration, estate, examine, finding, findings, unknowns

WINDOWS, LINUX = azure_vm(), azure_vm("vm-2", os_type="Linux")
URGENT = ("Critical", "Security")


def installing(patches: InstallPatches | None, *machines: Machine, **parts: Any) -> Estate:
    schedule = configuration(install_patches=patches)
    return estate(*machines, **{"configurations": [schedule], "scheduled": True, **parts})


@pytest.mark.parametrize("chosen", [None, ()])
def test_nothing_for_windows_is_high(chosen: tuple[str, ...] | None) -> None:
    patches = InstallPatches(windows_classifications=chosen, linux_classifications=URGENT)
    seen = finding(installing(patches, WINDOWS, LINUX), check)
    assert (seen.check, seen.severity, seen.confidence) == ("AUM067", Severity.HIGH, Confidence.MEDIUM)
    assert (seen.resource_id, seen.machines) == (configuration().id, (WINDOWS.id,))
    (evidence,) = seen.evidence
    assert evidence.path == "properties.installPatches.windowsParameters.classificationsToInclude"
    assert evidence.observed == (None if chosen is None else [])


def test_nothing_for_linux_is_medium_and_both_readings_are_told() -> None:
    server = arc_machine(os_type="Linux")
    seen = finding(installing(InstallPatches(windows_classifications=URGENT), LINUX, server), check)
    assert (seen.severity, set(seen.machines)) == (Severity.MEDIUM, {LINUX.id, server.id})
    assert "the documentation calls for a choice" in seen.message
    assert "installs all updates" in seen.message


def test_nothing_at_all_is_one_finding() -> None:
    for patches in (None, InstallPatches(reboot_setting="IfRequired")):
        seen = finding(installing(patches, WINDOWS, LINUX), check)
        assert (seen.severity, len(seen.machines), len(seen.evidence)) == (Severity.HIGH, 2, 2)


@pytest.mark.parametrize(
    ("patches", "machine"),
    [
        (InstallPatches(windows_classifications=URGENT), WINDOWS),
        (InstallPatches(windows_kbs_to_include=("5066835",)), WINDOWS),
        (InstallPatches(linux_classifications=URGENT), LINUX),
        (InstallPatches(linux_packages_to_include=("kernel*",)), LINUX),
    ],
)
def test_a_choice_for_the_systems_that_are_attached_is_healthy(patches: InstallPatches, machine: Machine) -> None:
    assert findings(installing(patches, machine), check) == ()


def test_what_is_only_left_out_is_no_choice() -> None:
    assert findings(installing(InstallPatches(windows_kbs_to_exclude=("5066835",)), WINDOWS), check)


def test_hosts_and_schedules_without_machines_need_none() -> None:
    host = configuration(maintenance_scope="Host", install_patches=None)
    assert findings(installing(None, WINDOWS, configurations=[host]), check) == ()
    assert findings(installing(None, WINDOWS, scheduled=False), check) == ()


def test_schedules_that_may_not_be_read_leave_it_unknown() -> None:
    (unknown,) = unknowns(installing(None, WINDOWS, denied=[Fact.CONFIGURATIONS]), check)
    assert unknown.fact is Fact.CONFIGURATIONS


def test_the_cure_selects_for_the_system_that_has_nothing() -> None:
    patches = InstallPatches(windows_classifications=("Definition",), exclude_kbs_requiring_reboot=False)
    ((remedy,),) = examine(installing(patches, WINDOWS, LINUX), check).remedies
    assert remedy.calls[0].body == {
        "properties": {
            "installPatches": {
                "windowsParameters": {"classificationsToInclude": ["Definition"], "excludeKbsRequiringReboot": False},
                "linuxParameters": {"classificationsToInclude": ["Critical", "Security"]},
            }
        }
    }
