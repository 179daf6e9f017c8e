"""The report on one machine: reviewed pages, the published schema, hostile names."""

import json as stdlib_json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from rich.cells import cell_len

from aumdoctor.checks.arc_disconnected import arc_disconnected
from aumdoctor.checks.check import Check
from aumdoctor.checks.machine_not_running import machine_not_running
from aumdoctor.checks.maintenance_provider_unregistered import maintenance_provider_unregistered
from aumdoctor.checks.patch_mode_not_schedulable import patch_mode_not_schedulable
from aumdoctor.checks.registry import CHECKS
from aumdoctor.diagnosis.chain import chain_of
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact, Gap
from aumdoctor.report import json, why_table
from aumdoctor.report.why import Why, why_of
from tests.builders import NOW, SUBSCRIPTION, arc_machine, azure_vm, estate, examine, patch_settings

SCHEMA = Path(__file__).parents[2] / "docs" / "why.schema.json"
MatchesGolden = Callable[[str, str], None]


def why(seen: Estate, exit_code: int = 1, checks: tuple[Check, ...] = CHECKS) -> Why:
    examination = examine(seen, *checks)
    chain = chain_of(examination, checks, seen.machines[0])
    return why_of(examination, chain, generated_at=NOW, exit_code=exit_code)


def validate(report: Why) -> None:
    schema = stdlib_json.loads(SCHEMA.read_text(encoding="utf-8"))
    document = stdlib_json.loads(json.render(report))
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(document)


@pytest.fixture
def ill() -> Why:
    """Off, under a schedule that its patch mode keeps out, and nothing known of the subscription's providers."""
    manual = azure_vm("vm-042", power_state="deallocated", patch_settings=patch_settings(patch_mode="Manual"))
    checks = (machine_not_running, patch_mode_not_schedulable, maintenance_provider_unregistered, arc_disconnected)
    return why(estate(manual, scheduled=True, denied=[Fact.PROVIDERS]), checks=checks)


def test_a_page_of_80_columns_reads_as_it_was_reviewed(ill: Why, matches_golden: MatchesGolden) -> None:
    matches_golden("why.txt", why_table.render(ill))


def test_a_verbose_page_reads_as_it_was_reviewed(ill: Why, matches_golden: MatchesGolden) -> None:
    matches_golden("why-verbose.txt", why_table.render(ill, verbose=True, width=100))


def test_the_published_schema_is_the_one_of_the_code() -> None:
    """AUMDOCTOR_TEST_WRITE_GOLDEN=1 writes it anew."""
    text = stdlib_json.dumps(json.schema("why"), indent=2) + "\n"
    if os.environ.get("AUMDOCTOR_TEST_WRITE_GOLDEN"):
        SCHEMA.write_text(text, encoding="utf-8")
    assert text == SCHEMA.read_text(encoding="utf-8")
    Draft202012Validator.check_schema(json.schema("why"))
    assert all(definition.get("description") for definition in json.schema("why")["$defs"].values())


@pytest.mark.parametrize("exit_code", [0, 1, 3, 130])
def test_a_report_keeps_to_the_schema(ill: Why, exit_code: int) -> None:
    validate(ill)
    gap = Gap(scope=f"/subscriptions/{SUBSCRIPTION}", operation="list locks", status=403, code="AuthorizationFailed")
    validate(why(estate(azure_vm(), gaps=(gap,)), exit_code))
    validate(why(estate(arc_machine(), scheduled=True), exit_code))


def test_what_a_program_reads_first(ill: Why) -> None:
    document: dict[str, Any] = stdlib_json.loads(json.render(ill))
    assert document["answer"].startswith("vm-042 is not patched, because ")
    assert document["broken_at"] == "patch-mode"
    assert document["root"]["check"] == "AUM030"
    assert document["cure"] == document["root"]["remedies"]
    assert [link["link"] for link in document["chain"]][:3] == ["provider", "policy", "patch-mode"]
    assert document["chain"][0]["unknowns"][0]["missing_permission"]
    states = {answer["check"]: answer["state"] for answer in document["answers"]}
    assert (states["AUM030"], states["AUM117"]) == ("finding", "not-applicable")


def test_the_answer_comes_first_and_every_link_has_a_line(ill: Why) -> None:
    lines = why_table.render(ill).splitlines()
    assert lines[0].startswith("vm-042 is not patched, because the patch mode is Manual")
    marked = [line.split()[1] for line in lines if line.split()[:1] in (["ok"], ["BROKEN"], ["?"], ["-"])]
    assert marked == [link.link for link in ill.chain]


def test_gaps_are_shown_with_what_azure_said() -> None:
    gap = Gap(scope=f"/subscriptions/{SUBSCRIPTION}", operation="list locks", status=403, message="no right")
    page = why_table.render(why(estate(azure_vm(), gaps=(gap,)), 0))
    assert "list locks: 403" in page
    assert "no right" in page


@pytest.mark.parametrize("width", [40, 80, 120])
def test_only_what_is_copied_is_wider_than_the_page(ill: Why, width: int) -> None:
    wider = [line.strip() for line in why_table.render(ill, verbose=True, width=width).splitlines()]
    copied = ("az ", "/subscriptions/", "PATCH /", "POST /")
    assert all(line.startswith(copied) or " " not in line for line in wider if cell_len(line) > width)


@pytest.mark.parametrize("evil", ["\x1b[2J", "\x9b31m", "a\r\nExit code 0", "\u202egnp.exe"])
def test_a_name_from_azure_cannot_steer_the_terminal(evil: str) -> None:
    report = why(estate(azure_vm(f"vm{evil}", allow_extension_operations=False), scheduled=True))
    for text in (why_table.render(report, verbose=True), json.render(report)):
        assert all(line.isprintable() for line in text.split("\n"))
    assert stdlib_json.loads(json.render(report))["machine"]["name"] == f"vm{evil}"
