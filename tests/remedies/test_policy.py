"""What a policy lets be done: its freezes, its machines, and what makes no sense in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aumdoctor.checks.context import Context
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Unknown
from aumdoctor.remedies.catalogue import BY_NAME
from aumdoctor.remedies.plan import FindingRef, Plan, PlannedAction
from aumdoctor.remedies.policy import (
    DEFAULT_ALLOWED,
    Freeze,
    Included,
    Limits,
    Machines,
    Matching,
    Policy,
    Remedies,
    faults,
    frozen,
    narrowed,
    zone_of,
)
from aumdoctor.remedies.remedy import ArmCall, Risk
from tests.builders import (
    NOW,
    OTHER_SUBSCRIPTION,
    SUBSCRIPTION,
    azure_vm,
    configuration,
    dynamic_scope,
    estate,
    static_assignment,
    subscription,
)
from tests.report.planned import action, assessed_daily

BERLIN = ZoneInfo("Europe/Berlin")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def policy(**members: Any) -> Policy:
    return Policy(version=1, **members)


def wrong(**members: Any) -> dict[str, tuple[str, str]]:
    return {fault.key: (fault.said, fault.advice) for fault in faults(policy(**members))}


# remedies


def test_without_a_policy_only_safe_remedies_are_made() -> None:
    assert policy().allowed == DEFAULT_ALLOWED
    assert {BY_NAME[name].risk for name in DEFAULT_ALLOWED} == {Risk.SAFE}
    assert wrong() == {}


def test_a_policy_narrows_and_widens() -> None:
    assert policy(remedies=Remedies(refuse=("assess-now",))).allowed == tuple(
        name for name in DEFAULT_ALLOWED if name != "assess-now"
    )
    wide = Remedies(allow=("restart-machine", "assess-now"), consent=("restart-machine",))
    assert wrong(remedies=wide) == {}
    assert policy(remedies=wide).selection.objection(BY_NAME["assess-now"]) is None  # type: ignore[arg-type]
    assert policy(remedies=wide).selection.objection(BY_NAME["register-provider"]) is not None  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [name for name, kind in BY_NAME.items() if kind.risk is not Risk.SAFE])
def test_nothing_above_safe_is_made_without_consent(name: str) -> None:
    assert "remedies.allow" in wrong(remedies=Remedies(allow=(name,)))
    consented = wrong(remedies=Remedies(allow=(name,), consent=(name,)))
    assert ("remedies.allow" in consented) is (BY_NAME[name].risk is Risk.ADVICE), "no consent makes a program a person"


def test_what_makes_no_sense_is_said_with_its_key() -> None:
    assert wrong(remedies=Remedies(allow=("asess-now",)))["remedies.allow"][1] == "did you mean 'assess-now'?"
    assert (
        "stands in allow as well"
        in wrong(remedies=Remedies(allow=("assess-now",), refuse=("assess-now",)))["remedies.refuse"][0]
    )
    assert "remedies.consent" in wrong(remedies=Remedies(consent=("restart-machine",)))
    # An empty list of remedies must never be read as: no restriction.
    assert "it leaves no remedy" in wrong(remedies=Remedies(allow=()))["remedies"][0]
    assert "it leaves no remedy" in wrong(remedies=Remedies(refuse=DEFAULT_ALLOWED))["remedies"][0]
    assert "machines.exclude.tags" in wrong(machines=Machines(exclude=Matching(tags=("tier",))))
    assert "limits.stop-on-errors" in wrong(limits=Limits(stop_on_errors="120%"))


# freezes


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def test_a_freeze_of_some_days_holds_from_its_beginning_to_its_end_and_not_at_it() -> None:
    rules = policy(
        freeze=(Freeze(from_="2026-12-20T00:00:00", until="2027-01-07T06:00:00", time_zone="Europe/Berlin"),)
    )
    assert wrong(freeze=rules.freeze) == {}
    assert frozen(rules, at("2026-12-19T23:59:59")) is None
    held = frozen(rules, at("2026-12-20T00:00:00"))
    assert held is not None
    assert held.until == at("2027-01-07T06:00:00")
    assert held.said == (
        "nothing is written in a freeze, which lasts until 2027-01-07 05:00 UTC (2027-01-07 06:00 Europe/Berlin)"
    )
    assert frozen(rules, at("2027-01-07T05:59:59")) is not None
    assert frozen(rules, at("2027-01-07T06:00:00")) is None


@pytest.mark.parametrize("zone", ["Europe/Berlin", "europe/berlin", "W. Europe Standard Time"])
def test_a_weekly_freeze_over_midnight_belongs_to_the_day_on_which_it_begins(zone: str) -> None:
    rules = policy(freeze=(Freeze(name="weekend", days=("Fri", "Sat"), hours="18:00-06:00", time_zone=zone),))
    friday = "2026-06-12"
    assert frozen(rules, at(f"{friday}T17:59:59")) is None
    held = frozen(rules, at(f"{friday}T18:00:00"))
    assert held is not None
    assert held.until == at("2026-06-13T06:00:00")
    assert held.said.startswith("nothing is written in the freeze weekend, which lasts until 2026-06-13 04:00 UTC")
    assert frozen(rules, at("2026-06-12T03:00:00")) is None, "the night to Friday began on Thursday"
    assert frozen(rules, at("2026-06-14T05:59:59")) is not None, "the night to Sunday began on Saturday"
    assert frozen(rules, at("2026-06-14T19:00:00")) is None


def test_freezes_that_follow_upon_each_other_end_together() -> None:
    rules = policy(freeze=(Freeze(days=("Sat", "Sun")), Freeze(days=("Mon",), hours="00:00-08:00")))
    held = frozen(rules, datetime(2026, 6, 13, 1, tzinfo=UTC))
    assert held is not None
    assert held.until == datetime(2026, 6, 15, 8, tzinfo=UTC)
    always = frozen(policy(freeze=(Freeze(hours="00:00-24:00"),)), NOW)
    assert always is not None
    assert always.until > NOW


def test_in_the_hour_that_the_clock_repeats_a_freeze_is_the_longer_one() -> None:
    rules = policy(
        freeze=(Freeze(from_="2026-10-25T02:30:00", until="2026-10-25T02:45:00", time_zone="Europe/Berlin"),)
    )
    first, second = (at("2026-10-25T02:30:00").replace(fold=fold) for fold in (0, 1))
    assert frozen(rules, first) is not None
    assert frozen(rules, second) is not None
    nightly = policy(freeze=(Freeze(hours="02:15-02:45", time_zone="Europe/Berlin"),))
    for minute in range(75):
        assert frozen(nightly, at("2026-10-25T02:15:00").astimezone(UTC) + timedelta(minutes=minute)) is not None


def test_in_the_hour_that_the_clock_skips_a_freeze_ends_late_and_begins_early() -> None:
    """2026-03-29 in Berlin 02:00 is 03:00."""
    once = Freeze(from_="2026-03-29T00:00:00", until="2026-03-29T02:30:00", time_zone="Europe/Berlin")
    for freeze in (once, Freeze(hours="00:00-02:30", time_zone="Europe/Berlin")):
        held = frozen(policy(freeze=(freeze,)), at("2026-03-29T01:45:00"))
        assert held is not None
        assert held.until == datetime(2026, 3, 29, 1, 30, tzinfo=UTC), "two and a half hours from midnight on"
    once = Freeze(from_="2026-03-29T02:30:00", until="2026-03-29T04:00:00", time_zone="Europe/Berlin")
    for freeze in (once, Freeze(hours="02:30-04:00", time_zone="Europe/Berlin")):
        assert frozen(policy(freeze=(freeze,)), at("2026-03-29T01:29:59")) is None
        assert frozen(policy(freeze=(freeze,)), at("2026-03-29T01:30:00")) is not None


@pytest.mark.parametrize("days", [("Sat",), ("Sun",), ("Sat", "Sun")])
def test_a_day_whose_midnight_is_skipped_is_frozen_as_a_whole(days: tuple[Any, ...]) -> None:
    """2026-09-06, a Sunday, begins at 01:00 in Santiago: 04:00 UTC."""
    rules = policy(freeze=(Freeze(days=days, time_zone="America/Santiago"),))
    saturday, sunday, monday = (datetime(2026, 9, day, hour, tzinfo=UTC) for day, hour in ((5, 4), (6, 4), (7, 3)))
    begins, ends = (saturday if "Sat" in days else sunday), (monday if "Sun" in days else sunday)
    minutes = int((ends - begins) / timedelta(minutes=1))
    assert all(frozen(rules, begins + timedelta(minutes=minute)) is not None for minute in range(minutes))
    assert frozen(rules, ends) is None
    early = frozen(rules, sunday - timedelta(minutes=30))
    assert early is not None, "the midnight to Sunday is the earlier one where it begins, the later where it ends"
    assert early.until == ends


CHANGES = {
    "Europe/Berlin": (datetime(2026, 3, 29, 2), datetime(2026, 10, 25, 2)),
    "America/Santiago": (datetime(2026, 4, 4, 23), datetime(2026, 9, 6, 0)),
    "Australia/Lord_Howe": (datetime(2026, 4, 5, 1, 30), datetime(2026, 10, 4, 2)),
    "Atlantic/Azores": (datetime(2026, 3, 29, 0), datetime(2026, 10, 25, 0)),
}
"""Where the clock skips or repeats some minutes, by the clock on the wall."""


@st.composite
def spans_at_a_change(draw: st.DrawFn) -> tuple[str, datetime, datetime]:
    """A time zone and a span by the clock on the wall that lies near a change of the clock."""
    zone = draw(st.sampled_from(sorted(CHANGES)))
    first = draw(st.sampled_from(CHANGES[zone])) + timedelta(minutes=draw(st.integers(-24 * 60, 3 * 60)))
    return zone, first, first + timedelta(minutes=draw(st.integers(1, 24 * 60)))


@settings(max_examples=300, deadline=None)
@given(spans_at_a_change(), st.floats(0, 1), st.booleans())
def test_a_freeze_covers_all_that_the_clock_on_the_wall_says_whatever_the_clock_does(
    span: tuple[str, datetime, datetime], share: float, once: bool
) -> None:
    zone, first, last = span
    if once:
        freeze = Freeze(from_=first.isoformat(), until=last.isoformat(), time_zone=zone)
    else:
        freeze = Freeze(days=(DAYS[first.weekday()],), hours=f"{first:%H:%M}-{last:%H:%M}", time_zone=zone)  # type: ignore[arg-type]
    rules = policy(freeze=(freeze,))
    wall = (first + (last - first) * share * 0.999999).replace(tzinfo=ZoneInfo(zone))
    for instant in (wall.replace(fold=fold).astimezone(UTC) for fold in (0, 1)):
        is_shown = instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == wall.replace(tzinfo=None)
        assert frozen(rules, instant) is not None or not is_shown, "whichever of the two hours that a time can mean"
    edges = [
        [each.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC) for fold in (0, 1)] for each in (first, last)
    ]
    held = frozen(rules, min(edges[0]))
    assert held is not None
    assert held.until == max(edges[1])
    if edges[0][0] > edges[0][1] or edges[1][0] > edges[1][1]:
        assert held.until - min(edges[0]) >= last - first, "an edge that is skipped shortens nothing"


@settings(max_examples=150, deadline=None)
@given(
    st.datetimes(datetime(2025, 1, 1), datetime(2030, 1, 1)),
    st.sets(st.sampled_from(DAYS), min_size=1),
    st.times(),
    st.times(),
    st.sampled_from(["UTC", "Europe/Berlin", "America/Sao_Paulo", "Asia/Kolkata", "Pacific/Kiritimati"]),
)
def test_a_weekly_freeze_is_what_the_clock_on_the_wall_says(
    moment: datetime, days: set[Any], first: Any, last: Any, zone: str
) -> None:
    """Told once more in another way: by the local time alone. Around a change of the clock they may differ."""
    freeze = Freeze(days=tuple(days), hours=f"{first:%H:%M}-{last:%H:%M}", time_zone=zone)
    local = moment.replace(tzinfo=ZoneInfo(zone))
    if (
        local.utcoffset() != (local + timedelta(days=1)).utcoffset()
        or local.utcoffset() != (local - timedelta(days=1)).utcoffset()
    ):
        return
    today, yesterday = DAYS[moment.weekday()], DAYS[moment.weekday() - 1]
    now, begins, ends = (each.hour * 60 + each.minute for each in (moment, first, last))
    if begins < ends:
        expected = today in days and begins <= now < ends
    else:
        expected = (today in days and now >= begins) or (yesterday in days and now < ends)
    assert (frozen(policy(freeze=(freeze,)), local.astimezone(UTC)) is not None) is expected


@pytest.mark.parametrize(
    ("freeze", "key", "told"),
    [
        (Freeze(), "freeze 1", "does not say when"),
        (Freeze(from_="2026-12-20T00:00:00", until="2026-12-21T00:00:00", days=("Fri",)), "freeze 1", "both once"),
        (Freeze(from_="2026-12-20T00:00:00"), "freeze 1.until", "missing"),
        (Freeze(from_="2026-12-20", until="2026-12-21T00:00:00"), "freeze 1.from", "no date and time"),
        (Freeze(from_="2026-12-20T00:00:00", until="2026-12-19T00:00:00"), "freeze 1.until", "not later"),
        (Freeze(hours="6-18"), "freeze 1.hours", "no span of hours"),
        (Freeze(hours="18:00-24:30"), "freeze 1.hours", "no span of hours"),
        (Freeze(days=("Fri",), time_zone="Europe/Berlinn"), "freeze 1.time-zone", "no time zone"),
    ],
)
def test_a_freeze_that_cannot_be_read_is_a_fault(freeze: Freeze, key: str, told: str) -> None:
    assert told in wrong(freeze=(freeze,))[key][0]


def test_the_nearest_time_zone_is_named() -> None:
    found = [
        wrong(freeze=(Freeze(days=("Fri",), time_zone=name),)) for name in ("Europe/Berlinn", "W Europe Standard Time")
    ]
    assert [each["freeze 1.time-zone"][1] for each in found] == [
        "did you mean 'Europe/Berlin'?",
        "did you mean 'W. Europe Standard Time'?",
    ]
    assert zone_of("../../etc/passwd") is None


# machines


def kept(rules: Policy, *actions: PlannedAction, seen: Any, **more: Any) -> Plan:
    made = Plan(actions=actions, left_out=())
    return narrowed(made, rules, Context(seen, NOW), more.get("findings", ()), more.get("unknowns", ()))


def names(plan: Plan) -> list[str]:
    return [each.target.path.rpartition("/")[2] for each in plan.actions]


def choice(include: Matching | None = None, exclude: Matching | None = None) -> Policy:
    return policy(machines=Machines(include=include or Included(), exclude=exclude or Matching()))


WEB, SQL = azure_vm("web-1", tags={"Tier": "web"}), azure_vm("sql-1", tags={"tier": "db"})
BOTH = (assessed_daily("web-1"), assessed_daily("sql-1"))


@pytest.mark.parametrize(
    ("rules", "left"),
    [
        (choice(), ["web-1", "sql-1"]),
        (choice(exclude=Matching(tags=("TIER=web",))), ["sql-1"]),
        (choice(exclude=Matching(tags=("tier=WEB",))), ["web-1", "sql-1"]),
        (choice(exclude=Matching(tags=("tier=*",))), []),
        (choice(include=Included(tags=("tier=web", "tier=app"))), ["web-1"]),
        (choice(include=Included(names=("WEB-*",))), ["web-1"]),
        (choice(include=Included(names=("*-1",), tags=("tier=db",))), ["sql-1"]),
        (choice(include=Included(names=("*-1",)), exclude=Matching(names=("sql-?",))), ["web-1"]),
        (choice(include=Included(resource_groups=("RG-PROD",))), ["web-1", "sql-1"]),
        (choice(exclude=Matching(resource_groups=("rg-prod",))), []),
        (choice(include=Included(subscriptions=("production",))), ["web-1", "sql-1"]),
        (choice(include=Included(subscriptions=(OTHER_SUBSCRIPTION,))), []),
        (choice(exclude=Matching(subscriptions=(SUBSCRIPTION.upper(),))), []),
    ],
)
def test_machines_are_chosen_by_tag_place_and_name(rules: Policy, left: list[str]) -> None:
    seen = estate(WEB, SQL, subscriptions=(subscription(name="Production"),))
    made = kept(rules, *BOTH, seen=seen)
    assert names(made) == left
    assert {each.finding.resource_id for each in made.left_out} == {
        each.machines[0] for each in BOTH if each not in made.actions
    }


def test_a_machine_that_was_not_seen_is_not_taken_for_one_that_is_included() -> None:
    made = kept(choice(exclude=Matching(tags=("tier=db",))), *BOTH, seen=estate(WEB))
    assert names(made) == ["web-1"]
    assert "could not be read" in made.left_out[0].reason
    malformed = azure_vm("sql-1", malformed="no object")
    made = kept(choice(exclude=Matching(tags=("tier=db",))), *BOTH, seen=estate(WEB, malformed))
    assert names(made) == ["web-1"]


def test_a_schedule_touches_every_machine_under_it() -> None:
    schedule = configuration()
    seen = estate(WEB, SQL, configurations=[schedule], assignments=[static_assignment(each) for each in (WEB, SQL)])
    longer = action(
        "lengthen-window", ArmCall(method="PATCH", path=schedule.id, api_version="1", body={"a": 1}), WEB.id
    )
    assert kept(choice(exclude=Matching(names=("sql-*",))), longer, seen=seen).actions == ()
    assert kept(choice(exclude=Matching(names=("app-*",))), longer, seen=seen).actions == (longer,)


def test_an_assignment_touches_every_machine_in_its_scope() -> None:
    scope = dynamic_scope(configuration())
    seen = estate(WEB, SQL, configurations=[configuration()], assignments=[scope])
    wider = action("widen-dynamic-scope", ArmCall(method="PUT", path=scope.id, api_version="1", body={"a": 1}), WEB.id)
    assert kept(choice(exclude=Matching(names=("sql-*",))), wider, seen=seen).actions == ()
    assert kept(choice(exclude=Matching(names=("app-*",))), wider, seen=seen).actions == (wider,)


def test_a_remediation_task_touches_every_machine_in_its_scope() -> None:
    seen = estate(WEB, SQL)

    def task(scope: str) -> PlannedAction:
        path = f"{scope}/providers/Microsoft.PolicyInsights/remediations/aumdoctor-1"
        call = ArmCall(method="PUT", path=path, api_version="1", body={"a": 1})
        return action("remediate-policy", call, WEB.id)

    without_sql = choice(exclude=Matching(names=("sql-*",)))
    for scope in (f"/subscriptions/{SUBSCRIPTION}", "/providers/Microsoft.Management/managementGroups/root"):
        assert kept(without_sql, task(scope), seen=seen).actions == ()
    assert len(kept(without_sql, task(WEB.id), seen=seen).actions) == 1


def test_a_provider_counts_for_its_subscription() -> None:
    path = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Maintenance/register"
    register = action("register-provider", ArmCall(method="POST", path=path, api_version="1"), WEB.id)
    seen = estate(WEB, subscriptions=(subscription(name="Production"),))
    assert kept(choice(exclude=Matching(names=("*",))), register, seen=seen).actions == (register,)
    assert kept(choice(include=Included(tags=("a=b",))), register, seen=seen).actions == (register,)
    assert kept(choice(exclude=Matching(subscriptions=("Production",))), register, seen=seen).actions == ()
    assert kept(choice(include=Included(subscriptions=("Staging",))), register, seen=seen).actions == ()


def test_a_remedy_of_two_requests_is_made_whole_or_not_at_all() -> None:
    ref = (FindingRef(check="AUM071", resource_id=WEB.id),)
    first = assessed_daily("web-1", findings=ref)
    second = assessed_daily("sql-1", findings=ref, after=(first.id,))
    third = assessed_daily("app-1", after=(second.id,))
    seen = estate(WEB, SQL, azure_vm("app-1"))
    made = kept(choice(exclude=Matching(names=("sql-*",))), first, second, third, seen=seen)
    assert made.actions == ()
    assert len({each.finding for each in made.left_out}) == len(made.left_out) == 2


@pytest.mark.parametrize("check", ["AUM036", "AUM049"])
def test_a_vm_is_set_to_its_schedule_only_where_hotpatching_and_image_are_beyond_doubt(check: str) -> None:
    call = ArmCall(method="PATCH", path=WEB.id, api_version="1", body={"a": 1})
    managed = action("customer-managed-schedule", call, WEB.id)
    doubt = Unknown(check=check, resource_id=WEB.id.upper(), fact=Fact.MACHINE, reason="it was not read")
    assert kept(policy(), managed, seen=estate(WEB)).actions == (managed,)
    made = kept(policy(), managed, seen=estate(WEB), unknowns=(doubt,))
    assert made.actions == ()
    assert f"({check}) could not be told: it was not read" in made.left_out[0].reason
