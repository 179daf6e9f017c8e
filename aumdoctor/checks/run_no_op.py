"""AUM135: the last scheduled installation succeeded and installed nothing, though something was pending."""

from __future__ import annotations

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.patch_errors import assessed_since, place
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Assessment, Machine

_WSUS = ("wu_wsus", "wu-wsus")


@check(
    id="AUM135",
    name="run-no-op",
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    applies_to=Subject.MACHINE,
    needs=(Fact.INSTALLATION,),
    uses=(Fact.ASSESSMENT,),
    source="azure-docs: update-manager/query-logs.md, manage-updates-customized-images.md",
)
def run_no_op(machine: Machine, context: Context) -> Iterator[Observation]:
    """The newest installation of a schedule succeeded without installing anything, though updates were pending.

    ## Why it matters
    A run that leaves everything out looks as good as one that installed all. The counts of the installation tell them
    apart: updates that the schedule did not select (other classifications, other KBs or packages), updates that it
    excludes, or updates that a WSUS server does not offer though the machine's assessment lists them.

    ## What to do
    Compare the classifications, inclusions and exclusions of the schedule with what is pending on the machine. Where
    the machine gets its updates from WSUS, see whether they are approved there.

    ## When it is wrong
    A schedule may leave updates out on purpose: it is medium only where critical or security updates are still pending
    by an assessment after the installation, and information otherwise. These may have been published in between.
    Nothing is said where nothing was pending, nor of an installation on demand.
    """
    installation = machine.installation
    if installation is None or (installation.status or "").lower() != "succeeded" or installation.installed_count != 0:
        return
    if installation.failed_count or installation.pending_count:
        return
    if not installation.maintenance_run_id and (installation.started_by or "").lower() == "user":
        return
    assessment = machine.assessment
    urgent = assessment is not None and assessed_since(assessment, installation)
    pending = (assessment.critical_and_security_count or 0) if assessment is not None and urgent else 0
    left_out = []
    if installation.not_selected_count:
        left_out.append(f"{installation.not_selected_count} update(s) are not selected by it")
    if installation.excluded_count:
        left_out.append(f"{installation.excluded_count} update(s) are excluded by it")
    from_wsus = assessment is not None and _is_wsus(assessment)
    if not left_out and not (from_wsus and pending):
        return
    if not left_out:
        left_out.append("the machine gets its updates from WSUS, which may not have approved them")
    members = (
        ("installedPatchCount", installation.installed_count),
        ("notSelectedPatchCount", installation.not_selected_count),
        ("excludedPatchCount", installation.excluded_count),
    )
    tail = f"; {pending} critical or security update(s) are pending since" if pending else ""
    yield observe(
        f"the last installation of a schedule succeeded and installed nothing: {', '.join(left_out)}{tail}",
        *(sign(place(installation, name), count) for name, count in members if count is not None),
        *(
            (sign(place(assessment, "patchServiceUsed"), assessment.patch_service_used, fact=Fact.ASSESSMENT),)
            if assessment is not None and from_wsus
            else ()
        ),
        severity=None if pending else Severity.INFO,
    )


def _is_wsus(assessment: Assessment) -> bool:
    return (assessment.patch_service_used or "").lower() in _WSUS
