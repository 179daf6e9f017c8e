"""`aumdoctor remediate --auto` over HTTPS: it does what the policy allows, where it allows it, and no more."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from aumdoctor.cli import remediate as command
from aumdoctor.cli.app import main
from aumdoctor.demo.estate import add_vm, empty_estate
from aumdoctor.demo.machines import record_assessment
from aumdoctor.demo.plants import plant
from aumdoctor.demo.schedules import assign
from aumdoctor.demo.state import DemoEstate
from aumdoctor.remedies.plan import at_path
from aumdoctor.store.journal import Entry, entries
from aumdoctor.store.plans import load
from tests.scenarios.conftest import Doctor, Serve

ASSESSMENT = "properties.osProfile.windowsConfiguration.patchSettings.assessmentMode"
EXTENSIONS = "properties.osProfile.allowExtensionOperations"


class Ended(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def text(self) -> str:
        return " ".join((self.out + self.err).split())


Remediate = Callable[..., Ended]


@pytest.fixture
def remediate(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Remediate:
    """Remediate in a folder of its own; `policy` is the text of a policy file."""
    monkeypatch.chdir(tmp_path)

    def call(doctor: Doctor, *arguments: str, auto: bool = True, policy: str | None = None) -> Ended:
        doctor.connection()  # sets the token
        ends = ["--auth", "token", "--arm-endpoint", doctor.server.endpoint, "--ca-bundle", doctor.server.ca_file]
        if policy is not None:
            (tmp_path / "policy.toml").write_text(f"version = 1\n{policy}", encoding="utf-8")
            ends += ["--policy", "policy.toml"]
        word = ["--auto"] if auto else []
        code = main(("remediate", *word, "--all-subscriptions", *ends, *arguments))
        streams = capsys.readouterr()
        assert not (tmp_path / "aumdoctor-lease.json").exists(), "the lease is given back whatever happens"
        return Ended(code, streams.out, streams.err)

    return call


def ill(*checks: str, names: tuple[str, ...] = ()) -> tuple[DemoEstate, list[str]]:
    """One subscription whose VMs have one issue each; and their ids."""
    now = datetime.now(UTC).replace(microsecond=0)
    state = empty_estate(now)
    machines = []
    for number, check in enumerate(checks):
        vm = add_vm(
            state,
            subscription=next(iter(state.subscriptions)),
            resource_group=f"rg-{number}",
            name=names[number] if names else f"vm-{number}",
            os_type="Windows",
            created=now - timedelta(days=30),
        )
        record_assessment(state, vm, now - timedelta(hours=3))
        plant(state, check, vm)
        machines.append(vm)
    return state, machines


def lines(folder: Path) -> list[Entry]:
    return list(entries(folder / "aumdoctor-journal.jsonl"))


def stands(doctor: Doctor, machine: str, path: str) -> Any:
    return at_path(doctor.server.state.machine(machine), path)


def test_it_does_not_act_without_being_told_to(serve: Serve, remediate: Remediate) -> None:
    doctor = serve(estate=ill("AUM039")[0])
    ended = remediate(doctor, auto=False)
    assert ended.code == 2
    assert "--auto" in ended.err
    assert "aumdoctor apply" in ended.err
    assert doctor.server.requests == []


def test_the_demo_that_is_gone_afterwards_can_only_be_rehearsed(remediate: Remediate, serve: Serve) -> None:
    ended = remediate(serve(estate=ill("AUM039")[0]), "--demo")
    assert ended.code == 2
    assert "aumdoctor demo serve" in ended.err


def test_what_is_safe_is_done_and_cured_and_the_rest_is_left_to_a_person(
    serve: Serve, remediate: Remediate, tmp_path: Path
) -> None:
    state, (daily, closed) = ill("AUM039", "AUM018")
    doctor = serve(estate=state)
    ended = remediate(doctor)
    assert ended.code == 0, ended.text
    assert "1 action: 1 done; 1 cured" in ended.out
    assert "--dry-run -v shows them" in ended.err
    assert stands(doctor, daily, ASSESSMENT) == "AutomaticByPlatform"
    assert stands(doctor, closed, EXTENSIONS) is False
    assert [line.event for line in lines(tmp_path)] == ["intent", "result", "outcome"]
    assert {line.action.name for line in lines(tmp_path)} == {"enable-periodic-assessment"}

    assessed = remediate(doctor, "-o", "json")
    assert [action["remedy"] for action in assessed.report["actions"]] == ["assess-now"], "its symptom, once it is due"
    written = len(doctor.writes)
    again = remediate(doctor)
    assert again.code == 0
    assert "0 actions: nothing to do" in again.out
    assert len(doctor.writes) == written, "nothing is left to do"


def test_a_rehearsal_shows_it_and_writes_nothing_anywhere(serve: Serve, remediate: Remediate, tmp_path: Path) -> None:
    doctor = serve(estate=ill("AUM039", "AUM018")[0])
    ended = remediate(doctor, "--dry-run")
    assert ended.code == 0
    assert "1 action on 1 machine: 1 enable-periodic-assessment" in ended.out
    assert "Nothing in Azure was changed." in ended.out
    assert doctor.writes == []
    assert list(tmp_path.iterdir()) == []


def test_consent_in_the_policy_lets_a_graver_remedy_be_made(serve: Serve, remediate: Remediate) -> None:
    state, (daily, closed) = ill("AUM039", "AUM018")
    doctor = serve(estate=state)
    rules = '[remedies]\nallow = ["allow-extension-operations"]\nconsent = ["allow-extension-operations"]\n'
    ended = remediate(doctor, "-o", "json", policy=rules)
    assert {action["remedy"] for action in ended.report["actions"]} == {"allow-extension-operations"}
    assert stands(doctor, closed, EXTENSIONS) is True
    assert stands(doctor, daily, ASSESSMENT) != "AutomaticByPlatform", "the policy names what is done, and it alone"


def test_allowed_without_consent_is_an_error_before_anything_is_read(serve: Serve, remediate: Remediate) -> None:
    doctor = serve(estate=ill("AUM018")[0])
    ended = remediate(doctor, policy='[remedies]\nallow = ["allow-extension-operations"]\n')
    assert ended.code == 2
    assert "policy.toml, remedies.allow: 'allow-extension-operations' needs consent" in ended.err
    assert doctor.server.requests == []


def test_a_machine_that_the_policy_excludes_is_left_alone(serve: Serve, remediate: Remediate) -> None:
    state, (web, crown) = ill("AUM039", "AUM039", names=("web-1", "crown-\x1b[2J"))
    state.machine(crown)["tags"] = {"Tier": "crown"}
    doctor = serve(estate=state)
    rules = '[machines]\nexclude.tags = ["tier=crown"]\n'
    rehearsed = remediate(doctor, "--dry-run", "-v", policy=rules)
    assert "(tags: tier=crown)" in rehearsed.text
    assert "\x1b" not in rehearsed.out + rehearsed.err
    ended = remediate(doctor, policy=rules)
    assert ended.code == 0, ended.text
    assert stands(doctor, web, ASSESSMENT) == "AutomaticByPlatform"
    assert stands(doctor, crown, ASSESSMENT) != "AutomaticByPlatform"
    assert all("crown" not in write for write in doctor.writes)


def test_a_provider_counts_for_its_subscription_and_not_for_the_machines_in_it(
    serve: Serve, remediate: Remediate
) -> None:
    state, _ = ill("AUM045")
    doctor = serve(estate=state, retry_after=0.05)
    remediate(doctor, "-o", "json", policy='[machines]\nexclude.names = ["*"]\n')
    assert [write.rpartition("/")[2] for write in doctor.writes] == ["register"]


def test_in_a_freeze_nothing_is_even_read(serve: Serve, remediate: Remediate, tmp_path: Path) -> None:
    doctor = serve(estate=ill("AUM039")[0])
    now = datetime.now(UTC)
    rules = f"[[freeze]]\nname = 'year end'\nfrom = {now - timedelta(days=1):%FT%T}\nuntil = {now:%Y}-12-31T23:59:59\n"
    rules = rules.replace(f"{now:%Y}-12-31", f"{now + timedelta(days=2):%F}")
    ended = remediate(doctor, "-o", "json", policy=rules)
    assert ended.code == 0
    assert ended.report["stopped"].startswith("nothing is written in the freeze year end")
    assert "nothing is written in the freeze year end" in ended.err
    assert doctor.server.requests == []
    assert not (tmp_path / "aumdoctor-journal.jsonl").exists()
    rehearsed = remediate(doctor, "--dry-run", policy=rules)
    assert rehearsed.code == 0
    assert "it would not be done now: nothing is written in the freeze year end" in rehearsed.err
    assert "enable-periodic-assessment" in rehearsed.out


def during(monkeypatch: pytest.MonkeyPatch, doctor: Doctor, happens: Callable[[], str | None]) -> None:
    """Let something happen as soon as Azure has seen the first write."""
    monkeypatch.setattr(command, "_WATCHED_EVERY", 0.02)
    monkeypatch.setattr(command._Call, "frozen", lambda _call: happens() if doctor.writes else None)


FAR = """
[limits]
concurrency = 1

[[freeze]]
from = 2099-01-01T00:00:00
until = 2099-01-02T00:00:00
"""


def test_a_freeze_that_begins_ends_a_run_that_is_under_way(
    serve: Serve, remediate: Remediate, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    doctor = serve(estate=ill(*["AUM039"] * 6)[0], latency_ms=60)
    during(monkeypatch, doctor, lambda: "nothing is written in a freeze")
    ended = remediate(doctor, policy=FAR)
    assert ended.code == 1
    assert "error: nothing is written in a freeze" in ended.err
    assert "the next run goes on from there" in ended.err
    assert 1 <= len(doctor.writes) < 6
    assert sum(line.event == "intent" for line in lines(tmp_path)) == len(doctor.writes)
    monkeypatch.undo()


def test_being_told_to_end_gives_the_lease_back(
    serve: Serve, remediate: Remediate, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    doctor = serve(estate=ill(*["AUM039"] * 6)[0], latency_ms=60)
    told = threading.Event()

    def tell() -> None:
        if not told.is_set():
            told.set()
            assert (tmp_path / "aumdoctor-lease.json").exists()
            os.kill(os.getpid(), signal.SIGTERM)

    during(monkeypatch, doctor, tell)
    ended = remediate(doctor, policy=FAR)
    assert (ended.code, told.is_set()) == (130, True)
    assert 1 <= len(doctor.writes) < 6
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL, "nothing is left of it"


def leased(folder: Path, expires_at: datetime, **more: Any) -> Path:
    file = folder / "other" / "lease.json"
    file.parent.mkdir(exist_ok=True)
    started = expires_at - timedelta(minutes=30)
    holder = {"format": "aumdoctor-lease", "version": 1, "tool": "aumdoctor", "host": "runner-7", "pid": 4711}
    times = {"token": "t", "started_at": started.isoformat(), "expires_at": expires_at.isoformat()}
    file.write_text(json.dumps({**holder, **times, **more}))
    return file


def test_a_second_run_does_not_act_beside_the_first(serve: Serve, remediate: Remediate, tmp_path: Path) -> None:
    doctor = serve(estate=ill("AUM039")[0])
    file = leased(tmp_path, datetime.now(UTC) + timedelta(minutes=5))
    before = file.read_bytes()
    ended = remediate(doctor, "--lease", str(file))
    assert ended.code == 3
    assert "another run holds the lease" in ended.text
    assert "process 4711 on runner-7" in ended.text
    assert doctor.server.requests == []
    assert file.read_bytes() == before


def test_a_lease_that_ran_out_is_taken_over_and_that_is_in_the_journal(
    serve: Serve, remediate: Remediate, tmp_path: Path
) -> None:
    state, (daily,) = ill("AUM039")
    doctor = serve(estate=state)
    file = leased(tmp_path, datetime.now(UTC) - timedelta(minutes=1))
    ended = remediate(doctor, "--lease", str(file))
    assert ended.code == 0, ended.text
    assert "was not renewed" in ended.err
    assert not file.exists()
    first, *rest = lines(tmp_path)
    assert (first.action.name, first.event, len(rest)) == ("take-over-lease", "outcome", 3)
    assert "process 4711 on runner-7" in str(first.said)
    assert stands(doctor, daily, ASSESSMENT) == "AutomaticByPlatform"


def test_a_plan_that_is_too_large_is_not_begun(serve: Serve, remediate: Remediate) -> None:
    doctor = serve(estate=ill("AUM039", "AUM039")[0])
    rules = "[limits]\nmax-machines = 1\n"
    ended = remediate(doctor, "-o", "json", policy=rules)
    assert ended.code == 1
    assert ended.report["stopped"] == "the plan touches 2 machines, and at most 1 may be touched"
    assert ended.report["counts"]["not_run"] == 2
    assert doctor.writes == []
    rehearsed = remediate(doctor, "--dry-run", policy=rules)
    assert (rehearsed.code, "at most 1 may be touched" in rehearsed.err) == (0, True)


LONGER = """
[remedies]
allow = ["lengthen-window"]
consent = ["lengthen-window"]

[limits]
"""


@pytest.mark.parametrize("scope", [(), ("--machine", "vm-0")])
def test_all_machines_under_a_schedule_count_for_the_limits(
    serve: Serve, remediate: Remediate, scope: tuple[str, ...]
) -> None:
    state, (short,) = ill("AUM013")
    [schedule] = state.configurations
    for number in (1, 2):
        assign(state, add_vm(state, subscription=short.split("/")[2], name=f"under-{number}"), schedule)
    doctor = serve(estate=state)
    ended = remediate(doctor, "-o", "json", *scope, policy=f"{LONGER}max-machines = 2")
    assert ended.code == 1, ended.text
    assert ended.report["stopped"] == "the plan touches 3 machines, and at most 2 may be touched"
    assert (ended.report["counts"]["not_run"], doctor.writes) == (1, [])
    ended = remediate(doctor, "-o", "json", *scope, policy=f"{LONGER}max-machines = 3\ncanary = 2")
    assert ended.report["counts"]["done"] == 1
    assert "a canary of 2: the plan cannot be made in parts" in ended.err
    assert "all of it is made at once and touches 3 machines" in ended.err


def test_what_could_not_be_read_is_told_and_the_rest_is_cured(serve: Serve, remediate: Remediate) -> None:
    state, (daily,) = ill("AUM039")
    doctor = serve(estate=state)
    doctor.server.faults.deny(next(iter(state.subscriptions)), "Microsoft.Resources/subscriptions/providers/read")
    ended = remediate(doctor)
    assert ended.code == 3, ended.text
    assert "Microsoft.Resources/subscriptions/providers/read" in ended.err
    assert stands(doctor, daily, ASSESSMENT) == "AutomaticByPlatform"


def test_the_plan_can_be_kept_and_the_journal_names_it(serve: Serve, remediate: Remediate, tmp_path: Path) -> None:
    doctor = serve(estate=ill("AUM039")[0])
    ended = remediate(doctor, "--plan-out", "plan.json", "-o", "json")
    made = load(tmp_path / "plan.json")
    assert ended.report["plan"] == made.digest
    assert [line.why["plan"] for line in lines(tmp_path) if line.why] == [made.digest]


def test_a_folder_that_is_not_there_is_said_before_anything_is_read(serve: Serve, remediate: Remediate) -> None:
    doctor = serve(estate=ill("AUM039")[0])
    for option in ("--plan-out", "--lease", "--journal"):
        ended = remediate(doctor, option, "nowhere/file")
        assert (ended.code, f"{option} nowhere/file: the folder is not there" in ended.text) == (2, True)
    assert doctor.server.requests == []


def test_a_lease_on_a_blob_that_cannot_be_had_stops_everything(
    serve: Serve, remediate: Remediate, tmp_path: Path
) -> None:
    doctor = serve(estate=ill("AUM039")[0])
    for arguments, told in (
        (("--lease", "a.json", "--lease-url", "https://a.blob.core.windows.net/locks/aumdoctor"), "leave one of them"),
        (("--lease-url", "https://a.blob.core.windows.net/locks/aumdoctor?sig=secret"), "without a signature"),
        (("--lease-url", "https://a.blob.core.windows.net/locks/aumdoctor"), "not for storage"),
    ):
        ended = remediate(doctor, *arguments)
        assert (ended.code, told in ended.text, "secret" in ended.text) == (2, True, False)
    assert doctor.server.requests == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("scope", [("--machine", "vm-1"), ("--resource-group", "rg-1"), ("--tag", "patch=yes")])
def test_what_is_out_of_scope_is_left_alone(serve: Serve, remediate: Remediate, scope: tuple[str, str]) -> None:
    state, (other, chosen) = ill("AUM039", "AUM039")
    state.machine(chosen)["tags"] = {"Patch": "yes"}
    doctor = serve(estate=state)
    ended = remediate(doctor, *scope)
    assert "1 action: 1 done; 1 cured" in ended.out, ended.text
    assert stands(doctor, chosen, ASSESSMENT) == "AutomaticByPlatform"
    assert stands(doctor, other, ASSESSMENT) != "AutomaticByPlatform"
