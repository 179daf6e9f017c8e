"""`aumdoctor why`: one machine, link by link."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from aumdoctor.cli import options
from aumdoctor.cli.naming import the_machine
from aumdoctor.cli.reach import Reach, reads_azure

if TYPE_CHECKING:
    from aumdoctor.diagnosis.chain import Chain
    from aumdoctor.model.estate import Estate


@reads_azure(depth="full")
def why(
    machine: Annotated[str, typer.Argument(metavar="MACHINE", help="Its full resource id, or its name.")],
    output: options.Output = None,
    verbose: options.Verbose = False,
    *,
    reach: Reach,
) -> None:
    """Say why one machine is not patched: the first broken link between Azure and the patch, and its cure.

    Reads only. A full resource id needs no subscription beside it. Ends with 0: nothing stops its patching; 1: a link
    is broken; 2: wrong usage; 3: it cannot be told, because something could not be read; 130: interrupted.
    """
    from aumdoctor.checks.registry import CHECKS
    from aumdoctor.cli import outputs
    from aumdoctor.diagnosis.chain import chain_of
    from aumdoctor.diagnosis.examine import examine
    from aumdoctor.report import json, why_table
    from aumdoctor.report.why import why_of

    destinations = outputs.parse(output or ["table"])
    estate = reach.aged(reach.estate(CHECKS, machines=(machine,)))
    found = the_machine(estate, machine)
    examination = examine(estate, CHECKS, estate.collected_at)
    chain = chain_of(examination, CHECKS, found)
    code = _exit_code(chain, estate)
    report = why_of(examination, chain, generated_at=reach.now, exit_code=code)

    def rendered(format: str, columns: int, color: bool) -> Iterable[str]:
        if format == "json":
            return json.pieces(report)
        return [why_table.render(report, verbose=verbose, width=columns, color=color)]

    outputs.write(rendered, destinations, quiet=reach.quiet)
    raise typer.Exit(code)


def _exit_code(chain: Chain, estate: Estate) -> int:
    from aumdoctor.cli import exit_codes
    from aumdoctor.diagnosis.examine import Verdict

    if estate.interrupted:
        return exit_codes.INTERRUPTED
    return {
        Verdict.PATCHABLE: exit_codes.HEALTHY,
        Verdict.BLOCKED: exit_codes.FINDINGS,
        Verdict.UNKNOWN: exit_codes.UNREAD,
    }[chain.verdict]
