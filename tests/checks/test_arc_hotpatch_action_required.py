import pytest

from aumdoctor.checks.arc_hotpatch_action_required import arc_hotpatch_action_required as check
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Finding, Severity
from aumdoctor.model.machine import PatchSettings
from tests.builders import arc_machine, azure_vm, estate, examine, findings, patch_settings, unknowns


def found_with(status: str | None, enabled: bool | None = True, os_type: str = "Windows") -> tuple[Finding, ...]:
    settings = PatchSettings(
        assessment_mode="AutomaticByPlatform", enable_hotpatching=enabled, hotpatch_enablement_status=status
    )
    return findings(estate(arc_machine(os_type=os_type, patch_settings=settings)), check)


@pytest.mark.parametrize(
    ("status", "severity"),
    [
        ("ActionRequired", Severity.LOW),
        ("actionrequired", Severity.LOW),
        ("Disabled", Severity.LOW),
        ("PendingEvaluation", Severity.INFO),
    ],
)
def test_hotpatching_that_was_asked_for_and_is_not_in_effect(status: str, severity: Severity) -> None:
    (found,) = found_with(status)
    assert (found.check, found.severity) == ("AUM126", severity)
    state, wanted = found.evidence
    assert state.path == ("properties.osProfile.windowsConfiguration.patchSettings.status.hotpatchEnablementStatus")
    assert (state.observed, state.expected) == (status, "Enabled")
    assert wanted.observed is True


def test_an_action_that_is_required_shows_that_somebody_asked() -> None:
    (found,) = found_with("ActionRequired", enabled=None)
    assert found.severity is Severity.LOW


@pytest.mark.parametrize(
    ("status", "enabled"),
    [
        ("Enabled", True),
        ("Unknown", True),
        ("a status of the future", True),
        (None, True),
        ("Disabled", False),
        ("Disabled", None),
        ("PendingEvaluation", None),
        ("ActionRequired", False),
    ],
)
def test_near_misses(status: str | None, enabled: bool | None) -> None:
    assert found_with(status, enabled) == ()


def test_it_is_about_windows_servers_with_arc() -> None:
    assert found_with("ActionRequired", os_type="Linux") == ()
    hotpatched = patch_settings(enable_hotpatching=True, hotpatch_enablement_status="ActionRequired")
    assert findings(estate(azure_vm(patch_settings=hotpatched)), check) == ()


def test_a_machine_that_may_not_be_read_is_unknown() -> None:
    (unknown,) = unknowns(estate(arc_machine(), denied=[Fact.MACHINE]), check)
    assert unknown.fact is Fact.MACHINE


def test_the_cure_names_what_hotpatching_needs() -> None:
    settings = PatchSettings(enable_hotpatching=True, hotpatch_enablement_status="ActionRequired")
    ((remedy,),) = examine(estate(arc_machine(patch_settings=settings)), check).remedies
    text = "\n".join(remedy.steps)
    assert "VirtualizationBasedSecurityStatus" in text
    assert "dls.microsoft.com" in text
