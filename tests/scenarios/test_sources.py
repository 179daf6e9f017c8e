"""Resource Graph and ARM tell of the same machines; what each costs."""

import math

import msgspec
import pytest

from aumdoctor.azure.collect import ScopeRequest
from aumdoctor.azure.graph import PAGE_SIZE
from aumdoctor.cli.exit_codes import exit_code
from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact, Outcome
from aumdoctor.model.machine import Machine
from tests.scenarios.conftest import MACHINES_ALONE, Doctor, Serve

GRAPH_LACKS = {
    "vm_agent": "the agent's status is in the instance view alone",
    "extension_handlers": "so are the handlers that the agent reports",
    "patch_configuration_statuses": "and how far a change of the patch settings has come",
}
FROM_OTHER_TABLES = {"assessment": "patchassessmentresources", "installation": "patchinstallationresources"}


def comparable(machine: Machine) -> dict[str, object]:
    """A machine without its spelling, and without what the named tables and gaps of the graph explain."""
    values = {field: getattr(machine, field) for field in machine.__struct_fields__}
    for field in (*GRAPH_LACKS, *FROM_OTHER_TABLES):
        del values[field]
    image = values.pop("image")
    values["image"] = image and msgspec.structs.replace(image, exact_version=None)
    values["id"] = machine.key
    values["location"] = machine.location.lower()
    values["extensions"] = sorted(
        (extension.name.lower(), (extension.full_type or "").lower(), extension.provisioning_state)
        for extension in machine.extensions
        if extension.provisioning_state is not None  # the run status of one without a resource is the agent's word
    )
    return values


def test_the_same_estate_through_both_sources_gives_equal_machines(serve: Serve) -> None:
    doctor = serve(machines=200, seed=7)
    by_graph = doctor.collect(source="graph").machines_by_key
    by_arm = doctor.collect(source="arm", depth="full").machines_by_key

    assert by_graph.keys() == by_arm.keys()
    for key, machine in by_graph.items():
        assert comparable(machine) == comparable(by_arm[key]), key
    assert all(machine.vm_agent is None for machine in by_graph.values())
    assert any(machine.vm_agent is not None for machine in by_arm.values())


def test_assignments_and_schedules_are_equal_through_both_sources(serve: Serve) -> None:
    doctor = serve(machines=120, seed=8)
    by_graph, by_arm = doctor.collect(source="graph"), doctor.collect(source="arm")

    def keys(estate: Estate) -> tuple[set[str], set[str]]:
        return set(estate.configurations_by_key), {assignment.id.lower() for assignment in estate.assignments}

    assert keys(by_graph)[0] <= keys(by_arm)[0], "ARM also asks for configurations that are gone"
    assert keys(by_graph)[1] == keys(by_arm)[1]


def graph_requests(doctor: Doctor) -> int:
    return sum(request.path.endswith("/Microsoft.ResourceGraph/resources") for request in doctor.server.requests)


@pytest.mark.parametrize("machines", [40, 1400])
def test_at_depth_quick_no_machine_costs_a_call(serve: Serve, machines: int) -> None:
    doctor = serve(machines=machines, seed=2)
    estate = doctor.collect(depth="quick", facts=frozenset({Fact.MACHINE, Fact.POWER_STATE, Fact.ASSESSMENT}))

    vms = sum(machine.is_azure_vm for machine in estate.machines)
    servers = sum(machine.is_arc for machine in estate.machines)
    assessed = sum(machine.assessment is not None for machine in estate.machines)
    pages = sum(max(1, math.ceil(rows / PAGE_SIZE)) for rows in (vms, servers, assessed))
    assert graph_requests(doctor) == pages + 1, "and one query asks which subscriptions the graph shows"
    populated = {machine.subscription_id for machine in estate.machines}
    others = [
        request.path
        for request in doctor.server.requests
        if not request.path.endswith("/resources") and ids.subscription_of(request.path) in {"", *populated}
    ]
    assert others[0] == "/subscriptions"
    rights = [path for path in others[1:] if path.endswith("/providers/Microsoft.Authorization/permissions")]
    assert others[1:] == rights, "and where the graph is silent about a fact, the rights are asked for"
    assert len(rights) <= len(estate.subscriptions)


DECIDES_WHOSE_VIEW_IS_READ = (Fact.MACHINE, Fact.POWER_STATE, Fact.ASSESSMENT)


def test_depth_decides_whose_instance_view_is_read(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    doctor = serve(machines=80, seed=5)

    def read(depth: str) -> tuple[int, int]:
        estate = doctor.collect(depth=depth, facts=frozenset({Fact.INSTANCE_VIEW, *DECIDES_WHOSE_VIEW_IS_READ}))
        readings = [
            reading
            for machine in estate.machines
            if machine.is_azure_vm
            for reading in [estate.reading(Fact.INSTANCE_VIEW, machine.id)]
        ]
        fetched = sum(reading.outcome is Outcome.FETCHED for reading in readings)
        return fetched, sum(reading.by_choice for reading in readings)

    quick, normal, full = read("quick"), read("normal"), read("full")
    assert quick[0] == 0
    assert quick[1] > 0
    assert 0 < normal[0] < full[0], "normal leaves out those that are off"
    assert normal[1] == full[1] == 0
    monkeypatch.setattr("aumdoctor.azure.instance_views.READ_ALL_INSTANCE_VIEWS_UP_TO", 10)
    large = read("normal")
    assert 0 < large[0] < normal[0], "in a large scope a fresh assessment vouches for the rest"
    assert large[1] == 0


def test_a_scope_is_narrowed_by_group_tag_location_and_name(serve: Serve) -> None:
    doctor = serve(machines=120, seed=9)
    everything = doctor.collect(depth="quick", facts=MACHINES_ALONE).machines
    one = next(machine for machine in everything if machine.is_azure_vm and machine.tags)
    tag, value = next(iter(one.tags.items()))

    def narrowed(**scope: tuple[str, ...]) -> set[str]:
        request = ScopeRequest(all_subscriptions=True, **scope)
        return {machine.key for machine in doctor.collect(depth="quick", scope=request, facts=MACHINES_ALONE).machines}

    assert narrowed(machines=(one.name.upper(),)) == {m.key for m in everything if m.name == one.name}
    group = one.resource_group.upper()
    assert narrowed(resource_groups=(group,)) == {m.key for m in everything if m.resource_group.upper() == group}
    assert narrowed(tags=(f"{tag}={value}",)) == {m.key for m in everything if m.tags.get(tag) == value}
    assert narrowed(locations=(one.location,)) == {m.key for m in everything if m.location == one.location}
    alone = doctor.collect(scope=ScopeRequest(machines=(one.id,)))
    assert [machine.key for machine in alone.machines] == [one.key]
    assert [subscription.id for subscription in alone.subscriptions] == [one.subscription_id]


def test_what_the_depth_left_out_is_unknown_by_choice_and_no_failure(serve: Serve) -> None:
    examination = serve(machines=200, seed=5).examine(depth="quick")
    assert examination.unknowns
    assert {unknown.check for unknown in examination.unknowns if not unknown.by_choice} == set()
    assert exit_code(examination, None) == 0
