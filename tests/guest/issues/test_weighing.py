from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aumdoctor.guest.issues.weighing import Ground, Weight, best_of, is_later, weigh
from aumdoctor.model.guest import Likelihood, LogSign, Origin
from tests.guest.issues.updating_records import NOON, after, assessed, ok, saw, sign


def ground(minutes: float | None = 0, weight: Weight = Weight.PROOF, log: str = "5.core.log") -> Ground:
    at = None if minutes is None else after(minutes)
    return Ground(record=sign("x", at=at, log=log), says="so", weight=weight)


def of_a_tool(weight: Weight) -> Ground:
    return Ground(record=saw("sudo", at=NOON), says="so", weight=weight)


@pytest.mark.parametrize(
    ("grounds", "expected"),
    [
        ([ground()], Likelihood.CONFIRMED),
        ([ground(weight=Weight.SIGN)], Likelihood.LIKELY),
        ([ground(weight=Weight.SIGN), ground(1, Weight.SIGN)], Likelihood.LIKELY),
        ([ground(weight=Weight.SIGN), of_a_tool(Weight.SIGN)], Likelihood.CONFIRMED),
        ([ground(weight=Weight.HINT), of_a_tool(Weight.HINT)], Likelihood.POSSIBLE),
        ([ground(weight=Weight.HINT), of_a_tool(Weight.SIGN)], Likelihood.LIKELY),
    ],
)
def test_two_signs_of_different_kinds_are_a_proof_and_hints_never_are(
    grounds: list[Ground], expected: Likelihood
) -> None:
    weighed = weigh(grounds)
    assert weighed is not None
    assert weighed.likelihood is expected


def test_nothing_comes_of_nothing() -> None:
    assert weigh([]) is None
    assert weigh([], [ground(5)]) is None
    assert best_of(None, None) is None


def test_what_was_weighed_apart_is_put_together_where_it_still_stands() -> None:
    likely, outlived = weigh([ground(0, Weight.SIGN)]), weigh([ground(0)], [ground(5)])
    other = weigh([of_a_tool(Weight.SIGN)])
    unordered = weigh([ground(None)], [ground(5)])
    assert (together := best_of(likely, other, outlived)) is not None
    assert (together.likelihood, len(together.current)) == (Likelihood.CONFIRMED, 2)
    assert best_of(outlived, None) is outlived
    assert (open_ := best_of(unordered, outlived)) is unordered, open_
    assert (better := best_of(unordered, likely)) is not None
    assert (better.likelihood, len(better.current)) == (Likelihood.LIKELY, 1)


def test_what_is_older_than_a_counter_is_ruled_out_and_says_so() -> None:
    weighed = weigh([ground(0)], [Ground(record=sign("y", at=after(5)), says="it worked")])
    assert weighed is not None
    assert weighed.likelihood is Likelihood.RULED_OUT
    said = weighed.said("it failed")
    assert said == "it failed on 2026-08-12 12:00 UTC; since then it worked on 2026-08-12 12:05 UTC"


def test_an_older_counter_changes_nothing() -> None:
    weighed = weigh([ground(5)], [ground(0)])
    assert weighed is not None
    assert weighed.likelihood is Likelihood.CONFIRMED
    assert "since" not in weighed.said("it failed")


def test_a_newer_failure_stands_beside_one_that_is_outlived() -> None:
    weighed = weigh([ground(0), ground(10)], [ground(5)])
    assert weighed is not None
    assert (weighed.likelihood, len(weighed.current), len(weighed.outlived)) == (Likelihood.CONFIRMED, 1, 1)


def test_where_the_order_is_not_known_it_is_possible_at_most() -> None:
    weighed = weigh([ground(0)], [Ground(record=ok("sudo"), says="sudo works")])
    assert weighed is not None
    assert weighed.likelihood is Likelihood.POSSIBLE
    assert "which of the two is newer is not known" in weighed.said("it failed")


def test_a_hint_against_a_firm_answer_decides_nothing() -> None:
    weighed = weigh([of_a_tool(Weight.HINT)], [Ground(record=ok("sudo"), says="sudo works")])
    assert weighed is not None
    assert weighed.likelihood is Likelihood.INSUFFICIENT


def test_hints_contradict_nothing() -> None:
    weighed = weigh([ground(0)], [ground(5, Weight.HINT)])
    assert weighed is not None
    assert weighed.likelihood is Likelihood.CONFIRMED


def test_requests_are_compared_by_their_numbers_where_times_are_missing() -> None:
    old, new = ground(None, log="4.core.log"), ground(None, log="6.core.log")
    assert (is_later(new, old), is_later(old, new), is_later(old, old)) == (True, False, None)


def test_the_status_of_a_request_is_written_after_its_log() -> None:
    assert is_later(Ground(record=assessed(), says=""), ground(0)) is True
    assert is_later(Ground(record=assessed(sequence=6), says=""), ground(0)) is False


def test_naive_and_aware_times_are_compared_only_beyond_all_zones() -> None:
    naive = Ground(record=sign("x", at=datetime(2026, 8, 12, 12), log="a.ext.log"), says="")
    assert is_later(ground(60), naive) is None
    assert is_later(ground(16 * 60), naive) is True
    assert is_later(ground(-16 * 60), naive) is False


def test_zones_are_reckoned_with() -> None:
    tokyo = timezone(timedelta(hours=9))
    one = Ground(record=sign("x", at=datetime(2026, 8, 12, 21, 1, tzinfo=tokyo)), says="")
    assert is_later(one, ground(0)) is True


MOMENTS = st.one_of(
    st.none(),
    st.datetimes(),
    st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))])),
)


@st.composite
def grounds(draw: st.DrawFn) -> Ground:
    log = draw(st.sampled_from(["1.core.log", "2.core.log", "x.ext.log"]))
    record = LogSign(origin=Origin(log), at=draw(MOMENTS), text=draw(st.text(max_size=5)), sign="x")
    return Ground(record=record, says="so", weight=draw(st.sampled_from(list(Weight))))


@given(st.lists(grounds(), max_size=6), st.lists(grounds(), max_size=6))
def test_weighing_in_groups_says_the_same_as_comparing_each_with_each(
    found: list[Ground], counters: list[Ground]
) -> None:
    weighed = weigh(found, counters)
    assert (weighed is None) == (not found)
    if weighed is None:
        return
    weighed.said("it failed")
    firm = [each for each in counters if each.weight is not Weight.HINT]

    def fate(one: Ground) -> str:
        answers = [is_later(counter, one) for counter in firm]
        return "outlived" if True in answers else "unordered" if None in answers else "current"

    fates = [fate(one) for one in found]
    if "current" in fates:
        assert weighed.is_ordered
        assert len(weighed.current) == fates.count("current")
    elif "unordered" in fates:
        assert weighed.likelihood in (Likelihood.POSSIBLE, Likelihood.INSUFFICIENT)
    else:
        assert weighed.likelihood is Likelihood.RULED_OUT
