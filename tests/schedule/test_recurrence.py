import pytest
from hypothesis import given
from hypothesis import strategies as st

from aumdoctor.schedule.recurrence import (
    LAST,
    WEEKDAYS,
    Recurrence,
    RecurrenceError,
    Unit,
    describe,
    objections,
    parse_recurrence,
)


def read(text: str) -> dict[str, object]:
    """What a recurrence says, without what it leaves at its default."""
    found = parse_recurrence(text)
    blank = Recurrence(unit=found.unit, count=found.count, text=text)
    named = ("weekdays", "month_days", "ordinal", "weekday", "offset")
    return {"unit": found.unit.value, "count": found.count} | {
        name: getattr(found, name) for name in named if getattr(found, name) != getattr(blank, name)
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Day", {"unit": "day", "count": 1}),
        ("1Day", {"unit": "day", "count": 1}),
        ("3Days", {"unit": "day", "count": 3}),
        ("3 day", {"unit": "day", "count": 3}),
        ("6Hours", {"unit": "hour", "count": 6}),
        ("Hour", {"unit": "hour", "count": 1}),
        ("3Weeks", {"unit": "week", "count": 3}),
        ("Week Saturday,Sunday", {"unit": "week", "count": 1, "weekdays": (5, 6)}),
        ("1Week Monday", {"unit": "week", "count": 1, "weekdays": (0,)}),
        ("Week Sat, Sun", {"unit": "week", "count": 1, "weekdays": (5, 6)}),
        ("  2 weeks  TUE ,thursday ", {"unit": "week", "count": 2, "weekdays": (1, 3)}),
        ("2Months", {"unit": "month", "count": 2}),
        ("Month day23,day24", {"unit": "month", "count": 1, "month_days": (23, 24)}),
        ("Month Day 5 , day06", {"unit": "month", "count": 1, "month_days": (5, 6)}),
        ("2Months First Monday", {"unit": "month", "count": 2, "ordinal": 1, "weekday": 0}),
        ("Month Third Sunday Offset6", {"unit": "month", "count": 1, "ordinal": 3, "weekday": 6, "offset": 6}),
        ("Month Last Sunday Offset-3", {"unit": "month", "count": 1, "ordinal": LAST, "weekday": 6, "offset": -3}),
        ("month fourth fri offset + 3", {"unit": "month", "count": 1, "ordinal": 4, "weekday": 4, "offset": 3}),
        ("Month Second Tuesday Offset 4", {"unit": "month", "count": 1, "ordinal": 2, "weekday": 1, "offset": 4}),
        ("Month Second Tuesday Offset0", {"unit": "month", "count": 1, "ordinal": 2, "weekday": 1}),
    ],
)
def test_every_form_is_read(text: str, expected: dict[str, object]) -> None:
    assert read(text) == expected
    assert parse_recurrence(text).text == text


@pytest.mark.parametrize(
    ("text", "token", "position", "reason"),
    [
        ("Weak Monday", "Weak", 0, "Perhaps Week is meant"),
        ("Monthly", "Monthly", 0, "Perhaps Month is meant"),
        ("", "", 0, "it is empty"),
        ("   ", "", 0, "it is empty"),
        ("3", "", 1, "a unit is missing at the end"),
        ("0Days", "0", 0, "1 to 35"),
        ("99999Days", "99999", 0, "too large"),
        ("-3Days", "-", 0, "a unit is expected"),
        ("Day Monday", "Monday", 4, "nothing may follow Day"),
        ("6Hours 30", "30", 7, "nothing may follow Hour"),
        ("Week Mondey", "Mondey", 5, "Perhaps Monday is meant"),
        ("Week Monday Tuesday", "Tuesday", 12, "a comma is missing"),
        ("Week Monday,", "", 12, "a weekday is missing at the end"),
        ("Week First Monday", "First", 5, "a weekday is expected"),
        ("Week Monday Offset3", "Offset", 12, "only weekdays follow"),
        ("Month Monday", "Monday", 6, "needs First, Second, Third, Fourth or Last"),
        ("Month Fifth Sunday", "Fifth", 6, "not every month has one"),
        ("Month Third", "", 11, "a weekday is missing at the end"),
        ("Month First Monday,Friday", ",", 18, "stands one weekday"),
        ("Month First Monday Ofset3", "Ofset", 19, "Perhaps Offset is meant"),
        ("Month First Monday Offset", "", 25, "missing at the end"),
        ("Month First Monday Offset--3", "-", 26, "is not the number of days"),
        ("Month First Monday Offset3 x", "x", 27, "nothing may follow the offset"),
        ("Month day32", "32", 9, "no day of a month"),
        ("Month day0", "0", 9, "day1 to day31"),
        ("Month day23,24", "24", 12, "day24"),
        ("Month day23 day24", "day", 12, "a comma is missing"),
        ("3\u00b2Days", "\u00b2", 1, "a unit is expected"),
    ],
)
def test_what_cannot_be_read_is_quoted_with_what_would_be_right(
    text: str, token: str, position: int, reason: str
) -> None:
    with pytest.raises(RecurrenceError) as caught:
        parse_recurrence(text)
    error = caught.value
    assert (error.text, error.token, error.position) == (text, token, position)
    assert reason in error.reason
    assert str(error).startswith(f'The recurrence "{text}" cannot be read: ')
    assert str(error).endswith(".")
    assert not token or f'"{token}"' in error.reason


def test_the_pointer_underlines_the_bad_token() -> None:
    with pytest.raises(RecurrenceError) as caught:
        parse_recurrence("Week\tMondey,Tuesday")
    assert caught.value.pointer == "Week Mondey,Tuesday\n     ^^^^^^"


@given(
    st.one_of(
        st.text(max_size=30),
        st.lists(
            st.sampled_from(
                ["Week", "Months", "day", "3", "-", "+", ",", " ", "First", "last", "Offset", "Sun", "\u0663", "x"]
            ),
            max_size=8,
        ).map("".join),
    )
)
def test_no_text_raises_anything_else(text: str) -> None:
    found = parsed(text)
    if isinstance(found, Recurrence):
        assert describe(found)
        assert isinstance(objections(found), tuple)
    else:
        assert text[found.position : found.position + len(found.token)] == found.token
        assert found.pointer.count("\n") == 1


def parsed(text: str) -> Recurrence | RecurrenceError:
    try:
        return parse_recurrence(text)
    except RecurrenceError as error:
        return error


_weekday = st.integers(0, 6)
_recurrences = st.one_of(
    st.builds(Recurrence, unit=st.sampled_from(Unit), count=st.integers(1, 40), text=st.just("")),
    st.builds(
        Recurrence,
        unit=st.just(Unit.WEEK),
        count=st.integers(1, 40),
        weekdays=st.lists(_weekday, min_size=1, max_size=7).map(tuple),
        text=st.just(""),
    ),
    st.builds(
        Recurrence,
        unit=st.just(Unit.MONTH),
        count=st.integers(1, 40),
        month_days=st.lists(st.integers(1, 31), min_size=1, max_size=4).map(tuple),
        text=st.just(""),
    ),
    st.builds(
        Recurrence,
        unit=st.just(Unit.MONTH),
        count=st.integers(1, 40),
        ordinal=st.sampled_from([1, 2, 3, 4, LAST]),
        weekday=_weekday,
        offset=st.integers(-9, 9),
        text=st.just(""),
    ),
)


def written(recurrence: Recurrence, *, spaced: bool, short: bool) -> str:
    """A recurrence as somebody would write it."""
    days = [name[:3].lower() if short else name for name in WEEKDAYS]
    blank = " " if spaced else ""
    parts = [f"{recurrence.count}{blank}{recurrence.unit.capitalize()}{'s' if recurrence.count > 1 else ''}"]
    if recurrence.weekdays:
        parts.append(f"{blank},{blank}".join(days[day] for day in recurrence.weekdays))
    if recurrence.month_days:
        parts.append(f",{blank}".join(f"day{blank}{day}" for day in recurrence.month_days))
    if recurrence.ordinal is not None and recurrence.weekday is not None:
        ordinal = {1: "First", 2: "Second", 3: "Third", 4: "Fourth", LAST: "Last"}[recurrence.ordinal]
        parts.append(f"{ordinal} {days[recurrence.weekday]}")
    if recurrence.offset:
        parts.append(f"Offset{blank}{recurrence.offset:{'+' if spaced else ''}}")
    return " ".join(parts)


@given(_recurrences, st.booleans(), st.booleans())
def test_what_is_written_is_read_back(recurrence: Recurrence, spaced: bool, short: bool) -> None:
    text = written(recurrence, spaced=spaced, short=short)
    found = parse_recurrence(text)
    assert written(found, spaced=False, short=False) == written(recurrence, spaced=False, short=False)
    assert describe(found) == describe(recurrence)
    assert objections(found) == objections(recurrence)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Day", "every day"),
        ("6Hours", "every 6 hours"),
        ("Week", "every week on the weekday of the start"),
        ("2Weeks Sunday,Saturday", "every 2 weeks on Saturday and Sunday"),
        ("Week Mon,Wed,Fri", "every week on Monday, Wednesday and Friday"),
        ("2Months", "every 2 months on the day of the month of the start"),
        ("Month day22,day13", "every month on the 13th and 22nd"),
        ("Month Second Tuesday Offset4", "on the 2nd Tuesday of every month, moved by +4 days"),
        ("2Months Last Sunday Offset-1", "on the last Sunday of every 2nd month, moved by -1 day"),
    ],
)
def test_a_recurrence_is_described_in_words(text: str, words: str) -> None:
    assert describe(parse_recurrence(text)) == words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("35Days", []),
        ("36Days", ["The count 36 is outside 1 to 35."]),
        ("6Hours", []),
        ("5Hours", ["A schedule may repeat every 6 hours at the most often."]),
        ("Month First Sunday Offset-6", []),
        ("Month First Sunday Offset-7", ["The offset -7 is outside -6 to 6."]),
        ("Month day28", []),
        ("Month day31", ["Months without a 31st have no run on that day."]),
        ("Week Monday,Mon", ["Monday is written more than once."]),
        ("Month day1,day1,day1", ["day1 is written more than once."]),
    ],
)
def test_what_azure_does_not_allow_is_objected_to_but_read(text: str, expected: list[str]) -> None:
    assert list(objections(parse_recurrence(text))) == expected
