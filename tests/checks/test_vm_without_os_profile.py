import pytest

from aumdoctor.checks.assessment_policy_missed import assessment_policy_missed
from aumdoctor.checks.vm_without_os_profile import vm_without_os_profile as check
from aumdoctor.knowledge.policies import PERIODIC_ASSESSMENT_VM
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Machine, PatchSettings
from tests.builders import (
    arc_machine,
    azure_vm,
    estate,
    examine,
    finding,
    findings,
    policy_assignment,
    policy_state,
    unknowns,
)


def migrated(**overrides: object) -> Machine:
    values: dict[str, object] = {
        "has_os_profile": False,
        "os_disk_create_option": "Attach",
        "patch_settings": PatchSettings(),
        "provision_vm_agent": None,
    }
    return azure_vm(**{**values, **overrides})  # type: ignore[arg-type]


@pytest.mark.parametrize("os_type", ["Windows", "Linux"])
def test_a_migrated_vm_is_found(os_type: str) -> None:
    found = finding(estate(migrated(os_type=os_type)), check)
    assert (found.check, found.severity, found.confidence) == ("AUM055", Severity.MEDIUM, Confidence.MEDIUM)
    profile, disk = found.evidence
    assert (profile.path, profile.observed) == ("properties.osProfile", None)
    assert disk.observed == "Attach"


def test_the_create_option_is_evidence_only_where_azure_sent_it() -> None:
    assert len(finding(estate(migrated(os_disk_create_option=None)), check).evidence) == 1


def test_a_profile_without_patch_settings_is_a_profile() -> None:
    assert findings(estate(azure_vm(patch_settings=PatchSettings(), os_disk_create_option="Attach")), check) == ()


def test_arc_machines_may_lack_one() -> None:
    assert findings(estate(arc_machine(has_os_profile=False)), check) == ()


def test_it_stands_beside_the_policy_that_missed_it() -> None:
    vm, assignment = migrated(), policy_assignment(PERIODIC_ASSESSMENT_VM)
    seen = estate(vm, policy_assignments=(assignment,), policy_states=(policy_state(vm, assignment, "Compliant"),))
    folded = {found.check: found.explained_by for found in examine(seen, check, assessment_policy_missed).findings}
    assert folded == {"AUM002": None, "AUM055": None}


@pytest.mark.parametrize(
    ("scheduled", "names"),
    [(False, ["enable-periodic-assessment"]), (True, ["enable-periodic-assessment", "customer-managed-schedule"])],
)
def test_the_cure_sets_it_directly_by_a_version_that_can(scheduled: bool, names: list[str]) -> None:
    (remedies,) = examine(estate(migrated(), scheduled=scheduled), check).remedies
    assert [remedy.name for remedy in remedies] == names
    assert all(call.api_version >= "2023-07-01" for remedy in remedies for call in remedy.calls)


def test_without_the_model_it_is_unknown() -> None:
    (unknown,) = unknowns(estate(migrated(), denied=[Fact.MACHINE]), check)
    assert unknown.fact is Fact.MACHINE
