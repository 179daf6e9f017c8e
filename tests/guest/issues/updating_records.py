"""Records for the tests of the issues of updating, with what does not matter filled in."""

from datetime import UTC, datetime, timedelta
from typing import Any

from aumdoctor.guest.envelope import when
from aumdoctor.guest.evidence import Evidence
from aumdoctor.guest.issue import Issue
from aumdoctor.model.guest import (
    Differential,
    Event,
    ExtensionHandler,
    Host,
    LogSign,
    Observation,
    Origin,
    PatchError,
    PatchRequest,
    PatchStatus,
    PatchSummary,
    Proxy,
    Reading,
    Record,
    RegistryValue,
    Service,
    Source,
    State,
    UpdateEvent,
    Verdict,
)

NOON = datetime(2026, 8, 12, 12, tzinfo=UTC)
LINUX = "Microsoft.CPlat.Core.LinuxPatchExtension"
WINDOWS = "Microsoft.CPlat.Core.WindowsPatchExtension"
ARC = "Microsoft.SoftwareUpdateManagement.LinuxOsUpdateExtension"
ASSESSMENT = "PatchAssessmentSummary"
INSTALLATION = "PatchInstallationSummary"
CONFIGURATION = "ConfigurePatchingSummary"
POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate"


def after(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def evidence(*records: Record, files: tuple[str, ...] = ()) -> Evidence:
    sources = tuple(Source(file=file, reading=Reading.READ) for file in files)
    return Evidence(Host(name="vm", records=records, sources=sources))


def ask(issue: Issue, *records: Record, files: tuple[str, ...] = ()) -> Verdict | None:
    found = evidence(*records, files=files)
    verdict = issue.judge(found, (found,))
    assert verdict is None or (verdict.issue, verdict.name) == (issue.id, issue.name)
    assert verdict is None or verdict.evidence, "a verdict without evidence"
    return verdict


def told(issue: Issue, *records: Record, files: tuple[str, ...] = ()) -> Verdict:
    verdict = ask(issue, *records, files=files)
    assert verdict is not None
    return verdict


def likelihood(issue: Issue, *records: Record, files: tuple[str, ...] = ()) -> str | None:
    verdict = ask(issue, *records, files=files)
    return None if verdict is None else str(verdict.likelihood)


def states(verdict: Verdict) -> dict[str, str]:
    return {each.name: str(each.state) for each in verdict.differentials}


def other(verdict: Verdict, name: str) -> Differential:
    return next(each for each in verdict.differentials if each.name == name)


def sign(
    name: str, text: str = "a line", at: datetime | None = NOON, log: str = "5.core.log", **values: str
) -> LogSign:
    return LogSign(origin=Origin(f"log/{log}", line=7), at=at, text=text, sign=name, values=values)


def summary(
    name: str, status: str = "success", *errors: str, at: datetime | None = NOON, code: str = "ERROR", **body: Any
) -> PatchSummary:
    inner = {"lastModifiedTime": at.isoformat() if at else None, **body}
    return PatchSummary(
        name=name,
        status=status,
        error_code=1 if errors else 0,
        errors=tuple(PatchError(code=code, message=text) for text in errors),
        body=inner,
    )


def status(
    *summaries: PatchSummary,
    sequence: int | None = 5,
    extension: str = LINUX,
    at: datetime | None = None,
    **fields: Any,
) -> PatchStatus:
    if at is None:
        at = next((time for each in summaries if (time := when(each.body.get("lastModifiedTime")))), NOON)
    return PatchStatus(
        origin=Origin(f"status/{sequence}.status"),
        at=at,
        text=fields.pop("text", "a status"),
        extension=extension,
        sequence=sequence,
        summaries=summaries,
        **fields,
    )


def assessed(
    outcome: str = "success", *errors: str, at: datetime = NOON, sequence: int = 5, **body: Any
) -> PatchStatus:
    """A status with an assessment that found two updates, unless the body says otherwise."""
    counts = {"criticalAndSecurityPatchCount": 1, "otherPatchCount": 1} if outcome == "success" else {}
    extension = body.pop("extension", LINUX)
    code = body.pop("code", "ERROR")
    made = summary(ASSESSMENT, outcome, *errors, at=at, code=code, **{**counts, **body})
    return status(made, sequence=sequence, extension=extension)


def installed(
    outcome: str = "success", *errors: str, at: datetime = NOON, sequence: int = 5, **body: Any
) -> PatchStatus:
    """A status with an installation of two updates, unless the body says otherwise."""
    counts = {"installedPatchCount": 2, "failedPatchCount": 0, "pendingPatchCount": 0} if outcome == "success" else {}
    extension = body.pop("extension", LINUX)
    made = summary(INSTALLATION, outcome, *errors, at=at, **{**counts, **body})
    return status(made, sequence=sequence, extension=extension)


def wrapper(code: int, at: datetime = NOON, sequence: int = 5, extension: str = LINUX) -> PatchStatus:
    return status(at=at, sequence=sequence, extension=extension, status="error", code=code)


def request(sequence: int = 5, **settings: Any) -> PatchRequest:
    return PatchRequest(
        origin=Origin(f"config/{sequence}.settings"), sequence=sequence, settings=settings, text="request"
    )


def saw(
    subject: str, state: State = State.BAD, *, weak: bool = False, at: datetime | None = None, **values: str
) -> Observation:
    origin = Origin("probe.jsonl", line=3)
    return Observation(
        origin=origin, at=at, text=f"{subject} {state}", subject=subject, state=state, weak=weak, values=values
    )


def ok(subject: str, *, weak: bool = False, at: datetime | None = None, **values: str) -> Observation:
    return saw(subject, State.OK, weak=weak, at=at, **values)


def value(name: str, content: int | str | None, key: str = POLICY, *, exists: bool = True) -> RegistryValue:
    return RegistryValue(
        origin=Origin("reg.txt", line=2), text=f"{name} {content}", key=key, name=name, value=content, exists=exists
    )


def service(name: str, state: str = "", start: str = "", *, exists: bool = True) -> Service:
    return Service(origin=Origin("services.txt"), text=name, name=name, state=state, start=start, exists=exists)


def proxy(address: str, where: str = "winhttp") -> Proxy:
    return Proxy(origin=Origin("proxy.txt"), text=f"proxy {address}", where=where, address=address)


def handler(name: str, said: str = "Ready", code: int | None = None, message: str = "") -> ExtensionHandler:
    origin = Origin("aggregatestatus.json")
    return ExtensionHandler(origin=origin, text=said, at=NOON, name=name, status=said, code=code, message=message)


CODES = {"search": (147, 148), "download": (162, 161), "install": (183, 182)}


def update(
    what: str, hresult: int = 0, *, at: datetime = NOON, caller: str = "Azure VM Guest Patching", title: str = ""
) -> UpdateEvent:
    """A row of ReportingEvents.log: a search, a download or an installation."""
    return UpdateEvent(
        origin=Origin("ReportingEvents.log", line=4),
        at=at,
        text=title or what,
        code=CODES[what][1 if hresult else 0],
        caller=caller,
        result="Failure" if hresult else "Success",
        hresult=hresult,
        title=title,
    )


def event(provider: str, number: int, *values: str, at: datetime | None = NOON, **data: str) -> Event:
    return Event(
        origin=Origin("System.evtx", record=number),
        at=at,
        text=f"{provider} {number}",
        provider=provider,
        event_id=number,
        data=data,
        values=values or tuple(data.values()),
    )


def of_windows() -> RegistryValue:
    """Something that shows the machine to be Windows."""
    return value("ProductName", "Windows Server 2022", r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion")
