"""What past runs prove of a schedule: where it has patched, a doubt about how it is set up is settled."""

from __future__ import annotations

from collections.abc import Iterable

from aumdoctor.checks.context import Context
from aumdoctor.model import ids
from aumdoctor.model.machine import Machine

_ENDED_WELL = frozenset({"succeeded", "completed", "completedwithwarnings", "noupdatespending"})


def has_patched(configuration_id: str, machines: Iterable[Machine], context: Context) -> bool:
    """Whether a run of a configuration has ended well on one of some machines, as far as runs are kept (30 days) and
    were read."""
    wanted = ids.key(configuration_id)
    return any(
        ids.key(run.maintenance_configuration_id) == wanted and (run.status or "").lower() in _ENDED_WELL
        for machine in machines
        for run in context.runs_by_machine.get(machine.key, ())
    )
