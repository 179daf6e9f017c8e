"""Events of Windows logs, whatever form they come in: which ones are kept, and under which names their values stand.

A log, an exported file and a pasted text tell the same event with different names for the same values, or with none.
Here all of them get the names of the binary form, so that an issue need not know where an event came from:

- 1074 of User32: `param1` process, `param2` computer, `param3` reason, `param4` reason code (`0x500ff`), `param5` kind
  of shutdown, `param6` comment, `param7` user.
- 4625 of Security-Auditing: `TargetUserName`, `TargetDomainName`, `Status`, `SubStatus`, `LogonType`,
  `LogonProcessName`, `ProcessName`, `IpAddress`, `WorkstationName`, and the others where the form has them.
- FailoverClustering, whose own names are not published: 1207 and 1194 `resource`, `domain`, `operation`, `error`,
  `identity`; 1206 the same without `operation`; 1069 `resource`, `role`, `type`.
- Hyper-V-VMMS: `ErrorCode`, `ErrorMessage`, `VmName`.
- WindowsUpdateClient: `updateTitle`, `errorCode`.
- EventLog 6008: `time`, `date`; 6009: `version`, `build`. Service Control Manager: `service` is the short name where
  the event carries it.

Codes of errors are written `0xc000015b` (eight digits, lower case), zero as `0x0`. Names that a log has itself stay
beside these. `Event.values` are in the order of the message's own arguments for the events above.

Providers get one name each: what Event Viewer's lists show ("Microsoft Windows security auditing.") becomes the name
in the log, and `Microsoft-Windows-WER-SystemErrorReporting` is `BugCheck`, its name everywhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Generic, TypeVar

import msgspec

from aumdoctor.guest.text import quoted
from aumdoctor.model.guest import Damage, Event, OperatingSystem, Origin, Record
from aumdoctor.model.redaction import redact

T = TypeVar("T")

MOST_LOGON_FAILURES = 20_000
"""Failed logons that are kept of one artefact: the newest. A guessed password makes millions."""

LONGEST_MESSAGE = 8_000
"""Characters of a message that are kept."""

LONGEST_VALUE = 2_000
_MOST_VALUES = 64

INTERESTING: dict[tuple[str, int], str] = {
    ("user32", 1073): "Somebody tried to restart or switch off the machine and failed.",
    ("user32", 1074): "A process began a shutdown or restart, for whom and why.",
    ("user32", 1076): "Somebody gave the reason of an unexpected shutdown afterwards.",
    ("kernel-power", 41): "The machine came up without having been shut down cleanly.",
    ("kernel-power", 42): "The machine goes to sleep.",
    ("kernel-power", 107): "The machine woke up.",
    ("kernel-power", 109): "The kernel's power manager began a shutdown.",
    ("kernel-power", 187): "A user-mode process tried to change the system's power state.",
    ("kernel-general", 12): "The system started: its build with the revision.",
    ("kernel-general", 13): "The system shut down.",
    ("kernel-boot", 20): "Whether the last shutdown and start were good.",
    ("kernel-boot", 27): "How the system was started (cold, hybrid, from hibernation).",
    ("eventlog", 104): "A log was cleared: what stood in it before is lost.",
    ("eventlog", 1102): "The security log was cleared: what stood in it before is lost.",
    ("eventlog", 6005): "The event log service started: the machine came up.",
    ("eventlog", 6006): "The event log service stopped: the machine went down cleanly.",
    ("eventlog", 6008): "The shutdown before was unexpected; when it was.",
    ("eventlog", 6009): "The system's version and build at a start, without the revision.",
    ("bugcheck", 1001): "The machine restarted after a stop error.",
    ("security-auditing", 4625): "A logon failed: whose, how, why.",
    ("failoverclustering", 1069): "A resource of the cluster failed.",
    ("failoverclustering", 1077): "The health check of a cluster's IP address failed.",
    ("failoverclustering", 1127): "A cluster network interface failed.",
    ("failoverclustering", 1135): "A node was removed from the cluster.",
    ("failoverclustering", 1177): "The cluster service stops, for lack of quorum.",
    ("failoverclustering", 1194): "The computer object of a network name could not be made.",
    ("failoverclustering", 1196): "A network name could not be registered in DNS.",
    ("failoverclustering", 1205): "A role could not be brought online or taken offline whole.",
    ("failoverclustering", 1206): "The computer object of a network name could not be updated (with an error code).",
    ("failoverclustering", 1207): "The computer object of a network name could not be updated (with an error text).",
    ("failoverclustering", 1254): "A role failed too often and is left failed.",
    ("failoverclustering", 1562): "The file share witness failed its check.",
    ("failoverclustering", 1564): "The file share witness could not be arbitrated for.",
    ("failoverclustering", 1201): "A role is online on a node.",
    ("failoverclustering", 1641): "A role moves to another node.",
    ("windowsupdateclient", 16): "Windows Update cannot connect to the update service.",
    ("windowsupdateclient", 19): "An update was installed.",
    ("windowsupdateclient", 20): "An update failed to install, with the error.",
    ("windowsupdateclient", 21): "An installed update needs a restart.",
    ("windowsupdateclient", 22): "The machine will restart for updates.",
    ("windowsupdateclient", 25): "The search for updates failed, with the error.",
    ("windowsupdateclient", 31): "An update failed to download, with the error.",
    ("windowsupdateclient", 43): "The installation of an update began.",
    ("windowsupdateclient", 44): "The download of an update began.",
    ("service control manager", 7000): "A service did not start.",
    ("service control manager", 7001): "A service did not start because another one did not.",
    ("service control manager", 7009): "A service did not answer in time at its start.",
    ("service control manager", 7011): "A service did not answer in time.",
    ("service control manager", 7023): "A service ended with an error.",
    ("service control manager", 7024): "A service ended with an error of its own.",
    ("service control manager", 7031): "A service ended unexpectedly and is started again.",
    ("service control manager", 7034): "A service ended unexpectedly.",
    ("service control manager", 7036): "A service started or stopped.",
    ("service control manager", 7040): "Somebody changed how a service starts.",
    ("schannel", 36871): "A TLS credential could not be made.",
    ("schannel", 36874): "A TLS client offered nothing that the server supports.",
    ("schannel", 36887): "The other side sent a fatal TLS alert.",
    ("schannel", 36888): "This side sent a fatal TLS alert.",
    ("netlogon", 3210): "The machine could not authenticate with a domain controller: its secure channel.",
    ("netlogon", 5719): "No domain controller could be reached for a secure session.",
    ("netlogon", 5721): "The secure session failed: the domain has no account for the machine.",
    ("netlogon", 5722): "A machine's secure session was refused (on the domain controller).",
    ("security-kerberos", 4): "A ticket could not be read: a name registered for the wrong account, or a password.",
    ("time-service", 24): "No answer from the domain's time source.",
    ("time-service", 29): "No time source is reached.",
    ("time-service", 34): "The time is too far off to be corrected.",
    ("time-service", 36): "The time has not been synchronised for long.",
    ("time-service", 47): "A time source does not answer.",
    ("time-service", 50): "The time was off by seconds for long.",
    ("time-service", 129): "A domain time source could not be set.",
    ("time-service", 134): "A time source's name could not be resolved.",
    ("winrm", 142): "An operation of WS-Management failed, with the error.",
    ("winrm", 161): "WS-Management could not authenticate.",
}
"""The events that are kept, and what each says. Keys: the provider in lower case without `Microsoft-Windows-`, the id.
Beside them `INTERESTING_RANGES`, and what Operations Manager logs about HTTP 501."""

INTERESTING_RANGES: tuple[tuple[str, range, str], ...] = (
    ("hyper-v-vmms", range(29200, 29300), "Hyper-V Replica: what the replica server refused."),
    ("hyper-v-vmms", range(32000, 33000), "Hyper-V Replica: what the primary server could not do."),
    ("hyper-v-vmms", range(33600, 33800), "Hyper-V Replica: state of a virtual machine's replication."),
)

INTERESTING_IDS = frozenset(event_id for _, event_id in INTERESTING).union(*(ids for _, ids, _ in INTERESTING_RANGES))
"""All ids of the above, to pass over most events by their id alone."""

_ALIASES = {
    "microsoft windows security auditing": "Microsoft-Windows-Security-Auditing",
    "security": "Microsoft-Windows-Security-Auditing",
    "microsoft-windows-wer-systemerrorreporting": "BugCheck",
    "wer-systemerrorreporting": "BugCheck",
}
_OPERATIONS_MANAGER = "operations manager"
_HTTP_501 = re.compile(r"HTTP[^\n]{0,60}\b501\b", re.IGNORECASE)

_WATCHED_SERVICES = (
    "wuauserv", "windows update", "usosvc", "update orchestrator", "bits", "background intelligent transfer",
    "trustedinstaller", "windows modules installer", "cryptsvc", "cryptographic services", "windowsazureguestagent",
    "azure guest agent", "rdagent", "himds", "azure hybrid instance metadata", "gcarcservice", "gcservice",
    "guest configuration", "extensionservice", "azure connected machine", "azure arc", "clussvc", "cluster service",
    "vmms", "hyper-v virtual machine management", "healthservice", "microsoft monitoring agent", "omcfg", "netlogon",
    "w32time", "windows time", "winrm", "windows remote management",
)  # fmt: skip

_LEVELS = {0: "information", 1: "critical", 2: "error", 3: "warning", 4: "information", 5: "verbose"}

_SHUTDOWN = tuple(f"param{number}" for number in range(1, 8))
_LOGON_FAILURE = (
    "SubjectUserSid", "SubjectUserName", "SubjectDomainName", "SubjectLogonId", "TargetUserSid", "TargetUserName",
    "TargetDomainName", "Status", "FailureReason", "SubStatus", "LogonType", "LogonProcessName",
    "AuthenticationPackageName", "WorkstationName", "TransmittedServices", "LmPackageName", "KeyLength", "ProcessId",
    "ProcessName", "IpAddress", "IpPort",
)  # fmt: skip
_UPDATE = ("updateTitle", "updateGuid", "updateRevisionNumber", "serviceGuid")

NAMES: dict[tuple[str, int], tuple[str, ...]] = {
    ("user32", 1074): _SHUTDOWN,
    ("security-auditing", 4625): _LOGON_FAILURE,
    ("failoverclustering", 1069): ("resource", "role", "type"),
    ("failoverclustering", 1194): ("resource", "domain", "operation", "error", "identity"),
    ("failoverclustering", 1206): ("resource", "domain", "error", "identity"),
    ("failoverclustering", 1207): ("resource", "domain", "operation", "error", "identity"),
    ("windowsupdateclient", 19): _UPDATE,
    ("windowsupdateclient", 20): ("errorCode", *_UPDATE),
    ("windowsupdateclient", 25): ("errorCode",),
    ("windowsupdateclient", 31): ("errorCode", *_UPDATE),
    ("windowsupdateclient", 43): _UPDATE,
    ("windowsupdateclient", 44): _UPDATE,
    ("eventlog", 6008): ("time", "date"),
    ("eventlog", 6009): ("version", "build"),
}
"""The names of values by their position, for events whose values have none."""

# How the log itself may name what the canonical names of the cluster's events stand for.
_CLUSTER_WORDS = {
    "resource": ("resourcename", "resource", "networkname"),
    "role": ("resourcegroup", "group", "role", "groupname"),
    "type": ("restypedll", "resourcetype", "type"),
    "domain": ("domainname", "domain"),
    "operation": ("operation", "action"),
    "error": ("errortext", "errorcode", "error", "status", "statustext"),
    "identity": ("clusteridentity", "identity", "accountname", "clusteraccount"),
}
_CODES = frozenset({"Status", "SubStatus", "errorCode", "ErrorCode"})
_HEX = re.compile(r"0[xX]([0-9a-fA-F]{1,16})")
_BARE_HEX = re.compile(r"(?=[0-9a-fA-F]*[a-fA-F])[0-9a-fA-F]{3,8}")
_DECIMAL = re.compile(r"-?[0-9]{1,10}")


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """An event as some form of a log gives it. `pairs` are its values with their names ("" where it has none),
    `binary` the bytes that old providers add, in hexadecimal."""

    provider: str
    event_id: int
    channel: str = ""
    computer: str = ""
    level: str = ""
    user: str = ""
    at: datetime | None = None
    pairs: tuple[tuple[str, str], ...] = ()
    message: str = ""
    binary: str = ""


def provider_key(provider: str) -> str:
    """A provider as `INTERESTING` has it."""
    return canonical_provider(provider).lower().removeprefix("microsoft-windows-")


def canonical_provider(provider: str) -> str:
    """The one name of a provider that lists, logs and exports call differently."""
    name = provider.strip()
    return _ALIASES.get(name.rstrip(".").lower(), name)


def is_interesting(provider: str, event_id: int) -> bool:
    """Whether an event is kept, by provider and id."""
    key = provider_key(provider)
    return (key, event_id) in INTERESTING or any(key == name and event_id in ids for name, ids, _ in INTERESTING_RANGES)


def level_name(number: object) -> str:
    """The name of a level that a log has as a number from 0 to 5; "" for another."""
    try:
        return _LEVELS.get(int(str(number)), "")
    except ValueError:
        return ""


def error_code(text: str) -> str:
    """A code as the records have it (`0xc000015b`), from any spelling: hexadecimal with or without `0x`, decimal,
    signed, or as a reference to a message (`%%2148074252`). "" where it is none."""
    number = as_number(text.strip().removeprefix("%%"))
    if number is None or not -(2**31) <= number < 2**32:
        return ""
    return f"0x{number & 0xFFFFFFFF:08x}" if number else "0x0"


def as_number(text: str) -> int | None:
    """A number in decimal, or in hexadecimal with `0x` or with a letter in it."""
    text = text.strip()
    if found := _HEX.fullmatch(text):
        return int(found[1], 16)
    if _BARE_HEX.fullmatch(text):
        return int(text, 16)
    return int(text) if _DECIMAL.fullmatch(text) else None


def utc_time(text: str) -> datetime | None:
    """A time of the log itself (`2018-07-04T08:05:12.1234567Z`): logs count in UTC."""
    try:
        at = datetime.fromisoformat(text.strip().removesuffix(" UTC"))
    except ValueError:
        return None
    try:
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (OverflowError, ValueError):
        return None


def records_of(seen: Seen, origin: Origin) -> Iterator[Record]:
    """The records of an event: none where it is not of interest, and beside a start of the system the system itself."""
    provider = canonical_provider(seen.provider)
    key = provider_key(provider)
    values = [(name, _clean(value)) for name, value in seen.pairs[:_MOST_VALUES]]
    if not _is_wanted(key, seen, values):
        return
    message = redact(seen.message[:LONGEST_MESSAGE]).strip()
    data = completed(key, seen.event_id, values)
    if seen.binary and key == "service control manager" and (service := _service_in(seen.binary)):
        data.setdefault("service", service)
    event = Event(
        origin=origin,
        at=seen.at,
        computer=seen.computer,
        text=_text(provider, seen.event_id, message, values),
        provider=provider,
        event_id=seen.event_id,
        channel=seen.channel,
        level=seen.level,
        user=seen.user,
        data=data,
        values=tuple(value for _, value in values),
        message=message,
    )
    yield event
    system = _system_of(key, event)
    if system is not None:
        yield system


def completed(key: str, event_id: int, pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The values of an event by name: those that the log names, and those whose names are known by their position."""
    listed = list(pairs)
    data: dict[str, str] = {}
    for name, value in listed:
        if name:
            data.setdefault(name, value)
    names = NAMES.get((key, event_id), ())
    if names and key == "failoverclustering":
        _complete_cluster(data, names, listed)
    elif not data:
        # Values without any name: they stand in the order of the message's arguments.
        data.update((name, value) for name, (_, value) in zip(names, listed, strict=False))
    if key == "hyper-v-vmms":
        _complete_replica(data, [value for _, value in listed])
    for name in _CODES & data.keys():
        data[name] = error_code(data[name]) or data[name]
    if (key, event_id) == ("user32", 1074) and (number := as_number(data.get("param4", ""))) is not None:
        data["param4"] = f"0x{number & 0xFFFFFFFF:x}"
    return data


def _complete_cluster(data: dict[str, str], names: tuple[str, ...], pairs: list[tuple[str, str]]) -> None:
    by_word = {name.lower(): value for name, value in pairs if name}
    recognised = {
        name: next((by_word[word] for word in _CLUSTER_WORDS[name] if word in by_word), None) for name in names
    }
    # Some names known and some not would mix two orders.
    by_name = all(value is not None for value in recognised.values())
    for position, name in enumerate(names):
        value = recognised[name] if by_name else (pairs[position][1] if position < len(pairs) else None)
        if value is not None:
            data.setdefault(name, value)


def _complete_replica(data: dict[str, str], values: list[str]) -> None:
    if code := error_code(data.get("ErrorCode", "")):
        data["ErrorCode"] = code
        return
    for value in reversed(values):
        spelled = value.startswith("%%") or _HEX.fullmatch(value) is not None
        if spelled and (code := error_code(value)) and code != "0x0":
            data["ErrorCode"] = code
            return


def _is_wanted(key: str, seen: Seen, values: list[tuple[str, str]]) -> bool:
    if seen.channel.lower() == _OPERATIONS_MANAGER and any(
        _HTTP_501.search(text) for text in (seen.message[:LONGEST_MESSAGE], *(value for _, value in values))
    ):
        return True
    if not is_interesting(seen.provider, seen.event_id):
        return False
    if key != "service control manager":
        return True
    named = " ".join([*(value for _, value in values), seen.message[:500], _service_in(seen.binary)]).lower()
    return any(service in named for service in _WATCHED_SERVICES)


def _service_in(binary: str) -> str:
    """The short name of a service in the bytes beside a 7036: `wuauserv/4` in UTF-16."""
    try:
        text = bytes.fromhex(binary[:1024]).decode("utf-16-le", errors="replace")
    except ValueError:
        return ""
    name = text.split("\0")[0].split("/")[0].strip()
    return name if name.isascii() and name.isprintable() else ""


def _system_of(key: str, event: Event) -> OperatingSystem | None:
    if (key, event.event_id) == ("kernel-general", 12):
        build, ubr = as_number(event.data.get("BuildVersion", "")), as_number(event.data.get("QfeVersion", ""))
    elif (key, event.event_id) == ("eventlog", 6009):
        build, ubr = as_number(event.data.get("build", "")), None
    else:
        return None
    if not build:
        return None
    return OperatingSystem(
        origin=event.origin,
        at=event.at,
        computer=event.computer,
        text=event.text,
        family="windows",
        build=build,
        ubr=ubr,
    )


def _clean(value: str) -> str:
    return redact(value[:LONGEST_VALUE].replace("\u200e", "").replace("\u200f", "")).strip()


def _text(provider: str, event_id: int, message: str, values: list[tuple[str, str]]) -> str:
    if message:
        return quoted(f"{provider} {event_id}: {message}")
    told = (f"{name}={value}" if name else value for name, value in values if value not in ("", "-"))
    return quoted(f"{provider} {event_id}: {', '.join(told)}".rstrip(": "))


class Newest(Generic[T]):
    """The newest of many, by a key that grows with time, in bounded memory. `dropped` is how many were left out."""

    def __init__(self, most: int) -> None:
        self.dropped = 0
        self._most = most
        self._kept: list[tuple[str, int, T]] = []
        self._added = 0

    def add(self, key: str, item: T) -> None:
        self._added += 1
        self._kept.append((key, self._added, item))
        if len(self._kept) >= 2 * self._most:
            self._cut()

    def items(self) -> Iterator[T]:
        """What is left, oldest first."""
        self._cut()
        return (item for _, _, item in sorted(self._kept, key=lambda each: each[:2]))

    def _cut(self) -> None:
        if len(self._kept) > self._most:
            self._kept.sort(key=lambda each: each[:2])
            self.dropped += len(self._kept) - self._most
            del self._kept[: len(self._kept) - self._most]


def flood(file: str, dropped: int) -> Iterator[Damage]:
    """What is said where failed logons were left out."""
    if dropped:
        yield Damage(
            origin=Origin(file),
            why=f"{dropped} failed logons (4625) are left out: the newest {MOST_LOGON_FAILURES} are kept",
        )
