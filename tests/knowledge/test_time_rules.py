"""The table of the rules of time: every rule has a source and a test that exists, and the numbers are pinned."""

import ast
import re
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest

from aumdoctor.knowledge.service import limit
from aumdoctor.knowledge.time_rules import TimeRule, rule, time_rules
from aumdoctor.report.time_rules import page
from aumdoctor.schedule.duration import LONGEST_WINDOW, SHORTEST_WINDOW

ROOT = Path(__file__).parents[2]
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@cache
def named_tests(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize("each", time_rules().rows, ids=lambda each: each.name)
def test_every_rule_is_held_by_a_test_that_exists(each: TimeRule) -> None:
    path, separator, name = each.held_by.partition("::")
    assert separator
    assert (ROOT / path).is_file(), f"{each.name}: there is no {path}"
    assert name.startswith("test_")
    assert name in named_tests(path), f"{each.name}: {path} has no {name}"


@pytest.mark.parametrize("each", time_rules().rows, ids=lambda each: each.name)
def test_every_rule_says_what_it_means_and_where_it_stands(each: TimeRule) -> None:
    assert each.means.endswith(".")
    assert each.source
    given = [count for count in (each.minutes, each.hours, each.days, each.number) if count is not None]
    assert len(given) <= 1
    if each.elsewhere_span is not None:
        assert each.elsewhere, f"{each.name}: another value without its document"
        assert each.elsewhere_span != each.span
    # What no document says is called so, and what the doctor does instead is told.
    if "not documented" in each.source:
        assert re.search(r"the rule here (is|follows)", each.source)


def test_a_rule_is_found_by_its_name() -> None:
    assert rule("windows-update").span == 15 * MINUTE
    assert rule("windows-update").elsewhere_span == 10 * MINUTE
    assert rule("windows-restart-reserve").elsewhere_span is None
    assert rule("recreated-machine").span == 8 * HOUR
    assert rule("recreated-machine").elsewhere_span == 12 * HOUR
    with pytest.raises(KeyError):
        rule("none")


def test_the_lengths_of_windows_are_those_of_the_service_limits() -> None:
    assert rule("shortest-window").span == SHORTEST_WINDOW == limit("shortest-window-minutes").value * MINUTE
    assert rule("longest-window").span == LONGEST_WINDOW == limit("longest-window-minutes").value * MINUTE
    assert rule("longest-on-demand").span == 235 * MINUTE
    assert rule("longest-window").elsewhere_span == 4 * HOUR
    assert rule("longest-window").elsewhere == limit("longest-window-minutes").elsewhere.replace("240", "4 h")


def test_the_numbers_of_recurrence_stand_in_the_table() -> None:
    assert rule("shortest-repeat").span == 6 * HOUR
    assert rule("longest-hourly-repeat").span == 35 * HOUR
    assert rule("highest-repeat-count").number == 35
    assert rule("highest-offset").span == 6 * DAY
    assert rule("longest-name").number == 128


def test_the_leads_before_a_start_stand_in_the_table() -> None:
    for name in ("creation-lead", "change-lead", "machine-on-lead", "new-machine-delay", "evaluation-delay-new"):
        assert rule(name).span == 15 * MINUTE
    assert rule("change-lead-with-pre-event").span == 40 * MINUTE
    assert rule("earlier-start-lead").span == HOUR
    assert rule("evaluation-delay-existing").span == 3 * MINUTE


@pytest.mark.parametrize("name", ["evaluation-delay-new", "evaluation-delay-existing"])
def test_the_minutes_before_midnight_follow_from_the_delay_of_evaluation(name: str) -> None:
    delay = rule(name).span // MINUTE
    assert f"between 23:{60 - delay} and 00:00" in rule(name).means


def test_the_timeline_of_events_stands_in_the_table() -> None:
    assert rule("pre-event-earliest").span == rule("change-lead-with-pre-event").span == 40 * MINUTE
    assert rule("pre-event-latest").span == 30 * MINUTE
    assert rule("cancel-lead").span == 10 * MINUTE
    assert rule("cancel-lead").elsewhere_span == MINUTE
    # A handler has the time between the latest event and the last moment to cancel.
    assert rule("event-handler").span == rule("pre-event-latest").span - rule("cancel-lead").span == 20 * MINUTE
    assert rule("post-event-handler").span == 20 * MINUTE


def test_the_waits_between_runs_stand_in_the_table() -> None:
    assert rule("recreate-configuration-wait").span == 20 * MINUTE
    assert rule("recreated-machine").span == 8 * HOUR
    assert rule("pending-update-retry").span == 120 * HOUR
    assert rule("periodic-assessment").span == DAY


COUNTING = (
    "overlap-of-windows",
    "first-run",
    "count-of-weeks",
    "missing-month-day",
    "offset-across-months",
    "expiration",
    "hours-are-elapsed-time",
    "absent-duration",
    "clock-gap",
    "clock-repeat",
)


def test_rules_of_counting_have_no_length() -> None:
    assert {each.name for each in time_rules().rows if not each.has_span and each.number is None} == set(COUNTING)
    for name in COUNTING:
        with pytest.raises(ValueError, match=name):
            _ = rule(name).span


def test_the_page_shows_every_rule_once_with_its_source_and_a_link_to_its_test() -> None:
    text = page(time_rules())
    for each in time_rules().rows:
        (line,) = (line for line in text.splitlines() if line.startswith(f"| `{each.name}` |"))
        assert len(re.split(r"(?<!\\)\|", line)) == 9
        path, _, name = each.held_by.partition("::")
        assert f"[{name}](../{path})" in line
        assert each.source.split(";")[0].replace("*", "\\*") in line
    assert "| `windows-update` | 15 min | Windows |" in text
    assert "| `highest-repeat-count` | 35 |  |" in text


def test_the_published_page_is_that_of_the_table() -> None:
    """`make docs` writes it anew."""
    assert (ROOT / "docs" / "time-rules.md").read_text(encoding="utf-8") == page(time_rules())
