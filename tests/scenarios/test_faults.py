"""Azure on a bad day: what fails in one place stops nothing elsewhere, and is said."""

import pytest

from aumdoctor.azure.collect import ScopeRequest
from aumdoctor.diagnosis.examine import Verdict
from aumdoctor.errors import UnreadableError, UsageError
from aumdoctor.model import ids
from aumdoctor.model.facts import Fact, Outcome
from tests.scenarios.conftest import MACHINES_ALONE, Serve

GRAPH = "POST /providers/Microsoft.ResourceGraph"


def populated_subscriptions(truth_of: object) -> list[str]:
    estate = truth_of
    return sorted({machine.subscription_id for machine in estate.machines})  # type: ignore[attr-defined]


def test_one_denied_subscription_of_several_is_a_gap_and_the_others_are_examined(serve: Serve) -> None:
    doctor = serve(machines=90, seed=4)
    whole = doctor.examine()
    denied = populated_subscriptions(whole.estate)[0]
    doctor.server.faults.deny(denied)

    examination = doctor.examine()

    seen = {machine.subscription_id for machine in examination.estate.machines}
    assert denied not in seen
    assert len(examination.estate.machines) == sum(m.subscription_id != denied for m in whole.estate.machines)
    [gap] = [gap for gap in examination.estate.gaps if ids.subscription_of(gap.scope) == denied]
    assert (gap.status, gap.code, gap.operation) == (403, "AuthorizationFailed", "list machines")
    assert gap.missing_permission == "Microsoft.Compute/virtualMachines/read"
    assert examination.summary.coverage.subscriptions_with_gaps == 1


@pytest.mark.parametrize("source", ["auto", "arm"])
def test_a_denied_detail_makes_its_checks_unknown_and_no_machine_healthy(serve: Serve, source: str) -> None:
    doctor = serve(machines=60, seed=4)
    subscription = populated_subscriptions(doctor.collect(depth="quick", facts=MACHINES_ALONE))[0]
    doctor.server.faults.deny(subscription, "Microsoft.Compute/virtualMachines/instanceView/read")
    doctor.server.faults.fail(
        r"GET /subscriptions/[^?]*virtualMachines/[^/?]+\?.*instanceView",
        403,
        times=None,
        code="AuthorizationFailed",
        message="The client 'x' does not have authorization to perform action "
        "'Microsoft.Compute/virtualMachines/instanceView/read' over scope '/y'.",
    )

    examination = doctor.examine(source=source)

    running = [m for m in examination.estate.machines if m.is_azure_vm and m.power_state == "running"]
    assert running
    for machine in running:
        reading = examination.estate.reading(Fact.INSTANCE_VIEW, machine.id)
        assert reading.outcome is Outcome.DENIED
        assert reading.permission == "Microsoft.Compute/virtualMachines/instanceView/read"
    verdicts = {ids.key(verdict.resource_id): verdict.verdict for verdict in examination.machines}
    assert Verdict.PATCHABLE not in {verdicts[machine.key] for machine in running}
    gaps = [gap for gap in examination.estate.gaps if gap.fact is Fact.INSTANCE_VIEW]
    assert gaps
    assert len(gaps) <= len(examination.estate.subscriptions), "one gap a subscription, not one a machine"


def test_throttling_is_waited_out_and_said(serve: Serve) -> None:
    doctor = serve(machines=60, seed=6, throttle=True)
    retry = {"Retry-After": "1"}
    doctor.server.faults.fail(r"GET /subscriptions/[^?]*/policyAssignments", 429, 2, retry, code="TooManyRequests")
    doctor.server.faults.fail(GRAPH, 429, 2, retry, code="RateLimiting")

    examination = doctor.examine()

    assert examination.estate.gaps == ()
    assert any("waiting" in note for note in doctor.listener.notes)
    statuses = [request.status for request in doctor.server.requests]
    assert statuses.count(429) <= 12, "one refusal holds everybody back"


def test_errors_resets_and_truncated_answers_are_asked_again(serve: Serve) -> None:
    doctor = serve(machines=60, seed=6)
    faults = doctor.server.faults
    faults.fail(GRAPH, 500, 1)
    faults.reset(GRAPH, 1)
    faults.truncate(GRAPH, 1)
    faults.truncate(r"GET /subscriptions/[^?]*/policyAssignments", 1)
    faults.answer(r"GET /subscriptions/[^?]*/policyAssignments", b'{"value": [{"id": "/a', 200, 1)
    faults.fail(r"GET /subscriptions/[^?]*virtualMachines/[^/?]+\?", 503, 3)
    faults.reset(r"GET /subscriptions/[^?]*virtualMachines/[^/?]+\?", 3)

    estate = doctor.collect()

    assert estate.gaps == ()
    assert len(estate.machines) == 60


def test_random_faults_lose_no_machine(serve: Serve) -> None:
    doctor = serve(machines=60, seed=8, fault_rate=0.05)
    estate = doctor.collect()
    assert len(estate.machines) == 60
    assert estate.gaps == ()


def test_a_provider_that_would_register_itself_is_left_alone(serve: Serve) -> None:
    doctor = serve(machines=60, seed=4)
    subscription = populated_subscriptions(doctor.collect(depth="quick", facts=MACHINES_ALONE))[-1]
    doctor.server.faults.unregister(subscription, "Microsoft.Compute")

    estate = doctor.collect(source="arm")

    assert doctor.writes == []
    [gap] = [gap for gap in estate.gaps if ids.subscription_of(gap.scope) == subscription]
    assert gap.code == "MissingSubscriptionRegistration"


def test_a_next_link_to_another_host_gets_no_token(serve: Serve) -> None:
    doctor = serve(machines=60, seed=4)
    other = serve(machines=1, seed=1)

    def lead_away(body: object) -> object:
        assert isinstance(body, dict)
        return body | {"nextLink": other.server.endpoint + "/steal?token=please"}

    doctor.server.faults.rewrite(r"GET /subscriptions/[^?]*/policyAssignments", lead_away, None)

    estate = doctor.collect()

    assert other.server.requests == []
    assert {gap.code for gap in estate.gaps} == {"ForeignHost"}


def test_a_row_that_cannot_be_decoded_is_a_machine_that_is_unknown(serve: Serve) -> None:
    doctor = serve(machines=30, seed=4)
    broken: list[str] = []

    def break_one(body: object) -> object:
        rows = body["data"]  # type: ignore[index]
        for row in rows:
            if "/virtualmachines/" in row["id"].lower() and "osProfile" in row.get("properties", {}) and not broken:
                row["properties"]["osProfile"] = "not an object"
                broken.append(row["id"])
        return body

    doctor.server.faults.rewrite(GRAPH, break_one, None)

    examination = doctor.examine(source="graph")

    [machine] = [machine for machine in examination.estate.machines if machine.malformed]
    assert machine.key == ids.key(broken[0])
    assert len(examination.estate.machines) == 30
    verdicts = {ids.key(verdict.resource_id): verdict.verdict for verdict in examination.machines}
    assert verdicts[machine.key] is Verdict.UNKNOWN
    assert [gap.code for gap in examination.estate.gaps] == ["MalformedRow"]


def test_what_the_graph_does_not_show_arm_is_asked_for(serve: Serve) -> None:
    doctor = serve(machines=60, seed=4)
    whole = doctor.collect(depth="quick", facts=MACHINES_ALONE)
    hidden = populated_subscriptions(whole)[0]

    def lag(body: object) -> object:
        rows = [row for row in body["data"] if ids.subscription_of(row["id"]) != hidden]  # type: ignore[index]
        return body | {"data": rows}  # type: ignore[operator]

    doctor.server.faults.rewrite(GRAPH, lag, None)

    estate = doctor.collect()

    assert estate.machines_by_key.keys() == whole.machines_by_key.keys()
    sources = {estate.reading(Fact.MACHINE, ids.subscription_scope(hidden)).source}
    assert sources == {"arm"}
    with_graph_alone = doctor.collect(source="graph")
    assert [gap.code for gap in with_graph_alone.gaps] == ["NotInResourceGraph"]
    assert ids.subscription_of(with_graph_alone.gaps[0].scope) == hidden


def test_without_the_graph_arm_carries_the_scan(serve: Serve) -> None:
    doctor = serve(machines=60, seed=4)
    doctor.server.faults.fail(GRAPH, 403, None, code="AccessDenied", message="Resource Graph is not for you")

    examination = doctor.examine()

    assert len(examination.estate.machines) == 60
    truth = doctor.server.state.truth
    found = {(finding.check, finding.resource_id.lower()) for finding in examination.findings}
    vms = {(check, resource) for check, resource in truth if "/virtualmachines/" in resource}
    lists = {"AUM011"}  # only Resource Graph holds what these rest on for sure
    assert {item for item in vms if item[0] not in lists} - found == set()


def test_where_assignments_are_not_listed_the_graph_is_asked_and_else_they_are_unknown(serve: Serve) -> None:
    doctor = serve(machines=60, seed=4)
    unlisted = r"GET /subscriptions/[^/]+/providers/Microsoft.Maintenance/configurationAssignments\?"
    doctor.server.faults.fail(unlisted, 404, None, code="NotImplemented")
    whole = doctor.collect(source="graph")
    assert {item.id.lower() for item in doctor.collect(source="arm").assignments} == {
        item.id.lower() for item in whole.assignments
    }
    doctor.server.faults.fail(GRAPH, 403, None, code="AccessDenied")

    blind = doctor.collect(source="arm")

    assert blind.assignments, "those on machines are found machine by machine"
    for subscription in populated_subscriptions(blind):
        assert not blind.reading(Fact.ASSIGNMENTS, ids.subscription_scope(subscription)).is_known


def test_the_deadline_ends_the_scan_and_names_what_was_not_read(serve: Serve) -> None:
    doctor = serve(machines=60, seed=4)
    doctor.server.faults.slow(r"virtualMachines/[^/?]+\?", 30)

    examination = doctor.examine(timeout=3)

    assert len(examination.estate.machines) == 60
    assert {gap.code for gap in examination.estate.gaps} == {"DeadlineReached"}
    assert examination.summary.unknown > 0


def test_a_refused_token_ends_in_one_sentence_with_the_next_step(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    doctor = serve(machines=5)
    options = doctor.connection()
    monkeypatch.setenv("AUMDOCTOR_ACCESS_TOKEN", "expired")
    monkeypatch.setattr(doctor, "connection", lambda **_: options)
    with pytest.raises(UnreadableError) as caught:
        doctor.collect()
    assert "401" in caught.value.message or "InvalidAuthenticationToken" in caught.value.message
    assert caught.value.advice
    assert "expired" not in caught.value.message.replace("ExpiredAuthenticationToken", "")


def test_a_certificate_of_unknown_origin_is_refused_with_the_way_out(serve: Serve) -> None:
    doctor = serve(machines=5)
    with pytest.raises(UnreadableError) as caught:
        doctor.collect(ca_bundle=None)
    assert "TlsFailure" in caught.value.message
    assert "--ca-bundle" in (caught.value.advice or "")


def test_an_endpoint_that_does_not_answer_is_told_apart(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aumdoctor.azure.session._TRIES_ON_FAULT", 1)
    doctor = serve(machines=5)
    with pytest.raises(UnreadableError, match="ConnectionFailed"):
        doctor.collect(arm_endpoint="https://127.0.0.1:1")
    with pytest.raises(UnreadableError, match="DnsFailure"):
        doctor.collect(arm_endpoint="https://arm.invalid")


def test_a_name_that_nothing_bears_is_answered_with_the_nearest(serve: Serve) -> None:
    doctor = serve(machines=30, seed=4)
    estate = doctor.collect(depth="quick", facts=MACHINES_ALONE)
    name = estate.subscriptions[0].name
    with pytest.raises(UsageError) as caught:
        doctor.collect(scope=ScopeRequest(subscriptions=(name + "x",)), facts=MACHINES_ALONE)
    assert name in (caught.value.advice or "")
    machine = estate.machines[0].name
    with pytest.raises(UsageError) as caught:
        doctor.collect(
            scope=ScopeRequest(all_subscriptions=True, machines=(machine + "x",)), depth="quick", facts=MACHINES_ALONE
        )
    assert machine.lower() in (caught.value.advice or "")
    group = estate.machines[0].resource_group
    with pytest.raises(UsageError) as caught:
        doctor.collect(
            scope=ScopeRequest(all_subscriptions=True, resource_groups=(group + "x",)),
            depth="quick",
            facts=MACHINES_ALONE,
        )
    assert group.lower() in (caught.value.advice or "")
    by_name = doctor.collect(scope=ScopeRequest(subscriptions=(name.upper(),)), depth="quick", facts=MACHINES_ALONE)
    assert [subscription.name for subscription in by_name.subscriptions] == [name]


def test_a_subscription_that_cannot_be_listed_says_why(serve: Serve) -> None:
    doctor = serve(machines=10, seed=4)
    unknown = "00000000-dead-beef-0000-000000000000"
    estate = doctor.collect(scope=ScopeRequest(subscriptions=(unknown,)))
    assert estate.machines == ()
    assert [gap.code for gap in estate.gaps] == ["SubscriptionNotFound"]
    assert not estate.reading(Fact.MACHINE, ids.subscription_scope(unknown)).is_known
