"""What a check may look up beside its subject: the estate, the time of judgement, and indexes computed once."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from functools import cached_property

from aumdoctor.model import ids
from aumdoctor.model.estate import ActivityEvent, Estate
from aumdoctor.model.machine import Machine
from aumdoctor.model.maintenance import ApplyUpdate
from aumdoctor.model.policy import PolicyAssignment, PolicyState
from aumdoctor.schedule.scope import Attachment, attachments


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

    def is_scheduled(self, machine: Machine) -> bool:
        return any(tie.is_patch_schedule for tie in self.attachments.get(machine.key, ()))

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
    def activity_by_resource(self) -> dict[str, list[ActivityEvent]]:
        grouped: dict[str, list[ActivityEvent]] = defaultdict(list)
        for event in self.estate.activity:
            grouped[ids.key(event.resource_id)].append(event)
        return grouped

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
    def _assignments_of_definition(self) -> dict[str, list[PolicyAssignment]]:
        grouped: dict[str, list[PolicyAssignment]] = defaultdict(list)
        for assignment in self.estate.policy_assignments:
            grouped[ids.name_of(assignment.definition_id).lower()].append(assignment)
        return grouped

    @cached_property
    def _management_groups_of(self) -> dict[str, frozenset[str]]:
        prefix = "/providers/microsoft.management/managementgroups/"
        return {
            subscription_id: frozenset(prefix + group.lower() for group in subscription.management_groups)
            for subscription_id, subscription in self.estate.subscriptions_by_id.items()
        }

    def policies_covering(self, machine: Machine, definition: str) -> list[tuple[PolicyAssignment, PolicyState | None]]:
        """The assignments of a policy definition (its GUID) that cover a machine, each with its compliance state.

        Direct assignments are judged by their scope and `notScopes`, those through an initiative by the compliance
        state that Azure Policy wrote for the machine. A state alone never decides whether the machine is configured.
        """
        covering: dict[str, tuple[PolicyAssignment, PolicyState | None]] = {}
        states = self.policy_states_by_resource.get(machine.key, ())
        of_definition = [state for state in states if ids.name_of(state.policy_definition_id).lower() == definition]
        for state in of_definition:
            assignment_key = ids.key(state.policy_assignment_id)
            assignment = self.policy_assignments_by_key.get(assignment_key)
            if assignment is None:
                name = ids.name_of(state.policy_assignment_id)
                assignment = PolicyAssignment(id=state.policy_assignment_id, name=name)
            covering[assignment_key] = (assignment, state)
        for assignment in self._assignments_of_definition.get(definition, ()):
            assignment_key = ids.key(assignment.id)
            if assignment_key not in covering and self._in_policy_scope(machine, assignment):
                covering[assignment_key] = (assignment, None)
        return list(covering.values())

    def _in_policy_scope(self, machine: Machine, assignment: PolicyAssignment) -> bool:
        if any(self._lies_within(machine, excluded) for excluded in assignment.not_scopes):
            return False
        return self._lies_within(machine, assignment.scope)

    def _lies_within(self, machine: Machine, scope: str) -> bool:
        if ids.key(scope).startswith("/providers/microsoft.management/managementgroups/"):
            return ids.key(scope) in self._management_groups_of.get(machine.subscription_id, frozenset())
        return bool(scope) and ids.is_within(machine.id, scope)
