"""The list of what remedies inside a machine cure, compared with the issues that name them."""

import ast
import re
from pathlib import Path

import aumdoctor.guest.issues
from aumdoctor.guest.issues.registry import ISSUES
from aumdoctor.knowledge.guest_cures import CURES
from aumdoctor.remedies.in_guest import rows

FILES = sorted(Path(aumdoctor.guest.issues.__file__).parent.glob("*.py"))


def constants(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def ids(path: Path) -> set[str]:
    """The issues that a file defines, by `id="…"` or by `_ID = "…"`."""
    return set(re.findall(r'(?m)^(?:    id=|_ID = )"(\w+)"', path.read_text(encoding="utf-8")))


def test_every_remedy_inside_a_machine_cures_something() -> None:
    assert CURES.keys() == {row.name for row in rows()}
    assert {each for cured in CURES.values() for each in cured} <= {issue.id for issue in ISSUES}


def test_the_remedies_are_named_in_the_files_of_just_these_issues() -> None:
    file_of = {each: path.name for path in FILES for each in ids(path)}
    assert file_of.keys() == {issue.id for issue in ISSUES}
    held = {path.name: constants(path) for path in FILES}
    for remedy, cured in CURES.items():
        naming = {name for name, words in held.items() if remedy in words}
        assert {file_of[each] for each in cured} == naming, remedy
