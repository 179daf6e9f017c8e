"""`aumdoctor guest` as a person runs it: files in, verdicts out."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from aumdoctor.cli.app import main
from aumdoctor.store import estates
from tests.builders import assessment, azure_vm, configuration, estate, static_assignment

SAMPLES = Path(__file__).parents[1] / "guest" / "samples"
SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "guest.schema.json").read_text(encoding="utf-8"))


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = main(["guest", *map(str, words)])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def as_json(capsys: pytest.CaptureFixture[str], *words: object) -> dict:
    code, out, _ = run(capsys, *words, "-o", "json")
    report = json.loads(out)
    Draft202012Validator(SCHEMA, format_checker=FormatChecker()).validate(report)
    assert report["exit_code"] == code
    return report


def issues(report: dict) -> dict[str, str]:
    return {each["issue"]: each["likelihood"] for host in report["hosts"] for each in host["verdicts"]}


def unpacked(tmp_path: Path, *names: str) -> list[Path]:
    files = []
    for name in names:
        files.append(tmp_path / name)
        files[-1].write_bytes(gzip.decompress((SAMPLES / "events" / f"{name}.gz").read_bytes()))
    return files


def test_a_folder_of_a_linux_machine(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, SAMPLES / "linux" / "e2e-apt-connection-refused")
    assert code == 1
    assert err == ""
    assert "CONFIRMED  AUM024 linux-repositories-unreachable" in out
    assert "CONFIRMED  GST001 false-compliance" in out
    assert "core.log:" in out
    assert out.endswith("Exit code 1: a known issue of medium severity or worse is confirmed or likely.\n")


def test_both_hosts_of_a_replica_give_one_verdict(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    files = unpacked(
        tmp_path, "seed003-primary-vmms.evtx", "seed003-replica-vmms.evtx", "seed003-replica-security.evtx"
    )
    report = as_json(capsys, *files)
    (verdict,) = {each["issue"]: each for host in report["hosts"] for each in host["verdicts"]}.values()
    assert (verdict["issue"], verdict["likelihood"]) == ("WS004", "confirmed")
    assert len(verdict["hosts"]) == 2
    assert "grant-network-logon" in [cure["name"] for cure in verdict["cures"]]
    assert all(quote["record"] for quote in verdict["evidence"])


def test_single_events_decide_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, SAMPLES / "events" / "event-1207-eventviewer-ja.txt")
    assert code == 3
    assert "NOT ENOUGH EVIDENCE  WS001 cluster-password-update" in out
    assert "nltest /sc_verify:" in out


def test_an_archive_is_read_like_a_folder(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    bundle = shutil.make_archive(str(tmp_path / "logs"), "zip", SAMPLES / "linux" / "e2e-apt-connection-refused")
    assert issues(as_json(capsys, bundle)) == issues(as_json(capsys, SAMPLES / "linux" / "e2e-apt-connection-refused"))


def test_what_is_of_no_known_kind_is_no_health(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(bytes(range(256)) * 20)
    code, out, _ = run(capsys, tmp_path)
    assert code == 3
    assert "1 of no known kind" in out


@pytest.mark.parametrize("name", ["no-such-file", "host=no-such-file"])
def test_a_path_that_is_not_there(capsys: pytest.CaptureFixture[str], name: str) -> None:
    code, out, err = run(capsys, name)
    assert (code, out) == (2, "")
    assert "no-such-file" in err


def test_a_machine_needs_an_estate(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, SAMPLES / "linux" / "core-sudo-failure", "--machine", "vm-1")
    assert code == 2
    assert "--machine needs --from" in err


def saved(tmp_path: Path) -> Path:
    vm = azure_vm("vm-1", os_type="Linux", assessment=assessment(critical_and_security_count=0, other_count=0))
    schedule = configuration()
    seen = estate(vm, configurations=(schedule,), assignments=(static_assignment(vm, schedule),))
    file = tmp_path / "estate.json"
    estates.save(file, seen)
    return file


def test_with_an_estate_both_sides_are_one_diagnosis(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = SAMPLES / "linux" / "e2e-apt-connection-refused"
    report = as_json(capsys, folder, "--from", saved(tmp_path), "--machine", "vm-1")
    (host,) = report["hosts"]
    assert host["resource_id"].endswith("/virtualMachines/vm-1")
    assert any("not to be believed" in said for said in host["contradictions"])


def test_a_machine_is_named_with_its_path(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = SAMPLES / "linux" / "e2e-apt-connection-refused"
    (host,) = as_json(capsys, f"vm-1={folder}", "--from", saved(tmp_path))["hosts"]
    assert (host["name"], host["resource_id"].rpartition("/")[2]) == ("vm-1", "vm-1")


def test_names_from_artefacts_can_do_nothing_to_a_terminal(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = "The WinRM client received an HTTP status code of 501 from the remote WS-Management service.\x1b[2J\x07"
    (tmp_path / "wizard.txt").write_text(text, encoding="utf-8")
    _, out, _ = run(capsys, tmp_path / "wizard.txt", "-v")
    assert "501" in out
    assert "\x1b" not in out
    assert "\x07" not in out


def estate_of(tmp_path: Path, **more: Any) -> Path:
    file = tmp_path / "estate.json"
    vm = azure_vm("vm-1", assessment=assessment(critical_and_security_count=0, other_count=0), **more)
    schedule = configuration()
    estates.save(file, estate(vm, configurations=(schedule,), assignments=(static_assignment(vm, schedule),)))
    return file


def test_what_azure_shows_of_the_machine_counts(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = SAMPLES / "linux" / "core-auto-assessment"
    alone = as_json(capsys, file)
    assert alone["exit_code"] in (0, 3)
    off = estate_of(tmp_path, os_type="Linux", power_state="deallocated")
    code, out, _ = run(capsys, f"vm-1={file}", "--from", off)
    assert code == 1
    assert "What Azure shows of it (blocked)" in out
    assert out.endswith("Exit code 1: Azure shows a finding of medium severity or worse.\n")


def test_evidence_of_the_other_system_is_not_folded(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    linux = estate_of(tmp_path, os_type="Linux", power_state="deallocated")
    for name in ("netsh-winhttp-direct-ja.txt", "."):
        report = as_json(capsys, SAMPLES / "windows" / name, "--from", linux, "--machine", "vm-1")
        (host,) = report["hosts"]
        assert (host["resource_id"], host["azure"], host["standing"]) == (None, [], None)
        assert host["apart"] == "the evidence is of Windows, and vm-1 is a Linux machine"
        assert report["exit_code"] in (1, 3)
    windows = estate_of(tmp_path, os_type="Windows")
    code, out, _ = run(capsys, f"vm-1={SAMPLES / 'linux' / 'core-auto-assessment'}", "--from", windows)
    assert code == 3
    assert "Not judged with what Azure shows: The evidence is of Linux" in " ".join(out.split())


def test_an_estate_that_joins_nothing_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = SAMPLES / "linux" / "core-auto-assessment"
    known = estate_of(tmp_path, os_type="Linux")
    code, out, _ = run(capsys, f"vm-11={folder}", "--from", known)
    assert (code, "did you mean vm-1?" in out) == (3, True)
    code, out, _ = run(capsys, folder, "--from", known)
    assert (code, "no file says which machine it is of" in out.lower().replace("\n  ", " ")) == (3, True)
    code, _, err = run(capsys, folder, "--from", known, "--machine", "vm-11")
    assert code == 2
    assert "did you mean vm-1?" in err
