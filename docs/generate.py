"""Writes the generated documentation: the pages of the checks, the notes, and the schemas. Run by `make docs`."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

from aumdoctor.checks.registry import CHECKS
from aumdoctor.knowledge.notes import notes
from aumdoctor.knowledge.time_rules import time_rules
from aumdoctor.remedies.in_guest import every_guest_remedy
from aumdoctor.report import guest_remedies as guest_remedies_page
from aumdoctor.report import notes as notes_page
from aumdoctor.report import time_rules as time_rules_page
from aumdoctor.report.docs import pages
from aumdoctor.report.json import CONTRACTS, schema
from aumdoctor.store.policies import schema as policy_schema

DOCS = Path(__file__).parent
TESTS = DOCS.parent / "tests" / "checks"


def tests_of_checks() -> dict[str, str]:
    """The test file of each check id: the one of the check's own name, else the first that imports it."""
    texts = {path: path.read_text(encoding="utf-8") for path in sorted(TESTS.glob("test_*.py"))}
    found = {}
    for check in CHECKS:
        module = check.function.__module__.rsplit(".", 1)[-1]
        own = TESTS / f"test_{module}.py"
        imports = re.compile(rf"aumdoctor\.checks\.{module} import|\"{check.id}\"")
        path = own if own in texts else next((path for path, text in texts.items() if imports.search(text)), None)
        if path is not None:
            found[check.id] = path.relative_to(DOCS.parent).as_posix()
    return found


def seeds_page() -> str:
    """The sections of the articles with what aumdoctor does about them, from `seeds.toml`."""
    lines = [
        "# What aumdoctor does about the articles it was asked to know",
        "",
        "Made from `seeds.toml` by `make docs`; `tests/test_seeds.py` sees to it that whatever is named here",
        "exists, and that no section is missing. `aumdoctor explain ID` explains issues and checks.",
    ]
    for article in tomllib.loads((DOCS / "seeds.toml").read_text(encoding="utf-8"))["article"]:
        lines += ["", f"## {article['id']}: {article['title']}", "", f"Source: {article['origin']}.", ""]
        lines += ["| section | what aumdoctor does | shown by |", "| --- | --- | --- |"]
        for section in article["section"]:
            tests = "<br>".join(f"`{test.removeprefix('tests/')}`" for test in section["tests"])
            lines.append(f"| {section['name']} | {section['does']} | {tests} |")
    return "\n".join(lines) + "\n"


def generated() -> dict[Path, str]:
    """Every generated file and what should stand in it."""
    of_checks = {DOCS / "checks" / name: text for name, text in pages(CHECKS, tests_of_checks()).items()}
    schemas = {f"{name}.schema.json": schema(name) for name in CONTRACTS}
    schemas["policy.schema.json"] = policy_schema()
    of_knowledge = {
        DOCS / "guest-remedies.md": guest_remedies_page.page(every_guest_remedy()),
        DOCS / "notes.md": notes_page.page(notes()),
        DOCS / "seeds.md": seeds_page(),
        DOCS / "time-rules.md": time_rules_page.page(time_rules()),
    }
    written = {DOCS / name: json.dumps(each, indent=2) + "\n" for name, each in schemas.items()}
    return {**of_checks, **of_knowledge, **written}


def main() -> None:
    """Write them; a page of a check that is gone is deleted."""
    wanted = generated()
    (DOCS / "checks").mkdir(exist_ok=True)
    for stale in set((DOCS / "checks").glob("*.md")) - set(wanted):
        stale.unlink()
    for path, text in wanted.items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
