"""AUM041: somebody set the patch settings of a VM back after a policy had set them."""

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, Undetermined, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.knowledge.policies import SCHEDULE_PREREQUISITES, SCHEDULE_RECURRING_UPDATES
from aumdoctor.model import ids
from aumdoctor.model.estate import ActivityEvent
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Machine
from aumdoctor.model.policy import PolicyState

_WRITE = "microsoft.compute/virtualmachines/write"
_SETTERS = frozenset({SCHEDULE_PREREQUISITES, SCHEDULE_RECURRING_UPDATES})


@check(
    id="AUM041",
    name="patch-mode-drift",
    severity=Severity.MEDIUM,
    confidence=Confidence.LOW,
    applies_to=Subject.AZURE_VM,
    needs=(Fact.MACHINE, Fact.POLICY_STATES),
    uses=(Fact.POLICY_ASSIGNMENTS, Fact.ACTIVITY_LOG, Fact.ASSIGNMENTS),
    remedies=("customer-managed-schedule", "declare-patch-settings"),
    source="Azure/azure-policy #1209, #1277",
)
def patch_mode_drift(machine: Machine, context: Context) -> Iterator[Observation | Undetermined]:
    """Azure Policy calls the VM compliant with what schedules need, it is not, and somebody wrote the VM since.

    ## Why it matters
    The policies that prepare VMs for schedules act when a VM is created or remediated, and do not mend what is changed
    later. A template or a Terraform run that does not name the patch settings sets them back with every deployment:
    the cure holds until the next one, and the compliance state goes on saying Compliant.

    ## What to do
    Find out who wrote the VM, and state the patch settings where it is declared. Only then set them on the VM.

    ## When it is wrong
    The activity log tells that the VM was written and by whom, not what was changed; that this write did it is an
    inference (confidence low). Writes by the policy's own identity and those before the compliance state are passed
    over. The log reaches back 90 days and is read only where patch settings and compliance state disagree.
    """
    if machine.is_platform_patch_mode and machine.bypasses_platform_safety_checks:
        return
    states = [
        state
        for state in context.policy_states_by_resource.get(machine.key, ())
        if ids.name_of(state.policy_definition_id).lower() in _SETTERS
        and (state.compliance_state or "").lower() == "compliant"
    ]
    if not states:
        return
    log = context.estate.reading(Fact.ACTIVITY_LOG, machine.key)
    if not log.is_known:
        yield Undetermined(fact=Fact.ACTIVITY_LOG, reason=log.reason or log.outcome.value)
        return
    state, event = next(
        ((state, event) for state in states for event in _writes(machine, state, context)), (None, None)
    )
    if state is None or event is None:
        return
    settings = machine.patch_settings
    by = f" by {event.caller}" if event.caller else ""
    yield observe(
        f"Azure Policy calls it compliant, its patch settings are not, and it was written{by} since",
        sign(f"{machine.patch_settings_path}.patchMode", settings.patch_mode, "AutomaticByPlatform"),
        sign(
            f"{machine.patch_settings_path}.automaticByPlatformSettings.bypassPlatformSafetyChecksOnUserSchedule",
            settings.bypass_platform_safety_checks_on_user_schedule,
            True,
        ),
        sign(
            "properties.complianceState",
            state.compliance_state,
            "NonCompliant",
            fact=Fact.POLICY_STATES,
            resource_id=state.policy_assignment_id,
        ),
        sign("caller", event.caller, "the policy's own identity", fact=Fact.ACTIVITY_LOG),
        sign("eventTimestamp", event.at, fact=Fact.ACTIVITY_LOG),
        scheduled="true" if context.is_scheduled(machine) else "false",
    )


def _writes(machine: Machine, state: PolicyState, context: Context) -> Iterator[ActivityEvent]:
    """The writes of a VM after a compliance state, by others than the policy, newest first."""
    assignment = context.policy_assignments_by_key.get(ids.key(state.policy_assignment_id))
    principal = (assignment.principal_id or "").lower() if assignment is not None else ""
    since = state.timestamp
    events = [
        event
        for event in context.activity_by_resource.get(machine.key, ())
        if event.operation.lower() == _WRITE
        and (event.status or "").lower() != "failed"
        and event.at is not None
        and since is not None
        and event.at > since
        and not (principal and (event.caller or "").lower() == principal)
    ]
    yield from sorted(events, key=lambda event: event.at.timestamp() if event.at else 0.0, reverse=True)
