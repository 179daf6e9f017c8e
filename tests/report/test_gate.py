"""The verdict on coming windows in every format: reviewed pages, the published schema, hostile names."""

from __future__ import annotations

import json as stdlib_json
import os
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from aumdoctor.model.facts import Gap
from aumdoctor.report import azdo, gate_table, github, json, junit
from aumdoctor.report.gate import Gate, gate_of
from tests.builders import azure_vm, patch_settings
from tests.report.coming import HOSTILE, NOW, coming_estate, verdict

SCHEMA = Path(__file__).parents[2] / "docs" / "gate.schema.json"
MatchesGolden = Callable[[str, str], None]


def report(*, hostile: bool = False, exit_code: int = 1, gaps: tuple[Gap, ...] = (), **rules: Any) -> Gate:
    more = [azure_vm(HOSTILE, patch_settings=patch_settings(patch_mode="Manual"))] if hostile else []
    seen = coming_estate(*more, gaps=gaps)
    return gate_of(verdict(seen, **rules), seen, generated_at=NOW, exit_code=exit_code)


def test_the_page_reads_as_it_was_reviewed(matches_golden: MatchesGolden) -> None:
    matches_golden("gate.txt", gate_table.render(report()))


def test_the_log_of_github_reads_as_it_was_reviewed(matches_golden: MatchesGolden) -> None:
    matches_golden("gate-github.txt", github.render(report()))


def test_the_log_of_azure_pipelines_reads_as_it_was_reviewed(matches_golden: MatchesGolden) -> None:
    matches_golden("gate-azdo.txt", azdo.render(report()))


def test_the_junit_document_reads_as_it_was_reviewed(matches_golden: MatchesGolden) -> None:
    matches_golden("gate-junit.xml", junit.render(report()))


def test_every_format_tells_the_same_machines() -> None:
    gate = report()
    blocked = {obstacle.machine.name for judged in gate.windows for obstacle in judged.blocked}
    suites = ET.fromstring(junit.render(gate))
    failed = {case.get("name") for case in suites.iter("testcase") if case.find("failure") is not None}
    assert failed - {"verdict"} == blocked == {"vm-app-1", "vm-app-2", "vm-off"}
    for text in (gate_table.render(gate, verbose=True, width=200), github.render(gate), azdo.render(gate)):
        assert all(name in text for name in blocked)


def test_the_sums_of_the_junit_document_are_right() -> None:
    suites = ET.fromstring(junit.render(report()))
    cases = list(suites.iter("testcase"))
    for name, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert suites.get(name) == str(sum(case.find(kind) is not None for case in cases))
    assert suites.get("tests") == str(len(cases))


def test_unknown_is_an_error_and_not_passed() -> None:
    suites = ET.fromstring(junit.render(report()))
    (dark,) = [case for case in suites.iter("testcase") if case.get("name") == "vm-dark"]
    found = dark.find("error")
    assert found is not None
    assert "Microsoft.Compute/virtualMachines/instanceView/read" in (found.text or "")


def test_a_hostile_name_breaks_out_of_no_format() -> None:
    gate = report(hostile=True)
    assert HOSTILE in [obstacle.machine.name for judged in gate.windows for obstacle in judged.blocked]
    lines = github.render(gate).splitlines()
    assert all(line.startswith(("::error title=", "::warning title=", "::notice title=")) for line in lines)
    issues = azdo.render(gate).splitlines()
    assert all(line.count("##vso[") == 1 and line.startswith("##vso[task.logissue ") for line in issues)
    ET.fromstring(junit.render(gate))
    for text in (gate_table.render(gate, verbose=True), junit.render(gate), github.render(gate), azdo.render(gate)):
        assert "\x1b" not in text
        assert "\u202e" not in text


@pytest.mark.parametrize("text", ["##vso[x]", "###vso[x]", "#" * 9 + "vso[x]", "##[error]x"])
def test_nothing_in_a_text_is_a_command_of_azure_pipelines(text: str) -> None:
    assert "##" not in azdo.inert(text)


def test_the_published_schema_is_the_one_of_the_code() -> None:
    """AUMDOCTOR_TEST_WRITE_GOLDEN=1 writes it anew."""
    text = stdlib_json.dumps(json.schema("gate"), indent=2) + "\n"
    if os.environ.get("AUMDOCTOR_TEST_WRITE_GOLDEN"):
        SCHEMA.write_text(text, encoding="utf-8")
    assert text == SCHEMA.read_text(encoding="utf-8")
    Draft202012Validator.check_schema(json.schema("gate"))
    assert all(definition.get("description") for definition in json.schema("gate")["$defs"].values())


@pytest.mark.parametrize("exit_code", [0, 1, 3, 130])
def test_a_report_keeps_to_the_schema(exit_code: int) -> None:
    document = stdlib_json.loads(json.render(report(exit_code=exit_code, hostile=True)))
    Draft202012Validator(json.schema("gate"), format_checker=FormatChecker()).validate(document)


def test_go_and_what_could_not_be_seen_are_told_on_the_page() -> None:
    gap = Gap(scope="/subscriptions/s", operation="list machines", status=403, code="AuthorizationFailed")
    page = gate_table.render(report(fail_on=None, gaps=(gap,), exit_code=3))
    assert page.startswith("UNKNOWN: ")
    assert "list machines" in page
    assert "Exit code 3: it cannot be told." in page
