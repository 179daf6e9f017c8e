"""AUM118: an Arc-enabled server is the copy of another one."""

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Operation, Severity
from aumdoctor.model.machine import Machine


@check(
    id="AUM118",
    name="arc-cloned-machine",
    severity=Severity.HIGH,
    applies_to=Subject.ARC,
    needs=(Fact.MACHINE,),
    blocks=(Operation.ASSESS, Operation.PERIODIC_ASSESSMENT, Operation.INSTALL, Operation.SCHEDULE),
    remedies=("reonboard-cloned-machine",),
    causes=("AUM117",),
    source="azure-mgmt-hybridcompute 10.0.0 (2026-07-15): MachineStatusReason",
)
def arc_machine_cloned(machine: Machine, context: Context) -> Iterator[Observation]:
    """Azure has found that the server is a clone of another server that was connected before.

    ## Why it matters
    An image or disk that is taken of a connected server carries the agent's identity with it. Two machines then answer
    as one: what is known of one overwrites what is known of the other, and an assessment or installation reaches
    whichever of them asks first.

    ## What to do
    Find the copy, forget the identity there (`azcmagent disconnect --force-local-only`) and connect it as a server of
    its own. Before the next image is taken, disconnect the agent in it. That this is the whole cure is concluded from
    how the identity is kept; Azure documents only the mark.

    ## When it is wrong
    Where the original is retired and the copy is meant to take its place. An absent `statusReason`, and every value
    but `Cloned`, says nothing.
    """
    reason = machine.arc.status_reason if machine.arc is not None else None
    if reason is None or reason.lower() != "cloned":
        return
    yield observe(
        "Azure has found that the server is a clone of another connected server: both use one identity",
        sign("properties.statusReason", reason),
    )
