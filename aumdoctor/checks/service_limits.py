"""AUM077: a limit of schedules and dynamic scopes is exceeded, or nearly reached."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from msgspec import structs

from aumdoctor.checks.check import Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.knowledge.service import ServiceLimit, limit
from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.maintenance import ConfigurationAssignment, MaintenanceConfiguration
from aumdoctor.schedule.scope import location_key

_SOVEREIGN = frozenset({"usgov", "china"})
_NEARLY = 0.9
"""From which share of a limit on it is told that little is left."""


@check(
    id="AUM077",
    name="service-limits",
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    applies_to=Subject.ESTATE,
    needs=(Fact.CONFIGURATIONS, Fact.ASSIGNMENTS, Fact.MACHINE),
    remedies=("stay-within-limits",),
    source="azure-compute-docs: maintenance-configurations.md; azure-docs: update-manager/scheduled-patching.md",
)
def service_limits(estate: Estate, context: Context) -> Iterator[Observation]:
    """A schedule, a dynamic scope or a subscription has more of something than Azure Update Manager serves, or nearly
    so much.

    ## Why it matters
    Azure refuses what would go beyond most limits. The members of a dynamic scope are another matter: they are found
    when the schedule runs, and a scope that has grown beyond its limit leaves machines out.

    ## What to do
    Spread the machines over several schedules, or over several dynamic scopes.

    ## When it is wrong
    The limits change; those of Azure Government and Azure China are lower for some, and older revisions of the
    documentation have other values, which the finding names. From 90 % of a limit on it is low. Only what was read is
    counted, so that the true number may be higher.
    """
    is_sovereign = estate.scope.cloud.lower() in _SOVEREIGN
    yield from _configurations(estate, is_sovereign=is_sovereign)
    scopes = [each for each in estate.assignments if each.is_dynamic and _is_for_guests(each, estate)]
    yield from _schedules(context, scopes, is_sovereign=is_sovereign)
    for scope in scopes:
        yield from _dynamic_scope(scope, context, is_sovereign=is_sovereign)
    yield from _containers(estate, scopes, is_sovereign=is_sovereign)


def _is_for_guests(assignment: ConfigurationAssignment, estate: Estate) -> bool:
    """Whether an assignment is of a schedule for guests; one that could not be read counts."""
    found = estate.configurations_by_key.get(ids.key(assignment.maintenance_configuration_id))
    return found is None or (found.exists and found.is_guest_patching)


def _configurations(estate: Estate, *, is_sovereign: bool) -> Iterator[Observation]:
    counted = Counter(
        (ids.subscription_of(each.id), location_key(each.location))
        for each in estate.configurations
        if each.exists and each.location
    )
    for (subscription, region), count in counted.items():
        name = "configurations-per-subscription-and-region"
        about = ids.subscription_scope(subscription)
        where = f"the subscription {subscription} in {region}"
        yield from _told(name, count, where, "maintenanceConfigurations", about, is_sovereign=is_sovereign)


def _schedules(context: Context, scopes: list[ConfigurationAssignment], *, is_sovereign: bool) -> Iterator[Observation]:
    of_configuration: dict[str, list[ConfigurationAssignment]] = defaultdict(list)
    for scope in scopes:
        of_configuration[ids.key(scope.maintenance_configuration_id)].append(scope)
    for configuration in context.guest_configurations:
        own = of_configuration.get(ids.key(configuration.id), [])
        where = f"the schedule {configuration.name}"
        machines = context.machines_by_configuration.get(configuration.id, [])
        counts = (
            ("associations-per-configuration", len(machines), "configurationAssignments"),
            ("dynamic-scopes-per-configuration", len(own), "configurationAssignments[?properties.filter]"),
            (
                "subscriptions-per-configuration",
                len({ids.subscription_of(scope.scope) for scope in own}),
                "configurationAssignments[?properties.filter].properties.resourceId",
            ),
        )
        for name, count, path in counts:
            yield from _told(
                name, count, where, path, configuration.id, configuration=configuration, is_sovereign=is_sovereign
            )


def _dynamic_scope(scope: ConfigurationAssignment, context: Context, *, is_sovereign: bool) -> Iterator[Observation]:
    where = f"the dynamic scope {scope.name}"
    machines = context.machines_by_assignment.get(scope.id, [])
    tags = scope.filter.tags if scope.filter is not None else {}
    groups = scope.filter.resource_groups if scope.filter is not None else ()
    counts = (
        ("machines-per-dynamic-scope", len(machines), "properties.filter"),
        ("tag-filters-per-dynamic-scope", len(tags), "properties.filter.tagSettings.tags"),
        ("resource-group-filters-per-dynamic-scope", len(groups), "properties.filter.resourceGroups"),
    )
    for name, count, path in counts:
        yield from _told(name, count, where, path, scope.id, assignment=scope, is_sovereign=is_sovereign)


def _containers(estate: Estate, scopes: list[ConfigurationAssignment], *, is_sovereign: bool) -> Iterator[Observation]:
    counted: Counter[tuple[str, str]] = Counter()
    for scope in scopes:
        configuration = estate.configurations_by_key.get(ids.key(scope.maintenance_configuration_id))
        region = location_key(configuration.location) if configuration is not None else ""
        counted[ids.key(scope.scope), region] += 1
    for (container, region), count in counted.items():
        group = ids.resource_group_of(container)
        where = f"the resource group {group}" if group else f"the subscription {ids.subscription_of(container)}"
        where += f" for schedules in {region}" if region else ""
        name = "dynamic-scopes-per-container-and-region"
        yield from _told(name, count, where, "configurationAssignments", container, is_sovereign=is_sovereign)


def _told(
    name: str,
    count: int,
    where: str,
    path: str,
    about: str,
    *,
    configuration: MaintenanceConfiguration | None = None,
    assignment: ConfigurationAssignment | None = None,
    is_sovereign: bool,
) -> Iterator[Observation]:
    known = limit(name)
    most = known.sovereign if is_sovereign and known.sovereign is not None else known.value
    if count < most * _NEARLY:
        return
    details = {"limit": known.means}
    if configuration is not None:
        details["maintenanceConfigurationId"] = configuration.id
    if assignment is not None:
        details |= {
            "assignmentId": assignment.id,
            "maintenanceConfigurationId": assignment.maintenance_configuration_id,
        }
    seen = observe(
        f"{where} has {count} {_noun(known)}; at most {most} are served"
        + (f" ({known.elsewhere})" if known.elsewhere else ""),
        sign(path, count, f"at most {most}"),
        severity=None if count > most else Severity.LOW,
        resource_id=about,
        machines=(),
    )
    yield structs.replace(seen, details=details)


def _noun(known: ServiceLimit) -> str:
    """What is counted, without where."""
    return known.means.split(" in ", 1)[0].split(" of ", 1)[0].split(" attached", 1)[0]
