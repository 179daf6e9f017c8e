"""The chain of one machine: the first broken link is the answer, and it cannot disagree with a scan."""

import pytest

from aumdoctor.checks.registry import CHECKS
from aumdoctor.diagnosis.chain import Chain, ChainLink, LinkState, chain_of
from aumdoctor.diagnosis.examine import Verdict
from aumdoctor.diagnosis.links import LINKS, Link
from aumdoctor.model.estate import Estate, ManagementLock
from aumdoctor.model.facts import Fact
from tests.builders import (
    PROVIDERS,
    SUBSCRIPTION,
    arc_agent,
    arc_machine,
    azure_vm,
    configuration,
    dynamic_scope,
    estate,
    examine,
    failed_assessment,
    installation,
    patch_settings,
    policy_assignment,
    policy_state,
    static_assignment,
    subscription,
)

PERIODIC_ASSESSMENT_POLICY = "59efceea-0c96-497e-a4a1-4eb2290dac15"


def chain(seen: Estate, name: str | None = None) -> Chain:
    machine = next(machine for machine in seen.machines if name in (None, machine.name))
    return chain_of(examine(seen), CHECKS, machine)


def link(seen: Estate, wanted: Link, name: str | None = None) -> ChainLink:
    return next(each for each in chain(seen, name).links if each.link is wanted)


def states(found: Chain) -> dict[str, str]:
    return {each.link.value: each.state.value for each in found.links}


def test_every_check_has_its_link() -> None:
    assert {check.id for check in CHECKS} <= set(LINKS)


def test_a_healthy_scheduled_machine_holds_at_every_link() -> None:
    vm = azure_vm(installation=installation())
    seen = chain(estate(vm, scheduled=True, policy_assignments=(policy_assignment(PERIODIC_ASSESSMENT_POLICY),)))
    assert states(seen) == {each.value: "ok" for each in Link}
    assert seen.verdict is Verdict.PATCHABLE
    assert seen.answer == "Nothing stops the patching of vm-1: its schedule patches it."
    assert (seen.broken_at, seen.root, seen.cure) == (None, None, ())


def test_the_links_stand_in_the_order_in_which_they_need_each_other() -> None:
    assert [each.link for each in chain(estate(azure_vm())).links] == list(Link)


def test_the_first_broken_link_is_the_answer() -> None:
    lacking = subscription(providers=PROVIDERS | {"microsoft.maintenance": "NotRegistered"})
    vm = azure_vm(patch_settings=patch_settings(patch_mode="Manual"), power_state="deallocated")
    seen = chain(estate(vm, scheduled=True, subscriptions=[lacking]))
    broken = [each.link for each in seen.links if each.state is LinkState.BROKEN]
    assert broken == [Link.PROVIDER, Link.PATCH_MODE, Link.POWER]
    assert seen.broken_at is Link.PROVIDER
    assert seen.root is not None
    assert seen.root.check == "AUM045"
    assert seen.answer.startswith("vm-1 is not patched, because Microsoft.Maintenance is NotRegistered in production")
    assert [remedy.name for remedy in seen.cure] == ["register-provider"]


def test_the_root_cause_is_the_answer_even_where_it_lies_further_down_the_chain() -> None:
    lost = arc_machine(arc=arc_agent(status="Disconnected"))
    seen = chain(estate(lost, scheduled=True))
    assert seen.broken_at is Link.POWER
    assert seen.root is not None
    assert seen.root.check == "AUM117"
    assert "the Arc agent is Disconnected" in seen.answer
    assert [remedy.name for remedy in seen.cure] == ["reconnect-arc-agent"]


def test_a_broken_link_carries_the_finding_with_its_evidence() -> None:
    vm = azure_vm(patch_settings=patch_settings(patch_mode="Manual"))
    broken = link(estate(vm, scheduled=True), Link.PATCH_MODE)
    assert broken.state is LinkState.BROKEN
    assert broken.findings[0].check == "AUM030"
    assert broken.said == broken.findings[0].message
    assert broken.findings[0].evidence[0].path.endswith("patchSettings.patchMode")


def test_a_scheduled_arc_server_holds_at_assignment_and_schedule() -> None:
    found = states(chain(estate(arc_machine(), scheduled=True)))
    assert (found["assignment"], found["schedule"], found["patch-mode"]) == ("ok", "ok", "not-applicable")


def test_a_lesser_finding_is_shown_and_breaks_nothing() -> None:
    vm = azure_vm(patch_settings=patch_settings(assessment_mode="ImageDefault"))
    seen = chain(estate(vm, scheduled=True))
    assessment = next(each for each in seen.links if each.link is Link.ASSESSMENT)
    assert assessment.state is LinkState.WARNING
    assert "AUM039" in [finding.check for finding in assessment.findings]
    assert seen.verdict is Verdict.PATCHABLE
    assert seen.answer.startswith("Nothing blocks vm-1 (its schedule patches it), but ")
    assert seen.answer.endswith("(AUM039).")
    assert seen.broken_at is None
    assert seen.cure[0].name == "enable-periodic-assessment"


def test_what_was_not_read_is_unknown_and_never_ok() -> None:
    seen = chain(estate(azure_vm(), denied=[Fact.ASSIGNMENTS]))
    assert seen.verdict is Verdict.UNKNOWN
    assert seen.answer.startswith("Whether vm-1 can be patched is not known: the link ")
    unknown = next(each for each in seen.links if each.state is LinkState.UNKNOWN)
    assert {each.fact for each in unknown.unknowns} == {Fact.ASSIGNMENTS}
    assert unknown.unknowns[0].permission == "Microsoft.Maintenance/configurationAssignments/read"


def test_a_provider_that_was_not_read_is_unknown_for_the_machines_of_its_subscription() -> None:
    assert link(estate(azure_vm(), missing=[Fact.PROVIDERS]), Link.PROVIDER).state is LinkState.UNKNOWN


def test_a_broken_link_is_the_answer_although_another_is_unknown() -> None:
    vm = azure_vm(allow_extension_operations=False)
    seen = chain(estate(vm, scheduled=True, missing=[Fact.PROVIDERS]))
    assert seen.verdict is Verdict.BLOCKED
    assert seen.answer.endswith("(AUM018).")


def test_arc_needs_no_patch_mode_and_says_so() -> None:
    patch_mode = link(estate(arc_machine(), scheduled=True), Link.PATCH_MODE)
    assert (patch_mode.state, patch_mode.evidence) == (LinkState.NOT_APPLICABLE, ())
    assert "Arc" in patch_mode.said


@pytest.mark.parametrize(
    ("settings", "patched_by"),
    [
        ({"bypass_platform_safety_checks_on_user_schedule": False}, "Azure's automatic guest patching"),
        ({"patch_mode": "AutomaticByOS", "bypass_platform_safety_checks_on_user_schedule": None}, "the guest updates"),
        ({"patch_mode": "Manual", "bypass_platform_safety_checks_on_user_schedule": None}, "nothing patches it until"),
    ],
)
def test_without_a_schedule_the_answer_says_who_patches_it(settings: dict[str, object], patched_by: str) -> None:
    seen = chain(estate(azure_vm(patch_settings=patch_settings(**settings))))
    assert patched_by in seen.answer
    assert states(seen)["assignment"] == "not-applicable"
    assert states(seen)["schedule"] == "not-applicable"


def test_an_assignment_says_how_the_machine_is_attached() -> None:
    vm = azure_vm()
    static = link(estate(vm, assignments=[static_assignment(vm)]), Link.ASSIGNMENT)
    assert static.said == "the assignment assign-1 attaches it to weekly"
    dynamic = link(estate(vm, assignments=[dynamic_scope(os_types=("Windows",))]), Link.ASSIGNMENT)
    assert dynamic.said == "the dynamic scope scope-1 attaches it to weekly"
    assert dynamic.evidence[0].resource_id == dynamic_scope().id


def test_a_schedule_shows_its_window() -> None:
    schedule = link(estate(azure_vm(), scheduled=True), Link.SCHEDULE)
    assert schedule.said == "weekly: every 1Week Saturday for 03:30 h, from 2026-01-03 22:00 (UTC)"
    assert {sign.resource_id for sign in schedule.evidence} == {configuration().id}


def test_a_read_only_lock_is_named_beside_the_power_state() -> None:
    scope = f"/subscriptions/{SUBSCRIPTION.upper()}/resourceGroups/RG-PROD"
    lock = ManagementLock(
        id=f"{scope}/providers/Microsoft.Authorization/locks/frozen", name="frozen", scope=scope, level="ReadOnly"
    )
    power = link(estate(azure_vm(), locks=(lock,)), Link.POWER)
    assert power.said == (
        "the VM is running; it is under the ReadOnly lock frozen; a cure is refused until it is lifted"
    )


def test_the_last_results_stand_at_the_end() -> None:
    vm = azure_vm(assessment=failed_assessment("0x80072EE2"), installation=installation())
    last = link(estate(vm, scheduled=True), Link.LAST_RESULT)
    assert {sign.observed for sign in last.evidence} == {"Failed", "Succeeded"}
    assert {finding.check for finding in last.findings} >= {"AUM008", "AUM025"}


def test_a_policy_that_covers_the_machine_is_named_with_what_it_says() -> None:
    vm, assignment = azure_vm(), policy_assignment(PERIODIC_ASSESSMENT_POLICY)
    covered = estate(vm, policy_assignments=(assignment,), policy_states=(policy_state(vm, assignment, "Compliant"),))
    assert link(covered, Link.POLICY).said == "covered by Policy patching"
    assert link(covered, Link.POLICY).evidence[0].observed == "Compliant"
    assert link(estate(vm), Link.POLICY).state is LinkState.NOT_APPLICABLE


def test_only_what_concerns_the_machine_is_in_its_chain() -> None:
    off, fine = azure_vm("vm-off", power_state="deallocated"), azure_vm("vm-fine")
    seen = chain(estate(off, fine, scheduled=True), "vm-fine")
    assert not [finding for each in seen.links for finding in each.findings]


def test_each_machine_check_answers_once() -> None:
    seen = chain(estate(azure_vm(), scheduled=True))
    ids = [answer.check for answer in seen.answers]
    assert ids == sorted(set(ids))
    assert {answer.state.value for answer in seen.answers} >= {"ok", "not-applicable"}
