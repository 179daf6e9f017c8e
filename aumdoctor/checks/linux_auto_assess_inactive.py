"""AUM023: periodic assessment is on, but a running Linux machine is not assessed."""

from collections.abc import Iterator
from datetime import timedelta

from aumdoctor.checks.check import Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.patch_errors import is_row, place
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Operation, Severity
from aumdoctor.model.machine import Machine

_STALE = timedelta(hours=48)
"""Two missed rounds: the platform assesses every 24 hours, at no fixed time."""

_NEW = timedelta(hours=24)


@check(
    id="AUM023",
    name="linux-auto-assess-inactive",
    severity=Severity.MEDIUM,
    confidence=Confidence.LOW,
    applies_to=Subject.MACHINE,
    os="linux",
    needs=(Fact.ASSESSMENT, Fact.POWER_STATE, Fact.MACHINE),
    blocks=(Operation.PERIODIC_ASSESSMENT,),
    remedies=("assess-now", "restart-auto-assess-timer"),
    causes=("AUM129",),
    source="Azure Update Manager troubleshooting: MsftLinuxPatchAutoAssess is not running or its timer is not active",
    seed="§21 MsftLinuxPatchAutoAssess isn't running or the timer isn't active",
)
def linux_auto_assess_inactive(machine: Machine, context: Context) -> Iterator[Observation]:
    """Periodic assessment is on and the Linux machine is up, but its newest assessment is older than two days.

    ## Why it matters
    On Linux the round every 24 hours is started inside the machine, by the timer `MsftLinuxPatchAutoAssess`, which the
    patch extension sets up. Where the timer stands still the machine looks healthy while what is known of its missing
    updates grows old; after seven days Azure drops it.

    ## What to do
    Assess once: that brings the extension to work and lets it set the timer up again. If the next day's assessment
    fails to appear, look at the timer in the machine and restart the machine.

    ## When it is wrong
    That the timer is at fault is an inference from the age of the data (confidence low); only a look into the machine
    shows it. A machine that was started in the last hours may not have had its round yet. A machine that is off, and a
    time stamp in the future (a wrong clock), are not judged.
    """
    if not machine.has_periodic_assessment or machine.is_reachable is not True:
        return
    mode = sign(
        f"{machine.patch_settings_path}.assessmentMode", machine.patch_settings.assessment_mode, fact=Fact.MACHINE
    )
    assessment = machine.assessment
    if assessment is None:
        age = context.age(machine.time_created)
        if age is None or age > _NEW:
            yield observe(
                "periodic assessment is on and the machine is up, but no assessment of the last 7 days is on record",
                sign("patchassessmentresources", None, "an assessment every 24 hours"),
                mode,
            )
        return
    last = assessment.last_modified or assessment.started_at
    age = context.age(last)
    if last is not None and age is not None and age > _STALE:
        member = "lastModifiedDateTime" if is_row(assessment) else "lastModifiedTime"
        yield observe(
            f"periodic assessment is on and the machine is up, but it was last assessed {_in_days(age)} ago",
            sign(place(assessment, member), last.isoformat(), "within the last 48 hours"),
            mode,
        )


def _in_days(age: timedelta) -> str:
    return f"{age / timedelta(days=1):.1f} days"
