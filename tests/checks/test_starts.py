from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from aumdoctor.checks.starts import staggered_start
from aumdoctor.model.maintenance import MaintenanceWindow
from aumdoctor.schedule.timetable import timetable

SINCE = datetime(2026, 6, 1, tzinfo=UTC)
minutes = st.integers(0, 24 * 60 - 1)
lengths = st.integers(90, 235)


def window(start: int, length: int) -> MaintenanceWindow:
    return MaintenanceWindow(
        start_date_time=f"2026-01-03 {start // 60:02d}:{start % 60:02d}",
        duration=f"{length // 60:02d}:{length % 60:02d}",
        time_zone="UTC",
        recur_every="Week Saturday",
    )


@given(minutes, lengths, minutes, lengths)
@settings(max_examples=200, deadline=None)
def test_a_start_that_was_moved_is_on_its_day_half_an_hour_clear_of_the_other_window(
    start: int, length: int, other_start: int, other_length: int
) -> None:
    times, others = timetable(window(start, length)), timetable(window(other_start, other_length))
    own, other = times.next(SINCE), others.next(SINCE)
    assert own is not None
    assert other is not None
    moved = staggered_start(times, own, other)
    if moved is None:
        return
    assert moved.startswith("2026-01-03 ")
    begins = own.starts_at.replace(hour=int(moved[11:13]), minute=int(moved[14:]))
    ends = begins + timedelta(minutes=length)
    assert begins - other.ends_at == timedelta(minutes=30) or other.starts_at - ends == timedelta(minutes=30)
    assert begins.hour * 60 + begins.minute < 23 * 60 + 45
