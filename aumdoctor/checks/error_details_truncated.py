"""AUM137: Azure shows only a part of the errors, or of the packages, of an operation."""

from __future__ import annotations

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Sign, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.patch_errors import place
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Severity
from aumdoctor.model.machine import ErrorDetail, Machine

_SHOWN_AT_MOST = 5
_TRUNCATED = ("package_list_truncated", "package lists were truncated")


@check(
    id="AUM137",
    name="error-details-truncated",
    severity=Severity.INFO,
    applies_to=Subject.MACHINE,
    needs=(Fact.ASSESSMENT, Fact.INSTALLATION),
    remedies=("read-guest-log",),
    source="azure-docs: update-manager/query-logs.md; Azure/LinuxPatchExtension",
)
def error_details_truncated(machine: Machine, context: Context) -> Iterator[Observation]:
    """There are more errors, or more packages, in the last assessment or installation than Azure shows.

    ## Why it matters
    Azure keeps the first five errors of an operation, on Linux each cut off at 128 characters, and a list of packages
    only up to a size. The error that counts may be among those that are not shown.

    ## What to do
    Read the whole list in the extension's log on the machine.

    ## When it is wrong
    Five errors may be all that there were: Azure does not say whether it left any out.
    """
    said: list[str] = []
    signs: list[Sign] = []
    for result, what, fact in (
        (machine.assessment, "assessment", Fact.ASSESSMENT),
        (machine.installation, "installation", Fact.INSTALLATION),
    ):
        if result is None:
            continue
        details = [error for error in result.errors if "details[" in error.path]
        if len(details) >= _SHOWN_AT_MOST:
            said.append(f"the last {what} shows {len(details)} errors, and Azure keeps no more")
            where = place(result, details[0].path.partition("details[")[0] + "details")
            signs.append(sign(where, len(details), f"fewer than {_SHOWN_AT_MOST}", fact=fact))
        cut = next((error for error in result.errors if _is_truncation(error)), None)
        if cut is not None:
            said.append(f"the list of packages of the last {what} is cut off")
            signs.append(sign(place(result, cut.path), cut.message, fact=fact))
    if said:
        yield observe("; ".join(said), *signs)


def _is_truncation(error: ErrorDetail) -> bool:
    text = f"{error.code}: {error.message}".lower()
    return any(mark in text for mark in _TRUNCATED)
