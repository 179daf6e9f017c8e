"""Of every section of the articles it is said what aumdoctor does about it, and what is named there exists."""

from __future__ import annotations

import ast
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from aumdoctor.checks.registry import CHECKS
from aumdoctor.guest.issues.registry import ISSUES
from aumdoctor.remedies.catalogue import BY_NAME
from aumdoctor.remedies.in_guest import guest_remedies

ROOT = Path(__file__).parents[1]
ARTICLES: list[dict[str, Any]] = tomllib.loads((ROOT / "docs" / "seeds.toml").read_text(encoding="utf-8"))["article"]
SECTIONS = [(article, section) for article in ARTICLES for section in article["section"]]
IDS = {each.id for each in (*CHECKS, *ISSUES)}


@cache
def functions_in(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(node.name for node in functions if node.name.startswith("test_"))


@pytest.mark.parametrize("section", [each for _, each in SECTIONS], ids=[each["name"][:60] for _, each in SECTIONS])
def test_what_a_section_names_is_there(section: dict[str, Any]) -> None:
    assert section["tests"], "nothing shows it"
    for test in section["tests"]:
        file, _, name = test.partition("::")
        assert functions_in(file), file
        assert not name or name in functions_in(file), test
    named = set(re.findall(r"\b(?:AUM|WS|GST)\d{3}[a-z]?\b", section["does"]))
    assert named - IDS == set()
    remedies = {word for word in re.findall(r"\b[a-z]+(?:-[a-z0-9]+)+\b", section["does"]) if word.count("-") >= 2}
    known = BY_NAME.keys() | guest_remedies().keys()
    assert {word for word in remedies if not word.startswith(("windows-server", "time-"))} - known == set()


def test_the_sections_of_the_articles_are_numbered_without_a_gap() -> None:
    assert [article["id"] for article in ARTICLES] == ["000", "001", "002", "003", "004"]
    numbers = {int(found[1]) for _, each in SECTIONS if (found := re.match(r"§(\d+) ", each["name"]))}
    assert numbers == set(range(1, 23))


def test_every_check_and_issue_that_an_article_tells_of_is_named() -> None:
    said = " ".join(section["does"] for _, section in SECTIONS)
    told = {each.id for each in (*CHECKS, *ISSUES) if each.seed}
    assert {each for each in told if each not in said} == set()
