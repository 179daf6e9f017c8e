"""The generated pages: they are those of the code, and a reader finds every cure and its way."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from aumdoctor.checks.check import Check
from aumdoctor.checks.registry import CHECKS
from aumdoctor.report.docs import page, pages

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_published_pages_are_those_of_the_code(generate: ModuleType) -> None:
    """`make docs` writes them anew."""
    wanted = generate.generated()
    assert set((DOCS / "checks").glob("*.md")) == {path for path in wanted if path.parent.name == "checks"}
    stale = [path.name for path, text in wanted.items() if path.read_text(encoding="utf-8") != text]
    assert stale == []


def test_every_check_has_a_test_that_exists(generate: ModuleType) -> None:
    tests = generate.tests_of_checks()
    assert set(tests) == {check.id for check in CHECKS}
    assert all((DOCS.parent / path).is_file() for path in tests.values())


def test_the_index_lists_every_check_and_every_section_of_the_article(generate: ModuleType) -> None:
    index = pages(CHECKS, generate.tests_of_checks())["README.md"]
    for check in CHECKS:
        assert f"[{check.id} {check.name}]({check.id}.md)" in index
        assert (check.seed or "") in index
    sections = [line for line in index.splitlines() if line.startswith("| §")]
    numbers = [int(line.split()[1].removeprefix("§")) for line in sections]
    assert numbers == sorted(numbers)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_every_remedy_of_a_check_is_on_its_page_with_its_calls(check: Check) -> None:
    text = page(check, CHECKS)
    assert [name for name in check.remedies if f"`{name}`: " not in text] == []
    assert text.count("\nREST") == text.count("\nAzure CLI")
    assert "None" not in text.replace("None of", "")


def test_a_page_shows_all_channels_in_placeholders() -> None:
    check = next(check for check in CHECKS if check.id == "AUM031")
    text = page(check, CHECKS)
    for language in ("http", "sh", "bicep", "hcl"):
        assert f"```{language}\n" in text
    assert "Portal: Azure Update Manager" in text
    assert "/subscriptions/{subscription}/resourceGroups/{resourceGroup}/" in text


def test_a_cure_that_differs_by_system_is_shown_for_both() -> None:
    text = page(next(check for check in CHECKS if check.id == "AUM030"), CHECKS)
    for title in ("REST", "Azure CLI", "Bicep", "Terraform"):
        assert f"\n{title} (Windows):\n" in text
        assert f"\n{title} (Linux):\n" in text
    assert '"linuxConfiguration"' in text
    assert "osProfile.linuxConfiguration.patchSettings.patchMode=AutomaticByPlatform" in text
    assert "azurerm_linux_virtual_machine" in text


def test_a_cure_that_is_the_same_on_both_systems_is_shown_once() -> None:
    text = page(next(check for check in CHECKS if check.id == "AUM018"), CHECKS)
    assert text.count("\nREST:\n") == 1
    assert "REST (" not in text
    assert "azurerm_linux_virtual_machine" in text


def test_placeholders_have_one_spelling_and_commands_are_code(generate: ModuleType) -> None:
    written = "\n".join(pages(CHECKS, generate.tests_of_checks()).values())
    placeholders = set(re.findall(r"\{[A-Za-z]+\}", written))
    assert len({each.lower() for each in placeholders}) == len(placeholders)
    steps = [line for line in written.splitlines() if line.startswith("- ")]
    assert "- Check the way to the endpoints: `azcmagent check --location '{location}'`" in steps
    assert [line for line in steps if re.search(r"(?<!`)\b(?:az|azcmagent) [a-z]+ --", line)] == []
    assert [line for line in steps if "`" in line and "\\<" in line] == []


def test_a_page_says_what_is_read_and_with_which_right() -> None:
    check = next(check for check in CHECKS if check.id == "AUM045")
    assert "| resource-providers | `Microsoft.Resources/subscriptions/providers/read` |" in page(check, CHECKS)


def test_every_code_block_is_closed_and_every_link_leads_somewhere(generate: ModuleType) -> None:
    written = pages(CHECKS, generate.tests_of_checks())
    for text in written.values():
        assert text.count("```") % 2 == 0
        links = {link.split(")")[0] for link in text.split("](")[1:]}
        assert {link for link in links if link.startswith("AUM")} <= set(written)
