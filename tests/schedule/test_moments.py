from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aumdoctor.schedule.moments import NEVER, local_moment, time_zone


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2026-01-03 22:00", "UTC", datetime(2026, 1, 3, 22, 0, tzinfo=UTC)),
        ("2026-01-03 22:00", "W. Europe Standard Time", datetime(2026, 1, 3, 21, 0, tzinfo=UTC)),
        ("2026-07-03 22:00", "W. Europe Standard Time", datetime(2026, 7, 3, 20, 0, tzinfo=UTC)),
        ("2026-07-03 22:00", "pacific standard time", datetime(2026, 7, 4, 5, 0, tzinfo=UTC)),
        ("2026-01-03 22:00:30", "Tokyo Standard Time", datetime(2026, 1, 3, 13, 0, 30, tzinfo=UTC)),
        # The clock goes back at three: the first half past two counts.
        ("2026-10-25 02:30", "W. Europe Standard Time", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("9999-12-31 23:59:59", "Hawaiian Standard Time", NEVER),
    ],
)
def test_a_local_time_is_read_in_its_windows_time_zone(text: str, zone: str, expected: datetime) -> None:
    assert local_moment(text, zone) == expected


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        (None, "UTC"),
        ("2026-01-03 22:00", None),
        ("2026-01-03 22:00", "Europe/Berlin"),
        ("2026-01-03 22:00", "Middle-earth Standard Time"),
        ("next Saturday", "UTC"),
        ("", "UTC"),
        ("0001-01-01 00:00", "Tokyo Standard Time"),
    ],
)
def test_what_cannot_be_read_is_no_moment(text: str | None, zone: str | None) -> None:
    assert local_moment(text, zone) is None


def test_every_windows_time_zone_is_a_zone() -> None:
    from tzlocal.windows_tz import win_tz

    assert all(time_zone(name) is not None for name in win_tz)


@given(st.text(max_size=25), st.sampled_from(["UTC", "Tokyo Standard Time", "", "\0"]))
def test_no_text_is_too_odd(text: str, zone: str) -> None:
    local_moment(text, zone)
