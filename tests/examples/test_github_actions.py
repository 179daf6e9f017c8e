"""examples/github-actions: what the workflow may do, and what its gate step says and ends with."""

import json
import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from aumdoctor.demo.server import DemoServer, run_in_thread
from tests.examples.coming_window import coming_window, commands, hinder
from tests.examples.conftest import EXAMPLES

Call = Callable[..., "subprocess.CompletedProcess[str]"]
FILE = EXAMPLES / "github-actions" / "patch-gate.yml"
WORKFLOW: dict[Any, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
ON = WORKFLOW[True]  # YAML 1.1 reads `on` as a boolean
INPUTS: dict[str, dict[str, Any]] = ON["workflow_dispatch"]["inputs"]
(JOB,) = WORKFLOW["jobs"].values()
STEPS: list[dict[str, Any]] = JOB["steps"]
(GATE,) = (step for step in STEPS if step.get("id") == "gate")
needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="the step is a bash script")


@pytest.fixture
def azure() -> Iterator[DemoServer]:
    with run_in_thread(estate=coming_window(120)) as server:
        yield server


def evaluated(expression: str, inputs: dict[str, str]) -> str:
    """What GitHub makes of `${{ inputs.NAME || 'DEFAULT' }}`; other expressions do not stand in the step."""
    found = re.fullmatch(r"\$\{\{ inputs\.([\w-]+) \|\| '([^']*)' \}\}", expression)
    assert found is not None, expression
    assert found[1] in INPUTS
    return inputs.get(found[1]) or found[2]


@pytest.fixture
def step(call: Call, tmp_path: Path) -> Call:
    """Run the gate's script as GitHub does, with what somebody typed; options and sign-in as the embedded Azure's."""
    script = tmp_path / "step.sh"
    script.write_text(GATE["run"], encoding="utf-8")
    bin_ = commands(tmp_path / "bin")

    def run(**inputs: str) -> "subprocess.CompletedProcess[str]":
        typed = {name.replace("_", "-"): value for name, value in inputs.items()}
        own = {name: text for name, text in GATE["env"].items() if not name.startswith("AUMDOCTOR_")}
        return call(
            *("bash", "--noprofile", "--norc", "-eo", "pipefail", script),
            PATH=f"{bin_}{os.pathsep}{os.environ['PATH']}",
            GITHUB_OUTPUT=str(tmp_path / "output"),
            GITHUB_STEP_SUMMARY=str(tmp_path / "summary"),
            **{name: evaluated(text, typed) for name, text in own.items()},
        )

    return run


def test_it_may_do_no_more_than_it_must() -> None:
    assert WORKFLOW["permissions"] == {}
    assert JOB["permissions"] == {"id-token": "write", "contents": "read"}
    checkout, sign_in = (next(step for step in STEPS if name in step.get("uses", "")) for name in ("checkout", "login"))
    assert checkout["with"]["persist-credentials"] is False
    assert "client-secret" not in sign_in["with"]
    assert "secrets." not in FILE.read_text(encoding="utf-8")


def test_every_action_is_pinned_to_a_commit_and_says_which_version_that_is() -> None:
    used = re.findall(r"(?m)^\s*(?:- )?uses: (.*)$", FILE.read_text(encoding="utf-8"))
    assert len(used) == len([step for step in STEPS if "uses" in step]) == 4
    for action in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action


def test_no_script_has_an_expression_in_it() -> None:
    for step in STEPS:
        assert "${{" not in step.get("run", ""), "what an expression stands for would be run by the shell"


def test_what_it_asks_for_when_started_by_hand_has_the_defaults_of_the_scheduled_run() -> None:
    scheduled = {name: evaluated(text, {}) for name, text in GATE["env"].items() if "inputs." in text}
    assert scheduled == {name.upper().replace("-", "_"): value["default"] for name, value in INPUTS.items()}
    assert [len(each["cron"].split()) for each in ON["schedule"]] == [5]


def test_the_reports_are_kept_whatever_the_gate_says() -> None:
    kept = STEPS[-1]
    assert kept["if"] == "${{ !cancelled() }}"
    written = re.findall(r"-o \w+=(\S+)", GATE["run"])
    assert sorted(kept["with"]["path"].split()) == sorted(written)


@needs_bash
def test_go(step: Call, tmp_path: Path) -> None:
    ended = step()
    assert (ended.returncode, ended.stderr) == (0, "")
    assert (tmp_path / "output").read_text() == "verdict=go\n"
    assert ended.stdout.startswith("::notice title=aumdoctor gate%3A go::")
    assert (tmp_path / "summary").read_text().startswith("    GO: ")


@needs_bash
def test_no_go_annotates_the_cause_and_leaves_the_reports(step: Call, azure: DemoServer, tmp_path: Path) -> None:
    hinder(azure.state)
    ended = step()
    assert ended.returncode == 1, ended.stderr
    assert (tmp_path / "output").read_text() == "verdict=no-go\n"
    assert ended.stdout.startswith("::error title=AUM030 ")
    assert json.loads((tmp_path / "gate.json").read_text())["verdict"] == "no-go"
    assert ET.fromstring((tmp_path / "gate.xml").read_text()).get("failures") == "2"


@needs_bash
@pytest.mark.parametrize(("on_unknown", "code"), [("fail", 3), ("warn", 0)])
def test_unknown_is_told_apart(step: Call, azure: DemoServer, tmp_path: Path, on_unknown: str, code: int) -> None:
    azure.faults.deny(next(iter(azure.state.subscriptions)), "Microsoft.Compute/virtualMachines/read")
    ended = step(on_unknown=on_unknown)
    assert ended.returncode == code, ended.stderr
    assert (tmp_path / "output").read_text() == "verdict=unknown\n"
    assert "Microsoft.Compute/virtualMachines/read" in ended.stdout
    assert ("::warning title=Patch gate::" in ended.stdout) == (on_unknown == "warn")


@needs_bash
@pytest.mark.parametrize("typed", ['4h"; touch stolen; "', "$(touch stolen)", "--max-blocked=9"])
def test_what_somebody_typed_is_an_option_and_never_a_command(step: Call, tmp_path: Path, typed: str) -> None:
    ended = step(within=typed)
    assert ended.returncode == 2
    assert f"--within {typed}" in ended.stderr
    assert "::error title=Patch gate::The gate could not be asked" in ended.stdout
    assert not (tmp_path / "output").exists()
    assert not (tmp_path / "stolen").exists()
