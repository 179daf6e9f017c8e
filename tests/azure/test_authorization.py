"""What a caller may do."""

import msgspec
import pytest

from aumdoctor.azure.wire.authorization import grant, management_lock
from aumdoctor.azure.wire.base import Malformed
from aumdoctor.model.permissions import Permissions

READ = "Microsoft.Compute/virtualMachines/read"


@pytest.mark.parametrize(
    ("entries", "allowed"),
    [
        ([{"actions": ["*"], "notActions": []}], True),
        ([{"actions": ["*/read"]}], True),
        ([{"actions": ["microsoft.compute/*"]}], True),
        ([{"actions": ["Microsoft.Compute/virtualMachines/READ"]}], True),
        ([{"actions": ["Microsoft.Compute/virtualMachines/readX"]}], False),
        ([{"actions": ["Microsoft.Compute/virtualMachines"]}], False),
        ([{"actions": ["*"], "notActions": ["Microsoft.Compute/virtualMachines/*"]}], False),
        ([{"actions": ["*"], "notActions": ["Microsoft.Compute/*"]}, {"actions": ["*/read"]}], True),
        ([{"actions": None, "notActions": None}], False),
        ([{"actions": "rubbish"}], False),
        ([], False),
    ],
)
def test_rights_are_the_union_of_roles_each_less_its_own_exclusions(
    entries: list[dict[str, object]], allowed: bool
) -> None:
    assert (
        Permissions(scope="", grants=tuple(grant(msgspec.json.encode(entry)) for entry in entries)).allows(READ)
        is allowed
    )


def test_a_dot_in_an_action_is_a_dot() -> None:
    assert not Permissions(
        scope="", grants=(grant(b'{"actions": ["MicrosoftXCompute/virtualMachines/read"]}'),)
    ).allows(READ)


def test_a_lock_is_put_on_the_scope_before_its_own_path() -> None:
    group = "/subscriptions/s/resourceGroups/rg"
    row = {"id": f"{group}/providers/Microsoft.Authorization/locks/keep", "properties": {"level": "ReadOnly"}}
    found = management_lock(msgspec.json.encode(row))
    assert (found.name, found.scope, found.level) == ("keep", group, "ReadOnly")
    with pytest.raises(Malformed):
        management_lock(b'{"id": 1}')
