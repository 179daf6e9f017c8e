"""examples/auto-remediate: what it does, what it keeps, what it says, and what it ends with."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from aumdoctor.demo.estate import add_vm, empty_estate
from aumdoctor.demo.machines import record_assessment
from aumdoctor.demo.plants import plant
from aumdoctor.demo.server import DemoServer, run_in_thread
from aumdoctor.remedies.plan import at_path
from aumdoctor.store.journal import entries
from aumdoctor.store.policies import load
from tests.examples.conftest import EXAMPLES

Call = Callable[..., "subprocess.CompletedProcess[str]"]
FOLDER = EXAMPLES / "auto-remediate"
ASSESSMENT = "properties.osProfile.windowsConfiguration.patchSettings.assessmentMode"
OPEN = 'version = 1\n[machines.exclude]\nnames = ["*-dc-*"]\n'
needs_sh = pytest.mark.skipif(shutil.which("sh") is None, reason="a shell script")


@pytest.fixture
def machines() -> list[str]:
    return []


@pytest.fixture
def azure(machines: list[str]) -> Iterator[DemoServer]:
    """Two VMs that are not assessed daily, one of them a domain controller."""
    now = datetime.now(UTC).replace(microsecond=0)
    state = empty_estate(now)
    for name in ("vm-web-1", "vm-dc-1"):
        vm = add_vm(
            state,
            subscription=next(iter(state.subscriptions)),
            resource_group="rg",
            name=name,
            os_type="Windows",
            created=now - timedelta(days=30),
        )
        record_assessment(state, vm, now - timedelta(hours=3))
        plant(state, "AUM039", vm)
        machines.append(vm)
    with run_in_thread(estate=state, retry_after=0.05) as server:
        yield server


@pytest.fixture
def nightly(call: Call, tmp_path: Path) -> Call:
    """Run the script with a policy (that of the example is frozen at some times of the week)."""
    command = tmp_path / "aumdoctor"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m aumdoctor "$@"\n')
    command.chmod(0o755)

    def run(*options: str, policy: str = OPEN) -> "subprocess.CompletedProcess[str]":
        (tmp_path / "policy.toml").write_text(policy)
        script = FOLDER / "auto-remediate.sh"
        words = ("sh", script, tmp_path / "kept", "--all-subscriptions", *options)
        return call(*words, AUMDOCTOR=str(command), POLICY=str(tmp_path / "policy.toml"))

    return run


def kept(tmp_path: Path) -> list[str]:
    return sorted(re.sub(r"^[0-9TZ-]+\.", "", each.name) for each in (tmp_path / "kept").iterdir())


@needs_sh
def test_a_good_night_cures_says_nothing_and_keeps_what_was_done(
    nightly: Call, azure: DemoServer, machines: list[str], tmp_path: Path
) -> None:
    ended = nightly()
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    web, controller = (at_path(azure.state.machine(vm), ASSESSMENT) for vm in machines)
    assert (web, controller == "AutomaticByPlatform") == ("AutomaticByPlatform", False)
    assert kept(tmp_path) == ["aumdoctor-journal.jsonl", "plan.json", "report.json", "report.txt"]
    (report,) = (tmp_path / "kept").glob("*.report.json")
    assert json.loads(report.read_text())["counts"]["cured"] == 1
    assert len(entries(tmp_path / "kept" / "aumdoctor-journal.jsonl")) == 3


@needs_sh
def test_a_rehearsal_writes_nothing_to_azure(nightly: Call, azure: DemoServer, tmp_path: Path) -> None:
    ended = nightly("--dry-run")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "aumdoctor-journal.jsonl" not in kept(tmp_path)
    (report,) = (tmp_path / "kept").glob("*.report.txt")
    assert "enable-periodic-assessment" in report.read_text()
    assert not [request for request in azure.requests if request.method in ("PUT", "PATCH", "DELETE")]


@needs_sh
def test_a_night_in_a_freeze_leaves_nothing(nightly: Call, azure: DemoServer, tmp_path: Path) -> None:
    ended = nightly(policy='version = 1\n[[freeze]]\nhours = "00:00-24:00"\n')
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert kept(tmp_path) == []
    assert azure.requests == []


@needs_sh
def test_what_is_held_back_is_said(nightly: Call) -> None:
    ended = nightly(policy="version = 1\n[limits]\nmax-machines = 0\n")
    assert ended.returncode == 1
    assert "and at most 0 may be touched" in " ".join(ended.stdout.split())


@needs_sh
def test_a_wrong_policy_or_call_is_told_apart(nightly: Call, call: Call, azure: DemoServer) -> None:
    assert call("sh", FOLDER / "auto-remediate.sh").returncode == 2
    ended = nightly(policy="version = 1\n[limit]\n")
    assert ended.returncode == 2
    assert "did you mean limits?" in ended.stderr
    assert "nothing was changed" in ended.stderr
    assert azure.requests == []


def test_the_policy_of_the_example_is_one_and_so_is_what_it_has_commented_out(tmp_path: Path) -> None:
    text = (FOLDER / "policy.toml").read_text(encoding="utf-8")
    assert load(FOLDER / "policy.toml").limits.canary == 2
    wide = re.sub(r"(?m)^# (?=allow|consent|         )", "", text)
    assert wide != text
    (tmp_path / "wide.toml").write_text(wide, encoding="utf-8")
    assert "allow-extension-operations" in load(tmp_path / "wide.toml").allowed


WORKFLOW: dict[Any, Any] = yaml.safe_load((FOLDER / "pipeline.yml").read_text(encoding="utf-8"))
(JOB,) = WORKFLOW["jobs"].values()


def test_the_workflow_may_do_no_more_than_it_must_and_never_runs_twice_at_once() -> None:
    assert WORKFLOW["permissions"] == {}
    assert JOB["permissions"] == {"id-token": "write", "contents": "read"}
    assert WORKFLOW["concurrency"] == {"group": "auto-remediate", "cancel-in-progress": False}
    assert WORKFLOW[True]["workflow_dispatch"]["inputs"]["rehearse"]["default"] is True
    text = (FOLDER / "pipeline.yml").read_text(encoding="utf-8")
    assert "secrets." not in text
    for action in re.findall(r"(?m)^\s*(?:- )?uses: (.*)$", text):
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action
    for step in JOB["steps"]:
        assert "${{" not in step.get("run", ""), "what an expression stands for would be run by the shell"


@pytest.mark.skipif(shutil.which("bash") is None, reason="the step is a bash script")
@pytest.mark.parametrize(("rehearse", "written"), [("true", 0), ("false", 2)])
def test_the_step_of_the_workflow_does_it_or_rehearses_it(
    call: Call, azure: DemoServer, tmp_path: Path, rehearse: str, written: int
) -> None:
    (step,) = (step for step in JOB["steps"] if step.get("id") == "remediate")
    (tmp_path / "step.sh").write_text(step["run"], encoding="utf-8")
    shutil.copytree(FOLDER, tmp_path / "auto-remediate")
    (tmp_path / "auto-remediate" / "policy.toml").write_text("version = 1\n")
    command = tmp_path / "aumdoctor"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m aumdoctor "$@"\n')
    command.chmod(0o755)
    ended = call(
        *("bash", "--noprofile", "--norc", "-eo", "pipefail", tmp_path / "step.sh"),
        AUMDOCTOR=str(command),
        SUBSCRIPTION=next(iter(azure.state.subscriptions)),
        REHEARSE=rehearse,
        GITHUB_STEP_SUMMARY=str(tmp_path / "summary"),
    )
    assert ended.returncode == 0, ended.stderr
    assert sum(request.method == "PATCH" for request in azure.requests) == written
    assert "    Exit code 0" in (tmp_path / "summary").read_text()


def test_the_image_has_what_it_runs() -> None:
    text = (FOLDER / "container-job" / "Dockerfile").read_text(encoding="utf-8")
    for source in re.findall(r"(?m)^COPY (?:--\S+ )?(\S+) ", text):
        assert (FOLDER / source).is_file()
    assert "USER aumdoctor" in text
