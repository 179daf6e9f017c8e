"""Every request that a remedy makes out for the demo's own issues is one that the demo serves."""

from __future__ import annotations

from typing import Any

import pytest

from aumdoctor.checks.registry import CHECKS
from aumdoctor.demo.server import run_in_thread
from aumdoctor.remedies.catalogue import remedies_for
from tests.demo.conftest import Caller
from tests.scenarios.conftest import Doctor

REFUSED = {"OperationNotAllowed", "InvalidParameter"}
"""A machine that is off cannot be assessed, and hotpatching stands against a schedule: Azure says so as well."""


def test_every_call_of_a_remedy_is_carried_out_or_refused_as_azure_does(monkeypatch: pytest.MonkeyPatch) -> None:
    by_id = {check.id: check for check in CHECKS}
    with run_in_thread(machines=300, seed=1, retry_after=0.02) as server:
        found = Doctor(server, monkeypatch).examine()
        calls = {
            (call.method, call.path, str(call.body)): call
            for finding in found.findings
            for remedy in remedies_for(finding, by_id[finding.check], found.estate)
            for call in remedy.calls
        }
        arm = Caller(server)
        refused = []
        unlike = []
        for call in calls.values():
            reply = arm(call.method, call.path, call.body, api_version=call.api_version)
            server.settle()
            if reply.status >= 300:
                refused.append((call.method, call.path, reply.status, reply.body["error"]["code"]))
            elif call.method == "PATCH" and not _holds(arm("GET", call.path).body, call.body):
                unlike.append((call.path, call.body))
        arm.session.close()
    assert {call.method for call in calls.values()} == {"PATCH", "PUT", "POST", "DELETE"}
    assert {code for *_, code in refused} <= REFUSED, refused
    assert len(refused) <= 3
    assert unlike == []


def _holds(resource: Any, body: Any) -> bool:
    """Whether a resource has every member of a body, with its value."""
    if isinstance(body, dict):
        return isinstance(resource, dict) and all(_holds(resource.get(name), value) for name, value in body.items())
    return bool(resource == body)
