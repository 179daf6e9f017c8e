"""Who is in scope of which maintenance configuration, static assignments and dynamic scopes, and why.

`attachments` answers it for every machine of an estate at once, `explain` for one machine and one assignment clause by
clause, `schedule_answers` for one machine and every schedule. Pure: no I/O, no clock.
Rules: `update-manager/dynamic-scope-overview.md` and `scheduled-patching.md` of azure-docs.
A dynamic scope is put on a subscription or resource group; an empty filter member restricts nothing; resource types,
resource groups, OS types and locations are compared without regard to case; tag keys and values are compared exactly.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from itertools import chain
from typing import NamedTuple

import msgspec

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact, Gap, Reading
from aumdoctor.model.machine import Machine, MachineKind
from aumdoctor.model.maintenance import ConfigurationAssignment, DynamicScopeFilter, MaintenanceConfiguration

_RESOURCE_TYPES = {
    MachineKind.AZURE_VM: "microsoft.compute/virtualmachines",
    MachineKind.ARC: "microsoft.hybridcompute/machines",
}


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """A machine's tie to a schedule. `configuration` is None where the configuration itself could not be read."""

    assignment: ConfigurationAssignment
    configuration: MaintenanceConfiguration | None

    @property
    def is_patch_schedule(self) -> bool:
        """Whether guests are patched by it. A configuration that could not be read counts, a deleted one does not."""
        return self.configuration is None or (self.configuration.exists and self.configuration.is_guest_patching)


def location_key(location: str) -> str:
    """`Japan East` and `japaneast` are one region."""
    return location.replace(" ", "").lower()


def matches(machine: Machine, scope: DynamicScopeFilter) -> bool:
    """Whether a machine passes every member of a dynamic scope's filter."""
    return _matcher(scope)(machine)


def _matcher(scope: DynamicScopeFilter) -> Callable[[Machine], bool]:
    """The test that a filter puts to machines, made once for the thousands that it is put to."""
    types, groups, systems = map(_lowered, (scope.resource_types, scope.resource_groups, scope.os_types))
    locations = frozenset(map(location_key, scope.locations))

    def passes(machine: Machine) -> bool:
        return (
            (not types or _RESOURCE_TYPES[machine.kind] in types)
            and (not systems or (machine.os_type or "").lower() in systems)
            and (not scope.tags or _tags_match(machine, scope))
            and (not groups or machine.resource_group.lower() in groups)
            and (not locations or location_key(machine.location) in locations)
        )

    return passes


def _lowered(values: Iterable[str]) -> frozenset[str]:
    return frozenset(value.lower() for value in values)


def _one_of(value: str, allowed: Iterable[str]) -> bool:
    allowed = tuple(allowed)
    return not allowed or value.lower() in (candidate.lower() for candidate in allowed)


def _tags_match(machine: Machine, scope: DynamicScopeFilter) -> bool:
    if not scope.tags:
        return True
    hits = (
        name in machine.tags and (not values or machine.tags[name] in values) for name, values in scope.tags.items()
    )
    return any(hits) if scope.tag_operator.lower() == "any" else all(hits)


class Clause(msgspec.Struct, frozen=True, kw_only=True):
    """A member of a filter that a machine does not pass: its name (`osTypes`, `tags.env`), what the filter asks for and
    what the machine has (None: no such tag). `by_case` says that nothing but the case of letters is between them."""

    name: str
    wanted: tuple[str, ...]
    seen: str | None
    by_case: bool = False

    @property
    def explanation(self) -> str:
        """The clause in words, for a person."""
        asked = " or ".join(self.wanted) or "any value"
        return f"{self.name} is {self.seen or 'absent'} on the machine, the filter asks for {asked}"


class NearMiss(msgspec.Struct, frozen=True, kw_only=True):
    """A machine that a dynamic scope would take in if letters were compared without regard to case."""

    machine: Machine
    clauses: tuple[Clause, ...]


def failing_clauses(machine: Machine, scope: DynamicScopeFilter) -> tuple[Clause, ...]:
    """The members of a filter that keep a machine out; empty where it matches."""
    plain = (
        ("resourceTypes", _RESOURCE_TYPES[machine.kind], scope.resource_types),
        ("resourceGroups", machine.resource_group, scope.resource_groups),
        ("osTypes", machine.os_type or "", scope.os_types),
    )
    failing = [
        Clause(name=name, wanted=wanted, seen=seen or None) for name, seen, wanted in plain if not _one_of(seen, wanted)
    ]
    if scope.locations and location_key(machine.location) not in map(location_key, scope.locations):
        failing.append(Clause(name="locations", wanted=scope.locations, seen=machine.location or None))
    if not _tags_match(machine, scope):
        failing += _failing_tags(machine, scope)
    return tuple(failing)


def near_misses(machines: Iterable[Machine], scope: DynamicScopeFilter) -> tuple[NearMiss, ...]:
    """Of some machines those that a filter leaves out by nothing but the case of a tag's name or value.

    Azure keeps tag names in the case in which they were written and looks them up without regard to it, but a dynamic
    scope compares names and values exactly, so that such a machine is left out silently.
    """
    if not scope.tags:
        return ()
    missed = []
    for machine in machines:
        if not machine.tags:
            continue
        failing = failing_clauses(machine, scope)
        if failing and all(clause.by_case for clause in failing):
            missed.append(NearMiss(machine=machine, clauses=failing))
    return tuple(missed)


def _failing_tags(machine: Machine, scope: DynamicScopeFilter) -> list[Clause]:
    own = {name.lower(): (name, value) for name, value in machine.tags.items()}
    failing = []
    for name, values in scope.tags.items():
        if name in machine.tags and (not values or machine.tags[name] in values):
            continue
        has, value = own.get(name.lower(), (None, None))
        fits = value is not None and (not values or value.lower() in (each.lower() for each in values))
        seen = None if has is None else f"{has}={value}"
        wanted = tuple(f"{name}={each}" for each in values) or (name,)
        failing.append(Clause(name=f"tags.{name}", wanted=wanted, seen=seen, by_case=fits))
    if scope.tag_operator.lower() == "any":
        # One tag is enough: what could be had by the case alone is what is told.
        return [clause for clause in failing if clause.by_case] or failing
    return failing


def attachments(estate: Estate) -> dict[str, tuple[Attachment, ...]]:
    """Every machine's attachments, by `machine.key`, in the order of the estate's assignments; a machine without any is
    absent."""
    filters: dict[str, list[DynamicScopeFilter]] = defaultdict(list)
    for assignment in estate.assignments:
        if assignment.is_dynamic:
            filters[ids.key(assignment.scope)].append(assignment.filter or DynamicScopeFilter())
    # Of two machines with one id, which no collection has, the later stands for both, as in `machines_by_key`.
    found: dict[str, list[Attachment]] = {machine.key: [] for machine in estate.machines}
    there = _machines_in(filters, estate.machines_by_key.values())
    indexes = {scope: _Index(machines, filters[scope]) for scope, machines in there.items()}
    ties = {scope: [found[machine.key] for machine in machines] for scope, machines in there.items()}
    for assignment in estate.assignments:
        configuration = estate.configurations_by_key.get(ids.key(assignment.maintenance_configuration_id))
        attachment = Attachment(assignment=assignment, configuration=configuration)
        if not assignment.is_dynamic:
            target = found.get(ids.key(assignment.target))
            if target is not None:
                target.append(attachment)
            continue
        scope = ids.key(assignment.scope)
        if scope in indexes:
            tied = ties[scope]
            for row in indexes[scope].rows(assignment.filter or DynamicScopeFilter()):
                tied[row].append(attachment)
    return {key: tuple(attached) for key, attached in found.items() if attached}


def _machines_in(scopes: Collection[str], machines: Iterable[Machine]) -> dict[str, list[Machine]]:
    """The machines of each subscription and resource group that a dynamic scope is put on, by its key."""
    grouped: dict[str, list[Machine]] = defaultdict(list)
    if not scopes:
        return grouped
    for machine in machines:
        for place in _places_of(machine):
            if place in scopes:
                grouped[place].append(machine)
    return grouped


def _places_of(machine: Machine) -> tuple[str, str]:
    """The keys of the subscription and of the resource group that a machine lies in."""
    subscription = ids.subscription_scope(machine.subscription_id)
    return subscription, f"{subscription}/resourcegroups/{machine.resource_group.lower()}"


class _Wanted(NamedTuple):
    """What a filter wants of one column of an index: one of some values, or (None) any value at all."""

    column: str
    values: frozenset[str] | None


# A column is named after a member of the filter; a tag's by this and the tag's name, which is compared as it is.
_TAG = "tags."


def _wanted(scope: DynamicScopeFilter) -> list[tuple[_Wanted, ...]]:
    """What a filter asks for: of each entry one alternative has to hold. A member that is empty is no entry."""
    plain = (
        _Wanted("resourceTypes", _lowered(scope.resource_types)),
        _Wanted("resourceGroups", _lowered(scope.resource_groups)),
        _Wanted("osTypes", _lowered(scope.os_types)),
        _Wanted("locations", frozenset(map(location_key, scope.locations))),
    )
    tags = tuple(_Wanted(_TAG + name, frozenset(values) or None) for name, values in scope.tags.items())
    entries: list[tuple[_Wanted, ...]] = [(each,) for each in plain if each.values]
    if scope.tag_operator.lower() == "any":
        return [*entries, tags] if tags else entries
    return [*entries, *((each,) for each in tags)]


class _Index:
    """The machines of one subscription or resource group by what filters ask for; a row is a machine's place in them.

    Looking a filter up costs as much as its rarest member is common, not as much as there are machines: only the
    machines which that member names are put to the others. Of a column only what filters ask for is made, and once.
    """

    def __init__(self, machines: Sequence[Machine], filters: Iterable[DynamicScopeFilter]) -> None:
        self._machines = machines
        self._tag_names = {name for scope in filters for name in scope.tags}
        self._columns: dict[str, list[str | None]] = {}
        self._by_value: dict[str, dict[str, list[int]]] = {}
        self._with_any_value: dict[str, list[int]] = {}

    def rows(self, scope: DynamicScopeFilter) -> Iterable[int]:
        """The machines that pass a filter, each once, in no particular order."""
        entries = sorted(_wanted(scope), key=self._count)
        if not entries:
            return range(len(self._machines))
        rarest, *others = entries
        rows: Iterable[int] = chain.from_iterable(chain.from_iterable(map(self._rows_of, rarest)))
        if len(rarest) > 1:
            rows = set(rows)
        for entry in others:
            rows = self._passing(rows, entry)
        return rows

    def _count(self, entry: tuple[_Wanted, ...]) -> int:
        return sum(len(rows) for each in entry for rows in self._rows_of(each))

    def _rows_of(self, wanted: _Wanted) -> Iterable[list[int]]:
        by_value = self._rows_by_value(wanted.column)
        if wanted.values is not None:
            return [by_value[value] for value in wanted.values if value in by_value]
        if wanted.column not in self._with_any_value:
            self._with_any_value[wanted.column] = list(chain.from_iterable(by_value.values()))
        return [self._with_any_value[wanted.column]]

    def _passing(self, rows: Iterable[int], entry: tuple[_Wanted, ...]) -> list[int]:
        if len(entry) > 1:
            tests = [(self._column(each.column), each.values) for each in entry]
            return [row for row in rows if any(_is_wanted(column[row], values) for column, values in tests)]
        column, values = self._column(entry[0].column), entry[0].values
        if values is None:
            return [row for row in rows if column[row] is not None]
        return [row for row in rows if column[row] in values]

    def _column(self, name: str) -> Sequence[str | None]:
        """The values of a column by row. Equal ones are one object: looking at a hundred thousand strings strewn over
        the memory takes three times as long."""
        column = self._columns.get(name)
        if column is None:
            column = self._columns[name] = [None] * len(self._machines)
            for value, rows in self._rows_by_value(name).items():
                for row in rows:
                    column[row] = value
        return column

    def _rows_by_value(self, name: str) -> Mapping[str, list[int]]:
        if name not in self._by_value:
            if name.startswith(_TAG):
                self._index_tags()
            else:
                by_value: dict[str, list[int]] = defaultdict(list)
                for row, value in enumerate(map(_PLAIN[name], self._machines)):
                    by_value[value].append(row)
                self._by_value[name] = by_value
        return self._by_value[name]

    def _index_tags(self) -> None:
        """All tags that the filters name in one go over the machines."""
        by_name: dict[str, dict[str, list[int]]] = {name: defaultdict(list) for name in self._tag_names}
        for row, machine in enumerate(self._machines):
            for name, value in machine.tags.items():
                if name in by_name:
                    by_name[name][value].append(row)
        self._by_value |= {_TAG + name: rows for name, rows in by_name.items()}


def _is_wanted(value: str | None, values: frozenset[str] | None) -> bool:
    return value is not None if values is None else value in values


_PLAIN: dict[str, Callable[[Machine], str]] = {
    "resourceTypes": lambda machine: _RESOURCE_TYPES[machine.kind],
    "resourceGroups": lambda machine: machine.resource_group.lower(),
    "osTypes": lambda machine: (machine.os_type or "").lower(),
    "locations": lambda machine: location_key(machine.location),
}


class ClauseAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """How a machine stands to one clause of an assignment.

    `name` is `scope` (what the assignment is put on), a member of the filter as Azure names it (`osTypes`,
    `filterOperator`), or `tags.` and the name of a tag. `wanted` is what is asked for, empty where nothing is; `seen`
    what the machine has, None where it has no such thing. `keeps_out` differs from not `passes` where one of several
    tags is enough. `said` is all that in words.
    """

    name: str
    wanted: tuple[str, ...]
    seen: str | None
    passes: bool
    keeps_out: bool
    said: str


class ScopeAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Whether an assignment reaches a machine, with every clause.

    `is_near`: nothing but the case of letters in tags keeps the machine out.
    """

    machine: Machine
    assignment: ConfigurationAssignment
    configuration: MaintenanceConfiguration | None
    is_in: bool
    is_near: bool
    clauses: tuple[ClauseAnswer, ...]

    @property
    def keeping_out(self) -> tuple[ClauseAnswer, ...]:
        """The clauses for which the machine is out; none where it is in."""
        return tuple(clause for clause in self.clauses if clause.keeps_out)


def explain(
    machine: Machine, assignment: ConfigurationAssignment, configuration: MaintenanceConfiguration | None
) -> ScopeAnswer:
    """Whether a static assignment or dynamic scope reaches a machine, clause by clause.

    Agrees with `attachments`. It looks only at what is there: whether that was read is for the caller to know.
    """
    if not assignment.is_dynamic:
        is_in = ids.key(assignment.target) == machine.key
        where = "the machine itself" if is_in else f"another resource, {ids.name_of(assignment.target)}"
        clause = ClauseAnswer(
            name="scope",
            wanted=(assignment.target,),
            seen=machine.id,
            passes=is_in,
            keeps_out=not is_in,
            said=f"the assignment {assignment.name} is put on {where}",
        )
        return ScopeAnswer(
            machine=machine,
            assignment=assignment,
            configuration=configuration,
            is_in=is_in,
            is_near=False,
            clauses=(clause,),
        )
    scope = assignment.filter or DynamicScopeFilter()
    place = _place_clause(machine, assignment)
    clauses = (place, *_plain_clauses(machine, scope), *_tag_clauses(machine, scope))
    failing = failing_clauses(machine, scope)
    return ScopeAnswer(
        machine=machine,
        assignment=assignment,
        configuration=configuration,
        is_in=place.passes and not failing,
        is_near=place.passes and bool(failing) and all(clause.by_case for clause in failing),
        clauses=clauses,
    )


def _clause(name: str, wanted: tuple[str, ...], seen: str | None, passes: bool, said: str) -> ClauseAnswer:
    return ClauseAnswer(name=name, wanted=wanted, seen=seen, passes=passes, keeps_out=not passes, said=said)


def _place_clause(machine: Machine, assignment: ConfigurationAssignment) -> ClauseAnswer:
    scope, (subscription, resource_group) = ids.key(assignment.scope), _places_of(machine)
    group, owner = ids.resource_group_of(assignment.scope), ids.subscription_of(assignment.scope)
    passes = scope in (subscription, resource_group)
    put_on = f"resource group {group}" if group else f"subscription {owner}" if owner else f"{assignment.scope!r}"
    if passes:
        said = f"the machine lies in {put_on}, which the scope is put on"
    elif group and owner == machine.subscription_id:
        said = f"the machine lies in resource group {machine.resource_group}, the scope is put on {group}"
    else:
        of = f" of subscription {owner}" if group else ""
        said = f"the machine lies in subscription {machine.subscription_id}, the scope is put on {put_on}{of}"
    return _clause("scope", (assignment.scope,), machine.id, passes, said)


_RESTRICTS_NOTHING = "empty: restricts nothing"
_SPELLED_TYPES = {
    MachineKind.AZURE_VM: "Microsoft.Compute/virtualMachines",
    MachineKind.ARC: "Microsoft.HybridCompute/machines",
}


def _plain_clauses(machine: Machine, scope: DynamicScopeFilter) -> Iterable[ClauseAnswer]:
    members = (
        ("resourceTypes", "resource type", _SPELLED_TYPES[machine.kind], scope.resource_types, str.lower),
        ("resourceGroups", "resource group", machine.resource_group, scope.resource_groups, str.lower),
        ("osTypes", "operating system", machine.os_type or "", scope.os_types, str.lower),
        ("locations", "location", machine.location, scope.locations, location_key),
    )
    for name, noun, seen, wanted, folded in members:
        passes = not wanted or folded(seen) in map(folded, wanted)
        if not wanted:
            said = _RESTRICTS_NOTHING
        elif not seen:
            said = f"Azure does not say the machine's {noun}, the filter asks for {_either(wanted)}"
        else:
            said = f"the machine's {noun} is {seen}, the filter asks for {_either(wanted)}"
        yield _clause(name, wanted, seen or None, passes, said)


def _tag_clauses(machine: Machine, scope: DynamicScopeFilter) -> Iterable[ClauseAnswer]:
    if not scope.tags:
        yield _clause("tags", (), None, True, _RESTRICTS_NOTHING)
        return
    answers = [_tag_clause(machine, name, values) for name, values in scope.tags.items()]
    holding = [answer.name.removeprefix(_TAG) for answer in answers if answer.passes]
    if scope.tag_operator.lower() != "any":
        yield from answers
        return
    for answer in answers:
        yield msgspec.structs.replace(answer, keeps_out=not holding)
    told = f"{_listed(holding)} {'holds' if len(holding) == 1 else 'hold'}" if holding else "none holds"
    said = f"filterOperator is Any: one of the tags is enough, and {told}"
    yield _clause("filterOperator", (scope.tag_operator,), None, bool(holding), said)


def _tag_clause(machine: Machine, name: str, values: tuple[str, ...]) -> ClauseAnswer:
    wanted = tuple(f"{name}={value}" for value in values) or (name,)
    own = name if name in machine.tags else _spelled_otherwise(machine, name)
    if own is None:
        like = next((each for each in machine.tags if _letters(each) == _letters(name)), None)
        instead = f" (it has {like}={machine.tags[like]})" if like is not None else ""
        said = f"the machine has no tag {name}{instead}, the filter asks for {_either(wanted)}"
        return _clause(_TAG + name, wanted, None, False, said)
    value = machine.tags[own]
    passes = own == name and (not values or value in values)
    return _clause(_TAG + name, wanted, f"{own}={value}", passes, _tag_said(own, value, name, values))


def _spelled_otherwise(machine: Machine, name: str) -> str | None:
    return next((own for own in machine.tags if own.lower() == name.lower()), None)


def _letters(name: str) -> str:
    """A tag's name without case and punctuation: what a person may have mistaken for another name."""
    return "".join(filter(str.isalnum, name.lower())) or name


def _tag_said(own: str, value: str, name: str, values: tuple[str, ...]) -> str:
    """How a tag of the machine, of this name or of one that differs from it by case, compares with what is asked."""
    fits = not values or value in values
    by_case = next((each for each in values if each.lower() == value.lower()), None)
    if own == name:
        if fits:
            return f"tag {name} is there, the filter asks for any value" if not values else f"tag {name}={value}"
        if by_case is not None:
            return f"tag {name}={value} ≠ {by_case}: values are compared case-sensitively"
        by_blanks = next((each for each in values if each.strip().lower() == value.strip().lower()), None)
        if by_blanks is not None:
            return f"tag {name}={value!r} ≠ {by_blanks!r}: blanks before or after a value count"
        return f"tag {name}={value}, the filter asks for {_either(values)}"
    if fits:
        return f"tag {own} is there, the filter asks for {name}: names are compared case-sensitively"
    if by_case is not None:
        asked = f"{name}={by_case}"
        return f"tag {own}={value} ≠ {asked}: names and values are compared case-sensitively"
    return (
        f"tag {own}={value}, the filter asks for the tag {name} with {_either(values)}: "
        "the value differs, and names are compared case-sensitively"
    )


_TOLD = 5


def _either(values: Sequence[str]) -> str:
    """`a`, `a or b`, and of a long list the first few."""
    shown = [value if value else "an empty value" for value in values[:_TOLD]]
    rest = len(values) - len(shown)
    return ", ".join(shown) + f" or {rest} more" if rest else " or ".join(shown)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_TOLD]) + (f" and {len(names) - _TOLD} more" if len(names) > _TOLD else "")


class ScopeState(StrEnum):
    """IN: an assignment reaches the machine. OUT: none does. UNKNOWN: what would tell was not read."""

    IN = "in"
    OUT = "out"
    UNKNOWN = "unknown"


class ScheduleAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a machine is in scope of one configuration, and why.

    `configuration` is None where only an assignment names it and it could not be read. `patches_guests` says whether
    the configuration patches guests at all, None where that is not known: a machine may be in scope of one that was
    deleted or is for hosts, and `unusable` then says so. `answers` are about the configuration's dynamic scopes and
    about its static assignments on this machine, those that reach it first, then those that nearly do;
    `elsewhere` counts its static assignments on other resources. `said` is the answer in words.
    """

    configuration_id: str
    configuration: MaintenanceConfiguration | None
    state: ScopeState
    patches_guests: bool | None
    unusable: str | None
    said: str
    answers: tuple[ScopeAnswer, ...]
    elsewhere: int

    @property
    def name(self) -> str:
        """What a person calls the configuration."""
        return self.configuration.name if self.configuration is not None else ids.name_of(self.configuration_id)

    @property
    def is_near(self) -> bool:
        """Whether nothing but the case of letters keeps the machine out."""
        return self.state is not ScopeState.IN and any(answer.is_near for answer in self.answers)

    @property
    def is_patched_by(self) -> bool:
        """Whether the machine is in scope and the configuration patches guests."""
        return self.state is ScopeState.IN and self.patches_guests is True

    @property
    def is_unknown(self) -> bool:
        """Whether it cannot be told that the configuration patches the machine, nor that it does not."""
        return self.state is ScopeState.UNKNOWN or (self.state is ScopeState.IN and self.patches_guests is None)


SCOPE_FACTS = (Fact.MACHINE, Fact.ASSIGNMENTS, Fact.CONFIGURATIONS)
"""The facts that an answer about scope rests on."""


def unread(estate: Estate, machine: Machine) -> tuple[Reading, ...]:
    """Those of the facts that an answer about a machine's scope rests on which are not known."""
    readings = (estate.reading(fact, machine.key) for fact in SCOPE_FACTS)
    return tuple(reading for reading in readings if not reading.is_known)


def schedule_answers(
    estate: Estate, machine: Machine, configurations: Sequence[MaintenanceConfiguration] | None = None
) -> tuple[ScheduleAnswer, ...]:
    """For each of some configurations whether a machine is in its scope, and why: first those that it is in, then those
    that are not known, then those that it misses by the case of letters, then the others, by name.

    Without `configurations`: those that reach the machine, whatever they are; and of those for guests the ones of its
    subscription and the ones with a dynamic scope there.
    """
    named: dict[str, list[ConfigurationAssignment]] = defaultdict(list)
    for assignment in estate.assignments:
        named[ids.key(assignment.maintenance_configuration_id)].append(assignment)
    if configurations is not None:
        keys = [ids.key(configuration.id) for configuration in configurations]
        answers = [_schedule_answer(estate, machine, key, named.get(key, [])) for key in dict.fromkeys(keys)]
    else:
        keys = [*estate.configurations_by_key, *(key for key in named if key not in estate.configurations_by_key)]
        everything = (_schedule_answer(estate, machine, key, named.get(key, [])) for key in keys)
        answers = [answer for answer in everything if _is_of_interest(answer, machine)]
    return tuple(sorted(answers, key=_prominence))


def _prominence(answer: ScheduleAnswer) -> tuple[int, str, str]:
    if answer.is_patched_by:
        rank = 0
    elif answer.state is ScopeState.IN:
        rank = 1
    elif answer.is_near:
        rank = 3
    else:
        rank = 2 if answer.state is ScopeState.UNKNOWN else 4
    return rank, answer.name.lower(), answer.configuration_id


def _is_of_interest(answer: ScheduleAnswer, machine: Machine) -> bool:
    if any(each.is_in for each in answer.answers):
        return True
    if answer.patches_guests is False:
        return False
    here = ids.subscription_of(answer.configuration_id) == machine.subscription_id
    return here or any(ids.subscription_of(each.assignment.scope) == machine.subscription_id for each in answer.answers)


def _schedule_answer(
    estate: Estate, machine: Machine, key: str, assignments: Sequence[ConfigurationAssignment]
) -> ScheduleAnswer:
    configuration = estate.configurations_by_key.get(key)
    concerned = [each for each in assignments if each.is_dynamic or ids.key(each.target) == machine.key]
    answers = sorted(
        (explain(machine, each, configuration) for each in concerned),
        key=lambda answer: (not answer.is_in, not answer.is_near, len(answer.keeping_out)),
    )
    elsewhere = len(assignments) - len(concerned)
    why_unknown = _why_unknown(estate, machine, answers)
    reaching = [answer for answer in answers if answer.is_in]
    if why_unknown is not None:
        state, said = ScopeState.UNKNOWN, why_unknown
    elif reaching:
        state, said = ScopeState.IN, " and ".join(f"by {_called(each.assignment)}" for each in reaching)
    else:
        state, said = ScopeState.OUT, _why_out(answers, elsewhere)
    patches_guests, unusable = _use(estate, machine, configuration)
    configuration_id = assignments[0].maintenance_configuration_id if assignments else ""
    return ScheduleAnswer(
        configuration_id=configuration.id if configuration is not None else configuration_id,
        configuration=configuration,
        state=state,
        patches_guests=patches_guests,
        unusable=unusable,
        said=said,
        answers=tuple(answers),
        elsewhere=elsewhere,
    )


def _called(assignment: ConfigurationAssignment) -> str:
    return f"{'dynamic scope' if assignment.is_dynamic else 'assignment'} {assignment.name}"


def _why_out(answers: Sequence[ScopeAnswer], elsewhere: int) -> str:
    if answers:
        return (
            f"{_called(answers[0].assignment)} leaves it out"
            if len(answers) == 1
            else (f"none of {len(answers)} dynamic scopes takes it in")
        )
    if elsewhere:
        return f"it is assigned to {elsewhere:,} other machine{'' if elsewhere == 1 else 's'} only"
    return "no assignment names it"


def _why_unknown(estate: Estate, machine: Machine, answers: Iterable[ScopeAnswer]) -> str | None:
    """Why it cannot be told which assignments reach a machine; None where it can."""
    assignments = estate.reading(Fact.ASSIGNMENTS, machine.key)
    if not assignments.is_known:
        return f"the configuration assignments are not known: {assignments.reason or 'they were not read'}"
    own = estate.reading(Fact.MACHINE, machine.key)
    rests_on_machine = any(answer.assignment.is_dynamic for answer in answers)
    static = any(answer.is_in and not answer.assignment.is_dynamic for answer in answers)
    if not own.is_known and rests_on_machine and not static:
        return f"what its dynamic scopes look at is not known of the machine: {own.reason or 'it was not read'}"
    if not any(answer.is_in for answer in answers):
        hidden = next((gap for gap in estate.gaps if _may_hide(gap, machine)), None)
        if hidden is not None:
            return f"not every configuration assignment is known: {hidden.message or hidden.code or hidden.operation}"
    return None


def _may_hide(gap: Gap, machine: Machine) -> bool:
    """Whether a gap may hold an assignment that reaches a machine: one on it, its resource group or subscription."""
    if gap.fact is not Fact.ASSIGNMENTS:
        return False
    place = ids.key(gap.scope).partition("/providers/microsoft.maintenance/configurationassignments")[0]
    return machine.key == place or machine.key.startswith(f"{place}/")


def _use(
    estate: Estate, machine: Machine, configuration: MaintenanceConfiguration | None
) -> tuple[bool | None, str | None]:
    """Whether a configuration patches guests, and in words why not or why that is not known."""
    if configuration is None:
        return None, "the configuration could not be read, so that it is not known whether it patches guests"
    if not configuration.exists:
        return False, "the configuration was deleted, so that it patches nobody"
    # One of a subscription outside the scope is read because an assignment in scope names it.
    owner = ids.subscription_of(configuration.id)
    asked = configuration.id if owner in estate.subscriptions_by_id else machine.key
    reading = estate.reading(Fact.CONFIGURATIONS, asked)
    if not reading.is_known:
        return None, f"the configuration is not known: {reading.reason or 'it was not read'}"
    if not configuration.is_guest_patching:
        scope = configuration.maintenance_scope or "absent"
        return False, f"it does not patch guests: its maintenanceScope is {scope}, not InGuestPatch"
    return True, None
