"""Forecasts as a page and as JSON."""

from __future__ import annotations

import json as stdlib_json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from jsonschema import Draft202012Validator, FormatChecker

from aumdoctor.diagnosis.forecast import forecast
from aumdoctor.report import forecast_table, json
from aumdoctor.report.forecast import Forecasts, forecasts_of
from tests.builders import azure_vm
from tests.report.coming import HOSTILE, NOW, chains, coming_estate

SCHEMA = Path(__file__).parents[2] / "docs" / "forecast.schema.json"
MatchesGolden = Callable[[str, str], None]


def report(names: Sequence[str] = (), *, hostile: bool = False) -> Forecasts:
    seen = coming_estate(*([azure_vm(HOSTILE)] if hostile else []))
    machines = [machine for machine in seen.machines if not names or machine.name in names]
    return forecasts_of(forecast(chains(seen), machines), seen, at=NOW, generated_at=NOW, exit_code=1)


def test_one_machine_reads_as_it_was_reviewed(matches_golden: MatchesGolden) -> None:
    matches_golden("forecast.txt", forecast_table.render(report(["vm-off"])))


def test_many_machines_read_as_they_were_reviewed(matches_golden: MatchesGolden) -> None:
    matches_golden("forecast-many.txt", forecast_table.render(report()))


def test_a_verbose_page_shows_every_chain() -> None:
    page = forecast_table.render(report(), verbose=True)
    assert page.count("patch-mode") >= 7
    assert "Whether vm-dark will be patched" in page


def test_the_counts_are_those_of_the_machines() -> None:
    found = report()
    assert (found.counts.will_be_patched, found.counts.will_not_be_patched, found.counts.unknown) == (3, 3, 1)


def test_a_hostile_name_can_do_nothing_to_a_terminal() -> None:
    for page in (forecast_table.render(report(hostile=True), verbose=True), json.render(report(hostile=True))):
        assert "\x1b" not in page
        assert "\u202e" not in page


def test_the_published_schema_is_the_one_of_the_code() -> None:
    """AUMDOCTOR_TEST_WRITE_GOLDEN=1 writes it anew."""
    text = stdlib_json.dumps(json.schema("forecast"), indent=2) + "\n"
    if os.environ.get("AUMDOCTOR_TEST_WRITE_GOLDEN"):
        SCHEMA.write_text(text, encoding="utf-8")
    assert text == SCHEMA.read_text(encoding="utf-8")
    document = stdlib_json.loads(json.render(report(hostile=True)))
    Draft202012Validator(json.schema("forecast"), format_checker=FormatChecker()).validate(document)
