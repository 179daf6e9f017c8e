"""The custom role against the embedded Azure: with nothing but its actions a scan and a gate end without a gap, and
what is missing in it is named."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aumdoctor.cli.app import main
from aumdoctor.demo.dispatch import ROUTES
from aumdoctor.demo.faults import ALL, Denial
from aumdoctor.model import ids
from aumdoctor.model.facts import READ_PERMISSIONS
from aumdoctor.model.permissions import Grant, Permissions
from tests.scenarios.conftest import Doctor, Serve

OPERATIONS = {route.operation for route in ROUTES if route.operation}
READS = {action for actions in READ_PERMISSIONS.values() for action in actions}
NO_REQUEST = {
    # Rows of Resource Graph and parts of a VM: no request asks for them by their own path.
    "microsoft.compute/virtualmachines/extensions/read",
    "microsoft.compute/virtualmachines/instanceview/read",
    "microsoft.compute/virtualmachines/patchassessmentresults/read",
    "microsoft.compute/virtualmachines/patchinstallationresults/read",
    "microsoft.hybridcompute/machines/patchassessmentresults/read",
    "microsoft.hybridcompute/machines/patchinstallationresults/read",
    # Azure asks for it where an assignment is of guest patching; the embedded one does not.
    "microsoft.maintenance/configurationassignments/maintenancescope/inguestpatch/read",
    # Azure lists the subscriptions by it; the embedded one lists all.
    "microsoft.resources/subscriptions/read",
    # Read where a resource group that was named holds no machine.
    "microsoft.resources/subscriptions/resourcegroups/read",
}


class Ended:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)

    def call(doctor: Doctor, *words: str) -> Ended:
        doctor.connection()  # sets the token
        server = doctor.server
        reach = ("--auth", "token", "--arm-endpoint", server.endpoint, "--ca-bundle", server.ca_file)
        code = main((*words, *reach, "-q"))
        streams = capsys.readouterr()
        return Ended(code, streams.out, streams.err)

    return call


def role_of(call: Any, doctor: Doctor, *words: str) -> tuple[str, ...]:
    return tuple(call(doctor, "permissions", *words, "-o", "role").json["Actions"])


def hold(doctor: Doctor, actions: tuple[str, ...]) -> set[str]:
    """Let the caller do what the actions grant and nothing else; the operations that are asked for are told."""
    held = Permissions(scope="/", grants=(Grant(actions=actions),))
    state, faults = doctor.server.state, doctor.server.faults
    asked: set[str] = set()
    for subscription in state.subscriptions:
        state.caller_permissions[subscription] = [
            {"actions": list(actions), "notActions": [], "dataActions": [], "notDataActions": []}
        ]
        # Resource Graph hides by these what may not be read.
        for operation in sorted(OPERATIONS | READS):
            if not held.allows(operation):
                faults.deny(subscription, operation)

    def denied(subscription: str, operation: str) -> Denial | None:
        if operation == ALL:  # whether anything may be done there
            return None
        asked.add(operation.lower())
        return None if held.allows(operation) else Denial(subscription, operation, "AuthorizationFailed")

    faults.denied = denied  # type: ignore[method-assign]
    return asked


@pytest.mark.parametrize("source", ["auto", "arm"])
def test_with_the_role_alone_a_scan_ends_without_a_gap(serve: Serve, call: Any, source: str) -> None:
    doctor = serve(machines=120, seed=4)
    whole = call(doctor, "scan", "--all-subscriptions", "--source", source, "-o", "json").json
    asked = hold(doctor, role_of(call, doctor))

    ended = call(doctor, "scan", "--all-subscriptions", "--source", source, "-o", "json")

    report = ended.json
    assert report["gaps"] == []
    assert ended.code in (0, 1)
    assert report["summary"]["machines"] == whole["summary"]["machines"] == 120
    assert report["summary"]["coverage"]["answers_unknown"] == whole["summary"]["coverage"]["answers_unknown"]
    # What the role leaves out is told where it is a finding (AUM047), and nothing else is judged otherwise.
    others = [[each["check"] for each in found["findings"] if each["check"] != "AUM047"] for found in (whole, report)]
    assert others[0] == others[1]
    assert asked


def test_the_role_of_a_scan_has_what_a_scan_asks_for_and_nothing_more(serve: Serve, call: Any) -> None:
    doctor = serve(machines=400, seed=1)
    actions = role_of(call, doctor)
    asked = hold(doctor, actions)
    for source in ("auto", "arm"):
        call(doctor, "scan", "--all-subscriptions", "--source", source, "-o", "json")
    role = Permissions(scope="/", grants=(Grant(actions=actions),))
    assert not [operation for operation in asked if not role.allows(operation)]
    named = {action.lower().replace("results/*", "results/read") for action in actions}
    assert named - asked == NO_REQUEST
    assert doctor.writes == []


def test_with_the_role_alone_a_gate_gives_a_verdict(serve: Serve, call: Any) -> None:
    doctor = serve(machines=120, seed=4)
    words = ("gate", "--within", "7d", "--all-subscriptions", "-o", "json")
    whole = call(doctor, *words)
    hold(doctor, role_of(call, doctor, "--for", "gate"))
    ended = call(doctor, *words)
    assert ended.json["gaps"] == []
    assert (ended.code, ended.json["verdict"]) == (whole.code, whole.json["verdict"])


@pytest.mark.parametrize(
    "without",
    [
        "Microsoft.Compute/virtualMachines/patchAssessmentResults/*",
        "Microsoft.HybridCompute/machines/read",
        "Microsoft.PolicyInsights/remediations/read",
        "Microsoft.Resources/subscriptions/providers/read",
        "Microsoft.Authorization/permissions/read",
    ],
)
def test_a_role_that_lacks_an_action_leaves_a_gap_or_is_told_to_lack_it(serve: Serve, call: Any, without: str) -> None:
    doctor = serve(machines=120, seed=4)
    actions = role_of(call, doctor)
    assert without in actions
    hold(doctor, tuple(action for action in actions if action != without))
    checked = call(doctor, "permissions", "--check", "--all-subscriptions", "-o", "json")
    plain = without.replace("*", "read")
    assert checked.code == 1
    assert {action for held in checked.json["checked"] for action in held["missing"]} == {plain}
    assert doctor.writes == []


def test_a_holder_of_the_role_is_told_that_nothing_is_missing(serve: Serve, call: Any) -> None:
    doctor = serve(machines=60, seed=4)
    words = ("--for", "remediate", "--remedy", "assign-schedule")
    hold(doctor, role_of(call, doctor, *words))
    enough = call(doctor, "permissions", *words, "--check", "--all-subscriptions")
    assert enough.code == 0
    assert enough.out.startswith("Nothing is missing in ")
    more = call(
        doctor, "permissions", *words, "--remedy", "start-machine", "--check", "--all-subscriptions", "-o", "json"
    )
    assert more.code == 1
    missing = {action for held in more.json["checked"] for action in held["missing"]}
    assert missing == {"Microsoft.Compute/virtualMachines/start/action"}


def test_a_subscription_that_is_named_gives_the_role_its_scope(serve: Serve, call: Any) -> None:
    doctor = serve(machines=60, seed=4)
    found = doctor.collect(depth="quick").subscriptions[0]
    ended = call(doctor, "permissions", "--check", "--subscription", found.name, "-o", "json")
    assert ended.json["role"]["AssignableScopes"] == [ids.subscription_scope(found.id)]


def test_rights_that_cannot_be_read_are_unknown(serve: Serve, call: Any) -> None:
    doctor = serve(machines=60, seed=4)
    doctor.server.faults.fail(r"GET .*/Microsoft.Authorization/permissions\?", 503, None)
    ended = call(doctor, "permissions", "--check", "--all-subscriptions", "-o", "json")
    assert ended.code == 3
    assert {held["state"] for held in ended.json["checked"]} <= {"unknown", "not-asked"}
    assert all(held["missing"] == [] for held in ended.json["checked"])
    assert ended.json["gaps"]


def test_rights_on_groups_alone_are_unknown(serve: Serve, call: Any) -> None:
    doctor = serve(machines=60, seed=4)
    for subscription in doctor.server.state.subscriptions:
        doctor.server.state.caller_permissions[subscription] = []
    ended = call(doctor, "permissions", "--check", "--all-subscriptions")
    assert ended.code == 3
    assert "further" in ended.out


def test_offline_nothing_is_asked_of_azure(serve: Serve, call: Any) -> None:
    doctor = serve(machines=5)
    assert call(doctor, "permissions", "--for", "remediate").code == 0
    assert doctor.server.requests == []
