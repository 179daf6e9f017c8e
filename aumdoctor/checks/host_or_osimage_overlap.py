"""AUM079: a machine's host or OS image is maintained while its guest is patched."""

from __future__ import annotations

from collections.abc import Iterator

from aumdoctor.checks.check import NotApplicable, Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.starts import WINDOW, conflicts_of, staggered, utc, with_details
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Machine
from aumdoctor.model.maintenance import MaintenanceConfiguration
from aumdoctor.schedule.conflicts import Conflict, ConflictKind

_PLATFORM = frozenset({"host", "osimage"})


@check(
    id="AUM079",
    name="host-or-osimage-overlap",
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    applies_to=Subject.AZURE_VM,
    needs=(Fact.CONFIGURATIONS, Fact.ASSIGNMENTS),
    uses=(Fact.MACHINE,),
    remedies=("stagger-schedules",),
    causes=("AUM134",),
    source="azure-compute-docs: troubleshoot-maintenance-configurations.md, schedule timeout",
)
def host_or_osimage_overlap(machine: Machine, context: Context) -> Iterator[Observation | NotApplicable]:
    """The VM is also on a schedule for its host or its OS image, and that window overlaps the one for its guest.

    ## Why it matters
    Azure works on a machine once at a time. The later of the two waits, and when its window is over it ends with
    `Schedule timeout, waiting for an ongoing update to complete the resource`: the guest is not patched in that window.

    ## What to do
    Move the schedule for the guest to after the end of the other.

    ## When it is wrong
    A window for hosts is only used when there is something to do on the host, so that most of them pass without harm.
    Only schedules that are assigned to the VM itself are seen, not those of a dedicated host that it stands on. Windows
    of the next 35 days are compared; schedules whose times cannot be read are not.
    """
    platform = [tie for tie in context.attachments.get(machine.key, ()) if _is_of_platform(tie.configuration)]
    if not platform or not context.is_scheduled(machine):
        yield NotApplicable(reason="it is not on schedules for both its guest and its host or OS image")
        return
    for conflict in conflicts_of(machine, context):
        if conflict.kind is ConflictKind.HOST_OVERLAP:
            yield _overlap(conflict, context)
            return


def _is_of_platform(configuration: MaintenanceConfiguration | None) -> bool:
    return configuration is not None and (configuration.maintenance_scope or "").lower() in _PLATFORM


def _overlap(conflict: Conflict, context: Context) -> Observation:
    of_guest, of_platform = (conflict.first, conflict.first_occurrence), (conflict.second, conflict.second_occurrence)
    if _is_of_platform(conflict.first):
        of_guest, of_platform = of_platform, of_guest
    guest, window = of_guest
    other, its_window = of_platform
    return with_details(
        observe(
            f"the window of {guest.name} ({utc(window.starts_at)} to {utc(window.ends_at)}) overlaps that for its "
            f"{'host' if (other.maintenance_scope or '').lower() == 'host' else 'OS image'} by {other.name} "
            f"({utc(its_window.starts_at)} to {utc(its_window.ends_at)}): one waits for the other and may time out",
            sign("properties.maintenanceScope", other.maintenance_scope, resource_id=other.id),
            *(
                sign(f"{WINDOW}.startDateTime", each.window.start_date_time, resource_id=each.id)
                for each in (guest, other)
            ),
            otherConfigurationId=other.id,
        ),
        staggered(guest, window, its_window, context),
    )
