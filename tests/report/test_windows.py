"""The coming windows as a page, as JSON and as a calendar."""

from __future__ import annotations

import json as stdlib_json
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from icalendar import Calendar
from jsonschema import Draft202012Validator, FormatChecker

from aumdoctor.diagnosis.forecast import forecast
from aumdoctor.report import ics, json, windows_table
from aumdoctor.report.windows import Windows, windows_of
from aumdoctor.schedule.calendar import meetings, windows_between
from tests.builders import azure_vm, change, configuration, static_assignment
from tests.report.coming import HOSTILE, NOW, chains, coming_estate

SCHEMA = Path(__file__).parents[2] / "docs" / "windows.schema.json"
MatchesGolden = Callable[[str, str], None]
UNTIL = NOW + timedelta(days=8)


def report(*, hostile: bool = False) -> Windows:
    weekly = configuration()
    nightly = configuration(
        "nightly", window=change(weekly.window, recur_every="Day", start_date_time="2026-01-01 23:00")
    )
    over = configuration("over", window=change(weekly.window, expiration_date_time="2026-01-31 00:00"))
    bad = configuration("bad", window=change(weekly.window, recur_every="1Weak Saturday"))
    more = [azure_vm(HOSTILE)] if hostile else []
    seen = coming_estate(*more, configurations=[weekly, nightly, over, bad])
    twice = static_assignment(seen.machines[-1], nightly, name="also")
    seen = change(seen, assignments=(*seen.assignments, twice))
    found = chains(seen)
    coming = windows_between(
        found.context.guest_configurations, found.context.machines_by_configuration, NOW, NOW + timedelta(days=2)
    )
    return windows_of(
        coming,
        {each.machine.key: each for each in forecast(found, seen.machines)},
        meetings(found.context.attachments, NOW, UNTIL),
        [(bad, "recurEvery '1Weak Saturday' is no recurrence")],
        [over],
        seen,
        until=UNTIL,
        generated_at=NOW,
        exit_code=3,
    )


def test_the_page_reads_as_it_was_reviewed(matches_golden: MatchesGolden) -> None:
    matches_golden("windows.txt", windows_table.render(report(), verbose=True))


def test_the_calendar_reads_as_it_was_reviewed(matches_golden: MatchesGolden) -> None:
    text = ics.render(report())
    assert "\r\n" in text
    assert "\n" not in text.replace("\r\n", ""), "every line ends as RFC 5545 says"
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    matches_golden("windows.ics", text.replace("\r\n", "\n"))


def test_a_calendar_program_finds_the_windows_in_it() -> None:
    windows = report()
    events = Calendar.from_ical(ics.render(windows)).walk("VEVENT")
    told = [(event.decoded("dtstart"), event.decoded("dtend")) for event in events]
    assert told == [(coming.window.starts_at, coming.window.ends_at) for coming in windows.windows]
    assert len({str(event["uid"]) for event in events}) == len(events)


def test_a_window_keeps_its_identity_from_file_to_file() -> None:
    first, second = (
        {str(event["uid"]) for event in Calendar.from_ical(ics.render(each)).walk("VEVENT")}
        for each in (report(), change(report(), generated_at=NOW + timedelta(hours=5)))
    )
    assert first == second


def test_a_hostile_name_adds_no_event_and_no_escape() -> None:
    windows = report(hostile=True)
    text = ics.render(windows)
    assert len(Calendar.from_ical(text).walk("VEVENT")) == len(windows.windows)
    for shown in (text, windows_table.render(windows, verbose=True)):
        assert "\x1b" not in shown
        assert "\u202e" not in shown


def test_the_published_schema_is_the_one_of_the_code() -> None:
    """AUMDOCTOR_TEST_WRITE_GOLDEN=1 writes it anew."""
    text = stdlib_json.dumps(json.schema("windows"), indent=2) + "\n"
    if os.environ.get("AUMDOCTOR_TEST_WRITE_GOLDEN"):
        SCHEMA.write_text(text, encoding="utf-8")
    assert text == SCHEMA.read_text(encoding="utf-8")
    document = stdlib_json.loads(json.render(report(hostile=True)))
    Draft202012Validator(json.schema("windows"), format_checker=FormatChecker()).validate(document)
