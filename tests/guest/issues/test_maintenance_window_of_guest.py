import pytest

from aumdoctor.guest.issues.maintenance_window import maintenance_window_exceeded as issue
from aumdoctor.guest.issues.operations import length_of
from tests.guest.issues.updating_records import (
    WINDOWS,
    after,
    assessed,
    installed,
    likelihood,
    request,
    sign,
    states,
    told,
)


def exceeded(minutes: float, extension: str = "", **body):
    """A run that began at noon and ended so many minutes later, in a status that says its window was exceeded."""
    counts = {"installedPatchCount": 1, "pendingPatchCount": 3, "failedPatchCount": 0, "rebootStatus": "NotNeeded"}
    kind = {"extension": extension} if extension else {}
    given = {**counts, "maintenanceWindowExceeded": True, "startTime": after(0).isoformat(), **body}
    return installed("error", at=after(minutes), **kind, **given)


def window(minutes: int = 120, **settings):
    return request(startTime=after(0).isoformat(), maximumDuration=f"PT{minutes}M", **settings)


def test_linux_begins_no_package_with_twenty_minutes_left() -> None:
    verdict = told(issue, exceeded(105), window())
    assert verdict.likelihood == "confirmed"
    assert "no more than 20 min were left" in verdict.said
    assert "105 of 120 min, 15 left" in verdict.said
    assert verdict.details["rule"] == "linux-package-cutoff"
    assert states(verdict)["no-further-update"] == "confirmed"
    assert verdict.remedies == ("lengthen-window", "install-on-demand")


def test_windows_begins_no_update_with_twenty_five_minutes_left_though_time_remained() -> None:
    verdict = told(issue, exceeded(97, WINDOWS), window())
    assert "less than 25 min were left" in verdict.said
    assert "23 left" in verdict.said
    assert "windows-restart-reserve" in verdict.details["rule"]


def test_a_service_pack_wants_thirty_minutes() -> None:
    verdict = told(issue, exceeded(93, WINDOWS), window())
    assert "perhaps" in verdict.said
    assert "service pack" in verdict.said


def test_with_never_only_five_minutes_are_kept_on_linux() -> None:
    said = told(issue, exceeded(116), window(rebootSetting="Never")).said
    assert "5 min" in said
    assert "forbids" in said


def test_a_flag_that_no_rule_explains_is_told_as_such() -> None:
    verdict = told(issue, exceeded(30), window())
    assert "does not tell" in verdict.said
    assert "no rule keeps more than 20 min" in verdict.said
    assert verdict.differentials == ()


def test_the_window_begins_with_the_request_and_not_with_the_run() -> None:
    late = exceeded(110, startTime=after(80).isoformat())
    assert "10 left" in told(issue, late, window()).said


def test_a_restart_that_was_left_out() -> None:
    skipped = exceeded(112, WINDOWS, pendingPatchCount=0, rebootStatus="Required")
    verdict = told(issue, skipped, window(rebootSetting="IfRequired"))
    assert states(verdict)["restart-skipped"] == "confirmed"


def test_a_restart_that_failed_is_probable() -> None:
    failed = exceeded(100, pendingPatchCount=0, rebootStatus="Failed")
    verdict = told(issue, failed, window())
    assert "probably the restart took longer" in verdict.said
    assert states(verdict)["restart-too-slow"] == "likely"


def test_without_the_request_the_length_is_asked_for() -> None:
    verdict = told(issue, exceeded(105))
    assert verdict.likelihood == "confirmed"
    assert any("maximumDuration" in each.what for each in verdict.missing)


def test_the_log_gives_the_length_where_the_request_is_not_there() -> None:
    used = sign("maintenance-window-used", used="1:45:00", window="2:00:00")
    verdict = told(issue, exceeded(105), used)
    assert "15 left" in verdict.said
    assert verdict.missing == ()


def test_the_log_alone() -> None:
    line = sign("maintenance-window-out-of-time", remaining="0:14:59", cutoff="0:20:00")
    verdict = told(issue, line)
    assert verdict.likelihood == "confirmed"
    assert "0:14:59 was left, and the cut-off is at 0:20:00" in verdict.said
    assert "25 min" in told(issue, sign("windows-window-exceeded", minutes_left="12")).said


@pytest.mark.parametrize(
    ("record", "expected"),
    [(installed(), None), (installed(maintenanceWindowExceeded=False), None), (assessed(), None), (window(), None)],
)
def test_nothing_is_said_of_a_run_that_was_not_cut_short(record, expected) -> None:
    assert likelihood(issue, record) == expected


def test_a_later_run_that_finished_rules_it_out() -> None:
    assert likelihood(issue, exceeded(105), installed(at=after(3000), sequence=6)) == "ruled-out"
    unfinished = installed(at=after(3000), sequence=6, pendingPatchCount=2)
    assert likelihood(issue, exceeded(105), unfinished) == "confirmed"


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("PT3H55M", 235),
        ("PT2H", 120),
        ("PT90M", 90),
        ("3:55:00", 235),
        ("0:14:59.5", 14),
        ("PT", None),
        ("x", None),
        (3, None),
    ],
)
def test_durations(text: object, minutes: int | None) -> None:
    length = length_of(text)
    assert (None if length is None else int(length.total_seconds() // 60)) == minutes


@pytest.mark.parametrize("text", ["PT999999H", "PT" + "9" * 400 + "H", "1:1:1:1", "99999:99:99", "PT-1H"])
def test_hostile_durations_break_nothing(text: str) -> None:
    told(issue, exceeded(105), request(startTime="9999-12-31T23:59:59Z", maximumDuration=text))
