"""What became of a plan: a reviewed page, the published schema, and names that try to break out."""

from __future__ import annotations

import json as stdlib_json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from aumdoctor.cli.acting import exit_code_of, is_needless
from aumdoctor.diagnosis.verify import Cure, Verified
from aumdoctor.report import applied_table, json
from aumdoctor.report.applied import Applied, Ending, applied_of
from tests.builders import NOW
from tests.report.planned import HOSTILE, assessed_daily, assessed_now, attached

DOCS = Path(__file__).parents[2] / "docs"


def report_on(*ended: tuple[Ending, Verified | None], **more: Any) -> Applied:
    endings = [ending for ending, _ in ended]
    verified = {ending.action.id: found for ending, found in ended if found is not None}
    values: dict[str, Any] = {
        "command": "apply",
        "plan": "sha256:1",
        "journal": "aumdoctor-journal.jsonl",
        "stopped": "",
        "generated_at": NOW,
        "exit_code": exit_code_of(endings, verified.values()),
    }
    return applied_of(endings, verified, **{**values, **more})


def done(name: str, cure: Cure = Cure.CURED, said: str = "the finding is gone") -> tuple[Ending, Verified]:
    ending = Ending(action=assessed_daily(name), fate="done", said="carried out", journal_id=f"journal-{name}")
    return ending, Verified(cure=cure, said=said)


def whole_report() -> Applied:
    """Something of every end."""
    late = Verified(
        cure=Cure.NOT_YET,
        said="AUM016 is still there; it may take a while",
        until=NOW + timedelta(minutes=15),
    )
    refused = "Azure refused it: AuthorizationFailed: no (request id r-1); the missing permission is X/y/write"
    return report_on(
        *(done(f"vm-{number}") for number in range(1, 8)),
        done("vm-8", Cure.NOT_CURED, "AUM039 is still there: it is not assessed"),
        (Ending(action=assessed_now("arc-1"), fate="done", said="carried out", journal_id="j"), late),
        (Ending(action=attached("vm-1"), fate="failed", said=refused, permission="X/y/write", journal_id="k"), None),
        (Ending(action=attached("vm-2"), fate="skipped", said="the lock frozen (ReadOnly) stands on /s"), None),
        (Ending(action=attached("vm-3"), fate="unknown", said="the operation had not ended after 900 s"), None),
        (Ending(action=attached("vm-4"), fate="not-run", said="2 of 4 actions failed"), None),
        stopped="2 of 4 actions failed",
    )


def test_the_page_reads_as_it_was_reviewed(matches_golden: Callable[[str, str], None]) -> None:
    matches_golden("applied.txt", applied_table.render(whole_report()))


def test_the_verbose_page_names_every_action() -> None:
    assert "vm-7" not in applied_table.render(whole_report())
    assert "vm-7" in applied_table.render(whole_report(), verbose=True)


def test_json_keeps_to_the_published_schema() -> None:
    schema = stdlib_json.loads((DOCS / "applied.schema.json").read_text(encoding="utf-8"))
    document = stdlib_json.loads("".join(json.pieces(whole_report())))
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(document)
    assert document["counts"] == {"done": 9, "skipped": 1, "failed": 1, "unknown": 1, "not_run": 1, "cured": 7}
    assert document["actions"][9]["missing_permission"] == "X/y/write"
    assert document["actions"][8]["cure_until"] == "2026-06-10T12:15:00Z"


def test_nothing_to_do_is_said() -> None:
    page = applied_table.render(report_on())
    assert page.startswith("0 actions: nothing to do")
    assert "aumdoctor undo" not in page
    assert "Exit code 0: nothing was to be done within what is allowed" in page


def test_what_was_taken_back_speaks_of_no_cure_and_names_the_machine_of_a_post() -> None:
    page = applied_table.render(
        report_on(
            (Ending(action=assessed_now("arc-1"), fate="skipped", said="it cannot be taken back: no"), None),
            (Ending(action=assessed_daily("vm-1"), fate="done", said="carried out", journal_id="j"), None),
            command="undo",
            plan=None,
        )
    )
    assert "cured" not in page
    assert "aumdoctor undo" not in page
    assert "arc-1" in page
    assert page.endswith("Exit code 1: something failed, was held back or has no way back.\n")


def test_a_hostile_name_steers_no_terminal() -> None:
    action = assessed_daily("vm-1")
    ending = Ending(action=action, fate="failed", said=f"Azure refused it: {HOSTILE}", journal_id="j")
    found = Verified(cure=Cure.UNKNOWN, said=HOSTILE)
    page = applied_table.render(report_on((ending, found), stopped=HOSTILE, journal=f"j{HOSTILE}"), width=400)
    assert not {"\x1b", "\u202e", "\u2028", "\r"} & set(page)


def test_the_exit_code_tells_the_worst() -> None:
    cured, not_cured, unknown = (Verified(cure=cure, said="") for cure in (Cure.CURED, Cure.NOT_CURED, Cure.UNKNOWN))

    def code(fate: Any, said: str = "x", *verified: Verified) -> int:
        return exit_code_of([Ending(action=assessed_daily("vm-1"), fate=fate, said=said)], verified)

    assert exit_code_of([], []) == 0
    assert code("done", "x", cured, Verified(cure=Cure.NOT_YET, said="")) == 0
    assert code("skipped", "the finding is gone") == code("skipped", "it stands so already") == 0
    assert code("skipped") == code("failed") == code("not-run") == code("done", "x", not_cured) == 1
    assert code("unknown") == code("done", "x", unknown) == 3
    assert code("failed", "x", unknown) == 1


def test_only_a_skip_is_needless() -> None:
    assert not is_needless(Ending(action=assessed_daily("vm-1"), fate="failed", said="it was there already"))
