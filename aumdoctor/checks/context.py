"""What a check may look up beside its subject: the estate, the time of judgement, and indexes computed once."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from functools import cached_property
from typing import NamedTuple

from aumdoctor.model import ids
from aumdoctor.model.estate import ActivityEvent, Estate
from aumdoctor.model.machine import Machine
from aumdoctor.model.maintenance import (
    ApplyUpdate,
    ConfigurationAssignment,
    EventSubscription,
    MaintenanceConfiguration,
    SqlVirtualMachine,
)
from aumdoctor.model.policy import PolicyAssignment, PolicyState
from aumdoctor.schedule.calendar import PatchWindow, next_window, readable_timetable, told_before_runs
from aumdoctor.schedule.scope import Attachment, attachments
from aumdoctor.schedule.timetable import Occurrence, Timetable

_MANAGEMENT_GROUPS = "/providers/microsoft.management/managementgroups/"


class _Reach(NamedTuple):
    """Where a policy assignment applies: its scope less the excluded ones, in the form in which ids are compared."""

    assignment: PolicyAssignment
    key: str
    scope: str
    not_scopes: tuple[str, ...]


class Context:
    """Built once per judgement; every index is lazy, so that an estate without runs pays nothing for runs."""

    def __init__(self, estate: Estate, now: datetime) -> None:
        self.estate = estate
        self.now = now

    def age(self, moment: datetime | None) -> timedelta | None:
        """How long ago something was, or None where the time is not known."""
        return None if moment is None else self.now - moment

    @cached_property
    def attachments(self) -> dict[str, tuple[Attachment, ...]]:
        return attachments(self.estate)

    def schedules(self, machine: Machine) -> tuple[Attachment, ...]:
        """The patch schedules that the machine is attached to, statically or by a dynamic scope."""
        return tuple(tie for tie in self.attachments.get(machine.key, ()) if tie.is_patch_schedule)

    @cached_property
    def _scheduled(self) -> frozenset[str]:
        return frozenset(key for key, ties in self.attachments.items() if any(tie.is_patch_schedule for tie in ties))

    def is_scheduled(self, machine: Machine) -> bool:
        return machine.key in self._scheduled

    def configurations_of(self, machine: Machine) -> tuple[MaintenanceConfiguration, ...]:
        """The patch schedules of a machine that could be read, each once however often it is attached."""
        found = {tie.configuration.id: tie.configuration for tie in self.schedules(machine) if tie.configuration}
        return tuple(found.values())

    def timetable(self, configuration: MaintenanceConfiguration) -> Timetable | None:
        """When a configuration's windows are, None where its members cannot be read as times."""
        return readable_timetable(configuration)

    def next_window(self, machine: Machine) -> PatchWindow | None:
        """The machine's next patch window, of whichever of its schedules it is."""
        return next_window(self.configurations_of(machine), self.now, (machine,))

    def is_cancelled(self, window: PatchWindow) -> bool:
        """Whether the run of a window was cancelled as a whole. Runs are named after their starts in UTC."""
        name = f"{window.occurrence.starts_at:%Y%m%d%H%M%S}"
        runs = self.configuration_runs_by_key.get(ids.key(window.configuration.id), ())
        return any(ids.name_of(run.id) == name and (run.status or "").lower() == "cancelled" for run in runs)

    def last_occurrence(self, configuration: MaintenanceConfiguration) -> Occurrence | None:
        """The newest window of a configuration that is over."""
        times = readable_timetable(configuration)
        found = times.previous(self.now) if times is not None else None
        return times.previous(found.starts_at) if times and found and found.ends_at > self.now else found

    @cached_property
    def told_before_runs(self) -> dict[str, tuple[EventSubscription, ...]]:
        """The event subscriptions that hear of a configuration's runs before they begin, by the configuration's key."""
        return told_before_runs(self.estate.event_subscriptions)

    @cached_property
    def assignments_of_configuration(self) -> dict[str, list[ConfigurationAssignment]]:
        """Static assignments and dynamic scopes by the key of the configuration that they name."""
        grouped: dict[str, list[ConfigurationAssignment]] = defaultdict(list)
        for assignment in self.estate.assignments:
            grouped[ids.key(assignment.maintenance_configuration_id)].append(assignment)
        return grouped

    @cached_property
    def assignments_by_key(self) -> dict[str, ConfigurationAssignment]:
        return {ids.key(assignment.id): assignment for assignment in self.estate.assignments}

    @cached_property
    def guest_configurations(self) -> tuple[MaintenanceConfiguration, ...]:
        """The configurations of the estate that exist and patch guests."""
        return tuple(each for each in self.estate.configurations if each.exists and each.is_guest_patching)

    @cached_property
    def machines_by_assignment(self) -> dict[str, list[Machine]]:
        """The machines that an assignment reaches, by the assignment's id as it is spelled."""
        grouped: dict[str, list[Machine]] = defaultdict(list)
        for key, ties in self.attachments.items():
            for tie in ties:
                grouped[tie.assignment.id].append(self.estate.machines_by_key[key])
        return grouped

    @cached_property
    def machines_by_configuration(self) -> dict[str, list[Machine]]:
        """The machines that a configuration reaches, each once, by the configuration's id as it is spelled."""
        grouped: dict[str, dict[str, Machine]] = defaultdict(dict)
        for key, ties in self.attachments.items():
            for tie in ties:
                if tie.configuration is not None:
                    grouped[tie.configuration.id][key] = self.estate.machines_by_key[key]
        return {configuration: list(machines.values()) for configuration, machines in grouped.items()}

    @cached_property
    def machines_by_subscription(self) -> dict[str, list[Machine]]:
        grouped: dict[str, list[Machine]] = defaultdict(list)
        for machine in self.estate.machines:
            grouped[machine.subscription_id].append(machine)
        return grouped

    @cached_property
    def runs_by_machine(self) -> dict[str, list[ApplyUpdate]]:
        """Runs by machine key, newest first."""
        grouped: dict[str, list[ApplyUpdate]] = defaultdict(list)
        for run in self.estate.runs:
            grouped[ids.key(run.resource_id)].append(run)
        for runs in grouped.values():
            runs.sort(key=lambda run: run.started_at.timestamp() if run.started_at else 0.0, reverse=True)
        return grouped

    @cached_property
    def configuration_runs_by_key(self) -> dict[str, list[ApplyUpdate]]:
        """Runs of configurations as a whole, by the configuration's key, newest first by their names."""
        grouped: dict[str, list[ApplyUpdate]] = defaultdict(list)
        for run in self.estate.configuration_runs:
            grouped[ids.key(run.id.lower().split("/providers/microsoft.maintenance/applyupdates", 1)[0])].append(run)
        for runs in grouped.values():
            runs.sort(key=lambda run: ids.name_of(run.id), reverse=True)
        return grouped

    @cached_property
    def sql_by_machine(self) -> dict[str, SqlVirtualMachine]:
        """What the SQL IaaS extension does on a VM, by the VM's key."""
        return {ids.key(each.virtual_machine_id): each for each in self.estate.sql_virtual_machines}

    @cached_property
    def activity_by_resource(self) -> dict[str, list[ActivityEvent]]:
        grouped: dict[str, list[ActivityEvent]] = defaultdict(list)
        for event in self.estate.activity:
            grouped[ids.key(event.resource_id)].append(event)
        return grouped

    @cached_property
    def last_change_by_resource(self) -> dict[str, datetime]:
        """When a schedule or an assignment was last written or deleted, by its key, as far as the log was read."""
        latest: dict[str, datetime] = {}
        for event in self.estate.maintenance_changes:
            resource = ids.key(event.resource_id)
            if event.at is not None and (resource not in latest or event.at > latest[resource]):
                latest[resource] = event.at
        return latest

    @cached_property
    def policy_states_by_resource(self) -> dict[str, list[PolicyState]]:
        grouped: dict[str, list[PolicyState]] = defaultdict(list)
        for state in self.estate.policy_states:
            grouped[ids.key(state.resource_id)].append(state)
        return grouped

    @cached_property
    def policy_assignments_by_key(self) -> dict[str, PolicyAssignment]:
        return {ids.key(assignment.id): assignment for assignment in self.estate.policy_assignments}

    @cached_property
    def _assignments_of_definition(self) -> dict[str, list[_Reach]]:
        grouped: dict[str, list[_Reach]] = defaultdict(list)
        for assignment in self.estate.policy_assignments:
            excluded = tuple(map(ids.key, assignment.not_scopes))
            reach = _Reach(assignment, ids.key(assignment.id), ids.key(assignment.scope), excluded)
            grouped[ids.name_of(assignment.definition_id).lower()].append(reach)
        return grouped

    @cached_property
    def _management_groups_of(self) -> dict[str, frozenset[str]]:
        return {
            subscription_id: frozenset(_MANAGEMENT_GROUPS + group.lower() for group in subscription.management_groups)
            for subscription_id, subscription in self.estate.subscriptions_by_id.items()
        }

    def policies_covering(self, machine: Machine, definition: str) -> list[tuple[PolicyAssignment, PolicyState | None]]:
        """The assignments of a policy definition (its GUID) that cover a machine, each with its compliance state.

        Direct assignments are judged by their scope and `notScopes`, those through an initiative by the compliance
        state that Azure Policy wrote for the machine. A state alone never decides whether the machine is configured.
        """
        states = self.policy_states_by_resource.get(machine.key, ())
        reaches = self._assignments_of_definition.get(definition, ())
        if not states:
            return [(reach.assignment, None) for reach in reaches if self._reaches(reach, machine)]
        covering: dict[str, tuple[PolicyAssignment, PolicyState | None]] = {}
        of_definition = [state for state in states if ids.name_of(state.policy_definition_id).lower() == definition]
        for state in of_definition:
            assignment_key = ids.key(state.policy_assignment_id)
            assignment = self.policy_assignments_by_key.get(assignment_key)
            if assignment is None:
                name = ids.name_of(state.policy_assignment_id)
                assignment = PolicyAssignment(id=state.policy_assignment_id, name=name)
            covering[assignment_key] = (assignment, state)
        for reach in reaches:
            if self._reaches(reach, machine):
                covering.setdefault(reach.key, (reach.assignment, None))
        return list(covering.values())

    def _reaches(self, reach: _Reach, machine: Machine) -> bool:
        if not self._lies_within(machine, reach.scope):
            return False
        return not any(self._lies_within(machine, excluded) for excluded in reach.not_scopes)

    def _lies_within(self, machine: Machine, scope: str) -> bool:
        if scope.startswith(_MANAGEMENT_GROUPS):
            return scope in self._management_groups_of.get(machine.subscription_id, frozenset())
        key = machine.key
        return key.startswith(scope) and bool(scope) and (len(key) == len(scope) or key[len(scope)] == "/")
