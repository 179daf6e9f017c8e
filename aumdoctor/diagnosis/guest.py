"""What was found inside machines and what Azure shows of them, folded into one diagnosis a machine. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from aumdoctor.diagnosis.examine import Examination
from aumdoctor.diagnosis.examine import Verdict as Standing
from aumdoctor.guest.evidence import Evidence
from aumdoctor.guest.hosts import KnownHost
from aumdoctor.guest.issues.operations import family_of
from aumdoctor.knowledge.lookup import nearest
from aumdoctor.model import ids
from aumdoctor.model.finding import Confidence, Finding, Severity
from aumdoctor.model.guest import (
    Case,
    Event,
    EventLog,
    GroupMembers,
    Host,
    Likelihood,
    Proxy,
    RegistryValue,
    SecureChannel,
    UpdateEvent,
    UserRight,
    Verdict,
)
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
    there is none; `standing` is the scan's word on it). `apart` says why nothing of the estate is folded in, "" where
    it is or there is no estate. `contradictions` are sentences about what Azure shows and the machine itself disproves.
    `remedies` are those remedies of the verdicts that are made from outside, made out for the machine, by name."""

    host: Host
    verdicts: tuple[Verdict, ...]
    machine: Machine | None = None
    azure: tuple[AzureFinding, ...] = ()
    contradictions: tuple[str, ...] = ()
    remedies: dict[str, Remedy] = {}
    standing: Standing | None = None
    apart: str = ""

    @property
    def is_open(self) -> bool:
        """Whether Azure shows something of medium severity or worse that the machine itself does not disprove."""
        return any(
            each.finding.severity >= Severity.MEDIUM and each.guest is not Likelihood.RULED_OUT for each in self.azure
        )

    @property
    def is_undecided(self) -> bool:
        """Whether the two sides are at odds, or one of them is not known."""
        return bool(self.apart) or self.standing in (Standing.BLOCKED, Standing.UNKNOWN)


def diagnose(
    case: Case,
    verdicts: Sequence[Verdict],
    examination: Examination | None = None,
    named: Mapping[str, Machine] | None = None,
) -> tuple[GuestDiagnosis, ...]:
    """One diagnosis a machine of the case, in its order.

    `named` says by the host's name which machine of the estate it is; the others are found by the resource ids that
    the probe wrote, or by their names where just one machine of the estate has it. Evidence of Windows is not folded
    with a Linux machine, nor the reverse, whoever named it.
    """
    found = []
    standings = {ids.key(each.resource_id): each.verdict for each in examination.machines} if examination else {}
    for host in case.hosts:
        own = tuple(each for each in verdicts if host.name in each.hosts)
        machine, apart = (named or {}).get(host.name), ""
        if machine is None and examination is not None:
            machine, apart = _machine(host, examination)
        if machine is not None and (apart := _misfit(host, machine)):
            machine = None
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
                standing=standings.get(machine.key) if machine is not None else None,
                apart=apart,
            )
        )
    return tuple(found)


def _machine(host: Host, examination: Examination) -> tuple[Machine | None, str]:
    """The machine of the estate, or why there is none."""
    if isinstance(host, KnownHost):
        known = examination.estate.machines_by_key.get(ids.key(host.resource_id))
        return known, "" if known is not None else f"{host.resource_id} is not in the estate"
    if not host.name:
        return None, "no file says which machine it is of: name it with --machine, or give NAME=PATH"
    short = host.name.partition(".")[0].lower()
    machines = examination.estate.machines
    alike = [machine for machine in machines if machine.name.lower() in (host.name.lower(), short)]
    if len(alike) == 1:
        return alike[0], ""
    if alike:
        return None, f"{len(alike)} machines of the estate are named {short}: name one with --machine and its id"
    close = nearest(short, tuple(dict.fromkeys(machine.name for machine in machines)))
    advice = f"did you mean {' or '.join(close)}?" if close else "name it with --machine, or give NAME=PATH"
    return None, f"there is no machine {host.name!r} in the estate: {advice}"


_WINDOWS_ONLY = (Event, EventLog, UpdateEvent, RegistryValue, UserRight, SecureChannel, GroupMembers)


def _misfit(host: Host, machine: Machine) -> str:
    """Why the evidence cannot be of the machine: it is of another system. "" where nothing speaks against it."""
    family = family_of(Evidence(host))
    if not family:
        winhttp = any(isinstance(each, Proxy) and "winhttp" in each.where.lower() for each in host.records)
        family = "windows" if winhttp or any(isinstance(each, _WINDOWS_ONLY) for each in host.records) else ""
    if (family == "windows" and machine.is_linux) or (family == "linux" and machine.is_windows):
        shown = {"windows": "Windows", "linux": "Linux"}
        other = shown["linux" if machine.is_linux else "windows"]
        return f"the evidence is of {shown[family]}, and {machine.name} is a {other} machine"
    return ""


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
