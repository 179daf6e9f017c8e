"""Runs are cancelled over HTTPS: in time, once, after a look, and never without a line in the journal before."""

import asyncio
import base64
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aumdoctor.azure import actions
from aumdoctor.azure.actions import Cancelling, Fate, Outcome, Step, cancel_action, cancel_run, cancel_runs, writing
from aumdoctor.cli.app import main
from aumdoctor.demo.estate import DemoEstate, add_vm, empty_estate
from aumdoctor.demo.events import add_event_subscription, add_event_topic
from aumdoctor.demo.machines import set_power
from aumdoctor.demo.schedules import SCHEDULES, add_configuration, assign, record_configuration_run
from aumdoctor.errors import UsageError
from tests.scenarios.conftest import Doctor, Serve

START = datetime(2026, 6, 12, 23, 0, tzinfo=UTC)
IN_TIME = START - timedelta(minutes=20)
WRITE = r"PUT /[^?]*/applyUpdates/"
LOOK = r"GET /[^?]*/applyUpdates/"


class Prepared:
    """An embedded Azure with one configuration whose run begins at START, and what was recorded of its cancelling."""

    def __init__(self, serve: Serve, *, pre_event: bool = True) -> None:
        self.state: DemoEstate = empty_estate(IN_TIME)
        self.configuration_id = add_configuration(self.state)
        if pre_event:
            add_event_subscription(self.state, add_event_topic(self.state, self.configuration_id))
        self.doctor: Doctor = serve(estate=self.state)
        self.now = IN_TIME
        self.steps: list[Step] = []

    def at(self, now: datetime) -> None:
        self.now = now
        self.doctor.server.set_now(now)

    def run(self, **overrides: Any) -> Cancelling:
        given = {"starts_at": START, "until": START - timedelta(minutes=10), "record": self.steps.append}
        return Cancelling(**{"configuration_id": self.configuration_id, **given, **overrides})

    def cancel(self, *, looks: Sequence[float] = (0.0, 0.0), **overrides: Any) -> Outcome:
        [outcome] = cancel_runs(self.doctor.connection(), [self.run(**overrides)], lambda: self.now, looks)
        return outcome

    @property
    def puts(self) -> list[int]:
        """The statuses of the writes that reached Azure; 0 where the connection was broken."""
        return [request.status for request in self.doctor.server.requests if request.method == "PUT"]

    @property
    def events(self) -> list[tuple[str, int | None]]:
        return [(step.event, step.status) for step in self.steps]


@pytest.fixture
def prepared(serve: Serve) -> Prepared:
    return Prepared(serve)


def test_a_coming_run_is_cancelled_and_seen_to_be(prepared: Prepared) -> None:
    outcome = prepared.cancel()
    assert outcome == Outcome(fate=Fate.CANCELLED, said="the run is cancelled: Azure shows it as Cancelled")
    assert [run["properties"]["status"] for run in prepared.state.runs.values()] == ["Cancelled"]
    assert prepared.events == [("intent", None), ("result", 200), ("outcome", None)]
    intent, result, ended = prepared.steps
    assert intent.before is None
    assert ended.after["properties"]["status"] == "Cancelled"
    assert intent.client_request_id == result.client_request_id == result.request_id
    assert len({step.id for step in prepared.steps}) == 1
    [asked, sent, looked] = [(request.method, request.query) for request in prepared.doctor.server.requests]
    assert asked == looked == ("GET", "api-version=2023-10-01-preview")
    assert sent == ("PUT", "api-version=2023-10-01-preview")


def test_a_second_cancelling_finds_nothing_to_do(prepared: Prepared) -> None:
    prepared.cancel()
    again = prepared.cancel()
    assert again == Outcome(fate=Fate.CANCELLED, said="the run had been cancelled before")
    assert prepared.puts == [200]


@pytest.mark.parametrize("status", ["InProgress", "Succeeded", "Failed"])
def test_a_run_that_has_begun_is_left_alone(prepared: Prepared, status: str) -> None:
    record_configuration_run(prepared.state, prepared.configuration_id, START, status)
    outcome = prepared.cancel()
    assert outcome.fate is Fate.REFUSED
    assert f"its status is {status}" in outcome.said
    assert (prepared.puts, prepared.steps) == ([], [])


def test_a_run_that_was_announced_is_cancelled_and_what_it_was_is_recorded(prepared: Prepared) -> None:
    record_configuration_run(prepared.state, prepared.configuration_id, START, "NotStarted")
    assert prepared.cancel().fate is Fate.CANCELLED
    assert prepared.steps[0].before["properties"]["status"] == "NotStarted"


def test_too_late_by_the_own_clock_nothing_is_sent(prepared: Prepared) -> None:
    prepared.now = START - timedelta(minutes=9)
    outcome = prepared.cancel()
    assert outcome == Outcome(fate=Fate.REFUSED, said="since 22:50 UTC it is too late to cancel the run")
    assert (prepared.puts, prepared.steps) == ([], [])


@pytest.mark.parametrize(
    ("minutes", "status", "said"), [(-50, 400, "yet, but from"), (-9, 409, "can no longer be"), (5, 409, "started")]
)
def test_what_azure_refuses_is_told_in_its_words(prepared: Prepared, minutes: int, status: int, said: str) -> None:
    prepared.doctor.server.set_now(START + timedelta(minutes=minutes))
    outcome = prepared.cancel()
    assert outcome.fate is Fate.REFUSED
    assert said in outcome.said
    assert "request id" in outcome.said
    assert prepared.events == [("intent", None), ("result", status), ("outcome", None)]
    assert prepared.steps[1].error is not None


def test_without_a_pre_event_azure_refuses(serve: Serve) -> None:
    prepared = Prepared(serve, pre_event=False)
    outcome = prepared.cancel()
    assert (outcome.fate, "PreMaintenanceEvent" in outcome.said) == (Fate.REFUSED, True)


@pytest.mark.parametrize("verb", ["write", "read"])
def test_a_missing_right_is_named(prepared: Prepared, verb: str) -> None:
    [subscription] = prepared.state.subscriptions
    prepared.doctor.server.faults.deny(subscription, f"Microsoft.Maintenance/applyUpdates/{verb}")
    outcome = prepared.cancel()
    assert (outcome.fate, outcome.permission) == (Fate.REFUSED, f"Microsoft.Maintenance/applyUpdates/{verb}")
    assert f"the missing permission is Microsoft.Maintenance/applyUpdates/{verb}" in outcome.said
    assert prepared.puts == ([403] if verb == "write" else [])


def test_a_denial_that_names_no_right_is_of_the_one_that_the_request_takes(prepared: Prepared) -> None:
    prepared.doctor.server.faults.answer(WRITE, {"Message": "Forbidden."}, 403)
    assert prepared.cancel().permission == "Microsoft.Maintenance/applyUpdates/write"


def test_a_provider_that_is_not_registered_is_not_registered_on_the_way(prepared: Prepared) -> None:
    [subscription] = prepared.state.subscriptions
    prepared.state.set_provider(subscription, "Microsoft.Maintenance", "NotRegistered")
    outcome = prepared.cancel()
    assert (outcome.fate, "MissingSubscriptionRegistration" in outcome.said) == (Fate.REFUSED, True)
    assert [request.split()[0] for request in prepared.doctor.writes] == ["PUT"]


def test_a_redirect_is_not_followed(prepared: Prepared, serve: Serve) -> None:
    other = serve(machines=1)
    to = {"Location": f"{other.server.endpoint}/steal"}
    prepared.doctor.server.faults.answer(WRITE, {}, 307, 1, to)
    assert prepared.cancel().fate is Fate.REFUSED
    assert other.server.requests == []
    assert prepared.puts == [307]


def test_an_answer_that_was_lost_on_its_way_is_made_up_for_by_a_look(prepared: Prepared) -> None:
    prepared.doctor.server.faults.truncate(WRITE, 1)
    outcome = prepared.cancel()
    assert outcome.fate is Fate.CANCELLED
    assert "the answer was lost" in outcome.said
    assert len(prepared.puts) == 1
    assert prepared.events == [("intent", None), ("result", None), ("outcome", None)]


def test_a_connection_that_breaks_is_followed_by_a_look_and_only_then_by_a_second_request(prepared: Prepared) -> None:
    prepared.doctor.server.faults.reset(WRITE, 1)
    assert prepared.cancel().fate is Fate.CANCELLED
    methods = [request.method for request in prepared.doctor.server.requests]
    assert methods == ["GET", "PUT", "GET", "GET", "PUT", "GET"]
    assert prepared.puts == [0, 200]
    assert [step.attempt for step in prepared.steps] == [1, 1, 2, 2, 2]


def test_a_fault_of_azure_is_lost_too_and_tried_three_times_at_most(prepared: Prepared) -> None:
    prepared.doctor.server.faults.fail(WRITE, 503, None)
    outcome = prepared.cancel()
    assert outcome.fate is Fate.UNKNOWN
    assert "no answer came in 3 tries" in outcome.said
    assert "as not announced yet" in outcome.said
    assert prepared.puts == [503, 503, 503]


def test_where_nothing_can_be_seen_after_a_loss_nothing_more_is_sent(prepared: Prepared) -> None:
    faults = prepared.doctor.server.faults
    faults.reset(WRITE, 1)

    def deny(step: Step) -> None:
        if step.event == "result":
            faults.fail(LOOK, 403, None, code="AuthorizationFailed", message="no")

    outcome = prepared.cancel(record=deny)
    assert outcome.fate is Fate.UNKNOWN
    assert "could not be read again" in outcome.said
    assert prepared.puts == [0]


def test_a_run_that_begins_while_the_answer_is_lost_is_not_cancelled(prepared: Prepared) -> None:
    prepared.doctor.server.faults.reset(WRITE, 1)

    def begin(step: Step) -> None:
        if step.event == "result":
            record_configuration_run(prepared.state, prepared.configuration_id, START, "InProgress")

    outcome = prepared.cancel(record=begin)
    assert (outcome.fate, "has begun" in outcome.said) == (Fate.REFUSED, True)
    assert prepared.puts == [0]


def test_accepted_is_not_yet_cancelled(prepared: Prepared) -> None:
    prepared.doctor.server.faults.answer(WRITE, {"properties": {"status": "Cancelled"}}, 200, None)
    outcome = prepared.cancel()
    assert outcome.fate is Fate.UNKNOWN
    assert outcome.said == "Azure accepted the request, but shows the run as not announced yet, not as Cancelled"


def test_a_refusal_for_now_is_waited_out(prepared: Prepared) -> None:
    prepared.doctor.server.faults.fail(WRITE, 429, 2, {"Retry-After": "1"}, code="TooManyRequests")
    assert prepared.cancel().fate is Fate.CANCELLED
    assert prepared.puts == [429, 429, 200]


def test_but_only_twice(prepared: Prepared) -> None:
    prepared.doctor.server.faults.fail(WRITE, 429, None, {"x-ms-retry-after-ms": "1"}, code="TooManyRequests")
    assert prepared.cancel().fate is Fate.REFUSED
    assert prepared.puts == [429, 429, 429]


def test_and_not_beyond_the_time_at_which_it_is_too_late(prepared: Prepared) -> None:
    prepared.at(START - timedelta(minutes=11))
    prepared.doctor.server.faults.fail(WRITE, 429, 1, {"Retry-After": "90"}, code="TooManyRequests")
    outcome = prepared.cancel()
    assert outcome.fate is Fate.REFUSED
    assert "asks to wait 90 s" in outcome.said
    assert prepared.puts == [429]


def test_what_cannot_be_recorded_is_not_sent(prepared: Prepared) -> None:
    def full(_step: Step) -> None:
        raise UsageError("the journal cannot be written: No space left on device")

    outcome = prepared.cancel(record=full)
    assert outcome.fate is Fate.REFUSED
    assert outcome.said == "nothing was sent: the journal cannot be written: No space left on device"
    assert prepared.puts == []


def test_a_journal_that_fails_afterwards_hides_nothing_of_what_was_done(prepared: Prepared) -> None:
    def full(step: Step) -> None:
        if step.event != "intent":
            raise UsageError("the journal cannot be written")

    outcome = prepared.cancel(record=full)
    assert outcome.fate is Fate.CANCELLED
    assert "could not be recorded" in outcome.said


def test_one_that_fails_stops_no_other(prepared: Prepared) -> None:
    other = add_configuration(prepared.state, resource_group="rg-other")
    runs = [prepared.run(configuration_id=other), prepared.run()]
    outcomes = cancel_runs(prepared.doctor.connection(), runs, lambda: prepared.now, (0.0,))
    assert [outcome.fate for outcome in outcomes] == [Fate.REFUSED, Fate.CANCELLED]


def test_who_acts_is_recorded_and_the_token_is_not(prepared: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    claims = json.dumps({"oid": "object", "appid": "application", "tid": "tenant"}).encode()
    token = f"eyJhbGciOiJub25lIn0.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.c2ln"
    server = prepared.doctor.server
    server.azure.tokens[token] = server.tenant_id
    connection = prepared.doctor.connection()
    monkeypatch.setenv("AUMDOCTOR_ACCESS_TOKEN", token)
    cancel_runs(connection, [prepared.run()], lambda: prepared.now, (0.0,))
    principal = prepared.steps[0].principal
    assert principal is not None
    assert (principal.object_id, principal.application_id) == ("object", "application")
    assert "eyJ" not in repr(prepared.steps)


async def test_a_writer_sends_nothing_but_what_it_was_opened_for(prepared: Prepared) -> None:
    allowed = cancel_action(prepared.configuration_id, START)
    other = cancel_action(prepared.configuration_id, START + timedelta(days=7))
    async with writing(prepared.doctor.connection(), [allowed]) as writer:
        answer = await writer.send(other, "1")
        assert answer.failure is not None
        assert (answer.failure.code, answer.is_lost) == ("NotAllowed", False)
        assert prepared.doctor.server.requests == []
        assert (await writer.send(allowed, "2")).failure is None
    assert prepared.puts == [200]


async def test_an_interrupt_while_the_answer_is_awaited_is_recorded(prepared: Prepared) -> None:
    prepared.doctor.server.faults.slow(WRITE, 5.0)
    begun = asyncio.Event()

    def record(step: Step) -> None:
        prepared.steps.append(step)
        begun.set()

    run = prepared.run(record=record)
    async with writing(prepared.doctor.connection(), [cancel_action(run.configuration_id, START)]) as writer:
        task = asyncio.create_task(cancel_run(writer, run, lambda: prepared.now))
        await begun.wait()
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    last = prepared.steps[-1]
    assert last.error is not None
    assert (last.event, last.error.code) == ("result", "Interrupted")


def test_an_answer_that_does_not_come_is_not_waited_for_until_it_is_too_late(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "_READ_SECONDS", 0.3)
    prepared.doctor.server.faults.slow(WRITE, 1.0, 1)
    assert prepared.cancel().fate is Fate.CANCELLED
    failed = prepared.steps[1]
    assert (failed.status, failed.error.code if failed.error else None) == (None, "Timeout")


def test_a_sign_in_that_is_refused_sends_nothing(prepared: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = prepared.doctor.connection()
    monkeypatch.setenv("AUMDOCTOR_ACCESS_TOKEN", "of-somebody-else")
    [outcome] = cancel_runs(connection, [prepared.run()], lambda: prepared.now)
    assert (outcome.fate, prepared.puts) == (Fate.REFUSED, [])


# The whole command, by the clock on the wall.


class Gate:
    """`aumdoctor gate` at an embedded Azure: a schedule that begins in some minutes, and its machine, which is off."""

    def __init__(
        self,
        serve: Serve,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        *,
        minutes: int = 20,
        pre_event: bool = True,
        is_off: bool = True,
    ) -> None:
        now = datetime.now(UTC).replace(second=0, microsecond=0)
        self.starts_at = now + timedelta(minutes=minutes)
        state = empty_estate(now)
        window = {"recurEvery": "1Week", "startDateTime": f"{self.starts_at:%Y-%m-%d %H:%M}", "timeZone": "UTC"}
        self.configuration_id = add_configuration(state, schedule=SCHEDULES[1], window=window)
        vm = add_vm(state)
        assign(state, vm, self.configuration_id)
        if is_off:
            set_power(state, vm, "deallocated")
        if pre_event:
            add_event_subscription(state, add_event_topic(state, self.configuration_id))
        self.state = state
        self.doctor = serve(estate=state)
        self.name = self.configuration_id.rsplit("/", 1)[-1]
        self._capsys = capsys
        monkeypatch.setenv("AUMDOCTOR_ACCESS_TOKEN", self.doctor.server.token)

    def __call__(self, *options: str) -> tuple[int, Any, str]:
        server = self.doctor.server
        ends = ["--cloud", "custom", "--arm-endpoint", server.endpoint, "--authority", "login.microsoftonline.com"]
        ends += ["--auth", "token", "--ca-bundle", server.ca_file, "--all-subscriptions"]
        code = main(["gate", "--schedule", self.name, "-o", "json", *options, *ends])
        streams = self._capsys.readouterr()
        return code, json.loads(streams.out) if streams.out else None, streams.err


@pytest.fixture
def gate(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., Gate]:
    monkeypatch.chdir(tmp_path)
    return lambda **options: Gate(serve, monkeypatch, capsys, **options)


def test_a_no_go_cancels_the_run_and_stays_a_no_go(gate: Callable[..., Gate], tmp_path: Path) -> None:
    asked = gate()
    code, report, err = asked("--cancel-run", "--yes")
    assert (code, report["verdict"], report["exit_code"]) == (1, "no-go", 1)
    [cancelled] = report["cancelled"]
    assert (cancelled["done"], cancelled["window"]["schedule"]["name"]) == (True, asked.name)
    assert [run["properties"]["status"] for run in asked.state.runs.values()] == ["Cancelled"]
    assert "aumdoctor-journal.jsonl" in err
    journal = [json.loads(line) for line in (tmp_path / "aumdoctor-journal.jsonl").read_text().splitlines()]
    assert [line["event"] for line in journal] == ["intent", "result", "outcome"]
    why = journal[0]["why"]
    assert (why["verdict"], list(why["blocked"])) == ("no-go", ["AUM012"])
    assert journal[0]["target"].endswith(f"/applyUpdates/{asked.starts_at:%Y%m%d%H%M%S}")
    assert asked.doctor.server.token not in (tmp_path / "aumdoctor-journal.jsonl").read_text()
    assert asked.doctor.writes == [f"PUT {journal[0]['action']['path']}"]


def test_a_gate_that_was_not_told_to_cancel_writes_nothing(gate: Callable[..., Gate], tmp_path: Path) -> None:
    asked = gate()
    code, report, _ = asked()
    assert (code, report["cancelled"]) == (1, [])
    assert asked.doctor.writes == []
    assert list(tmp_path.iterdir()) == []


def test_a_go_cancels_nothing(gate: Callable[..., Gate]) -> None:
    asked = gate(is_off=False)
    code, report, err = asked("--cancel-run", "--yes")
    assert (code, report["verdict"], report["cancelled"]) == (0, "go", [])
    assert "there is no run to cancel" in err
    assert asked.doctor.writes == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"minutes": 55}, "too early: the run can be cancelled from"),
        ({"minutes": 8}, "too late: the run could be cancelled until"),
        ({"minutes": -3}, "cannot be cancelled any more: it began at"),
        ({"pre_event": False}, "the run cannot be cancelled: nobody subscribes to its pre-event"),
    ],
)
def test_a_run_that_cannot_be_cancelled_is_not_tried(
    gate: Callable[..., Gate], tmp_path: Path, options: Any, said: str
) -> None:
    asked = gate(**options)
    code, report, _ = asked("--cancel-run", "--yes")
    assert code == 1
    [cancelled] = report["cancelled"]
    assert (cancelled["done"], said in cancelled["said"]) == (False, True), cancelled["said"]
    assert asked.doctor.writes == []
    assert list(tmp_path.iterdir()) == []


def test_who_is_told_of_runs_must_be_known(gate: Callable[..., Gate]) -> None:
    asked = gate(pre_event=False)
    [subscription] = asked.state.subscriptions
    asked.doctor.server.faults.deny(subscription, "Microsoft.EventGrid/systemTopics/read")
    code, report, _ = asked("--cancel-run", "--yes", "--source", "arm")
    assert code in (1, 3)
    assert [found["done"] for found in report["cancelled"]] == [False]
    assert asked.doctor.writes == []


def test_a_journal_that_cannot_be_written_stops_the_write_and_not_the_verdict(gate: Callable[..., Gate]) -> None:
    for journal in ("nowhere/journal.jsonl", "/dev/full"):
        asked = gate()
        code, report, _ = asked("--cancel-run", "--yes", "--journal", journal)
        assert (code, report["verdict"]) == (1, "no-go")
        assert f"the journal {journal} cannot be written" in report["cancelled"][0]["said"]
        assert asked.doctor.writes == []


def test_without_a_terminal_it_takes_a_yes(gate: Callable[..., Gate]) -> None:
    asked = gate()
    code, report, _ = asked("--cancel-run")
    assert (code, report["cancelled"][0]["done"]) == (1, False)
    assert "give --yes" in report["cancelled"][0]["said"]
    assert asked.doctor.writes == []


def test_the_right_to_cancel_is_named_where_it_is_missing(gate: Callable[..., Gate]) -> None:
    asked = gate()
    [subscription] = asked.state.subscriptions
    asked.doctor.server.faults.deny(subscription, "Microsoft.Maintenance/applyUpdates/write")
    code, report, _ = asked("--cancel-run", "--yes")
    assert code == 1
    assert "the missing permission is Microsoft.Maintenance/applyUpdates/write" in report["cancelled"][0]["said"]


def test_a_saved_estate_cancels_nothing(gate: Callable[..., Gate], capsys: pytest.CaptureFixture[str]) -> None:
    from aumdoctor.store.estates import save

    asked = gate()
    save(Path("estate.json"), asked.doctor.collect())
    code = main(["gate", "--schedule", asked.name, "--from", "estate.json", "--cancel-run", "--yes"])
    assert code == 2
    assert "--cancel-run does nothing together with --from" in capsys.readouterr().err
    assert asked.doctor.writes == []
