"""RC-10: let a dynamic scope take in machines whose tags it spells with other letters."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.model.maintenance import DynamicScopeFilter
from aumdoctor.remedies.assignments import API_VERSION
from aumdoctor.remedies.remedy import ArmCall, Prescription, Risk, remedy


@remedy(
    name="widen-dynamic-scope",
    title="Add the machines' spelling of the tag to the dynamic scope",
    risk=Risk.CONSENT,
    reversible=True,
    portal="Maintenance configurations > (the schedule) > Settings > Dynamic scopes > Edit",
)
def widen_dynamic_scope(finding: Finding, estate: Estate) -> Prescription | None:
    """PUT of the assignment with all that its filter has, and the other spelling as one more value of the tag.

    Values beside each other are alternatives, so that who was in stays in. Not made out where the name of the tag
    differs: two names would both be asked for. From then on the schedule patches and restarts the machines that come
    in, hence the consent.
    """
    key = ids.key(finding.details.get("assignmentId", ""))
    assignment = next((each for each in estate.assignments if ids.key(each.id) == key), None)
    if assignment is None or assignment.filter is None:
        return None
    tags = {name: list(values) for name, values in assignment.filter.tags.items()}
    for machine_id in finding.machines:
        machine = estate.machines_by_key.get(ids.key(machine_id))
        for name, values in tags.items():
            spelled = machine.tags.get(name) if machine is not None else None
            if spelled is not None and spelled not in values and spelled.lower() in map(str.lower, values):
                values.append(spelled)
    if all(len(tags[name]) == len(values) for name, values in assignment.filter.tags.items()):
        return None
    call = ArmCall(
        method="PUT",
        path=assignment.id,
        api_version=API_VERSION,
        body={
            "location": assignment.location or "global",
            "properties": {
                "maintenanceConfigurationId": assignment.maintenance_configuration_id,
                "filter": _written(assignment.filter, tags),
            },
        },
    )
    return Prescription(
        calls=(call,),
        steps=(
            "It draws in every machine with that spelling, not only those named here: look at the preview first.",
            "Do it at least 15 minutes before the window begins, or they are left out of that run.",
        ),
    )


def _written(scope_filter: DynamicScopeFilter, tags: dict[str, list[str]]) -> dict[str, object]:
    return {
        "resourceTypes": list(scope_filter.resource_types),
        "resourceGroups": list(scope_filter.resource_groups),
        "osTypes": list(scope_filter.os_types),
        "locations": list(scope_filter.locations),
        "tagSettings": {"tags": tags, "filterOperator": scope_filter.tag_operator},
    }
