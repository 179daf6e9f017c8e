"""AUM072: a dynamic scope matches nothing, or misses a machine by the case of a tag."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Operation, Severity
from aumdoctor.model.machine import Machine
from aumdoctor.model.maintenance import ConfigurationAssignment, DynamicScopeFilter
from aumdoctor.schedule.scope import NearMiss, failing_clauses, near_misses


@check(
    id="AUM072",
    name="dynamic-scope-misses",
    severity=Severity.HIGH,
    applies_to=Subject.ESTATE,
    needs=(Fact.ASSIGNMENTS, Fact.MACHINE),
    uses=(Fact.CONFIGURATIONS,),
    blocks=(Operation.SCHEDULE,),
    remedies=("correct-dynamic-scope", "widen-dynamic-scope"),
    causes=("AUM033",),
    source="azure-docs: update-manager/scheduled-patching.md, dynamic-scope-overview.md; azure-rest-api-specs #9075",
)
def dynamic_scope_misses(estate: Estate, context: Context) -> Iterator[Observation]:
    """A dynamic scope matches no machine, or leaves one out by nothing but the case of a tag.

    ## Why it matters
    The members of a dynamic scope are chosen anew for every run. A filter that matches nothing is no error, and a tag
    `Wave-A` that the filter spells `wave-a` drops the machine without a word: elsewhere in Azure the case of tag names
    does not matter, here it does.

    ## What to do
    Correct the filter, or the tags of the machines, and look at the preview of the dynamic scope.

    ## When it is wrong
    A scope that matches nothing is low where there is no machine at all, and medium where its schedule reaches machines
    in another way. A near miss is only told of machines without any schedule, and is medium with medium confidence: two
    spellings may be meant. Where only the tag's name differs the confidence is low, because Azure has given tag names
    back in lower case before. Nothing is said of an empty scope after a narrowed scan.
    """
    for assignment in estate.assignments:
        if not assignment.is_dynamic:
            continue
        configuration = estate.configurations_by_key.get(ids.key(assignment.maintenance_configuration_id))
        if configuration is not None and not (configuration.exists and configuration.is_guest_patching):
            continue
        subscription = ids.subscription_of(assignment.scope)
        was_read = estate.reading(Fact.MACHINE, ids.subscription_scope(subscription)).is_known
        if subscription not in estate.subscriptions_by_id or not was_read:
            continue
        reached = assignment.id in context.machines_by_assignment
        scope_filter = assignment.filter or DynamicScopeFilter()
        if reached and not scope_filter.tags:
            continue
        there = _machines_in(assignment, context)
        missed = near_misses((machine for machine in there if not context.is_scheduled(machine)), scope_filter)
        if missed:
            yield _missing(assignment, missed, reached=reached)
        elif not reached and not estate.scope.is_narrowed:
            otherwise = configuration is not None and configuration.id in context.machines_by_configuration
            yield _empty(assignment, there, scope_filter, otherwise=otherwise)


def _machines_in(assignment: ConfigurationAssignment, context: Context) -> list[Machine]:
    machines = context.machines_by_subscription.get(ids.subscription_of(assignment.scope), [])
    group = ids.resource_group_of(assignment.scope).lower()
    return [machine for machine in machines if machine.resource_group.lower() == group] if group else machines


def _missing(assignment: ConfigurationAssignment, missed: tuple[NearMiss, ...], *, reached: bool) -> Observation:
    first = missed[0]
    values_differ = any(_value_differs(clause.wanted, clause.seen or "") for clause in first.clauses)
    more = f" and {len(missed) - 1} more" if len(missed) > 1 else ""
    return observe(
        f"the dynamic scope {assignment.name} {'leaves out' if reached else 'matches nothing, not even'} "
        f"{first.machine.name}{more}, by the case of letters: "
        + "; ".join(clause.explanation for clause in first.clauses),
        *(
            sign(
                f"properties.filter.tagSettings.{clause.name}",
                list(clause.wanted),
                clause.seen,
            )
            for clause in first.clauses
        ),
        severity=Severity.MEDIUM if reached else None,
        confidence=Confidence.MEDIUM if values_differ else Confidence.LOW,
        resource_id=assignment.id,
        machines=tuple(miss.machine.id for miss in missed),
        assignmentId=assignment.id,
    )


def _value_differs(wanted: tuple[str, ...], seen: str) -> bool:
    """Whether the value is spelled differently, not just the name of the tag."""
    return seen.partition("=")[2] not in {pair.partition("=")[2] for pair in wanted}


def _empty(
    assignment: ConfigurationAssignment, there: list[Machine], scope_filter: DynamicScopeFilter, *, otherwise: bool
) -> Observation:
    failing = Counter(clause.name for machine in there for clause in failing_clauses(machine, scope_filter))
    reasons = ", ".join(f"{name} {count}" for name, count in failing.most_common())
    why = f"of {len(there)} there fail: {reasons}" if there else "there is none in its subscription or resource group"
    severity = Severity.LOW if not there else Severity.MEDIUM if otherwise else None
    return observe(
        f"the dynamic scope {assignment.name} matches no machine; {why}",
        *(sign(f"properties.filter.{name}", _asked(scope_filter, name)) for name, _ in failing.most_common()),
        *(() if failing else (sign("properties.resourceId", assignment.scope, "a scope with machines"),)),
        severity=severity,
        resource_id=assignment.id,
        machines=(),
        assignmentId=assignment.id,
    )


def _asked(scope_filter: DynamicScopeFilter, name: str) -> list[str]:
    plain = {
        "resourceTypes": scope_filter.resource_types,
        "resourceGroups": scope_filter.resource_groups,
        "osTypes": scope_filter.os_types,
        "locations": scope_filter.locations,
    }
    return list(plain[name]) if name in plain else list(scope_filter.tags[name.removeprefix("tags.")])
