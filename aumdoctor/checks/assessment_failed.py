"""AUM130: the last assessment failed."""

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.patch_errors import errors_of, place, telling
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Operation, Severity
from aumdoctor.model.machine import Machine


@check(
    id="AUM130",
    name="assessment-failed",
    severity=Severity.HIGH,
    applies_to=Subject.MACHINE,
    needs=(Fact.ASSESSMENT,),
    blocks=(Operation.ASSESS, Operation.INSTALL),
    remedies=("assess-now",),
    source="azure-docs: update-manager/query-logs.md; azure-rest-api-specs: Microsoft.Compute PatchOperationStatus",
)
def assessment_failed(machine: Machine, context: Context) -> Iterator[Observation]:
    """The newest assessment of the machine has the status `Failed`.

    ## Why it matters
    What Azure shows as missing is then that of an earlier day, or nothing. An installation asks the same source the
    same question before it installs, so that it is likely to fail in the same way.

    ## What to do
    Assess once more: some failures pass. If it fails again, the error text says why; give it to `aumdoctor explain`. A
    text that is known is a finding of its own, and this one stands folded under it.

    ## When it is wrong
    A later assessment of a user may have succeeded inside the machine without being reported. A successful assessment
    may carry an error object with code 0, which is none: only the status decides, and no error text is needed.
    """
    assessment = machine.assessment
    if assessment is None or (assessment.status or "").lower() != "failed":
        return
    errors = [error for error in errors_of(machine, "Failed") if error.fact is Fact.ASSESSMENT]
    reason = telling(errors)
    said = f": {reason}" if reason else ", and Azure gives no reason"
    yield observe(
        f"the last assessment failed{said}",
        sign(place(assessment, "status"), assessment.status, "Succeeded"),
        *(error.sign for error in errors),
    )
