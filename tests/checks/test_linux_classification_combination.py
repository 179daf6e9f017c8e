from typing import Any

import pytest

from aumdoctor.checks.linux_classification_combination import linux_classification_combination as check
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Machine
from aumdoctor.model.maintenance import InstallPatches
from tests.builders import (
    arc_machine,
    azure_vm,
    configuration,
    estate,
    examine,
    finding,
    findings,
    installation,
    unknowns,
)

LINUX = azure_vm(os_type="Linux")
REFUSAL = "Invalid classification combination selection detected. Please edit the update deployment configuration"


def selecting(*classes: str, machines: tuple[Machine, ...] = (LINUX,), **parts: Any) -> Estate:
    schedule = configuration(install_patches=InstallPatches(linux_classifications=classes))
    return estate(*machines, **{"configurations": [schedule], "scheduled": True, **parts})


@pytest.mark.parametrize("classes", [("Critical", "Other"), ("other", "CRITICAL")])
@pytest.mark.parametrize("machine", [LINUX, arc_machine(os_type="Linux")])
def test_other_with_critical_alone_is_refused(classes: tuple[str, ...], machine: Machine) -> None:
    seen = finding(selecting(*classes, machines=(machine, azure_vm("windows"))), check)
    assert (seen.check, seen.severity, seen.confidence) == ("AUM066", Severity.MEDIUM, Confidence.MEDIUM)
    assert (seen.resource_id, seen.machines) == (configuration().id, (machine.id,))
    assert seen.evidence[0].observed == list(classes)


def test_a_machine_that_reported_the_error_proves_it() -> None:
    machine = azure_vm(os_type="Linux", installation=installation(REFUSAL))
    seen = finding(selecting("Critical", "Other", machines=(LINUX, machine)), check)
    assert (seen.severity, seen.confidence) == (Severity.HIGH, Confidence.HIGH)
    assert seen.evidence[1].resource_id == machine.id
    other = azure_vm(os_type="Linux", installation=installation("no space left"))
    assert finding(selecting("Critical", "Other", machines=(other,)), check).severity is Severity.MEDIUM


@pytest.mark.parametrize("classes", [("Security",), ("Critical",), ("Security", "Other")])
def test_one_of_the_two_works_and_means_both(classes: tuple[str, ...]) -> None:
    seen = finding(selecting(*classes), check)
    assert (seen.severity, seen.machines) == (Severity.INFO, ())
    assert f"{classes[0]} alone" in seen.message


@pytest.mark.parametrize("classes", [("Critical", "Security"), ("Critical", "Security", "Other"), ("Other",), ()])
def test_the_other_selections_are_healthy(classes: tuple[str, ...]) -> None:
    assert findings(selecting(*classes), check) == ()


def test_a_schedule_without_linux_machines_is_not_judged() -> None:
    assert findings(selecting("Critical", "Other", machines=(azure_vm(),)), check) == ()
    assert findings(selecting("Critical", "Other", scheduled=False), check) == ()
    assert findings(selecting(configurations=[configuration(install_patches=None)]), check) == ()


def test_schedules_that_may_not_be_read_leave_it_unknown() -> None:
    (unknown,) = unknowns(selecting("Critical", "Other", denied=[Fact.CONFIGURATIONS]), check)
    assert unknown.fact is Fact.CONFIGURATIONS


def test_the_cure_selects_security_too() -> None:
    ((remedy,),) = examine(selecting("Critical", "Other"), check).remedies
    body = remedy.calls[0].body
    assert body == {
        "properties": {
            "installPatches": {"linuxParameters": {"classificationsToInclude": ["Critical", "Other", "Security"]}}
        }
    }
