"""Every read that may be refused: the gap names it, its checks are unknown, and the rest stands."""

import pytest

from aumdoctor.azure.collect import ScopeRequest
from aumdoctor.checks.registry import CHECKS
from aumdoctor.errors import UnreadableError, UsageError
from aumdoctor.model import ids
from aumdoctor.model.facts import Fact
from tests.scenarios.conftest import MACHINES_ALONE, Serve

SUBSCRIPTION_READS = {
    Fact.PROVIDERS: r"GET /subscriptions/[^/]+/providers/Microsoft\.(Compute|Maintenance)\?",
    Fact.POLICY_ASSIGNMENTS: r"GET .*/policyAssignments\?",
    Fact.REMEDIATIONS: r"GET .*/remediations\?",
    Fact.ROLE_ASSIGNMENTS: r"GET .*/roleAssignments\?",
    Fact.ACTIVITY_LOG: r"GET .*/eventtypes/management/values\?.*resourceUri",
    Fact.MAINTENANCE_CHANGES: r"GET .*/eventtypes/management/values\?.*resourceProvider",
    Fact.CALLER_PERMISSIONS: r"GET .*/Microsoft.Authorization/permissions\?",
}
ARM_LISTS = {
    Fact.POWER_STATE: r"GET .*statusOnly=true",
    Fact.ASSIGNMENTS: r"GET /subscriptions/[^/]+/providers/Microsoft.Maintenance/configurationAssignments\?",
    Fact.CONFIGURATIONS: r"GET .*/maintenanceConfigurations\?",
    Fact.RUNS: r"GET .*/applyUpdates\?",
    Fact.POLICY_STATES: r"POST .*/policyStates/latest/queryResults",
    Fact.EXTENSIONS: r"GET .*/machines/[^/]+/extensions\?",
    Fact.SQL_VIRTUAL_MACHINES: r"GET .*/sqlVirtualMachines\?",
    Fact.EVENT_SUBSCRIPTIONS: r"GET .*/systemTopics\?",
}


@pytest.mark.parametrize(
    ("fact", "pattern", "source"),
    [(fact, pattern, "auto") for fact, pattern in SUBSCRIPTION_READS.items()]
    + [(fact, pattern, "arm") for fact, pattern in ARM_LISTS.items()],
)
def test_a_refused_read_is_a_gap_and_leaves_its_checks_unknown(
    serve: Serve, fact: Fact, pattern: str, source: str
) -> None:
    doctor = serve(machines=60, seed=4)
    doctor.server.faults.fail(
        pattern,
        403,
        None,
        code="AuthorizationFailed",
        message="The client 'c' with object id 'o' does not have authorization to perform action 'Some/thing/read' "
        "over scope '/subscriptions/s' or the scope is invalid.",
    )

    examination = doctor.examine(source=source)

    gaps = [gap for gap in examination.estate.gaps if gap.fact is fact]
    assert gaps, f"{fact} was refused"
    assert {(gap.status, gap.missing_permission) for gap in gaps} == {(403, "Some/thing/read")}
    assert {gap.fact for gap in examination.estate.gaps} == {fact}
    resting_on_it = {check.id for check in CHECKS if fact in check.needs}
    using_it = {check.id for check in CHECKS if fact in check.uses}
    # A check may come to need a fact that it only uses, on a machine that shows a sign of its issue.
    assert {unknown.check for unknown in examination.unknowns if unknown.fact is fact} <= resting_on_it | using_it
    if resting_on_it and fact is not Fact.POWER_STATE:  # the instance view tells the power state as well
        assert any(unknown.fact is fact and unknown.permission for unknown in examination.unknowns)
    assert len(examination.estate.machines) == 60


def test_arc_machines_that_cannot_be_listed_leave_the_vms_standing(serve: Serve) -> None:
    doctor = serve(machines=60, seed=4)
    doctor.server.faults.fail(r"GET .*/Microsoft.HybridCompute/machines\?", 403, None, code="AuthorizationFailed")
    estate = doctor.collect(source="arm")
    assert estate.machines
    assert all(machine.is_azure_vm for machine in estate.machines)
    assert {gap.operation for gap in estate.gaps} == {"list Arc-enabled servers"}


def test_a_vm_deleted_while_the_scan_runs_is_no_gap(serve: Serve) -> None:
    doctor = serve(machines=40, seed=4)
    whole = doctor.collect(depth="quick", facts=frozenset({Fact.MACHINE, Fact.POWER_STATE}))
    gone = next(m for m in whole.machines if m.is_azure_vm and m.power_state == "running")
    doctor.server.faults.fail(rf"GET .*/{gone.name}\?", 404, None, code="ResourceNotFound")
    estate = doctor.collect()
    assert gone.key not in estate.machines_by_key
    assert len(estate.machines) == 39
    assert estate.gaps == ()


def test_a_configuration_elsewhere_that_may_not_be_read_is_a_gap(serve: Serve) -> None:
    doctor = serve(machines=40, seed=4)

    def hide(body: object) -> object:
        rows = [row for row in body["data"] if "/maintenanceconfigurations/" not in row["id"].lower()]  # type: ignore[index]
        return body | {"data": rows}  # type: ignore[operator]

    doctor.server.faults.rewrite("POST /providers/Microsoft.ResourceGraph", hide, None)
    found = doctor.collect()
    assert found.configurations, "each one that an assignment names is read by itself"
    assert found.gaps == ()
    doctor.server.faults.fail(r"GET .*/maintenanceConfigurations/", 403, None, code="AuthorizationFailed")
    assert {gap.fact for gap in doctor.collect().gaps} == {Fact.CONFIGURATIONS}


def test_a_management_group_is_its_subscriptions(serve: Serve) -> None:
    doctor = serve(machines=40, seed=4)
    everything = doctor.collect(depth="quick", facts=MACHINES_ALONE)
    group = next(name for name in _management_groups(doctor.server.state))
    below = doctor.collect(depth="quick", scope=ScopeRequest(management_groups=(group,)), facts=MACHINES_ALONE)
    assert below.subscriptions
    assert {found.id for found in below.subscriptions} <= {found.id for found in everything.subscriptions}
    for wrong, says in (("nobody", "cannot be read"), ("a/../b c", "no management group id")):
        with pytest.raises(UsageError, match=says):
            doctor.collect(scope=ScopeRequest(management_groups=(wrong,)))


def _management_groups(state: object) -> list[str]:
    groups = state.management_groups  # type: ignore[attr-defined]
    return [ids.name_of(group) for group in groups]


def test_a_subscription_may_be_read_without_listing_them_all(serve: Serve) -> None:
    doctor = serve(machines=40, seed=4)
    one = doctor.collect(depth="quick", facts=MACHINES_ALONE).machines[0].subscription_id
    doctor.server.faults.fail(r"GET /subscriptions\?", 403, None, code="AuthorizationFailed")
    estate = doctor.collect(depth="quick", scope=ScopeRequest(subscriptions=(one,)))
    assert {machine.subscription_id for machine in estate.machines} == {one}
    with pytest.raises(UnreadableError) as caught:
        doctor.collect()
    assert "Reader" in (caught.value.advice or "")


def test_a_credential_that_sees_no_subscription_is_told_so(serve: Serve) -> None:
    doctor = serve(machines=5)
    doctor.server.faults.answer(r"GET /subscriptions\?", {"value": []}, times=None)
    with pytest.raises(UsageError) as caught:
        doctor.collect()
    assert "--tenant" in (caught.value.advice or "")


def test_two_subscriptions_of_one_name_must_be_told_apart_by_id(serve: Serve) -> None:
    doctor = serve(machines=5)
    twins = [{"subscriptionId": digit * 8 + "-0000-0000-0000-000000000000", "displayName": "prod"} for digit in "ab"]
    doctor.server.faults.answer(r"GET /subscriptions\?", {"value": [*twins, "rubbish"]}, times=None)
    with pytest.raises(UsageError, match="2 subscriptions are named"):
        doctor.collect(scope=ScopeRequest(subscriptions=("Prod",)))


def test_a_list_of_subscriptions_that_never_comes_ends_at_the_deadline(serve: Serve) -> None:
    doctor = serve(machines=5)
    doctor.server.faults.slow(r"GET /subscriptions\?", 20)
    with pytest.raises(UnreadableError, match="--timeout"):
        doctor.collect(timeout=1)
