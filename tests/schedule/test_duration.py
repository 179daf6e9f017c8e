from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aumdoctor.schedule.duration import LONGEST_WINDOW, SHORTEST_WINDOW, format_duration, parse_duration


def test_hours_and_minutes() -> None:
    assert parse_duration("03:55") == LONGEST_WINDOW
    assert parse_duration("1:30") == SHORTEST_WINDOW
    assert parse_duration(" 02:00:00 ") == timedelta(hours=2)


@pytest.mark.parametrize("text", [None, "", "PT2H", "2", "02:60", "ab:cd", "-1:00"])
def test_what_is_not_hours_and_minutes_has_no_length(text: str | None) -> None:
    assert parse_duration(text) is None


@given(st.integers(min_value=0, max_value=99 * 60 + 59))
def test_what_is_written_reads_the_same(minutes: int) -> None:
    length = timedelta(minutes=minutes)
    assert parse_duration(format_duration(length)) == length
