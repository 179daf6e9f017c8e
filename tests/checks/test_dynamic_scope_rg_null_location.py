from typing import Any

import pytest

from aumdoctor.checks.dynamic_scope_rg_null_location import dynamic_scope_rg_null_location as check
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.maintenance import ConfigurationAssignment
from tests.builders import (
    GROUP,
    SUBSCRIPTION,
    azure_vm,
    change,
    configuration,
    dynamic_scope,
    estate,
    examine,
    finding,
    findings,
    run,
    unknowns,
)

VM = azure_vm()
ON_GROUP = dynamic_scope(resource_group=GROUP, os_types=("Windows",))


def scoped(scope: ConfigurationAssignment = ON_GROUP, **parts: Any) -> Estate:
    return estate(VM, azure_vm("vm-2", location="japaneast"), **{"assignments": [scope], **parts})


def test_a_scope_on_a_resource_group_without_locations() -> None:
    seen = finding(scoped(), check)
    assert (seen.check, seen.severity, seen.confidence) == ("AUM073", Severity.MEDIUM, Confidence.MEDIUM)
    assert (seen.resource_id, len(seen.machines)) == (ON_GROUP.id, 2)
    assert (seen.evidence[0].path, seen.evidence[0].expected) == (
        "properties.filter.locations",
        ["japaneast", "westeurope"],
    )


def test_a_scope_without_any_filter_names_none_either() -> None:
    assert finding(scoped(change(ON_GROUP, filter=None)), check)


@pytest.mark.parametrize(
    "scope",
    [
        dynamic_scope(resource_group=GROUP, locations=("westeurope",)),
        dynamic_scope(os_types=("Windows",)),
        dynamic_scope(resource_group=GROUP, os_types=("Linux",)),
        dynamic_scope(resource_group="rg-empty"),
    ],
)
def test_with_locations_on_a_subscription_or_without_machines_nothing_is_said(scope: ConfigurationAssignment) -> None:
    assert findings(scoped(scope), check) == ()


def test_a_run_that_succeeded_settles_it() -> None:
    assert findings(scoped(runs=(run(VM),)), check) == ()
    assert finding(scoped(runs=(run(VM, status="Failed"),)), check)
    of_another = run(VM, maintenance_configuration_id=configuration("monthly").id)
    assert finding(scoped(runs=(of_another,)), check)


@pytest.mark.parametrize("schedule", [{"maintenance_scope": "Host"}, {"exists": False}])
def test_schedules_for_hosts_and_deleted_ones_are_not_judged(schedule: dict[str, Any]) -> None:
    assert findings(scoped(configurations=[configuration(**schedule)]), check) == ()


def test_assignments_that_may_not_be_read_leave_it_unknown() -> None:
    (unknown,) = unknowns(scoped(denied=[Fact.ASSIGNMENTS]), check)
    assert unknown.fact is Fact.ASSIGNMENTS


def test_the_cure_names_the_locations_and_keeps_the_filter() -> None:
    tagged = dynamic_scope(resource_group=GROUP, os_types=("Windows",), tags={"ring": ()}, tag_operator="Any")
    machines = (azure_vm(tags={"ring": "1"}), azure_vm("vm-2", location="japaneast", tags={"ring": "2"}))
    ((remedy,),) = examine(estate(*machines, assignments=[tagged]), check).remedies
    (call,) = remedy.calls
    assert (call.method, call.path) == ("PUT", tagged.id)
    assert call.body == {
        "location": "global",
        "properties": {
            "maintenanceConfigurationId": configuration().id,
            "resourceId": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}",
            "filter": {
                "osTypes": ["Windows"],
                "locations": ["japaneast", "westeurope"],
                "tagSettings": {"tags": {"ring": []}, "filterOperator": "Any"},
            },
        },
    }
