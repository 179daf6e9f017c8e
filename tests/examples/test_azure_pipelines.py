"""examples/azure-pipelines: what the pipeline is made of, and what its gate task says and ends with."""

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
PIPELINE: dict[str, Any] = yaml.safe_load((EXAMPLES / "azure-pipelines" / "patch-gate.yml").read_text(encoding="utf-8"))
PARAMETERS: dict[str, dict[str, Any]] = {each["name"]: each for each in PIPELINE["parameters"]}
(STEPS,) = (job["steps"] for job in PIPELINE["jobs"])
(GATE,) = (step for step in STEPS if step.get("name") == "gate")
SCRIPT: str = GATE["inputs"]["inlineScript"]
VERDICT = "##vso[task.setvariable variable=verdict;isOutput=true]"
needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="the task is a bash script")


@pytest.fixture
def azure() -> Iterator[DemoServer]:
    with run_in_thread(estate=coming_window(120)) as server:
        yield server


@pytest.fixture
def task(call: Call, tmp_path: Path) -> Call:
    """Run the gate's script as the task does, with parameters; sign-in as the embedded Azure's."""
    results = tmp_path / "results"
    results.mkdir()
    script = tmp_path / "task.sh"
    script.write_text(SCRIPT, encoding="utf-8")
    bin_ = commands(tmp_path / "bin")

    def value(text: str, given: dict[str, str]) -> str:
        if text == "$(Build.ArtifactStagingDirectory)":
            return str(results)
        found = re.fullmatch(r"\$\{\{ parameters\.(\w+) \}\}", text)
        assert found is not None, text
        return given.get(found[1]) or str(PARAMETERS[found[1]]["default"])

    def run(**given: str) -> "subprocess.CompletedProcess[str]":
        own = {name: text for name, text in GATE["env"].items() if not name.startswith("AUMDOCTOR_")}
        return call(
            *("bash", script),
            PATH=f"{bin_}{os.pathsep}{os.environ['PATH']}",
            **{name: value(text, given) for name, text in own.items()},
        )

    return run


def test_it_signs_in_by_a_service_connection_and_holds_no_secret() -> None:
    assert GATE["task"] == "AzureCLI@2"
    assert GATE["inputs"]["azureSubscription"] == "patch-gate"
    assert GATE["env"]["AUMDOCTOR_AUTH"] == "cli"
    (checkout,) = (step for step in STEPS if "checkout" in step)
    assert checkout["persistCredentials"] is False


def test_it_runs_by_the_clock_and_not_by_a_push() -> None:
    assert (PIPELINE["trigger"], PIPELINE["pr"]) == ("none", "none")
    (schedule,) = PIPELINE["schedules"]
    assert schedule["always"] is True, "there need not have been a commit since"
    assert len(schedule["cron"].split()) == 5


def test_no_script_has_an_expression_or_macro_in_it() -> None:
    for script in (SCRIPT, *(step["script"] for step in STEPS if "script" in step)):
        assert not re.search(r"\$\{\{|\$\[|\$\(", script), "what it stands for would be run by the shell"


def test_the_tests_are_published_whatever_the_gate_says() -> None:
    published, kept = STEPS[-2:]
    assert published["task"] == "PublishTestResults@2"
    assert published["condition"] == kept["condition"] == "succeededOrFailed()"
    assert f'junit="$RESULTS/{published["inputs"]["testResultsFiles"]}"' in SCRIPT
    assert GATE["env"]["RESULTS"] == published["inputs"]["searchFolder"] == kept["inputs"]["targetPath"]


@needs_bash
def test_go(task: Call, tmp_path: Path) -> None:
    ended = task()
    assert (ended.returncode, ended.stderr) == (0, "")
    assert f"{VERDICT}go\n" in ended.stdout
    assert "task.logissue" not in ended.stdout
    assert f"##vso[task.uploadsummary]{tmp_path / 'results' / 'gate.md'}\n" in ended.stdout
    assert (tmp_path / "results" / "gate.md").read_text().startswith("    GO: ")


@needs_bash
def test_no_go_logs_the_cause_and_leaves_the_reports(task: Call, azure: DemoServer, tmp_path: Path) -> None:
    hinder(azure.state)
    ended = task()
    assert ended.returncode == 1, ended.stderr
    assert ended.stdout.startswith("##vso[task.logissue type=error;code=AUM030]")
    assert f"{VERDICT}no-go\n" in ended.stdout
    assert json.loads((tmp_path / "results" / "gate.json").read_text())["verdict"] == "no-go"
    assert ET.fromstring((tmp_path / "results" / "gate.xml").read_text()).get("failures") == "2"


@needs_bash
@pytest.mark.parametrize(("on_unknown", "code"), [("fail", 3), ("warn", 0)])
def test_unknown_is_told_apart(task: Call, azure: DemoServer, on_unknown: str, code: int) -> None:
    azure.faults.deny(next(iter(azure.state.subscriptions)), "Microsoft.Compute/virtualMachines/read")
    ended = task(onUnknown=on_unknown)
    assert ended.returncode == code, ended.stderr
    assert f"{VERDICT}unknown\n" in ended.stdout
    assert "Microsoft.Compute/virtualMachines/read" in ended.stdout
    assert ("result=SucceededWithIssues" in ended.stdout) == (on_unknown == "warn")
    assert on_unknown in PARAMETERS["onUnknown"]["values"]


@needs_bash
@pytest.mark.parametrize("typed", ['4h"; touch stolen; "', "$(touch stolen)"])
def test_what_somebody_typed_is_an_option_and_never_a_command(task: Call, tmp_path: Path, typed: str) -> None:
    ended = task(within=typed)
    assert ended.returncode == 2
    assert f"--within {typed}" in ended.stderr
    assert "The gate could not be asked" in ended.stdout
    assert VERDICT not in ended.stdout
    assert not (tmp_path / "stolen").exists()
