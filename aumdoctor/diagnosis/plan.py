"""From an examination to a plan: the root causes with their cures, in the order of cure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import msgspec

from aumdoctor.diagnosis.examine import Examination
from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Confidence, Finding, Severity
from aumdoctor.remedies.catalogue import BY_NAME
from aumdoctor.remedies.plan import ONLY_WHEN_NAMED, Plan, Prescribed, Selection, plan
from aumdoctor.remedies.remedy import Remedy
from aumdoctor.remedies.run_in_guest import scripted


def plan_of(examination: Examination, selection: Selection) -> Plan:
    """The plan that cures what was found, and makes what was named for machines. Symptoms are not planned for: their
    cause is. Pure."""
    order = {diagnosis.cause: diagnosis.cure_order for diagnosis in examination.diagnoses}
    estate = examination.estate
    prescribed = [
        Prescribed(
            finding=finding,
            remedies=_with_scripts(finding, remedies, selection, estate),
            order=order.get(finding.check, len(order) + 1),
        )
        for finding, remedies in zip(examination.findings, examination.remedies, strict=True)
        if finding.explained_by is None
    ]
    return plan([*prescribed, *_for_machines(selection, estate, len(order) + 2)], selection)


def _with_scripts(
    finding: Finding, remedies: Sequence[Remedy], selection: Selection, estate: Estate
) -> tuple[Remedy, ...]:
    """The remedies, with the requests of those scripts that are named."""
    named = scripted().intersection(selection.remedies)
    return tuple(
        BY_NAME[remedy.name].prescribe(finding, estate) or remedy if remedy.name in named else remedy
        for remedy in remedies
    )


def _for_machines(selection: Selection, estate: Estate, order: int) -> Iterator[Prescribed]:
    """What is named for machines, whatever was found on them."""
    for name in sorted(ONLY_WHEN_NAMED.intersection(selection.remedies)):
        for machine in (estate.machines_by_key.get(ids.key(each)) for each in selection.machines):
            if machine is None:
                continue
            wanted = Finding(
                check="",
                name="",
                severity=Severity.MEDIUM,
                confidence=Confidence.HIGH,
                resource_id=machine.id,
                message="it was named for this machine",
                evidence=(),
                machines=(machine.id,),
            )
            remedy = BY_NAME[name].prescribe(wanted, estate)
            if remedy is not None and remedy.calls:
                yield Prescribed(finding=wanted, remedies=(remedy,), order=order)


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
