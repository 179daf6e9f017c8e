"""Runs of Azure Update Manager, announced by Event Grid, are let go or cancelled by what `aumdoctor gate` says.

Two functions: Event Grid waits half a minute for an answer, and to judge a schedule may take longer. So the one only
looks at the event and puts it into a queue; the other takes it from there. What there is to it is in gatekeeper.py.
"""

import json
import os
from datetime import UTC, datetime
from typing import List  # noqa: UP035 - the worker does not load a function whose argument is Out[list[str]]

import azure.functions as func
import gatekeeper

ON_UNKNOWN = gatekeeper.on_unknown(os.environ)
STORAGE = "AzureWebJobsStorage"
QUEUE = "announced-runs"
RECORD = "patch-gate/{record}"  # {record} is a member of the message

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)


def now() -> datetime:
    """The time by the clock."""
    return datetime.now(UTC)


@app.function_name("announce")
@app.route(route="pre-maintenance", trigger_arg_name="request", methods=["POST", "OPTIONS"])
@app.queue_output(arg_name="runs", queue_name=QUEUE, connection=STORAGE)
def announce(request: func.HttpRequest, runs: func.Out[List[str]]) -> func.HttpResponse:  # noqa: UP006
    """What Event Grid calls."""
    answer = gatekeeper.answer(request.method, request.headers, request.get_body(), now())
    if answer.messages:
        runs.set(list(answer.messages))
    return func.HttpResponse(
        json.dumps(answer.body) if answer.body is not None else None,
        status_code=answer.status,
        headers=answer.headers,
        mimetype="application/json",
    )


@app.function_name("judge")
@app.queue_trigger(arg_name="message", queue_name=QUEUE, connection=STORAGE)
@app.blob_input(arg_name="kept", path=RECORD, connection=STORAGE)
@app.blob_output(arg_name="keep", path=RECORD, connection=STORAGE)
def judge(message: func.QueueMessage, kept: func.InputStream, keep: func.Out[str]) -> None:
    """What the queue calls. Where there is no such blob yet, `kept` is None."""
    earlier = kept.read() if kept is not None else None
    record = gatekeeper.judge(message.get_body(), earlier, ON_UNKNOWN, now)
    if record is not None:
        keep.set(record)
