"""AUM009: two schedules of a machine start together or overlap."""

from __future__ import annotations

from collections.abc import Iterator

from aumdoctor.checks.check import NotApplicable, Observation, Subject, Undetermined, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.starts import WINDOW, conflicts_of, staggered, utc, with_details
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Severity
from aumdoctor.model.machine import Machine
from aumdoctor.schedule.conflicts import Conflict, ConflictKind

_WORST_FIRST = (ConflictKind.SAME_START, ConflictKind.OVERLAP, ConflictKind.BACK_TO_BACK)


@check(
    id="AUM009",
    name="concurrent-schedules",
    severity=Severity.MEDIUM,
    applies_to=Subject.MACHINE,
    needs=(Fact.CONFIGURATIONS, Fact.ASSIGNMENTS),
    uses=(Fact.MACHINE,),
    remedies=("stagger-schedules",),
    causes=("AUM134",),
    source="Azure Update Manager troubleshooting: several schedules on one machine; "
    "against it azure-compute-docs: troubleshoot-maintenance-configurations.md",
    seed="§9 Scheduled patching with concurrent/conflicting schedules",
)
def concurrent_schedules(machine: Machine, context: Context) -> Iterator[Observation | Undetermined | NotApplicable]:
    """Two schedules of the machine start at the same time, or the window of one is open while the other's is.

    ## Why it matters
    A machine is patched by one schedule at a time. The troubleshooting article says that the other begins when the
    first has ended; the page on maintenance configurations says that of two with the same start only one is triggered.
    Where the second's own window is over by then, it most likely installs nothing. Which of the two comes first is not
    documented, and neither is whose classifications and reboot setting count.

    ## What to do
    Move the start of one to after the end of the other, or take the machine off one of them.

    ## When it is wrong
    Where both schedules install the same, it makes no difference which one runs. The windows of the next 35 days are
    compared, in UTC, with summer time; monthly and weekly schedules may meet only now and then, and the message says
    how often. Windows that follow each other within 15 minutes are an info: the machine may still be restarting when
    the second begins. A schedule whose times cannot be read leaves the answer unknown where no other two conflict.
    """
    schedules = context.configurations_of(machine)
    if len(schedules) < 2:
        yield NotApplicable(reason="it has no two schedules that could be read")
        return
    found = [conflict for conflict in conflicts_of(machine, context) if conflict.kind in _WORST_FIRST]
    if found:
        yield _told(min(found, key=lambda conflict: _WORST_FIRST.index(conflict.kind)), len(found), context)
        return
    unread = [each.name for each in schedules if context.timetable(each) is None]
    if unread:
        reason = f"the times of its schedule {', '.join(unread)} cannot be read, and it has others"
        yield Undetermined(fact=Fact.CONFIGURATIONS, reason=reason)


def _told(conflict: Conflict, conflicts: int, context: Context) -> Observation:
    first, second = conflict.first, conflict.second
    at, until = utc(conflict.second_occurrence.starts_at), utc(conflict.first_occurrence.ends_at)
    if conflict.kind is ConflictKind.SAME_START:
        what = f"start at the same time ({at}), and only one of them may be triggered"
    elif conflict.kind is ConflictKind.OVERLAP:
        what = f"overlap: the second begins at {at}, the first is open until {until}"
    else:
        what = f"follow each other closely: the first ends at {until}, the second begins at {at}"
    often = f", {conflict.clashes} times in 35 days" if conflict.clashes > 1 else ""
    more = f" (and {conflicts - 1} more conflict(s))" if conflicts > 1 else ""
    return with_details(
        observe(
            f"its schedules {first.name} and {second.name} {what}{often}{more}",
            *(
                sign(f"{WINDOW}.startDateTime", each.window.start_date_time, resource_id=each.id)
                for each in (first, second)
            ),
            *(sign(f"{WINDOW}.recurEvery", each.window.recur_every, resource_id=each.id) for each in (first, second)),
            severity=Severity.INFO if conflict.kind is ConflictKind.BACK_TO_BACK else None,
            kind=conflict.kind.value,
            otherConfigurationId=first.id,
        ),
        staggered(second, conflict.second_occurrence, conflict.first_occurrence, context),
    )
