"""Advice: have the event before a schedule's runs delivered again."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.remedy import Prescription, Risk, az, remedy


@remedy(
    name="repair-pre-event",
    title="Have the event before the schedule's runs delivered again",
    risk=Risk.ADVICE,
    reversible=False,
    portal="Azure Update Manager > Resources > Maintenance configurations > (the schedule) > Settings > Events",
)
def repair_pre_event(finding: Finding, estate: Estate) -> Prescription | None:
    """What is behind the endpoint is its owner's; the subscription is shown by the id that was read."""
    schedule = finding.details.get("maintenanceConfigurationId")
    if schedule is None:
        return None
    wanted = ids.key(finding.details.get("eventSubscriptionId", ""))
    found = next((each for each in estate.event_subscriptions if ids.key(each.id) == wanted), None)
    if found is None:
        topics = az("eventgrid", "system-topic", "list", "--query", "[].{id:id,source:source}")
        steps: tuple[str, ...] = (
            f"Find the system topic whose source is the schedule, and who is subscribed to it: {topics}",
        )
    else:
        where = ids.parse(found.topic_id)
        named = ("--name", found.name, "--system-topic-name", where.name, "--resource-group", where.resource_group)
        show = az(
            "eventgrid", "system-topic", "event-subscription", "show", *named, "--subscription", where.subscription
        )
        steps = (f"See its state, its endpoint, its event types and when it expires: {show}",)
    return Prescription(
        steps=(
            *steps,
            "See the metrics Delivery Failed Events and Dead Lettered Events of the event subscription: they say "
            "whether the endpoint takes the events. The webhook of a runbook expires; a function may be gone or closed "
            "to Event Grid.",
            "Repair the endpoint, or create the event subscription anew, at least 40 minutes before the next window.",
            "Where nobody needs the event any more, delete the event subscription: then nothing is cancelled for it.",
            "Afterwards see that the next run is not cancelled: the schedule's history has a row for each machine.",
        )
    )
