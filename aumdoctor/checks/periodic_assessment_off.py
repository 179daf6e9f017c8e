"""AUM039: periodic assessment is off."""

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Operation, Severity
from aumdoctor.model.machine import Machine


@check(
    id="AUM039",
    name="periodic-assessment-off",
    severity=Severity.MEDIUM,
    applies_to=Subject.MACHINE,
    needs=(Fact.MACHINE,),
    blocks=(Operation.PERIODIC_ASSESSMENT,),
    remedies=("enable-periodic-assessment",),
    causes=("AUM142",),
    source="azure-docs: update-manager/assessment-options.md, update-manager/query-logs.md",
)
def periodic_assessment_off(machine: Machine, context: Context) -> Iterator[Observation]:
    """The machine is not assessed periodically, so what Azure shows of its missing updates goes stale.

    ## Why it matters
    With the assessment mode `AutomaticByPlatform` Azure assesses a machine about every 24 hours. Without it somebody
    has to ask each time, and Resource Graph drops the results after seven days: the machine then looks as if nothing
    were missing.

    ## What to do
    Set the assessment mode to `AutomaticByPlatform`: no restart, and taken back by `ImageDefault`. For many machines
    use the Azure Policy for periodic checking.

    ## When it is wrong
    Where machines are assessed on demand by something of your own. An absent assessment mode means `ImageDefault`.
    """
    if machine.has_periodic_assessment:
        return
    absent = "" if machine.patch_settings.assessment_mode else " by default"
    yield observe(
        f"the assessment mode is {machine.effective_assessment_mode}{absent}: nobody assesses the machine periodically",
        sign(
            f"{machine.patch_settings_path}.assessmentMode",
            machine.patch_settings.assessment_mode,
            "AutomaticByPlatform",
        ),
    )
