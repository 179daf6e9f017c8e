"""The actions that requests take: by method and path, and what Azure asks for beside them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aumdoctor.azure.actions import CANCEL_PERMISSION, cancel_action
from aumdoctor.knowledge.caller_operations import caller_operation
from aumdoctor.knowledge.service import resource_providers
from aumdoctor.remedies.catalogue import BY_NAME, REMEDIES
from aumdoctor.remedies.remedy import ArmCall, RemedyKind, Risk
from aumdoctor.remedies.rights import (
    CANCEL_RUN,
    acting,
    alternatives,
    in_role,
    permissions_of,
    permissions_of_remedy,
    safe,
)
from tests.builders import NOW, configuration
from tests.remedies.test_catalogue import made_out

SUBSCRIPTION = "/subscriptions/s"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg"
VM = f"{GROUP}/providers/Microsoft.Compute/virtualMachines/vm"
SERVER = f"{GROUP}/providers/Microsoft.HybridCompute/machines/srv"
SCHEDULE = f"{GROUP}/providers/Microsoft.Maintenance/maintenanceConfigurations/mc"
POLLED = "Microsoft.Compute/locations/operations/read"


def call(method: str, path: str) -> ArmCall:
    return ArmCall(method=method, path=path, api_version="2024-07-01")


def of(method: str, path: str) -> set[str]:
    found = permissions_of(call(method, path))
    assert len(found) == len({action.lower() for action in found})
    return set(found)


def first(method: str, path: str) -> str:
    return permissions_of(call(method, path))[0]


@pytest.mark.parametrize(
    ("method", "path", "action"),
    [
        ("PATCH", VM, "Microsoft.Compute/virtualMachines/write"),
        ("PUT", SCHEDULE, "Microsoft.Maintenance/maintenanceConfigurations/write"),
        ("DELETE", f"{SERVER}/extensions/e", "Microsoft.HybridCompute/machines/extensions/delete"),
        ("GET", f"{SERVER}/extensions/e", "Microsoft.HybridCompute/machines/extensions/read"),
        ("POST", f"{VM}/reapply", "Microsoft.Compute/virtualMachines/reapply/action"),
        ("POST", f"{SERVER}/installPatches", "Microsoft.HybridCompute/machines/installPatches/action"),
        ("POST", f"{SUBSCRIPTION}/providers/Microsoft.Insights/register", "Microsoft.Insights/register/action"),
        (
            "PUT",
            f"{VM}/providers/Microsoft.Maintenance/configurationAssignments/a",
            "Microsoft.Maintenance/configurationAssignments/write",
        ),
        (
            "PUT",
            "/providers/Microsoft.Management/managementGroups/mg/providers/Microsoft.PolicyInsights/remediations/r",
            "Microsoft.PolicyInsights/remediations/write",
        ),
    ],
)
def test_the_action_follows_from_the_method_and_the_last_provider_of_the_path(
    method: str, path: str, action: str
) -> None:
    assert first(method, path) == action


def test_a_vm_is_written_by_who_may_read_what_it_refers_to() -> None:
    """aum-knowledge D-2, entry 4: image of a gallery, disks, disk encryption set, network interfaces."""
    assert of("PATCH", VM) == {
        "Microsoft.Compute/virtualMachines/write",
        "Microsoft.Compute/virtualMachines/read",
        "Microsoft.Compute/galleries/images/read",
        "Microsoft.Compute/galleries/images/versions/read",
        "Microsoft.Compute/images/read",
        "Microsoft.Compute/disks/read",
        "Microsoft.Compute/diskEncryptionSets/read",
        "Microsoft.Network/networkInterfaces/read",
        POLLED,
    }
    assert of("POST", f"{VM}/start") == {
        "Microsoft.Compute/virtualMachines/start/action",
        "Microsoft.Compute/virtualMachines/read",
        POLLED,
    }


def test_an_arc_enabled_server_is_written_at_once_and_its_extensions_deleted_later() -> None:
    assert of("PATCH", SERVER) == {"Microsoft.HybridCompute/machines/write", "Microsoft.HybridCompute/machines/read"}
    assert of("DELETE", f"{SERVER}/extensions/e") == {
        "Microsoft.HybridCompute/machines/extensions/delete",
        "Microsoft.HybridCompute/machines/extensions/read",
        "Microsoft.HybridCompute/locations/operationresults/read",
        "Microsoft.HybridCompute/locations/operationstatus/read",
    }


@pytest.mark.parametrize(
    ("operation", "method", "path"),
    [
        ("assess-vms", "POST", f"{VM}/assessPatches"),
        ("assess-arc", "POST", f"{SERVER}/assessPatches"),
        ("install-vms", "POST", f"{VM}/installPatches"),
        ("install-arc", "POST", f"{SERVER}/installPatches"),
        ("patch-settings-vms", "PATCH", VM),
        ("patch-settings-arc", "PATCH", SERVER),
        ("write-schedules", "PATCH", SCHEDULE),
        ("attach", "PUT", f"{VM}/providers/Microsoft.Maintenance/configurationAssignments/a"),
        ("detach", "DELETE", f"{VM}/providers/Microsoft.Maintenance/configurationAssignments/a"),
        ("cancel-run", "PUT", f"{SCHEDULE}/providers/Microsoft.Maintenance/applyUpdates/20260101000000"),
        ("remediate-policy", "PUT", f"{VM}/providers/Microsoft.PolicyInsights/remediations/r"),
        ("grant-roles", "PUT", f"{GROUP}/providers/Microsoft.Authorization/roleAssignments/r"),
        ("start-vms", "POST", f"{VM}/start"),
    ],
)
def test_it_has_every_right_that_the_same_operation_has_in_the_knowledge(
    operation: str, method: str, path: str
) -> None:
    taken = of(method, path)
    for right in caller_operation(operation).actions:
        assert taken & set(right), right


def test_an_assignment_is_of_guests_and_of_a_schedule() -> None:
    path = f"{VM}/providers/Microsoft.Maintenance/configurationAssignments/a"
    guests = "Microsoft.Maintenance/configurationAssignments/maintenanceScope/InGuestPatch"
    beside = {f"{guests}/read", "Microsoft.Maintenance/maintenanceConfigurations/read"}
    assert {f"{guests}/write", *beside} <= of("PUT", path)
    assert {f"{guests}/delete", *beside} <= of("DELETE", path)
    assert f"{guests}/write" not in of("DELETE", path)


def test_registering_a_provider_takes_no_right_on_another() -> None:
    assert of("POST", f"{SUBSCRIPTION}/providers/Microsoft.Maintenance/register") == {
        "Microsoft.Maintenance/register/action",
        "Microsoft.Resources/subscriptions/providers/read",
    }


def test_a_read_takes_the_read_alone() -> None:
    assert permissions_of(call("GET", VM)) == ("Microsoft.Compute/virtualMachines/read",)


@given(st.sampled_from([str.lower, str.upper]), st.sampled_from(["PUT", "PATCH", "DELETE", "GET"]))
def test_ids_in_any_case_give_the_actions_as_azure_spells_them(spelled: object, method: str) -> None:
    path = "/Subscriptions/S/resourcegroups/RG/providers/" + spelled(  # type: ignore[operator]
        "Microsoft.Maintenance/configurationAssignments/a"
    )
    usual = f"{GROUP}/providers/Microsoft.Maintenance/configurationAssignments/a"
    assert of(method, path) == of(method, usual)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", GROUP),
        ("POST", VM),
        ("PATCH", f"{VM}/start"),
        ("PUT", "/"),
        ("PUT", f"{GROUP}/providers/Microsoft.Compute"),
        ("HEAD", VM),
    ],
)
def test_what_cannot_be_told_is_an_error_and_not_no_right(method: str, path: str) -> None:
    with pytest.raises(ValueError, match="cannot be told"):
        permissions_of(call(method, path))


@given(
    st.sampled_from(["PUT", "PATCH", "DELETE", "GET", "POST"]),
    st.text("abM./ -é", max_size=20).map(lambda text: f"{GROUP}/providers/{text}"),
)
def test_any_path_gives_actions_or_says_that_it_cannot_be_told(method: str, path: str) -> None:
    try:
        found = permissions_of(call(method, path))
    except ValueError:
        return
    assert found
    assert all(action.endswith(("/read", "/write", "/delete", "/action")) for action in found)


def test_any_one_form_of_a_right_will_do() -> None:
    assert alternatives("Microsoft.Maintenance/configurationAssignments/write") == (
        "Microsoft.Maintenance/configurationAssignments/write",
        "Microsoft.Maintenance/configurationAssignments/maintenanceScope/InGuestPatch/write",
    )
    assert alternatives("Microsoft.Maintenance/register/action") == ("Microsoft.Maintenance/register/action",)
    assert alternatives("Some/thing/read") == ("Some/thing/read",)


# The catalogue makes it out for whatever it is given; its check is about VMs alone.
ABOUT_VMS_ALONE = {"allow-extension-operations"}


@pytest.mark.parametrize("kind", REMEDIES, ids=lambda kind: kind.name)
def test_every_call_that_a_remedy_can_make_has_its_actions_among_the_remedys(kind: RemedyKind) -> None:
    known = {action.lower() for action in permissions_of_remedy(kind.name)}
    assert bool(known) == (kind.risk is not Risk.ADVICE)
    taken = {
        action.lower()
        for remedy in made_out(kind, "plain")
        for made in remedy.calls
        if kind.name not in ABOUT_VMS_ALONE or "/virtualMachines/" in made.path
        for action in permissions_of(made)
    }
    if kind.name == "register-provider":
        assert {f"{row.namespace.lower()}/register/action" for row in resource_providers().rows} <= known
        assert taken <= known
    else:
        assert taken == known


def test_cancelling_a_run_takes_what_the_call_of_it_does() -> None:
    action = cancel_action(configuration().id, NOW)
    assert permissions_of_remedy(CANCEL_RUN) == permissions_of(action.call)
    assert permissions_of_remedy(CANCEL_RUN)[0] == CANCEL_PERMISSION == action.permission


def test_what_acts_and_what_is_safe() -> None:
    assert set(acting()) == {kind.name for kind in REMEDIES if kind.risk is not Risk.ADVICE} | {CANCEL_RUN}
    assert set(safe()) == {
        *("assess-now", "customer-managed-schedule", "enable-periodic-assessment"),
        *("register-provider", "remediate-policy"),
    }
    assert set(safe()) <= set(acting())
    assert CANCEL_RUN not in BY_NAME
    with pytest.raises(KeyError):
        permissions_of_remedy("nothing")


def test_a_role_names_each_action_once_in_order_and_one_by_its_wildcard() -> None:
    assert in_role(["b/write", "a/read", "B/Write"]) == ("a/read", "b/write")
    plain = "Microsoft.Compute/virtualMachines/patchAssessmentResults/read"
    assert in_role([plain]) == ("Microsoft.Compute/virtualMachines/patchAssessmentResults/*",)
    everything = [action for name in acting() for action in permissions_of_remedy(name)]
    assert not [action for action in in_role(everything) if "*" in action]
