"""The causal graph as the checks declare it, and how findings fold under their causes."""

from graphlib import TopologicalSorter

import pytest

from aumdoctor.checks.check import Check, Subject
from aumdoctor.checks.registry import CHECKS
from aumdoctor.diagnosis.causes import fold, parents_of
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Confidence, Finding, Severity
from aumdoctor.model.machine import Status, VmAgent
from tests.builders import (
    PROVIDERS,
    arc_agent,
    arc_machine,
    azure_vm,
    change,
    estate,
    examine,
    findings,
    patch_settings,
    subscription,
)


def explained(seen: Estate) -> dict[str, str | None]:
    return {finding.check: finding.explained_by for finding in examine(seen).findings}


def test_every_cause_and_every_symptom_is_a_check() -> None:
    known = {check.id for check in CHECKS}
    assert {symptom for check in CHECKS for symptom in check.causes} <= known


def test_no_check_is_in_the_end_its_own_cause() -> None:
    order = list(TopologicalSorter(parents_of(CHECKS)).static_order())
    assert len(order) == len(set(order))


@pytest.mark.parametrize("cause", [check for check in CHECKS if check.causes], ids=lambda check: check.id)
def test_every_symptom_can_stand_beside_its_cause(cause: Check) -> None:
    """An arrow from a check of Arc-enabled servers to one of Azure VMs, or of Linux to Windows, would never be used."""
    by_id = {check.id: check for check in CHECKS}
    kinds = {Subject.AZURE_VM, Subject.ARC}
    for symptom in (by_id[each] for each in cause.causes):
        assert {cause.applies_to, symptom.applies_to} & kinds != kinds, symptom.id
        assert None in (cause.os, symptom.os) or cause.os == symptom.os, symptom.id
        assert cause.id != symptom.id


def test_check_ids_are_in_order_and_unlike() -> None:
    ids = [check.id for check in CHECKS]
    assert ids == sorted(set(ids))
    assert len({check.name for check in CHECKS}) == len(CHECKS)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_the_documentation_of_a_check_has_its_headings(check: object) -> None:
    documentation: str = check.documentation  # type: ignore[attr-defined]
    headings = [line for line in documentation.splitlines() if line.startswith("## ")]
    assert headings == ["## Why it matters", "## What to do", "## When it is wrong"]


def test_that_a_vm_is_off_explains_that_it_was_never_assessed() -> None:
    off = azure_vm(power_state="deallocated", vm_agent=None, extension_handlers=(), assessment=None)
    seen = examine(estate(off, scheduled=True))
    assert {finding.check: finding.explained_by for finding in seen.findings} == {"AUM008": "AUM012", "AUM012": None}
    (diagnosis,) = seen.diagnoses
    assert diagnosis.cause == "AUM012"
    assert [(symptom.check, symptom.count) for symptom in diagnosis.symptoms] == [("AUM008", 1)]


def test_the_symptoms_of_one_machine_are_not_explained_by_another() -> None:
    off = azure_vm("vm-off", power_state="deallocated")
    never_assessed = azure_vm("vm-2", assessment=None)
    by_machine = {
        finding.resource_id: finding.explained_by
        for finding in examine(estate(off, never_assessed, scheduled=True)).findings
        if finding.check == "AUM008"
    }
    assert by_machine == {never_assessed.id: None}


def test_an_unregistered_provider_explains_what_each_of_its_machines_suffers_from() -> None:
    machines = [arc_machine("arc-1", assessment=None), arc_machine("arc-2", assessment=None)]
    lacking = subscription(providers=PROVIDERS | {"microsoft.compute": "NotRegistered"})
    seen = examine(estate(*machines, subscriptions=[lacking]))
    symptoms = [finding for finding in seen.findings if finding.check == "AUM008"]
    assert [finding.resource_id for finding in symptoms] == [machine.id for machine in machines]
    assert {finding.explained_by for finding in symptoms} == {"AUM005"}
    diagnosis = next(each for each in seen.diagnoses if each.cause == "AUM005")
    assert diagnosis.resource_ids == (f"/subscriptions/{lacking.id}/providers/Microsoft.Compute",)
    assert diagnosis.machines == tuple(machine.id for machine in machines)
    assert diagnosis.symptoms[0].count == 2


def test_the_cause_at_the_top_of_the_chain_is_named() -> None:
    arc = arc_machine(arc=arc_agent(status="Disconnected"), assessment=None)
    folded = explained(estate(arc, scheduled=True))
    assert (folded["AUM008"], folded["AUM012"], folded["AUM117"]) == ("AUM117", "AUM117", None)


def test_two_causes_and_the_worse_one_is_named() -> None:
    unresponsive = VmAgent(status=Status(code="ProvisioningState/Unavailable", display_status="Not Ready"))
    vm = azure_vm(allow_extension_operations=False, vm_agent=unresponsive, extension_handlers=())
    # Both are critical: the lower id stands first, so that the answer does not change from scan to scan.
    assert explained(estate(vm, scheduled=True)) == {"AUM016": "AUM018", "AUM018": None, "AUM042": None}


def test_nothing_is_hidden_by_folding() -> None:
    off = azure_vm("vm-off", power_state="deallocated", assessment=None)
    manual = azure_vm("vm-manual", patch_settings=patch_settings(patch_mode="Manual"))
    arc = arc_machine(arc=arc_agent(status="Expired"), extensions=(), assessment=None)
    seen = estate(off, manual, arc, scheduled=True)
    found = findings(seen)
    folded = fold(found, CHECKS)
    assert [(finding.check, finding.resource_id) for finding in folded] == [
        (finding.check, finding.resource_id) for finding in found
    ]
    unfolded = [change(finding, explained_by=None, explained_by_resource=None) for finding in folded]
    assert unfolded == list(found)
    assert any(finding.explained_by for finding in folded)


def finding_about(check: str, resource_id: str, *machines: str) -> Finding:
    return Finding(
        check=check,
        name=check,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        resource_id=resource_id,
        message="",
        evidence=(),
        machines=machines,
    )


def test_a_cause_is_recognised_whatever_the_casing_of_the_id() -> None:
    vm = azure_vm()
    cause = finding_about("AUM012", vm.id.upper(), vm.id.upper())
    symptom = finding_about("AUM008", vm.id.lower(), vm.id.lower())
    _, folded = fold([cause, symptom], CHECKS)
    assert (folded.explained_by, folded.explained_by_resource) == ("AUM012", vm.id.upper())


def test_a_finding_over_several_machines_is_explained_only_where_all_have_the_cause() -> None:
    one, two = azure_vm("vm-1").id, azure_vm("vm-2").id
    over_both = finding_about("AUM008", "/subscriptions/S/providers/X", one, two)
    of_one, of_two = finding_about("AUM012", one, one), finding_about("AUM012", two, two)
    assert fold([over_both, of_one], CHECKS)[0].explained_by is None
    assert fold([over_both, of_one, of_two], CHECKS)[0].explained_by == "AUM012"
