"""What was found inside machines and what Azure shows of them, folded into one diagnosis a machine. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from aumdoctor.diagnosis.examine import Examination
from aumdoctor.model import ids
from aumdoctor.model.finding import Confidence, Finding, Severity
from aumdoctor.model.guest import Case, Host, Likelihood, Verdict
from aumdoctor.model.machine import Machine
from aumdoctor.remedies.catalogue import BY_NAME
from aumdoctor.remedies.remedy import Remedy

SURE = frozenset({Likelihood.CONFIRMED, Likelihood.LIKELY})
"""The likelihoods on which one acts."""

FALSE_COMPLIANCE = "GST001"


class AzureFinding(msgspec.Struct, frozen=True, kw_only=True):
    """A finding of Azure's side about a machine, in the light of what stands inside it.

    `guest` is what the evidence says of the same issue, None where it does not touch it. `finding.explained_by` is the
    id of the guest's issue where that is the cause.
    """

    finding: Finding
    guest: Likelihood | None = None


class GuestDiagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """A machine with its verdicts, surest first, and what Azure shows of it (`machine` None: not in the estate, or
    there is none). `contradictions` are sentences about what Azure shows and the machine itself disproves. `remedies`
    are those remedies of the verdicts that are made from outside, made out for the machine, by name."""

    host: Host
    verdicts: tuple[Verdict, ...]
    machine: Machine | None = None
    azure: tuple[AzureFinding, ...] = ()
    contradictions: tuple[str, ...] = ()
    remedies: dict[str, Remedy] = {}


def diagnose(
    case: Case,
    verdicts: Sequence[Verdict],
    examination: Examination | None = None,
    named: Mapping[str, Machine] | None = None,
) -> tuple[GuestDiagnosis, ...]:
    """One diagnosis a machine of the case, in its order.

    `named` says by the host's name which machine of the estate it is; the others are found by their names where just
    one machine of the estate has it.
    """
    found = []
    for host in case.hosts:
        own = tuple(each for each in verdicts if host.name in each.hosts)
        machine = (named or {}).get(host.name) or _machine(host, examination)
        azure = _azure(machine, own, examination) if machine is not None and examination is not None else ()
        contradictions = _contradictions(machine, own, azure) if machine is not None else ()
        remedies = _remedies(machine, own, examination) if machine is not None and examination is not None else {}
        found.append(
            GuestDiagnosis(
                host=host,
                verdicts=own,
                machine=machine,
                azure=azure,
                contradictions=contradictions,
                remedies=remedies,
            )
        )
    return tuple(found)


def _machine(host: Host, examination: Examination | None) -> Machine | None:
    if examination is None or not host.name:
        return None
    short = host.name.partition(".")[0].lower()
    alike = [machine for machine in examination.estate.machines if machine.name.lower() in (host.name.lower(), short)]
    return alike[0] if len(alike) == 1 else None


def _azure(machine: Machine, verdicts: Sequence[Verdict], examination: Examination) -> tuple[AzureFinding, ...]:
    by_issue = {verdict.issue: verdict.likelihood for verdict in reversed(verdicts)}
    sure = [verdict for verdict in reversed(verdicts) if verdict.likelihood in SURE]
    cause_of = {check: verdict for verdict in sure for check in _explained(verdict)}
    about = ids.key(machine.id)
    found = []
    for finding in examination.findings:
        if about != ids.key(finding.resource_id) and about not in map(ids.key, finding.machines):
            continue
        cause = cause_of.get(finding.check)
        if cause is not None:
            finding = msgspec.structs.replace(finding, explained_by=cause.issue, explained_by_resource=machine.id)
        found.append(AzureFinding(finding=finding, guest=by_issue.get(finding.check)))
    return tuple(found)


def _remedies(machine: Machine, verdicts: Sequence[Verdict], examination: Examination) -> dict[str, Remedy]:
    made: dict[str, Remedy] = {}
    for verdict in verdicts:
        finding = Finding(
            check=verdict.issue,
            name=verdict.name,
            severity=Severity.MEDIUM,
            confidence=Confidence.HIGH,
            resource_id=machine.id,
            message=verdict.said,
            evidence=(),
            machines=(machine.id,),
            details=verdict.details,
        )
        for kind in (BY_NAME[name] for name in verdict.remedies if name in BY_NAME):
            remedy = kind.prescribe(finding, examination.estate)
            if remedy is not None:
                made.setdefault(kind.name, remedy)
    return made


def _explained(verdict: Verdict) -> tuple[str, ...]:
    """The checks whose findings an issue is the cause of: its own, too, for Azure sees only what shows of it."""
    return (*verdict.explains, verdict.issue)


def _contradictions(machine: Machine, verdicts: Sequence[Verdict], azure: Sequence[AzureFinding]) -> tuple[str, ...]:
    told = []
    assessment = machine.assessment
    false = next((each for each in verdicts if each.issue == FALSE_COMPLIANCE and each.likelihood in SURE), None)
    if false is not None and assessment is not None and (assessment.status or "").lower() == "succeeded":
        counts = (assessment.critical_and_security_count, assessment.other_count)
        missing = "no updates" if not any(counts) else f"{sum(number or 0 for number in counts)} updates"
        told.append(
            f"Azure shows an assessment that succeeded and found {missing}. That is not to be believed: "
            "the package manager could not fetch what there is"
        )
    disproved = (each.finding.check for each in azure if each.guest is Likelihood.RULED_OUT)
    told += [f"{check} follows from what Azure shows, but the machine itself shows otherwise" for check in disproved]
    return tuple(told)
