"""Scripts in machines, as `plan --emit bash|pwsh` runs them: their end is awaited, shown and believed by their word."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from aumdoctor.model.finding import Confidence, Finding, Severity
from aumdoctor.model.machine import Machine
from aumdoctor.remedies.catalogue import BY_NAME
from aumdoctor.remedies.plan import PlanFile
from aumdoctor.remedies.run_in_guest import script_of
from aumdoctor.report import emit
from tests.builders import arc_machine, azure_vm, estate
from tests.report.planned import action, plan_file, whole_plan
from tests.report.test_plan import MatchesGolden, requests, tokens

BASH = shutil.which("bash")
END = '{"remedy":"clear-wsus-pointer","step":"end","state":"%s","said":"so it is"}'
VM, ARC, LINUX = azure_vm("vm-1"), arc_machine("arc-1"), azure_vm("vm-2", os_type="Linux")


def run_plan(machine: Machine, name: str = "clear-wsus-pointer") -> PlanFile:
    """The plan of a remedy inside one machine."""
    wanted = Finding(
        check="AUM027",
        name="x",
        severity=Severity.MEDIUM,
        confidence=Confidence.HIGH,
        resource_id=machine.id,
        message="",
        evidence=(),
        machines=(machine.id,),
    )
    remedy = BY_NAME[name].prescribe(wanted, estate(machine))
    assert remedy is not None
    return plan_file(*(action(name, call, machine.id) for call in remedy.calls))


class Ran(NamedTuple):
    code: int
    out: str
    err: str
    calls: list[list[str]]

    @property
    def verbs(self) -> list[str]:
        """What was asked of Azure in which order: the method of `az rest`, or the command."""
        return [words[2] if words[0] == "rest" else " ".join(words[:3]) for words in self.calls]


@pytest.fixture
def ran(tmp_path: Path) -> Callable[..., Ran]:
    """Run a script for bash with an `az` that has these states of a run command, one each time it is asked, and this
    output; sleeping takes no time, but counts."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "az").write_text(
        "#!/bin/sh\n"
        'for word in "$@"; do printf "%s\\0" "$word"; done >> "$BOOK/calls"; printf "\\1\\0" >> "$BOOK/calls"\n'
        'case "$*" in\n'
        '*executionState*) head -n 1 "$BOOK/states"\n'
        '  [ "$(wc -l < "$BOOK/states")" -le 1 ] || sed -i 1d "$BOOK/states" ;;\n'
        '*instanceView*|*run-command*) cat "$BOOK/output" ;;\n'
        "esac\n"
    )
    (programs / "sleep").write_text("#!/bin/sh\nexit 0\n")
    for program in programs.iterdir():
        program.chmod(0o755)

    def run(script: str, output: str, states: tuple[str, ...] = ("Succeeded",)) -> Ran:
        (tmp_path / "calls").write_bytes(b"")
        (tmp_path / "states").write_text("\n".join(states) + "\n")
        (tmp_path / "output").write_text(output + "\n")
        ended = subprocess.run(
            [str(BASH), "-c", script],
            env={"PATH": f"{programs}:{os.environ['PATH']}", "BOOK": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        calls = [part.split("\0")[:-1] for part in (tmp_path / "calls").read_text().split("\1\0")[:-1]]
        return Ran(ended.returncode, ended.stdout, ended.stderr, calls)

    return run


needs_bash = pytest.mark.skipif(BASH is None, reason="there is no bash here")


# Bash.


@needs_bash
def test_a_run_command_is_awaited_and_shown_before_it_is_deleted(ran: Callable[..., Ran]) -> None:
    ended = ran(emit.bash(run_plan(ARC)), f"before\n{END % 'changed'}", ("", "Running", "Succeeded"))
    assert ended.code == 0, ended.err
    assert ended.verbs == ["put", "get", "get", "get", "get", "delete", "post"]
    assert END % "changed" in ended.out
    assert all(words[4] == ended.calls[0][4] for words in ended.calls[:-1])


@needs_bash
@pytest.mark.parametrize(
    ("output", "state"),
    [
        (END % "failed", "Succeeded"),
        (END % "refused", "Succeeded"),
        ("broken off", "Succeeded"),
        (END % "failed" + END % "changed", "Succeeded"),
        (END % "changed", "Failed"),
        ("", "TimedOut"),
    ],
)
def test_a_script_that_did_not_go_well_ends_it_before_anything_is_deleted(
    ran: Callable[..., Ran], output: str, state: str
) -> None:
    ended = ran(emit.bash(run_plan(ARC)), output, (state,))
    assert ended.code == 1
    assert ended.verbs == ["put", "get", "get"]
    assert output in ended.out
    assert f"action {run_plan(ARC).actions[0].id}: " in ended.err


@needs_bash
def test_a_run_command_that_never_ends_is_not_awaited_for_ever(ran: Callable[..., Ran]) -> None:
    script = emit.bash(run_plan(ARC))
    hasty = re.sub(r"SECONDS \+ \d+", "SECONDS + 1", script)
    assert hasty != script
    ended = ran(hasty, "", ("Running",))
    assert ended.code == 1
    assert set(ended.verbs[1:]) == {"get"}
    assert "has not ended" in ended.err


@needs_bash
@pytest.mark.parametrize("machine", [VM, LINUX], ids=["windows", "linux"])
def test_a_vm_runs_the_same_script_by_a_command_that_waits(ran: Callable[..., Ran], machine: Machine) -> None:
    made = run_plan(machine, "stop-automatic-updates")
    ended = ran(emit.bash(made), END % "unchanged")
    assert ended.code == 0, ended.err
    assert ended.verbs[0] == "vm run-command invoke"
    words = ended.calls[0]
    body = made.actions[0].call.body
    assert body is not None
    assert words[words.index("--ids") + 1] == machine.id
    assert words[words.index("--command-id") + 1] == body["commandId"]
    assert words[words.index("--scripts") + 1] == script_of(made.actions[0].call)
    assert END % "unchanged" in ended.out


@needs_bash
def test_a_script_of_a_vm_that_did_not_go_well_ends_it(ran: Callable[..., Ran]) -> None:
    ended = ran(emit.bash(run_plan(VM)), END % "failed")
    assert (ended.code, ended.verbs) == (1, ["vm run-command invoke"])


@needs_bash
def test_what_a_script_printed_steers_no_terminal(ran: Callable[..., Ran]) -> None:
    ended = ran(emit.bash(run_plan(VM)), f"\x1b[2Jx\n{END % 'changed'}")
    assert ended.out.startswith("[2Jx\n")


# PowerShell.


def test_powershell_awaits_a_run_command_before_it_deletes_it() -> None:
    made = run_plan(ARC)
    lines = [line for line in body_of(emit.pwsh(made)) if not line.startswith("if ")]
    call = made.actions[0].call
    path = emit.powershell_literal(f"{call.path}?api-version={call.api_version}")
    assert lines[0].startswith(f"$answer = Invoke-AzRestMethod -Method 'PUT' -Path {path} -Payload ")
    assert lines[1] == f"Wait-RunCommand {emit.powershell_literal(made.actions[0].id)} {path}"
    assert lines[2].startswith("$answer = Invoke-AzRestMethod -Method 'DELETE' ")


def test_powershell_lets_the_action_of_a_vm_wait_and_shows_what_it_printed() -> None:
    made = run_plan(VM)
    lines = body_of(emit.pwsh(made))
    assert lines[0].endswith("' -WaitForCompletion -FinalResultFrom 'Location'")
    assert lines[2] == (
        f"Show-Printed {emit.powershell_literal(made.actions[0].id)} "
        "(($answer.Content | ConvertFrom-Json).value.message -join [char]10)"
    )
    assert "ModuleVersion = '4.0.0'" in emit.pwsh(made).splitlines()[0]


@pytest.mark.parametrize("machine", [VM, ARC], ids=["vm", "arc"])
def test_the_powershell_of_a_run_can_be_taken_apart(machine: Machine) -> None:
    script = emit.pwsh(run_plan(machine))
    assert [kind for kind, _ in tokens(script)].count("string") > 5


def body_of(script: str) -> list[str]:
    """The lines after the first comment of an action that are no comments."""
    actions = script.partition("\n# 1. ")[2].splitlines()[1:]
    return [line for line in actions if line and not line.startswith("#")]


# Both.


@pytest.mark.parametrize("name", ["bash", "pwsh"])
def test_a_plan_without_scripts_has_nothing_of_it(name: str) -> None:
    script = emit.EMITTERS[name](whole_plan())
    assert "instanceView" not in script
    assert "4.0.0" not in script
    if name == "pwsh":
        assert len(requests(script)) == len(whole_plan().actions)


@pytest.mark.parametrize("name", ["bash", "pwsh"])
def test_the_functions_read_as_they_were_reviewed(name: str, matches_golden: MatchesGolden) -> None:
    functions = emit.EMITTERS[name](run_plan(ARC)).partition("\n# 1. ")[0].partition("\n\n")[2]
    matches_golden(f"script-runs.{name}", functions)
