"""Whatever JSON Azure sends in whatever field: no check raises, and garbage is never called health.

The bodies go through the real decoders, as in a collection; a row that a decoder refuses is a gap there.
"""

import json as stdlib_json
import unicodedata
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aumdoctor.azure.wire import arc, authorization, maintenance, patches, policy, subscriptions, virtual_machines
from aumdoctor.azure.wire.base import Malformed
from aumdoctor.checks.registry import CHECKS
from aumdoctor.diagnosis.chain import chain_of
from aumdoctor.diagnosis.examine import Examination, Verdict, examine
from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Severity
from aumdoctor.report import json, table
from aumdoctor.report.result import report_of
from tests.builders import NOW, PROVIDERS, SUBSCRIPTION, change, estate, subscription

Body = dict[str, Any]
T = TypeVar("T")

fewer = settings(max_examples=settings().max_examples * 2 // 5)
"""Each example is scanned, explained and printed."""

S = f"/subscriptions/{SUBSCRIPTION}"
VM_ID = f"{S}/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/vm"
ARC_ID = f"{S}/resourceGroups/rg/providers/Microsoft.HybridCompute/machines/arc"
SCHEDULE_ID = f"{S}/resourceGroups/rg/providers/Microsoft.Maintenance/maintenanceConfigurations/weekly"
POLICY_ID = f"{S}/providers/Microsoft.Authorization/policyAssignments/patching"
DEFINITION = "/providers/Microsoft.Authorization/policyDefinitions/9905ca54-1471-49c6-8291-7582c04cd4d4"
EARLIER = "2026-06-10T09:00:00Z"
READY = {"code": "ProvisioningState/succeeded", "level": "Info", "displayStatus": "Ready", "time": EARLIER}
SETTINGS = {
    "patchMode": "AutomaticByPlatform",
    "assessmentMode": "AutomaticByPlatform",
    "automaticByPlatformSettings": {"bypassPlatformSafetyChecksOnUserSchedule": True, "rebootSetting": "IfRequired"},
}
RESULT = {"status": "Succeeded", "startedBy": "Platform", "lastModifiedDateTime": EARLIER, "startDateTime": EARLIER}

BODIES: dict[str, Body] = {
    "vm": {
        "id": VM_ID,
        "name": "vm",
        "location": "westeurope",
        "tags": {"ring": "1"},
        "properties": {
            "vmId": "1",
            "provisioningState": "Succeeded",
            "timeCreated": "2025-01-01T00:00:00Z",
            "storageProfile": {
                "imageReference": {
                    "publisher": "MicrosoftWindowsServer",
                    "offer": "WindowsServer",
                    "sku": "2022-datacenter-g2",
                    "version": "latest",
                },
                "osDisk": {"osType": "Windows", "createOption": "FromImage", "managedDisk": {}},
            },
            "osProfile": {
                "allowExtensionOperations": True,
                "windowsConfiguration": {
                    "provisionVMAgent": True,
                    "enableAutomaticUpdates": True,
                    "patchSettings": SETTINGS,
                },
            },
            "instanceView": {
                "osName": "Windows Server 2022 Datacenter",
                "osVersion": "10.0",
                "statuses": [{"code": "PowerState/running"}],
                "vmAgent": {
                    "vmAgentVersion": "2.7.41491.1172",
                    "statuses": [READY],
                    "extensionHandlers": [
                        {
                            "type": "Microsoft.CPlat.Core.WindowsPatchExtension",
                            "typeHandlerVersion": "1.5.72",
                            "status": READY,
                        }
                    ],
                },
            },
        },
    },
    "arc": {
        "id": ARC_ID,
        "name": "arc",
        "location": "westeurope",
        "properties": {
            "provisioningState": "Succeeded",
            "status": "Connected",
            "lastStatusChange": EARLIER,
            "agentVersion": "1.62.0.0",
            "osType": "linux",
            "osName": "ubuntu",
            "osVersion": "22.04",
            "osSku": "Ubuntu 22.04 LTS",
            "osProfile": {"linuxConfiguration": {"patchSettings": {"assessmentMode": "AutomaticByPlatform"}}},
            "agentConfiguration": {
                "configMode": "full",
                "extensionsEnabled": "true",
                "guestConfigurationEnabled": "true",
                "extensionsAllowList": [],
                "extensionsBlockList": [{"publisher": "Contoso", "type": "Own"}],
            },
            "licenseProfile": {"esuProfile": {"esuEligibility": "Ineligible", "licenseAssignmentState": "NotAssigned"}},
        },
        "resources": [
            {
                "id": f"{ARC_ID}/extensions/LinuxOsUpdateExtension",
                "name": "LinuxOsUpdateExtension",
                "properties": {
                    "publisher": "Microsoft.SoftwareUpdateManagement",
                    "type": "LinuxOsUpdateExtension",
                    "typeHandlerVersion": "1.0.60.0",
                    "provisioningState": "Succeeded",
                },
            }
        ],
    },
    "configuration": {
        "id": SCHEDULE_ID,
        "name": "weekly",
        "location": "westeurope",
        "properties": {
            "maintenanceScope": "InGuestPatch",
            "extensionProperties": {"InGuestPatchMode": "User"},
            "maintenanceWindow": {
                "startDateTime": "2026-01-03 22:00",
                "expirationDateTime": "2030-01-01 00:00",
                "duration": "03:30",
                "timeZone": "UTC",
                "recurEvery": "1Week Saturday",
            },
            "installPatches": {"rebootSetting": "IfRequired", "windowsParameters": {"kbNumbersToInclude": []}},
        },
    },
    "assignment": {
        "id": f"{VM_ID}/providers/Microsoft.Maintenance/configurationAssignments/weekly",
        "name": "weekly",
        "properties": {"maintenanceConfigurationId": SCHEDULE_ID, "resourceId": VM_ID},
    },
    "scope": {
        "id": f"{S}/providers/Microsoft.Maintenance/configurationAssignments/all",
        "name": "all",
        "properties": {
            "maintenanceConfigurationId": SCHEDULE_ID,
            "filter": {
                "osTypes": ["Linux"],
                "locations": ["westeurope"],
                "tagSettings": {"tags": {"ring": ["1"]}, "filterOperator": "Any"},
            },
        },
    },
    "run": {
        "id": f"{VM_ID}/providers/Microsoft.Maintenance/applyUpdates/20260606220000",
        "properties": {
            "resourceId": VM_ID,
            "maintenanceConfigurationId": SCHEDULE_ID,
            "maintenanceScope": "InGuestPatch",
            "status": "Failed",
            "startDateTime": "2026-06-06T22:00:00Z",
            "errorCode": "ShutdownOrUnresponsive",
            "errorMessage": "the machine did not answer",
        },
    },
    "assessment": {
        "id": f"{VM_ID}/patchAssessmentResults/latest",
        "properties": {
            **RESULT,
            "patchServiceUsed": "WU",
            "rebootPending": False,
            "availablePatchCountByClassification": {"critical": 0, "other": 1},
            "errorDetails": {"code": "0", "details": [{"code": "0x80072EE2", "message": "0x80072EE2"}]},
        },
    },
    "installation": {
        "id": f"{VM_ID}/patchInstallationResults/1",
        "properties": {**RESULT, "failedPatchCount": 0, "maintenanceWindowExceeded": False, "errorDetails": None},
    },
    "policy": {
        "id": POLICY_ID,
        "name": "patching",
        "identity": {"principalId": "9"},
        "properties": {
            "displayName": "Patching",
            "scope": S,
            "notScopes": [],
            "policyDefinitionId": DEFINITION,
            "parameters": {"maintenanceConfigurationResourceId": {"value": SCHEDULE_ID}},
        },
    },
    "state": {
        "properties": {
            "resourceId": VM_ID,
            "policyAssignmentId": POLICY_ID,
            "policyDefinitionId": DEFINITION,
            "complianceState": "Compliant",
            "timestamp": EARLIER,
        }
    },
    "remediation": {
        "id": f"{S}/providers/Microsoft.PolicyInsights/remediations/one",
        "name": "one",
        "properties": {
            "policyAssignmentId": POLICY_ID,
            "provisioningState": "Failed",
            "lastUpdatedOn": EARLIER,
            "deploymentStatus": {"totalDeployments": 1, "failedDeployments": 1},
        },
    },
    "deployment": {
        "remediatedResourceId": VM_ID,
        "status": "Failed",
        "error": {"code": "DeploymentFailed", "details": [{"code": "LinkedAuthorizationFailed", "message": "no"}]},
    },
    "role": {
        "id": f"{S}/providers/Microsoft.Authorization/roleAssignments/one",
        "properties": {
            "scope": S,
            "principalId": "9",
            "roleDefinitionId": "/x/9980e02c-c2be-4d73-94e8-173b1dc7cf3c",
        },
    },
    "lock": {"id": f"{VM_ID}/providers/Microsoft.Authorization/locks/one", "properties": {"level": "ReadOnly"}},
    "event": {
        "resourceId": VM_ID,
        "operationName": {"value": "Microsoft.Compute/virtualMachines/write"},
        "status": {"value": "Succeeded"},
        "eventTimestamp": EARLIER,
        "caller": "somebody",
    },
    "provider": {"registrationState": "Registered"},
}

texts = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["", "\x1b[2J", "a\x00b", "\ud7ff\u202e", "/subscriptions//", "9" * 400, "-1", "NaN", "é" * 3000]),
)
scalars = st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False), texts)
garbage = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=5,
)


def paths(body: Any, above: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    members = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for name, value in members:
        yield (*above, name)
        yield from paths(value, (*above, name))


PLACES = [(name, path) for name, body in BODIES.items() for path in paths(body)]


def put(bodies: dict[str, Body], name: str, path: tuple[str | int, ...], value: Any) -> None:
    target: Any = bodies[name]
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value


def kept(decode: Callable[[bytes], T], body: Body) -> tuple[T, ...]:
    try:
        return (decode(stdlib_json.dumps(body).encode()),)
    except Malformed:
        return ()


def joined(bodies: dict[str, Body]) -> Estate:
    """The estate that a collection makes of the rows."""
    of_vm = [machine for machine in kept(virtual_machines.virtual_machine, bodies["vm"]) if machine.key]
    of_arc = [machine for machine in kept(arc.arc_machine, bodies["arc"]) if machine.key]
    results = {key: {"assessment": each} for key, each in kept(patches.assessment, bodies["assessment"])}
    for key, each in kept(patches.installation, bodies["installation"]):
        results.setdefault(key, {})["installation"] = each  # type: ignore[assignment]
    machines = [change(machine, **results.get(machine.key, {})) for machine in (*of_vm, *of_arc)]
    states = kept(subscriptions.registration_state, bodies["provider"])
    providers = {**PROVIDERS, "microsoft.maintenance": states[0] or "" if states else ""}
    failures = kept(policy.remediation_deployment, bodies["deployment"])
    remediations = kept(policy.remediation, bodies["remediation"])
    assignments = [*kept(maintenance.configuration_assignment, bodies["assignment"])]
    return estate(
        *machines,
        missing=() if states else (Fact.PROVIDERS,),
        subscriptions=[subscription(providers=providers)],
        configurations=kept(maintenance.maintenance_configuration, bodies["configuration"]),
        assignments=[*assignments, *kept(maintenance.configuration_assignment, bodies["scope"])],
        runs=kept(maintenance.apply_update, bodies["run"]),
        policy_assignments=kept(policy.policy_assignment, bodies["policy"]),
        policy_states=kept(policy.policy_state, bodies["state"]),
        remediations=tuple(change(each, failures=failures) for each in remediations),
        role_assignments=kept(policy.role_assignment, bodies["role"]),
        locks=kept(authorization.management_lock, bodies["lock"]),
        activity=kept(subscriptions.activity_event, bodies["event"]),
    )


def examined(bodies: dict[str, Body]) -> Examination:
    """Everything that a scan and `why` do with the rows, down to the printed page."""
    judged = examine(joined(bodies), CHECKS, NOW)
    report = report_of(judged, generated_at=NOW, exit_code=0, fail_on=None, min_severity=Severity.INFO)
    page = table.render(report, verbose=True)
    assert not {unicodedata.category(character) for character in set(page) - {"\n"}} & {"Cc", "Cf", "Cs"}
    stdlib_json.loads(json.render(report))
    for machine in judged.estate.machines:
        assert chain_of(judged, CHECKS, machine).answer
    return judged


def verdict(judged: Examination, machine_id: str) -> Verdict:
    return next(each.verdict for each in judged.machines if ids.key(each.resource_id) == ids.key(machine_id))


def test_without_garbage_the_bodies_decode_and_the_vm_is_blocked_by_nothing_but_its_policy() -> None:
    sound = deepcopy(BODIES)
    del sound["run"]["properties"]["errorCode"]
    sound["run"]["properties"]["status"] = "Succeeded"
    judged = examined(sound)
    assert all(machine.malformed is None for machine in judged.estate.machines)
    assert verdict(judged, VM_ID) is Verdict.PATCHABLE
    assert verdict(judged, ARC_ID) is Verdict.PATCHABLE


@given(st.sampled_from(PLACES), garbage)
@fewer
def test_no_check_raises_whatever_stands_in_a_field(place: tuple[str, tuple[str | int, ...]], value: Any) -> None:
    bodies = deepcopy(BODIES)
    put(bodies, *place, value)
    examined(bodies)


@given(st.lists(st.tuples(st.sampled_from(PLACES), garbage), min_size=2, max_size=6))
@fewer
def test_no_check_raises_whatever_stands_in_several(changes: list[tuple[tuple[str, Any], Any]]) -> None:
    bodies = deepcopy(BODIES)
    for (name, path), value in changes:
        try:
            put(bodies, name, path, value)
        except (TypeError, KeyError, IndexError):
            continue  # an earlier change has taken the place away
    examined(bodies)


@given(st.sampled_from(PLACES))
@fewer
def test_no_check_raises_whatever_is_missing(place: tuple[str, tuple[str | int, ...]]) -> None:
    bodies = deepcopy(BODIES)
    name, path = place
    target: Any = bodies[name]
    for step in path[:-1]:
        target = target[step]
    del target[path[-1]]
    examined(bodies)


PATCH_SETTINGS = ("properties", "osProfile", "windowsConfiguration", "patchSettings")
VIEW = ("properties", "instanceView")
# What decides whether a scheduled machine is patched, and what must stand there (in lower case) for it to be.
DECIDING: dict[str, tuple[str, tuple[str | int, ...], set[str]]] = {
    "patch mode": ("vm", (*PATCH_SETTINGS, "patchMode"), {"automaticbyplatform"}),
    "bypass flag": (
        "vm",
        (*PATCH_SETTINGS, "automaticByPlatformSettings", "bypassPlatformSafetyChecksOnUserSchedule"),
        {"true", "1", "1.0"},
    ),
    # Absent and null are the documented default, which allows extensions.
    "extension operations": (
        "vm",
        ("properties", "osProfile", "allowExtensionOperations"),
        {"true", "1", "1.0", "none"},
    ),
    "power state": ("vm", (*VIEW, "statuses", 0, "code"), {"powerstate/running"}),
    "agent status": ("vm", (*VIEW, "vmAgent", "statuses", 0, "code"), {"provisioningstate/succeeded", "none"}),
    "system": ("vm", ("properties", "storageProfile", "osDisk", "osType"), {"windows", "none"}),
    "provider": ("provider", ("registrationState",), {"registered"}),
    "arc status": ("arc", ("properties", "status"), {"connected"}),
    "arc extensions": (
        "arc",
        ("properties", "agentConfiguration", "extensionsEnabled"),
        {"true", "1", "1.0", "none"},
    ),
}


@pytest.mark.parametrize("field", DECIDING)
@given(value=garbage)
@settings(max_examples=fewer.max_examples // 2)
def test_garbage_in_a_deciding_field_is_never_called_patchable(field: str, value: Any) -> None:
    name, path, sound = DECIDING[field]
    if str(value).strip().lower() in sound:
        return
    bodies = deepcopy(BODIES)
    bodies["scope"]["properties"]["filter"] = {}
    put(bodies, name, path, value)
    judged = examined(bodies)
    machine_id = ARC_ID if name == "arc" else VM_ID
    if any(machine.key == ids.key(machine_id) for machine in judged.estate.machines):
        assert verdict(judged, machine_id) is not Verdict.PATCHABLE
