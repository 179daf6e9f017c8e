"""Applied is not cured: what became of the findings that actions were to cure, by an examination made afterwards."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from aumdoctor.diagnosis.examine import Examination
from aumdoctor.model import ids
from aumdoctor.remedies.plan import FindingRef, PlannedAction


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
    "register-provider": timedelta(minutes=10),
    "remediate-policy": timedelta(hours=1),
    "restart-machine": timedelta(minutes=15),
    "start-machine": timedelta(minutes=15),
}
"""How long remedies take until what they do can be seen: Resource Graph lags by minutes, remediation tasks run long.
Inferences; after that the finding counts as not cured."""

_OF_RUNS = frozenset(
    {"AUM010", "AUM011", "AUM013", "AUM065", "AUM082", "AUM084", "AUM131", "AUM132", "AUM134", "AUM135", "AUM136"}
)
"""Checks of how past runs ended: nothing cures the past, the next run shows whether the cure helped."""


def verify(action: PlannedAction, after: Examination, now: datetime) -> Verified:
    """What became of the findings that an action was to cure. Pure."""
    present = {(finding.check, ids.key(finding.resource_id)): finding for finding in after.findings}
    dark = {(unknown.check, ids.key(unknown.resource_id)): unknown for unknown in after.unknowns}
    still = [present[key] for key in _keys(action.findings) if key in present]
    if still:
        check = still[0].check
        if check in _OF_RUNS:
            return Verified(cure=Cure.NOT_YET, said=f"{check} tells of a past run; the next one shows")
        span = _TAKES.get(action.remedy)
        if span is not None:
            until = now + span
            return Verified(cure=Cure.NOT_YET, said=f"{check} is still there; it may take a while", until=until)
        return Verified(cure=Cure.NOT_CURED, said=f"{check} is still there: {still[0].message}")
    missing = [dark[key] for key in _keys(action.findings) if key in dark]
    if missing:
        return Verified(cure=Cure.UNKNOWN, said=f"{missing[0].check} could not be answered: {missing[0].reason}")
    return Verified(cure=Cure.CURED, said="the finding is gone")


def _keys(findings: Iterable[FindingRef]) -> Iterable[tuple[str, str]]:
    return ((finding.check, ids.key(finding.resource_id)) for finding in findings)
