"""What keeps an action from being made now, as the estate stands that was read right before."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime

from aumdoctor.checks.context import Context
from aumdoctor.knowledge import policies
from aumdoctor.knowledge.time_rules import rule
from aumdoctor.model import ids
from aumdoctor.model.facts import Fact
from aumdoctor.model.machine import Machine
from aumdoctor.model.maintenance import MaintenanceConfiguration
from aumdoctor.remedies.plan import PlannedAction

IGNORE_TAG = "aumdoctor:ignore"
"""A machine or schedule with this tag is left alone, unless the tag's value is `false`."""

_BYPASS = "automaticbyplatformsettings.bypassplatformsafetychecksonuserschedule"
_HOTPATCHING = "patchsettings.enablehotpatching"
_PATCH_MODE = "patchsettings.patchmode"
_MACHINE = re.compile(r".*?/providers/microsoft\.(compute/virtualmachines|hybridcompute/machines)/[^/]+(?=/|$)")
_HARMLESS_IN_A_WINDOW = frozenset({"register-provider"})


def objection(action: PlannedAction, context: Context) -> str | None:
    """Why an action must not be made now, None where nothing stands in its way.

    `context` is the estate as it was read for this action, with the time. Whatever of it could not be read stands in
    the way, too: a lock or a window that nobody saw may be there.
    """
    machines = machines_of(action, context)
    schedules = schedules_of(action, machines, context)
    return (
        _unseen(action, context)
        or _ignored(action, machines, schedules)
        or _locked(action, context)
        or _in_a_window(action, machines, schedules, context)
        or _against_hotpatching(action, machines)
        or _undone_by_policy(action, machines, context)
    )


def machines_of(action: PlannedAction, context: Context) -> tuple[Machine, ...]:
    """The machines of an estate that an action is about: those that it names, and the one that it changes."""
    known = context.estate.machines_by_key
    keys = dict.fromkeys([*map(ids.key, action.machines), *_above(action.target.path)])
    return tuple(known[key] for key in keys if key in known)


def _above(path: str) -> Iterator[str]:
    """The keys of a resource and of all that it lies in."""
    key = ids.key(path)
    while key:
        yield key
        key = key.rpartition("/")[0]


def schedules_of(
    action: PlannedAction, machines: Iterable[Machine], context: Context
) -> tuple[MaintenanceConfiguration, ...]:
    """The schedules whose windows an action may disturb: that which it changes, and those of its machines."""
    found = {ids.key(each.id): each for machine in machines for each in context.configurations_of(machine)}
    changed = context.estate.configurations_by_key.get(ids.key(action.target.path))
    if changed is not None:
        found[ids.key(changed.id)] = changed
    return tuple(found.values())


def _unseen(action: PlannedAction, context: Context) -> str | None:
    """What stands on a machine that is not in the estate, or in its way, is not known."""
    known = context.estate.machines_by_key
    within = _MACHINE.match(ids.key(action.target.path))
    if within is None or within.group() in known:
        return None
    # What a machine left behind where it was before it moved disturbs it nowhere.
    if action.call.method == "DELETE" and action.machines and all(ids.key(each) in known for each in action.machines):
        return None
    return f"{ids.name_of(within.group())} could not be read, or is not there any more"


def _ignored(
    action: PlannedAction, machines: Iterable[Machine], schedules: Iterable[MaintenanceConfiguration]
) -> str | None:
    about = ids.key(action.target.path)
    tagged: list[Machine | MaintenanceConfiguration] = [*machines]
    tagged += [each for each in schedules if ids.key(each.id) == about]
    for resource in tagged:
        for name, value in resource.tags.items():
            if name.lower() == IGNORE_TAG and value.strip().lower() != "false":
                return f"{resource.name} has the tag {IGNORE_TAG}"
    return None


def _locked(action: PlannedAction, context: Context) -> str | None:
    # A management group has no locks.
    subscription = ids.subscription_of(action.target.path)
    reading = context.estate.reading(Fact.LOCKS, ids.subscription_scope(subscription))
    if subscription and not reading.is_known:
        return f"whether it is locked could not be read: {reading.reason}"
    deletes = action.call.method == "DELETE"
    for lock in context.estate.locks:
        # What a level that is not known forbids is not known either.
        stops = deletes or lock.level.lower() != "cannotdelete"
        inside = deletes and ids.is_within(lock.scope, action.target.path)
        if stops and (inside or ids.is_within(action.target.path, lock.scope)):
            return f"the lock {lock.name} ({lock.level}) stands on {lock.scope}"
    return None


def _in_a_window(
    action: PlannedAction,
    machines: Iterable[Machine],
    schedules: Iterable[MaintenanceConfiguration],
    context: Context,
) -> str | None:
    """An open window is left alone, and so is one that begins before a change could count for it."""
    if action.remedy in _HARMLESS_IN_A_WINDOW:
        return None
    for machine in machines:
        for fact in (Fact.ASSIGNMENTS, Fact.CONFIGURATIONS):
            reading = context.estate.reading(fact, machine.key)
            if not reading.is_known:
                return f"whether {machine.name} is in a patch window could not be read: {reading.reason}"
        unread = [tie for tie in context.schedules(machine) if tie.configuration is None]
        if unread:
            name = ids.name_of(unread[0].assignment.maintenance_configuration_id)
            return f"whether {machine.name} is in a window of {name} is not known: the schedule could not be read"
    for schedule in schedules:
        times = context.timetable(schedule)
        if times is None or not schedule.is_guest_patching:
            continue
        now_open = times.open_at(context.now)
        if now_open is not None:
            return f"the patch window of {schedule.name} is open until {_time(now_open.ends_at)}"
        told = ids.key(schedule.id) in context.told_before_runs
        lead = rule("change-lead-with-pre-event" if told else "change-lead").span
        coming = times.next(context.now)
        if coming is not None and coming.starts_at - context.now < lead:
            return f"the patch window of {schedule.name} begins at {_time(coming.starts_at)}, too soon for a change"
    return None


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _against_hotpatching(action: PlannedAction, machines: Iterable[Machine]) -> str | None:
    """Azure refuses the bypass flag beside hotpatching."""
    sets_bypass = any(path.lower().endswith(_BYPASS) and value is True for path, value in action.changes.items())
    ends_hotpatching = any(
        path.lower().endswith(_HOTPATCHING) and value is False for path, value in action.changes.items()
    )
    # A plan that ends hotpatching first says so; then it was on only when the estate was read.
    if not sets_bypass or ends_hotpatching or action.after:
        return None
    for machine in machines:
        if machine.patch_settings.enable_hotpatching:
            return f"hotpatching is on for {machine.name}, and Azure takes no bypass flag beside it"
    return None


def _undone_by_policy(action: PlannedAction, machines: Iterable[Machine], context: Context) -> str | None:
    """The policies of Azure Update Manager would set again what an action takes away."""
    takes_away = [
        path
        for path, value in action.changes.items()
        if (path.lower().endswith(_BYPASS) and value is False)
        or (path.lower().endswith(_PATCH_MODE) and value != "AutomaticByPlatform")
    ]
    if not takes_away:
        return None
    for machine in machines:
        for assignment, _ in context.policies_covering(machine, policies.SCHEDULE_PREREQUISITES):
            if (assignment.enforcement_mode or "Default").lower() == "default":
                name = assignment.display_name or assignment.name
                return f"the policy {name} covers {machine.name} and would set {takes_away[0]} again"
    return None
