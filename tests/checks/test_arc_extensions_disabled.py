from typing import Any

import pytest

from aumdoctor.checks.arc_extensions_disabled import arc_extensions_disabled as check
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Finding, Severity
from aumdoctor.model.machine import PatchSettings
from tests.builders import arc_agent, arc_machine, azure_vm, estate, examine, findings, unknowns

INSTALLER = "Microsoft.SoftwareUpdateManagement/WindowsOsUpdateExtension"
ASSESSOR = "Microsoft.CPlat.Core/WindowsPatchExtension"
MONITOR = "Microsoft.Azure.Monitor/AzureMonitorWindowsAgent"


def found_with(os_type: str = "Windows", **agent: Any) -> tuple[Finding, ...]:
    return findings(estate(arc_machine(os_type=os_type, arc=arc_agent(**agent))), check)


def test_an_extension_manager_that_is_off() -> None:
    (found,) = found_with(extensions_enabled=False)
    assert (found.check, found.severity, found.confidence) == ("AUM120", Severity.CRITICAL, Confidence.HIGH)
    (evidence,) = found.evidence
    assert evidence.path == "properties.agentConfiguration.extensionsEnabled"
    assert (evidence.observed, evidence.expected) == ("false", "true")
    assert "neither assessed nor patched" in found.message


@pytest.mark.parametrize("mode", ["monitor", "Monitor"])
def test_monitor_mode_is_told_without_the_lists_that_come_with_it(mode: str) -> None:
    (found,) = found_with(config_mode=mode, extensions_allow_list=(MONITOR,), guest_configuration_enabled=False)
    assert found.severity is Severity.CRITICAL
    assert [evidence.path.rpartition(".")[2] for evidence in found.evidence] == [
        "configMode",
        "guestConfigurationEnabled",
    ]
    assert "allow list" not in found.message


def test_an_allow_list_that_lacks_both_extensions() -> None:
    (found,) = found_with(extensions_allow_list=(MONITOR,))
    assert found.severity is Severity.CRITICAL
    assert INSTALLER in found.message
    assert ASSESSOR in found.message
    (evidence,) = found.evidence
    assert evidence.path == "properties.agentConfiguration.extensionsAllowList"
    assert evidence.observed == [MONITOR]


def test_nothing_is_allowed_by_the_entry_for_nothing() -> None:
    (found,) = found_with(extensions_allow_list=("Allow/None",))
    assert found.severity is Severity.CRITICAL


def test_a_block_list_beats_an_allow_list() -> None:
    (found,) = found_with(extensions_allow_list=(INSTALLER, ASSESSOR), extensions_block_list=(INSTALLER.upper(),))
    assert found.severity is Severity.CRITICAL
    assert "block list" in found.message
    assert "allow list" not in found.message


@pytest.mark.parametrize("pattern", ["Microsoft.CPlat.Core/*", "microsoft.cplat.core/*", "*/WindowsPatchExtension"])
def test_where_only_the_daily_assessment_is_refused_it_weighs_less(pattern: str) -> None:
    (found,) = found_with(extensions_block_list=(pattern,))
    assert found.severity is Severity.HIGH
    assert "not assessed periodically" in found.message


def test_and_least_where_nobody_asks_for_a_daily_assessment() -> None:
    on_demand = arc_machine(
        patch_settings=PatchSettings(assessment_mode="ImageDefault"), arc=arc_agent(extensions_allow_list=(INSTALLER,))
    )
    (found,) = findings(estate(on_demand), check)
    assert found.severity is Severity.LOW


def test_the_lists_are_read_for_the_system_that_the_server_runs() -> None:
    for_windows = (INSTALLER, ASSESSOR)
    assert found_with("Windows", extensions_allow_list=for_windows) == ()
    (found,) = found_with("Linux", extensions_allow_list=for_windows)
    assert "LinuxOsUpdateExtension" in found.message
    assert findings(estate(arc_machine(os_type=None, arc=arc_agent(extensions_allow_list=for_windows))), check) == ()


def test_guest_configuration_alone_is_a_weak_sign() -> None:
    (found,) = found_with(guest_configuration_enabled=False)
    assert (found.severity, found.confidence) == (Severity.LOW, Confidence.LOW)
    assert "disagree" in found.message


@pytest.mark.parametrize(
    "agent",
    [
        {},
        {"config_mode": None, "extensions_enabled": None, "guest_configuration_enabled": None},
        {"config_mode": "a mode of the future"},
        {
            "extensions_allow_list": (
                "Microsoft.SoftwareUpdateManagement/*",
                "microsoft.cplat.core/WINDOWSPATCHEXTENSION",
            )
        },
        {"extensions_allow_list": ("*/*",)},
        {"extensions_block_list": ("Microsoft.Cplat.Core/RunCommandHandlerWindows", "[", "")},
    ],
    ids=["defaults", "absent", "new mode", "patterns and casing", "everything", "others are blocked"],
)
def test_near_misses(agent: dict[str, Any]) -> None:
    assert found_with(**agent) == ()


def test_an_azure_vm_has_no_such_agent() -> None:
    assert findings(estate(azure_vm()), check) == ()


def test_a_machine_that_may_not_be_read_is_unknown() -> None:
    (unknown,) = unknowns(estate(arc_machine(), denied=[Fact.MACHINE]), check)
    assert unknown.fact is Fact.MACHINE


def test_it_explains_that_the_extension_is_missing_and_nothing_was_assessed() -> None:
    refused = arc_machine(arc=arc_agent(extensions_enabled=False), extensions=(), assessment=None)
    folded = {each.check: each.explained_by for each in examine(estate(refused)).findings}
    assert folded["AUM014"] == "AUM120"
    assert folded["AUM008"] == "AUM120"


def test_the_cure_names_only_the_settings_that_are_wrong() -> None:
    refused = arc_machine(arc=arc_agent(config_mode="monitor", extensions_block_list=("Microsoft.CPlat.Core/*",)))
    ((remedy,),) = examine(estate(refused), check).remedies
    text = "\n".join(remedy.steps)
    assert text.index("config.mode full") < text.index("extensions.blocklist")
    assert "--remove" in text
    assert "extensions.allowlist" not in text
    assert "az connectedmachine assess-patches" in remedy.steps[-1]
