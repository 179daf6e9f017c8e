"""What was found inside machines: records, each with the place that it was read from.

Readers make records of artefacts, known issues are judged on records. Both know only this vocabulary, so that it makes
no difference whether a registry value came from `reg query`, from a hive, or from the probe.

Times: `at` is aware where the artefact says in which zone it counts, else naive: the local time of that machine. The
two are not compared with each other.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec


class Origin(msgspec.Struct, frozen=True, order=True):
    """Where a record stands: the file as the person named it (`bundle.zip!/Windows/x.log` inside an archive), and the
    line in it from 1, or the number of the event record."""

    file: str
    line: int | None = None
    record: int | None = None

    def __str__(self) -> str:
        if self.record is not None:
            return f"{self.file} record {self.record}"
        return self.file if self.line is None else f"{self.file}:{self.line}"


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What all records have. `text` is what is quoted of the artefact: one line of at most 400 characters, without
    secrets. `computer` is the machine's name where the artefact itself tells it."""

    origin: Origin
    at: datetime | None = None
    text: str = ""
    computer: str = ""


class Event(Record, frozen=True, kw_only=True):
    """An event of a Windows event log.

    `provider` as the log has it (`Microsoft-Windows-Security-Auditing`, `User32`); `data` the named values, `values`
    all values in their order whether named or not; `message` the rendered text, where the artefact has it (localised).
    `level` in English lower case (`error`, `warning`, `information`, `critical`, `verbose`), "" where unknown.
    """

    provider: str
    event_id: int
    channel: str = ""
    level: str = ""
    user: str = ""
    data: dict[str, str] = {}
    values: tuple[str, ...] = ()
    message: str = ""


class EventLog(Record, frozen=True, kw_only=True):
    """A log that was read whole: its channel, the number of events in it, and the times of the oldest and the newest.
    So that "no such event" can be told from "nobody looked". An exported log may have been filtered."""

    channel: str
    events: int
    first: datetime | None = None
    last: datetime | None = None


class OperatingSystem(Record, frozen=True, kw_only=True):
    """The system as an artefact tells it. Windows: `build` (20348) and `ubr` (2340) where known. Linux: `distribution`
    and `version` as in os-release (`ubuntu`, `22.04`), `kernel`."""

    family: str
    name: str = ""
    build: int | None = None
    ubr: int | None = None
    distribution: str = ""
    version: str = ""
    kernel: str = ""


class PatchError(msgspec.Struct, frozen=True, kw_only=True):
    """A detail of an error: Linux has a word as code (`PACKAGE_MANAGER_FAILURE`), Windows an HRESULT or a word."""

    code: str
    message: str


class PatchSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A substatus of the patch extension: `name` (`PatchAssessmentSummary`, …), `status` in lower case, `error_code` of
    its `errors` (0 success, 1 error, 2 warning), the details, and the whole inner document in `body`."""

    name: str
    status: str
    error_code: int | None = None
    errors: tuple[PatchError, ...] = ()
    error_message: str = ""
    body: dict[str, Any] = {}


class PatchStatus(Record, frozen=True, kw_only=True):
    """A status that a patch extension wrote (`.status`, `.complete.status`, or inside aggregatestatus.json).

    The top-level `status` of the Linux extension is "success" whatever happened: judge by `summaries`. `sequence` is
    the number of the request. `is_orphan` where the number is above that of the newest request beside it (a golden
    image).
    """

    extension: str = ""
    sequence: int | None = None
    complete: bool = False
    is_orphan: bool = False
    operation: str = ""
    status: str = ""
    code: int | None = None
    message: str = ""
    summaries: tuple[PatchSummary, ...] = ()


class PatchRequest(Record, frozen=True, kw_only=True):
    """What the platform asked of the patch extension (`.settings`, or the echo of it in a log): only the public
    settings, as they stand there (`operation`, `startTime`, `maximumDuration`, `rebootSetting`, …)."""

    extension: str = ""
    sequence: int | None = None
    settings: dict[str, Any] = {}


class ExtensionState(Record, frozen=True, kw_only=True):
    """A state file of the Linux patch extension: `name` is `CoreState`, `ExtState` or `AssessmentState`, `body` what it
    holds below its one member."""

    name: str
    body: dict[str, Any] = {}


class ExtensionHandler(Record, frozen=True, kw_only=True):
    """What the VM agent says of an extension, or of itself (`name` is then `GuestAgent`): `status` in the agent's words
    (Ready, NotReady, Installing, Unresponsive)."""

    name: str
    version: str = ""
    status: str = ""
    code: int | None = None
    message: str = ""


class LogSign(Record, frozen=True, kw_only=True):
    """A text with a known meaning that stands in a log: `sign` is its id in `knowledge/guest-signs.toml`, `values` what
    the text names (`host`, `hresult`, `package`, `exit_code`, `pid`, …)."""

    sign: str
    values: dict[str, str] = {}


class UpdateEvent(Record, frozen=True, kw_only=True):
    """A row of ReportingEvents.log or of the update history: who (`caller`) did what (`code`: 147 detection finished,
    148 detection failed, 162 downloaded, 161 download failed, 183 installed, 182 installation failed), how it ended
    (`result`) and with which `hresult` (0 is success)."""

    code: int | None = None
    name: str = ""
    caller: str = ""
    result: str = ""
    hresult: int = 0
    category: str = ""
    title: str = ""


class RegistryValue(Record, frozen=True, kw_only=True):
    r"""A value in the registry: `key` begins with the long name of the hive (`HKEY_LOCAL_MACHINE\…`), `value` is an int
    for DWORD and QWORD, else text. `exists` False: somebody looked, and it is not there (`name` "" is the whole
    key)."""

    key: str
    name: str
    kind: str = ""
    value: int | str | None = None
    exists: bool = True


class Service(Record, frozen=True, kw_only=True):
    """A service of Windows, or a unit of systemd (with its suffix). `state`: `running`, `stopped`, `active`,
    `inactive`, `failed`, …; `start`: `automatic`, `manual`, `disabled`, `enabled`, `masked`, …; both "" where unknown.
    `exists` False where it was asked for and is not there."""

    name: str
    state: str = ""
    start: str = ""
    exists: bool = True


class UserRight(Record, frozen=True, kw_only=True):
    """Who holds a user right (`SeNetworkLogonRight`), from `secedit /export`: SIDs without the star, or names.
    `complete` where the artefact lists all holders. A right that the whole export does not name has no holders: a
    record with none."""

    right: str
    holders: tuple[str, ...] = ()


class GroupMembers(Record, frozen=True, kw_only=True):
    """The direct members of a local group (`net localgroup`, Get-LocalGroupMember), as they are named there: names or
    SIDs. `group` is "" where the artefact does not say which group it is."""

    group: str
    members: tuple[str, ...] = ()


class ClusterObject(Record, frozen=True, kw_only=True):
    """A part of a failover cluster: `kind` is `node`, `group` or `resource` (Get-ClusterNode, Get-ClusterGroup,
    Get-ClusterResource). `owner` is the node that a group is on, or the group that a resource belongs to; `type` that
    of a resource (`File Share Witness`) or of a group (`Cluster`: the core resources)."""

    kind: str
    name: str
    state: str = ""
    owner: str = ""
    type: str = ""


class ReplicatedMachine(Record, frozen=True, kw_only=True):
    """A virtual machine under Hyper-V Replica (Get-VMReplication, Measure-VMReplication): `state` (`Replicating`,
    `Error`, …) and `health` (`Normal`, `Warning`, `Critical`) as they stand there, `mode` (`Primary`, `Replica`)."""

    name: str
    state: str = ""
    health: str = ""
    mode: str = ""
    primary: str = ""
    replica: str = ""


class SecureChannel(Record, frozen=True, kw_only=True):
    """The answer of `nltest /sc_verify` or of Test-ComputerSecureChannel: `status` 0 is success, None where the answer
    has no number."""

    domain: str = ""
    controller: str = ""
    status: int | None = None


class ServicePrincipalNames(Record, frozen=True, kw_only=True):
    """The names registered for an account (`setspn -L`), or, where `duplicates`, those registered more than once
    (`setspn -X`)."""

    account: str = ""
    names: tuple[str, ...] = ()
    duplicates: bool = False


class Ticket(Record, frozen=True, kw_only=True):
    """A Kerberos ticket (`klist`)."""

    client: str = ""
    server: str = ""


class Proxy(Record, frozen=True, kw_only=True):
    """A proxy setting: `where` it stands (`winhttp`, `environment`, `/etc/apt/apt.conf.d/95proxy`, …), its `address`
    without credentials ("" is a direct connection)."""

    where: str
    address: str = ""
    bypass: str = ""


class InstalledUpdate(Record, frozen=True, kw_only=True):
    """An update that is installed: `kb` as `KB5035857`."""

    kb: str
    title: str = ""


class State(StrEnum):
    """How an observation turned out. UNKNOWN: somebody looked, and could not tell."""

    OK = "ok"
    BAD = "bad"
    WARNING = "warning"
    UNKNOWN = "unknown"


class Observation(Record, frozen=True, kw_only=True):
    """An answer to one question about the machine, from the probe or from Microsoft's troubleshooter.

    `subject` is one of `SUBJECTS`; `values` what was seen. `weak` where the tool that says so is known to be wrong
    about this at times: it proves nothing alone.
    """

    subject: str
    state: State
    values: dict[str, str] = {}
    tool: str = ""
    weak: bool = False


SUBJECTS = {
    "agent": "the VM agent (or the Arc agent) runs",
    "auto-assess-service": "the unit of the daily assessment is enabled (Linux)",
    "auto-assess-timer": "the timer of the daily assessment is active (Linux)",
    "auto-update": "the system does not install updates by itself",
    "clock": "the clock agrees with the time source; values: seconds, source",
    "cluster-permissions": "the cluster's account may reset the passwords of its computer objects and write to them",
    "core-group-moved": "since the core cluster group was moved to another node it has not come back",
    "disk-space": "there is room; values: path, free_mb",
    "dotnet": ".NET Framework is new enough",
    "endpoint": "an Azure or Arc endpoint is reached; values: host, port",
    "extension-operations": "the agent's own configuration lets extensions run",
    "https": "HTTPS to the Azure sign-in endpoint works; values: host, code",
    "microsoft-update": "Microsoft Update is registered beside Windows Update",
    "network-logon": "who may log on over the network",
    "noexec": "the folders that the extension runs from allow programs to run; values: path",
    "package-locks": "nothing holds the package manager's lock; values: holder",
    "package-state": "the package manager's database is whole (dpkg --audit)",
    "patch-extension": "the patch extension is on the machine; values: version, sequence",
    "pending-reboot": "no restart is pending; values: reason",
    "proxy": "no proxy is set (values: where, address)",
    "python": "a Python that the extension can use; values: version",
    "repository": "a package repository is reached; values: host, port, url",
    "requiretty": "sudo asks for no terminal",
    "software-distribution": "SYSTEM has full control of SoftwareDistribution",
    "sudo": "root can use sudo without a password; values: output",
    "supported-system": "Update Manager supports the system",
    "systemd": "systemd is there",
    "tls12": "TLS 1.2 can be used; values: reason",
    "update-access": "the machine may use Windows Update (policies); values: name",
    "update-endpoint": "Windows Update's endpoints are reached; values: host",
    "update-service": "the Windows Update service can start; values: start",
    "wireserver": "168.63.129.16 answers; values: port",
    "wsus": "no WSUS server is set, or it answers; values: server",
}
"""The questions that observations answer. OK means that the sentence holds."""


class Damage(Record, frozen=True, kw_only=True):
    """A part of an artefact that could not be read: cut off, not in the form expected, too large. The records before
    and after it stand."""

    why: str


class Reading(StrEnum):
    """What became of a file: READ whole, PARTLY, not readable at all, or of no kind that is known."""

    READ = "read"
    PARTLY = "partly"
    UNREADABLE = "unreadable"
    UNRECOGNISED = "unrecognised"


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was looked at: which reader took it, what became of it, and how many records it gave."""

    file: str
    reading: Reading
    reader: str = ""
    size: int | None = None
    records: int = 0
    why: str = ""


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """A machine as its artefacts show it. `name` "" where no artefact names it and nobody said."""

    name: str
    records: tuple[Record, ...] = ()
    sources: tuple[Source, ...] = ()


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """All that lies before the doctor: one or more machines, and the sources that belong to none."""

    hosts: tuple[Host, ...] = ()
    sources: tuple[Source, ...] = ()


class Likelihood(StrEnum):
    """How sure a known issue is, best first. RULED_OUT: the evidence says no. INSUFFICIENT: it is consistent with it,
    but so are other things."""

    CONFIRMED = "confirmed"
    LIKELY = "likely"
    POSSIBLE = "possible"
    INSUFFICIENT = "insufficient-evidence"
    RULED_OUT = "ruled-out"


class Missing(msgspec.Struct, frozen=True, kw_only=True):
    """What would decide the question, and the command that gets it (`on` which machine, "" where there is one)."""

    what: str
    command: str = ""
    on: str = ""


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of evidence as it stands in an artefact, and what it says here. `host` is the machine it belongs to."""

    origin: Origin
    text: str
    says: str = ""
    at: datetime | None = None
    host: str = ""


class Differential(msgspec.Struct, frozen=True, kw_only=True):
    """Another cause that would look alike, with its own state."""

    name: str
    state: Likelihood
    said: str
    evidence: tuple[Quote, ...] = ()
    missing: tuple[Missing, ...] = ()


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the evidence says of a known issue on a machine (or on several, in `hosts`).

    `said` is one sentence with what was seen. `remedies` are names in the catalogue, best first. `explains` are ids of
    checks of the control plane that this issue is the cause of on that machine. `details` is what remedies need.
    """

    issue: str
    name: str
    title: str
    likelihood: Likelihood
    said: str
    hosts: tuple[str, ...] = ()
    evidence: tuple[Quote, ...] = ()
    missing: tuple[Missing, ...] = ()
    differentials: tuple[Differential, ...] = ()
    remedies: tuple[str, ...] = ()
    explains: tuple[str, ...] = ()
    verification: tuple[str, ...] = ()
    details: dict[str, str] = {}
