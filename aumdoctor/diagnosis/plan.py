"""From an examination to a plan: the root causes with their cures, in the order of cure."""

from __future__ import annotations

from aumdoctor.diagnosis.examine import Examination
from aumdoctor.remedies.plan import Plan, Prescribed, Selection, plan


def plan_of(examination: Examination, selection: Selection) -> Plan:
    """The plan that cures what was found. Symptoms are not planned for: their cause is. Pure."""
    order = {diagnosis.cause: diagnosis.cure_order for diagnosis in examination.diagnoses}
    prescribed = [
        Prescribed(finding=finding, remedies=remedies, order=order.get(finding.check, len(order) + 1))
        for finding, remedies in zip(examination.findings, examination.remedies, strict=True)
        if finding.explained_by is None
    ]
    return plan(prescribed, selection)
