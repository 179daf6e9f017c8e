"""Which rule ended a run that exceeded its window."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aumdoctor.knowledge.time_rules import rule
from aumdoctor.model.finding import Confidence
from aumdoctor.model.machine import Installation
from aumdoctor.schedule.exceeded import ExceededBy, ExceededReason, explain_exceeded
from tests.builders import NOW, error_details, installation

MINUTE = timedelta(minutes=1)
WINDOW = 180 * MINUTE
LENGTHS = st.integers(0, 400).map(lambda count: count * MINUTE)


def exceeded(*texts: str, took: int | None = None, **parts: Any) -> Installation:
    """A run of `took` minutes that was marked as exceeded, with three updates left over."""
    values: dict[str, Any] = {
        "status": "Failed",
        "maintenance_window_exceeded": True,
        "installed_count": 9,
        "pending_count": 3,
        "started_at": None if took is None else NOW - took * MINUTE,
        "last_modified": NOW,
        "errors": error_details(*texts),
    }
    return installation(**{**values, **parts})


def why(
    run: Installation, length: timedelta | None = WINDOW, os: str | None = "Windows", **facts: Any
) -> ExceededReason:
    return explain_exceeded(run, length, os=os, **facts)


def test_too_little_was_left_for_the_next_update() -> None:
    reason = why(exceeded(took=162))
    assert reason.by is ExceededBy.NO_FURTHER_UPDATE
    assert reason.rules == ("windows-update", "windows-restart-reserve")
    assert reason.confidence is Confidence.HIGH
    assert reason.explanation.startswith(
        "less than 25 min were left after 9 updates (162 of 180 min, 18 left), and then no further update is begun "
        "(15 min for an update + 10 min kept for a restart)"
    )
    assert "another document sets the limit at 20 min" in reason.explanation
    assert any("scheduled-patching.md" in source for source in reason.sources)


def test_between_the_two_documented_values_it_is_less_sure() -> None:
    assert why(exceeded(took=158)).confidence is Confidence.MEDIUM
    assert why(exceeded(took=158)).by is ExceededBy.NO_FURTHER_UPDATE


def test_a_little_more_is_left_where_the_next_one_was_a_service_pack() -> None:
    reason = why(exceeded(took=152))
    assert (reason.by, reason.confidence) == (ExceededBy.NO_FURTHER_UPDATE, Confidence.LOW)
    assert reason.rules[0] == "windows-service-pack"
    assert "20 min for a service pack + 10 min kept for a restart" in reason.explanation


@pytest.mark.parametrize(("os", "took"), [("Windows", 130), ("Linux", 155), (None, 130)])
def test_with_more_time_left_than_any_rule_keeps_nothing_is_claimed(os: str | None, took: int) -> None:
    reason = why(exceeded(took=took), os=os)
    assert (reason.by, reason.confidence) == (ExceededBy.UNKNOWN, Confidence.LOW)
    assert "does not tell" in reason.explanation
    assert "no rule keeps more than" in reason.explanation


def test_the_end_of_the_window_counts_where_it_is_known_and_not_the_installation_s_start() -> None:
    late = exceeded(took=150)
    assert why(late).by is ExceededBy.NO_FURTHER_UPDATE
    assert why(late).confidence is Confidence.LOW
    reason = why(late, window_end=NOW + 16 * MINUTE)
    assert (reason.by, reason.confidence) == (ExceededBy.NO_FURTHER_UPDATE, Confidence.HIGH)
    assert "(164 of 180 min, 16 left)" in reason.explanation


def test_a_run_that_went_on_past_the_end_was_ended_by_it() -> None:
    reason = why(exceeded(took=190))
    assert (reason.by, reason.rules, reason.confidence) == (ExceededBy.WINDOW_OVER, ("window-end",), Confidence.HIGH)
    assert "until 190 min after its start, and the window has 180" in reason.explanation
    assert "3 updates not begun" in reason.explanation
    assert rule("window-end").span == timedelta(0)


@pytest.mark.parametrize(
    ("setting", "took", "needed"), [("IfRequired", 165, "20 min"), ("Never", 177, "5 min"), (None, 165, "20 min")]
)
def test_a_linux_package_wants_its_own_and_the_restart_s_minutes(setting: str | None, took: int, needed: str) -> None:
    reason = why(exceeded(took=took), os="Linux", reboot_setting=setting)
    assert (reason.by, reason.confidence) == (ExceededBy.NO_FURTHER_UPDATE, Confidence.HIGH)
    assert reason.explanation.startswith(f"no more than {needed} were left after 9 updates")
    assert reason.rules == ("linux-package-cutoff",)


def test_no_restart_was_made_for_want_of_time() -> None:
    done = exceeded(took=173, pending_count=0, reboot_status="Required")
    reason = why(done)
    assert (reason.by, reason.confidence) == (ExceededBy.RESTART_SKIPPED, Confidence.HIGH)
    assert reason.explanation == (
        "a restart was needed and less than 10 min were left (173 of 180 min, 7 left), so none was made"
    )
    assert reason.rules == ("windows-restart-reserve",)
    assert (
        "less than 15 min" in why(exceeded(took=168, pending_count=0, reboot_status="Required"), os="Linux").explanation
    )
    contradicted = why(exceeded(took=100, pending_count=0, reboot_status="Required"))
    assert (contradicted.by, contradicted.confidence) == (ExceededBy.RESTART_SKIPPED, Confidence.LOW)
    assert "do not show" in contradicted.explanation
    assert why(done, None).confidence is Confidence.MEDIUM
    # Where no restart may be made none was left out.
    assert why(done, reboot_setting="Never").by is ExceededBy.UNKNOWN


def test_both_rules_are_named_where_both_held() -> None:
    reason = why(exceeded(took=174, reboot_status="Required"))
    assert reason.by is ExceededBy.NO_FURTHER_UPDATE
    assert "a restart was needed too, but with less than 10 min left none is made" in reason.explanation
    assert reason.rules == ("windows-update", "windows-restart-reserve")
    assert (
        "restart was needed"
        not in why(exceeded(took=174, reboot_status="Required"), reboot_setting="Never").explanation
    )


def test_a_restart_came_first_and_was_late() -> None:
    run = exceeded(took=165, installed_count=0, failed_count=0, pending_count=12, reboot_status="Completed")
    reason = why(run, os="Linux")
    assert (reason.by, reason.confidence) == (ExceededBy.RESTART_BEFORE_PATCHING, Confidence.MEDIUM)
    assert reason.explanation.startswith("the machine restarted before patching and came back late (165 of 180 min")
    assert why(run).confidence is Confidence.LOW
    assert why(run, is_arc=True).rules[0] == "restart-wait-arc"


@pytest.mark.parametrize(("is_arc", "wait"), [(False, "15 min"), (True, "25 min")])
@pytest.mark.parametrize("status", ["Failed", "Started"])
def test_a_restart_that_was_not_over_in_time(is_arc: bool, wait: str, status: str) -> None:
    reason = why(exceeded(took=170, reboot_status=status), is_arc=is_arc)
    assert (reason.by, reason.confidence) == (ExceededBy.RESTART_TOO_SLOW, Confidence.MEDIUM)
    assert f"longer than the {wait} that are waited" in reason.explanation


CUTOFF = "Stopped patch installation as it is past the maintenance window cutoff time."
NO_TIME = "[RM][!] Insufficient time to schedule a required reboot (Reboot if required). [RebootPending=True]"
SLOW = "Customer environment issue: Reboot failed to proceed on the machine in a timely manner."


@pytest.mark.parametrize(
    ("text", "by", "named"),
    [
        (CUTOFF, ExceededBy.NO_FURTHER_UPDATE, "linux-package-cutoff"),
        (NO_TIME, ExceededBy.RESTART_SKIPPED, "linux-restart-reserve"),
        (SLOW, ExceededBy.RESTART_TOO_SLOW, "restart-wait"),
    ],
)
def test_what_the_errors_say_goes_before_the_clock(text: str, by: ExceededBy, named: str) -> None:
    for run in (exceeded(text, took=100), exceeded(text)):
        reason = why(run, os="Linux")
        assert (reason.by, reason.rules, reason.confidence) == (by, (named,), Confidence.HIGH)


def test_errors_about_an_update_and_the_restart_name_both_rules() -> None:
    reason = why(exceeded("1 error/s reported.", CUTOFF, NO_TIME, took=168), os="Linux")
    assert reason.by is ExceededBy.NO_FURTHER_UPDATE
    assert reason.rules == ("linux-package-cutoff", "linux-restart-reserve")
    assert "nor was the restart made" in reason.explanation


def test_without_times_the_likeliest_rule_is_named_as_such() -> None:
    for run, length in ((exceeded(), WINDOW), (exceeded(took=162), None)):
        reason = why(run, length)
        assert (reason.by, reason.confidence) == (ExceededBy.NO_FURTHER_UPDATE, Confidence.MEDIUM)
    assert "(after 162 min)" in why(exceeded(took=162), None).explanation
    assert why(exceeded(pending_count=0)).by is ExceededBy.UNKNOWN


def test_nothing_installed_is_before_the_first_update() -> None:
    run = exceeded(took=165, installed_count=0, reboot_status="NotNeeded")
    assert "were left before the first update" in why(run).explanation
    assert "were left at some point" in why(exceeded(took=165, installed_count=None)).explanation


@settings(max_examples=200, deadline=None)
@given(
    took=st.none() | st.integers(0, 300),
    length=st.none() | LENGTHS,
    counts=st.tuples(*(st.none() | st.integers(0, 3) for _ in range(3))),
    status=st.sampled_from([None, "NotNeeded", "Required", "Started", "Failed", "Completed", "New"]),
    os=st.sampled_from([None, "Windows", "Linux"]),
    is_arc=st.booleans(),
    setting=st.sampled_from([None, "Never", "Always"]),
    end=st.none() | st.integers(-100, 100),
)
def test_every_run_gets_an_answer_that_rests_on_rules(
    took: int | None,
    length: timedelta | None,
    counts: tuple[int | None, int | None, int | None],
    status: str | None,
    os: str | None,
    is_arc: bool,
    setting: str | None,
    end: int | None,
) -> None:
    installed, failed, pending = counts
    run = exceeded(
        took=took, installed_count=installed, failed_count=failed, pending_count=pending, reboot_status=status
    )
    window_end = None if end is None else NOW + end * MINUTE
    reason = explain_exceeded(run, length, os=os, is_arc=is_arc, reboot_setting=setting, window_end=window_end)
    assert reason.rules
    assert reason.sources
    assert not reason.explanation.endswith(".")
    if reason.by is ExceededBy.UNKNOWN:
        assert reason.confidence is Confidence.LOW
    if reason.by is ExceededBy.RESTART_SKIPPED:
        assert setting != "Never"
