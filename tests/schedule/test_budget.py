"""Does the backlog fit into the window?"""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aumdoctor.knowledge.time_rules import rule
from aumdoctor.schedule.budget import Backlog, Spread, budget, last_install_start

MINUTE = timedelta(minutes=1)
WINDOW = 180 * MINUTE


def windows(counts: dict[str, int] | None, **parts: Any) -> Backlog:
    return Backlog(counts=counts, os="Windows", **parts)


def linux(packages: int, **parts: Any) -> Backlog:
    return Backlog(counts={"security": packages}, os="Linux", **parts)


def minutes(span: timedelta | None) -> int:
    assert span is not None
    return span // MINUTE


def test_windows_updates_take_fifteen_minutes_or_ten_and_ten_are_kept_for_a_restart() -> None:
    reckoned = budget(windows({"security": 10, "critical": 2}), WINDOW)
    assert minutes(reckoned.needed_most) == 12 * 15 + 10
    assert minutes(reckoned.needed_least) == 12 * 10 + 10
    assert "12 updates x 15 min + 10 min kept for a restart = 190 min; the window has 180 min." in reckoned.explanation
    assert "12 updates x 10 min + 10 min kept for a restart = 130 min" in reckoned.explanation
    assert "workflow-update-manager.md" in reckoned.explanation
    assert "estimate" in reckoned.explanation


@pytest.mark.parametrize(
    ("updates", "fits", "said"),
    [(11, True, "It fits."), (12, None, "depends"), (17, None, "depends"), (18, False, "not fit")],
)
def test_where_the_documents_disagree_nothing_is_said(updates: int, fits: bool | None, said: str) -> None:
    reckoned = budget(windows({"updates": updates}), WINDOW)
    assert reckoned.fits is fits
    assert said in reckoned.explanation


def test_what_needs_the_whole_window_fits_by_the_minute() -> None:
    eleven = windows({"security": 11})
    assert budget(eleven, 175 * MINUTE).fits is True
    assert budget(eleven, 174 * MINUTE).fits is None
    assert budget(eleven, 120 * MINUTE).fits is None
    assert budget(eleven, 119 * MINUTE).fits is False


def test_a_service_pack_takes_five_minutes_more() -> None:
    reckoned = budget(windows({"servicepack": 1, "security": 1}), WINDOW)
    assert minutes(reckoned.needed_most) == 20 + 15 + 10
    assert minutes(reckoned.needed_least) == 15 + 10 + 10
    assert "1 service pack x 20 min + 1 update x 15 min" in reckoned.explanation
    alone = budget(windows({"servicePack": 2}), WINDOW)
    assert minutes(alone.needed_most) == 50
    assert rule("windows-service-pack").elsewhere in alone.explanation


@pytest.mark.parametrize(("packages", "needed"), [(1, 5), (2, 10), (3, 15), (4, 17), (10, 29)])
def test_linux_packages_take_five_minutes_each_and_two_from_the_fourth_on(packages: int, needed: int) -> None:
    reckoned = budget(linux(packages), WINDOW)
    assert minutes(reckoned.needed_most) == minutes(reckoned.needed_least) == needed + 15
    assert reckoned.fits is True
    never = budget(linux(packages, reboot_setting="Never"), WINDOW)
    assert minutes(never.needed_most) == needed


def test_a_linux_backlog_that_does_not_fit_has_its_arithmetic() -> None:
    reckoned = budget(linux(80), WINDOW)
    assert reckoned.fits is False
    expected = "80 packages: 3 x 5 min + 77 x 2 min + 15 min kept for a restart = 184 min; the window has 180 min."
    assert expected in reckoned.explanation
    assert budget(linux(80, reboot_setting="NeverReboot"), WINDOW).fits is True


def test_on_arc_linux_the_sources_disagree_about_the_restart_s_minutes() -> None:
    reckoned = budget(linux(80, is_arc=True), WINDOW)
    assert (minutes(reckoned.needed_least), minutes(reckoned.needed_most)) == (169, 184)
    assert reckoned.fits is None
    assert "nothing is kept on Arc-enabled servers" in reckoned.explanation
    assert reckoned.last_reboot_start == Spread(least=timedelta(0), most=15 * MINUTE)


@pytest.mark.parametrize("setting", ["Never", "NeverReboot", "never"])
def test_windows_keeps_its_ten_minutes_even_where_no_restart_is_made(setting: str) -> None:
    reckoned = budget(windows({"security": 11}, reboot_setting=setting), WINDOW)
    assert minutes(reckoned.needed_most) == 175
    assert (reckoned.reboot_fits, reckoned.last_reboot_start) == (None, None)


def test_a_restart_is_waited_for_fifteen_minutes_and_twenty_five_on_arc() -> None:
    # 10 updates take 150 min at most: a restart of an Azure VM is over by 165, of an Arc server by 175.
    for is_arc, wait in ((False, 15), (True, 25)):
        ten = windows({"security": 10}, is_arc=is_arc)
        assert budget(ten, (150 + wait) * MINUTE).reboot_fits is True
        assert budget(ten, (150 + wait - 1) * MINUTE).reboot_fits is None
        assert budget(ten, 109 * MINUTE).reboot_fits is False
    assert rule("restart-wait").span == 15 * MINUTE
    assert rule("restart-wait-arc").span == 25 * MINUTE


def test_a_restart_that_is_pending_may_come_first() -> None:
    reckoned = budget(windows({"security": 11}, reboot_pending=True), WINDOW)
    assert (minutes(reckoned.needed_least), minutes(reckoned.needed_most)) == (120, 190)
    assert "up to 15 min for the restart that is pending" in reckoned.explanation
    assert reckoned.fits is None
    assert budget(windows({"security": 11}, reboot_pending=True, reboot_setting="Never"), WINDOW).fits is True


@pytest.mark.parametrize(
    ("os", "parts", "least", "most"),
    [
        ("Windows", {}, 20, 25),
        ("windows", {"reboot_setting": "Never"}, 20, 25),
        ("Linux", {}, 20, 20),
        ("linux", {"reboot_setting": "Never"}, 5, 5),
        ("linux", {"is_arc": True}, 5, 20),
    ],
)
def test_the_last_update_begins_while_enough_is_left(os: str, parts: dict[str, Any], least: int, most: int) -> None:
    start = last_install_start(os, **parts)
    assert start == Spread(least=least * MINUTE, most=most * MINUTE)
    assert start.is_disputed is (least != most)


def test_the_last_package_begins_while_more_than_twenty_minutes_are_left() -> None:
    cutoff = rule("linux-package-cutoff").span
    assert cutoff == rule("linux-package").span + rule("linux-restart-reserve").span == 20 * MINUTE
    reckoned = budget(linux(1), WINDOW)
    assert reckoned.last_install_start == Spread(least=cutoff, most=cutoff)
    assert "The last update can begin 20 min before the end, that is 160 min after the start." in reckoned.explanation


def test_a_window_shorter_than_any_rule_begins_nothing() -> None:
    reckoned = budget(windows({"security": 1}), 15 * MINUTE)
    assert reckoned.fits is False
    assert "No update is begun at all" in reckoned.explanation


@pytest.mark.parametrize(
    ("backlog", "missing"),
    [
        (windows(None), "how many updates are pending"),
        (Backlog(counts={"security": 1}, os=None), "which operating system"),
        (Backlog(counts={"security": 1}, os="plan9"), "which operating system"),
    ],
)
def test_what_is_not_known_is_no_fit(backlog: Backlog, missing: str) -> None:
    reckoned = budget(backlog, WINDOW)
    assert (reckoned.fits, reckoned.reboot_fits, reckoned.needed_least, reckoned.needed_most) == (None,) * 4
    assert missing in reckoned.explanation


def test_without_updates_there_is_nothing_to_fit() -> None:
    for empty in (windows({}), windows({"security": 0}), linux(0)):
        reckoned = budget(empty, 90 * MINUTE)
        assert reckoned.fits is True
        assert reckoned.explanation.startswith("Nothing is pending")


BACKLOGS = st.builds(
    Backlog,
    counts=st.dictionaries(st.sampled_from(["security", "critical", "servicepack", "other"]), st.integers(0, 60)),
    os=st.sampled_from(["Windows", "Linux"]),
    is_arc=st.booleans(),
    reboot_setting=st.sampled_from([None, "IfRequired", "Never", "Always"]),
    reboot_pending=st.booleans(),
)
LENGTHS = st.integers(0, 400).map(lambda count: count * MINUTE)


@settings(max_examples=150, deadline=None)
@given(backlog=BACKLOGS, length=LENGTHS, longer=LENGTHS)
def test_a_longer_window_never_fits_worse(backlog: Backlog, length: timedelta, longer: timedelta) -> None:
    order = {False: 0, None: 1, True: 2}
    short, long = budget(backlog, length), budget(backlog, length + longer)
    assert short.needed_least is not None
    assert short.needed_most is not None
    assert short.needed_least <= short.needed_most
    assert order[short.fits] <= order[long.fits]
    assert short.needed_most == long.needed_most
    # What fits by the sum can begin its last update by the rule of the clock.
    if short.fits and backlog.total:
        assert short.last_install_start is not None
        assert short.last_install_start.least <= length


@settings(max_examples=100, deadline=None)
@given(backlog=BACKLOGS, length=LENGTHS)
def test_one_update_more_never_fits_better(backlog: Backlog, length: timedelta) -> None:
    order = {False: 0, None: 1, True: 2}
    counts = dict(backlog.counts or {})
    more = Backlog(
        counts={**counts, "security": counts.get("security", 0) + 1},
        os=backlog.os,
        is_arc=backlog.is_arc,
        reboot_setting=backlog.reboot_setting,
        reboot_pending=backlog.reboot_pending,
    )
    assert order[budget(more, length).fits] <= order[budget(backlog, length).fits]
