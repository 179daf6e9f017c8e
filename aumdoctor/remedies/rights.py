"""Which actions of Azure's access control a request takes, and which the whole of a remedy.

The action that a request is checked against follows from its method and path. What Azure asks for beside it, or what is
read to follow the request to its end, does not: that is in the tables here and in `caller-operations.toml`
(aum-knowledge D-2; Microsoft Learn: Azure permissions, roles and permissions of Azure Update Manager).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cache

from aumdoctor.checks.check import Subject
from aumdoctor.checks.registry import CHECKS
from aumdoctor.knowledge.caller_operations import CallerOperation, caller_operations
from aumdoctor.knowledge.service import resource_providers
from aumdoctor.model import ids
from aumdoctor.model.estate import Estate, Subscription
from aumdoctor.model.facts import READ_PERMISSIONS
from aumdoctor.model.finding import Confidence, Finding, Severity
from aumdoctor.model.machine import ArcAgent, Machine, MachineKind, PatchSettings
from aumdoctor.model.maintenance import (
    ConfigurationAssignment,
    DynamicScopeFilter,
    InstallPatches,
    MaintenanceConfiguration,
    MaintenanceWindow,
)
from aumdoctor.remedies.catalogue import REMEDIES
from aumdoctor.remedies.remedy import ArmCall, RemedyKind, Risk
from aumdoctor.remedies.run_in_guest import scripted

CANCEL_RUN = "cancel-run"
"""The name of the one request that is no remedy of a finding: the coming run of a schedule is cancelled."""

_ENDINGS = {"GET": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}
_REGISTRATIONS = "Microsoft.Resources/subscriptions/providers/read"
_VM = "microsoft.compute/virtualmachines"
_ASSIGNMENTS = "microsoft.maintenance/configurationassignments"
_GUEST_ASSIGNMENTS = "Microsoft.Maintenance/configurationAssignments/maintenanceScope/InGuestPatch"

_POLLED = {
    "microsoft.compute": ("Microsoft.Compute/locations/operations/read",),
    "microsoft.hybridcompute": (
        "Microsoft.HybridCompute/locations/operationresults/read",
        "Microsoft.HybridCompute/locations/operationstatus/read",
    ),
}
"""What is read to follow a long-running request to its end, by provider in lower case."""

_LINKED_BY_VM = (
    "Microsoft.Compute/diskEncryptionSets/read",
    "Microsoft.Compute/disks/read",
    "Microsoft.Compute/galleries/images/read",
    "Microsoft.Compute/galleries/images/versions/read",
    "Microsoft.Compute/images/read",
    "Microsoft.Network/networkInterfaces/read",
)
"""A write to a VM is refused (LinkedAuthorizationFailed) to who may not read what the VM refers to."""

_BESIDE = {
    _ASSIGNMENTS: ("Microsoft.Maintenance/maintenanceConfigurations/read",),
    "microsoft.maintenance/applyupdates": ("Microsoft.Maintenance/maintenanceConfigurations/read",),
    "microsoft.policyinsights/remediations": ("Microsoft.Authorization/policyAssignments/read",),
}
"""What is read of other types when one of a type (in lower case) is written or deleted."""

_IN_ROLES = {
    "microsoft.compute/virtualmachines/patchassessmentresults/read": (
        "Microsoft.Compute/virtualMachines/patchAssessmentResults/*"
    ),
}
"""Actions, in lower case, that Azure checks and yet does not take in a role, and what a role has to name instead.

Resource Graph shows the rows of a type to who has `<type>/read`. For the assessments of VMs the provider declares only
`patchAssessmentResults/latest/read` and `…/latest/softwarePatches/read`, so that a role with the plain action is
refused and one with these two leaves the rows out. All that lies below the wildcard are reads.
"""


def permissions_of(call: ArmCall) -> tuple[str, ...]:
    """The actions that one request takes, its own first, then those of what is read beside and after it.

    What is written is read before and after, so that the type's read belongs to it. Raises ValueError for a request
    whose action cannot be told: one without a resource provider, or whose path does not fit its method.
    """
    type_, action = _own(call)
    namespace = type_.split("/", 1)[0]
    lowered = type_.lower()
    if action.endswith("/register/action"):
        return (action, _REGISTRATIONS)
    found = [action, f"{type_}/read"]
    if action.endswith("/read"):
        return (action,)
    if lowered == _ASSIGNMENTS:
        found += [f"{_GUEST_ASSIGNMENTS}/{action.rsplit('/', 1)[-1]}", f"{_GUEST_ASSIGNMENTS}/read"]
    if lowered == _VM and action.endswith("/write"):
        found += _LINKED_BY_VM
    found += _BESIDE.get(lowered, ())
    told = _read_after(action)
    # Writing to an Arc-enabled server is answered at once; everything else at these providers may take long.
    is_immediate = lowered == "microsoft.hybridcompute/machines" and action.endswith("/write")
    found += told or (() if is_immediate else _POLLED.get(namespace.lower(), ()))
    return _once(found)


def _own(call: ArmCall) -> tuple[str, str]:
    """The resource type of a request and the action that Azure checks for it."""
    marker = "/providers/"
    at = call.path.lower().rfind(marker)
    segments = call.path[at + len(marker) :].strip("/").split("/")
    namespace, *rest = segments
    is_post = call.method.upper() == "POST"
    if at >= 0 and namespace and is_post and rest == ["register"]:
        return _spelled(namespace), f"{_spelled(namespace)}/register/action"
    names = rest[:-1] if is_post else rest
    # Types and names alternate; behind them a POST has its verb.
    if at < 0 or not names or len(names) % 2 or (not is_post and call.method.upper() not in _ENDINGS):
        raise ValueError(f"{call.method} {call.path}: which action it takes cannot be told")
    type_ = _spelled("/".join((namespace, *names[0::2])))
    ending = f"{rest[-1]}/action" if is_post else _ENDINGS[call.method.upper()]
    return type_, f"{type_}/{ending}"


def _spelled(type_: str) -> str:
    """A type or namespace as Azure's documentation spells it where that is known, for ids come in any case."""
    return _spellings().get(type_.lower(), type_)


@cache
def _spellings() -> dict[str, str]:
    actions = [action for actions in READ_PERMISSIONS.values() for action in actions]
    actions += [action for operation in caller_operations().rows for right in operation.actions for action in right]
    found = {row.namespace.lower(): row.namespace for row in resource_providers().rows}
    for action in actions:
        segments = action.split("/")
        for length in range(1, len(segments)):
            type_ = "/".join(segments[:length])
            found.setdefault(type_.lower(), type_)
    return found


def _read_after(action: str) -> tuple[str, ...]:
    """What the operations that an action belongs to also read, as the knowledge of them says."""
    return tuple(
        beside
        for operation in operations_with(action)
        for (beside, *_) in operation.actions
        if beside.endswith("/read") and beside.lower() != action.lower()
    )


def operations_with(action: str) -> tuple[CallerOperation, ...]:
    """What callers do that takes an action, with the built-in roles that have it."""
    return tuple(
        operation
        for operation in caller_operations().rows
        if any(action.lower() == each.lower() for right in operation.actions for each in right)
    )


def alternatives(action: str) -> tuple[str, ...]:
    """The actions any one of which gives the same right, the action itself first."""
    rights = (right for operation in operations_with(action) for right in operation.actions)
    same = [each for right in rights if action.lower() in map(str.lower, right) for each in right]
    return _once([action, *same])


def in_role(actions: Iterable[str]) -> tuple[str, ...]:
    """The actions as a role definition has to name them, each once, in the order of the alphabet."""
    return tuple(sorted(_once(_IN_ROLES.get(action.lower(), action) for action in actions), key=str.lower))


def permissions_of_remedy(name: str) -> tuple[str, ...]:
    """All actions that a remedy of the catalogue may take, or CANCEL_RUN; none for what is only advice.

    The remedy is made out for machines and schedules of every kind that its checks are about, and each request counts.
    Raises KeyError for a name that nothing bears.
    """
    return _by_remedy()[name]


def acting() -> tuple[str, ...]:
    """The names of the remedies that make requests, and CANCEL_RUN, in the order of the alphabet."""
    return tuple(sorted(name for name, actions in _by_remedy().items() if actions))


def safe() -> tuple[str, ...]:
    """The names of the remedies that are safe to make without asking."""
    return tuple(kind.name for kind in REMEDIES if kind.risk is Risk.SAFE)


@cache
def _by_remedy() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for kind in REMEDIES:
        calls = _calls_of(kind) if kind.risk is not Risk.ADVICE else ()
        found[kind.name] = _once(action for call in calls for action in permissions_of(call))
    run = ArmCall(method="PUT", path=f"{_SCHEDULE}/providers/Microsoft.Maintenance/applyUpdates/n", api_version="")
    return {**found, CANCEL_RUN: permissions_of(run)}


def _once(actions: Iterable[str]) -> tuple[str, ...]:
    """Each action once, compared as Azure does, without regard to case."""
    return tuple({action.lower(): action for action in reversed(list(actions))}.values())[::-1]


# Specimens: an estate that has everything which decides what requests a remedy makes.

_SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
_GROUP = f"/subscriptions/{_SUBSCRIPTION}/resourceGroups/n"
_SCHEDULE = f"{_GROUP}/providers/Microsoft.Maintenance/maintenanceConfigurations/n"
_TAGS = {"n": "n"}
_UNSET = PatchSettings()
_MANUAL = PatchSettings(patch_mode="Manual", assessment_mode="ImageDefault")
_ANY_TIME = datetime(2026, 1, 1, tzinfo=UTC)


def _calls_of(kind: RemedyKind) -> Iterator[ArmCall]:
    """Every request that a remedy makes for the specimens that its checks could find it on."""
    # A script can be named for a machine on which no check has found anything.
    subjects = {check.applies_to for check in CHECKS if kind.name in check.remedies and kind.name not in scripted()}
    for schedule in _schedules():
        machines = [machine for machine in _machines() if _concerns(subjects, machine)]
        seen = Estate(
            collected_at=_ANY_TIME,
            subscriptions=(Subscription(id=_SUBSCRIPTION),),
            machines=tuple(machines),
            configurations=(schedule,),
            assignments=(_assignment(machines[0]),),
        )
        for machine in machines:
            for finding in _findings(machine, with_providers=machine is machines[0]):
                remedy = kind.prescribe(finding, seen)
                yield from remedy.calls if remedy is not None else ()


def _concerns(subjects: set[Subject], machine: Machine) -> bool:
    """Whether a check of one of these kinds may find something on a machine."""
    other = Subject.ARC if machine.is_azure_vm else Subject.AZURE_VM
    return subjects != {other}


def _machines() -> tuple[Machine, ...]:
    vm, server = f"{_GROUP}/providers/Microsoft.Compute/virtualMachines", f"{_GROUP}/providers/Microsoft.HybridCompute"
    found = []
    for settings in (_UNSET, _MANUAL):
        for system in ("Windows", "Linux", None):
            for power in ("running", "deallocated"):
                name = f"{system}-{power}-{settings is _MANUAL}"
                azure = Machine(
                    id=f"{vm}/{name}",
                    name=name,
                    kind=MachineKind.AZURE_VM,
                    location="n",
                    tags=_TAGS,
                    os_type=system,
                    has_os_profile=True,
                    patch_settings=settings,
                    power_state=power,
                )
                arc = Machine(
                    id=f"{server}/machines/{name}",
                    name=name,
                    kind=MachineKind.ARC,
                    location="n",
                    tags=_TAGS,
                    os_type=system,
                    patch_settings=settings,
                    arc=ArcAgent(status="Connected" if power == "running" else "Disconnected"),
                )
                found += [azure, arc]
    return tuple(found)


def _schedules() -> tuple[MaintenanceConfiguration, ...]:
    """One whose window is as it should be, and one that is over, too long and in no known time zone."""
    usual = MaintenanceWindow(
        start_date_time="2026-01-03 22:00", duration="03:30", time_zone="UTC", recur_every="1Week Saturday"
    )
    odd = MaintenanceWindow(
        start_date_time="2026-01-03 22:00",
        duration="04:30",
        time_zone="n",
        recur_every="1Week Saturday",
        expiration_date_time="2026-01-31 00:00",
    )
    patches = InstallPatches(
        reboot_setting="IfRequired", windows_classifications=("Critical",), linux_classifications=("Critical",)
    )
    return tuple(
        MaintenanceConfiguration(
            id=_SCHEDULE,
            name="n",
            location="n",
            maintenance_scope="InGuestPatch",
            in_guest_patch_mode="User",
            visibility="Custom",
            window=window,
            install_patches=patches,
        )
        for window in (usual, odd)
    )


def _assignment(machine: Machine) -> ConfigurationAssignment:
    return ConfigurationAssignment(
        id=f"{machine.id}/providers/Microsoft.Maintenance/configurationAssignments/n",
        name="n",
        maintenance_configuration_id=_SCHEDULE,
        resource_id=machine.id,
        location="n",
        filter=DynamicScopeFilter(tags={name: (value.upper(),) for name, value in _TAGS.items()}),
    )


def _findings(machine: Machine, *, with_providers: bool) -> Iterator[Finding]:
    """Findings that carry whatever a remedy may ask for; `with_providers` one more for each resource provider."""
    policy = f"{ids.subscription_scope(_SUBSCRIPTION)}/providers/Microsoft.Authorization/policyAssignments/n"
    details = {
        "extension": "n",
        "maintenanceConfigurationId": _SCHEDULE,
        "machineId": machine.id,
        "assignmentId": _assignment(machine).id,
        "policyAssignmentId": policy,
        "principalId": _SUBSCRIPTION,
        "scope": _GROUP,
        "rebootSetting": "Always",
        "instead": "n",
        "dynamicScope": "true",
        "startDateTime": "2026-01-03 02:00",
        "timeZone": "W. Europe Standard Time",
    }
    providers = [{"namespace": row.namespace} for row in resource_providers().rows] if with_providers else []
    for more in ({"scheduled": "true"}, {"scheduled": "false"}, *providers):
        yield Finding(
            check="AUM000",
            name="any",
            severity=Severity.HIGH,
            confidence=Confidence.HIGH,
            resource_id=machine.id,
            message="",
            evidence=(),
            machines=(machine.id,),
            details={**details, **more},
        )
