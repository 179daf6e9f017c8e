"""`aumdoctor probe`: who is asked, who is not, and what is said before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from aumdoctor.cli import probe
from aumdoctor.model.guest import Case, Host
from aumdoctor.model.machine import ArcAgent, Machine, Status, VmAgent
from tests.builders import arc_machine, azure_vm
from tests.cli.conftest import Ended


def changed(machine: Machine, **more: Any) -> Machine:
    return msgspec.structs.replace(machine, **more)


def agent(display_status: str) -> VmAgent:
    return VmAgent(status=Status(display_status=display_status))


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"power_state": "deallocated"}, "it is deallocated"),
        ({"allow_extension_operations": False}, "extension operations are not allowed"),
        ({"provision_vm_agent": False}, "made without the VM agent"),
        ({"vm_agent": agent("Not Ready")}, "its VM agent is Not Ready"),
        ({"os_type": None}, "does not say whether it runs Linux or Windows"),
    ],
)
def test_a_vm_that_cannot_answer_is_not_asked(more: dict[str, Any], why: str) -> None:
    said = probe._why_not(changed(azure_vm(), **more))
    assert said is not None
    assert said.startswith("not asked: ")
    assert why in said


@pytest.mark.parametrize("more", [{}, {"power_state": None}, {"vm_agent": None}, {"allow_extension_operations": None}])
def test_what_is_not_known_is_no_reason(more: dict[str, Any]) -> None:
    assert probe._why_not(changed(azure_vm(), **more)) is None


HANDLER = "Microsoft.CPlat.Core/RunCommandHandlerLinux"


@pytest.mark.parametrize(
    ("arc", "why"),
    [
        (ArcAgent(status="Disconnected"), "it is disconnected"),
        (ArcAgent(status="Connected", extensions_enabled=False), "extensions are switched off"),
        (ArcAgent(status="Connected", extensions_block_list=(HANDLER,)), "block list"),
        (
            ArcAgent(status="Connected", extensions_allow_list=("Microsoft.CPlat.Core/LinuxPatchExtension",)),
            "allow list",
        ),
        (ArcAgent(status="Connected", extensions_allow_list=(HANDLER.upper(),)), None),
        (ArcAgent(status="Connected", extensions_block_list=("other/thing",)), None),
    ],
)
def test_an_arc_machine_that_does_not_take_run_command_is_not_asked(arc: ArcAgent, why: str | None) -> None:
    said = probe._why_not(changed(arc_machine(), os_type="linux", arc=arc))
    assert said is None if why is None else said is not None and why in said


def test_machines_of_one_name_are_told_apart() -> None:
    one, two, third = (
        changed(
            azure_vm(),
            id=f"/subscriptions/{s}/resourceGroups/{g}/providers/Microsoft.Compute/virtualMachines/vm",
            name="vm",
        )
        for s, g in (("a", "rg-1"), ("a", "rg-2"), ("b", "rg-2"))
    )
    assert list(probe._names([one, two, third]).values()) == ["vm.rg-1", "vm.rg-2", "vm.rg-2.b"]
    assert list(probe._names([one]).values()) == ["vm"]


def test_a_machine_that_did_not_answer_is_a_machine_and_no_file() -> None:
    case = probe._with_silent(Case(hosts=(Host(name="vm-b"),)), ["vm-a", "vm-b"])
    assert ([host.name for host in case.hosts], case.sources) == (["vm-b", "vm-a"], ())


def test_a_script_is_not_kept_with_its_answer() -> None:
    answer = {"id": "x", "properties": {"source": {"script": "…"}, "instanceView": {"output": "a"}}}
    assert probe._without_script(answer) == {"id": "x", "properties": {"instanceView": {"output": "a"}}}
    assert probe._without_script({"value": []}) == {"value": []}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "it was not said which machines to ask"),
        (("--all-with", "AUM999"), "there is no check 'AUM999'"),
        (("vm-nowhere", "--yes"), "vm-nowhere"),
        (("vm-etl-jpe-00115",), "there is no terminal to ask on"),
        (("vm-etl-jpe-00115", "--yes", "--save", "file"), "cannot be made"),
        (("vm-etl-jpe-00115", "--yes", "-o", "sarif"), "there is no such output"),
    ],
)
def test_wrong_usage_asks_nobody(
    run: Callable[..., Ended], tmp_path: Any, arguments: tuple[str, ...], said: str
) -> None:
    (tmp_path / "file").write_text("")
    ended = run("probe", *arguments, "--demo", "--quiet")
    assert ended.code == 2
    assert said in ended.err
    assert ended.out == ""
    assert not (tmp_path / "aumdoctor-journal.jsonl").exists()


def test_its_help_says_what_it_does_to_a_machine(run: Callable[..., Ended]) -> None:
    text = " ".join(run("probe", "--help").out.split())
    assert "installs an extension" in text
    assert "--from" not in text
