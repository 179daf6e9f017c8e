"""`aumdoctor explain`: what a check, a code or an error message means. Offline."""

from __future__ import annotations

from typing import Annotated

import typer

from aumdoctor.cli.choice import match_check
from aumdoctor.cli.streams import out, width
from aumdoctor.errors import UsageError


def explain(
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="ID|CODE|TEXT",
            help="A check (AUM018, extension-operations-disabled), an error code (0x8024402C, -2145107924, 88), "
            "a symbol (WU_E_WU_DISABLED) or an error message with any of these in it.",
        ),
    ],
) -> None:
    """Explain a check, an error code or an error message, without asking Azure."""
    from aumdoctor.checks.registry import CHECKS
    from aumdoctor.knowledge.lookup import known_names, look_up, nearest
    from aumdoctor.report import explanation

    query = " ".join(what)
    check = match_check(query, CHECKS)
    if check is not None:
        out(explanation.of_check(check, CHECKS, width()))
        return
    entries = look_up(query)
    if not entries:
        names = tuple(name for check in CHECKS for name in (check.id, check.name))
        close = nearest(query, (*names, *known_names()))
        raise UsageError(
            f"nothing is known of {query!r}",
            advice=f"did you mean {' or '.join(close)}?"
            if close
            else "paste a check's id, an error code such as 0x8024402C, or the whole error message",
        )
    out("\n".join(explanation.of_entry(entry, CHECKS, width()) for entry in entries))
