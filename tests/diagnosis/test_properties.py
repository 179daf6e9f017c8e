"""What holds for every estate, whatever is wrong in it."""

import random
from datetime import timedelta
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from aumdoctor.checks.engine import judge
from aumdoctor.checks.registry import CHECKS
from aumdoctor.diagnosis.causes import fold
from aumdoctor.diagnosis.chain import LinkState, chain_of
from aumdoctor.diagnosis.examine import Examination, Verdict, examine
from aumdoctor.model import ids
from aumdoctor.model.estate import ActivityEvent, Estate, ManagementLock
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Finding, Severity
from aumdoctor.model.machine import ImageReference, Machine, PatchSettings, Status, VmAgent
from aumdoctor.report import json
from aumdoctor.report.result import report_of
from tests.builders import (
    NOW,
    OTHER_SUBSCRIPTION,
    PROVIDERS,
    SUBSCRIPTION,
    arc_agent,
    arc_machine,
    azure_vm,
    change,
    configuration,
    denied_remediation,
    dynamic_scope,
    estate,
    failed_assessment,
    installation,
    os_update_extension,
    policy_assignment,
    policy_state,
    reading,
    role_assignment,
    run,
    static_assignment,
    subscription,
)

fewer = settings(max_examples=settings().max_examples * 2 // 5)
"""Estates are large, and each one is judged by every check."""

UNREADY = VmAgent(version="2.7.0.0", status=Status(code="ProvisioningState/Unavailable", display_status="Not Ready"))
POLICIES = (
    "59efceea-0c96-497e-a4a1-4eb2290dac15",
    "ba0df93e-e4ac-479a-aac2-134bbae39a1a",
    "9905ca54-1471-49c6-8291-7582c04cd4d4",
    "bfea026e-043f-4ff4-9d1b-bf301ca7ff46",
)

modes = st.sampled_from(["AutomaticByPlatform", "AutomaticByOS", "ImageDefault", "Manual", "Unheard", None])
flags = st.sampled_from([True, False, None])
patching = st.builds(
    PatchSettings,
    patch_mode=modes,
    assessment_mode=st.sampled_from(["AutomaticByPlatform", "ImageDefault", None]),
    bypass_platform_safety_checks_on_user_schedule=flags,
    reboot_setting=st.sampled_from(["IfRequired", "Never", None]),
    enable_hotpatching=flags,
)
errors = st.sampled_from(
    ["0x80072EE2", "0x80070005 denied", "0x8024001E", "0x80240438", "", "Unable to fetch packages"]
)
assessments = st.one_of(
    st.none(),
    st.builds(failed_assessment, errors),
    st.just(azure_vm().assessment),
    st.just(change(azure_vm().assessment, last_modified=NOW - timedelta(days=9))),
)
installations = st.one_of(
    st.none(),
    st.builds(installation, errors),
    st.builds(installation, status=st.just("Failed"), maintenance_window_exceeded=flags),
)
systems = st.sampled_from(["Windows", "Linux", "linux", None])
places = st.sampled_from([(SUBSCRIPTION, "rg-prod"), (SUBSCRIPTION, "rg-test"), (OTHER_SUBSCRIPTION, "rg-prod")])
images = st.sampled_from(
    [
        None,
        ImageReference(publisher="MicrosoftWindowsServer", offer="WindowsServer", sku="2022-datacenter-g2"),
        ImageReference(publisher="Canonical", offer="UbuntuServer", sku="18.04-LTS"),
        ImageReference(publisher="contoso", offer="own", sku="1"),
        ImageReference(id=f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Compute/galleries/g"),
    ]
)


@st.composite
def machines(draw: st.DrawFn, name: str) -> Machine:
    where, group = draw(places)
    common: dict[str, Any] = {
        "subscription": where,
        "resource_group": group,
        "os_type": draw(systems),
        "patch_settings": draw(patching),
        "assessment": draw(assessments),
        "installation": draw(installations),
        "tags": draw(st.sampled_from([{}, {"ring": "1"}, {"Ring": "1"}])),
        "malformed": draw(st.sampled_from([None, None, None, None, "Expected `str`"])),
    }
    if draw(st.booleans()):
        status = draw(st.sampled_from(["Connected", "Disconnected", "Expired", "Error", None]))
        agent = arc_agent(
            status=status,
            extensions_enabled=draw(flags),
            version=draw(st.sampled_from(["1.20.0.0", "1.56.0.0", "?"])),
            status_reason=draw(st.sampled_from([None, "Cloned"])),
        )
        extensions = draw(st.sampled_from([(), (os_update_extension(provisioning_state="Failed"),), None]))
        given_extensions = {} if extensions is None else {"extensions": extensions}
        return arc_machine(name, arc=agent, **given_extensions, **common)
    handlers = draw(st.sampled_from([None, ()]))
    return azure_vm(
        name,
        power_state=draw(st.sampled_from(["running", "deallocated", "stopped", "starting", "unknown", None])),
        allow_extension_operations=draw(flags),
        provision_vm_agent=draw(flags),
        provisioning_state=draw(st.sampled_from(["Succeeded", "Failed", "Updating", None])),
        has_os_profile=draw(st.booleans()),
        enable_automatic_updates=draw(flags),
        vm_agent=draw(st.sampled_from([azure_vm().vm_agent, UNREADY, None])),
        image=draw(images),
        **({} if handlers is None else {"extension_handlers": handlers}),
        **common,
    )


@st.composite
def estates(draw: st.DrawFn) -> Estate:
    found = [draw(machines(f"vm-{number}")) for number in range(draw(st.integers(1, 4)))]
    registered = st.sampled_from(["Registered", "NotRegistered", "Registering"])
    namespaces = st.dictionaries(st.sampled_from(sorted(PROVIDERS)), registered, max_size=3)
    gone = configuration("gone", exists=False)
    schedules = st.sampled_from([configuration(), gone, configuration("elsewhere")])
    assignments = [static_assignment(machine, draw(schedules)) for machine in found if draw(st.booleans())]
    if draw(st.booleans()):
        assignments.append(dynamic_scope(os_types=("Windows",), tags={"ring": ("1",)}))
    policies = [
        policy_assignment(draw(st.sampled_from(POLICIES)), name=f"p{n}") for n in range(draw(st.integers(0, 2)))
    ]
    unread = st.sampled_from(list(Fact))
    own = st.builds(reading, unread, st.sampled_from([machine.id for machine in found]))
    return estate(
        *found,
        subscriptions=[
            subscription(each, providers=PROVIDERS | draw(namespaces)) for each in (SUBSCRIPTION, OTHER_SUBSCRIPTION)
        ],
        configurations=[configuration(), gone],
        assignments=assignments,
        missing=draw(st.sets(unread, max_size=2)),
        denied=draw(st.sets(unread, max_size=1)),
        readings=draw(st.lists(own, max_size=2, unique_by=lambda each: (each.fact, each.scope))),
        runs=tuple(run(machine, status="Failed", error_code="ShutdownOrUnresponsive") for machine in found[:1]),
        policy_assignments=tuple(policies),
        policy_states=tuple(policy_state(machine, policy) for machine in found for policy in policies),
        remediations=tuple(denied_remediation(policy, *found) for policy in policies[:1]),
        role_assignments=tuple(role_assignment(policy, POLICIES[0]) for policy in policies[:1]),
        activity=tuple(ActivityEvent(resource_id=machine.id, operation="write", at=NOW) for machine in found[:1]),
        locks=(ManagementLock(id="l", name="l", scope=found[0].id, level="ReadOnly"),),
    )


def examined(seen: Estate) -> Examination:
    return examine(seen, CHECKS, NOW)


def bare(finding: Finding) -> Finding:
    return change(finding, explained_by=None, explained_by_resource=None)


def about(finding: Finding) -> tuple[str, str]:
    return finding.check, ids.key(finding.resource_id)


@given(estates())
@fewer
def test_folding_never_hides_a_finding(seen: Estate) -> None:
    found, judged = judge(seen, CHECKS, NOW).findings, examined(seen)
    assert [bare(finding) for finding in judged.findings] == list(found)
    roots = [finding for finding in judged.findings if finding.explained_by is None]
    assert sum(len(diagnosis.resource_ids) for diagnosis in judged.diagnoses) == len(roots)
    symptoms = sum(symptom.count for diagnosis in judged.diagnoses for symptom in diagnosis.symptoms)
    assert symptoms == len(found) - len(roots)
    report = report_of(judged, generated_at=NOW, exit_code=1, fail_on=None, min_severity=Severity.INFO)
    shown = msgspec.json.decode(json.render(report))["findings"]
    assert [(each["check"], ids.key(each["resource_id"])) for each in shown] == list(map(about, found))


@given(estates())
@fewer
def test_every_symptom_hangs_on_a_root_that_is_there(seen: Estate) -> None:
    findings = examined(seen).findings
    roots = {about(finding) for finding in findings if finding.explained_by is None}
    for finding in findings:
        if finding.explained_by is not None:
            assert (finding.explained_by, ids.key(finding.explained_by_resource or "")) in roots


@given(estates(), st.randoms(use_true_random=False))
@fewer
def test_without_its_cause_a_symptom_is_uncovered_or_explained_by_another(seen: Estate, chance: random.Random) -> None:
    findings = examined(seen).findings
    causes = sorted({finding.explained_by for finding in findings if finding.explained_by})
    if not causes:
        return
    cause = chance.choice(causes)
    left = fold([bare(finding) for finding in findings if finding.check != cause], CHECKS)
    assert [about(finding) for finding in left] == [about(finding) for finding in findings if finding.check != cause]
    assert cause not in {finding.explained_by for finding in left}


def healed(seen: Estate) -> Estate:
    """The same estate, with every machine up and every provider registered."""
    up = [
        change(machine, arc=change(machine.arc, status="Connected"))
        if machine.arc is not None
        else change(machine, power_state="running")
        for machine in seen.machines
    ]
    subscriptions = [change(each, providers=dict(PROVIDERS)) for each in seen.subscriptions]
    return change(seen, machines=tuple(up), subscriptions=tuple(subscriptions))


@given(estates())
@fewer
def test_a_cause_that_is_cured_explains_nothing_any_more(seen: Estate) -> None:
    cured = {"AUM005", "AUM012", "AUM045", "AUM117"}
    before, after = examined(seen).findings, examined(healed(seen)).findings
    assert not cured & {finding.check for finding in after}
    assert not cured & {finding.explained_by for finding in after}
    uncovered = {about(finding) for finding in before if finding.explained_by in cured}
    still_there = {about(finding): finding for finding in after}
    for symptom in uncovered & set(still_there):
        assert still_there[symptom].explained_by not in cured


@given(estates(), st.randoms(use_true_random=False))
@fewer
def test_the_verdict_does_not_depend_on_the_order_of_checks_or_rows(seen: Estate, chance: random.Random) -> None:
    rows = ("machines", "assignments", "configurations", "subscriptions", "readings", "policy_states", "runs")
    mixed = change(seen, **{name: tuple(chance.sample(each := getattr(seen, name), len(each))) for name in rows})
    checks = chance.sample(CHECKS, len(CHECKS))
    first, second = examined(seen), examine(mixed, checks, NOW)
    assert {each.resource_id: each for each in first.machines} == {each.resource_id: each for each in second.machines}
    said = {(*about(finding), finding.explained_by, finding.severity) for finding in first.findings}
    assert said == {(*about(finding), finding.explained_by, finding.severity) for finding in second.findings}
    assert set(first.unknowns) == set(second.unknowns)
    assert [each.cause for each in first.diagnoses] == [each.cause for each in second.diagnoses]
    assert [each.cure_order for each in first.diagnoses] == [each.cure_order for each in second.diagnoses]


@given(estates())
@fewer
def test_the_chain_and_the_verdict_say_the_same(seen: Estate) -> None:
    judged = examined(seen)
    verdicts = {verdict.resource_id: verdict.verdict for verdict in judged.machines}
    for machine in seen.machines:
        chain = chain_of(judged, CHECKS, machine)
        states = {link.state for link in chain.links}
        expected = Verdict.PATCHABLE
        if LinkState.BROKEN in states:
            expected = Verdict.BLOCKED
        elif LinkState.UNKNOWN in states:
            expected = Verdict.UNKNOWN
        assert verdicts[machine.id] is chain.verdict is expected
        assert (chain.broken_at is not None) == (expected is Verdict.BLOCKED)
        assert chain.root is not None or states.isdisjoint({LinkState.BROKEN, LinkState.WARNING})
        concerned = [
            each for each in judged.findings if machine.key in {ids.key(each.resource_id), *map(ids.key, each.machines)}
        ]
        assert sum(len(link.findings) for link in chain.links) == len(concerned)


@given(estates())
@fewer
def test_the_order_of_cure_puts_causes_before_what_they_cause(seen: Estate) -> None:
    diagnoses = examined(seen).diagnoses
    place = {diagnosis.cause: diagnosis.cure_order for diagnosis in diagnoses}
    assert sorted(place.values()) == list(range(1, len(diagnoses) + 1))
    for check in CHECKS:
        for symptom in check.causes:
            if check.id in place and symptom in place:
                assert place[check.id] < place[symptom]
