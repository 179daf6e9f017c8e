import pytest
from hypothesis import given
from hypothesis import strategies as st

from aumdoctor.model import ids

VM = "/subscriptions/SUB/resourceGroups/RG-Prod/providers/Microsoft.Compute/virtualMachines/Vm-1"

segments = st.text(alphabet=st.characters(codec="ascii", exclude_characters="/"), max_size=12)
texts = st.one_of(st.text(max_size=80), st.lists(segments, max_size=12).map(lambda parts: "/" + "/".join(parts)))
blankless = st.text(alphabet=st.characters(exclude_characters="/", exclude_categories=("Z", "C")), max_size=12)
ids_without_blanks = st.lists(blankless, max_size=12).map(lambda parts: "/" + "/".join(parts))
ascii_ids = st.lists(segments, max_size=12).map(lambda parts: "/" + "/".join(parts))


def test_the_same_resource_in_the_casing_of_another_api_has_the_same_key() -> None:
    assert ids.key(VM) == ids.key(VM.lower().replace("microsoft.compute", "Microsoft.Compute")) == ids.key(VM + "/")


@given(ids_without_blanks)
def test_a_key_is_its_own_key(resource_id: str) -> None:
    assert ids.key(ids.key(resource_id)) == ids.key(resource_id)


@given(ascii_ids)
def test_a_key_does_not_see_case(resource_id: str) -> None:
    assert ids.key(resource_id.upper()) == ids.key(resource_id.lower()) == ids.key(resource_id)


@given(texts)
def test_taking_a_text_apart_never_raises(text: str) -> None:
    parsed = ids.parse(text)
    assert isinstance(parsed, ids.ResourceId)
    assert ids.subscription_of(text) == parsed.subscription.lower()


@given(ascii_ids)
def test_every_id_is_within_itself_and_its_child_within_it(resource_id: str) -> None:
    assert ids.is_within(resource_id, resource_id)
    assert ids.is_within(ids.key(resource_id) + "/child", resource_id)


def test_a_machine_taken_apart() -> None:
    parsed = ids.parse(VM)
    assert parsed == ids.ResourceId(
        subscription="SUB",
        resource_group="RG-Prod",
        type="Microsoft.Compute/virtualMachines",
        name="Vm-1",
        parent="/subscriptions/SUB/resourceGroups/RG-Prod",
    )
    assert ids.subscription_of(VM) == "sub"
    assert ids.resource_group_of(VM) == "RG-Prod"
    assert ids.name_of(VM + "/") == "Vm-1"


def test_a_child_has_its_machine_as_parent() -> None:
    parsed = ids.parse(f"{VM}/extensions/WindowsPatchExtension")
    assert parsed.type == "Microsoft.Compute/virtualMachines/extensions"
    assert (parsed.name, parsed.parent) == ("WindowsPatchExtension", VM)


def test_an_extension_resource_has_what_it_is_put_on_as_parent() -> None:
    parsed = ids.parse(f"{VM}/providers/Microsoft.Maintenance/configurationAssignments/a1")
    assert parsed.type == "Microsoft.Maintenance/configurationAssignments"
    assert (parsed.name, parsed.parent) == ("a1", VM)
    assert parsed.subscription == "SUB"


@pytest.mark.parametrize("text", ["", "/", "vm-1", "/subscriptions", "/subscriptions/", "/subscriptions/S/providers"])
def test_a_text_that_is_no_resource_id_gives_empty_parts(text: str) -> None:
    assert ids.parse(text).type == ""
    assert ids.resource_group_of(text) == ""


def test_a_provider_taken_apart() -> None:
    parsed = ids.parse(ids.provider_id("S", "Microsoft.Maintenance"))
    assert (parsed.type, parsed.name, parsed.parent) == (
        "Microsoft.Maintenance",
        "Microsoft.Maintenance",
        "/subscriptions/S",
    )


def test_a_scope_holds_what_is_below_it_and_not_what_only_begins_alike() -> None:
    assert ids.is_within(VM, "/subscriptions/sub")
    assert ids.is_within(VM, "/subscriptions/SUB/resourcegroups/rg-prod/")
    assert not ids.is_within(VM, "/subscriptions/SUB/resourceGroups/RG")
    assert not ids.is_within("/subscriptions/SUB", VM)
