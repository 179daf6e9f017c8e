"""RC-08 with a location: put an assignment again, with the location or the locations that it should have."""

from __future__ import annotations

from typing import Any

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.model.maintenance import ConfigurationAssignment, DynamicScopeFilter
from aumdoctor.remedies.assignments import API_VERSION
from aumdoctor.remedies.remedy import ArmCall, Prescription, Risk, remedy


@remedy(
    name="set-assignment-location",
    title="Put the assignment again with the right location",
    risk=Risk.CONSENT,
    reversible=True,
    portal="Maintenance configurations > (the schedule) > Settings > Machines or Dynamic scopes > Remove, then Add",
)
def set_assignment_location(finding: Finding, estate: Estate) -> Prescription | None:
    """PUT of the assignment under its own name: on a machine with the machine's location, on a subscription with
    `global`, on a resource group with a filter that names the locations of the machines which it takes in. From then on
    the schedule may patch machines that it has left out, hence the consent; taken back by the old values."""
    assignment_id = finding.details.get("assignmentId")
    if assignment_id is None:
        return None
    known = next((each for each in estate.assignments if ids.key(each.id) == ids.key(assignment_id)), None)
    if known is not None and known.is_dynamic:
        body = _of_scope(known, finding, estate)
    else:
        machine = estate.machines_by_key.get(ids.key(ids.parse(assignment_id).parent))
        schedule = finding.details.get("maintenanceConfigurationId")
        if machine is None or not schedule:
            return None
        body = {"location": machine.location, "properties": {"maintenanceConfigurationId": schedule}}
    if body is None:
        return None
    call = ArmCall(method="PUT", path=assignment_id, api_version=API_VERSION, body=body)
    return Prescription(
        calls=(call,),
        steps=(
            "Do it at least 15 minutes before the window begins, 40 minutes where the schedule has a pre-event.",
            "If Azure refuses to change the location, delete the assignment and create it anew with it.",
        ),
    )


def _of_scope(assignment: ConfigurationAssignment, finding: Finding, estate: Estate) -> dict[str, Any] | None:
    scope = assignment.filter or DynamicScopeFilter()
    locations = list(scope.locations)
    if ids.resource_group_of(assignment.scope) and not locations:
        found = (estate.machines_by_key.get(ids.key(machine)) for machine in finding.machines)
        locations = sorted({machine.location for machine in found if machine is not None and machine.location})
        if not locations:
            return None
    members: dict[str, Any] = {
        "resourceTypes": list(scope.resource_types),
        "resourceGroups": list(scope.resource_groups),
        "osTypes": list(scope.os_types),
        "locations": locations,
    }
    if scope.tags:
        tags = {name: list(values) for name, values in scope.tags.items()}
        members["tagSettings"] = {"tags": tags, "filterOperator": scope.tag_operator}
    properties = {
        "maintenanceConfigurationId": assignment.maintenance_configuration_id,
        "resourceId": assignment.scope,
        "filter": {name: value for name, value in members.items() if value},
    }
    return {"location": "global", "properties": properties}
