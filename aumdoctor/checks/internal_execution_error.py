"""AUM136: an operation broke off with an internal execution error."""

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Sign, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.patch_errors import errors_of
from aumdoctor.checks.runs import SUCCEEDED, began, is_under_way
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Machine

_MARK = "internal execution error"


@check(
    id="AUM136",
    name="internal-execution-error",
    severity=Severity.MEDIUM,
    applies_to=Subject.MACHINE,
    needs=(Fact.ASSESSMENT, Fact.INSTALLATION),
    uses=(Fact.RUNS,),
    remedies=("assess-now", "restart-vm-agent"),
    causes=("AUM008", "AUM130", "AUM131"),
    source="azure-docs: update-manager/troubleshoot.md",
)
def internal_execution_error(machine: Machine, context: Context) -> Iterator[Observation]:
    """An assessment, an installation or a run of a schedule ended with an internal execution error.

    ## Why it matters
    The operation broke off without a reason of its own: a disturbance of the platform, a VM agent that is old or does
    not answer, a machine that is busy or restarts, or a network that drops connections. Once is chance, each time is
    not.

    ## What to do
    Assess again. Where it comes back, see that the agent is Ready and up to date, and restart the machine if it is not.

    ## When it is wrong
    An assessment that has succeeded since the installation, or a later run that did, shows that it was passing: then it
    is low.
    """
    errors = [each for each in errors_of(machine, "Failed", "CompletedWithWarnings") if _MARK in each.text.lower()]
    signs: list[Sign] = [each.sign for each in errors]
    passing = all(each.outlived for each in errors)
    for run in context.runs_by_machine.get(machine.key, ()):
        if is_under_way(run):
            continue
        text = run.error_message or run.error_code or ""
        if _MARK in text.lower():
            signs.append(sign("properties.errorMessage", text, fact=Fact.RUNS, resource_id=run.id))
            assessment = machine.assessment
            ended = run.ended_at or began(run)
            healed = (
                assessment is not None
                and (assessment.status or "").lower() in SUCCEEDED
                and assessment.last_modified is not None
                and ended is not None
                and assessment.last_modified > ended
            )
            passing = passing and healed
        break  # the newest run that has ended: what came before it is history
    if not signs:
        return
    where = " and ".join(dict.fromkeys(_KINDS[each.fact or Fact.ASSESSMENT] for each in signs))
    yield observe(
        f"the last {where} broke off with an internal execution error"
        + ("; an assessment has succeeded since then" if passing else ""),
        *signs,
        severity=Severity.LOW if passing else None,
        confidence=Confidence.MEDIUM if passing else None,
    )


_KINDS = {Fact.ASSESSMENT: "assessment", Fact.INSTALLATION: "installation", Fact.RUNS: "run of a schedule"}
