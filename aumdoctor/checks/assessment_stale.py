"""AUM129: periodic assessment is on, and the newest assessment of a running machine is old."""

from collections.abc import Iterator
from datetime import timedelta

from aumdoctor.checks.check import NotApplicable, Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.patch_errors import is_row, place
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Operation, Severity
from aumdoctor.model.machine import Machine

_STALE = timedelta(hours=48)
"""Two missed rounds: the platform assesses every 24 hours, at no fixed time."""


@check(
    id="AUM129",
    name="assessment-stale",
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    applies_to=Subject.MACHINE,
    needs=(Fact.ASSESSMENT, Fact.POWER_STATE, Fact.MACHINE),
    blocks=(Operation.PERIODIC_ASSESSMENT,),
    remedies=("assess-now",),
    source="azure-docs: update-manager/query-logs.md, update-manager/assessment-options.md",
)
def assessment_stale(machine: Machine, context: Context) -> Iterator[Observation | NotApplicable]:
    """Periodic assessment is on and the machine is up, but what Azure knows of its updates is older than two days.

    ## Why it matters
    Compliance, and the lists of missing updates, rest on the last assessment. An old one hides what came out since;
    seven days after it Resource Graph drops the row, and the machine then looks as if it had never been assessed.

    ## What to do
    Assess the machine now: that brings the data up to date and shows at once what keeps the daily round away. If the
    next day's round fails to appear again, look at the extension and the agent (on Linux also at the timer, AUM023).

    ## When it is wrong
    A machine that was off until an hour ago has not had its round yet; Azure does not say since when it runs
    (confidence medium). Machines that are off, that are not assessed periodically (AUM039) or that have no assessment
    at all (AUM008, AUM023) are not judged here, nor is a time stamp in the future, which only shows a wrong clock.
    """
    assessment = machine.assessment
    if assessment is None:
        return
    last = assessment.last_modified or assessment.started_at
    if last is None or context.now - last <= _STALE:
        return
    if not machine.has_periodic_assessment:
        yield NotApplicable(reason="it is not assessed periodically")
        return
    if machine.is_reachable is not True:
        yield NotApplicable(reason="it is not known to be up")
        return
    member = "lastModifiedDateTime" if is_row(assessment) else "lastModifiedTime"
    days = (context.now - last) / timedelta(days=1)
    yield observe(
        f"the machine is up and is to be assessed daily, but what is known of its updates is {days:.1f} days old",
        sign(place(assessment, member), last.isoformat(), "within the last 48 hours"),
        sign(
            f"{machine.patch_settings_path}.assessmentMode", machine.patch_settings.assessment_mode, fact=Fact.MACHINE
        ),
    )
