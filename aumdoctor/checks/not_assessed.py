"""AUM008: a Windows machine's assessment failed, or there never was one."""

from collections.abc import Iterator
from datetime import timedelta

from aumdoctor.checks.check import Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.patch_errors import errors_of, place
from aumdoctor.knowledge import error_codes
from aumdoctor.knowledge.hresult import find_hresults, is_failure
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Operation, Severity
from aumdoctor.model.machine import Assessment, Machine

_PERIOD = timedelta(hours=24)


@check(
    id="AUM008",
    name="not-assessed",
    severity=Severity.HIGH,
    applies_to=Subject.MACHINE,
    os="windows",
    needs=(Fact.ASSESSMENT, Fact.MACHINE),
    blocks=(Operation.ASSESS, Operation.INSTALL),
    remedies=("assess-now",),
    causes=("AUM130",),
    source="Azure Update Manager troubleshooting: machine shows Not assessed and an HRESULT exception",
    seed="§8 Machine shows Not assessed and an HRESULT exception",
)
def not_assessed(machine: Machine, context: Context) -> Iterator[Observation]:
    """The assessment of a Windows machine failed, or none was ever made although periodic assessment is on.

    ## Why it matters
    The assessment asks the machine's own Windows Update agent. If that cannot answer, Azure Update Manager neither
    knows what is missing nor can it install anything: an installation begins with the same question.

    ## What to do
    Look the code up with `aumdoctor explain 0x…`: a known one is a finding of its own and the cause of this one. Then
    search for updates on the machine itself; what fails there is an error of Windows Update, most often the network or
    the firewall. Assess again afterwards.

    ## When it is wrong
    A successful assessment may carry an error object with code 0 ("0 error/s reported"), which is none: the status
    decides. A machine younger than 24 hours is given time. Where no assessment is on record, that it should have been
    made follows from the setting (confidence medium), and on a machine that is not running none is to be expected (it
    weighs less).
    """
    assessment = machine.assessment
    if assessment is not None and (assessment.status or "").lower() == "failed":
        yield _failed(machine, assessment)
        return
    age = context.age(machine.time_created)
    if assessment is None and machine.has_periodic_assessment and (age is None or age > _PERIOD):
        yield observe(
            "it was never assessed, or not in the last 7 days, although periodic assessment is on",
            sign("patchassessmentresources", None, "an assessment every 24 hours"),
            sign(
                f"{machine.patch_settings_path}.assessmentMode",
                machine.patch_settings.assessment_mode,
                fact=Fact.MACHINE,
            ),
            severity=Severity.MEDIUM if machine.is_reachable is False else None,
            confidence=Confidence.MEDIUM,
        )


def _failed(machine: Machine, assessment: Assessment) -> Observation:
    errors = [error for error in errors_of(machine, "Failed") if error.fact is Fact.ASSESSMENT]
    codes = dict.fromkeys(code for error in errors for code in find_hresults(error.text) if is_failure(code))
    status = sign(place(assessment, "status"), assessment.status, "Succeeded")
    if not codes:
        message = "the last assessment failed, and Azure names no HRESULT"
        return observe(message, status, *(error.sign for error in errors), confidence=Confidence.MEDIUM)
    told = (error.sign for error in errors if find_hresults(error.text))
    return observe(f"the last assessment failed with {', '.join(map(_with_name, codes))}", status, *told)


def _with_name(code: str) -> str:
    known = error_codes.table().get(int(code, 16))
    return f"{code} ({known.name})" if known else code
