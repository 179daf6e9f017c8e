"""What a collection has brought in so far: rows decoded and kept by key, so that a list read twice does no harm."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TypeVar

import msgspec

from aumdoctor.azure.failures import ReadFailure
from aumdoctor.azure.ledger import Ledger
from aumdoctor.azure.wire import arc, beside, extensions, maintenance, patches, policy, virtual_machines
from aumdoctor.azure.wire.base import Malformed
from aumdoctor.model import ids
from aumdoctor.model.estate import ActivityEvent, ManagementLock
from aumdoctor.model.facts import Fact
from aumdoctor.model.machine import Assessment, Extension, Installation, Machine
from aumdoctor.model.maintenance import (
    ApplyUpdate,
    ConfigurationAssignment,
    EventSubscription,
    MaintenanceConfiguration,
    RecordedInstallation,
    SqlVirtualMachine,
)
from aumdoctor.model.permissions import Permissions
from aumdoctor.model.policy import PolicyAssignment, PolicyState, Remediation, RoleAssignment

T = TypeVar("T")

Result = TypeVar("Result", Assessment, Installation)


class Harvest:
    """Rows by key. A row that cannot be decoded is entered in the ledger and spoils no other."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.machines: dict[str, Machine] = {}
        self.extensions: dict[str, dict[str, Extension]] = defaultdict(dict)
        self.assessments: dict[str, Assessment] = {}
        self.installations: dict[str, Installation] = {}
        self.configurations: dict[str, MaintenanceConfiguration] = {}
        self.assignments: dict[str, ConfigurationAssignment] = {}
        self.runs: dict[str, ApplyUpdate] = {}
        self.configuration_runs: dict[str, ApplyUpdate] = {}
        self.recorded: dict[str, RecordedInstallation] = {}
        self.failed_patches: dict[str, list[str]] = defaultdict(list)
        self.event_topics: dict[str, beside.EventTopic] = {}
        self.event_subscriptions: dict[str, EventSubscription] = {}
        self.sql_virtual_machines: dict[str, SqlVirtualMachine] = {}
        self.policy_assignments: dict[str, PolicyAssignment] = {}
        self.policy_states: dict[tuple[str, str, str], PolicyState] = {}
        self.remediations: dict[str, Remediation] = {}
        self.roles: dict[str, RoleAssignment] = {}
        self.activity: list[ActivityEvent] = []
        self.maintenance_changes: list[ActivityEvent] = []
        self.permissions: dict[str, Permissions] = {}
        self.locks: dict[str, ManagementLock] = {}

    def whole_machines(self) -> tuple[Machine, ...]:
        """The machines in the order of their ids, each with what other lists say of it."""
        return tuple(self._whole(self.machines[key]) for key in sorted(self.machines))

    def history(self) -> tuple[RecordedInstallation, ...]:
        """The installations of the past in the order of their ids, each with the updates that failed in it."""
        return tuple(
            msgspec.structs.replace(self.recorded[key], failed_patches=tuple(sorted(set(self.failed_patches[key]))))
            if key in self.failed_patches
            else self.recorded[key]
            for key in sorted(self.recorded)
        )

    def subscriptions_with(self, fact: Fact) -> set[str]:
        """The subscriptions in which any row of a listed fact lies."""
        return {ids.subscription_of(key) for key in self._keys_of(fact)}

    def _keys_of(self, fact: Fact) -> Iterable[str]:
        by_fact: dict[Fact, Iterable[str]] = {
            Fact.MACHINE: self.machines,
            Fact.EXTENSIONS: self.extensions,
            Fact.ASSESSMENT: self.assessments,
            Fact.INSTALLATION: self.installations,
            Fact.ASSIGNMENTS: self.assignments,
            Fact.CONFIGURATIONS: self.configurations,
            Fact.RUNS: self.runs,
            Fact.RUN_HISTORY: self.runs,
            Fact.INSTALLATION_HISTORY: self.recorded,
            Fact.EVENT_SUBSCRIPTIONS: self.event_topics,
            Fact.SQL_VIRTUAL_MACHINES: self.sql_virtual_machines,
            Fact.POLICY_STATES: (resource for resource, _, _ in self.policy_states),
        }
        return by_fact[fact]

    def take_view(self, machine: Machine, fresh: Machine) -> None:
        """Put what ARM said of one VM just now in the place of what the list said."""
        self.machines[machine.key] = msgspec.structs.replace(
            fresh, id=machine.id, name=machine.name, extensions=(), assessment=None, installation=None
        )
        for extension in fresh.extensions:
            self.join_extension(machine.key, extension)
        if fresh.assessment is not None:
            self.assessments[machine.key] = _newer(self.assessments.get(machine.key), fresh.assessment)
        if fresh.installation is not None:
            self.installations[machine.key] = _newer(self.installations.get(machine.key), fresh.installation)

    def decoded(self, fact: Fact, decode: Callable[[msgspec.Raw], T], row: msgspec.Raw, scope: str) -> T | None:
        try:
            return decode(row)
        except Malformed as error:
            where = _id_in(row) or scope
            self.ledger.gap(where, fact, ReadFailure("MalformedRow", f"a row could not be decoded: {error}"))
            return None

    def take(self, fact: Fact, take: Callable[[msgspec.Raw], None], row: msgspec.Raw, scope: str) -> None:
        try:
            take(row)
        except Malformed as error:
            failure = ReadFailure("MalformedRow", f"a row could not be decoded: {error}")
            where = _id_in(row) or scope
            self.ledger.gap(where, fact, failure)
            machine = _machine_of(where)
            if machine and fact is not Fact.MACHINE:
                self.ledger.implied(machine, fact, failure)

    def take_vm(self, row: msgspec.Raw) -> None:
        self._keep(virtual_machines.virtual_machine(row))

    def take_missing_vm(self, row: msgspec.Raw) -> None:
        machine = virtual_machines.virtual_machine(row)
        if machine.key not in self.machines:
            self._keep(machine)

    def take_missing_arc(self, row: msgspec.Raw) -> None:
        machine = arc.arc_machine(row)
        if machine.key not in self.machines:
            self._keep(machine)

    def take_arc(self, row: msgspec.Raw) -> None:
        self._keep(arc.arc_machine(row))

    def _keep(self, machine: Machine) -> None:
        if machine.malformed is not None:
            self.ledger.gap(machine.id, Fact.MACHINE, ReadFailure("MalformedRow", machine.malformed))
        self.machines[machine.key] = machine

    def take_power_state(self, row: msgspec.Raw) -> None:
        machine_id, state = virtual_machines.power_state(row)
        known = self.machines.get(ids.key(machine_id))
        if known is not None and state is not None:
            self.machines[known.key] = msgspec.structs.replace(known, power_state=state)

    def take_extension(self, row: msgspec.Raw) -> None:
        found = extensions.extension(row)
        if found is not None:
            machine, extension = found
            self.join_extension(ids.key(machine), extension)

    def join_extension(self, machine: str, extension: Extension) -> None:
        """Keep what two sources know of one extension: the resource from one, the run status from the other."""
        name = extension.name.lower()
        known = self.extensions[machine].get(name)
        if known is not None:
            extension = msgspec.structs.replace(
                extension,
                publisher=extension.publisher or known.publisher,
                type=extension.type or known.type,
                version=extension.version or known.version,
                provisioning_state=extension.provisioning_state or known.provisioning_state,
                status=extension.status or known.status,
            )
        self.extensions[machine][name] = extension

    def take_assessment(self, row: msgspec.Raw) -> None:
        machine, assessment = patches.assessment(row)
        self.assessments[machine] = _newer(self.assessments.get(machine), assessment)

    def take_installation(self, row: msgspec.Raw) -> None:
        machine, installation = patches.installation(row)
        self.installations[machine] = _newer(self.installations.get(machine), installation)

    def take_assignment(self, row: msgspec.Raw) -> None:
        assignment = maintenance.configuration_assignment(row)
        self.assignments[ids.key(assignment.id)] = assignment

    def take_configuration(self, row: msgspec.Raw) -> None:
        configuration = maintenance.maintenance_configuration(row)
        self.configurations[ids.key(configuration.id)] = configuration

    def take_run(self, row: msgspec.Raw) -> None:
        run = maintenance.apply_update(row)
        (self.configuration_runs if run.is_of_configuration else self.runs)[ids.key(run.id)] = run

    def take_recorded_installation(self, row: msgspec.Raw) -> None:
        found = patches.recorded_installation(row)
        self.recorded[ids.key(found.id)] = found

    def take_failed_patch(self, row: msgspec.Raw) -> None:
        installation, patch = patches.failed_patch(row)
        self.failed_patches[installation].append(patch)

    def take_event_topic(self, row: msgspec.Raw) -> None:
        topic = beside.event_topic(row)
        if topic is not None:
            self.event_topics[ids.key(topic.id)] = topic

    def take_sql_virtual_machine(self, row: msgspec.Raw) -> None:
        found = beside.sql_virtual_machine(row)
        self.sql_virtual_machines[ids.key(found.id)] = found

    def take_policy_state(self, row: msgspec.Raw) -> None:
        state = policy.policy_state(row)
        key = (ids.key(state.resource_id), ids.key(state.policy_assignment_id), ids.key(state.policy_definition_id))
        self.policy_states[key] = state

    def _whole(self, machine: Machine) -> Machine:
        """A machine with what other lists say of it."""
        return msgspec.structs.replace(
            machine,
            extensions=tuple(self.extensions.get(machine.key, {}).values()),
            assessment=self.assessments.get(machine.key),
            installation=self.installations.get(machine.key),
        )


def _newer(known: Result | None, found: Result) -> Result:
    """The newer of two results; of the same one the first known, since Resource Graph says more about it."""
    if known is None or known.last_modified is None:
        return found
    if found.last_modified is None or found.last_modified <= known.last_modified + timedelta(minutes=1):
        return known
    return found


def _id_in(row: msgspec.Raw) -> str | None:
    try:
        found = msgspec.json.decode(row)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    resource_id = found.get("id") if isinstance(found, dict) else None
    return resource_id if isinstance(resource_id, str) else None


def _machine_of(resource_id: str) -> str | None:
    """The id of the machine that a child or result row belongs to, None for anything else."""
    segments = resource_id.split("/")
    if len(segments) >= 9 and segments[7].lower() in ("virtualmachines", "machines"):
        return "/".join(segments[:9])
    return None
