"""What Azure says about each link of a machine's chain where no check has anything to say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from aumdoctor.checks.context import Context
from aumdoctor.checks.extensions import os_update_extensions, patch_extension_handlers, patch_extensions
from aumdoctor.checks.signs import POWER_STATE_PATH, schedule_names
from aumdoctor.diagnosis.links import Link
from aumdoctor.knowledge import policies
from aumdoctor.model import ids
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Evidence
from aumdoctor.model.machine import Assessment, Installation, Machine

_POLICIES = (
    policies.PERIODIC_ASSESSMENT_VM,
    policies.PERIODIC_ASSESSMENT_ARC,
    policies.SCHEDULE_PREREQUISITES,
    policies.SCHEDULE_RECURRING_UPDATES,
)


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How a link stands in words, with what Azure says there. Not `applies`: nothing hangs on the link, and `words` say
    why."""

    words: str
    evidence: tuple[Evidence, ...] = ()
    applies: bool = True


def standing(link: Link, machine: Machine, context: Context) -> Standing:
    """How a link of a machine stands."""
    return _STANDINGS[link](machine, context)


def _seen(
    context: Context, machine: Machine, fact: Fact, path: str, observed: Any, resource_id: str | None = None
) -> Evidence:
    reading = context.estate.reading(fact, machine.key)
    return Evidence(
        path=path,
        observed=observed,
        source=reading.source,
        observed_at=reading.observed_at,
        resource_id=resource_id,
    )


def _known(context: Context, machine: Machine, fact: Fact) -> bool:
    return context.estate.reading(fact, machine.key).is_known


def _provider(machine: Machine, context: Context) -> Standing:
    subscription = context.estate.subscriptions_by_id.get(machine.subscription_id)
    readable = _known(context, machine, Fact.PROVIDERS)
    registered = subscription.providers if subscription is not None and readable else {}
    wanted = ["Microsoft.Compute", "Microsoft.Maintenance", *(["Microsoft.HybridCompute"] if machine.is_arc else [])]
    states = {name: registered[name.lower()] for name in wanted if name.lower() in registered}
    if not states:
        return Standing(words="the resource providers were not read")
    return Standing(
        words=", ".join(f"{name} is {state}" for name, state in states.items()),
        evidence=tuple(
            _seen(
                context,
                machine,
                Fact.PROVIDERS,
                "registrationState",
                state,
                ids.provider_id(machine.subscription_id, name),
            )
            for name, state in states.items()
        ),
    )


def _policy(machine: Machine, context: Context) -> Standing:
    covering = [found for definition in _POLICIES for found in context.policies_covering(machine, definition)]
    if not covering:
        return Standing(words="no policy of Azure Update Manager covers the machine", applies=False)
    evidence = tuple(
        _seen(
            context,
            machine,
            Fact.POLICY_STATES,
            "complianceState",
            state.compliance_state if state is not None else None,
            assignment.id,
        )
        for assignment, state in covering
    )
    names = ", ".join(dict.fromkeys(assignment.display_name or assignment.name for assignment, _ in covering))
    return Standing(words=f"covered by {names}", evidence=evidence)


def _patch_mode(machine: Machine, context: Context) -> Standing:
    if machine.is_arc:
        return Standing(words="an Arc-enabled server needs no patch mode: its schedule alone decides", applies=False)
    settings, path = machine.patch_settings, machine.patch_settings_path
    bypass = "automaticByPlatformSettings.bypassPlatformSafetyChecksOnUserSchedule"
    by_default = "" if settings.patch_mode else " by default"
    bypassed = "with" if machine.bypasses_platform_safety_checks else "without"
    mode = machine.effective_patch_mode or "not known"
    return Standing(
        words=f"the patch mode is {mode}{by_default}, {bypassed} the bypass flag",
        evidence=(
            _seen(context, machine, Fact.MACHINE, f"{path}.patchMode", settings.patch_mode),
            _seen(
                context,
                machine,
                Fact.MACHINE,
                f"{path}.{bypass}",
                settings.bypass_platform_safety_checks_on_user_schedule,
            ),
        ),
    )


def _assessment(machine: Machine, context: Context) -> Standing:
    path = f"{machine.patch_settings_path}.assessmentMode"
    daily = "is assessed every day" if machine.has_periodic_assessment else "is assessed on demand only"
    return Standing(
        words=f"the machine {daily} ({machine.effective_assessment_mode})",
        evidence=(_seen(context, machine, Fact.MACHINE, path, machine.patch_settings.assessment_mode),),
    )


def _assignment(machine: Machine, context: Context) -> Standing:
    if not _known(context, machine, Fact.ASSIGNMENTS):
        return Standing(words="the assignments were not read")
    ties = context.schedules(machine)
    if not ties:
        return Standing(words="no schedule is attached", applies=False)
    return Standing(
        words="; ".join(
            f"{'the dynamic scope' if tie.assignment.is_dynamic else 'the assignment'} {tie.assignment.name} attaches "
            f"it to {ids.name_of(tie.assignment.maintenance_configuration_id)}"
            for tie in ties
        ),
        evidence=tuple(
            _seen(
                context,
                machine,
                Fact.ASSIGNMENTS,
                "properties.maintenanceConfigurationId",
                tie.assignment.maintenance_configuration_id,
                tie.assignment.id,
            )
            for tie in ties
        ),
    )


def _schedule(machine: Machine, context: Context) -> Standing:
    ties = context.schedules(machine)
    if not ties:
        return Standing(words="no schedule is attached", applies=False)
    windows = [tie.configuration for tie in ties if tie.configuration is not None]
    if not windows:
        return Standing(words=f"the schedule {schedule_names(ties)} was not read")
    evidence = [
        _seen(context, machine, Fact.CONFIGURATIONS, f"properties.maintenanceWindow.{name}", value, each.id)
        for each in windows
        for name, value in (
            ("recurEvery", each.window.recur_every),
            ("startDateTime", each.window.start_date_time),
            ("duration", each.window.duration),
            ("timeZone", each.window.time_zone),
        )
    ]
    said = (
        f"{each.name}: every {each.window.recur_every or '?'} for {each.window.duration or '?'} h, "
        f"from {each.window.start_date_time or '?'} ({each.window.time_zone or 'time zone not given'})"
        for each in windows
    )
    return Standing(words="; ".join(said), evidence=tuple(evidence))


def _power(machine: Machine, context: Context) -> Standing:
    if machine.arc is not None:
        state = Standing(words="Azure does not hold the power of an Arc-enabled server")
    else:
        state = Standing(
            words=f"the VM is {machine.power_state or 'in a power state that Azure does not report'}",
            evidence=(_seen(context, machine, Fact.POWER_STATE, POWER_STATE_PATH, f"PowerState/{machine.power_state}"),)
            if machine.power_state
            else (),
        )
    locks = [lock for lock in context.estate.locks if ids.is_within(machine.id, lock.scope)]
    if not locks:
        return state
    told = ", ".join(f"{lock.level} lock {lock.name}" for lock in locks)
    held = "; a cure is refused until it is lifted" if any(lock.level.lower() == "readonly" for lock in locks) else ""
    return Standing(
        words=f"{state.words}; it is under the {told}{held}",
        evidence=(
            *state.evidence,
            *(_seen(context, machine, Fact.LOCKS, "properties.level", lock.level, lock.id) for lock in locks),
        ),
    )


def _agent(machine: Machine, context: Context) -> Standing:
    if machine.arc is not None:
        version = f", version {machine.arc.version}" if machine.arc.version else ""
        return Standing(
            words=f"the Arc agent is {machine.arc.status or 'of unknown status'}{version}",
            evidence=(_seen(context, machine, Fact.MACHINE, "properties.status", machine.arc.status),),
        )
    agent = machine.vm_agent
    if agent is None:
        return Standing(words="the VM agent reports nothing, or was not asked about")
    status = agent.status.display_status if agent.status is not None else None
    path = "properties.instanceView.vmAgent"
    return Standing(
        words=f"the VM agent is {status or 'of unknown status'}, version {agent.version or 'unknown'}",
        evidence=(
            _seen(context, machine, Fact.INSTANCE_VIEW, f"{path}.statuses[0].displayStatus", status),
            _seen(context, machine, Fact.INSTANCE_VIEW, f"{path}.vmAgentVersion", agent.version),
        ),
    )


def _extension(machine: Machine, context: Context) -> Standing:
    extensions = [*os_update_extensions(machine), *patch_extensions(machine)]
    handlers = [*patch_extension_handlers(machine)]
    evidence = [
        _seen(
            context,
            machine,
            Fact.EXTENSIONS,
            "properties.provisioningState",
            each.provisioning_state,
            f"{machine.id}/extensions/{each.name}",
        )
        for each in extensions
    ]
    evidence += [
        _seen(
            context,
            machine,
            Fact.INSTANCE_VIEW,
            "properties.instanceView.vmAgent.extensionHandlers[].status.displayStatus",
            each.status.display_status if each.status is not None else None,
        )
        for each in handlers
    ]
    told = [f"{each.name} is {each.provisioning_state or 'there'}" for each in extensions]
    if not told:
        told = [f"{each.type} {each.version or ''}".rstrip() + " is there" for each in handlers]
    return Standing(
        words=", ".join(told) or "no extension of Azure Update Manager was seen, nor is one missed",
        evidence=tuple(evidence),
    )


def _last_result(machine: Machine, context: Context) -> Standing:
    results = [
        (name, fact, result)
        for name, fact, result in (
            ("assessment", Fact.ASSESSMENT, machine.assessment),
            ("installation", Fact.INSTALLATION, machine.installation),
        )
        if result is not None
    ]
    if not results:
        return Standing(words="no assessment and no installation is on record", applies=False)
    return Standing(
        words="; ".join(f"the last {name} {_ended(result)}" for name, _, result in results),
        evidence=tuple(
            _seen(context, machine, fact, f"{result.path}.status", result.status) for _, fact, result in results
        ),
    )


def _ended(result: Assessment | Installation) -> str:
    when = f" on {result.last_modified:%Y-%m-%d %H:%M} UTC" if result.last_modified is not None else ""
    return f"is {result.status or 'of unknown status'}{when}"


_STANDINGS: dict[Link, Callable[[Machine, Context], Standing]] = {
    Link.PROVIDER: _provider,
    Link.POLICY: _policy,
    Link.PATCH_MODE: _patch_mode,
    Link.ASSESSMENT: _assessment,
    Link.ASSIGNMENT: _assignment,
    Link.SCHEDULE: _schedule,
    Link.POWER: _power,
    Link.AGENT: _agent,
    Link.EXTENSION: _extension,
    Link.LAST_RESULT: _last_result,
}
