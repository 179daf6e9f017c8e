"""From an examination to a plan: the root causes with their cures, in the order of cure."""

from __future__ import annotations

import hashlib

import msgspec

from aumdoctor.diagnosis.examine import Examination
from aumdoctor.model.estate import Estate
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


def fingerprint(estate: Estate) -> str:
    """What names the estate that a plan was made from: a digest over its machines, their schedules and assignments.

    Machines by id without case, configurations and assignments with all that was read of them; the order in which they
    were read makes no difference.
    """
    encoder = msgspec.json.Encoder(order="sorted")
    seen = hashlib.sha256()
    for machine in sorted(estate.machines_by_key):
        seen.update(encoder.encode(machine) + b"\n")
    for rows in (estate.configurations, estate.assignments):
        for row in sorted(map(encoder.encode, rows)):
            seen.update(row + b"\n")
    return "sha256:" + seen.hexdigest()
