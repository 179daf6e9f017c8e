"""What the documentation shows exists: commands, options, links, check ids, and the demo's output line by line."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from aumdoctor.checks.registry import CHECKS
from aumdoctor.cli.app import app
from aumdoctor.model.facts import READ_PERMISSIONS

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = (
    README,
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "examples").rglob("*.md")),
)
COMMAND: Any = get_command(app)
SHOWN_CAUSES, SHOWN_DIAGNOSES, SHOWN_LINES = 8, ("AUM018", "AUM031"), 9
FORMS_OF_OPTIONS = re.compile(r"`(--[a-z-]+)")


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"))


def without_code(page: Path) -> str:
    return re.sub(r"(?ms)^```.*?^```$", "", page.read_text(encoding="utf-8"))


def command_lines(page: Path) -> list[list[str]]:
    """The words of every `aumdoctor …` line of a page's shell blocks, behind `aumdoctor`."""
    continued = [block.replace("\\\n", " ") for block in blocks(page, "sh")]
    lines = [line for block in continued for line in block.splitlines()]
    found = [shlex.split(line, comments=True) for line in lines]
    return [words[1:] for words in found if words and Path(words[0]).name == "aumdoctor"]


def require(words: list[str], command: Any = COMMAND) -> None:
    """Fail where a subcommand or an option of a command line does not exist."""
    subcommands = getattr(command, "commands", None)
    if subcommands is not None:
        assert words, "a command without its subcommand"
        assert words[0] in subcommands, words[0]
        require(words[1:], subcommands[words[0]])
        return
    known = {spelling for parameter in command.params for spelling in (*parameter.opts, *parameter.secondary_opts)}
    for word in words:
        assert not re.match(r"--?[a-z]", word) or word.partition("=")[0] in known, word


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_shown_exists_with_its_options(page: Path) -> None:
    for words in command_lines(page):
        require(words)


def test_the_readme_shows_commands_at_all() -> None:
    shown = [words[0] for words in command_lines(README)]
    assert {"scan", "checks", "explain"} <= set(shown)
    with pytest.raises(AssertionError):
        require(["scan", "--subscriptions", "Production"])


@pytest.mark.parametrize("page", [README, ROOT / "docs" / "usage.md"], ids=["README", "usage"])
def test_every_option_named_in_the_text_exists(page: Path) -> None:
    known = {
        spelling
        for command in (COMMAND.commands["scan"], COMMAND.commands["demo"].commands["serve"])
        for parameter in command.params
        for spelling in parameter.opts
    }
    assert set(FORMS_OF_OPTIONS.findall(page.read_text(encoding="utf-8"))) - known == set()


def test_the_first_screen_says_how_to_begin() -> None:
    first_screen = README.read_text(encoding="utf-8").splitlines()[:20]
    for needed in ("make demo", "make test", "aumdoctor scan --subscription"):
        assert any(line.startswith(needed) or f"/{needed}" in line for line in first_screen), needed
    targets = re.findall(r"(?m)^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert {"demo", "test"} <= set(targets)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_within_the_project_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", without_code(page)):
        if target.startswith("https://"):
            continue
        file, _, anchor = target.partition("#")
        leads_to = (page.parent / file).resolve() if file else page
        assert leads_to.exists(), target
        if anchor:
            headings = re.findall(r"(?m)^#+ (.+)$", leads_to.read_text(encoding="utf-8"))
            assert anchor in [re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings]


def excerpt() -> list[str]:
    (shown,) = blocks(README, "text")
    return shown.splitlines()


def test_the_excerpt_names_real_checks() -> None:
    by_id = {check.id: check for check in CHECKS}
    named = re.findall(r"(?m)^ *(AUM\d{3}[a-z]?) +([a-z]+) +[\d,]+ machines?  ([a-z-]+)$", "\n".join(excerpt()))
    assert len(named) >= 5
    for check_id, severity, name in named:
        assert (by_id[check_id].severity.label, by_id[check_id].name) == (severity, name)


def test_the_excerpt_is_what_the_demo_prints(tmp_path: Path) -> None:
    """With AUMDOCTOR_TEST_WRITE_GOLDEN set it is written anew."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("AUMDOCTOR_")}
    ended = subprocess.run(
        [sys.executable, "-m", "aumdoctor", "scan", "--demo"],
        cwd=tmp_path,
        env={**own, "COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1, ended.stderr
    printed = cut(ended.stdout)
    if os.environ.get("AUMDOCTOR_TEST_WRITE_GOLDEN"):
        page = README.read_text(encoding="utf-8")
        README.write_text(page.replace("\n".join(excerpt()), printed), encoding="utf-8")
    assert without_time("\n".join(excerpt())) == without_time(printed)


def without_time(text: str) -> str:
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "(time)", text)


def cut(page: str) -> str:
    """What the README shows of a report: the summary, some root causes, two diagnoses, the end; `…` for the rest."""
    head, *diagnoses = re.split(r"(?m)\n(?=^AUM\d{3} )", page)
    lines = head.splitlines()
    shown = [*lines[: lines.index("Root causes") + 1 + SHOWN_CAUSES], "  …"]
    for wanted in SHOWN_DIAGNOSES:
        (found,) = (diagnosis for diagnosis in diagnoses if diagnosis.startswith(wanted))
        told = [cut_command(line) for line in found.rstrip().splitlines()]
        shown += ["", *told[:SHOWN_LINES], *(["…"] if len(told) > SHOWN_LINES else [])]
    (end,) = re.findall(r"(?m)^Exit code .*$", page)
    return "\n".join([*shown, "", end])


def cut_command(line: str) -> str:
    if len(line) <= 80:
        return line
    line = re.sub(r"/subscriptions/\S*(/[^/ ]+/[^/ ]+)(?= |$)", r"/subscriptions/…\1", line)
    return line if len(line) <= 80 else line[: line.rindex(" ", 0, 79)] + " …"


def test_the_usage_page_lists_every_option_and_its_variable() -> None:
    page = (ROOT / "docs" / "usage.md").read_text(encoding="utf-8")
    listed = re.findall(r"(?m)^\| `([a-z-]+)`(?: \(list\))? \| `(AUMDOCTOR_[A-Z_]+)` \|", page)
    options = {
        spelling.removeprefix("--")
        for parameter in COMMAND.commands["scan"].params
        for spelling in parameter.opts
        if spelling.startswith("--")
    }
    assert {key for key, _ in listed} == options - {"config", "help"}
    assert all(variable == "AUMDOCTOR_" + key.upper().replace("-", "_") for key, variable in listed)


def test_the_usage_page_lists_every_permission() -> None:
    page = (ROOT / "docs" / "usage.md").read_text(encoding="utf-8")
    for fact, permissions in READ_PERMISSIONS.items():
        row = next((line for line in page.splitlines() if line.startswith(f"| {fact.value} |")), "")
        assert set(re.findall(r"`([^`]+)`", row)) == set(permissions), fact


def test_the_usage_page_lists_the_permissions_that_finding_the_scope_takes() -> None:
    page = (ROOT / "docs" / "usage.md").read_text(encoding="utf-8")
    _, _, permissions = page.partition("## Permissions")
    table = permissions.partition("\n## ")[0]
    assert re.search(r"(?m)^\| .*\| `Microsoft\.Resources/subscriptions/read` \|$", table)
    assert re.search(
        r"(?m)^\| .*--management-group.*`Microsoft\.Management/managementGroups/descendants/read` \|$", table
    )
