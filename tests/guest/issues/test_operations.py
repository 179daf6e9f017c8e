from datetime import datetime

from msgspec.structs import replace

from aumdoctor.guest.issues.operations import (
    ASSESSMENT,
    family_of,
    is_arc,
    length_of,
    log_was_read,
    newest,
    operations,
    request_of,
    same_moment,
)
from aumdoctor.model.guest import Origin, PatchRequest
from tests.guest.issues.updating_records import (
    ARC,
    NOON,
    WINDOWS,
    after,
    assessed,
    evidence,
    installed,
    of_windows,
    request,
    service,
)


def test_of_a_request_that_is_there_twice_the_complete_status_counts() -> None:
    short, whole = assessed(otherPatchCount=1), replace(assessed(otherPatchCount=900), complete=True)
    for both in ((short, whole), (whole, short)):
        (made,) = operations(evidence(*both), ASSESSMENT)
        assert made.available == 901


def test_the_newest_is_the_last_by_time_whatever_the_order_of_the_files() -> None:
    old, new = assessed("error", sequence=9), assessed(at=after(60), sequence=2)
    assert newest(evidence(new, old), ASSESSMENT) is not None
    assert newest(evidence(new, old), ASSESSMENT).succeeded  # type: ignore[union-attr]


def test_orphans_and_operations_under_way_are_passed_over() -> None:
    running = assessed("transitioning", at=after(60), sequence=6)
    found = evidence(assessed(), running, replace(assessed("error", at=after(90), sequence=7), is_orphan=True))
    assert newest(found, ASSESSMENT).status.sequence == 5  # type: ignore[union-attr]


def test_the_request_of_an_operation_is_that_of_its_number() -> None:
    (made,) = operations(evidence(installed()), "PatchInstallationSummary")
    assert request_of(evidence(request(4, a=1), request(5, a=2), request(6, a=3)), made) == request(5, a=2)
    assert request_of(evidence(request(4, a=1)), made) is None


def test_the_echo_of_a_request_in_a_log_is_found_by_its_start() -> None:
    (made,) = operations(evidence(installed(startTime=NOON.isoformat())), "PatchInstallationSummary")
    echo = PatchRequest(origin=Origin("x.log"), settings={"startTime": NOON.isoformat()})
    other = PatchRequest(origin=Origin("x.log"), settings={"startTime": after(5).isoformat()})
    assert request_of(evidence(other, echo), made) == echo
    assert request_of(evidence(other), made) is None


def test_an_aware_and_a_naive_time_are_never_the_same() -> None:
    assert same_moment(NOON, NOON)
    assert not same_moment(NOON, datetime(2026, 8, 12, 12))


def test_the_system_and_its_place() -> None:
    assert family_of(evidence(assessed())) == "linux"
    assert family_of(evidence(assessed(extension=WINDOWS))) == "windows"
    assert family_of(evidence(of_windows())) == "windows"
    assert family_of(evidence(service("waagent.service"))) == "linux"
    assert family_of(evidence()) == ""
    assert (is_arc(evidence(assessed(extension=ARC))), is_arc(evidence(assessed()))) == (True, False)


def test_whether_a_log_was_read() -> None:
    found = evidence(files=("a/15.core.log", "b\\6.core.log", "7.aa.core.log"))
    assert [log_was_read(found, number) for number in (5, 6, 7, 15, None)] == [False, True, False, True, False]


def test_lengths_with_parts_that_are_no_numbers() -> None:
    assert [length_of(text) for text in ("a:b:c", "1:2", "1:2:x", "123456:0:0")] == [None] * 4
