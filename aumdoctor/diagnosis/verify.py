"""Applied is not cured: what became of the findings that actions were to cure, by an examination made afterwards."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from aumdoctor.diagnosis.examine import Examination
from aumdoctor.model import ids
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.plan import FindingRef, PlannedAction
from aumdoctor.remedies.run_in_guest import scripted


class Cure(StrEnum):
    """CURED: the finding is gone. NOT_YET: it is still there, and the cure takes its time. NOT_CURED: it is still
    there. UNKNOWN: the check could not be answered."""

    CURED = "cured"
    NOT_YET = "not-yet"
    NOT_CURED = "not-cured"
    UNKNOWN = "unknown"


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What became of what an action was to cure. `until` is the time by which it should show, where it is not yet to be
    seen and that can be told."""

    cure: Cure
    said: str
    until: datetime | None = None


_TAKES = {
    "assess-now": timedelta(minutes=15),
    "delete-arc-extension": timedelta(minutes=30),
    "grant-policy-role": timedelta(minutes=30),
    "install-cumulative-update": timedelta(hours=4),
    "register-provider": timedelta(minutes=10),
    "remediate-policy": timedelta(hours=1),
    "restart-auto-assess-timer": timedelta(hours=25),
    "restart-machine": timedelta(minutes=15),
    "start-machine": timedelta(minutes=15),
}
"""How long remedies take until what they do can be seen: Resource Graph lags by minutes, remediation tasks run long.
Inferences; after that the finding counts as not cured."""

_IN_GUEST = timedelta(minutes=15)
"""The same for scripts that an assessment follows."""

_OF_RUNS = frozenset(
    {"AUM010", "AUM011", "AUM013", "AUM065", "AUM082", "AUM084", "AUM131", "AUM132", "AUM134", "AUM135", "AUM136"}
)
"""Checks of how past runs ended: nothing cures the past, the next run shows whether the cure helped."""

_DETACHES = frozenset({"detach-from-schedule"})
"""Remedies that end what is wrong with a schedule on a machine that none can patch. The machine stays what it is, and
so does the finding about it."""

_ASSIGNMENT = "assignmentId"
"""The detail of such a finding that names the schedule's assignment."""

_MACHINES = frozenset({"microsoft.compute/virtualmachines", "microsoft.hybridcompute/machines"})


class Sight:
    """What an examination says of single findings."""

    def __init__(self, examination: Examination) -> None:
        self._present = {(found.check, ids.key(found.resource_id)): found for found in examination.findings}
        self._dark = {(each.check, ids.key(each.resource_id)): each.reason for each in examination.unknowns}
        self._machines = examination.estate.machines_by_key

    def finding(self, ref: FindingRef) -> Finding | None:
        """The finding, where it is there."""
        return self._present.get((ref.check, ids.key(ref.resource_id)))

    def unknown(self, ref: FindingRef) -> str | None:
        """Why it cannot be told whether the finding is there, None where it can.

        A check that had no answer for a subscription has none for what lies in it either. A machine that is not in the
        estate any more may have been deleted, or may just not have been seen.
        """
        key = about = ids.key(ref.resource_id)
        while True:
            reason = self._dark.get((ref.check, key))
            if reason is not None:
                return f"{ref.check} could not be answered: {reason}"
            if not key:
                break
            key = key.rpartition("/")[0]
        if ids.parse(about).type in _MACHINES and about not in self._machines:
            return f"{ids.name_of(ref.resource_id)} is not to be seen any more"
        return None


def verify(action: PlannedAction, after: Examination, now: datetime) -> Verified:
    """What became of the findings that an action was to cure. Pure."""
    return verify_all((action,), after, now)[action.id]


def verify_all(actions: Iterable[PlannedAction], after: Examination, now: datetime) -> dict[str, Verified]:
    """The same for many actions, by their ids."""
    sight = Sight(after)
    return {action.id: _verified(action, sight, now) for action in actions}


def _verified(action: PlannedAction, sight: Sight, now: datetime) -> Verified:
    still = [found for ref in action.findings if (found := sight.finding(ref)) is not None]
    if action.remedy in _DETACHES and still and not any(_ASSIGNMENT in found.details for found in still):
        return Verified(cure=Cure.CURED, said=f"no schedule is attached any more; {still[0].check} itself stays")
    if still:
        check = still[0].check
        if check in _OF_RUNS:
            return Verified(cure=Cure.NOT_YET, said=f"{check} tells of a past run; the next one shows")
        span = _TAKES.get(action.remedy, _IN_GUEST if action.remedy in scripted() else None)
        if span is not None:
            until = now + span
            return Verified(cure=Cure.NOT_YET, said=f"{check} is still there; it may take a while", until=until)
        return Verified(cure=Cure.NOT_CURED, said=f"{check} is still there: {still[0].message}")
    if not action.findings:
        names = ", ".join(map(ids.name_of, action.machines))
        return Verified(cure=Cure.NOT_YET, said=f"Azure's side does not show it; aumdoctor probe {names} looks inside")
    unknown = next((reason for ref in action.findings if (reason := sight.unknown(ref)) is not None), None)
    if unknown is not None:
        return Verified(cure=Cure.UNKNOWN, said=unknown)
    return Verified(cure=Cure.CURED, said="the finding is gone")
