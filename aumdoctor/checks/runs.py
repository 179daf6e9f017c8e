"""Runs of schedules as checks read them: which have ended and how, when they began, and which were cancelled."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import UTC, datetime

import msgspec

from aumdoctor.checks.check import Sign, sign
from aumdoctor.checks.context import Context
from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.machine import Machine
from aumdoctor.model.maintenance import ApplyUpdate, MaintenanceConfiguration

UNDER_WAY = frozenset({"", "pending", "notstarted", "inprogress", "retrynow", "retrylater"})
"""The statuses, in lower case, of runs that have not ended; an absent one tells nothing, so it counts as such."""

WAITING = UNDER_WAY - {"", "inprogress"}
"""The statuses of runs that have not got as far as the machine."""

SUCCEEDED = frozenset({"succeeded", "completed", "completedwithwarnings", "noupdatespending"})
"""The statuses of runs that came to a good end."""

BY_PLATFORM = "internal platform failure"
"""What stands in the message of a run that Azure itself cancelled (azure-docs: manage-pre-post-events.md)."""

_CANCELLED = frozenset({"cancelled", "canceled"})
_CANCELLED_TEXT = "maintenance cancelled"
_NAME_OF_RUN = re.compile(r"/applyupdates/(\d{14})$", re.IGNORECASE | re.ASCII)


def texts_of(run: ApplyUpdate) -> str:
    """Status, error code and error message of a run in one text, in lower case."""
    return f"{run.status} {run.error_code} {run.error_message}".lower()


def is_under_way(run: ApplyUpdate) -> bool:
    """Whether a run has not ended, by its status."""
    return (run.status or "").lower() in UNDER_WAY


def is_cancelled(run: ApplyUpdate) -> bool:
    """Whether a run was cancelled, by somebody or by Azure."""
    return (run.status or "").lower() in _CANCELLED or _CANCELLED_TEXT in texts_of(run)


def began(run: ApplyUpdate) -> datetime | None:
    """When a run began: its start or, where it has none, the time in UTC after which the run of its schedule is named
    (`…/applyupdates/20260606220000`). None where neither can be read."""
    if run.started_at is not None:
        return run.started_at
    for text in (run.correlation_id, run.id):
        named = _NAME_OF_RUN.search(text or "")
        if named is None:
            continue
        try:
            return datetime.strptime(named[1], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


def schedule_key(run: ApplyUpdate) -> str:
    """The key of the configuration that a run is of; an empty string where Azure does not say."""
    if run.maintenance_configuration_id:
        return ids.key(run.maintenance_configuration_id)
    return (
        ids.key(run.id.lower().split("/providers/microsoft.maintenance/applyupdates", 1)[0])
        if (run.is_of_configuration)
        else ""
    )


def runs_of(machine: Machine, configuration: MaintenanceConfiguration, context: Context) -> list[ApplyUpdate]:
    """The runs of a schedule on a machine, newest first; a run that does not name its schedule may be one of them."""
    wanted = ids.key(configuration.id)
    return [run for run in context.runs_by_machine.get(machine.key, ()) if schedule_key(run) in ("", wanted)]


def runs_by_schedule(estate: Estate) -> dict[str, list[ApplyUpdate]]:
    """The runs on machines and the runs of schedules as a whole, by the key of the schedule."""
    grouped: dict[str, list[ApplyUpdate]] = defaultdict(list)
    for run in (*estate.configuration_runs, *estate.runs):
        grouped[schedule_key(run)].append(run)
    return grouped


class Cancellation(msgspec.Struct, frozen=True, kw_only=True):
    """The newest run of a schedule, which was cancelled. `machines` are those that it would have patched."""

    run: ApplyUpdate
    at: datetime
    by_platform: bool
    machines: tuple[str, ...]

    @property
    def signs(self) -> tuple[Sign, ...]:
        """What the run says of itself."""
        members = (("status", self.run.status), ("errorMessage", self.run.error_message))
        return tuple(
            sign(f"properties.{name}", told, fact=Fact.RUNS, resource_id=self.run.id) for name, told in members if told
        )


def last_cancelled(
    configuration: MaintenanceConfiguration, runs: list[ApplyUpdate], context: Context
) -> Cancellation | None:
    """How the newest run of a schedule was cancelled, None where it was not.

    `runs` are all that is known of the schedule (`runs_by_schedule`). A run cancelled as a whole concerns every machine
    of the schedule; one cancelled on some machines concerns those.
    """
    timed = [(moment, run) for run in runs if (moment := began(run)) is not None]
    newest = max((moment for moment, _ in timed), default=None)
    if newest is None:
        return None
    # The rows of one run differ by seconds in their starts; two runs of a schedule are six hours apart at least.
    of_newest = [(moment, run) for moment, run in timed if (newest - moment).total_seconds() < 3600]
    cancelled = [run for _, run in of_newest if is_cancelled(run)]
    whole = [run for run in cancelled if run.is_of_configuration]
    on_machines = [run for run in cancelled if not run.is_of_configuration]
    if not cancelled:
        return None
    telling = next((run for run in (*whole, *on_machines) if run.error_message), cancelled[0])
    attached = tuple(machine.id for machine in context.machines_by_configuration.get(configuration.id, ()))
    hit = {ids.key(run.resource_id) for run in on_machines}
    return Cancellation(
        run=telling,
        at=newest,
        by_platform=any(BY_PLATFORM in texts_of(run) for run in cancelled),
        machines=attached if whole else tuple(machine for machine in attached if ids.key(machine) in hit),
    )
