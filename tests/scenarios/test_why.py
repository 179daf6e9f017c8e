"""`aumdoctor why` over HTTPS: one machine of the embedded Azure, by its id alone."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from aumdoctor.cli.app import main

Serve = Callable[..., Any]


def reach(doctor: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("AUMDOCTOR_ACCESS_TOKEN", doctor.server.token)
    ends = ["--cloud", "custom", "--arm-endpoint", doctor.server.endpoint, "--authority", "login.microsoftonline.com"]
    return [*ends, "--auth", "token", "--ca-bundle", doctor.server.ca_file]


def test_a_blocked_machine_is_explained_as_the_scan_does(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    doctor = serve()
    scanned = doctor.examine()
    blocked = next(each for each in scanned.machines if "AUM018" in each.causes)
    ended = main(["why", blocked.resource_id, "-o", "json", *reach(doctor, monkeypatch)])
    found = json.loads(capsys.readouterr().out)
    assert ended == found["exit_code"] == 1
    assert found["machine"]["resource_id"].lower() == blocked.resource_id.lower()
    assert found["machine"]["causes"] == list(blocked.causes)
    assert found["root"]["check"] == "AUM018"
    assert found["cure"][0]["calls"][0]["method"] == "PATCH"
    assert found["scope"]["machines"] == [blocked.resource_id]
    assert doctor.writes == []


def test_a_patchable_machine_of_its_own_subscription_ends_with_0(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    doctor = serve()
    fine = next(each for each in doctor.examine().machines if each.verdict == "patchable")
    asked = len(doctor.server.requests)
    ended = main(["why", fine.resource_id, *reach(doctor, monkeypatch)])
    assert ended == 0
    assert capsys.readouterr().out.startswith("Nothing stops the patching of ")
    subscription = fine.resource_id.split("/")[2].lower()
    views = [request.path for request in doctor.server.requests[asked:] if "/virtualmachines/" in request.path.lower()]
    assert all(path.lower().startswith(f"/subscriptions/{subscription}/") for path in views)


def test_a_subscription_that_cannot_be_read_is_told_not_guessed(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    doctor = serve()
    nowhere = (
        "/subscriptions/99999999-9999-9999-9999-999999999999/resourceGroups/rg"
        "/providers/Microsoft.Compute/virtualMachines/vm"
    )
    ended = main(["why", nowhere, *reach(doctor, monkeypatch)])
    streams = capsys.readouterr()
    assert ended in (2, 3)
    assert streams.out == ""
    assert "error: " in streams.err
    assert "Traceback" not in streams.err
