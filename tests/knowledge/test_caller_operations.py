import re

import pytest

from aumdoctor.knowledge import policies
from aumdoctor.knowledge.caller_operations import caller_operation, caller_operations

_GUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def test_an_operation_has_its_actions_and_the_smallest_role() -> None:
    assess = caller_operation("assess-vms")
    assert assess.actions == (
        ("Microsoft.Compute/virtualMachines/assessPatches/action",),
        ("Microsoft.Compute/locations/operations/read",),
    )
    assert (assess.role, assess.role_id) == ("Virtual Machine Contributor", policies.VIRTUAL_MACHINE_CONTRIBUTOR)
    assert (assess.machines, assess.scope) == ("azure-vm", "machine")
    assert caller_operation("cancel-run").machines == "any"


def test_an_operation_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(KeyError):
        caller_operation("reboot-the-world")


def test_what_azure_vms_and_arc_servers_have_in_common_is_there_for_both() -> None:
    names = {operation.name for operation in caller_operations().rows}
    for what in ("assess", "install", "patch-settings", "probe"):
        assert {f"{what}-vms", f"{what}-arc"} <= names


def test_every_action_and_role_has_the_form_of_one() -> None:
    for operation in caller_operations().rows:
        assert operation.actions
        for right in operation.actions:
            assert right
            for action in right:
                assert re.fullmatch(r"Microsoft\.[A-Za-z]+(/[A-Za-z]+)+/(read|write|delete|action)", action), action
        assert re.fullmatch(_GUID, operation.role_id)


def test_one_role_has_one_id() -> None:
    pairs = {(operation.role, operation.role_id) for operation in caller_operations().rows}
    assert len(pairs) == len({role for role, _ in pairs}) == len({role_id for _, role_id in pairs})


def test_changes_come_before_what_is_only_read() -> None:
    reading = [operation.role == "Reader" for operation in caller_operations().rows]
    assert reading == sorted(reading)
