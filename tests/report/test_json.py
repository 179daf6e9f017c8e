import json as stdlib_json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Severity
from aumdoctor.report import json
from aumdoctor.report.result import Report
from tests.builders import NOW, azure_vm, estate
from tests.builders import examine as examine_with_every_check

SCHEMA = Path(__file__).parents[2] / "docs" / "report.schema.json"
ReportOn = Callable[..., Report]


def validate(document: Any) -> None:
    schema = stdlib_json.loads(SCHEMA.read_text(encoding="utf-8"))
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(document)


def test_the_report_reads_as_it_was_reviewed(ill_report: Report, matches_golden: Callable[[str, str], None]) -> None:
    matches_golden("report.json", json.render(ill_report))


def test_the_published_schema_is_the_one_of_the_code() -> None:
    """AUMDOCTOR_TEST_WRITE_GOLDEN=1 writes it anew."""
    text = stdlib_json.dumps(json.schema(), indent=2) + "\n"
    if os.environ.get("AUMDOCTOR_TEST_WRITE_GOLDEN"):
        SCHEMA.write_text(text, encoding="utf-8")
    assert text == SCHEMA.read_text(encoding="utf-8")
    Draft202012Validator.check_schema(json.schema())


@pytest.mark.parametrize("exit_code", [0, 1, 3, 130])
def test_a_report_keeps_to_the_schema(ill_estate: Estate, report_on: ReportOn, exit_code: int) -> None:
    validate(stdlib_json.loads(json.render(report_on(ill_estate, exit_code=exit_code))))
    validate(stdlib_json.loads(json.render(report_on(estate(), exit_code=exit_code, fail_on=None))))


def test_the_schema_allows_nothing_else(ill_report: Report) -> None:
    document = stdlib_json.loads(json.render(ill_report))
    document["findings"][0]["surprise"] = 1
    with pytest.raises(Exception, match="surprise"):
        validate(document)
    del document["findings"][0]["surprise"], document["findings"][0]["evidence"]
    with pytest.raises(Exception, match="evidence"):
        validate(document)


def test_every_property_is_described_or_named_for_what_it_is() -> None:
    schema = json.schema()
    assert schema["description"]
    assert all(definition.get("description") for definition in schema["$defs"].values())


def test_the_contract_of_the_first_day(ill_report: Report) -> None:
    document = stdlib_json.loads(json.render(ill_report))
    assert document["schema_version"] == "1.0"
    summary = document["summary"]
    assert (summary["machines"], summary["patchable"], summary["blocked"], summary["unknown"]) == (8, 1, 6, 1)
    assert summary["coverage"]["percent"] == pytest.approx(100 * 17 / 18, abs=0.01)
    cause = next(found for found in document["findings"] if found["check"] == "AUM018")
    assert cause["severity"] == "critical"
    assert cause["evidence"][0]["path"] == "properties.osProfile.allowExtensionOperations"
    assert cause["remedies"][0]["calls"][0] == {
        "method": "PATCH",
        "path": cause["resource_id"],
        "api_version": "2024-07-01",
        "body": {"properties": {"osProfile": {"allowExtensionOperations": True}}},
    }
    symptom = next(found for found in document["findings"] if found["check"] == "AUM016")
    assert symptom["explained_by"] == "AUM018"
    assert symptom["explained_by_resource"] == symptom["resource_id"]
    assert {found["cause"] for found in document["diagnoses"]} == {"AUM018", "AUM045"}
    assert {unknown["missing_permission"] for unknown in document["unknowns"]} == {
        "Microsoft.Compute/virtualMachines/read"
    }
    assert document["gaps"][0]["status"] == 403


def test_min_severity_hides_findings_and_changes_no_count(ill_estate: Estate, report_on: ReportOn) -> None:
    whole, severe = report_on(ill_estate), report_on(ill_estate, min_severity=Severity.CRITICAL)
    assert {finding.severity for finding in severe.findings} == {"critical"}
    assert len(severe.findings) < len(whole.findings)
    assert severe.summary == whole.summary
    assert severe.machines == whole.machines


def test_no_character_of_a_name_steers_a_terminal(report_on: ReportOn) -> None:
    name = "vm\x1b[2J\x9b2J\u202e\u200b"
    text = json.render(report_on(estate(azure_vm(name, allow_extension_operations=False))))
    assert all(line.isprintable() for line in text.split("\n"))
    assert stdlib_json.loads(text)["machines"][0]["name"] == name


def test_every_check_that_ships_fits_the_schema(report_on: ReportOn) -> None:
    from aumdoctor.report.result import report_of

    ill = azure_vm(patch_settings=estate(azure_vm()).machines[0].patch_settings, power_state="deallocated")
    judged = examine_with_every_check(estate(ill, azure_vm("vm-2", allow_extension_operations=False), scheduled=True))
    report = report_of(judged, generated_at=NOW, exit_code=1, fail_on=Severity.LOW, min_severity=Severity.INFO)
    assert report.findings
    validate(stdlib_json.loads(json.render(report)))
