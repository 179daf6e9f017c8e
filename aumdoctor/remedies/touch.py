"""Which machines an action touches: those that it is about, and those that are under what it changes."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property

from aumdoctor.checks.context import Context
from aumdoctor.model import ids
from aumdoctor.model.machine import Machine
from aumdoctor.remedies.guards import machines_of
from aumdoctor.remedies.plan import PlannedAction

_REMEDIATIONS = "/providers/microsoft.policyinsights/remediations/"


class Touch:
    """The machines that actions touch, as an estate knows them. Pure."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def machines(self, action: PlannedAction) -> tuple[Machine, ...]:
        """The machines that an action is about, those under a schedule or in a dynamic scope that it changes, and those
        in the scope of a policy's remediation task. Which ones are below a management group is not known for certain:
        its task touches all."""
        found = {machine.key: machine for machine in machines_of(action, self._context)}
        target = ids.key(action.target.path)
        found |= self._under.get(target, {})
        scope, is_task, _ = target.partition(_REMEDIATIONS)
        if is_task and scope.startswith("/subscriptions/"):
            found |= self._within.get(scope, {})
        elif is_task:
            found |= self._context.estate.machines_by_key
        return tuple(found.values())

    def keys(self, action: PlannedAction) -> tuple[str, ...]:
        """The keys of the machines that an action touches, each once; also of those that it names and nobody saw."""
        return tuple(dict.fromkeys([*map(ids.key, action.machines), *(each.key for each in self.machines(action))]))

    @cached_property
    def _within(self) -> dict[str, dict[str, Machine]]:
        """The machines that lie in a subscription, a resource group or any other scope, by its key."""
        grouped: dict[str, dict[str, Machine]] = defaultdict(dict)
        for machine in self._context.estate.machines:
            scope = machine.key
            while scope:
                grouped[scope][machine.key] = machine
                scope = scope.rpartition("/")[0]
        return dict(grouped)

    @cached_property
    def _under(self) -> dict[str, dict[str, Machine]]:
        """The machines that a schedule or an assignment reaches, by its key. A schedule that could not be read reaches
        them as well."""
        grouped: dict[str, dict[str, Machine]] = defaultdict(dict)
        for key, ties in self._context.attachments.items():
            for tie in ties:
                for above in (tie.assignment.id, tie.assignment.maintenance_configuration_id):
                    grouped[ids.key(above)][key] = self._context.estate.machines_by_key[key]
        return dict(grouped)
