"""Machines are asked by Run Command over HTTPS: once, with a line in the journal before, and nothing is left behind."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer

from aumdoctor.azure import run_command
from aumdoctor.azure.actions import Step
from aumdoctor.azure.run_command import Command, Fate, Form, Limits, Ran, run_commands
from aumdoctor.cli.app import main
from aumdoctor.demo import guests
from aumdoctor.demo.estate import DemoEstate, add_arc, add_vm, empty_estate
from aumdoctor.demo.machines import set_power
from aumdoctor.demo.state import add_lock, key, stable_guid
from aumdoctor.errors import UsageError
from aumdoctor.guest.scripts import probe_script
from aumdoctor.store.journal import entries
from tests.scenarios.acting import NOW, Acting
from tests.scenarios.conftest import Serve

POST = r"POST /[^?]*/runCommand\?"
PUT = r"PUT /[^?]*/runCommands/"
DELETE = r"DELETE /[^?]*/runCommands/"


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_WAIT", "_LONGEST_WAIT", "_POLL_SECONDS"):
        monkeypatch.setattr(run_command, name, 0.02)


class Prepared:
    """An embedded Azure with a VM of each system and an Arc-enabled server, and what was recorded."""

    def __init__(self, serve: Serve, **options: Any) -> None:
        self.state: DemoEstate = empty_estate(NOW)
        self.linux = add_vm(self.state, name="vm-linux", os_type="Linux")
        self.windows = add_vm(self.state, name="vm-windows", os_type="Windows")
        self.arc = add_arc(self.state, name="srv-arc", os_type="Linux")
        self.doctor = serve(**{"estate": self.state, "retry_after": 0.001, **options})
        self.steps: list[Step] = []
        self.heard: list[Ran] = []

    def command(self, machine_id: str, form: Form = Form.ACTION, *, windows: bool = False, number: int = 1) -> Command:
        return Command(
            machine_id=machine_id,
            form=form,
            windows=windows,
            script=probe_script(windows=windows),
            purpose="probe",
            location="westeurope",
            name=f"aumdoctor-{number}",
        )

    def run(self, *commands: Command, **limits: Any) -> tuple[Ran, ...]:
        return run_commands(
            self.doctor.connection(),
            commands,
            Limits(**limits),
            record=lambda _command: self.steps.append,
            heard=self.heard.append,
        )

    def one(self, command: Command, **limits: Any) -> Ran:
        (ran,) = self.run(command, **limits)
        return ran

    @property
    def faults(self) -> Any:
        return self.doctor.server.faults

    @property
    def sent(self) -> list[str]:
        return [
            f"{each.method} {each.path.rsplit('/', 1)[-1]} {each.status}"
            for each in self.doctor.server.requests
            if each.method != "GET"
        ]

    @property
    def story(self) -> list[str]:
        return [f"{step.event} {step.action.call.method}" for step in self.steps]


@pytest.fixture
def prepared(serve: Serve) -> Prepared:
    return Prepared(serve)


# -- the three forms ---------------------------------------------------------------------------------------------------


def test_the_action_brings_what_the_script_printed(prepared: Prepared) -> None:
    ran = prepared.one(prepared.command(prepared.linux))
    assert ran.fate is Fate.ANSWERED
    assert ran.output.startswith('{"c":"os"')
    assert json.loads(ran.output.splitlines()[-1]) == {"c": "end", "n": 13}
    assert ran.errors == ""
    assert ran.answer["value"][0]["message"].startswith("Enable succeeded: \n[stdout]\n")
    assert prepared.sent == ["POST runCommand 202"]
    assert prepared.story == ["intent POST", "result POST", "outcome POST"]
    assert len({step.id for step in prepared.steps}) == 1
    assert prepared.heard == [ran]


def test_the_action_on_windows_has_an_item_for_each_output(prepared: Prepared) -> None:
    ran = prepared.one(prepared.command(prepared.windows, windows=True))
    assert ran.fate is Fate.ANSWERED
    assert [each["code"] for each in ran.answer["value"]] == [
        "ComponentStatus/StdOut/succeeded",
        "ComponentStatus/StdErr/succeeded",
    ]
    assert json.loads(ran.output.splitlines()[-1])["c"] == "end"


@pytest.mark.parametrize("which", ["linux", "arc"])
def test_a_managed_run_command_is_made_read_and_taken_away(prepared: Prepared, which: str) -> None:
    form = Form.ARC if which == "arc" else Form.MANAGED
    ran = prepared.one(prepared.command(getattr(prepared, which), form))
    assert ran.fate is Fate.ANSWERED
    assert ran.left is None
    assert json.loads(ran.output.splitlines()[-1])["c"] == "end"
    assert prepared.sent == ["PUT aumdoctor-1 201", "DELETE aumdoctor-1 202"]
    assert prepared.state.run_commands == {}
    assert prepared.story == [
        *("intent PUT", "result PUT", "outcome PUT"),
        *("intent DELETE", "result DELETE", "outcome DELETE"),
    ]


def test_where_the_status_has_no_output_the_result_is_asked_for(prepared: Prepared) -> None:
    def without(body: Any) -> Any:
        body.pop("properties", None)
        return body

    prepared.faults.rewrite(r"GET /[^?]*/operations/[^?]*\?(?!.*monitor)", without, times=None)
    assert prepared.one(prepared.command(prepared.linux)).fate is Fate.ANSWERED


def test_an_end_without_output_is_unknown(prepared: Prepared) -> None:
    prepared.faults.rewrite(r"GET /[^?]*/operations/", lambda _body: {"status": "Succeeded"}, times=None)
    ran = prepared.one(prepared.command(prepared.linux))
    assert (ran.fate, ran.said) == (Fate.UNKNOWN, "the script was run, and Azure gives no output of it")


def test_only_the_last_4096_bytes_come_back(prepared: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guests, "printed", lambda *_: '{"c":"os"}\n' + "x" * 5000 + '\n{"c":"end","n":1}\n')
    ran = prepared.one(prepared.command(prepared.linux))
    assert len(ran.output) == 4096
    assert not ran.output.startswith("{")


def test_the_sample_script_of_the_service_is_no_answer(prepared: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guests, "printed", lambda *_: "This is a sample script with parameters value1 value2\n")
    ran = prepared.one(prepared.command(prepared.linux))
    assert ran.fate is Fate.FAILED
    assert "its own sample" in ran.said


# -- busy, throttled, lost ---------------------------------------------------------------------------------------------


def test_another_ones_script_is_waited_for(prepared: Prepared) -> None:
    message = (
        "Run command extension execution is in progress. Please wait for completion before invoking a run command."
    )
    prepared.faults.fail(POST, 409, times=3, code="Conflict", message=message)
    assert prepared.one(prepared.command(prepared.linux)).fate is Fate.ANSWERED
    assert prepared.sent == ["POST runCommand 409"] * 3 + ["POST runCommand 202"]
    assert [step.attempt for step in prepared.steps if step.event == "intent"] == [1, 2, 3, 4]


def test_another_ones_script_is_not_waited_for_for_ever(prepared: Prepared) -> None:
    message = "Run command extension execution is in progress."
    prepared.faults.fail(POST, 409, times=None, code="Conflict", message=message)
    ran = prepared.one(prepared.command(prepared.linux), busy_seconds=0.2)
    assert ran.fate is Fate.REFUSED
    assert "another script had not ended" in ran.said
    assert 2 <= len(prepared.sent) <= 20


def test_a_lock_is_not_waited_for(prepared: Prepared) -> None:
    add_lock(prepared.state, prepared.linux, "ReadOnly")
    ran = prepared.one(prepared.command(prepared.linux))
    assert ran.fate is Fate.REFUSED
    assert "ScopeLocked" in ran.said
    assert len(prepared.sent) == 1


def test_throttling_is_waited_out(prepared: Prepared) -> None:
    prepared.faults.throttle(POST, retry_after=0, times=2)
    assert prepared.one(prepared.command(prepared.linux)).fate is Fate.ANSWERED
    assert prepared.sent == ["POST runCommand 429"] * 2 + ["POST runCommand 202"]


@pytest.mark.parametrize("how", ["act_then_reset", "reset", "act_then_fail", "fail"])
def test_a_post_whose_fate_is_unknown_is_never_sent_again(prepared: Prepared, how: str) -> None:
    getattr(prepared.faults, how)(POST)
    ran = prepared.one(prepared.command(prepared.linux))
    assert ran.fate is Fate.UNKNOWN
    assert "not sent twice" in ran.said
    assert len(prepared.sent) == 1
    assert prepared.steps[-1].event == "outcome"
    assert (prepared.steps[-1].said or "").startswith("unknown")


def test_a_run_command_whose_answer_was_lost_is_found_and_taken_away(prepared: Prepared) -> None:
    prepared.faults.act_then_reset(PUT)
    ran = prepared.one(prepared.command(prepared.linux, Form.MANAGED))
    assert ran.fate is Fate.ANSWERED
    assert prepared.sent == ["PUT aumdoctor-1 0", "DELETE aumdoctor-1 202"]
    assert prepared.state.run_commands == {}


def test_one_that_never_came_is_unknown_and_taken_away_all_the_same(prepared: Prepared) -> None:
    prepared.faults.reset(PUT)
    ran = prepared.one(prepared.command(prepared.linux, Form.MANAGED))
    assert ran.fate is Fate.UNKNOWN
    assert prepared.sent == ["PUT aumdoctor-1 0", "DELETE aumdoctor-1 204"]


def test_one_that_cannot_be_deleted_is_named(prepared: Prepared) -> None:
    prepared.faults.fail(DELETE, 400, times=None, code="BadRequest", message="no")
    command = prepared.command(prepared.linux, Form.MANAGED)
    ran = prepared.one(command)
    assert ran.fate is Fate.ANSWERED
    assert ran.left == command.resource_id
    assert "could not be deleted" in ran.said
    assert (prepared.steps[-1].said or "").startswith("not deleted")


def test_a_deletion_whose_answer_was_lost_is_made_again(prepared: Prepared) -> None:
    prepared.faults.act_then_reset(DELETE)
    ran = prepared.one(prepared.command(prepared.linux, Form.MANAGED))
    assert ran.left is None
    assert "could not be deleted" not in ran.said
    prepared.doctor.server.settle()
    assert prepared.state.run_commands == {}
    # The first deletion goes on: Azure is busy until it has ended.
    assert [each.split()[0] for each in prepared.sent][:3] == ["PUT", "DELETE", "DELETE"]
    assert prepared.sent[-1] == "DELETE aumdoctor-1 204"


def test_an_operation_that_fails_says_why(prepared: Prepared) -> None:
    prepared.faults.operation_fails(POST, "VMAgentStatusCommunicationError", "the agent is silent; sig=abc123")
    ran = prepared.one(prepared.command(prepared.linux))
    assert ran.fate is Fate.FAILED
    assert "VMAgentStatusCommunicationError: the agent is silent" in ran.said
    assert "abc123" not in ran.said


def test_an_operation_that_does_not_end_is_left(prepared: Prepared) -> None:
    prepared.faults.never_ends(POST)
    ran = prepared.one(prepared.command(prepared.linux), seconds=0.2)
    assert ran.fate is Fate.UNKNOWN
    assert "had not ended" in ran.said


def test_a_managed_one_that_does_not_end_is_taken_away(prepared: Prepared) -> None:
    prepared.faults.never_ends(PUT, times=1)
    prepared.faults.answer(DELETE, None, 204)
    ran = prepared.one(prepared.command(prepared.linux, Form.MANAGED), seconds=0.2)
    assert ran.fate is Fate.UNKNOWN
    assert prepared.sent[-1].startswith("DELETE")


@pytest.mark.parametrize(
    ("form", "right"),
    [
        (Form.ACTION, "Microsoft.Compute/virtualMachines/runCommand/action"),
        (Form.MANAGED, "Microsoft.Compute/virtualMachines/runCommands/write"),
        (Form.ARC, "Microsoft.HybridCompute/machines/runCommands/write"),
    ],
)
def test_a_missing_right_is_named(prepared: Prepared, form: Form, right: str) -> None:
    prepared.faults.deny(next(iter(prepared.state.subscriptions)), right)
    ran = prepared.one(prepared.command(prepared.arc if form is Form.ARC else prepared.linux, form))
    assert (ran.fate, ran.permission) == (Fate.REFUSED, right)
    assert len(prepared.sent) == 1


def test_a_machine_that_is_off_refuses(prepared: Prepared) -> None:
    set_power(prepared.state, prepared.linux, "deallocated")
    ran = prepared.one(prepared.command(prepared.linux))
    assert ran.fate is Fate.REFUSED
    assert "running" in ran.said


def test_scripts_of_one_machine_follow_each_other_and_end_with_the_first_that_fails(prepared: Prepared) -> None:
    commands = [
        prepared.command(prepared.linux),
        prepared.command(prepared.linux),
        prepared.command(prepared.windows, windows=True),
    ]
    prepared.faults.operation_fails(r"POST /[^?]*vm-linux/runCommand")
    first, second, other = prepared.run(*commands)
    assert (first.fate, second.fate, other.fate) == (Fate.FAILED, Fate.NOT_RUN, Fate.ANSWERED)
    assert len(prepared.sent) == 2


def test_two_scripts_of_one_machine_never_meet(prepared: Prepared) -> None:
    rans = prepared.run(*[prepared.command(prepared.linux) for _ in range(3)])
    assert {ran.fate for ran in rans} == {Fate.ANSWERED}
    assert prepared.sent == ["POST runCommand 202"] * 3


def test_without_a_journal_nothing_is_sent(prepared: Prepared) -> None:
    def full(_step: Step) -> None:
        raise UsageError("the disk is full")

    (ran,) = run_commands(
        prepared.doctor.connection(),
        [prepared.command(prepared.linux)],
        Limits(),
        record=lambda _command: full,
        heard=prepared.heard.append,
    )
    assert (ran.fate, ran.said) == (Fate.NOT_RUN, "nothing was sent: the disk is full")
    assert prepared.sent == []


@pytest.mark.parametrize("form", [Form.ACTION, Form.MANAGED])
def test_an_interruption_takes_away_what_was_made(prepared: Prepared, form: Form) -> None:
    prepared.faults.never_ends(POST)
    options = prepared.doctor.connection()

    async def interrupted() -> None:
        task = asyncio.create_task(
            run_command._run(
                options,
                [prepared.command(prepared.linux, form)],
                Limits(),
                lambda _command: prepared.steps.append,
                prepared.heard.append,
            )
        )
        while not prepared.sent:  # noqa: ASYNC110 - the server's thread knows no event of this loop
            await asyncio.sleep(0.01)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(interrupted())
    said = [step.said or "" for step in prepared.steps if step.event == "outcome"]
    assert said[0] == "unknown: interrupted, the script may go on"
    if form is Form.MANAGED:
        assert said[1] == "deleted"
        assert prepared.state.run_commands == {}


# -- the command -------------------------------------------------------------------------------------------------------


@pytest.fixture
def acting(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Acting:
    prepared = Prepared(serve)
    state = prepared.state
    state.planted.add(("AUM017", key(prepared.linux)))
    state.planted.add(("AUM027", key(prepared.windows)))
    off = add_vm(state, name="vm-off", os_type="Linux")
    set_power(state, off, "deallocated")
    return Acting(prepared.doctor.server, tmp_path, monkeypatch)


def probed(acting: Acting, *arguments: str) -> tuple[int, Any, str]:
    code, said = acting("probe", *arguments, "--all-subscriptions", "-o", "json=report.json")
    report = json.loads(Path("report.json").read_bytes()) if Path("report.json").exists() else None
    return code, report, said


def test_the_machines_are_asked_and_judged_with_what_azure_shows(acting: Acting) -> None:
    code, report, said = probed(acting, "vm-linux", "vm-windows", "srv-arc", "--yes", "--save", "kept")
    assert code == report["exit_code"]
    assert code in (0, 1, 3)
    assert {host["name"] for host in report["hosts"]} == {"vm-linux", "vm-windows", "srv-arc"}
    assert all(host["resource_id"] for host in report["hosts"])
    assert {source["reading"] for host in report["hosts"] for source in host["sources"]} == {"read"}
    assert acting.sent.count("POST runCommand 202") == 2
    assert {each.split()[0] for each in acting.sent} == {"POST", "PUT", "DELETE"}
    assert all("runCommand" in each or "aumdoctor-" in each for each in acting.sent)
    assert acting.changes() == []
    assert sorted(path.name for path in Path("kept").iterdir()) == ["srv-arc.json", "vm-linux.json", "vm-windows.json"]
    assert "aumdoctor for Linux" not in Path("kept/srv-arc.json").read_text()
    assert "root (Linux) or SYSTEM (Windows)" in said


def test_what_was_kept_can_be_read_again(acting: Acting) -> None:
    probed(acting, "vm-linux", "--yes", "--save", "kept")
    from aumdoctor.guest.collecting import read_case
    from aumdoctor.model.guest import Observation, State

    (host,) = read_case(["vm-linux=kept/vm-linux.json"]).hosts
    bad = {each.subject for each in host.records if isinstance(each, Observation) and each.state is State.BAD}
    assert bad == {"sudo", "requiretty"}


def test_every_step_is_in_the_journal(acting: Acting) -> None:
    probed(acting, "srv-arc", "--yes", "--journal", "book.jsonl")
    book = entries(Path("book.jsonl"))
    assert [(each.event, each.action.method) for each in book] == [
        *(("intent", "PUT"), ("result", "PUT"), ("outcome", "PUT")),
        *(("intent", "DELETE"), ("result", "DELETE"), ("outcome", "DELETE")),
    ]
    assert book[0].why == {"command": "probe", "purpose": "probe"}


def test_without_a_yes_nothing_is_sent(acting: Acting, monkeypatch: pytest.MonkeyPatch) -> None:
    code, report, said = probed(acting, "vm-linux")
    assert (code, report) == (2, None)
    assert "there is no terminal to ask on" in said
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
    questions: list[str] = []

    def no(question: str, **_: Any) -> bool:
        questions.append(question)
        return False

    monkeypatch.setattr(typer, "confirm", no)
    code, report, said = probed(acting, "vm-linux", "--collect", "logs")
    assert (code, report) == (2, None)
    assert questions == ["Go ahead?"]
    assert acting.sent == []
    assert not Path("aumdoctor-journal.jsonl").exists()


def test_a_machine_that_is_off_is_not_asked_and_the_answer_is_unknown(acting: Acting) -> None:
    code, report, _ = probed(acting, "vm-off", "--yes")
    assert (code, acting.sent) == (3, [])
    (host,) = report["hosts"]
    assert (host["name"], host["silent"]) == ("vm-off", "not asked: it is deallocated")
    assert "AUM012" in [each["check"] for each in host["azure"]]
    assert (host["sources"], report["sources"]) == ([], [])


def test_one_that_does_not_answer_does_not_stop_the_others(acting: Acting) -> None:
    acting.server.faults.reset(r"POST /[^?]*vm-windows/runCommand")
    code, report, _ = probed(acting, "vm-windows", "srv-arc", "--yes")
    assert code in (1, 3)
    answered, silent = report["hosts"]
    assert (answered["name"], answered["silent"]) == ("srv-arc", "")
    assert silent["name"] == "vm-windows"
    assert "not sent twice" in silent["silent"]


def test_all_machines_with_a_finding_are_asked(acting: Acting) -> None:
    code, report, said = probed(acting, "--all-with", "AUM023", "--yes")
    assert (code, report) == (0, None)
    assert acting.sent == []
    code, _, said = probed(acting, "--all-with", "AUM999", "--yes")
    assert code == 2
    assert "there is no check" in said
    code, _, said = probed(acting, "--yes")
    assert code == 2
    assert "which machines" in said


def test_an_answer_without_its_head_leaves_the_rest_unknown(acting: Acting, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = guests.printed

    def long(*arguments: Any) -> str:
        return "x" * 5000 + whole(*arguments)

    monkeypatch.setattr(guests, "printed", long)
    code, report, _ = probed(acting, "srv-arc", "--yes")
    assert code == 3
    (host,) = report["hosts"]
    assert {source["reading"] for source in host["sources"]} == {"partly"}


def test_logs_are_fetched_in_pieces_and_read(acting: Acting) -> None:
    code, report, _ = probed(acting, "srv-arc", "vm-windows", "--yes", "--collect", "logs")
    assert code in (0, 1, 3)
    folder = Path("logs/srv-arc/var/log/azure/Microsoft.CPlat.Core.LinuxPatchExtension")
    log = (folder / "3.core.log").read_text()
    assert stable_guid(next(iter(acting.state.arc.values()))["id"], 399) in log
    files = {source["file"] for host in report["hosts"] for source in host["sources"]}
    assert "logs/srv-arc/var/log/azure/Microsoft.CPlat.Core.LinuxPatchExtension/3.core.log" in files
    told = Path("logs/srv-arc/collected.txt").read_text()
    assert told.count(": whole;") == 2
    assert list(Path("logs/vm-windows/WindowsAzure").rglob("WindowsUpdateExtension.log"))
    assert acting.changes() == []
    assert acting.state.run_commands == {}


def test_pieces_that_did_not_come_are_told_and_what_came_stays(acting: Acting, monkeypatch: pytest.MonkeyPatch) -> None:
    original = guests._parts

    def broken(logs: Any, wanted: Any) -> Any:
        for row in original(logs, wanted):
            yield row if row["o"] == 0 else row | {"b": ""}

    monkeypatch.setattr(guests, "_parts", broken)
    probed(acting, "vm-linux", "--yes", "--collect", "logs")
    told = Path("logs/vm-linux/collected.txt").read_text()
    assert "it did not come whole" in told
    log = next(Path("logs").rglob("3.core.log")).read_text()
    assert "Machine Id: vm-linux" in log
    assert len(log) < 19000


def test_the_demo_answers_without_an_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code = main(("probe", "vm-etl-jpe-00115", "--demo", "--yes", "--quiet", "-o", "json=report.json"))
    report = json.loads(Path("report.json").read_bytes())
    assert code == report["exit_code"]
    assert [host["name"] for host in report["hosts"]] == ["vm-etl-jpe-00115"]


def test_what_was_kept_of_several_machines_is_read_again_as_several(acting: Acting) -> None:
    machines = ("vm-linux", "vm-windows", "srv-arc")
    probed(acting, *machines, "--yes", "--save", "kept", "--collect", "logs")
    from aumdoctor.guest.collecting import read_case

    for paths in (["kept"], ["logs"], ["kept", "logs"]):
        case = read_case(paths)
        assert sorted(host.name for host in case.hosts) == sorted(machines)
        assert case.sources == ()
        for host in case.hosts:
            assert all(host.name in source.file for source in host.sources)
            assert all(host.name in record.origin.file for record in host.records)
