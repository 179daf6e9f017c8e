"""AUM083: the event before a schedule's runs cannot be delivered, so Azure cancels them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

import msgspec

from aumdoctor.checks.check import Observation, Sign, Subject, Undetermined, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.runs import last_cancelled, runs_by_schedule
from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Operation, Severity
from aumdoctor.model.maintenance import EventSubscription, MaintenanceConfiguration

_UNDER_WAY = frozenset({"creating", "updating"})
_NAMED_FOR_BEFORE = re.compile(r"(?:^|[^a-z])(?:pre|before)(?:[^a-z]|$)", re.IGNORECASE)


class _Complaint(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with an event subscription; `stops_runs` where Azure cancels a run for it."""

    text: str
    signs: tuple[Sign, ...]
    severity: Severity
    confidence: Confidence
    subscription: EventSubscription
    stops_runs: bool = False


@check(
    id="AUM083",
    name="pre-event-delivery-failure",
    severity=Severity.HIGH,
    applies_to=Subject.ESTATE,
    needs=(Fact.CONFIGURATIONS, Fact.RUNS),
    uses=(Fact.EVENT_SUBSCRIPTIONS, Fact.ASSIGNMENTS, Fact.MACHINE),
    blocks=(Operation.SCHEDULE,),
    remedies=("repair-pre-event",),
    causes=("AUM134",),
    source="azure-docs: update-manager/manage-pre-post-events.md, pre-post-scripts-overview.md",
)
def pre_event_delivery_failure(estate: Estate, context: Context) -> Iterator[Observation | Undetermined]:
    """The event that a schedule sends before its runs does not arrive, or Azure has cancelled a run for that.

    ## Why it matters
    Where somebody is to be told before a run, Azure sends the event 40 to 30 minutes ahead. If it cannot be delivered,
    Azure cancels the run ("Maintenance cancelled due to internal platform failure") and no machine of the schedule is
    patched. Where an event subscription has expired nothing is cancelled, but what its handler does is not done:
    machines that it starts stay off.

    ## What to do
    See in the metrics of the event subscription why deliveries fail: an expired webhook of a runbook, a function that
    is gone, a firewall. Repair the endpoint or the subscription at least 40 minutes before the next window.

    ## When it is wrong
    Whether an endpoint takes the events is not visible here, only whether the subscription to them is sound. High is a
    subscription that is not sound together with a run that Azure cancelled; either of them alone is medium, because a
    cancellation can have another reason and a failed change may leave the old subscription at work. A state that is
    about to change is low, as is a schedule without machines. That a subscription whose name speaks of "pre" or
    "before" takes only the event after the run may be meant. A later run clears a cancelled one.
    """
    subscriptions: dict[str, list[EventSubscription]] = defaultdict(list)
    for each in estate.event_subscriptions:
        subscriptions[ids.key(each.maintenance_configuration_id)].append(each)
    runs = runs_by_schedule(estate)
    for configuration in context.guest_configurations:
        attached = context.machines_by_configuration.get(configuration.id, [])
        if not attached and estate.scope.is_narrowed:
            continue
        reading = estate.reading(Fact.EVENT_SUBSCRIPTIONS, configuration.id)
        if not reading.is_known and ids.subscription_of(configuration.id) in estate.subscriptions_by_id:
            reason = f"who is told of the runs of {configuration.name} is not known: {reading.reason or 'not read'}"
            yield Undetermined(fact=Fact.EVENT_SUBSCRIPTIONS, reason=reason, resource_id=configuration.id)
        listeners = subscriptions.get(ids.key(configuration.id), [])
        following = _next_start(configuration, context)
        complaints = [found for each in listeners if (found := _complaint(each, following, context.now)) is not None]
        cancelled = last_cancelled(configuration, runs.get(ids.key(configuration.id), []), context)
        if cancelled is not None and not cancelled.by_platform:
            cancelled = None
        if cancelled is None and not complaints:
            continue
        severity = max([complaint.severity for complaint in complaints], default=Severity.MEDIUM)
        confidence = complaints[0].confidence if complaints else Confidence.HIGH
        said = [complaint.text for complaint in complaints]
        if cancelled is not None:
            severity, confidence = max(severity, Severity.MEDIUM), Confidence.HIGH
            if any(complaint.stops_runs for complaint in complaints):
                severity = Severity.HIGH
            said.insert(0, f"Azure cancelled the run of {cancelled.at:%Y-%m-%d %H:%M} UTC (internal platform failure)")
            if not complaints:
                said.append(_possible_reason(listeners))
        details = {"maintenanceConfigurationId": configuration.id}
        if complaints:
            details["eventSubscriptionId"] = complaints[0].subscription.id
        elif any(each.is_before_runs for each in listeners):
            details["eventSubscriptionId"] = next(each.id for each in listeners if each.is_before_runs)
        seen = observe(
            f"schedule {configuration.name}: " + "; ".join(said),
            *(cancelled.signs if cancelled is not None else ()),
            *(each for complaint in complaints for each in complaint.signs),
            severity=severity if attached else Severity.LOW,
            confidence=confidence,
            resource_id=configuration.id,
            machines=tuple(machine.id for machine in attached),
        )
        yield msgspec.structs.replace(seen, details=details)


def _next_start(configuration: MaintenanceConfiguration, context: Context) -> datetime | None:
    times = context.timetable(configuration)
    following = times.next(context.now) if times is not None else None
    return following.starts_at if following is not None else None


def _possible_reason(listeners: list[EventSubscription]) -> str:
    if any(each.is_before_runs for each in listeners):
        return "the event subscription itself is sound, so look at its endpoint"
    return "no event subscription before its runs was found"


def _complaint(each: EventSubscription, following: datetime | None, now: datetime) -> _Complaint | None:
    """The first thing that is wrong with an event subscription, worst first."""
    states = (
        ("the topic", each.topic_id, each.topic_provisioning_state),
        (f"the event subscription {each.name}", each.id, each.provisioning_state),
    )
    for what, where, state in states:
        if state is None or state.lower() == "succeeded" or not each.is_before_runs:
            continue
        changing = state.lower() in _UNDER_WAY
        return _Complaint(
            text=f"{what} that tells of its runs beforehand is {state}" + (", it may be changing" if changing else ""),
            signs=(_sign("provisioningState", state, "Succeeded", where),),
            severity=Severity.LOW if changing else Severity.MEDIUM,
            confidence=Confidence.LOW if changing else Confidence.MEDIUM,
            subscription=each,
            stops_runs=not changing,
        )
    if each.expires_at is not None and following is not None and each.expires_at <= following:
        verb = "expired" if each.expires_at <= now else "expires"
        return _Complaint(
            text=f"the event subscription {each.name} {verb} on {each.expires_at:%Y-%m-%d %H:%M} UTC, before the next "
            f"window on {following:%Y-%m-%d %H:%M} UTC: its handler will not be told",
            signs=(_sign("expirationTimeUtc", each.expires_at.isoformat(), "after the next window", each.id),),
            severity=Severity.MEDIUM,
            confidence=Confidence.HIGH,
            subscription=each,
        )
    if not each.is_before_runs and _NAMED_FOR_BEFORE.search(each.name):
        path = "filter.includedEventTypes"
        wanted = "Microsoft.Maintenance.PreMaintenanceEvent among them"
        return _Complaint(
            text=f"the event subscription {each.name} takes no event from before a run, though its name speaks of it",
            signs=(_sign(path, list(each.event_types), wanted, each.id),),
            severity=Severity.LOW,
            confidence=Confidence.LOW,
            subscription=each,
        )
    return None


def _sign(member: str, observed: object, expected: str, resource_id: str) -> Sign:
    path = f"properties.{member}"
    return sign(path, observed, expected, fact=Fact.EVENT_SUBSCRIPTIONS, resource_id=resource_id)
