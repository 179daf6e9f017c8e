from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aumdoctor.guest.event_times import day_first, text_time

AFTERNOON = datetime(2018, 7, 4, 17, 5, 12)


@pytest.mark.parametrize(
    "text",
    [
        "7/4/2018 5:05:12 PM",
        "07/04/2018 05:05:12 p.m.",
        "\u200e7/\u200e4/\u200e2018 5:05:12\u202fPM",
        "2018/07/04 17:05:12",
        "2018/7/4 午後 5:05:12",
        "2018/7/4 下午 05:05:12",
        "2018年7月4日 17:05:12",
        "04.07.2018 17:05:12",
        "04/07/2018 17:05:12",
        "04-07-2018 17:05:12",
        "2018-07-04T17:05:12",
        "2018-07-04 17:05:12",
        "Jul 4, 2018 5:05:12 PM",
        "4 July 2018 17:05:12",
    ],
)
def test_a_date_of_any_language(text: str) -> None:
    assert text_time(text) == AFTERNOON


def test_an_order_that_the_file_shows_counts_more_than_a_guess() -> None:
    assert text_time("04/07/2018 05:05:12 PM", day_comes_first=True) == AFTERNOON
    assert text_time("07/04/2018 17:05:12", day_comes_first=False) == AFTERNOON
    assert day_first("04/07/2018 and 13/07/2018") is True
    assert day_first("07/04/2018 and 07/13/2018") is False
    assert day_first("04/07/2018, 2018/07/13, 10.13.2018") is None


def test_a_number_that_is_no_month_is_the_day() -> None:
    assert text_time("7/13/2018 17:05:12") == datetime(2018, 7, 13, 17, 5, 12)
    assert text_time("13/7/2018 5:05:12 PM") == datetime(2018, 7, 13, 17, 5, 12)


def test_noon_and_midnight() -> None:
    assert text_time("7/4/2018 12:00:01 AM") == datetime(2018, 7, 4, 0, 0, 1)
    assert text_time("7/4/2018 12:00:01 PM") == datetime(2018, 7, 4, 12, 0, 1)


def test_a_time_with_an_offset_keeps_it() -> None:
    at = text_time("2018-07-04T17:05:12.1234567+09:00")
    assert at is not None
    assert at.utcoffset() == timedelta(hours=9)
    assert text_time("2018-07-04T17:05:12Z") == datetime(2018, 7, 4, 17, 5, 12, tzinfo=timezone(timedelta(0)))


@pytest.mark.parametrize("text", ["", "N/A", "2018/07/04", "31/31/2018 10:00", "2018-13-01T00:00:00", "7/4/18 5:05"])
def test_what_is_no_whole_time_is_none(text: str) -> None:
    assert text_time(text) is None


@given(st.text(max_size=60) | st.from_regex(r"[0-9/.:\-年月日 APM]{1,40}", fullmatch=True))
def test_no_text_is_too_odd(text: str) -> None:
    text_time(text)
    day_first(text)
