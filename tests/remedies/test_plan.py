"""From findings with their cures to actions: each request once, in the order of cure, nothing that was not asked."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aumdoctor.diagnosis.plan import fingerprint, plan_of
from aumdoctor.model.finding import Confidence, Evidence, Finding, Severity
from aumdoctor.remedies.plan import (
    Plan,
    PlanFile,
    Prescribed,
    Selection,
    action_id,
    at_path,
    changes_of,
    plan,
    reading_of,
)
from aumdoctor.remedies.remedy import ArmCall, Remedy, Risk
from tests.builders import NOW, arc_machine, azure_vm, configuration, estate, examine, patch_settings, subscription

VM = azure_vm("vm-1").id
OTHER = azure_vm("vm-2").id
ASSIGNMENT = f"{VM}/providers/Microsoft.Maintenance/configurationAssignments/weekly"


def patch(path: str = VM, **properties: Any) -> ArmCall:
    return ArmCall(method="PATCH", path=path, api_version="2024-07-01", body={"properties": properties})


def assess(path: str = VM) -> ArmCall:
    return ArmCall(method="POST", path=f"{path}/assessPatches", api_version="2024-07-01")


def delete(path: str = ASSIGNMENT) -> ArmCall:
    return ArmCall(method="DELETE", path=path, api_version="2023-04-01")


def put(path: str = ASSIGNMENT, **properties: Any) -> ArmCall:
    return ArmCall(method="PUT", path=path, api_version="2023-04-01", body={"properties": properties})


def cure(name: str, *calls: ArmCall, risk: Risk = Risk.SAFE, **more: Any) -> Remedy:
    return Remedy(name=name, title=name.replace("-", " "), risk=risk, reversible=True, calls=calls, **more)


def ill(check: str, *remedies: Remedy, order: int = 1, resource: str = VM) -> Prescribed:
    finding = Finding(
        check=check,
        name=check.lower(),
        resource_id=resource,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        message=f"{check} is true",
        evidence=(Evidence(path="properties", observed=None, expected=None),),
        machines=(resource,),
    )
    return Prescribed(finding=finding, remedies=remedies, order=order)


def names(made: Plan) -> list[str]:
    return [action.remedy for action in made.actions]


EVERYTHING = Selection(risk="disruptive")


def test_one_request_of_several_findings_is_one_action() -> None:
    made = plan([ill("AUM001", cure("assess", assess())), ill("AUM002", cure("assess", assess()))], EVERYTHING)
    (action,) = made.actions
    assert [finding.check for finding in action.findings] == ["AUM001", "AUM002"]
    assert action.machines == (VM,)
    assert made.left_out == ()


def test_the_same_request_in_another_spelling_is_the_same_action() -> None:
    loud = assess(VM.upper().replace("/SUBSCRIPTIONS", "/subscriptions"))
    made = plan([ill("AUM001", cure("assess", assess())), ill("AUM002", cure("assess", loud))], EVERYTHING)
    assert len(made.actions) == 1


def test_causes_come_before_symptoms_whatever_the_order_of_findings() -> None:
    late = ill("AUM001", cure("assess", assess()), order=3)
    early = ill("AUM002", cure("open", patch(open=True)), order=1)
    assert names(plan([late, early], EVERYTHING)) == names(plan([early, late], EVERYTHING)) == ["open", "assess"]


def test_of_rivals_the_first_in_the_order_of_cure_is_planned_and_the_other_says_why_not() -> None:
    by_hand, by_platform = cure("manual", patch(mode="Manual")), cure("platform", patch(mode="AutomaticByPlatform"))
    made = plan([ill("AUM002", by_hand, order=2), ill("AUM001", by_platform)], EVERYTHING)
    assert names(made) == ["platform"]
    (left,) = made.left_out
    assert (left.finding.check, left.remedy) == ("AUM002", "manual")
    assert left.reason == "platform sets properties.mode of the same resource to another value"


def test_the_spelling_of_a_property_hides_no_rival() -> None:
    made = plan([ill("A", cure("one", patch(Mode=1))), ill("B", cure("two", patch(mode=2)), order=2)], EVERYTHING)
    assert names(made) == ["one"]


def test_what_one_remedy_sets_another_does_not_delete() -> None:
    made = plan([ill("A", cure("move", put(location="x"))), ill("B", cure("remove", delete()), order=2)], EVERYTHING)
    assert names(made) == ["move"]
    assert made.left_out[0].reason == "move sets the same resource"
    made = plan([ill("A", cure("remove", delete())), ill("B", cure("move", put(location="x")), order=2)], EVERYTHING)
    assert names(made) == ["remove"]
    assert made.left_out[0].reason == "remove deletes the same resource"


def test_a_remedy_may_delete_and_create_one_resource_anew_for_several_findings() -> None:
    again = cure("recreate", delete(), put(location="x"))
    made = plan([ill("A", again), ill("B", again, order=2)], EVERYTHING)
    assert [action.call.method for action in made.actions] == ["DELETE", "PUT"]
    assert made.actions[1].after == (made.actions[0].id,)
    assert made.left_out == ()


def test_a_property_is_set_once_although_two_remedies_set_it() -> None:
    both = cure("both", patch(mode="AutomaticByPlatform", bypass=True))
    one = cure("one", patch(mode="AutomaticByPlatform"))
    made = plan([ill("A", both), ill("B", one, order=2)], EVERYTHING)
    assert names(made) == ["both"]
    assert [finding.check for finding in made.actions[0].findings] == ["A", "B"]


def test_the_calls_of_a_remedy_come_one_after_the_other() -> None:
    made = plan([ill("A", cure("extension", delete(), assess()))], EVERYTHING)
    first, second = made.actions
    assert (first.after, second.after) == ((), (first.id,))


def test_a_request_waits_for_what_a_later_finding_puts_before_it() -> None:
    """An assessment that one finding asks for at once, and another only after an extension is gone."""
    made = plan(
        [ill("A", cure("assess", assess())), ill("B", cure("extension", delete(), assess()), order=2)], EVERYTHING
    )
    assert [action.call.method for action in made.actions] == ["DELETE", "POST"]
    assert made.actions[1].after == (made.actions[0].id,)


def test_hotpatching_ends_before_the_flag_that_azure_refuses_beside_it() -> None:
    def settings(**members: Any) -> ArmCall:
        return patch(osProfile={"windowsConfiguration": {"patchSettings": members}})

    flag = settings(automaticByPlatformSettings={"bypassPlatformSafetyChecksOnUserSchedule": True})
    asked = [ill("A", cure("schedule", flag)), ill("B", cure("cold", settings(enableHotpatching=False)), order=2)]
    made = plan(asked, EVERYTHING)
    assert names(made) == ["cold", "schedule"]
    assert made.actions[1].after == (made.actions[0].id,)
    (alone,) = plan(asked[:1], EVERYTHING).actions
    assert alone.after == ()
    no_flag = settings(automaticByPlatformSettings={"bypassPlatformSafetyChecksOnUserSchedule": False})
    assert names(plan([ill("A", cure("none", no_flag)), *asked[1:]], EVERYTHING)) == ["none", "cold"]


def test_opposite_orders_make_no_circle() -> None:
    one, two = cure("one", assess(), delete()), cure("two", delete(), assess())
    made = plan([ill("A", one), ill("B", two, order=2)], EVERYTHING)
    place = {action.id: at for at, action in enumerate(made.actions)}
    assert all(place[key] < place[action.id] for action in made.actions for key in action.after)
    assert len(made.actions) == 2


def test_a_call_made_twice_does_not_wait_for_itself() -> None:
    (action,) = plan([ill("A", cure("twice", assess(), assess()))], EVERYTHING).actions
    assert action.after == ()


@pytest.mark.parametrize(
    ("risk", "planned"),
    [
        ("safe", {"safe"}),
        ("consent", {"safe", "consent"}),
        ("disruptive", {"safe", "consent", "disruptive"}),
    ],
)
def test_the_class_of_risk_is_a_limit(risk: str, planned: set[str]) -> None:
    remedies = {
        "safe": Risk.SAFE,
        "consent": Risk.CONSENT,
        "disruptive": Risk.DISRUPTIVE,
        "privilege": Risk.PRIVILEGE,
        "cost": Risk.COST,
    }
    asked = [
        ill(f"AUM{at:03d}", cure(name, patch(f"{VM}-{at}", on=True), risk=kind))
        for at, (name, kind) in enumerate(remedies.items())
    ]
    made = plan(asked, Selection(risk=risk))
    assert set(names(made)) == planned
    reasons = {each.remedy: each.reason for each in made.left_out}
    assert reasons.keys() == remedies.keys() - planned
    for name in ("privilege", "cost"):
        assert reasons[name].endswith(f"has to be named: --remedy {name}")
    if "consent" in reasons:
        assert "--risk consent" in reasons["consent"]


def test_what_costs_or_grants_is_planned_when_named() -> None:
    start = ill("A", cure("start-machine", assess(), risk=Risk.COST))
    grant = ill("B", cure("grant", assess(OTHER), risk=Risk.PRIVILEGE), resource=OTHER)
    assert names(plan([start, grant], Selection(remedies=("start-machine",)))) == ["start-machine"]
    assert names(plan([start, grant], Selection(remedies=("start-machine", "grant")))) == ["start-machine", "grant"]


@pytest.mark.parametrize("risk", ["safe", "consent", "disruptive"])
def test_what_changes_the_guest_is_planned_only_when_named(risk: str) -> None:
    install = ill("A", cure("install-on-demand", assess()))
    made = plan([install], Selection(risk=risk))
    assert made.actions == ()
    assert "--remedy install-on-demand" in made.left_out[0].reason
    assert names(plan([install], Selection(remedies=("install-on-demand",)))) == ["install-on-demand"]


def test_named_remedies_are_the_only_ones_and_refused_ones_never_planned() -> None:
    asked = [ill("A", cure("one", assess())), ill("B", cure("two", assess(OTHER)), resource=OTHER)]
    assert names(plan(asked, Selection(remedies=("two",)))) == ["two"]
    assert names(plan(asked, Selection(refused=("two",)))) == ["one"]
    assert names(plan(asked, Selection(remedies=("two",), refused=("two",)))) == []


def test_the_second_cure_is_planned_where_the_first_may_not() -> None:
    asked = ill("A", cure("restart", assess(), risk=Risk.DISRUPTIVE), cure("wait", patch(wait=True)))
    assert names(plan([asked], Selection())) == ["wait"]
    assert names(plan([asked], EVERYTHING)) == ["restart"]


def test_what_only_a_person_can_do_is_left_out_with_its_steps() -> None:
    by_hand = cure("ask", risk=Risk.ADVICE, steps=("Ask the owner.",))
    made = plan([ill("A", by_hand), ill("B", order=2)], EVERYTHING)
    assert [each.reason for each in made.left_out] == [
        "only a person can do it",
        "no cure is known that could be made out for it",
    ]
    assert made.left_out[0].steps == ("Ask the owner.",)


def test_what_is_left_out_names_the_cure_that_would_be_made() -> None:
    advice, made_by_calls = cure("ask", risk=Risk.ADVICE), cure("fix", assess(), risk=Risk.CONSENT)
    (left,) = plan([ill("A", advice, made_by_calls)], Selection()).left_out
    assert (left.remedy, left.reason) == ("fix", "fix: it needs consent: --risk consent")


def test_a_remedys_own_line_is_quoted_only_where_there_is_one_for_each_call() -> None:
    made = plan([ill("A", cure("two", delete(), assess(), az=("az one",)))], EVERYTHING)
    assert [action.az for action in made.actions] == [delete().az_rest, assess().az_rest]


def test_the_id_of_an_action_is_that_of_its_request() -> None:
    call = patch(mode="Manual")
    louder = msgspec.structs.replace(call, path=call.path.upper())
    assert action_id(call) == action_id(louder)
    assert len(action_id(call)) == 12
    others = [patch(mode="manual"), patch(OTHER, mode="Manual"), put(VM, mode="Manual"), assess()]
    assert len({action_id(call), *map(action_id, others)}) == 5


def test_the_order_of_a_bodys_members_makes_no_other_action() -> None:
    assert action_id(patch(one=1, two=2)) == action_id(patch(two=2, one=1))


def test_changes_are_the_leaves_of_what_is_sent() -> None:
    assert changes_of(patch(os={"mode": "x", "deep": {"flag": True}}, list=[{"a": 1}], none={})) == {
        "properties.os.mode": "x",
        "properties.os.deep.flag": True,
        "properties.list": [{"a": 1}],
        "properties.none": {},
    }
    assert changes_of(assess()) == changes_of(delete()) == {}


def test_a_name_with_a_dot_is_not_taken_for_a_path() -> None:
    changes = changes_of(patch(tags={"cost.center": "1"}, mode="x"))
    assert changes == {"properties.tags": {"cost.center": "1"}, "properties.mode": "x"}


leaves = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.integers(), max_size=2)
bodies = st.dictionaries(
    st.text(min_size=1),
    st.recursive(leaves, lambda inner: st.dictionaries(st.text(min_size=1), inner, max_size=3), max_leaves=6),
    max_size=4,
)


@settings(max_examples=100, deadline=None)
@given(body=bodies)
def test_every_change_is_found_where_its_path_says(body: dict[str, Any]) -> None:
    """Names that differ in case alone are one name to Azure."""
    if _clash(body) or any("." in name for name in body):
        return
    call = ArmCall(method="PATCH", path=VM, api_version="1", body=body)
    assert all(at_path(body, path) == value for path, value in changes_of(call).items())


def _clash(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    return len({name.lower() for name in value}) < len(value) or any(map(_clash, value.values()))


def test_a_path_is_looked_up_without_case_and_never_fails() -> None:
    body = {"properties": {"osProfile": {"patchMode": "Manual"}}}
    assert at_path(body, "Properties.OSProfile.patchmode") == "Manual"
    for nothing in (None, [], "text", {"properties": None}, {"properties": ["osProfile"]}):
        assert at_path(nothing, "properties.osProfile") is None


def test_an_action_is_read_where_it_changes_something() -> None:
    assert reading_of(patch()) == reading_of(msgspec.structs.replace(patch(), method="PUT"))
    assert (reading_of(assess()).path, reading_of(assess()).with_view) == (VM, True)
    arc = assess(arc_machine().id)
    assert (reading_of(arc).path, reading_of(arc).with_view) == (arc_machine().id, False)
    register = ArmCall(
        method="POST", path="/subscriptions/s/providers/Microsoft.Maintenance/register", api_version="2021-04-01"
    )
    assert reading_of(register).path == "/subscriptions/s/providers/Microsoft.Maintenance"


def test_a_plan_of_an_estate_cures_causes_and_leaves_their_symptoms() -> None:
    unregistered = subscription(providers={**subscription().providers, "microsoft.maintenance": "NotRegistered"})
    seen = estate(
        azure_vm(patch_settings=patch_settings(patch_mode="Manual")), subscriptions=[unregistered], scheduled=True
    )
    examination = examine(seen)
    explained = {finding.check for finding in examination.findings if finding.explained_by is not None}
    made = plan_of(examination, Selection())
    cured = {finding.check for action in made.actions for finding in action.findings}
    told = {each.finding.check for each in made.left_out}
    assert not explained & (cured | told)
    assert cured | told == {finding.check for finding in examination.findings if finding.explained_by is None}
    assert names(made)[0] == "register-provider"


def test_the_fingerprint_is_that_of_what_was_seen() -> None:
    one, two = azure_vm("vm-1"), azure_vm("vm-2")
    seen = fingerprint(estate(one, two))
    assert seen == fingerprint(estate(two, one)) == fingerprint(estate(azure_vm("VM-1", resource_group="RG-Prod"), two))
    assert seen != fingerprint(estate(one))
    assert seen != fingerprint(estate(one, two, scheduled=True))
    assert seen != fingerprint(estate(one, two, configurations=[configuration(location="northeurope")]))


def test_a_sealed_plan_shows_every_change_by_hand() -> None:
    made = plan([ill("A", cure("assess", assess()))], EVERYTHING)
    sealed = PlanFile(
        tool="aumdoctor 1",
        made_at=NOW,
        collected_at=NOW,
        cloud="public",
        tenant_id=None,
        subscriptions=(),
        selection=EVERYTHING,
        estate="sha256:0",
        actions=made.actions,
        left_out=made.left_out,
    ).sealed()
    assert sealed.is_intact
    again = msgspec.json.decode(msgspec.json.encode(sealed), type=PlanFile)
    assert again == sealed
    assert again.is_intact
    for change in ({"cloud": "china"}, {"actions": ()}, {"tenant_id": "t"}, {"digest": ""}):
        assert not msgspec.structs.replace(sealed, **change).is_intact
