"""What the patch extension reported of its assessments and installations, the newest among them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from aumdoctor.guest.envelope import flag, member, number, when
from aumdoctor.guest.evidence import Evidence
from aumdoctor.guest.issues.weighing import Ground, Weight, error_texts, seconds_of
from aumdoctor.model.guest import (
    ExtensionHandler,
    Missing,
    OperatingSystem,
    PatchRequest,
    PatchStatus,
    PatchSummary,
    Reading,
    RegistryValue,
    Service,
    UpdateEvent,
)

ASSESSMENT = "PatchAssessmentSummary"
INSTALLATION = "PatchInstallationSummary"
CONFIGURATION = "ConfigurePatchingSummary"

LINUX_LOG = "/var/log/azure/Microsoft.CPlat.Core.LinuxPatchExtension/"
WINDOWS_LOG = r"C:\WindowsAzure\Logs\Plugins\Microsoft.CPlat.Core.WindowsPatchExtension"

CORE_LOG = Missing(
    what="the extension's own log of that request, <sequence>.core.log, where the messages are not cut",
    command=f"sudo sh -c 'tail -n 400 {LINUX_LOG}*.core.log'",
)

_DURATION = re.compile(r"PT(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,6})(?:\.\d{1,9})?S)?", re.IGNORECASE)


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """A summary of the extension, and the status that it stands in."""

    status: PatchStatus
    summary: PatchSummary

    @property
    def failed(self) -> bool:
        return self.summary.status in ("error", "failed")

    @property
    def succeeded(self) -> bool:
        """Warnings count as success: the operation came to its end."""
        return self.summary.status in ("success", "succeeded", "warning")

    @property
    def ended_at(self) -> datetime | None:
        return when(member(self.summary.body, "lastModifiedTime")) or self.status.at

    @property
    def started_at(self) -> datetime | None:
        return when(member(self.summary.body, "startTime"))

    def count(self, name: str) -> int | None:
        return number(member(self.summary.body, name))

    @property
    def available(self) -> int | None:
        """How many updates an assessment found; None where it does not say."""
        counts = [self.count("criticalAndSecurityPatchCount"), self.count("otherPatchCount")]
        known = [each for each in counts if each is not None]
        return sum(known) if known else None

    @property
    def texts(self) -> tuple[str, ...]:
        return (*error_texts(self.summary.errors, self.summary.body), self.summary.error_message)

    def is_flagged(self, name: str) -> bool:
        return flag(member(self.summary.body, name)) is True

    def ground(self, says: str, weight: Weight = Weight.PROOF) -> Ground:
        return Ground(record=self.status, says=says, weight=weight, at=self.ended_at, sequence=self.status.sequence)


def operations(evidence: Evidence, name: str) -> tuple[Operation, ...]:
    """The summaries of one kind, the newest last; of a request that is there twice the complete one. Statuses that a
    golden image left behind are passed over."""
    found: dict[tuple[str, int | None, datetime | None], Operation] = {}
    for status in evidence.of(PatchStatus):
        if status.is_orphan:
            continue
        for summary in status.summaries:
            if summary.name.lower() != name.lower():
                continue
            made = Operation(status=status, summary=summary)
            key = (status.extension.lower(), status.sequence, made.ended_at)
            if key not in found or status.complete:
                found[key] = made
    return tuple(sorted(found.values(), key=_place))


def newest(evidence: Evidence, name: str) -> Operation | None:
    """The newest operation of a kind."""
    made = [each for each in operations(evidence, name) if each.failed or each.succeeded]
    return made[-1] if made else None


def successes(evidence: Evidence, *names: str, says: str) -> Iterator[Ground]:
    """Operations that came to a good end: what an old failure is outlived by."""
    for name in names:
        for each in operations(evidence, name):
            if each.succeeded and each.summary.status != "warning":
                yield each.ground(says)


def failures(evidence: Evidence, *names: str, says: str) -> Iterator[Ground]:
    """Operations that failed."""
    for name in names:
        for each in operations(evidence, name):
            if each.failed:
                yield each.ground(says)


def request_of(evidence: Evidence, operation: Operation) -> PatchRequest | None:
    """What the platform had asked for: the request of the same sequence, or the one that began when it did."""
    requests = [each for each in evidence.of(PatchRequest) if each.settings]
    for request in requests:
        if request.sequence is not None and request.sequence == operation.status.sequence:
            return request
    started = operation.started_at
    for request in requests:
        begun = when(member(request.settings, "startTime"))
        if started is not None and begun is not None and same_moment(started, begun):
            return request
    return None


def same_moment(one: datetime, other: datetime) -> bool:
    """Whether two times are the same to the second; an aware one and a naive one never are."""
    if (one.utcoffset() is None) != (other.utcoffset() is None):
        return False
    return abs(one - other) < timedelta(seconds=1)


def length_of(text: object) -> timedelta | None:
    """A duration in ISO 8601 (`PT3H55M`), or as the log prints it (`3:55:00`); None where it is neither."""
    if not isinstance(text, str) or not text.strip():
        return None
    match = _DURATION.fullmatch(text.strip())
    if match and any(match.groups()):
        hours, minutes, seconds = (int(part or 0) for part in match.groups())
        return timedelta(hours=hours, minutes=minutes, seconds=seconds)
    parts = text.strip().split(":")
    if len(parts) == 3 and all(part.strip().isdecimal() and len(part) < 6 for part in (*parts[:2], parts[2][:2])):
        return timedelta(hours=int(parts[0]), minutes=int(parts[1]), seconds=int(parts[2][:2]))
    return None


def is_arc(evidence: Evidence) -> bool:
    """Whether the extension is the one for Arc-enabled servers."""
    names = [each.extension for each in evidence.of(PatchStatus)]
    names += [each.name for each in evidence.of(ExtensionHandler)]
    files = [source.file for source in evidence.host.sources]
    return any("softwareupdatemanagement" in name.lower() for name in (*names, *files))


def family_of(evidence: Evidence) -> str:
    """`windows`, `linux`, or "" where nothing tells."""
    for system in reversed(evidence.of(OperatingSystem)):
        if system.family:
            return system.family.lower()
    for status in evidence.of(PatchStatus):
        name = status.extension.lower()
        if "windows" in name:
            return "windows"
        if "linux" in name:
            return "linux"
    if evidence.of(RegistryValue) != () or evidence.of(UpdateEvent) != ():
        return "windows"
    if any("." in each.name for each in evidence.of(Service)):
        return "linux"
    return "linux" if any(".core.log" in source.file.lower() for source in evidence.host.sources) else ""


def log_was_read(evidence: Evidence, sequence: int | None) -> bool:
    """Whether the log of a request was read from its beginning to its end."""
    if sequence is None:
        return False
    ending = f"{sequence}.core.log"
    return any(
        source.reading is Reading.READ and source.file.replace("\\", "/").rpartition("/")[2] == ending
        for source in evidence.host.sources
    )


def _place(operation: Operation) -> tuple[int, float, int]:
    """For sorting, the newest last: by time, and by the number of the request where times are the same."""
    moment = operation.ended_at
    if moment is None:
        return (0, 0.0, operation.status.sequence or 0)
    return (1, seconds_of(moment), operation.status.sequence or 0)
