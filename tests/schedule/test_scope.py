from hypothesis import given
from hypothesis import strategies as st

from aumdoctor.model.machine import Machine
from aumdoctor.model.maintenance import DynamicScopeFilter, MaintenanceConfiguration
from aumdoctor.schedule.scope import attachments, failing_clauses, location_key, matches, near_misses
from tests.builders import (
    OTHER_SUBSCRIPTION,
    arc_machine,
    azure_vm,
    change,
    configuration,
    dynamic_scope,
    estate,
    static_assignment,
)


def attached(machine: Machine, **parts: object) -> int:
    ties = attachments(estate(machine, **parts)).get(machine.key, ())  # type: ignore[arg-type]
    return sum(tie.is_patch_schedule for tie in ties)


def test_a_static_assignment_ties_its_machine_and_no_other() -> None:
    first, second = azure_vm("vm-1"), azure_vm("vm-2")
    ties = attachments(estate(first, second, assignments=[static_assignment(first)]))
    assert set(ties) == {first.key}
    (tie,) = ties[first.key]
    assert tie.configuration is not None
    assert tie.configuration.name == "weekly"


def test_the_casing_of_ids_ties_nothing_and_cuts_nothing() -> None:
    vm = azure_vm()
    assignment = static_assignment(vm)
    spelled_otherwise = change(
        assignment,
        id=assignment.id.lower().replace("/providers/", "/PROVIDERS/"),
        maintenance_configuration_id=assignment.maintenance_configuration_id.upper(),
        resource_id=vm.id.upper(),
    )
    assert attached(vm, assignments=[spelled_otherwise]) == 1


def test_an_assignment_on_a_machine_outside_the_estate_is_left_out() -> None:
    gone = azure_vm("vm-gone")
    assert attachments(estate(azure_vm(), assignments=[static_assignment(gone)])) == {}


def test_a_configuration_for_hosts_is_no_patch_schedule_and_neither_is_a_deleted_one() -> None:
    vm = azure_vm()
    for_hosts = configuration("hosts", maintenance_scope="Host")
    deleted = configuration("deleted", exists=False)
    for schedule in (for_hosts, deleted):
        assert attached(vm, configurations=[schedule], assignments=[static_assignment(vm, schedule)]) == 0


def test_a_configuration_that_could_not_be_read_counts_as_a_patch_schedule() -> None:
    vm = azure_vm()
    assert attached(vm, configurations=[], assignments=[static_assignment(vm)]) == 1


def test_a_dynamic_scope_without_a_filter_takes_every_machine_of_its_subscription() -> None:
    here, arc, there = azure_vm(), arc_machine(), azure_vm("vm-2", subscription=OTHER_SUBSCRIPTION)
    everything = dynamic_scope()
    for assignment in (everything, change(everything, filter=None)):
        ties = attachments(estate(here, arc, there, assignments=[assignment]))
        assert set(ties) == {here.key, arc.key}


def test_a_dynamic_scope_on_a_resource_group_takes_only_its_machines_whatever_the_casing() -> None:
    inside, outside = azure_vm(resource_group="RG-Prod"), azure_vm("vm-2", resource_group="rg-prod-2")
    ties = attachments(estate(inside, outside, assignments=[dynamic_scope(resource_group="rg-PROD")]))
    assert set(ties) == {inside.key}


def test_a_dynamic_scope_may_name_a_configuration_of_another_subscription() -> None:
    vm = azure_vm()
    schedule: MaintenanceConfiguration = configuration(subscription=OTHER_SUBSCRIPTION)
    assert attached(vm, configurations=[schedule], assignments=[dynamic_scope(schedule)]) == 1


def test_each_clause_of_a_filter_is_compared_without_regard_to_case() -> None:
    vm = azure_vm(resource_group="RG-Prod", location="japaneast")
    assert matches(vm, DynamicScopeFilter(resource_types=("Microsoft.Compute/VirtualMachines",)))
    assert not matches(vm, DynamicScopeFilter(resource_types=("microsoft.hybridcompute/machines",)))
    assert matches(vm, DynamicScopeFilter(resource_groups=("rg-prod", "other")))
    assert not matches(vm, DynamicScopeFilter(resource_groups=("other",)))
    assert matches(vm, DynamicScopeFilter(os_types=("windows",)))
    assert not matches(vm, DynamicScopeFilter(os_types=("Linux",)))
    assert matches(vm, DynamicScopeFilter(locations=("Japan East",)))
    assert not matches(vm, DynamicScopeFilter(locations=("westeurope",)))


def test_a_filter_on_the_system_leaves_out_a_machine_whose_system_is_not_known() -> None:
    assert not matches(azure_vm(os_type=None), DynamicScopeFilter(os_types=("Windows",)))


def test_every_clause_has_to_hold() -> None:
    vm = azure_vm(tags={"env": "prod"})
    fitting = DynamicScopeFilter(os_types=("Windows",), tags={"env": ("prod",)})
    assert matches(vm, fitting)
    assert not matches(vm, change(fitting, locations=("northeurope",)))


def test_tag_names_and_values_are_compared_exactly() -> None:
    vm = azure_vm(tags={"Env": "Prod"})
    assert matches(vm, DynamicScopeFilter(tags={"Env": ("Prod", "Test")}))
    assert not matches(vm, DynamicScopeFilter(tags={"Env": ("prod",)}))
    assert not matches(vm, DynamicScopeFilter(tags={"env": ("Prod",)}))


def test_a_tag_without_values_asks_only_that_the_tag_is_there() -> None:
    assert matches(azure_vm(tags={"patch": "x"}), DynamicScopeFilter(tags={"patch": ()}))
    assert not matches(azure_vm(), DynamicScopeFilter(tags={"patch": ()}))


def test_all_asks_for_every_tag_and_any_for_one() -> None:
    vm = azure_vm(tags={"env": "prod"})
    wanted = {"env": ("prod",), "ring": ("1",)}
    assert not matches(vm, DynamicScopeFilter(tags=wanted))
    assert not matches(vm, DynamicScopeFilter(tags=wanted, tag_operator="all"))
    assert matches(vm, DynamicScopeFilter(tags=wanted, tag_operator="Any"))
    assert matches(vm, DynamicScopeFilter(tags=wanted, tag_operator="any"))


names = st.sampled_from(["env", "Env", "ring", "owner"])
values = st.sampled_from(["prod", "Prod", "1", ""])


@given(
    tags=st.dictionaries(names, values, max_size=3),
    wanted=st.dictionaries(names, st.lists(values, max_size=3).map(tuple), max_size=3),
)
def test_a_machine_that_matches_all_tags_matches_any_of_them(
    tags: dict[str, str], wanted: dict[str, tuple[str, ...]]
) -> None:
    vm = azure_vm(tags=tags)
    if matches(vm, DynamicScopeFilter(tags=wanted, tag_operator="All")):
        assert matches(vm, DynamicScopeFilter(tags=wanted, tag_operator="Any"))


@given(st.text(alphabet="aB 1", max_size=12))
def test_a_location_is_the_same_however_it_is_written(name: str) -> None:
    assert location_key(location_key(name)) == location_key(name.upper()) == location_key(name)


def test_a_clause_that_fails_says_what_it_asks_for_and_what_there_is() -> None:
    vm = azure_vm(location="westeurope")
    wanted = DynamicScopeFilter(
        resource_types=("microsoft.hybridcompute/machines",),
        resource_groups=("rg-test",),
        os_types=("Linux",),
        locations=("East US",),
        tags={"env": ("prod", "test"), "owner": ()},
    )
    clauses = failing_clauses(vm, wanted)
    assert [clause.name for clause in clauses] == [
        "resourceTypes",
        "resourceGroups",
        "osTypes",
        "locations",
        "tags.env",
        "tags.owner",
    ]
    assert not any(clause.by_case for clause in clauses)
    assert clauses[3].explanation == "locations is westeurope on the machine, the filter asks for East US"
    assert clauses[4].explanation == "tags.env is absent on the machine, the filter asks for env=prod or env=test"
    assert failing_clauses(vm, DynamicScopeFilter()) == ()


def test_a_machine_is_nearly_missed_by_the_case_of_every_tag_that_fails() -> None:
    near = azure_vm(tags={"ENV": "prod", "ring": "One"})
    wanted = DynamicScopeFilter(tags={"env": ("Prod",), "ring": ("one",)})
    (miss,) = near_misses([near, azure_vm("vm-2", tags={"ENV": "prod"}), azure_vm("vm-3")], wanted)
    assert miss.machine is near
    assert [clause.seen for clause in miss.clauses] == ["ENV=prod", "ring=One"]


def test_with_any_one_tag_by_case_is_near_enough() -> None:
    vm = azure_vm(tags={"ENV": "prod"})
    wanted = {"env": ("prod",), "ring": ("one",)}
    assert near_misses([vm], DynamicScopeFilter(tags=wanted, tag_operator="All")) == ()
    (miss,) = near_misses([vm], DynamicScopeFilter(tags=wanted, tag_operator="Any"))
    assert [clause.name for clause in miss.clauses] == ["tags.env"]


@given(
    tags=st.dictionaries(names, values, max_size=3),
    wanted=st.dictionaries(names, st.lists(values, max_size=3).map(tuple), max_size=3),
    operator=st.sampled_from(["All", "Any"]),
)
def test_a_machine_matches_exactly_where_no_clause_fails(
    tags: dict[str, str], wanted: dict[str, tuple[str, ...]], operator: str
) -> None:
    vm = azure_vm(tags=tags)
    scope = DynamicScopeFilter(tags=wanted, tag_operator=operator)
    assert matches(vm, scope) == (failing_clauses(vm, scope) == ())
    assert not (matches(vm, scope) and near_misses([vm], scope))
