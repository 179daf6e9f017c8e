"""What the scripts of aumdoctor print inside the demo's machines: healthy but for what is planted."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from aumdoctor.demo import guest_scripts
from aumdoctor.demo.machines import is_arc, os_type_of
from aumdoctor.demo.state import DemoEstate, Wire, key, stable_guid, timestamp

_SIGN_IN = "login.microsoftonline.com"
_REPOSITORIES = {
    "ubuntu": ("apt", "azure.archive.ubuntu.com:80"),
    "redhat": ("dnf", "rhui4-1.microsoft.com:443"),
    "azurelinux": ("tdnf", "packages.microsoft.com:443"),
    "sles": ("zypper", "updates.suse.com:443"),
}
_WINDOWS_HOSTS = (
    _SIGN_IN,
    "download.windowsupdate.com",
    "dl.delivery.mp.microsoft.com",
    "sls.update.microsoft.com",
)
_LINUX_FOLDER = "/var/lib/waagent/Microsoft.CPlat.Core.LinuxPatchExtension-1.6.71"
_LINUX_LOGS = "/var/log/azure/Microsoft.CPlat.Core.LinuxPatchExtension"
_WINDOWS_LOGS = r"C:\WindowsAzure\Logs\Plugins\Microsoft.CPlat.Core.WindowsPatchExtension\1.5.85"
_PART = re.compile(r"^(?:part|Write-Part) (\d+) (\d+) (\d+) (\d+) (\d+) '([^']+)'$", re.MULTILINE)
_NO_TTY = "sudo: sorry, you must have a tty to run sudo"


def printed(state: DemoEstate, machine: Wire, script: str, now: datetime) -> str:
    """What a script prints in a machine; nothing where it is not one of aumdoctor's."""
    of_remedy = guest_scripts.printed(state, machine, script)
    if of_remedy is not None:
        return of_remedy
    head = script[:400]
    windows = os_type_of(machine) == "Windows"
    if "The probe of aumdoctor" in head:
        checks = _windows(state, machine, now) if windows else _linux(state, machine, now)
        return _lines({"c": check, "s": found, "d": data} for check, found, data in checks)
    if "Gives the logs of updating" in head:
        logs = _logs(state, machine, now)
        wanted = [tuple(found) for found in _PART.findall(script)]
        return _lines(_parts(logs, wanted) if wanted else _offers(logs))
    return ""


def _lines(rows: Iterator[Wire]) -> str:
    lines = [json.dumps(row, separators=(",", ":")) for row in rows]
    return "".join(f"{line}\n" for line in (*lines, json.dumps({"c": "end", "n": len(lines)}, separators=(",", ":"))))


def _planted(state: DemoEstate, machine: Wire) -> frozenset[str]:
    return frozenset(check for check, resource in state.planted if resource == key(machine["id"]))


def _distribution(machine: Wire) -> tuple[str, str]:
    properties = machine["properties"]
    view = properties.get("instanceView", {})
    if view:
        return str(view.get("osName") or "ubuntu"), str(view.get("osVersion") or "24.04")
    name = str(properties.get("osSku", ""))
    number = re.search(r"\d+(?:\.\d+)?", name)
    named = {"Red Hat": "redhat", "SUSE": "sles"}
    return next((known for word, known in named.items() if word in name), "ubuntu"), number[0] if number else ""


_Check = tuple[str, str, Wire]


def _linux(state: DemoEstate, machine: Wire, now: datetime) -> Iterator[_Check]:
    wrong = _planted(state, machine)
    distribution, version = _distribution(machine)
    manager, repository = _REPOSITORIES.get(distribution, _REPOSITORIES["ubuntu"])
    yield (
        "os",
        "ok",
        {
            "id": {"redhat": "rhel"}.get(distribution, distribution),
            "ver": version,
            "name": f"{distribution} {version}",
            "kernel": "6.8.0-1021-azure",
            "arch": "x86_64",
            "host": machine["name"],
            "at": timestamp(now),
            "systemd": "yes",
        },
    )
    unit = "himdsd" if is_arc(machine) else "walinuxagent" if manager == "apt" else "waagent"
    yield "agent", "ok", {"unit": unit, "version": "2.14.0.1 ", "extEnabled": "y", "arc": ""}
    sudo_fails = "AUM017" in wrong or "AUM136" in wrong
    parts = "" if sudo_fails else "PatchAssessmentSummary=success ConfigurePatchingSummary=success "
    folder = _LINUX_FOLDER.rpartition("/")[2]
    yield "extension", "ok", {"dir": folder, "seq": "3", "status": "1897 1781000000", "core": "1", "sub": parts}
    yield (
        "sudo",
        "fail" if sudo_fails else "ok",
        {
            "out": _NO_TTY if sudo_fails else "uid=0(root) gid=0(root) groups=0(root)",
            "rc": "1" if sudo_fails else "0",
            "requiretty": "/etc/sudoers:Defaults requiretty;" if sudo_fails else "",
        },
    )
    yield "python", "ok", {"v": "Python 3.12.3"}
    yield "proxy", "ok", {"set": ""}
    yield "tls12", "ok", {"rc": "0", "host": _SIGN_IN}
    yield "https", "ok", {"rc": "0", "out": "302 0", "host": _SIGN_IN}
    idle = "AUM023" in wrong
    yield (
        "autoassess",
        "fail" if idle else "ok",
        {
            "unit": "MsftLinuxPatchAutoAssess",
            "timer": "inactive" if idle else "active",
            "service": "disabled" if idle else "enabled",
            "last": "" if idle else "Wed 2026-06-10 06:12:04 UTC",
            "sh": "present",
        },
    )
    closed = "AUM024" in wrong
    bad = repository if closed else ""
    yield (
        "repos",
        "fail" if closed else "ok",
        {"pm": manager, "total": "2", "ok": "1" if closed else "2", "bad": bad, "nodns": "", "proxy": "no"},
    )
    yield "disk", "ok", {"free": "/=41210M /var=41210M /boot=41210M /tmp=41210M ", "noexec": ""}
    restart = _restart_pending(state, machine)
    yield "reboot", "warn" if restart else "ok", {"pending": "yes" if restart else "no"}
    yield "locks", "ok", {"holder": "", "audit": ""}


def _restart_pending(state: DemoEstate, machine: Wire) -> bool:
    assessment = state.assessments.get(key(machine["id"]))
    return bool(assessment and assessment["properties"].get("rebootPending"))


def _windows(state: DemoEstate, machine: Wire, now: datetime) -> Iterator[_Check]:
    wrong = _planted(state, machine)
    properties = machine["properties"]
    version = str(properties.get("instanceView", {}).get("osVersion") or properties.get("osVersion") or "")
    build, _, ubr = version.removeprefix("10.0.").partition(".")
    name = properties.get("instanceView", {}).get("osName") or properties.get("osSku") or "Windows Server"
    yield (
        "os",
        "ok",
        {
            "build": build,
            "ubr": ubr or None,
            "name": name,
            "ed": "ServerDatacenter",
            "ui": "en-US",
            "ps": "5.1.20348.4171",
            "host": machine["name"],
            "at": timestamp(now),
        },
    )
    agents = {"himds": "Running/Auto"} if is_arc(machine) else {"WindowsAzureGuestAgent": "Running/Auto"}
    update = "Stopped/Disabled" if "AUM026" in wrong else "Running/Manual"
    yield "agent", "ok", {**agents, "wuauserv": update, "bits": "Stopped/Manual", "cryptsvc": "Running/Auto"}
    folder = r"Microsoft.CPlat.Core.WindowsPatchExtension\1.5.85"
    yield "extension", "ok", {"dir": folder, "seq": "4", "lastStatus": "4", "orphan": "False"}
    policy: Wire = {}
    if "AUM027" in wrong:
        policy = {"WUServer": "http://wsus01.contoso.com:8530", "WUStatusServer": "", "UseWUServer": "1"}
    if "AUM026" in wrong:
        policy = {"DisableWindowsUpdateAccess": "1"}
    yield "wupolicy", "fail" if policy else "ok", policy
    yield "proxy", "ok", {"winhttp": "", "env": ""}
    yield "tls12", "ok", {"cEn": None, "cDis": None, "sEn": None, "net": None, "ser": None}
    closed = "AUM025" in wrong
    ports = {host: "fail" if closed and host != _SIGN_IN else "open" for host in _WINDOWS_HOSTS}
    yield "https", "fail" if closed else "ok", ports
    yield "disk", "ok", {"freeMB": "58212"}
    restart = _restart_pending(state, machine)
    yield "reboot", "warn" if restart else "ok", {"flags": "CBS,WU" if restart else ""}
    denied = "AUM028" in wrong
    sddl = f"O:SYG:SYD:PAI({'D' if denied else 'A'};OICI;FA;;;SY)(A;OICI;FA;;;BA)"
    yield "sdacl", "fail" if denied else "ok", {"sddl": sddl}
    at = f"{now - timedelta(days=3):%Y-%m-%dT%H:%M}"
    caller = "WindowsOsUpdateExtension" if is_arc(machine) else "Azure VM Guest Patching"
    yield "wuhistory", "ok", {"last": [f"{at}|{caller}|2|0x00000000|KB5065432"]}
    yield "logon", "ok", {"shutdownWithoutLogon": "0", "nla": "1", "nlaPolicy": None}
    yield "events", "ok", {"last": []}


def _logs(state: DemoEstate, machine: Wire, now: datetime) -> dict[str, bytes]:
    """The logs of a machine by their paths, the same at every call."""
    fault = state.guest_faults.get(key(machine["id"]))
    said = [detail["message"] for detail in fault["details"]] if fault else []
    began = now.replace(hour=0, minute=0, second=0, microsecond=0)
    noise = [stable_guid(machine["id"], number) for number in range(400)]
    if os_type_of(machine) == "Windows":
        lines = ["00:00:01 [Info] Patch assessment started", *(f"00:00:02 [Info] {text}" for text in noise)]
        lines += [f"00:00:09 [Error] {text}" for text in said]
        return {rf"{_WINDOWS_LOGS}\WindowsUpdateExtension.log": "\r\n".join(lines).encode()}
    stamp = timestamp(began)
    lines = [f"\n{stamp}> Machine Id: {machine['name']}", *(f"\tVERBOSE: {text}" for text in noise)]
    lines += [f"\n{stamp}> ERROR: {text}" for text in said]
    status = [
        {
            "version": 1.0,
            "timestampUTC": stamp,
            "status": {
                "name": "Azure Patch Management",
                "operation": "Assessment",
                "status": "success",
                "code": 0,
                "formattedMessage": {"lang": "en-US", "message": ""},
                "substatus": [],
            },
        }
    ]
    return {
        f"{_LINUX_FOLDER}/status/3.status": json.dumps(status).encode(),
        f"{_LINUX_LOGS}/3.core.log": "\n".join(lines).encode(),
    }


def _offers(logs: dict[str, bytes]) -> Iterator[Wire]:
    for path, content in logs.items():
        packed = gzip.compress(content, 9, mtime=0)
        digest = hashlib.sha256(content).hexdigest()
        yield {"c": "file", "p": path, "s": len(content), "o": 0, "n": len(content), "z": len(packed), "h": digest}


def _parts(logs: dict[str, bytes], wanted: list[tuple[str, ...]]) -> Iterator[Wire]:
    for number, offset, length, start, count, path in wanted:
        content = logs.get(path, b"")[int(start) : int(start) + int(count)]
        piece = gzip.compress(content, 9, mtime=0)[int(offset) : int(offset) + int(length)]
        yield {"c": "part", "f": int(number), "o": int(offset), "b": base64.b64encode(piece).decode()}
