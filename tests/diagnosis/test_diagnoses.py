"""One cause over many machines: how far it reaches, and what is to be cured first."""

from aumdoctor.diagnosis.examine import Diagnosis
from aumdoctor.model.estate import Estate
from tests.builders import (
    OTHER_SUBSCRIPTION,
    PROVIDERS,
    azure_vm,
    estate,
    examine,
    patch_settings,
    subscription,
)

THIRD_SUBSCRIPTION = "33333333-3333-3333-3333-333333333333"


def diagnosis(seen: Estate, cause: str) -> Diagnosis:
    return next(found for found in examine(seen).diagnoses if found.cause == cause)


def in_order_of_cure(seen: Estate) -> list[str]:
    diagnoses = examine(seen).diagnoses
    assert sorted(found.cure_order for found in diagnoses) == list(range(1, len(diagnoses) + 1))
    return [found.cause for found in sorted(diagnoses, key=lambda found: found.cure_order)]


def test_an_unregistered_provider_says_where_and_how_many() -> None:
    lacking = subscription(name="sub-x", providers=PROVIDERS | {"microsoft.maintenance": "NotRegistered"})
    machines = [azure_vm(f"vm-{number}") for number in range(212)]
    found = diagnosis(estate(*machines, subscriptions=[lacking]), "AUM045")
    assert found.message.startswith("Microsoft.Maintenance is NotRegistered in sub-x")
    assert "212 machine" in found.message


def test_what_several_findings_have_in_common_is_told_once_with_its_reach() -> None:
    forbidden = [azure_vm(f"vm-{number}", allow_extension_operations=False) for number in range(3)]
    of_one, of_all = diagnosis(estate(forbidden[0]), "AUM018"), diagnosis(estate(*forbidden), "AUM018")
    assert of_all.message == f"{of_one.message}: 3 machines in production"


def test_findings_that_say_different_things_are_told_by_what_the_check_is_about() -> None:
    modes = [azure_vm(f"vm-{mode}", patch_settings=patch_settings(patch_mode=mode)) for mode in ("Manual", None)]
    found = diagnosis(estate(*modes, scheduled=True), "AUM030")
    assert found.message.startswith("A schedule is attached to the VM, and its patch mode is not")
    assert found.message.endswith(": 2 machines in production")


def test_the_subscriptions_are_named_while_they_are_few() -> None:
    here = azure_vm("vm-1", allow_extension_operations=False)
    there = azure_vm("vm-2", subscription=OTHER_SUBSCRIPTION, allow_extension_operations=False)
    yonder = azure_vm("vm-3", subscription=THIRD_SUBSCRIPTION, allow_extension_operations=False)
    known = [
        subscription(name="production"),
        subscription(OTHER_SUBSCRIPTION, name="staging"),
        subscription(THIRD_SUBSCRIPTION, name="test"),
    ]
    assert (
        "2 machines in production and staging" in diagnosis(estate(here, there, subscriptions=known), "AUM018").message
    )
    assert (
        "3 machines in 3 of 3 subscriptions"
        in diagnosis(estate(here, there, yonder, subscriptions=known), "AUM018").message
    )


def test_providers_come_first_and_settings_before_what_runs_on_them() -> None:
    lacking = subscription(providers=PROVIDERS | {"microsoft.maintenance": "NotRegistered"})
    manual = azure_vm("vm-manual", patch_settings=patch_settings(patch_mode="Manual"))
    off = azure_vm("vm-off", power_state="deallocated")
    forbidden = azure_vm("vm-forbidden", allow_extension_operations=False)
    order = in_order_of_cure(estate(manual, off, forbidden, scheduled=True, subscriptions=[lacking]))
    assert order == ["AUM045", "AUM030", "AUM012", "AUM018"]


def test_a_cause_is_cured_before_what_it_may_explain() -> None:
    # On one machine the missing extension is a symptom, on the other it stands alone.
    forbidden = azure_vm("vm-1", allow_extension_operations=False, extension_handlers=())
    alone = azure_vm("vm-2", extension_handlers=())
    order = in_order_of_cure(estate(forbidden, alone))
    assert order.index("AUM018") < order.index("AUM016")
