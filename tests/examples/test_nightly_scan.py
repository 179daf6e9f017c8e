"""examples/nightly-scan: what it keeps, what it says, and what it ends with."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from aumdoctor.demo.server import DemoServer
from tests.examples.conftest import EXAMPLES

Call = Callable[..., "subprocess.CompletedProcess[str]"]
SCRIPT = EXAMPLES / "nightly-scan" / "nightly-scan.sh"
pytestmark = pytest.mark.skipif(shutil.which("sh") is None, reason="a shell script")


@pytest.fixture
def nightly(call: Call, tmp_path: Path) -> Call:
    command = tmp_path / "aumdoctor"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m aumdoctor "$@"\n')
    command.chmod(0o755)

    def run(*options: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        return call("sh", SCRIPT, tmp_path / "kept", *options, AUMDOCTOR=str(command), **variables)

    return run


def kept(tmp_path: Path, ending: str) -> Path:
    (found,) = (tmp_path / "kept").glob(f"*{ending}")
    return found


def test_a_night_with_findings_names_the_causes_and_keeps_everything(nightly: Call, call: Call, tmp_path: Path) -> None:
    ended = nightly("--all-subscriptions")
    assert ended.returncode == 1, ended.stderr
    report = json.loads(kept(tmp_path, ".report.json").read_text())
    assert report["summary"]["machines"] == 60
    for diagnosis in report["diagnoses"]:
        assert f"{diagnosis['cause']}  " in ended.stdout
    assert "\n  cure " not in ended.stdout, "the diagnoses stay in the file"
    assert ended.stdout.count("Root causes") == 1

    again = call(sys.executable, "-m", "aumdoctor", "scan", "--from", kept(tmp_path, ".estate.json.zst"), "-o", "json")
    assert json.loads(again.stdout)["findings"] == report["findings"]


def test_a_good_night_says_nothing(nightly: Call) -> None:
    ended = nightly("--all-subscriptions", "--checks", "AUM018", "--fail-on", "never")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_what_could_not_be_read_is_said(nightly: Call, azure: DemoServer) -> None:
    azure.faults.deny(next(iter(azure.state.subscriptions)), "Microsoft.Resources/subscriptions/providers/read")
    ended = nightly("--all-subscriptions", "--checks", "AUM045", "--fail-on", "never")
    assert ended.returncode == 3, ended.stderr
    assert "Microsoft.Resources/subscriptions/providers/read" in ended.stdout


def test_no_azure_at_all_leaves_no_report(nightly: Call, tmp_path: Path) -> None:
    ended = nightly("--all-subscriptions", "--timeout", "1", AUMDOCTOR_ARM_ENDPOINT="https://127.0.0.1:9")
    assert ended.returncode == 3
    assert "there is no report" in ended.stderr
    assert list((tmp_path / "kept").iterdir()) == []


def test_a_wrong_call_is_told_apart(nightly: Call, call: Call) -> None:
    assert call("sh", SCRIPT).returncode == 2
    ended = nightly("--subscriptions", "Production")
    assert ended.returncode == 2
    assert "--subscription" in ended.stderr
