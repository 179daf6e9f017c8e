r"""What aumdoctor's own probe prints: JSON Lines, one object for each check, and one that counts them at the end.

    {"c": "sudo", "s": "ok", "d": {"out": "uid=0(root)", "requiretty": ""}}
    {"c": "end", "n": "13"}

`s` is `ok`, `fail`, `warn` or `unknown`, `d` what was seen. Run Command keeps the last 4,096 bytes only, so that a
first line may be half a line. A check that is not there was not answered: nothing is said about it, and the count at
the end tells that something is missing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from aumdoctor.guest.artefact import Artefact
from aumdoctor.guest.envelope import document, flag, member, number, when
from aumdoctor.guest.events import Seen, records_of
from aumdoctor.guest.reader import reader
from aumdoctor.guest.text import decode, lines, quoted
from aumdoctor.model.guest import (
    SUBJECTS,
    Damage,
    LogSign,
    Observation,
    OperatingSystem,
    Origin,
    PatchStatus,
    PatchSummary,
    Proxy,
    Record,
    RegistryValue,
    Service,
    State,
    UpdateEvent,
)

TOOL = "probe"

_LINE = re.compile(r'^[ \t\ufeff]*\{ ?"c" ?: ?"[\w.-]{1,40}" ?[,}]', re.MULTILINE)
_LONGEST = 1 << 16
_STATES = {"ok": State.OK, "fail": State.BAD, "warn": State.WARNING}


class _Check(msgspec.Struct, frozen=True):
    """A line of the probe. `behind_proxy` where a line before it found a proxy."""

    name: str
    state: State
    data: dict[str, Any]
    origin: Origin
    text: str
    behind_proxy: bool

    def get(self, name: str) -> str:
        """A field as text, "" where it is not there."""
        value = self.data.get(name)
        return "" if value is None or isinstance(value, dict | list) else str(value).strip()

    def rows(self, name: str) -> list[str]:
        """A field that is a list of texts; PowerShell prints a list of one as the one."""
        value = self.data.get(name)
        return [str(each) for each in (value if isinstance(value, list) else [value]) if each not in (None, "")]

    def observation(
        self,
        subject: str,
        state: State | None = None,
        values: Mapping[str, object] | None = None,
        *,
        weak: bool = False,
    ) -> Observation:
        said = {name: quoted(str(value)) for name, value in (values or {}).items() if value not in (None, "")}
        return Observation(
            origin=self.origin,
            text=self.text,
            subject=subject,
            state=self.state if state is None else state,
            values=said,
            tool=TOOL,
            weak=weak,
        )

    def registry(self, key: str, name: str, value: object = None) -> RegistryValue:
        """A value of the registry: null is one that is not there."""
        exists = value is not None
        whole = number(value) if exists and name not in _TEXTS else None
        return RegistryValue(
            origin=self.origin,
            text=self.text,
            key=key,
            name=name,
            kind=("" if not exists else "REG_DWORD" if whole is not None else "REG_SZ"),
            value=whole if whole is not None else quoted(str(value)) if exists else None,
            exists=exists,
        )

    def service(self, name: str, *, state: str = "", start: str = "", exists: bool = True) -> Service:
        return Service(origin=self.origin, text=self.text, name=name, state=state, start=start, exists=exists)


def _recognises(artefact: Artefact) -> bool:
    return _LINE.search(decode(artefact.head)) is not None


@reader(name="probe", title="what aumdoctor's probe printed", recognises=_recognises)
def PROBE(artefact: Artefact) -> Iterator[Record]:  # noqa: N802 - it is a reader, not a function
    """Read the lines of one probe, or of several that follow each other."""
    count, is_open, behind_proxy = 0, False, False
    last = Origin(artefact.path)
    unknown: list[str] = []
    for line_number, line in lines(artefact):
        line = line.strip()
        if not line:
            continue
        origin = Origin(artefact.path, line=line_number)
        found = _object(line)
        if found is None:
            if count == 0 and line.endswith("}"):
                why = "the head is cut off (Run Command keeps the last 4,096 bytes): the checks before are not known"
                yield Damage(origin=origin, why=why, text=quoted(line))
                is_open = True
            elif is_open and line.startswith("{"):
                yield Damage(origin=origin, why="a line of the probe that is not whole", text=quoted(line))
            continue
        last = origin
        name = found["c"].strip().lower()
        if name == "end":
            yield from _end(found, count, origin)
            count, is_open, behind_proxy = 0, False, False
            continue
        count, is_open = count + 1, True
        data = member(found, "d")
        check = _Check(
            name=name,
            state=_STATES.get(str(member(found, "s")).lower(), State.UNKNOWN),
            data=data if isinstance(data, dict) else {},
            origin=origin,
            text=quoted(line),
            behind_proxy=behind_proxy,
        )
        if name in _CHECKS:
            records = list(_CHECKS[name](check))
            behind_proxy = behind_proxy or any(isinstance(record, Proxy) and record.address for record in records)
            yield from records
        elif name in SUBJECTS:
            yield check.observation(name, None, {key: check.get(key) for key in check.data})
        else:
            unknown.append(name)
    if is_open:
        yield Damage(origin=last, why="the probe's last line is missing: it did not finish, or its output was cut off")
    if unknown:
        some = quoted(", ".join(unknown[:10]))
        yield Damage(origin=last, why=f"checks that this version does not know: {some}")


def _object(line: str) -> dict[str, Any] | None:
    if not line.startswith("{") or len(line) > _LONGEST:
        return None
    try:
        found = document(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) and isinstance(found.get("c"), str) else None


def _end(found: dict[str, Any], count: int, origin: Origin) -> Iterator[Record]:
    said = number(member(found, "n"))
    if said is None:
        yield Damage(origin=origin, why="the probe's last line has no count: whether all is there is not known")
    elif said != count:
        yield Damage(origin=origin, why=f"{count} of the probe's {said} checks are there: the others are not known")


# -- both systems ------------------------------------------------------------------------------------------------------


def _os(check: _Check) -> Iterator[Record]:
    is_windows = "build" in check.data or "ubr" in check.data
    yield OperatingSystem(
        origin=check.origin,
        text=check.text,
        family="windows" if is_windows else "linux",
        name=check.get("name"),
        build=number(check.get("build")),
        ubr=number(check.get("ubr")),
        distribution=check.get("id").lower(),
        version=check.get("ver"),
        kernel=check.get("kernel"),
        # The answer of Run Command around it may not say which machine it is of.
        computer=check.get("host"),
    )


def _agent(check: _Check) -> Iterator[Record]:
    if "unit" in check.data or "extEnabled" in check.data:
        unit = check.get("unit")
        yield check.observation("agent", None, {"unit": unit, "version": check.get("version")})
        if unit:
            yield check.service(f"{unit.removesuffix('.service')}.service", state="active")
        enabled = {"y": True, "yes": True, "n": False, "no": False}.get(check.get("extEnabled").lower())
        if enabled is None:
            enabled = flag(check.get("extEnabled"))
        if enabled is not None:
            state = State.OK if enabled else State.BAD
            yield check.observation("extension-operations", state, {"name": "Extensions.Enabled", "value": enabled})
        return
    yield check.observation("agent", None, {name: check.get(name) for name in check.data})
    for name in check.data:
        running, _, start = check.get(name).lower().partition("/")
        if not running:
            continue
        start = {"auto": "automatic"}.get(start, start)
        yield check.service(name, state=running, start=start)
        if name.lower() == "wuauserv" and start:
            yield check.observation("update-service", State.BAD if start == "disabled" else State.OK, {"start": start})


_VERSION = re.compile(r"[-\\/](\d+(?:\.\d+)+)$")


def _extension(check: _Check) -> Iterator[Record]:
    folder = check.get("dir")
    version = found[1] if (found := _VERSION.search(folder)) else ""
    name = folder.removesuffix(version).rstrip("-\\/")
    sequence = number(check.get("seq"))
    status = check.get("status")
    values = {"name": name, "version": version, "sequence": sequence, "status": status, "summaries": check.get("sub")}
    yield check.observation("patch-extension", None, values)
    last = number(check.get("lastStatus"))
    if last is not None and flag(check.get("orphan")):
        yield PatchStatus(origin=check.origin, text=check.text, extension=name, sequence=last, is_orphan=True)
    summaries = tuple(
        PatchSummary(name=key, status=state.lower())
        for key, _, state in (each.partition("=") for each in check.get("sub").split())
        if state
    )
    if summaries:
        yield PatchStatus(origin=check.origin, text=check.text, extension=name, sequence=sequence, summaries=summaries)


def _proxy(check: _Check) -> Iterator[Record]:
    found = list(_windows_proxies(check) if "winhttp" in check.data else _linux_proxies(check))
    yield from found
    if not found:
        yield check.observation("proxy")
    for proxy in found:
        yield check.observation("proxy", State.WARNING, {"where": proxy.where, "address": proxy.address})


def _windows_proxies(check: _Check) -> Iterator[Proxy]:
    for field, where in (("winhttp", "winhttp"), ("env", "environment")):
        if address := check.get(field):
            yield Proxy(origin=check.origin, text=check.text, where=where, address=_address(address))


_SETTING = re.compile(r'^([\w.:]{1,80}?)\s*(?:=\s*|\s+)"?([^";]*)"?;?$')
_WHERE = (
    (re.compile(r"acquire::", re.IGNORECASE), "apt"),
    (re.compile(r"httpproxy\.", re.IGNORECASE), "waagent.conf"),
    (re.compile(r"(?:https?|ftp|all)_proxy$", re.IGNORECASE), "environment"),
    (re.compile(r"proxy$", re.IGNORECASE), "package manager"),
)


def _linux_proxies(check: _Check) -> Iterator[Proxy]:
    """The settings that the probe found, with semicolons between them, in the form of the place where each stands."""
    bypass = ""
    found: list[tuple[str, str]] = []
    for piece in check.get("set").split(";"):
        setting = _SETTING.match(piece.strip())
        if setting is None:
            continue
        name, value = setting[1], setting[2].strip().strip("'")
        if name.lower() == "no_proxy":
            bypass = value
        elif name.lower() == "httpproxy.port" and found:
            found[-1] = (found[-1][0], f"{found[-1][1]}:{value}")
        elif value.lower() not in ("", "none", "_none_", "direct", "false", "no"):
            where = next((where for form, where in _WHERE if form.match(name)), "")
            if where and (where, value) not in found:
                found.append((where, value))
    for where, address in found:
        yield Proxy(origin=check.origin, text=check.text, where=where, address=_address(address), bypass=quoted(bypass))


_CREDENTIALS = re.compile(r"//[^/@\s]{0,200}@")


def _address(text: str) -> str:
    return _CREDENTIALS.sub("//", quoted(text))


_SCHANNEL = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL"
_TLS12 = rf"{_SCHANNEL}\Protocols\TLS 1.2"
_TLS_FIELDS = {
    "cEn": (rf"{_TLS12}\Client", "Enabled"),
    "cDis": (rf"{_TLS12}\Client", "DisabledByDefault"),
    "sEn": (rf"{_TLS12}\Server", "Enabled"),
    "sDis": (rf"{_TLS12}\Server", "DisabledByDefault"),
    "net": (r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\.NETFramework\v4.0.30319", "SchUseStrongCrypto"),
    "ser": (_SCHANNEL, "SendExtraRecord"),
}
_CURL = {
    "5": "the proxy's name is not resolved",
    "6": "the name is not resolved",
    "7": "the connection is refused",
    "28": "no answer in time",
    "35": "the TLS handshake fails",
    "59": "the TLS handshake fails",
    "60": "the certificate is not trusted",
    "97": "the proxy refuses",
}
"""What exit codes of curl mean (`man curl`, EXIT CODES)."""


def _tls12(check: _Check) -> Iterator[Record]:
    code = check.get("rc")
    reason = _CURL.get(code, "") or check.get("why")
    yield check.observation("tls12", None, {"reason": reason, "host": check.get("host"), "code": code})
    for field, (key, name) in _TLS_FIELDS.items():
        if field in check.data:
            yield check.registry(key, name, check.data[field])


def _https(check: _Check) -> Iterator[Record]:
    if "host" in check.data or "rc" in check.data or "why" in check.data:
        code = check.get("rc")
        reason = _CURL.get(code, "") or check.get("why")
        values = {"host": check.get("host"), "code": code, "reason": reason, "output": check.get("out")}
        yield check.observation("https", None, values)
        return
    for host in check.data:
        answer = check.get(host)
        state = {"open": State.OK, "ok": State.OK, "fail": State.BAD}.get(answer.lower(), State.UNKNOWN)
        if state == State.BAD and check.state == State.WARNING:
            # Behind a proxy a direct connection may fail and the way through the proxy stand open.
            state = State.WARNING
        subject = "https" if host.lower().startswith("login.") else "update-endpoint"
        yield check.observation(subject, state, {"host": host, "port": 443, "code": answer})


_FREE = re.compile(r"(\S+)=(\d+)M\b")
_LITTLE = 300


def _disk(check: _Check) -> Iterator[Record]:
    free = [(path, int(megabytes)) for path, megabytes in _FREE.findall(check.get("free"))]
    if (megabytes := number(check.get("freeMB"))) is not None:
        free.append((check.get("drive") or "C:", megabytes))
    if not free:
        yield check.observation("disk-space")
        return
    least = min(megabytes for _, megabytes in free)
    for path, megabytes in free:
        is_meant = check.state == State.OK or megabytes == least or megabytes < _LITTLE
        state = check.state if is_meant else State.OK
        yield check.observation("disk-space", state, {"path": path, "free_mb": megabytes})


def _reboot(check: _Check) -> Iterator[Record]:
    reason = check.get("pkgs") or check.get("flags") or check.get("reason")
    yield check.observation("pending-reboot", None, {"reason": reason})


# -- Linux -------------------------------------------------------------------------------------------------------------


def _sudo(check: _Check) -> Iterator[Record]:
    yield check.observation("sudo", None, {"output": check.get("out")})
    if "requiretty" in check.data:
        where = check.get("requiretty").strip("; ")
        yield check.observation("requiretty", State.BAD if where else State.OK, {"where": where})


def _python(check: _Check) -> Iterator[Record]:
    yield check.observation("python", None, {"version": check.get("v") or check.get("version")})


_TIMER = {"active": State.OK, "inactive": State.BAD, "failed": State.BAD, "activating": State.WARNING}
_SERVICE = {
    "enabled": State.OK,
    "enabled-runtime": State.OK,
    "static": State.WARNING,
    "disabled": State.BAD,
    "masked": State.BAD,
    "masked-runtime": State.BAD,
    "not-found": State.BAD,
}


def _auto_assess(check: _Check) -> Iterator[Record]:
    unit, timer, service = check.get("unit"), check.get("timer").lower(), check.get("service").lower()
    script = check.get("sh")
    is_there = "no such file" not in service and service != "not-found"
    asked = check.state != State.UNKNOWN
    state = _TIMER.get(timer, State.UNKNOWN) if asked else State.UNKNOWN
    values = {"unit": unit, "timer": timer, "last": check.get("last"), "script": script}
    yield check.observation("auto-assess-timer", state, values)
    found = _SERVICE.get(service, State.UNKNOWN if is_there else State.BAD)
    state = found if asked else State.UNKNOWN
    yield check.observation("auto-assess-service", state, {"unit": unit, "service": service})
    if "not been booted with systemd" in timer:
        yield check.observation("systemd", State.BAD)
    if unit and asked:
        if timer in _TIMER:
            yield check.service(f"{unit}.timer", state=timer)
        if service in _SERVICE or not is_there:
            yield check.service(f"{unit}.service", start=service if is_there else "", exists=is_there)


def _repos(check: _Check) -> Iterator[Record]:
    manager, total = check.get("pm"), check.get("total")
    failed = check.get("bad").split()
    if not failed:
        yield check.observation("repository", None, {"manager": manager, "total": total})
    for each in failed:
        host, _, port = each.rpartition(":")
        # The probe connects directly: behind a proxy that proves nothing.
        values = {"host": host or each, "port": port if host else "", "manager": manager}
        yield check.observation("repository", None, values, weak=check.behind_proxy)


def _locks(check: _Check) -> Iterator[Record]:
    yield check.observation("package-locks", None, {"holder": check.get("holder")})
    if "audit" in check.data:
        audit = check.get("audit")
        yield check.observation("package-state", State.BAD if audit else State.OK, {"output": audit})


# -- Windows -----------------------------------------------------------------------------------------------------------

_POLICY = r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate"
_POLICIES = {
    "WUServer": _POLICY,
    "WUStatusServer": _POLICY,
    "DisableWindowsUpdateAccess": _POLICY,
    "DoNotConnectToWindowsUpdateInternetLocations": _POLICY,
    "UseWUServer": rf"{_POLICY}\AU",
    "NoAutoUpdate": rf"{_POLICY}\AU",
    "AUOptions": rf"{_POLICY}\AU",
    "AlwaysAutoRebootAtScheduledTime": rf"{_POLICY}\AU",
}
"""The policies that the probe asks for; it prints those that are set."""

_UNDER_AU = {"NoAutoRebootWithLoggedOnUsers", "AlwaysAutoRebootAtScheduledTimeMinutes", "ScheduledInstallDay"}
_TEXTS = {"WUServer", "WUStatusServer", "TargetGroup"}


def _policy(check: _Check) -> Iterator[Record]:
    if check.state == State.UNKNOWN and not check.data:
        yield check.observation("update-access")
        return
    for name, value in check.data.items():
        key = _POLICIES.get(name) or (rf"{_POLICY}\AU" if name in _UNDER_AU else _POLICY)
        yield check.registry(key, name, value)
    if check.state != State.UNKNOWN:
        for name in _POLICIES.keys() - check.data.keys():
            yield check.registry(_POLICIES[name], name)
    is_off = check.get("DisableWindowsUpdateAccess") == "1"
    said = {"name": "DisableWindowsUpdateAccess"} if is_off else None
    otherwise = State.UNKNOWN if check.state == State.UNKNOWN else State.OK
    yield check.observation("update-access", State.BAD if is_off else otherwise, said)
    server = check.get("WUServer")
    if check.get("UseWUServer") != "1":
        yield check.observation("wsus", otherwise)
    elif not server or server != check.get("WUStatusServer"):
        values = {"server": server, "status_server": check.get("WUStatusServer")}
        yield check.observation("wsus", State.BAD, values)


def _wsus(check: _Check) -> Iterator[Record]:
    host, port = check.get("host"), check.get("port")
    yield check.observation("wsus", None, {"server": f"{host}:{port}" if port else host})


def _software_distribution(check: _Check) -> Iterator[Record]:
    yield check.observation("software-distribution", None, {"sddl": check.get("sddl")})


_RESULTS = {
    "2": (183, "Success"),
    "3": (183, "Warning"),
    "4": (182, "Failure"),
    "5": (182, "Aborted"),
}
"""OperationResultCode of the Windows Update Agent API, as the codes of ReportingEvents.log."""


def _history(check: _Check) -> Iterator[Record]:
    for row in check.rows("last"):
        at, caller, result, hresult, title = (each.strip() for each in (*row.split("|"), *[""] * 5)[:5])
        code, word = _RESULTS.get(result, (None, result))
        yield UpdateEvent(
            origin=check.origin,
            text=quoted(row),
            at=when(at),
            code=code,
            caller=caller,
            result=word,
            hresult=(number(hresult) or 0) & 0xFFFFFFFF,
            title=title,
        )


_LOGON = {
    "shutdownwithoutlogon": (
        r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System",
        "ShutdownWithoutLogon",
    ),
    "nla": (
        r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp",
        "UserAuthentication",
    ),
    "nlapolicy": (
        r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services",
        "UserAuthentication",
    ),
}


def _logon(check: _Check) -> Iterator[Record]:
    for field, value in check.data.items():
        if found := _LOGON.get(field.lower()):
            yield check.registry(*found, value)


_PROVIDERS = {
    1074: "User32",
    1207: "Microsoft-Windows-FailoverClustering",
    1206: "Microsoft-Windows-FailoverClustering",
    1069: "Microsoft-Windows-FailoverClustering",
    41: "Microsoft-Windows-Kernel-Power",
    6008: "EventLog",
    1001: "BugCheck",
}
"""Whose events these are in the System log, where the probe does not say it."""


def _events(check: _Check) -> Iterator[Record]:
    """The newest events, and a mark where the probe does not say that these are all that it asked for."""
    rows, of = check.rows("last"), check.get("of")
    if of != str(len(rows)) and (rows or of):
        said = f"the newest {len(rows)} of {of or 'an unknown number of'} events"
        values = {"shown": str(len(rows)), "of": quoted(of)}
        oldest = when(rows[-1].partition("|")[0]) if rows else None
        yield LogSign(origin=check.origin, at=oldest, text=said, sign="events-cut", values=values)
    for row in rows:
        at, *fields = row.split("|")
        provider = fields.pop(0) if fields and not fields[0].isdigit() else ""
        event_id = number(fields.pop(0)) if fields else None
        provider = provider or _PROVIDERS.get(event_id or -1, "")
        if event_id is None or not provider:
            continue
        seen = Seen(
            provider=provider,
            event_id=event_id,
            channel="System",
            at=when(at),
            pairs=tuple(("", value) for value in fields),
        )
        for record in records_of(seen, check.origin):
            yield msgspec.structs.replace(record, text=quoted(row))


_CHECKS: dict[str, Callable[[_Check], Iterator[Record]]] = {
    "os": _os,
    "agent": _agent,
    "extension": _extension,
    "sudo": _sudo,
    "python": _python,
    "proxy": _proxy,
    "tls12": _tls12,
    "https": _https,
    "autoassess": _auto_assess,
    "repos": _repos,
    "disk": _disk,
    "reboot": _reboot,
    "locks": _locks,
    "wupolicy": _policy,
    "wsus": _wsus,
    "sdacl": _software_distribution,
    "wuhistory": _history,
    "logon": _logon,
    "events": _events,
}
