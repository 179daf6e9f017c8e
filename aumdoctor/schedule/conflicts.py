"""Windows of one machine that get into each other's way, and availability sets that are split over schedules.

Of two schedules with one start only one triggers on a machine (azure-compute-docs:
troubleshoot-maintenance-configurations.md). Where they overlap, the other begins when the first has ended; that it is
missed if its own window is over by then is an inference. An ongoing update of the host or of the OS image holds up a
schedule of the guest until it times out (same source).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import combinations
from typing import NamedTuple

import msgspec

from aumdoctor.model import ids
from aumdoctor.model.machine import Machine
from aumdoctor.model.maintenance import MaintenanceConfiguration
from aumdoctor.schedule.timetable import Occurrence, Timetable

BACK_TO_BACK = timedelta(minutes=15)
"""How soon after the end of one window the next may begin to be called back to back: the time that a machine may take
to come back from its last reboot (azure-docs: update-manager/scheduled-patching.md)."""

_HOST_SCOPES = frozenset(("host", "osimage"))

Schedule = tuple[MaintenanceConfiguration, Timetable]
"""A configuration with its timetable."""


class ConflictKind(StrEnum):
    """How two windows get into each other's way."""

    SAME_START = "same-start"
    OVERLAP = "overlap"
    BACK_TO_BACK = "back-to-back"
    HOST_OVERLAP = "host-overlap"


class Conflict(msgspec.Struct, frozen=True, kw_only=True):
    """What two configurations do to each other on one machine, once for each kind.

    `first_occurrence` (of `first`) and `second_occurrence` (of `second`) are those of the earliest clash in the range;
    the first begins first. `clashes` counts the clashes in the range, `overlap` is how long both windows of the
    earliest are open together (zero for back to back).
    """

    kind: ConflictKind
    first: MaintenanceConfiguration
    second: MaintenanceConfiguration
    first_occurrence: Occurrence
    second_occurrence: Occurrence
    clashes: int
    overlap: timedelta


class SplitSet(msgspec.Struct, frozen=True, kw_only=True):
    """An availability set with machines under different configurations whose windows overlap.

    `first_machines` are those under `first`, `second_machines` those under `second`; a machine may be under both, but
    the two are never the same machines. The rest is as in `Conflict`.
    """

    availability_set_id: str
    first: MaintenanceConfiguration
    second: MaintenanceConfiguration
    first_machines: tuple[Machine, ...]
    second_machines: tuple[Machine, ...]
    first_occurrence: Occurrence
    second_occurrence: Occurrence
    clashes: int
    overlap: timedelta


def conflicts(schedules: Sequence[Schedule], since: datetime, until: datetime) -> tuple[Conflict, ...]:
    """The conflicts between the schedules of one machine, the earliest first.

    A clash lies in the range where the window that begins later begins at or after `since` and before `until`.
    Configurations of other scopes than the guest, the host and the OS image take no part, and a configuration that is
    given twice does not clash with itself.
    """
    taking_part = [
        (configuration, timetable)
        for configuration, timetable in _distinct(schedules)
        if configuration.is_guest_patching or _is_of_host(configuration)
    ]
    if len(taking_part) < 2:
        return ()
    runs = _runs(taking_part, since, until)
    found: list[Conflict] = []
    for one, other in combinations([configuration for configuration, _ in taking_part], 2):
        if _is_of_host(one) and _is_of_host(other):
            continue
        by_kind: dict[ConflictKind, list[_Clash]] = defaultdict(list)
        for clash in _clashes((one, runs[ids.key(one.id)]), (other, runs[ids.key(other.id)]), since, until):
            kind = _kind(clash, with_host=_is_of_host(one) or _is_of_host(other))
            if kind is not None:
                by_kind[kind].append(clash)
        found += [
            Conflict(
                kind=kind,
                first=clashes[0].first,
                second=clashes[0].second,
                first_occurrence=clashes[0].earlier,
                second_occurrence=clashes[0].later,
                clashes=len(clashes),
                overlap=clashes[0].overlap,
            )
            for kind, clashes in by_kind.items()
        ]
    return tuple(sorted(found, key=lambda conflict: (conflict.second_occurrence.starts_at, conflict.kind)))


def split_sets(
    schedules: Mapping[str, Sequence[Schedule]], machines: Iterable[Machine], since: datetime, until: datetime
) -> tuple[SplitSet, ...]:
    """The availability sets whose members are patched by different configurations at overlapping times.

    `schedules` are those of each machine, by `Machine.key`. One answer for each set and pair of configurations, the
    earliest clash first; only configurations for guests count.
    """
    members: dict[str, list[Machine]] = defaultdict(list)
    for machine in machines:
        if machine.availability_set_id:
            members[ids.key(machine.availability_set_id)].append(machine)
    timetables: dict[str, Schedule] = {}
    pairs: dict[tuple[str, str], list[tuple[list[Machine], list[Machine]]]] = defaultdict(list)
    for together in members.values():
        under: dict[str, list[Machine]] = defaultdict(list)
        for machine in together:
            for configuration, timetable in _distinct(schedules.get(machine.key, ())):
                if configuration.is_guest_patching:
                    key = ids.key(configuration.id)
                    timetables[key] = (configuration, timetable)
                    under[key].append(machine)
        for key, other_key in combinations(sorted(under), 2):
            if under[key] != under[other_key]:
                pairs[key, other_key].append((under[key], under[other_key]))
    runs = _runs([timetables[key] for key in {key for pair in pairs for key in pair}], since, until)
    found: list[SplitSet] = []
    for (key, other_key), sets in pairs.items():
        one, other = timetables[key][0], timetables[other_key][0]
        clashes = [
            clash for clash in _clashes((one, runs[key]), (other, runs[other_key]), since, until) if clash.overlap
        ]
        for ones, others in sets if clashes else ():
            in_order = clashes[0].first is one
            found.append(
                SplitSet(
                    availability_set_id=ones[0].availability_set_id or "",
                    first=clashes[0].first,
                    second=clashes[0].second,
                    first_machines=tuple(ones if in_order else others),
                    second_machines=tuple(others if in_order else ones),
                    first_occurrence=clashes[0].earlier,
                    second_occurrence=clashes[0].later,
                    clashes=len(clashes),
                    overlap=clashes[0].overlap,
                )
            )
    return tuple(
        sorted(found, key=lambda split: (split.second_occurrence.starts_at, ids.key(split.availability_set_id)))
    )


class _Clash(NamedTuple):
    """Two windows that touch, the earlier of which is of `first`."""

    first: MaintenanceConfiguration
    second: MaintenanceConfiguration
    earlier: Occurrence
    later: Occurrence

    @property
    def overlap(self) -> timedelta:
        """How long both are open together."""
        return max(min(self.earlier.ends_at, self.later.ends_at) - self.later.starts_at, timedelta())


def _kind(clash: _Clash, *, with_host: bool) -> ConflictKind | None:
    """What a clash is. A window of the host that only follows one of the guest is none."""
    if with_host:
        return ConflictKind.HOST_OVERLAP if clash.overlap else None
    if clash.earlier.starts_at == clash.later.starts_at:
        return ConflictKind.SAME_START
    return ConflictKind.OVERLAP if clash.overlap else ConflictKind.BACK_TO_BACK


_Runs = tuple[MaintenanceConfiguration, Sequence[Occurrence]]


def _clashes(one: _Runs, other: _Runs, since: datetime, until: datetime) -> list[_Clash]:
    """The pairs of windows of two configurations that overlap or follow each other closely, in order."""
    both = sorted(
        [(run.starts_at, 0, run) for run in one[1]] + [(run.starts_at, 1, run) for run in other[1]],
        key=lambda entry: entry[:2],
    )
    found = []
    open_runs: tuple[list[Occurrence], list[Occurrence]] = ([], [])
    for starts_at, side, run in both:
        opposite = open_runs[1 - side]
        # A window of the other side that ended long ago clashes with nothing that is still to come.
        opposite[:] = [earlier for earlier in opposite if starts_at - earlier.ends_at <= BACK_TO_BACK]
        if since <= starts_at < until:
            first, second = (one[0], other[0]) if side == 1 else (other[0], one[0])
            found += [_Clash(first, second, earlier, run) for earlier in opposite]
        open_runs[side].append(run)
    return found


def _runs(schedules: Iterable[Schedule], since: datetime, until: datetime) -> dict[str, list[Occurrence]]:
    """The windows that can clash in a range, by the key of their configuration."""
    return {
        ids.key(configuration.id): list(timetable.between(since - timetable.length - BACK_TO_BACK, until))
        for configuration, timetable in schedules
    }


def _distinct(schedules: Iterable[Schedule]) -> list[Schedule]:
    """Each configuration once, in the order of their ids, so that the answer does not depend on that of Azure."""
    by_key = {ids.key(configuration.id): (configuration, timetable) for configuration, timetable in schedules}
    return [by_key[key] for key in sorted(by_key)]


def _is_of_host(configuration: MaintenanceConfiguration) -> bool:
    return (configuration.maintenance_scope or "").lower() in _HOST_SCOPES
