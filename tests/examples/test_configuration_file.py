"""examples/aumdoctor.toml: every option is in it, every line is valid, and a scan takes it."""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

from tests.examples.conftest import EXAMPLES

Call = Callable[..., "subprocess.CompletedProcess[str]"]
FILE = EXAMPLES / "aumdoctor.toml"
NOT_IN_A_FILE = {"config", "help"}


def with_every_line_on() -> str:
    return re.sub(r"(?m)^# ([a-z-]+ = )", r"\1", FILE.read_text(encoding="utf-8"))


def test_it_names_every_option_and_no_other(call: Call) -> None:
    listed = call(sys.executable, "-m", "aumdoctor", "scan", "--help").stdout
    options = set(re.findall(r"(?m)^  (?:-\w, )?--([a-z-]+)", listed))
    assert set(tomllib.loads(with_every_line_on())["scan"]) == options - NOT_IN_A_FILE


def test_every_value_in_it_is_accepted(call: Call, tmp_path: Path) -> None:
    """A scan that stops at a contradiction between options has accepted each of them before."""
    (tmp_path / "all.toml").write_text(with_every_line_on(), encoding="utf-8")
    ended = call(sys.executable, "-m", "aumdoctor", "scan", "--config", "all.toml", "--tag", "PatchGroup=A")
    assert ended.stderr.startswith("error: --tag does nothing together with --from"), ended.stderr


def test_a_scan_with_it_obeys_it(call: Call, tmp_path: Path) -> None:
    # The example names the public cloud; the embedded Azure is reached by variables, which win over the file.
    command = (sys.executable, "-m", "aumdoctor", "scan", "--config", FILE)
    ended = call(*command, "--subscription", "contoso-prod-weu")
    assert ended.returncode == 1, ended.stderr
    report = json.loads((tmp_path / "aumdoctor-report.json").read_text())
    assert report["fail_on"] == "high"
    assert report["min_severity"] == "low"
    assert "AUM007" not in report["checks"]
    assert [each["name"] for each in report["subscriptions"]] == ["contoso-prod-weu"]
    assert " blocked from being patched." in ended.stdout.splitlines()[0]
