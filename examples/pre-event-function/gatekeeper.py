"""What is announced, whether it may go ahead, and the cancelling of what may not. Knows nothing of Azure Functions.

An event comes in by `answer`, which looks at it and makes a message of it; the message is dealt with by `judge`, which
runs `aumdoctor gate`. Both may get the same thing more than once, late, or out of order, as Event Grid and queues
deliver at least once.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import re
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from aumdoctor.cli.app import main

PRE_EVENT = "Microsoft.Maintenance.PreMaintenanceEvent"
VALIDATION = "Microsoft.EventGrid.SubscriptionValidationEvent"

CANCEL_LEAD = timedelta(minutes=10)
"""How long before its start a run can be cancelled at the latest. The events' own cut-off time is later in the
documentation's samples; the earlier of both counts here."""

MOST_SECONDS = 300
"""How long the gate may read Azure, in seconds, where there is that much time."""

log = logging.getLogger("gatekeeper")

_CONFIGURATION = re.compile(
    r"/subscriptions/([0-9a-f-]{36})/resourcegroups/(?!\.\.?/)([^/?#%\\\s]+)"
    r"/providers/microsoft\.maintenance/maintenanceconfigurations/(?!\.\.?$)([^/?#%\\\s]+)",
    re.IGNORECASE,
)
_SUBSCRIPTION = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_EVENT_GRID = re.compile(r"eventgrid\.azure\.[a-z]+", re.IGNORECASE)

Text = Annotated[str, msgspec.Meta(min_length=1)]
OnUnknown = Literal["continue", "cancel"]


class MalformedError(Exception):
    """A request or event is not what its schema says. The text says what is wrong."""


class NotCancelledError(Exception):
    """A run that should have been cancelled was not. Raised so that the queue delivers the message again."""


class GridEvent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An event in Event Grid's own schema. `data` depends on the type."""

    id: Text
    topic: str
    subject: str
    event_type: Text
    event_time: datetime
    data_version: str
    data: Any


class CloudEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event in the schema of CloudEvents 1.0, as Event Grid sends it."""

    specversion: Literal["1.0"]
    id: Text
    source: Text
    subject: str = ""
    type: Text
    time: datetime
    data: Any = None


class Announced(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The data of a pre-maintenance event. The documentation's samples write the names in PascalCase, its translations
    in camelCase: either is taken."""

    correlation_id: Text
    maintenance_configuration_id: Text
    start_date_time: datetime
    end_date_time: datetime
    cancellation_cut_off_date_time: datetime
    resource_subscription_ids: tuple[str, ...]


class Run(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A coming run, as it waits in the queue. `record` is the name under which is kept what became of it."""

    correlation_id: str
    maintenance_configuration_id: str
    starts_at: datetime
    cancel_until: datetime
    subscriptions: tuple[str, ...]
    record: str


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a request is answered with, and the messages for the queue."""

    status: int
    body: dict[str, Any] | None = None
    headers: dict[str, str] = {}
    messages: tuple[str, ...] = ()


class Record(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What became of a run: kept, so that the same message is not dealt with twice, and for whoever asks the next day.

    `gate` is the report of `aumdoctor gate` (null where there is none), `written` what was written to Azure: the lines
    of the journal.
    """

    correlation_id: str
    at: datetime
    verdict: Literal["go", "no-go", "unknown"]
    cancelled: bool
    said: str
    gate: Any
    written: list[Any]


def on_unknown(environment: Mapping[str, str]) -> OnUnknown:
    """What to do with a run where the gate cannot tell: the setting GATE_ON_UNKNOWN. Raises ValueError."""
    chosen = environment.get("GATE_ON_UNKNOWN") or "continue"
    if chosen not in ("continue", "cancel"):
        raise ValueError(f"GATE_ON_UNKNOWN is {chosen!r}: it must be continue or cancel")
    return "cancel" if chosen == "cancel" else "continue"


# Requests of Event Grid.


def answer(method: str, headers: Mapping[str, str], body: bytes, now: datetime) -> Answer:
    """Answer a request of Event Grid. The case of the names in `headers` must not matter.

    A malformed event is answered with 400, after which Event Grid does not send it again; others in the same request
    count all the same. What is not the start of a run, and what is too late, is answered with 200 and left alone.
    """
    if method.upper() == "OPTIONS":
        return _permission(headers.get("WebHook-Request-Origin", ""))
    try:
        events = _events(body)
    except MalformedError as fault:
        log.warning("a request was not understood: %s", fault)
        return Answer(status=400, body={"error": str(fault)})
    told: list[dict[str, str]] = []
    messages: list[str] = []
    faults: list[str] = []
    for place, raw in enumerate(events):
        try:
            event = _event(raw)
            if isinstance(event, GridEvent) and event.event_type == VALIDATION:
                return _validated(event)
            kind = event.event_type if isinstance(event, GridEvent) else event.type
            if kind != PRE_EVENT:
                log.info("event %.200r is a %.200r and left alone", event.id, kind)
                told.append({"id": event.id, "outcome": "ignored"})
                continue
            run = run_of(event)
        except MalformedError as fault:
            log.warning("event %d of a request is malformed: %s", place, fault)
            faults.append(f"event {place}: {fault}")
            continue
        if now > run.cancel_until:
            log.warning("%s was announced too late to cancel it (until %s)", run.correlation_id, run.cancel_until)
            told.append({"id": event.id, "outcome": "late"})
            continue
        messages.append(msgspec.json.encode(run).decode())
        told.append({"id": event.id, "outcome": "queued"})
    if faults:
        return Answer(status=400, body={"error": "; ".join(faults)}, messages=tuple(messages))
    return Answer(status=202 if messages else 200, body={"events": told}, messages=tuple(messages))


def _permission(origin: str) -> Answer:
    """The handshake of CloudEvents: whether the sender may deliver here."""
    if not _EVENT_GRID.fullmatch(origin):
        return Answer(status=403, body={"error": "only Event Grid may deliver events here"})
    return Answer(status=200, headers={"WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": "*"})


def _validated(event: GridEvent) -> Answer:
    """The handshake of Event Grid's own schema: the code is given back."""
    code = event.data.get("validationCode") if isinstance(event.data, dict) else None
    if not isinstance(code, str) or not code:
        raise MalformedError("data has no validationCode")
    return Answer(status=200, body={"validationResponse": code})


def _events(body: bytes) -> list[Any]:
    """The events of a request: Event Grid sends a list, CloudEvents come one by one or as a list."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedError(f"the body is no JSON: {error}") from error
    events = found if isinstance(found, list) else [found]
    if not events:
        raise MalformedError("the body is an empty list")
    return events


def _event(raw: Any) -> GridEvent | CloudEvent:
    is_cloud_event = isinstance(raw, dict) and "specversion" in raw
    try:
        return msgspec.convert(raw, CloudEvent) if is_cloud_event else msgspec.convert(raw, GridEvent)
    except msgspec.ValidationError as error:
        raise MalformedError(f"{error}") from error


_DATA_NAMES = {name.lower(): name for name in Announced.__struct_encode_fields__}


def run_of(event: GridEvent | CloudEvent) -> Run:
    """The run that a pre-maintenance event announces. Raises MalformedError.

    The ids become options of a command line and the path of a request, so that they are held against their form; the
    run's id must be that of a run of the configuration, named after its start.
    """
    if not isinstance(event.data, dict):
        raise MalformedError("data is no object")
    try:
        data = msgspec.convert({_DATA_NAMES.get(name.lower(), name): it for name, it in event.data.items()}, Announced)
    except msgspec.ValidationError as error:
        raise MalformedError(f"data: {error}") from error
    configuration = _CONFIGURATION.fullmatch(data.maintenance_configuration_id)
    if configuration is None:
        raise MalformedError("data.maintenanceConfigurationId is not the id of a maintenance configuration")
    for subscription in data.resource_subscription_ids:
        if not _SUBSCRIPTION.fullmatch(subscription):
            raise MalformedError("data.resourceSubscriptionIds holds what is not the id of a subscription")
    starts_at, ends_at = _utc(data.start_date_time), _utc(data.end_date_time)
    if ends_at <= starts_at:
        raise MalformedError("data.endDateTime is not after data.startDateTime")
    named = f"{starts_at:%Y%m%d%H%M%S}"
    expected = f"{data.maintenance_configuration_id}/providers/Microsoft.Maintenance/applyUpdates/{named}"
    if data.correlation_id.lower() != expected.lower():
        raise MalformedError(
            "data.correlationId is not the run of data.maintenanceConfigurationId at data.startDateTime"
        )
    own = configuration[1].lower()
    subscriptions = dict.fromkeys((own, *(each.lower() for each in data.resource_subscription_ids)))
    return Run(
        correlation_id=data.correlation_id,
        maintenance_configuration_id=data.maintenance_configuration_id,
        starts_at=starts_at,
        cancel_until=min(_utc(data.cancellation_cut_off_date_time), starts_at - CANCEL_LEAD),
        subscriptions=tuple(subscriptions),
        record="/".join((*configuration.groups(), f"{named}.json")).lower(),
    )


def _utc(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


# Messages of the queue.


def judge(message: bytes, kept: bytes | None, otherwise: OnUnknown, clock: Callable[[], datetime]) -> str | None:
    """Judge the run of a message, and cancel it where it may not go ahead. The answer is the record to keep.

    None where there is nothing new: `kept` is the record of an earlier delivery, or it is too late for anything.
    `otherwise` is what to do where it cannot be told. Raises NotCancelledError where a cancelling failed: then nothing
    is kept, so that the next delivery tries again.
    """
    run = msgspec.json.decode(message, type=Run)
    if kept is not None:
        log.info("%s was dealt with before", run.correlation_id)
        return None
    if clock() > run.cancel_until:
        log.warning("%s: too late since %s, it is not judged", run.correlation_id, run.cancel_until)
        return None
    record = _asked(run, clock())
    if record.verdict == "unknown" and otherwise == "cancel":
        record = _cancelled(run, record, clock)
    should_be = record.verdict == "no-go" or (record.verdict == "unknown" and otherwise == "cancel")
    if should_be and not record.cancelled:
        log.error("%s: %s, and it was not cancelled: %s", run.correlation_id, record.verdict, record.said)
        raise NotCancelledError(f"{run.correlation_id}: {record.said}")
    level = logging.INFO if record.verdict == "go" else logging.WARNING
    what = "cancelled" if record.cancelled else "goes ahead"
    log.log(level, "%s: %s, the run %s: %s", run.correlation_id, record.verdict, what, record.said)
    return msgspec.json.encode(record).decode()


def _asked(run: Run, now: datetime) -> Record:
    """What the gate says of a run, and what became of it. Whatever else it is, it is unknown."""
    left = (run.cancel_until - now).total_seconds()
    with tempfile.TemporaryDirectory() as folder:
        report_file, journal = Path(folder, "gate.json"), Path(folder, "journal.jsonl")
        spoken = io.StringIO()
        # One message at a time (host.json): these streams are those of the whole process.
        with contextlib.redirect_stdout(spoken), contextlib.redirect_stderr(spoken):
            code = main(
                [
                    *("gate", "--quiet", "--schedule", run.maintenance_configuration_id),
                    *(word for each in run.subscriptions for word in ("--subscription", each)),
                    *("--cancel-run", "--yes", "--journal", str(journal), "--output", f"json={report_file}"),
                    *("--timeout", f"{max(1.0, min(MOST_SECONDS, left - 60)):.0f}"),
                ]
            )
        report = json.loads(report_file.read_bytes()) if report_file.is_file() else None
        written = [json.loads(line) for line in journal.read_bytes().splitlines()] if journal.is_file() else []
    verdict: Literal["go", "no-go", "unknown"] = "unknown"
    cancelled = False
    if report is None:
        said = f"aumdoctor ended with {code}: {' '.join(spoken.getvalue().split())}"
    else:
        said = f"the schedule has no window any more that begins at {run.starts_at:%Y-%m-%d %H:%M} UTC"
        for judged in filter(lambda each: _begins(each["window"], run), report["windows"]):
            # What could not be seen at all makes the whole verdict unknown, and not that of a window.
            verdict = "unknown" if report["verdict"] == "unknown" else judged["verdict"]
            said = report["said"]
        for each in filter(lambda each: _begins(each["window"], run), report["cancelled"]):
            cancelled = each["done"]
            said = f"{said} ({each['said']})"
    return Record(
        correlation_id=run.correlation_id,
        at=now,
        verdict=verdict,
        cancelled=cancelled,
        said=said,
        gate=report,
        written=written,
    )


def _begins(window: dict[str, Any], run: Run) -> bool:
    return datetime.fromisoformat(window["starts_at"]) == run.starts_at


def _cancelled(run: Run, record: Record, clock: Callable[[], datetime]) -> Record:
    """Cancel a run of which nothing is known, which the gate itself never does."""
    from aumdoctor.azure.actions import Cancelling, Fate, Step, cancel_runs
    from aumdoctor.azure.connection import ConnectionOptions
    from aumdoctor.errors import AumDoctorError

    def note(step: Step) -> None:
        log.info("%s: %s", run.correlation_id, msgspec.json.encode(step).decode())
        record.written.append(msgspec.to_builtins(step))

    names = ("auth", "tenant", "client_id", "cloud", "arm_endpoint", "authority", "ca_bundle")
    given: dict[str, Any] = {
        name: os.environ[f"AUMDOCTOR_{name.upper()}"] for name in names if f"AUMDOCTOR_{name.upper()}" in os.environ
    }
    cancelling = Cancelling(
        configuration_id=run.maintenance_configuration_id,
        starts_at=run.starts_at,
        until=run.cancel_until,
        record=note,
    )
    try:
        [outcome] = cancel_runs(ConnectionOptions(**given), [cancelling], clock)
    except AumDoctorError as error:
        return msgspec.structs.replace(record, said=f"{record.said} ({error.message})")
    done = outcome.fate is Fate.CANCELLED
    return msgspec.structs.replace(record, cancelled=done, said=f"{record.said} ({outcome.said})")
