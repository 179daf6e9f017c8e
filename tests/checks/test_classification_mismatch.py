from typing import Any

import pytest

from aumdoctor.checks.classification_mismatch import classification_mismatch as check
from aumdoctor.checks.linux_classification_combination import linux_classification_combination
from aumdoctor.checks.run_no_op import run_no_op
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Severity
from aumdoctor.model.machine import Machine
from aumdoctor.model.maintenance import InstallPatches, MaintenanceConfiguration
from tests.builders import (
    arc_machine,
    assessment,
    azure_vm,
    configuration,
    estate,
    examine,
    finding,
    findings,
    installation,
    static_assignment,
    unknowns,
)

DEFINITIONS = configuration(
    install_patches=InstallPatches(
        reboot_setting="IfRequired", windows_classifications=("Definition",), linux_classifications=("Other",)
    )
)
NO_OP = installation(installed_count=0, not_selected_count=3)


def waiting(**counts: int) -> dict[str, Any]:
    urgent = counts.get("security", 0) + counts.get("critical", 0)
    return {"assessment": assessment(critical_and_security_count=urgent, counts_by_classification=counts)}


def under(schedule: MaintenanceConfiguration, *machines: Machine, **parts: Any) -> Estate:
    return estate(*machines, **{"configurations": [schedule], "scheduled": True, **parts})


@pytest.mark.parametrize("os_type", ["Windows", "Linux"])
@pytest.mark.parametrize("make", [azure_vm, arc_machine])
def test_what_waits_is_never_selected_and_the_run_installed_nothing(make: Any, os_type: str) -> None:
    machine = make(os_type=os_type, installation=NO_OP, **waiting(security=2, critical=1))
    seen = finding(under(DEFINITIONS, machine), check)
    assert (seen.check, seen.severity) == ("AUM065", Severity.HIGH)
    parameters = f"properties.installPatches.{os_type.lower()}Parameters.classificationsToInclude"
    chosen = next(evidence for evidence in seen.evidence if evidence.path == parameters)
    assert chosen.observed == (["Definition"] if os_type == "Windows" else ["Other"])
    assert chosen.resource_id == DEFINITIONS.id
    assert "1 critical, 2 security" in seen.message
    assert "weekly" in seen.message


def test_before_a_run_has_proved_it_it_is_medium() -> None:
    for ran in (None, installation(), installation(installed_count=0, not_selected_count=2, started_by="User")):
        machine = azure_vm(installation=ran, **waiting(security=2))
        assert finding(under(DEFINITIONS, machine), check).severity is Severity.MEDIUM


def test_a_schedule_for_urgent_updates_leaves_the_others_as_it_should() -> None:
    machine = azure_vm(installation=NO_OP, **waiting(updates=4, updateRollup=1))
    assert findings(under(configuration(), machine), check) == ()


@pytest.mark.parametrize("counts", [{"security": 2}, {"critical": 1, "updates": 9}, {"Security": 1}])
def test_a_schedule_that_selects_some_of_it_is_healthy(counts: dict[str, int]) -> None:
    assert findings(under(configuration(), azure_vm(**waiting(**counts))), check) == ()


def test_on_linux_security_takes_critical_updates_in() -> None:
    schedule = configuration(install_patches=InstallPatches(linux_classifications=("Security",)))
    assert findings(under(schedule, azure_vm(os_type="Linux", **waiting(critical=2))), check) == ()
    windows = configuration(install_patches=InstallPatches(windows_classifications=("Security",)))
    assert findings(under(windows, azure_vm(**waiting(critical=2))), check)


def test_the_instance_view_counts_urgent_updates_together() -> None:
    machine = azure_vm(assessment=assessment(critical_and_security_count=3))
    assert finding(under(DEFINITIONS, machine), check).severity is Severity.MEDIUM
    for classes in (("Critical",), ("Security",)):
        schedule = configuration(install_patches=InstallPatches(windows_classifications=classes))
        assert findings(under(schedule, machine), check) == ()


@pytest.mark.parametrize(
    "patches", [None, InstallPatches(windows_classifications=("Definition",), windows_kbs_to_include=("5066835",))]
)
def test_a_choice_that_is_not_known_in_full_is_not_judged(patches: InstallPatches | None) -> None:
    assert findings(under(configuration(install_patches=patches), azure_vm(**waiting(security=2))), check) == ()


def test_a_second_schedule_that_selects_it_is_enough() -> None:
    machine = azure_vm(installation=NO_OP, **waiting(security=2))
    monthly = configuration("monthly")
    assignments = [static_assignment(machine, DEFINITIONS), static_assignment(machine, monthly, name="monthly")]
    seen = estate(machine, configurations=[DEFINITIONS, monthly], assignments=assignments)
    assert findings(seen, check) == ()
    unread = estate(machine, configurations=[DEFINITIONS], assignments=assignments)
    assert findings(unread, check) == ()
    (unknown,) = unknowns(unread, check)
    assert unknown.fact is Fact.CONFIGURATIONS


@pytest.mark.parametrize("machine", [azure_vm(), azure_vm(assessment=None), azure_vm(**waiting(security=0))])
def test_where_nothing_waits_nothing_is_said(machine: Machine) -> None:
    assert findings(under(DEFINITIONS, machine), check) == ()


def test_without_a_schedule_the_question_does_not_arise() -> None:
    assert findings(under(DEFINITIONS, azure_vm(**waiting(security=2)), scheduled=False), check) == ()


def test_assessments_that_may_not_be_read_leave_it_unknown() -> None:
    (unknown,) = unknowns(under(DEFINITIONS, azure_vm(), denied=[Fact.ASSESSMENT]), check)
    assert unknown.fact is Fact.ASSESSMENT


def test_it_explains_the_run_that_did_nothing_and_is_explained_by_a_refused_combination() -> None:
    machine = azure_vm(os_type="Linux", installation=NO_OP, **waiting(security=2))
    refused = configuration(install_patches=InstallPatches(linux_classifications=("Critical", "Other")))
    examination = examine(under(refused, machine), check, linux_classification_combination, run_no_op)
    explained = {each.check: each.explained_by for each in examination.findings}
    assert explained == {"AUM066": None, "AUM065": "AUM066", "AUM135": "AUM066"}


def test_the_cure_adds_urgent_updates_for_the_system_and_keeps_the_rest() -> None:
    machine = azure_vm(**waiting(security=2))
    ((remedy,),) = examine(under(DEFINITIONS, machine), check).remedies
    (call,) = remedy.calls
    assert (call.method, call.path) == ("PATCH", DEFINITIONS.id)
    assert call.body == {
        "properties": {
            "installPatches": {
                "rebootSetting": "IfRequired",
                "windowsParameters": {"classificationsToInclude": ["Definition", "Critical", "Security"]},
                "linuxParameters": {"classificationsToInclude": ["Other"]},
            }
        }
    }
