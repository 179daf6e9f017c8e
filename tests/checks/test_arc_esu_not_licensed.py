from datetime import UTC, datetime
from typing import Any

import pytest

from aumdoctor.checks.arc_esu_not_licensed import arc_esu_not_licensed as check
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from tests.builders import arc_agent, arc_machine, azure_vm, estate, examine, finding, findings, unknowns


def server(sku: str = "Windows Server 2012 R2 Standard", version: str = "6.3.9600", **agent: object) -> Estate:
    values: dict[str, object] = {
        "os_sku": sku,
        "esu_eligibility": "Eligible",
        "esu_license_assignment_state": "NotAssigned",
        "esu_key_state": "Inactive",
    }
    return estate(arc_machine(os_name="windows", os_version=version, arc=arc_agent(**{**values, **agent})))


@pytest.mark.parametrize("sku", ["Windows Server 2012 R2 Standard", "Windows Server 2012 Datacenter"])
def test_a_server_whose_support_has_ended(sku: str) -> None:
    found = finding(server(sku), check)
    assert (found.check, found.severity, found.confidence) == ("AUM125", Severity.HIGH, Confidence.HIGH)
    state, eligible, version = found.evidence
    assert state.path == "properties.licenseProfile.esuProfile.licenseAssignmentState"
    assert (state.observed, state.expected) == ("NotAssigned", "Assigned")
    assert eligible.observed == "Eligible"
    assert version.observed == "6.3.9600"
    assert "support ended on 2023-10-10" in found.message


def test_the_version_tells_the_release_where_the_name_does_not() -> None:
    assert "Windows Server 2012 R2" in finding(server("", "6.3.9600"), check).message
    assert findings(server("Windows Server 2022 Datacenter", "6.3.9600"), check) == ()


def test_before_support_ends_it_is_an_announcement_and_from_then_on_an_issue() -> None:
    seen = server("Windows Server 2016 Datacenter", "10.0.14393.8422")
    announced = finding(seen, check)
    assert announced.severity is Severity.LOW
    assert "from 2027-01-12 on" in announced.message
    assert finding(seen, check, now=datetime(2027, 1, 13, tzinfo=UTC)).severity is Severity.HIGH


def test_after_the_extended_updates_no_licence_helps_any_more() -> None:
    found = finding(server(), check, now=datetime(2026, 11, 21, tzinfo=UTC))
    assert found.severity is Severity.HIGH
    assert "ended on 2026-10-13" in found.message


@pytest.mark.parametrize(
    "agent",
    [
        {"esu_eligibility": "Ineligible"},
        {"esu_eligibility": "Unknown"},
        {"esu_eligibility": None},
        {"esu_license_assignment_state": "Assigned"},
        {"esu_license_assignment_state": "a state of the future"},
        {"esu_key_state": "active"},
        {"os_sku": "Windows Server 2019 Standard"},
    ],
    ids=["ineligible", "unknown", "not said", "licensed", "new state", "key of its own", "supported"],
)
def test_near_misses(agent: dict[str, Any]) -> None:
    assert findings(server(**agent), check) == ()


def test_azure_vms_get_these_updates_free() -> None:
    assert findings(estate(azure_vm(os_name="Windows Server 2012 R2 Datacenter")), check) == ()


def test_eligible_without_a_word_on_the_licence_is_unknown() -> None:
    (unknown,) = unknowns(server(esu_license_assignment_state=None), check)
    assert unknown.fact is Fact.MACHINE
    (denied,) = unknowns(estate(arc_machine(), denied=[Fact.MACHINE]), check)
    assert denied.fact is Fact.MACHINE


def test_the_cure_leaves_the_choice_of_the_licence_to_its_owner() -> None:
    ((remedy,),) = examine(server(), check).remedies
    assert remedy.calls == ()
    link = next(step for step in remedy.steps if "licenseProfiles/default" in step)
    assert "assignedLicense" in link
