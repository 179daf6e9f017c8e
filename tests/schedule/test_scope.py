import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact, Gap
from aumdoctor.model.ids import key
from aumdoctor.model.machine import Machine
from aumdoctor.model.maintenance import DynamicScopeFilter, MaintenanceConfiguration
from aumdoctor.schedule.scope import (
    ScheduleAnswer,
    ScopeState,
    attachments,
    explain,
    failing_clauses,
    location_key,
    matches,
    near_misses,
    schedule_answers,
    unread,
)
from tests.builders import (
    OTHER_SUBSCRIPTION,
    SUBSCRIPTION,
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


def naively(seen: Estate) -> dict[str, tuple[str, ...]]:
    """Every assignment put to every machine: the assignments that reach it, by the machine's key."""
    found: dict[str, tuple[str, ...]] = {}
    for machine in seen.machines:
        subscription = f"/subscriptions/{machine.subscription_id}"
        places = {subscription, f"{subscription}/resourcegroups/{machine.resource_group.lower()}"}
        reaching = [
            assignment.id
            for assignment in seen.assignments
            if (
                key(assignment.scope) in places and matches(machine, assignment.filter or DynamicScopeFilter())
                if assignment.is_dynamic
                else key(assignment.target) == machine.key
            )
        ]
        if reaching:
            found[machine.key] = tuple(reaching)
    return found


# Few values, so that machines and filters often meet.
subscriptions = st.sampled_from([SUBSCRIPTION, SUBSCRIPTION, SUBSCRIPTION, OTHER_SUBSCRIPTION])
groups = st.sampled_from(["rg-a", "RG-A", "rg-b"])
systems = st.sampled_from(["Windows", "linux", "Linux"])
locations = st.sampled_from(["westeurope", "West Europe", "eastus"])
tag_names, tag_values = st.sampled_from(["env", "ring"]), st.sampled_from(["prod", "Prod"])


def few(strategy: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, ...]]:
    """Mostly one or two of them, sometimes none, which restricts nothing."""
    return st.lists(strategy, min_size=1, max_size=2).map(tuple) | st.just(())


kinds = st.sampled_from(["microsoft.compute/virtualMachines", "Microsoft.HybridCompute/machines"])
plain_members: st.SearchStrategy[dict[str, tuple[str, ...]]] = (
    st.fixed_dictionaries({"resource_types": few(kinds)})
    | st.fixed_dictionaries({"resource_groups": few(groups)})
    | st.fixed_dictionaries({"os_types": few(systems)})
    | st.fixed_dictionaries({"locations": few(locations)})
    | st.just({})
)
tag_members = st.fixed_dictionaries(
    {
        "tags": st.dictionaries(tag_names, few(tag_values), min_size=1, max_size=2),
        "tag_operator": st.sampled_from(["All", "Any"]),
    }
)
filters = st.tuples(plain_members, tag_members | tag_members | st.just({})).map(
    lambda members: {**members[0], **members[1]}
)


@st.composite
def estates(draw: st.DrawFn) -> Estate:
    """A few machines that resemble each other, with static assignments and dynamic scopes of all kinds."""
    machines = []
    for number in range(draw(st.integers(2, 6))):
        build = draw(st.sampled_from([azure_vm, arc_machine]))
        where = {"subscription": draw(subscriptions), "resource_group": draw(groups), "location": draw(locations)}
        tags = draw(st.dictionaries(tag_names, tag_values, max_size=2))
        machines.append(build(f"m-{number}", **where, os_type=draw(systems | st.none()), tags=tags))
    assignments = []
    for number in range(draw(st.integers(2, 6))):
        name = f"a-{number}"
        if draw(st.integers(0, 4)) == 0:
            assignments.append(static_assignment(draw(st.sampled_from(machines)), name=name))
            continue
        group = draw(st.none() | st.none() | groups)
        scope = dynamic_scope(subscription=draw(subscriptions), resource_group=group, name=name, **draw(filters))  # type: ignore[arg-type]
        assignments.append(change(scope, filter=None) if draw(st.integers(0, 9)) == 0 else scope)
    return estate(*machines, assignments=assignments)


@settings(max_examples=80, deadline=None)
@given(estates())
def test_looking_up_finds_the_machines_that_trying_each_would_find(seen: Estate) -> None:
    looked_up = {key: tuple(tie.assignment.id for tie in ties) for key, ties in attachments(seen).items()}
    assert looked_up == naively(seen)


@settings(max_examples=40, deadline=None)
@given(estates())
def test_an_explanation_never_disagrees_with_the_attachments(seen: Estate) -> None:
    reached = attachments(seen)
    for machine in seen.machines:
        ties = {tie.assignment.id for tie in reached.get(machine.key, ())}
        for assignment in seen.assignments:
            answer = explain(machine, assignment, None)
            assert answer.is_in == (assignment.id in ties)
            assert answer.is_in == (not answer.keeping_out)
            assert not (answer.is_in and answer.is_near)


def said(machine: Machine, **scope_filter: object) -> dict[str, str]:
    """What is said of each clause of a dynamic scope on the machine's subscription."""
    answer = explain(machine, dynamic_scope(**scope_filter), configuration())  # type: ignore[arg-type]
    return {clause.name: clause.said for clause in answer.clauses}


def test_every_clause_has_its_row_and_an_empty_one_restricts_nothing() -> None:
    told = said(azure_vm(), os_types=("Windows", "Linux"))
    assert list(told) == ["scope", "resourceTypes", "resourceGroups", "osTypes", "locations", "tags"]
    assert told["scope"] == f"the machine lies in subscription {SUBSCRIPTION}, which the scope is put on"
    assert told["osTypes"] == "the machine's operating system is Windows, the filter asks for Windows or Linux"
    assert {told[name] for name in ("resourceTypes", "resourceGroups", "locations", "tags")} == {
        "empty: restricts nothing"
    }


def test_a_static_assignment_is_put_on_the_machine_itself_or_on_another() -> None:
    vm, other = azure_vm("vm-1"), azure_vm("vm-2")
    on_it = explain(vm, static_assignment(vm), configuration())
    assert (on_it.is_in, [clause.said for clause in on_it.clauses]) == (
        True,
        ["the assignment assign-1 is put on the machine itself"],
    )
    (clause,) = explain(vm, static_assignment(other), configuration()).keeping_out
    assert clause.said == "the assignment assign-1 is put on another resource, vm-2"


def test_what_the_scope_is_put_on_is_named_beside_where_the_machine_lies() -> None:
    vm = azure_vm(resource_group="rg-x")
    other_group = explain(vm, dynamic_scope(resource_group="rg-y"), None).keeping_out
    assert [clause.said for clause in other_group] == [
        "the machine lies in resource group rg-x, the scope is put on rg-y"
    ]
    elsewhere = explain(vm, dynamic_scope(subscription=OTHER_SUBSCRIPTION, resource_group="rg-x"), None).keeping_out
    assert [clause.said for clause in elsewhere] == [
        f"the machine lies in subscription {SUBSCRIPTION}, the scope is put on resource group rg-x of subscription "
        f"{OTHER_SUBSCRIPTION}"
    ]


@pytest.mark.parametrize(
    ("tags", "wanted", "words"),
    [
        ({"PatchGroup": "a"}, ("A",), "tag PatchGroup=a ≠ A: values are compared case-sensitively"),
        (
            {"patchgroup": "A"},
            ("A",),
            "tag patchgroup is there, the filter asks for PatchGroup: names are compared case-sensitively",
        ),
        (
            {"patchgroup": "a"},
            ("A",),
            "tag patchgroup=a ≠ PatchGroup=A: names and values are compared case-sensitively",
        ),
        (
            {"patchgroup": "b"},
            ("A",),
            "tag patchgroup=b, the filter asks for the tag PatchGroup with A: the value differs, and names are "
            "compared case-sensitively",
        ),
        ({"PatchGroup": "A "}, ("A",), "tag PatchGroup='A ' ≠ 'A': blanks before or after a value count"),
        ({"PatchGroup": "c"}, ("A", "B"), "tag PatchGroup=c, the filter asks for A or B"),
        ({"PatchGroup": "c"}, ("",), "tag PatchGroup=c, the filter asks for an empty value"),
        ({}, ("A",), "the machine has no tag PatchGroup, the filter asks for PatchGroup=A"),
        (
            {"patch-group": "A"},
            ("A",),
            "the machine has no tag PatchGroup (it has patch-group=A), the filter asks for PatchGroup=A",
        ),
        ({"other": "A"}, (), "the machine has no tag PatchGroup, the filter asks for PatchGroup"),
    ],
)
def test_a_tag_that_keeps_the_machine_out_says_how_it_differs(
    tags: dict[str, str], wanted: tuple[str, ...], words: str
) -> None:
    answer = explain(azure_vm(tags=tags), dynamic_scope(tags={"PatchGroup": wanted}), configuration())
    assert [(clause.name, clause.said) for clause in answer.keeping_out] == [("tags.PatchGroup", words)]


def test_a_scope_that_is_put_elsewhere_is_not_near_whatever_the_tags() -> None:
    vm = azure_vm(tags={"ring": "ONE"})
    assert explain(vm, dynamic_scope(tags={"ring": ("one",)}), None).is_near
    assert not explain(vm, dynamic_scope(subscription=OTHER_SUBSCRIPTION, tags={"ring": ("one",)}), None).is_near


def test_with_any_a_machine_of_both_tags_is_reached_once() -> None:
    vm, other = azure_vm("vm-1", tags={"env": "prod", "ring": "1"}), azure_vm("vm-2", tags={"owner": "x"})
    wanted = {"env": ("prod",), "ring": ()}
    found = attachments(estate(vm, other, assignments=[dynamic_scope(tags=wanted, tag_operator="Any")]))
    assert {machine: len(ties) for machine, ties in found.items()} == {vm.key: 1}


def test_beside_the_rarest_clause_every_other_one_has_to_hold() -> None:
    tags = {"env": "prod", "owner": "x"}
    fitting = azure_vm("vm-1", os_type="Linux", location="eastus", tags=tags)
    others = [
        azure_vm("vm-2", os_type="Windows", location="eastus", tags=tags),
        azure_vm("vm-3", os_type="Linux", location="eastus", tags={"env": "test", "owner": "x"}),
        azure_vm("vm-4", os_type="Linux", location="eastus", tags={"env": "prod"}),
        azure_vm("vm-5", os_type="Linux", tags={"owner": "y"}),
    ]
    scope = dynamic_scope(locations=("eastus",), os_types=("Linux",), tags={"env": ("prod",), "owner": ()})
    assert set(attachments(estate(*others, fitting, assignments=[scope]))) == {fitting.key}


def test_of_many_values_a_few_are_told() -> None:
    told = said(azure_vm(tags={"ring": "x"}), tags={"ring": tuple(map(str, range(40)))})
    assert told["tags.ring"] == "tag ring=x, the filter asks for 0, 1, 2, 3, 4 or 35 more"


def test_with_any_the_operator_is_told_and_a_tag_that_fails_keeps_nobody_out() -> None:
    wanted = {"env": ("prod",), "ring": ("1",)}
    vm = azure_vm(tags={"env": "prod"})
    answer = explain(vm, dynamic_scope(tags=wanted, tag_operator="Any"), configuration())
    assert answer.is_in
    rows = {clause.name: clause for clause in answer.clauses}
    assert (rows["tags.ring"].passes, rows["tags.ring"].keeps_out) == (False, False)
    assert rows["filterOperator"].said == "filterOperator is Any: one of the tags is enough, and env holds"
    out = explain(azure_vm(), dynamic_scope(tags=wanted, tag_operator="Any"), configuration())
    assert [clause.name for clause in out.keeping_out] == ["tags.env", "tags.ring", "filterOperator"]
    assert out.keeping_out[-1].said.endswith("none holds")


def test_a_system_that_azure_does_not_say_is_not_taken_for_another() -> None:
    told = said(azure_vm(os_type=None), os_types=("Linux",))
    assert told["osTypes"] == "Azure does not say the machine's operating system, the filter asks for Linux"


WEEKLY = configuration()
VM = azure_vm(tags={"PatchGroup": "a"})


def only(seen: Estate, machine: Machine = VM) -> ScheduleAnswer:
    """What the one schedule of an estate says of a machine."""
    (answer,) = schedule_answers(seen, machine)
    return answer


def test_a_schedule_says_what_brings_the_machine_in() -> None:
    both = [static_assignment(VM, name="by-hand"), dynamic_scope(name="ring-1", tags={"PatchGroup": ("a",)})]
    answer = only(estate(VM, assignments=both))
    assert (answer.state, answer.is_patched_by, answer.elsewhere) == (ScopeState.IN, True, 0)
    assert answer.said == "by assignment by-hand and by dynamic scope ring-1"


def test_a_schedule_says_why_the_machine_is_out() -> None:
    assert only(estate(VM)).said == "no assignment names it"
    others = [static_assignment(azure_vm(name)) for name in ("vm-2", "vm-3")]
    assert only(estate(VM, assignments=others)).said == "it is assigned to 2 other machines only"
    scope = dynamic_scope(name="ring-2", tags={"PatchGroup": ("b",)})
    assert only(estate(VM, assignments=[scope])).said == "dynamic scope ring-2 leaves it out"
    again = only(estate(VM, assignments=[scope, change(scope, id=f"{scope.id}-3", name="ring-3"), *others]))
    assert (again.said, again.elsewhere) == ("none of 2 dynamic scopes takes it in", 2)


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        (configuration("old", exists=False), "the configuration was deleted"),
        (configuration("hosts", maintenance_scope="Host"), "its maintenanceScope is Host, not InGuestPatch"),
        (configuration("odd", maintenance_scope=None), "its maintenanceScope is absent"),
    ],
)
def test_a_machine_may_be_attached_to_what_does_not_patch_guests(
    schedule: MaintenanceConfiguration, words: str
) -> None:
    answer = only(estate(VM, configurations=[schedule], assignments=[static_assignment(VM, schedule)]))
    assert (answer.state, answer.patches_guests, answer.is_patched_by) == (ScopeState.IN, False, False)
    assert words in (answer.unusable or "")
    # Where nothing attaches the machine to it, it is nobody's concern.
    assert schedule_answers(estate(VM, configurations=[schedule]), VM) == ()


def test_of_a_configuration_that_could_not_be_read_it_is_not_known_whether_it_patches() -> None:
    unread_one = only(estate(VM, configurations=[], assignments=[static_assignment(VM)]))
    assert (unread_one.state, unread_one.patches_guests, unread_one.is_unknown) == (ScopeState.IN, None, True)
    assert unread_one.name == "weekly"
    denied = only(estate(VM, assignments=[static_assignment(VM)], denied=[Fact.CONFIGURATIONS]))
    assert (denied.is_patched_by, denied.is_unknown) == (False, True)


def test_without_the_assignments_the_machine_is_in_nothing_and_out_of_nothing() -> None:
    for assignments in ([], [static_assignment(VM)]):
        seen = estate(VM, denied=[Fact.ASSIGNMENTS], assignments=assignments)
        answer = only(seen)
        assert answer.state is ScopeState.UNKNOWN
        assert "Azure answered 403" in answer.said
        assert [reading.fact for reading in unread(seen, VM)] == [Fact.ASSIGNMENTS]


def test_a_machine_that_was_not_read_is_in_by_a_static_assignment_only() -> None:
    by_hand = only(estate(VM, missing=[Fact.MACHINE], assignments=[static_assignment(VM)]))
    assert by_hand.state is ScopeState.IN
    for tags in ({"PatchGroup": ("a",)}, {"PatchGroup": ("b",)}):
        assert only(estate(VM, missing=[Fact.MACHINE], assignments=[dynamic_scope(tags=tags)])).is_unknown


@pytest.mark.parametrize(
    ("place", "state"),
    [
        (f"/subscriptions/{SUBSCRIPTION}", ScopeState.UNKNOWN),
        (
            f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Maintenance/configurationAssignments/x",
            ScopeState.UNKNOWN,
        ),
        (f"{VM.id}/providers/microsoft.maintenance/configurationassignments/x", ScopeState.UNKNOWN),
        (f"{azure_vm('vm-2').id}/providers/Microsoft.Maintenance/configurationAssignments/x", ScopeState.OUT),
        (f"/subscriptions/{OTHER_SUBSCRIPTION}", ScopeState.OUT),
    ],
)
def test_an_assignment_that_could_not_be_decoded_may_be_the_one(place: str, state: ScopeState) -> None:
    gap = Gap(scope=place, operation="list assignments", code="MalformedRow", fact=Fact.ASSIGNMENTS)
    assert only(estate(VM, gaps=(gap,))).state is state
    assert only(estate(VM, gaps=(gap,), assignments=[static_assignment(VM)])).state is ScopeState.IN


def test_the_schedules_come_in_the_order_of_what_they_say() -> None:
    names_of = ("z-in", "m-dead", "y-near", "a-out", "b-far")
    z_in, dead, near, out, far = (configuration(name, exists=name != "m-dead") for name in names_of)
    seen = estate(
        VM,
        configurations=[out, far, near, dead, z_in, configuration("foreign", subscription=OTHER_SUBSCRIPTION)],
        assignments=[
            static_assignment(VM, z_in),
            static_assignment(VM, dead, name="assign-2"),
            dynamic_scope(near, name="scope-1", tags={"PatchGroup": ("A",)}),
            dynamic_scope(far, name="scope-2", subscription=OTHER_SUBSCRIPTION),
        ],
    )
    assert tuple(answer.name for answer in schedule_answers(seen, VM)) == names_of
    assert [answer.is_near for answer in schedule_answers(seen, VM)] == [False, False, True, False, False]
    assert [answer.name for answer in schedule_answers(seen, VM, [far, z_in, far])] == ["z-in", "b-far"]


def test_a_schedule_of_another_subscription_counts_where_its_dynamic_scope_is_put_on_the_machines_own() -> None:
    foreign = configuration("foreign", subscription=OTHER_SUBSCRIPTION)
    scope = dynamic_scope(foreign, tags={"PatchGroup": ("b",)})
    (answer,) = schedule_answers(estate(VM, configurations=[foreign], assignments=[scope]), VM)
    assert (answer.name, answer.state) == ("foreign", ScopeState.OUT)
    # Read because an assignment names it, although its subscription was not looked at.
    (near,) = schedule_answers(
        estate(VM, configurations=[foreign], assignments=[change(scope, filter=DynamicScopeFilter())]), VM
    )
    assert near.is_patched_by
