"""WS001: the build of a Windows server has a known fault of failover clusters."""

from __future__ import annotations

from collections.abc import Iterator

from aumdoctor.checks.check import NotApplicable, Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.knowledge.cluster_password_fix import SOURCE, Standing, at_risk
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Machine


@check(
    id="WS001",
    name="cluster-password-update",
    severity=Severity.INFO,
    confidence=Confidence.LOW,
    applies_to=Subject.MACHINE,
    os="windows",
    needs=(Fact.MACHINE,),
    uses=(Fact.INSTANCE_VIEW,),
    remedies=("install-cumulative-update",),
    source=SOURCE,
    seed="1207: the password of a cluster's computer object cannot be changed",
)
def cluster_password_update(machine: Machine, context: Context) -> Iterator[Observation | NotApplicable]:
    """If the machine is a node of a failover cluster, the cluster may fail to change its own password.

    ## Why it matters
    Builds of Windows Server 2016 to 2022 between May 2021 and the fix keep an old password of the cluster's computer
    object in memory. Some weeks or months later the change of that password fails: event 1207 of FailoverClustering,
    and often 1069 for the file share witness.

    ## What to do
    Install the newest cumulative update on every node, one after the other, with the roles drained. Where that has to
    wait, moving the core cluster group to another node helps for some weeks. Whether it has happened already only the
    nodes themselves show: `aumdoctor guest` judges their event logs.

    ## When it is wrong
    Whether a machine is a cluster's node cannot be seen from outside, hence info and low confidence. A build without
    its last number, as it is told while a machine is off, is not judged. A hotpatch has the fix when its baseline has
    it.
    """
    risk = at_risk(machine.os_version)
    if risk.standing is Standing.UNKNOWN:
        yield NotApplicable(reason=risk.said)
        return
    if risk.standing is not Standing.AFFECTED:
        return
    base = "properties" if machine.is_arc else "properties.instanceView"
    fact = Fact.MACHINE if machine.is_arc else Fact.INSTANCE_VIEW
    expected = f"{risk.fix.build}.{risk.fix.ubr} ({risk.fix.kb}, {risk.fix.release}) or later" if risk.fix else None
    yield observe(
        f"its build has a known fault of failover clusters (event 1207), should it be a node of one: {risk.said}",
        sign(f"{base}.osVersion", machine.os_version, expected, fact=fact),
        fixedIn=risk.fix.kb if risk.fix is not None else "",
    )
