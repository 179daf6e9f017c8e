"""The report: the one projection of an examination that every renderer reads, so that no two of them can disagree.

These structs are the JSON contract. Field names, types and meanings may be added to within a `schema_version` 1.x and
change only with 2.0; `docs/report.schema.json` is made from them and a test compares the two.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from aumdoctor import __version__
from aumdoctor.diagnosis import examine
from aumdoctor.model import facts, finding, ids
from aumdoctor.model.estate import Estate
from aumdoctor.remedies import remedy

SCHEMA_VERSION: Final = "1.0"

SeverityLabel = Literal["info", "low", "medium", "high", "critical"]
LABELS: Final[dict[finding.Severity, SeverityLabel]] = {
    finding.Severity.INFO: "info",
    finding.Severity.LOW: "low",
    finding.Severity.MEDIUM: "medium",
    finding.Severity.HIGH: "high",
    finding.Severity.CRITICAL: "critical",
}
Time = Annotated[datetime, Meta(extra_json_schema={"format": "date-time"})]
CheckId = Annotated[str, Meta(pattern="^(AUM|WS)[0-9]{3}[a-z]?$", description="The id of a check.")]
ResourceId = Annotated[str, Meta(description="An Azure resource id as Azure spelled it; compare without case.")]


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """What wrote the report."""

    name: str
    version: str


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What the scan was asked to look at, and how."""

    cloud: str
    source: Annotated[str, Meta(description="graph, arm or auto (both).")]
    depth: Annotated[str, Meta(description="quick, normal or full: for which machines ARM was asked as well.")]
    subscriptions: tuple[str, ...]
    management_groups: tuple[str, ...]
    resource_groups: tuple[str, ...]
    machines: tuple[str, ...]
    tags: Annotated[tuple[str, ...], Meta(description="Each as name=value.")]
    locations: tuple[str, ...]


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription that was looked at."""

    id: str
    name: Annotated[str, Meta(description="Its display name; empty where it could not be read.")]


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """How much of the scope was seen."""

    subscriptions: int
    subscriptions_with_gaps: int
    answers_expected: Annotated[int, Meta(description="Questions put: each check for each resource that it is about.")]
    answers_unknown: Annotated[int, Meta(description="Questions that could not be answered.")]
    answers_not_applicable: Annotated[
        int,
        Meta(
            description="Questions answered by: it does not arise for this resource. "
            "aumdoctor why says for one machine which they are."
        ),
    ]
    percent: Annotated[float, Meta(ge=0, le=100, description="Share of the questions that were answered.")]


class SeverityCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Findings by severity, symptoms included."""

    critical: int
    high: int
    medium: int
    low: int
    info: int


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Counts over the whole scope, whatever `min_severity` hides. patchable + blocked + unknown = machines."""

    machines: int
    patchable: int
    blocked: int
    unknown: int
    findings: SeverityCounts
    coverage: Coverage


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """One machine and its verdict."""

    resource_id: ResourceId
    name: str
    kind: Literal["azure-vm", "arc"]
    verdict: Annotated[
        Literal["patchable", "blocked", "unknown"],
        Meta(
            description="blocked: something of high or critical severity stops installation or the schedule. "
            "unknown: nothing does, but not every such check could be answered."
        ),
    ]
    causes: Annotated[tuple[CheckId, ...], Meta(description="Root causes that block the machine, worst first.")]


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """Something in scope that could not be read."""

    scope: ResourceId
    operation: str
    status: Annotated[int | None, Meta(description="The HTTP status; null where no answer came.")]
    code: Annotated[str | None, Meta(description="Azure's error code, or the kind of transport failure.")]
    message: str
    missing_permission: str | None
    fact: str | None
    request_id: Annotated[str | None, Meta(description="x-ms-request-id, for a support case.")]


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """One observation."""

    path: Annotated[str, Meta(description="A JSON path below the resource.")]
    observed: Any
    expected: Any
    source: str | None
    observed_at: Time | None
    resource_id: Annotated[str | None, Meta(description="What the path is below; null: the finding's own resource.")]


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One ARM request of a remedy, to be sent to the cloud's management endpoint."""

    method: str
    path: str
    api_version: str
    body: dict[str, Any] | None


class Remedy(msgspec.Struct, frozen=True, kw_only=True):
    """A cure, made out for one resource. `az` is the same as `calls`; with neither only a person can act."""

    name: str
    title: str
    risk: Literal["safe", "needs-consent", "disruptive", "grants-privilege", "costs-money", "advice"]
    reversible: bool
    portal: Annotated[str, Meta(description="The way through the Azure portal; empty where there is none.")]
    calls: tuple[Call, ...]
    az: Annotated[tuple[str, ...], Meta(description="Command lines, quoted for a POSIX shell.")]
    steps: Annotated[tuple[str, ...], Meta(description="What a person has to do or to check.")]
    bicep: Annotated[
        str, Meta(description="The state declared in Bicep, to merge into a template; empty where it is no state.")
    ]
    terraform: Annotated[str, Meta(description="The same for Terraform.")]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A known issue, seen on a resource."""

    check: CheckId
    name: str
    severity: SeverityLabel
    confidence: Literal["high", "medium", "low"]
    resource_id: ResourceId
    message: str
    evidence: tuple[Evidence, ...]
    blocks: Annotated[tuple[str, ...], Meta(description="The operations that it stops.")]
    machines: Annotated[tuple[ResourceId, ...], Meta(description="The machines that suffer from it.")]
    explained_by: Annotated[str | None, Meta(description="The check whose finding is its root cause, if there is one.")]
    explained_by_resource: Annotated[str | None, Meta(description="What that finding is about.")]
    remedies: tuple[Remedy, ...]


class Unknown(msgspec.Struct, frozen=True, kw_only=True):
    """A question that could not be answered."""

    check: CheckId
    resource_id: ResourceId
    fact: str
    reason: str
    missing_permission: str | None
    by_choice: Annotated[bool, Meta(description="The options said not to read the fact.")]


class Symptom(msgspec.Struct, frozen=True, kw_only=True):
    """Findings that a diagnosis explains."""

    check: CheckId
    name: str
    count: int


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """One root cause over the whole scope."""

    cause: CheckId
    name: str
    severity: SeverityLabel
    message: str
    resource_ids: Annotated[tuple[ResourceId, ...], Meta(description="What the cause's findings are about.")]
    machines: Annotated[tuple[ResourceId, ...], Meta(description="The machines that suffer from it.")]
    symptoms: tuple[Symptom, ...]
    cure: Annotated[
        tuple[Remedy, ...],
        Meta(description="Best first, made out for the first of resource_ids; each finding carries its own."),
    ]
    cure_order: Annotated[
        int,
        Meta(ge=1, description="Cure in this order: what another cure rests on comes first, whatever its severity."),
    ]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What aumdoctor found out about the patching of an estate by Azure Update Manager."""

    schema_version: Literal["1.0"]
    tool: Tool
    generated_at: Annotated[Time, Meta(description="When the report was written.")]
    collected_at: Annotated[Time, Meta(description="When the estate was read, and the time it was judged at.")]
    scope: Scope
    subscriptions: tuple[Subscription, ...]
    checks: Annotated[tuple[CheckId, ...], Meta(description="The checks that were run.")]
    min_severity: Annotated[SeverityLabel, Meta(description="Findings and diagnoses below it are left out.")]
    summary: Summary
    machines: tuple[Machine, ...]
    diagnoses: Annotated[tuple[Diagnosis, ...], Meta(description="Worst first.")]
    findings: tuple[Finding, ...]
    unknowns: tuple[Unknown, ...]
    gaps: tuple[Gap, ...]
    interrupted: Annotated[bool, Meta(description="The scan was broken off; what was not read is among the gaps.")]
    fail_on: Annotated[
        Literal["info", "low", "medium", "high", "critical", "never"],
        Meta(description="The severity from which findings make the exit code 1."),
    ]
    exit_code: Annotated[
        Literal[0, 1, 3, 130],
        Meta(description="0 nothing at or above the threshold; 1 findings; 3 something unread; 130 interrupted."),
    ]


def report_of(
    examination: examine.Examination,
    *,
    generated_at: datetime,
    exit_code: int,
    fail_on: finding.Severity | None,
    min_severity: finding.Severity,
) -> Report:
    """Project an examination.

    `min_severity` hides findings and diagnoses below it; verdicts, counts and `exit_code` (which the caller decides)
    stay. `fail_on` is None where findings never make the exit code 1.
    """
    estate = examination.estate
    shown = [
        finding_of(found, remedies)
        for found, remedies in zip(examination.findings, examination.remedies, strict=True)
        if found.severity >= min_severity
    ]
    return Report(
        schema_version=SCHEMA_VERSION,
        tool=Tool(name="aumdoctor", version=__version__),
        generated_at=generated_at,
        collected_at=estate.collected_at,
        scope=msgspec.convert(estate.scope, Scope, from_attributes=True),
        subscriptions=tuple(Subscription(id=found.id, name=found.name) for found in estate.subscriptions),
        checks=examination.checks,
        min_severity=LABELS[min_severity],
        summary=_summary(examination.summary),
        machines=tuple(machine_of(verdict, estate) for verdict in examination.machines),
        diagnoses=tuple(_diagnosis(found) for found in examination.diagnoses if found.severity >= min_severity),
        findings=tuple(shown),
        unknowns=tuple(map(unknown_of, examination.unknowns)),
        gaps=tuple(map(gap_of, estate.gaps)),
        interrupted=estate.interrupted,
        fail_on="never" if fail_on is None else LABELS[fail_on],
        exit_code=msgspec.convert(exit_code, Literal[0, 1, 3, 130]),
    )


def _summary(summary: examine.Summary) -> Summary:
    coverage = summary.coverage
    return Summary(
        machines=summary.machines,
        patchable=summary.patchable,
        blocked=summary.blocked,
        unknown=summary.unknown,
        findings=msgspec.convert(summary.findings, SeverityCounts),
        coverage=Coverage(
            subscriptions=coverage.subscriptions,
            subscriptions_with_gaps=coverage.subscriptions_with_gaps,
            answers_expected=coverage.answers_expected,
            answers_unknown=coverage.answers_unknown,
            answers_not_applicable=coverage.answers_not_applicable,
            percent=round(coverage.percent, 2),
        ),
    )


def machine_of(verdict: examine.MachineVerdict, estate: Estate) -> Machine:
    """Project a verdict with its machine."""
    machine = estate.machines_by_key[ids.key(verdict.resource_id)]
    return Machine(
        resource_id=machine.id,
        name=machine.name,
        kind=machine.kind.value,
        verdict=verdict.verdict.value,
        causes=verdict.causes,
    )


def evidence_of(sign: finding.Evidence) -> Evidence:
    """Project a sign."""
    return msgspec.convert(sign, Evidence, from_attributes=True)


def finding_of(found: finding.Finding, remedies: tuple[remedy.Remedy, ...]) -> Finding:
    """Project a finding with its remedies."""
    return Finding(
        check=found.check,
        name=found.name,
        severity=LABELS[found.severity],
        confidence=found.confidence.value,
        resource_id=found.resource_id,
        message=found.message,
        evidence=tuple(map(evidence_of, found.evidence)),
        blocks=tuple(operation.value for operation in found.blocks),
        machines=found.machines,
        explained_by=found.explained_by,
        explained_by_resource=found.explained_by_resource,
        remedies=tuple(map(remedy_of, remedies)),
    )


def remedy_of(cure: remedy.Remedy) -> Remedy:
    """Project a remedy."""
    return Remedy(
        name=cure.name,
        title=cure.title,
        risk=cure.risk.value,
        reversible=cure.reversible,
        portal=cure.portal,
        calls=tuple(
            Call(method=call.method, path=call.path, api_version=call.api_version, body=call.body)
            for call in cure.calls
        ),
        az=cure.az,
        steps=cure.steps,
        bicep=cure.bicep,
        terraform=cure.terraform,
    )


def unknown_of(unknown: finding.Unknown) -> Unknown:
    """Project a question that could not be answered."""
    return Unknown(
        check=unknown.check,
        resource_id=unknown.resource_id,
        fact=unknown.fact.value,
        reason=unknown.reason,
        missing_permission=unknown.permission,
        by_choice=unknown.by_choice,
    )


def gap_of(gap: facts.Gap) -> Gap:
    """Project a gap."""
    return Gap(
        scope=gap.scope,
        operation=gap.operation,
        status=gap.status,
        code=gap.code,
        message=gap.message,
        missing_permission=gap.missing_permission,
        fact=gap.fact.value if gap.fact is not None else None,
        request_id=gap.request_id,
    )


def _diagnosis(found: examine.Diagnosis) -> Diagnosis:
    return Diagnosis(
        cause=found.cause,
        name=found.name,
        severity=LABELS[found.severity],
        message=found.message,
        resource_ids=found.resource_ids,
        machines=found.machines,
        symptoms=tuple(Symptom(check=each.check, name=each.name, count=each.count) for each in found.symptoms),
        cure=tuple(map(remedy_of, found.cure)),
        cure_order=found.cure_order,
    )
