import shlex

import pytest

from aumdoctor.checks.assignment_broken_by_move import assignment_broken_by_move
from aumdoctor.checks.customer_managed_without_schedule import customer_managed_without_schedule as check
from aumdoctor.checks.maintenance_provider_unregistered import maintenance_provider_unregistered
from aumdoctor.diagnosis.examine import Verdict
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Severity
from aumdoctor.model.machine import PatchSettings
from aumdoctor.remedies.remedy import Risk
from tests.builders import (
    PROVIDERS,
    arc_machine,
    azure_vm,
    configuration,
    dynamic_scope,
    estate,
    examine,
    finding,
    findings,
    patch_settings,
    static_assignment,
    subscription,
    unknowns,
)


@pytest.mark.parametrize("os_type", ["Windows", "Linux"])
def test_a_vm_that_waits_for_a_schedule_is_patched_by_nobody(os_type: str) -> None:
    seen = estate(azure_vm(os_type=os_type))
    found = finding(seen, check)
    assert (found.check, found.severity) == ("AUM033", Severity.HIGH)
    assert "nobody patches it" in found.message
    mode, flag, schedule = found.evidence
    assert mode.observed == "AutomaticByPlatform"
    assert flag.observed is True
    assert (schedule.path, schedule.observed) == (
        "configurationAssignments[].properties.maintenanceConfigurationId",
        None,
    )
    assert examine(seen, check).machines[0].verdict is Verdict.BLOCKED


def test_a_static_assignment_and_a_matching_dynamic_scope_are_schedules() -> None:
    vm = azure_vm(tags={"PatchGroup": "A"})
    assert findings(estate(vm, scheduled=True), check) == ()
    assert findings(estate(vm, assignments=[dynamic_scope(tags={"PatchGroup": ("A",)})]), check) == ()


def test_a_dynamic_scope_that_misses_it_is_none() -> None:
    vm = azure_vm(tags={"PatchGroup": "a"})
    assert finding(estate(vm, assignments=[dynamic_scope(tags={"PatchGroup": ("A",)})]), check)


@pytest.mark.parametrize("scope", ["Host", "OSImage"])
def test_a_schedule_for_hosts_or_images_is_none(scope: str) -> None:
    other = configuration(maintenance_scope=scope)
    vm = azure_vm()
    assert finding(estate(vm, configurations=[other], assignments=[static_assignment(vm, other)]), check)


def test_a_schedule_that_could_not_be_read_counts_and_a_deleted_one_does_not() -> None:
    vm = azure_vm()
    assert findings(estate(vm, scheduled=True, configurations=[]), check) == ()
    assert finding(estate(vm, scheduled=True, configurations=[configuration(exists=False)]), check)


@pytest.mark.parametrize(
    "settings",
    [PatchSettings(), patch_settings(patch_mode="Manual"), PatchSettings(patch_mode="AutomaticByPlatform")],
    ids=["the guest", "half set", "Azure"],
)
def test_other_modes_are_other_matters(settings: PatchSettings) -> None:
    assert findings(estate(azure_vm(patch_settings=settings)), check) == ()


def test_arc_machines_without_a_schedule_update_themselves() -> None:
    assert findings(estate(arc_machine(patch_settings=patch_settings())), check) == ()


@pytest.mark.parametrize("fact", [Fact.MACHINE, Fact.ASSIGNMENTS])
def test_where_assignments_were_not_read_nothing_is_claimed(fact: Fact) -> None:
    seen = estate(azure_vm(), denied=[fact])
    assert findings(seen, check) == ()
    (unknown,) = unknowns(seen, check)
    assert unknown.fact is fact


def test_an_unregistered_provider_explains_that_there_is_no_schedule() -> None:
    lacking = subscription(providers=PROVIDERS | {"microsoft.maintenance": "NotRegistered"})
    seen = examine(estate(azure_vm(), subscriptions=[lacking]), check, maintenance_provider_unregistered)
    assert {found.check: found.explained_by for found in seen.findings} == {"AUM045": None, "AUM033": "AUM045"}


def test_a_move_explains_that_there_is_no_schedule() -> None:
    moved = azure_vm(resource_group="rg-new")
    left = static_assignment(azure_vm(resource_group="rg-old"))
    seen = examine(estate(moved, assignments=[left]), check, assignment_broken_by_move)
    assert {found.check: found.explained_by for found in seen.findings} == {"AUM006": None, "AUM033": "AUM006"}


def test_the_cure_names_a_schedule_of_the_subscription_and_leaves_the_choice_to_the_owner() -> None:
    vm = azure_vm()
    ((remedy,),) = examine(estate(vm, configurations=[configuration()]), check).remedies
    assert (remedy.name, remedy.risk, remedy.calls) == ("attach-to-schedule", Risk.ADVICE, ())
    attach = next(step for step in remedy.steps if "maintenance assignment create" in step)
    words = shlex.split(attach[attach.index("az ") :])
    assert words[words.index("--maintenance-configuration-id") + 1] == configuration().id
    assert words[words.index("--resource-name") + 1] == vm.name
    # The VM has both settings already: nothing is said of them.
    assert not any("customer managed schedules" in step for step in remedy.steps)


def test_where_no_schedule_is_known_one_is_to_be_made() -> None:
    ((remedy,),) = examine(estate(azure_vm(), configurations=[]), check).remedies
    assert any("create a schedule" in step for step in remedy.steps)
    assert not any("assignment create" in step for step in remedy.steps)
