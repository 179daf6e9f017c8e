"""Events and other records of Windows machines, as readers make them."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from aumdoctor.guest.evidence import Evidence
from aumdoctor.guest.issue import Issue
from aumdoctor.model.guest import (
    Differential,
    Event,
    Host,
    Likelihood,
    OperatingSystem,
    Origin,
    Record,
    RegistryValue,
    SecureChannel,
    UserRight,
    Verdict,
)

FROM = Origin(file="System.evtx", record=1)
NOON = datetime(2024, 1, 10, 12, tzinfo=UTC)

WRONG_PASSWORD = "The specified network password is not correct."
WRONG_PASSWORD_JA = "指定されたネットワーク パスワードが間違っています。"


def host(name: str, *records: Record) -> Evidence:
    return Evidence(Host(name=name, records=records))


def judged(issue: Issue, *hosts: Evidence, of: int = 0) -> Verdict:
    verdict = issue.judge(hosts[of], hosts)
    assert verdict is not None
    return verdict


def likelihood(issue: Issue, *hosts: Evidence) -> Likelihood | None:
    verdict = issue.judge(hosts[0], hosts)
    return None if verdict is None else verdict.likelihood


def differential(verdict: Verdict, name: str) -> Differential:
    (found,) = (each for each in verdict.differentials if each.name == name)
    return found


def event(
    provider: str,
    event_id: int,
    values: dict[str, str] | None = None,
    *,
    at: datetime | None = NOON,
    message: str = "",
    computer: str = "",
    user: str = "",
    channel: str = "System",
    file: str = "System.evtx",
) -> Event:
    data = values or {}
    return Event(
        origin=Origin(file=file, record=1),
        at=at,
        text=message or f"{provider} {event_id}: {data}",
        provider=provider,
        event_id=event_id,
        data=data,
        values=tuple(data.values()),
        message=message,
        computer=computer,
        user=user,
        channel=channel,
    )


def failed_password_change(
    at: datetime | None = NOON, *, error: str = WRONG_PASSWORD, operation: str = "Password change"
) -> Event:
    values = {
        "resource": "Cluster Name",
        "domain": "contoso.local",
        "operation": operation,
        "error": error,
        "identity": "CLUS01$",
    }
    return event("Microsoft-Windows-FailoverClustering", 1207, values, at=at)


def failed_witness(at: datetime | None = NOON, *, type: str = "File Share Witness") -> Event:
    values = {"resource": "ファイル共有監視", "role": "クラスター グループ", "type": type}
    return event("Microsoft-Windows-FailoverClustering", 1069, values, at=at)


def windows(build: int | None, ubr: int | None = None, at: datetime | None = None, name: str = "") -> OperatingSystem:
    return OperatingSystem(
        origin=FROM, at=at, text=f"build {build}.{ubr}", family="windows", build=build, ubr=ubr, name=name
    )


def channel(status: int | None = 0) -> SecureChannel:
    return SecureChannel(
        origin=FROM, text=f"Trust Verification Status = {status}", domain="contoso.local", status=status
    )


def shutdown(
    at: datetime | None = NOON,
    *,
    program: str = r"C:\Windows\system32\winlogon.exe (TS01)",
    code: str = "0x500ff",
    kind: str = "電源を切る",
    user: str = r"NT AUTHORITY\SYSTEM",
    file: str = "System.evtx",
) -> Event:
    values = {
        "param1": program,
        "param2": "TS01",
        "param3": "この理由のタイトルが見つかりません",
        "param4": code,
        "param5": kind,
        "param6": "",
        "param7": user,
    }
    return event("User32", 1074, values, at=at, file=file)


def failed_logon(
    at: datetime | None = NOON,
    *,
    user: str = "user17",
    kind: str = "10",
    status: str = "0xc000006d",
    sub_status: str = "0xc000006a",
    process: str = r"C:\Windows\System32\winlogon.exe",
    computer: str = "",
) -> Event:
    values = {
        "TargetUserName": user,
        "TargetDomainName": "CONTOSO.LOCAL",
        "Status": status,
        "SubStatus": sub_status,
        "LogonType": kind,
        "LogonProcessName": "Kerberos" if kind == "3" else "User32 ",
        "ProcessName": process,
    }
    return event("Microsoft-Windows-Security-Auditing", 4625, values, at=at, computer=computer, channel="Security")


def refused_computer(
    at: datetime | None = NOON, *, user: str = "REPLICAHOST1$", computer: str = "REPLICAHOST2"
) -> Event:
    return failed_logon(at, user=user, kind="3", status="0xc000015b", sub_status="0x0", process="-", computer=computer)


def value(key: str, name: str, number: int | str | None, *, exists: bool = True) -> RegistryValue:
    return RegistryValue(
        origin=Origin(file="reg.txt", line=3), text=f"{name} {number}", key=key, name=name, value=number, exists=exists
    )


def right(name: str, *holders: str) -> UserRight:
    return UserRight(
        origin=Origin(file="rights.inf", line=7), text=f"{name} = {','.join(holders)}", right=name, holders=holders
    )


def days(count: float) -> timedelta:
    return timedelta(days=count)


def texts(verdict: Verdict) -> str:
    """All that a verdict says, to look for a word in."""
    parts: Iterable[str] = (
        verdict.said,
        *(each.what + each.command + each.on for each in verdict.missing),
        *(each.said for each in verdict.differentials),
        *verdict.verification,
    )
    return "\n".join(parts)
