from typing import Any

import pytest

from aumdoctor.checks.service_limits import service_limits as check
from aumdoctor.model.estate import CollectionScope, Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Finding, Severity
from aumdoctor.model.maintenance import ConfigurationAssignment, MaintenanceConfiguration
from tests.builders import (
    GROUP,
    SUBSCRIPTION,
    azure_vm,
    configuration,
    dynamic_scope,
    estate,
    examine,
    finding,
    findings,
    unknowns,
)

WEEKLY = configuration()


def scopes(
    count: int, *, apart: bool = False, schedule: MaintenanceConfiguration = WEEKLY
) -> list[ConfigurationAssignment]:
    """Dynamic scopes of one schedule, in one subscription, or each in one of its own."""
    return [
        dynamic_scope(
            schedule,
            subscription=f"00000000-0000-0000-0000-{number:012d}" if apart else SUBSCRIPTION,
            resource_group=None if apart else f"rg-{number}",
            name=f"scope-{number}",
            os_types=("Linux",),
        )
        for number in range(count)
    ]


def with_tags(count: int) -> ConfigurationAssignment:
    return dynamic_scope(tags={f"tag-{number}": ("yes",) for number in range(count)}, tag_operator="Any")


def assigned(*assignments: ConfigurationAssignment, **parts: Any) -> Estate:
    return estate(azure_vm(), **{"assignments": assignments, **parts})


def told(seen: Estate) -> dict[str, tuple[Severity, object]]:
    return {each.message.split("; ")[0]: (each.severity, each.evidence[0].observed) for each in findings(seen, check)}


def test_more_tags_than_a_filter_may_have() -> None:
    scope = with_tags(51)
    seen = finding(assigned(scope), check)
    assert (seen.check, seen.severity, seen.resource_id) == ("AUM077", Severity.MEDIUM, scope.id)
    assert (seen.evidence[0].path, seen.evidence[0].observed, seen.evidence[0].expected) == (
        "properties.filter.tagSettings.tags",
        51,
        "at most 50",
    )


@pytest.mark.parametrize(("count", "severity"), [(45, Severity.LOW), (50, Severity.LOW), (51, Severity.MEDIUM)])
def test_from_nine_tenths_on_it_is_low_and_beyond_it_medium(count: int, severity: Severity) -> None:
    assert finding(assigned(with_tags(count)), check).severity is severity
    assert findings(assigned(with_tags(44)), check) == ()


def test_more_resource_groups_than_a_filter_may_have() -> None:
    scope = dynamic_scope(resource_groups=tuple(f"rg-{number}" for number in range(51)))
    assert finding(assigned(scope), check).evidence[0].path == "properties.filter.resourceGroups"


def test_more_machines_than_a_dynamic_scope_serves() -> None:
    machines = [azure_vm(f"vm-{number}") for number in range(1001)]
    seen = finding(estate(*machines, assignments=[dynamic_scope()]), check)
    assert (seen.severity, seen.evidence[0].observed) == (Severity.MEDIUM, 1001)
    assert "1001 machines; at most 1000" in seen.message


def test_more_machines_than_a_schedule_serves_however_they_are_attached() -> None:
    groups = [f"rg-{number}" for number in range(4)]
    machines = [azure_vm(f"vm-{number}", resource_group=groups[number % 4]) for number in range(3001)]
    each = [dynamic_scope(resource_group=group, name=group) for group in groups]
    seen = told(estate(*machines, assignments=each))
    assert seen == {"the schedule weekly has 3001 resources": (Severity.MEDIUM, 3001)}


def test_more_dynamic_scopes_than_a_schedule_may_have_and_fewer_in_sovereign_clouds() -> None:
    assert told(assigned(*scopes(201))) == {"the schedule weekly has 201 dynamic scopes": (Severity.MEDIUM, 201)}
    assert findings(assigned(*scopes(101)), check) == ()
    for cloud in ("usgov", "china"):
        seen: Finding = finding(assigned(*scopes(101), scope=CollectionScope(cloud=cloud)), check)
        assert seen.evidence[0].expected == "at most 100"


def test_more_subscriptions_than_a_schedule_may_reach_and_who_says_otherwise() -> None:
    seen = findings(assigned(*scopes(201, apart=True)), check)
    assert any("201 subscriptions" in each.message and "30 in older" in each.message for each in seen)


def test_more_dynamic_scopes_than_a_subscription_may_have() -> None:
    other = configuration("monthly")
    names = [
        dynamic_scope(schedule, name=f"{schedule.name}-{number}", os_types=("Linux",))
        for schedule in (WEEKLY, other)
        for number in range(130)
    ]
    seen = told(assigned(*names, configurations=[WEEKLY, other]))
    ((where, value),) = seen.items()
    assert where.startswith(f"the subscription {SUBSCRIPTION} for schedules in westeurope")
    assert value == (Severity.MEDIUM, 260)
    apart = configuration("monthly", location="japaneast")
    assert told(assigned(*names, configurations=[WEEKLY, apart])) == {}


def test_more_configurations_than_a_region_may_have() -> None:
    many = [configuration(f"mc-{number}", resource_group=GROUP) for number in range(251)]
    seen = finding(assigned(configurations=many), check)
    assert (seen.resource_id, seen.severity) == (f"/subscriptions/{SUBSCRIPTION}", Severity.MEDIUM)
    spread = [
        configuration(f"mc-{number}", location="westeurope" if number % 2 else "japaneast") for number in range(251)
    ]
    assert findings(assigned(configurations=spread), check) == ()


def test_schedules_for_hosts_are_not_counted_with_those_for_guests() -> None:
    host = configuration(maintenance_scope="Host")
    assert findings(assigned(*scopes(201), configurations=[host]), check) == ()


def test_a_usual_estate_is_healthy() -> None:
    assert findings(assigned(dynamic_scope(tags={"ring": ("1", "2")})), check) == ()


def test_assignments_that_may_not_be_read_leave_it_unknown() -> None:
    (unknown,) = unknowns(assigned(denied=[Fact.ASSIGNMENTS]), check)
    assert unknown.fact is Fact.ASSIGNMENTS


def test_the_cure_is_advice_and_shows_what_has_grown() -> None:
    scope = with_tags(51)
    ((advice,),) = examine(assigned(scope), check).remedies
    assert advice.calls == ()
    assert scope.id in advice.steps[0]
