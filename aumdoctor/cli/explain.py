"""`aumdoctor explain`: what a check, a note, a remedy, a code or an error message means. Offline."""

from __future__ import annotations

import re

import typer

from aumdoctor.cli.choice import match_check, match_issue, match_note
from aumdoctor.cli.streams import out, width
from aumdoctor.errors import UsageError

_MATRIX = "matrix"
_REMEDY = re.compile(r"\s*[a-z]+(-[a-z0-9]+)*\s*", re.IGNORECASE)
"""What may be the name of a remedy: the catalogue is looked into for nothing else, since that takes time."""


def explain(context: typer.Context) -> None:
    """Explain a check, a note, a remedy, an error code or an error message, without asking Azure.

    Takes a check (AUM018, extension-operations-disabled), a note (AUM140, no-rollback), a remedy (clear-wsus-pointer),
    an error code (0x8024402C, -2145107924, 88), a symbol (WU_E_WU_DISABLED), an error message with any of these in it,
    or the word matrix: who patches a machine, by its patch mode, its safety flag and its schedule.
    """
    query = " ".join(context.args)
    if query.strip().lower() == _MATRIX:
        from aumdoctor.report.matrix import of_matrix

        out(of_matrix(width()))
        return
    from aumdoctor.checks.registry import CHECKS
    from aumdoctor.knowledge.lookup import known_names, look_up, nearest
    from aumdoctor.report import explanation

    if not query.strip():
        raise UsageError("it was not said what to explain", advice="for example: aumdoctor explain 0x8024402C")
    check = match_check(query, CHECKS)
    if check is not None:
        out(explanation.of_check(check, CHECKS, width(), inside=match_issue(check.id)))
        return
    note = match_note(query)
    if note is not None:
        out(explanation.of_note(note, width()))
        return
    if re.fullmatch(_REMEDY, query):
        from aumdoctor.report import explain_remedy

        remedy = explain_remedy.match_remedy(query)
        if remedy is not None:
            out(explain_remedy.of_remedy(remedy, CHECKS, width()))
            return
    entries = look_up(query)
    issue = match_issue(query) if not entries else None
    if issue is not None:
        out(explanation.of_issue(issue, width()))
        return
    if not entries:
        from aumdoctor.guest.issues.registry import ISSUES
        from aumdoctor.knowledge import notes
        from aumdoctor.report.explain_remedy import remedy_names

        names = tuple(name for check in CHECKS for name in (check.id, check.name))
        names += tuple(name for known in ISSUES for name in (known.id, known.name))
        close = nearest(query, (_MATRIX, *names, *remedy_names(), *notes.names(), *known_names()))
        raise UsageError(
            f"nothing is known of {query!r}",
            advice=f"did you mean {' or '.join(close)}?"
            if close
            else "paste a check's id, a remedy's name, an error code such as 0x8024402C, or the whole error message",
        )
    out("\n".join(explanation.of_entry(entry, CHECKS, width()) for entry in entries))
