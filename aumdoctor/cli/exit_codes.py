"""What a scan's process ends with."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aumdoctor.diagnosis.examine import Examination
    from aumdoctor.model.finding import Severity

HEALTHY = 0
FINDINGS = 1
USAGE = 2
UNREAD = 3
INTERRUPTED = 130


def exit_code(examination: Examination, fail_on: Severity | None) -> int:
    """130 where the scan was interrupted; 1 for a finding at or above `fail_on` (None: never); 3 where something in
    scope could not be read, so that health is not proved; else 0.

    A gap beside findings gives 1: it is in the report all the same. What the options said not to read is no gap.
    Symptoms count like causes, and `--min-severity`, which only hides, changes nothing.
    """
    if examination.estate.interrupted:
        return INTERRUPTED
    if fail_on is not None and any(finding.severity >= fail_on for finding in examination.findings):
        return FINDINGS
    if examination.estate.gaps or any(not unknown.by_choice for unknown in examination.unknowns):
        return UNREAD
    return HEALTHY
