"""The report on what was found inside machines, the JSON contract of `aumdoctor guest`.

As with the report of a scan, what is here may be added to within a `schema_version` 1.x and changes only with 2.0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from aumdoctor import __version__
from aumdoctor.diagnosis.guest import SURE, GuestDiagnosis
from aumdoctor.guest.issue import Issue
from aumdoctor.guest.issues.severities import severity_of
from aumdoctor.model import guest
from aumdoctor.model.finding import Severity
from aumdoctor.remedies.catalogue import BY_NAME
from aumdoctor.remedies.in_guest import guest_remedy
from aumdoctor.remedies.remedy import Remedy
from aumdoctor.report.result import LABELS, ResourceId, SeverityLabel, Time, Tool

GUEST_SCHEMA_VERSION: Final = "1.0"

IssueId = Annotated[str, Meta(pattern="^(AUM|WS|GST)[0-9]{3}[a-z]?$", description="The id of a known issue.")]
LikelihoodName = Literal["confirmed", "likely", "possible", "insufficient-evidence", "ruled-out"]
GuestTime = Annotated[
    datetime, Meta(description="Without a zone: the machine's local time.", extra_json_schema={"format": "date-time"})
]


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of evidence, as it stands in an artefact."""

    file: Annotated[str, Meta(description="As it was named; file!/path inside an archive.")]
    line: int | None
    record: Annotated[int | None, Meta(description="The number of the event record.")]
    at: GuestTime | None
    text: str
    says: Annotated[str, Meta(description="What it says here; may be empty.")]
    host: str


class Missing(msgspec.Struct, frozen=True, kw_only=True):
    """What would decide the question."""

    what: str
    command: Annotated[str, Meta(description="What gets it; empty where no command does.")]
    on: Annotated[str, Meta(description="On which machine; empty where there is only one.")]


class Differential(msgspec.Struct, frozen=True, kw_only=True):
    """Another cause that would look alike."""

    name: str
    state: LikelihoodName
    said: str
    evidence: tuple[Quote, ...]
    missing: tuple[Missing, ...]


class GuestCure(msgspec.Struct, frozen=True, kw_only=True):
    """A remedy. Nothing of it is run unless somebody does it, or names it."""

    name: str
    title: str
    risk: str
    system: Annotated[Literal["linux", "windows"] | None, Meta(description="null: made from outside, or by a person.")]
    where: str
    steps: tuple[str, ...]
    az: Annotated[tuple[str, ...], Meta(description="Command lines of a remedy made from outside, where it is known.")]
    run: Annotated[str, Meta(description="The whole script: bash on Linux, PowerShell on Windows. May be empty.")]
    verify: str
    undo: str


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the evidence says of a known issue."""

    issue: IssueId
    name: str
    title: str
    severity: Annotated[SeverityLabel, Meta(description="How bad it is where it is true.")]
    likelihood: LikelihoodName
    said: str
    hosts: tuple[str, ...]
    evidence: tuple[Quote, ...]
    missing: tuple[Missing, ...]
    differentials: tuple[Differential, ...]
    explains: Annotated[tuple[str, ...], Meta(description="Checks of Azure's side that it is the cause of.")]
    cures: tuple[GuestCure, ...]
    verification: tuple[str, ...]


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was looked at."""

    file: str
    reading: Literal["read", "partly", "unreadable", "unrecognised"]
    reader: str
    size: Annotated[int | None, Meta(description="In bytes.")]
    records: int
    why: str


class AzureFinding(msgspec.Struct, frozen=True, kw_only=True):
    """A finding of Azure's side about the machine."""

    check: str
    name: str
    severity: SeverityLabel
    message: str
    explained_by: Annotated[str | None, Meta(description="The check or the guest's issue that is its cause.")]
    guest: Annotated[LikelihoodName | None, Meta(description="What the machine itself says of the same issue.")]


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """A machine as its artefacts show it."""

    name: Annotated[str, Meta(description="Empty where no artefact names it.")]
    resource_id: ResourceId | None
    system: Annotated[str, Meta(description="The operating system as the artefacts tell it; empty where they do not.")]
    first: GuestTime | None
    last: Annotated[GuestTime | None, Meta(description="Between these the records with a time lie.")]
    verdicts: Annotated[tuple[Verdict, ...], Meta(description="The surest first.")]
    azure: tuple[AzureFinding, ...]
    standing: Annotated[
        Literal["patchable", "blocked", "unknown"] | None,
        Meta(description="The scan's verdict on the machine; null where it is none of the estate."),
    ]
    apart: Annotated[
        str, Meta(description="Why nothing of the estate is judged with it; empty where it is, or none was given.")
    ]
    silent: Annotated[str, Meta(description="Why the probe did not ask it, or got no whole answer; empty otherwise.")]
    contradictions: Annotated[tuple[str, ...], Meta(description="What Azure shows and the machine disproves.")]
    sources: tuple[Source, ...]


class Guests(msgspec.Struct, frozen=True, kw_only=True):
    """What artefacts of machines show."""

    schema_version: Literal["1.0"]
    tool: Tool
    generated_at: Annotated[Time, Meta(description="When the report was written.")]
    hosts: tuple[Host, ...]
    sources: Annotated[tuple[Source, ...], Meta(description="Files that belong to no machine.")]
    known_issues: Annotated[
        int, Meta(description="How many issues were asked about; those with a verdict could be judged.")
    ]
    not_touched: Annotated[
        tuple[str, ...], Meta(description="Known issues that nothing in the evidence touches: neither there nor not.")
    ]
    exit_code: Annotated[
        Literal[0, 1, 3],
        Meta(
            description="1 an issue of medium severity or worse is confirmed or likely, or a finding of Azure's side "
            "is of that severity and not disproved; 3 something could not be read or decided, on either side; 0 "
            "neither: nothing that was read shows such an issue."
        ),
    ]


def guests_of(
    diagnoses: Sequence[GuestDiagnosis],
    sources: Sequence[guest.Source],
    issues: Sequence[Issue],
    *,
    generated_at: datetime,
    silent: Mapping[str, str] | None = None,
) -> Guests:
    """Project diagnoses; the exit code follows from them. `silent` says by its name why a host did not answer."""
    silent = silent or {}
    touched = {verdict.issue for each in diagnoses for verdict in each.verdicts}
    return Guests(
        schema_version=GUEST_SCHEMA_VERSION,
        tool=Tool(name="aumdoctor", version=__version__),
        generated_at=generated_at,
        hosts=tuple(_host(each, silent.get(each.host.name, "")) for each in diagnoses),
        sources=tuple(map(_source, sources)),
        known_issues=len(issues),
        not_touched=tuple(issue.id for issue in issues if issue.id not in touched),
        exit_code=_exit_code(diagnoses, sources, silent),
    )


_NOT_WHOLE = frozenset({guest.Reading.PARTLY, guest.Reading.UNREADABLE})
_UNDECIDED = frozenset({guest.Likelihood.POSSIBLE, guest.Likelihood.INSUFFICIENT})


def _exit_code(
    diagnoses: Sequence[GuestDiagnosis], sources: Sequence[guest.Source], silent: Mapping[str, str]
) -> Literal[0, 1, 3]:
    verdicts = [
        verdict.likelihood
        for each in diagnoses
        for verdict in each.verdicts
        if severity_of(verdict.issue) >= Severity.MEDIUM
    ]
    if any(likelihood in SURE for likelihood in verdicts):
        return 1
    # Of a machine that was not asked, the answer is unknown whatever Azure shows.
    if any(each.is_open and each.host.name not in silent for each in diagnoses):
        return 1
    if silent or any(each.is_undecided or not each.verdicts for each in diagnoses):
        return 3
    everything = [*sources, *(source for each in diagnoses for source in each.host.sources)]
    read = [source for source in everything if source.reading in (guest.Reading.READ, guest.Reading.PARTLY)]
    if any(source.reading in _NOT_WHOLE for source in everything) or not read:
        return 3
    return 3 if any(likelihood in _UNDECIDED for likelihood in verdicts) else 0


def _host(diagnosis: GuestDiagnosis, silent: str) -> Host:
    times = [record.at for record in diagnosis.host.records if record.at is not None]
    # Local times and UTC are not compared: the kind that more records have is told.
    aware = [at for at in times if at.tzinfo is not None]
    naive = [at for at in times if at.tzinfo is None]
    told = aware if len(aware) >= len(naive) else naive
    return Host(
        name=diagnosis.host.name,
        resource_id=diagnosis.machine.id if diagnosis.machine is not None else None,
        system=_system(diagnosis.host),
        first=min(told, default=None),
        last=max(told, default=None),
        verdicts=tuple(_verdict(each, diagnosis.remedies, _family(diagnosis.host)) for each in diagnosis.verdicts),
        azure=tuple(
            AzureFinding(
                check=each.finding.check,
                name=each.finding.name,
                severity=LABELS[each.finding.severity],
                message=each.finding.message,
                explained_by=each.finding.explained_by,
                guest=each.guest.value if each.guest is not None else None,
            )
            for each in diagnosis.azure
        ),
        standing=diagnosis.standing.value if diagnosis.standing is not None else None,
        apart=diagnosis.apart,
        silent=silent,
        contradictions=diagnosis.contradictions,
        sources=tuple(map(_source, diagnosis.host.sources)),
    )


def _system(host: guest.Host) -> str:
    known = [record for record in host.records if isinstance(record, guest.OperatingSystem)]
    if not known:
        return ""
    newest = known[-1]
    if newest.family == "windows":
        build = ".".join(str(part) for part in (newest.build, newest.ubr) if part is not None)
        return " ".join(part for part in (newest.name or "Windows", build) if part)
    named = newest.name or " ".join(part for part in (newest.distribution, newest.version) if part)
    return named or "Linux"


def _source(source: guest.Source) -> Source:
    return Source(
        file=source.file,
        reading=source.reading.value,
        reader=source.reader,
        size=source.size,
        records=source.records,
        why=source.why,
    )


def _quote(quote: guest.Quote) -> Quote:
    return Quote(
        file=quote.origin.file,
        line=quote.origin.line,
        record=quote.origin.record,
        at=quote.at,
        text=quote.text,
        says=quote.says,
        host=quote.host,
    )


def _missing(missing: guest.Missing) -> Missing:
    return Missing(what=missing.what, command=missing.command, on=missing.on)


def _verdict(verdict: guest.Verdict, remedies: Mapping[str, Remedy], family: str | None) -> Verdict:
    return Verdict(
        issue=verdict.issue,
        name=verdict.name,
        title=verdict.title,
        severity=LABELS[severity_of(verdict.issue)],
        likelihood=verdict.likelihood.value,
        said=verdict.said,
        hosts=verdict.hosts,
        evidence=tuple(map(_quote, verdict.evidence)),
        missing=tuple(map(_missing, verdict.missing)),
        differentials=tuple(
            Differential(
                name=each.name,
                state=each.state.value,
                said=each.said,
                evidence=tuple(map(_quote, each.evidence)),
                missing=tuple(map(_missing, each.missing)),
            )
            for each in verdict.differentials
        ),
        explains=verdict.explains,
        cures=tuple(_cure(name, remedies.get(name), family) for name in verdict.remedies),
        verification=verdict.verification,
    )


def _family(host: guest.Host) -> str | None:
    known = [record.family for record in host.records if isinstance(record, guest.OperatingSystem) and record.family]
    return known[-1] if known else None


def _cure(name: str, made_out: Remedy | None, family: str | None) -> GuestCure:
    inside = guest_remedy(name, family) or guest_remedy(name, None)
    if inside is not None:
        return GuestCure(
            name=name,
            title=inside.title,
            risk=inside.risk.value,
            system=inside.system,
            where=inside.where,
            steps=inside.steps,
            # Nothing is offered as a command line that holds a whole script.
            az=made_out.az if made_out is not None and not inside.run else (),
            run=inside.run,
            verify=inside.verify,
            undo=inside.undo,
        )
    kind = BY_NAME[name]
    return GuestCure(
        name=name,
        title=kind.title,
        risk=kind.risk.value,
        system=None,
        where="",
        steps=made_out.steps if made_out is not None else (),
        az=made_out.az if made_out is not None else (),
        run="",
        verify="",
        undo="",
    )
