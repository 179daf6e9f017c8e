"""The error texts of a machine's newest assessment and newest installation, as the checks of error texts read them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from aumdoctor.checks.check import Observation, Sign, observe, sign
from aumdoctor.knowledge.hresult import find_hresults
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Assessment, Installation, Machine


class PatchError(msgspec.Struct, frozen=True, kw_only=True):
    """One error: `path` leads to its message, `text` is what is searched, the code before the message.

    `outlived` marks an error of an installation after which an assessment has succeeded: the machine reaches its update
    source again, so that the error may be history.
    """

    path: str
    message: str
    text: str
    fact: Fact
    outlived: bool = False

    @property
    def sign(self) -> Sign:
        return sign(self.path, self.message, fact=self.fact)


def errors_of(machine: Machine, *statuses: str) -> tuple[PatchError, ...]:
    """The errors of the newest assessment and of the newest installation, as far as each has one of the statuses.

    The status decides first because a successful operation may carry an error object too ("0 error/s reported").
    """
    assessment, installation = machine.assessment, machine.installation
    if not (assessment and assessment.errors) and not (installation and installation.errors):
        return ()
    wanted = {status.lower() for status in statuses}
    found: list[PatchError] = []
    if assessment is not None and (assessment.status or "").lower() in wanted:
        found += _errors(assessment, Fact.ASSESSMENT, outlived=False)
    if installation is not None and (installation.status or "").lower() in wanted:
        found += _errors(installation, Fact.INSTALLATION, outlived=assessed_since(assessment, installation))
    return tuple(found)


def _errors(result: Assessment | Installation, fact: Fact, *, outlived: bool) -> Iterator[PatchError]:
    for error in result.errors:
        text = f"{error.code}: {error.message}" if error.code else error.message
        path = place(result, error.path)
        yield PatchError(path=path, message=error.message, text=text, fact=fact, outlived=outlived)


def telling(errors: Iterable[PatchError]) -> str | None:
    """The message to quote where there is room for one: the first detail, since the summary only counts them."""
    errors = tuple(errors)
    detail = next((error for error in errors if "details[" in error.path), None)
    chosen = detail or next(iter(errors), None)
    return chosen.message if chosen is not None else None


def place(result: Assessment | Installation, member: str) -> str:
    """The path of a member of a result: below the machine, or in Resource Graph's table of such results. A member that
    is a whole path already, as that of an error is, stays one."""
    table = "patchassessmentresources" if isinstance(result, Assessment) else "patchinstallationresources"
    member = member.removeprefix(f"{result.path}.")
    return f"{table}.{result.path}.{member}" if is_row(result) else f"{result.path}.{member}"


def is_row(result: Assessment | Installation) -> bool:
    """Whether a result is a row of Resource Graph, and not of the machine's instance view."""
    return result.path == "properties"


def assessed_since(assessment: Assessment | None, installation: Installation) -> bool:
    """Whether an assessment has succeeded after the installation: the machine reaches its update source again."""
    if assessment is None or (assessment.status or "").lower() != "succeeded":
        return False
    if assessment.last_modified is None or installation.last_modified is None:
        return False
    return assessment.last_modified > installation.last_modified


def windows_errors(machine: Machine, codes: Iterable[str], *phrases: str) -> tuple[PatchError, ...]:
    """The errors that hold one of some HRESULTs (canonical), or one of some phrases, of operations that failed or ended
    with warnings."""
    errors = errors_of(machine, "Failed", "CompletedWithWarnings")
    if not errors:
        return ()
    wanted = frozenset(codes)
    lowered = tuple(phrase.lower() for phrase in phrases)
    return tuple(
        error
        for error in errors
        if not wanted.isdisjoint(find_hresults(error.text)) or any(phrase in error.text.lower() for phrase in lowered)
    )


def windows_error_seen(errors: tuple[PatchError, ...], codes: Iterable[str], meaning: str) -> Iterator[Observation]:
    """One observation over the errors that were found, if any; weaker where an assessment has succeeded since.

    `meaning` ends the sentence that begins with the codes.
    """
    if not errors:
        return
    wanted = frozenset(codes)
    seen = dict.fromkeys(code for error in errors for code in find_hresults(error.text) if code in wanted)
    subject = " and ".join(seen) or "Windows Update's answer"
    signs = tuple(error.sign for error in errors)
    if all(error.outlived for error in errors):
        message = f"{subject} in the last installation: {meaning}; an assessment has succeeded since then"
        yield observe(message, *signs, severity=Severity.LOW, confidence=Confidence.MEDIUM)
    else:
        yield observe(f"{subject}: {meaning}", *signs)
