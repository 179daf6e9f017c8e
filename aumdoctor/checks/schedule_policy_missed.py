"""AUM003: a policy was to attach the VM to a schedule or to prepare it for one, and did not."""

from collections.abc import Iterator

from msgspec import structs

from aumdoctor.checks.check import Observation, Sign, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.policy_cover import Cover, confidence_of, covers
from aumdoctor.knowledge.policies import SCHEDULE_PREREQUISITES, SCHEDULE_RECURRING_UPDATES
from aumdoctor.model import ids
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Operation, Severity
from aumdoctor.model.machine import Machine


@check(
    id="AUM003",
    name="schedule-policy-missed",
    severity=Severity.HIGH,
    applies_to=Subject.AZURE_VM,
    needs=(Fact.MACHINE, Fact.POLICY_ASSIGNMENTS, Fact.POLICY_STATES, Fact.ASSIGNMENTS),
    uses=(Fact.CONFIGURATIONS,),
    blocks=(Operation.SCHEDULE,),
    remedies=("remediate-policy", "customer-managed-schedule"),
    causes=("AUM030", "AUM031", "AUM033"),
    source="Azure Update Manager troubleshooting: schedule isn't attached by policy; "
    "Azure/azure-policy ba0df93e, 9905ca54",
    seed="§3 Prerequisites or schedule aren't set when the policies are used during VM creation",
)
def schedule_policy_missed(machine: Machine, context: Context) -> Iterator[Observation]:
    """A policy covers the VM that should prepare it for schedules or attach it to one, yet that was not done.

    ## Why it matters
    These policies (effect deployIfNotExists) act after a VM was created, and do not for specialized, migrated and
    restored ones, nor for what was there before. The schedule runs without the VM, or in vain.

    ## What to do
    Start a remediation task, for the policy of the prerequisites first, then for the one that attaches the schedule. To
    prepare the VM alone and leave it without a schedule would mean that nobody patches it.

    ## When it is wrong
    Patch settings and attachments decide, never the compliance state. Where Azure Policy does not call the VM
    non-compliant, the assignment's parameters (tags, locations, operating system) may leave it out on purpose: then it
    is reported with less weight. An assignment that is not enforced (DoNotEnforce) is passed over.
    """
    schedules = covers(machine, context, [SCHEDULE_RECURRING_UPDATES])
    unattached = [cover for cover in schedules if not _is_attached(machine, context, cover)]
    unprepared = _missing_prerequisites(machine)
    if not unprepared and not unattached:
        return
    prerequisites = covers(machine, context, [SCHEDULE_PREREQUISITES])
    if not prerequisites and not schedules:
        return
    # The prerequisites come first: a schedule on an unprepared VM is what AUM030 and AUM031 warn of.
    first = (*prerequisites, *schedules)[0] if unprepared else unattached[0]
    then = unattached[0] if unattached and unattached[0] is not first else None
    missing = ["its patch mode and safety flag are not set for schedules"] if unprepared else []
    missing += ["it is not attached to the policy's schedule"] if unattached else []
    owned_up_to = any(cover.is_non_compliant for cover in (*prerequisites, *schedules))
    seen = observe(
        f"the policy {first.title} covers the VM, but {' and '.join(missing)}",
        *unprepared,
        *(_not_attached(cover) for cover in unattached[:1]),
        first.sign,
        *((then.sign,) if then is not None else ()),
        severity=None if owned_up_to else Severity.MEDIUM,
        confidence=Confidence.HIGH if owned_up_to else confidence_of(machine, first),
    )
    afterwards = {f"then{name[0].upper()}{name[1:]}": value for name, value in then.details.items()} if then else {}
    scheduled = "true" if context.is_scheduled(machine) else "false"
    yield structs.replace(seen, details={**first.details, **afterwards, "scheduled": scheduled})


def _missing_prerequisites(machine: Machine) -> tuple[Sign, ...]:
    settings = machine.patch_settings
    missing = []
    if not machine.is_platform_patch_mode:
        missing.append(sign(f"{machine.patch_settings_path}.patchMode", settings.patch_mode, "AutomaticByPlatform"))
    if not machine.bypasses_platform_safety_checks:
        path = f"{machine.patch_settings_path}.automaticByPlatformSettings.bypassPlatformSafetyChecksOnUserSchedule"
        missing.append(sign(path, settings.bypass_platform_safety_checks_on_user_schedule, True))
    return tuple(missing)


def _is_attached(machine: Machine, context: Context, cover: Cover) -> bool:
    wanted = cover.assignment.maintenance_configuration_id
    if wanted is None:
        return context.is_scheduled(machine)
    return any(
        ids.key(tie.assignment.maintenance_configuration_id) == ids.key(wanted) for tie in context.schedules(machine)
    )


def _not_attached(cover: Cover) -> Sign:
    expected = cover.assignment.maintenance_configuration_id or "a maintenance configuration"
    path = "configurationAssignments[].properties.maintenanceConfigurationId"
    return sign(path, None, expected, fact=Fact.ASSIGNMENTS)
