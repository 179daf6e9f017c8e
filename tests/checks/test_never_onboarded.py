import pytest

from aumdoctor.checks.engine import AnswerState, answers
from aumdoctor.checks.never_onboarded import never_onboarded as check
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Extension, Machine, PatchSettings
from tests.builders import (
    NOW,
    arc_machine,
    azure_vm,
    change,
    estate,
    examine,
    finding,
    findings,
    installation,
    patch_settings,
    unknowns,
)

NEW_VM = azure_vm(assessment=None, extension_handlers=(), patch_settings=patch_settings(assessment_mode=None))
NEW_ARC = arc_machine(assessment=None, extensions=(), patch_settings=PatchSettings())


@pytest.mark.parametrize("machine", [NEW_VM, change(NEW_VM, os_type="Linux"), NEW_ARC], ids=["windows", "linux", "arc"])
def test_a_machine_that_was_never_brought_in(machine: Machine) -> None:
    found = finding(estate(machine), check)
    assert (found.check, found.severity, found.confidence) == ("AUM142", Severity.INFO, Confidence.MEDIUM)
    assert "never brought into" in found.message
    assessed, extensions, mode = found.evidence
    assert (assessed.path, assessed.observed) == ("patchassessmentresources", None)
    assert extensions.observed == []
    assert mode.path.endswith("patchSettings.assessmentMode")


def test_other_extensions_are_named_and_do_not_count() -> None:
    monitored = change(
        NEW_ARC, extensions=(Extension(name="AzureMonitorWindowsAgent", publisher="Microsoft.Azure.Monitor"),)
    )
    assert finding(estate(monitored), check).evidence[1].observed == ["AzureMonitorWindowsAgent"]


@pytest.mark.parametrize(
    "machine",
    [
        azure_vm(),
        change(NEW_VM, assessment=azure_vm().assessment),
        change(NEW_VM, extension_handlers=azure_vm().extension_handlers),
        change(NEW_VM, extensions=(Extension(name="WindowsPatchExtension"),)),
        change(NEW_VM, patch_settings=patch_settings(assessment_mode="automaticByPlatform")),
        change(NEW_VM, installation=installation()),
        change(NEW_ARC, extensions=arc_machine().extensions),
        change(NEW_VM, power_state="deallocated"),
    ],
    ids=["healthy", "assessed", "handler", "extension", "periodic", "patched", "arc extension", "off"],
)
def test_near_misses(machine: Machine) -> None:
    assert findings(estate(machine), check) == ()


def test_of_a_vm_that_is_off_it_cannot_be_asked() -> None:
    off = change(NEW_VM, power_state="deallocated")
    (answer,) = answers(estate(off), [check], off, NOW)
    assert answer.state is AnswerState.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("machine", "fact"),
    [(NEW_VM, Fact.ASSESSMENT), (NEW_VM, Fact.INSTANCE_VIEW), (NEW_ARC, Fact.EXTENSIONS)],
)
def test_what_was_not_read_is_never_taken_for_nothing(machine: Machine, fact: Fact) -> None:
    (unknown,) = unknowns(estate(machine, missing=[fact]), check)
    assert unknown.fact is fact


def test_an_extension_that_another_fact_proves_is_there() -> None:
    assert findings(estate(NEW_ARC, inferred=[Fact.EXTENSIONS]), check) == ()


def test_the_cure_of_the_setting_is_its_cure() -> None:
    folded = {each.check: each.explained_by for each in examine(estate(NEW_ARC)).findings}
    assert folded["AUM142"] == "AUM039"
    first, second = examine(estate(NEW_ARC), check).remedies[0]
    assert (first.name, second.name) == ("enable-periodic-assessment", "assess-now")
