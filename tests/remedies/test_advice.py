"""Advice has no call to make, so that its steps must carry the whole cure: concrete, for this machine, with a proof."""

import shlex

import pytest

from aumdoctor.model.finding import Confidence, Finding, Severity
from aumdoctor.model.machine import Machine
from aumdoctor.remedies.catalogue import BY_NAME
from aumdoctor.remedies.remedy import Remedy, Risk
from tests.builders import arc_machine, azure_vm, estate

ASSESSED_AFTERWARDS = [
    "open-windows-update-endpoints",
    "correct-wsus-pointer",
    "repair-update-access",
    "open-linux-repositories",
]


def prescribed(name: str, machine: Machine, **details: str) -> Remedy | None:
    finding = Finding(
        check="AUM025",
        name="windows-update-unreachable",
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        resource_id=machine.id.upper(),
        message="",
        evidence=(),
        details=details,
    )
    return BY_NAME[name].prescribe(finding, estate(machine))


@pytest.mark.parametrize("name", ASSESSED_AFTERWARDS)
@pytest.mark.parametrize(
    ("machine", "line"), [(azure_vm(), "az vm assess"), (arc_machine(), "az connectedmachine assess")]
)
def test_it_ends_with_the_assessment_that_proves_it(name: str, machine: Machine, line: str) -> None:
    remedy = prescribed(name, machine)
    assert remedy is not None
    assert remedy.risk is Risk.ADVICE
    assert remedy.calls == ()
    assert remedy.az == ()
    assert line in remedy.steps[-1]
    assert len(remedy.steps) >= 4


def test_the_endpoints_of_windows_update_are_named_in_full() -> None:
    remedy = prescribed("open-windows-update-endpoints", azure_vm())
    assert remedy is not None
    assert any("*.update.microsoft.com" in step and "443" in step for step in remedy.steps)


@pytest.mark.parametrize(
    ("machine", "words"),
    [
        (azure_vm(), ["--classifications-to-include-win", "Critical", "Security"]),
        (azure_vm(os_type="Linux"), ["--classifications-to-include-linux", "Critical", "Security"]),
        (arc_machine(), ["--windows-parameters", '{"classificationsToInclude":["Critical","Security"]}']),
        (arc_machine(os_type="Linux"), ["--linux-parameters", '{"classificationsToInclude":["Critical","Security"]}']),
    ],
)
def test_an_installation_on_demand_is_written_out_for_the_machine(machine: Machine, words: list[str]) -> None:
    remedy = prescribed("install-on-demand", machine)
    assert remedy is not None
    line = shlex.split(remedy.steps[0].partition(": ")[2])
    assert line[-len(words) :] == words
    assert line[line.index("--maximum-duration") + 1] == "PT3H55M"


def test_a_vm_that_stops_in_its_window_and_one_that_was_created_again_get_different_advice() -> None:
    off = prescribed("keep-running-in-window", azure_vm(), cause="not-responding")
    anew = prescribed("keep-running-in-window", azure_vm(), cause="recreated")
    assert off is not None
    assert anew is not None
    assert "az monitor activity-log list" in off.steps[0]
    assert "12 hours" in anew.steps[-1]


@pytest.mark.parametrize("name", [*ASSESSED_AFTERWARDS, "install-on-demand"])
def test_about_a_machine_that_is_not_there_it_says_nothing(name: str) -> None:
    finding = Finding(
        check="AUM025",
        name="x",
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        resource_id="/subscriptions/s/x",
        message="",
        evidence=(),
    )
    assert BY_NAME[name].prescribe(finding, estate()) is None
