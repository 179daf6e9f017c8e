"""Linux as an operator saves it: outputs of commands, with or without prompts between, files of /etc, and logs.

Three readers: `linux_config` for files whose place tells what they are, `linux_log` for logs of package managers and of
the system, `linux_outputs` for the outputs of commands, alone or several in one text. Where a prompt shows the command,
the lines below belong to it; without one, only what speaks for itself is taken.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime

from aumdoctor.guest.artefact import Artefact
from aumdoctor.guest.envelope import when
from aumdoctor.guest.linux_files import (
    apt_conf,
    environment,
    os_release,
    package_conf,
    repositories,
    sudoers,
    waagent_conf,
)
from aumdoctor.guest.reader import reader
from aumdoctor.guest.readers.core_log import distribution_named
from aumdoctor.guest.signs import Found, Tally, fetch_failures, interesting_lines, line_text, signs_in, value_of
from aumdoctor.guest.text import encoding_of, lines, quoted
from aumdoctor.model.guest import (
    Damage,
    ExtensionHandler,
    Observation,
    OperatingSystem,
    Origin,
    Record,
    Service,
    State,
)

Numbered = Iterator[tuple[int, str]]
FileParser = Callable[[Numbered, str, str], Iterator[Record]]

# --- files of /etc ---------------------------------------------------------------------------------------------------


def _parser_of(path: str) -> FileParser | None:
    """What parses a file, by its place in the file system."""
    path = "/" + path.replace("!", "/").replace("\\", "/").lstrip("/").lower()
    folder, _, name = path.rpartition("/")
    if name == "os-release":
        return os_release
    if path.endswith(("/etc/environment", "/etc/sysconfig/proxy")):
        return environment
    if folder.endswith("/etc/apt/apt.conf.d") or path.endswith("/etc/apt/apt.conf"):
        return apt_conf
    if name in ("yum.conf", "dnf.conf", "tdnf.conf", "zypp.conf", "zypper.conf"):
        return package_conf
    if name == "waagent.conf":
        return waagent_conf
    if (
        name == "sources.list"
        or name.endswith(".sources")
        or (folder.endswith("sources.list.d") and name.endswith(".list"))
    ):
        return repositories
    if name.endswith(".repo"):
        return repositories
    if name == "sudoers" or folder.endswith("/sudoers.d"):
        return sudoers
    if name in ("reboot-required", "reboot-required.pkgs"):
        return _reboot_required
    return None


def _reboot_required(numbered: Numbered, file: str, where: str) -> Iterator[Record]:
    packages = sorted({text.strip() for _, text in numbered if text.strip() and not text.startswith("***")})[:20]
    reason = ", ".join(packages) or "the file is there"
    yield Observation(
        origin=Origin(file, line=1),
        text=quoted(f"{where}: {reason}"),
        subject="pending-reboot",
        state=State.BAD,
        values={"reason": value_of(reason)},
    )


@reader(
    name="linux-config",
    title="configuration file of Linux",
    recognises=lambda artefact: bool(_parser_of(artefact.path)),
)
def linux_config(artefact: Artefact) -> Iterator[Record]:
    """Records of a file of /etc: `OperatingSystem`, `Proxy`, and `Observation`s about repositories, the agent, sudo."""
    parser = _parser_of(artefact.path)
    if parser is not None:
        yield from parser(lines(artefact), artefact.path, artefact.path.rpartition("!")[2])


# --- logs ------------------------------------------------------------------------------------------------------------

_LOG_NAME = re.compile(
    r"^(?:term|history|dpkg|dnf|dnf\.librepo|dnf\.rpm|yum|zypper|syslog|messages|kern|cloud-init|cloud-init-output|"
    r"unattended-upgrades|unattended-upgrades-dpkg|auth|secure)(?:\.log)?(?:[.-]\d+)?(?:\.log)?$|^zypp/history$",
    re.IGNORECASE,
)
_ISO = re.compile(rb"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)")
_APT_TIME = re.compile(rb"(?:Log started|Log ended|Start-Date|End-Date):\s+(\d{4}-\d\d-\d\d)\s+(\d\d:\d\d:\d\d)")
_JOURNAL = re.compile(r"^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d [\w.-]{1,253} [\w.@/-]{1,80}(?:\[\d+\])?: ", re.MULTILINE)


def _is_log(artefact: Artefact) -> bool:
    if _LOG_NAME.match(artefact.name) and not artefact.head.startswith((b"{", b"[", b"<")):
        return True
    head = artefact.head.decode(encoding_of(artefact.head) or "latin-1", "replace")
    return "LinuxPatchAutoAssess" in head and bool(_JOURNAL.search(head))


@reader(name="linux-log", title="log of a package manager or of the system", recognises=_is_log)
def linux_log(artefact: Artefact) -> Iterator[Record]:
    """The signs of a log: of apt, dpkg, dnf, yum, zypper, syslog, or an excerpt of the journal. A time without zone is
    the machine's own; syslog's times without a year are left out."""
    tally = Tally(artefact.path)
    at: datetime | None = None
    for number, data in interesting_lines(artefact):
        if not number:
            at = _last_time(data) or at
            continue
        at = _last_time(data) or at
        text = line_text(data)
        yield from tally.signs([*signs_in(text), *fetch_failures(text)], line=number, at=at, text=text)
    yield from tally.rest()


def _last_time(data: bytes) -> datetime | None:
    """The last time that a line begins with, or that apt writes around its runs."""
    for line in reversed(data[-20_000:].split(b"\n")):
        match = _APT_TIME.match(line)
        if match is not None:
            return when(f"{match[1].decode()}T{match[2].decode()}")
        stated = _ISO.match(line)
        if stated is not None:
            text = stated[1].decode().replace(",", ".")
            if re.search(r"[+-]\d{4}$", text):
                text = f"{text[:-2]}:{text[-2:]}"
            return when(re.sub(r"(\.\d{6})\d+", r"\1", text))
    return None


# --- outputs of commands ---------------------------------------------------------------------------------------------

_WHO = r"(?:\[?[\w.-]{1,64}@[\w.-]{1,253}[^\]$#\n]{0,120}\]?\s?[$#]|[\w.-]{1,64}:[~/][^\s#$]{0,120}\s?[#$]|[$#])"
_COMMANDS = (
    "sudo|timeout|cat|systemctl|df|env|printenv|export|apt|apt-get|yum|dnf|tdnf|zypper|dpkg|rpm|mount|findmnt|python[\\d.]*|"
    "waagent|uname|hostnamectl|lsb_release|needs-restarting|grep|ls|journalctl|id|echo|timedatectl|su|whoami|tail|head"
)
_PROMPT = re.compile(rf"^{_WHO} ?(?P<command>(?:(?:{_COMMANDS})\b[^\n]*)?)$")
_UNIT = re.compile(
    r"^[\u25cf\u25cb\xd7*\s]{0,4}(?P<unit>[\w@.:\\-]{1,120}\.(?:service|timer|socket|target))(?: - .*)?$"
)
_LOADED = re.compile(r"^\s*Loaded: (?P<load>[\w-]+)(?: \([^;)]*(?:; (?P<start>[\w-]+))?)?")
_ACTIVE = re.compile(r"^\s*Active: (?P<state>[\w-]+)(?: \((?P<sub>[^)]+)\))?")
_NOT_FOUND = re.compile(
    r"Unit (?P<unit>\S+\.(?:service|timer)) could not be found|unit file state for (?P<file>\S+?): No such file"
)
_LISTED = re.compile(
    r"^[\u25cf*\s]{0,3}(?P<unit>[\w@.:\\-]{1,120}\.(?:service|timer))\s+(?:(?:loaded|not-found|masked|error)\s+"
    r"(?P<state>active|inactive|failed|activating)\s+\S+|(?P<start>enabled|disabled|masked|static|indirect|generated|alias))\b"
)
_TIMER_ROW = re.compile(r"(?:^|\s)(?P<unit>[\w@.:\\-]{1,120}\.timer)\s+(?:[\w@.:\\-]{1,120}\.service)\s*$")
_SHOWN = re.compile(r"^(?P<name>Id|ActiveState|UnitFileState|LoadState)=(?P<value>\S*)$")
_DF_HEADER = re.compile(
    r"(?P<unit>1024|1K|1M|1G|512)-|\s(?P<human>Size|Tama|Taille|Gr[oö]|\u30b5\u30a4\u30ba|\u5bb9\u91cf)|(?P<inodes>Inodes|IUse|I\u30ce\u30fc\u30c9)"
)
_DF_ROW = re.compile(
    r"(?:^|\s)(?P<size>\d[\d.,]*[KMGTP]?i?B?)\s+(?P<used>\d[\d.,]*[KMGTP]?i?B?)\s+(?P<free>-?\d[\d.,]*[KMGTP]?i?B?)\s+"
    r"(?P<percent>\d{1,3})%\s+(?P<path>/\S*)\s*$"
)
_SIZES = {"": 1 / 1024, "K": 1 / 1024, "M": 1.0, "G": 1024.0, "T": 1024.0**2, "P": 1024.0**3}
_BLOCK_SIZES = {"1024": 1 / 1024, "1K": 1 / 1024, "1M": 1.0, "1G": 1024.0, "512": 1 / 2048}
_MOUNT = re.compile(
    r"(?:^|\s)on (?P<path>/\S*) type \S+ \((?P<options>[^)]{1,400})\)"
    r"|^(?P<target>/\S*)\s+\S+\s+\S+\s+(?P<shown>r[wo],\S*)$"
)
_PYTHON = re.compile(r"^Python (?P<version>\d+\.\d+(?:\.\d+)?)\S*$")
_WAAGENT = re.compile(r"^(?:WALinuxAgent-(?P<daemon>\d[\d.]*) running on|Goal state agent: (?P<agent>\d[\d.]*))")
_LABELLED = re.compile(
    r"^\s*(?P<name>Operating System|Kernel|Description|Release|Distributor ID):\s*(?P<value>[^\n]{1,200})$"
)
_ROOT = re.compile(r"^uid=0\(")
_APT_LINE = re.compile(r"^(?:Hit|Get|Ign|Err):\d+ (?P<url>[a-z+]{3,10}://\S{1,400})")

_MARKS = (
    re.compile(r"^(?:PRETTY_NAME|VERSION_ID|ID_LIKE)=", re.MULTILINE),
    re.compile(r"^\s*Loaded: \w+ ?\(", re.MULTILINE),
    re.compile(r"^\s*Active: (?:active|inactive|failed|activating)", re.MULTILINE),
    re.compile(r"\.(?:timer|service)\s+(?:loaded|enabled|disabled|masked|static)\b"),
    re.compile(r"\S+\.timer\s+\S+\.service\s*$", re.MULTILINE),
    re.compile(r"\d{1,3}% /(?:\s|[a-z]\S*\s|$)"),
    re.compile(r"^uid=\d+\(", re.MULTILINE),
    re.compile(r"^(?:Hit|Get|Ign|Err):\d+ \w+://", re.MULTILINE),
    re.compile(r"^[EW]: ", re.MULTILINE),
    re.compile(r"^(?:https?|HTTPS?|no|NO|ftp|FTP|all|ALL)_(?:proxy|PROXY)=", re.MULTILINE),
    re.compile(r"^sudo: ", re.MULTILINE),
    re.compile(r"^\[sudo\] password for ", re.MULTILINE),
    re.compile(r"^Last metadata expiration check|^Loaded plugins: |Curl error \(\d|curl#\d", re.MULTILINE),
    re.compile(r"^Retrieving repository |^Repository '|^System management is locked", re.MULTILINE),
    re.compile(r" on /\S* type \S+ \((?:rw|ro)[,)]"),
    re.compile(r"^WALinuxAgent-\d|^Goal state agent: \d", re.MULTILINE),
    re.compile(r"^(?:ActiveState|UnitFileState)=", re.MULTILINE),
    re.compile(r"Unit \S+\.(?:service|timer) could not be found"),
    re.compile(r"^\s*(?:Operating System: |Distributor ID:)", re.MULTILINE),
    re.compile(r"^(?:deb|deb-src) (?:\[[^\]]*\] )?\w+://", re.MULTILINE),
)
_PROMPTED = re.compile(rf"^{_WHO} ?(?:sudo|systemctl|apt|cat /|df|yum|dnf|zypper|dpkg)\b", re.MULTILINE)
_WINDOWS = re.compile(
    r"^(?:PS )?[A-Z]:\\[^\n>]{0,200}>|HKEY_LOCAL_MACHINE|Windows IP|\[version\]\s*signature=", re.MULTILINE
)
_MOST_LINES = 500_000


def _recognises(artefact: Artefact) -> bool:
    head = artefact.head.decode(encoding_of(artefact.head) or "utf-8", "replace").replace("\r\n", "\n")
    if _WINDOWS.search(head) or head.lstrip("\ufeff \n").startswith(("{", "[{", "<", "[\n")):
        return False
    return bool(_PROMPTED.search(head)) or any(mark.search(head) for mark in _MARKS)


@reader(name="linux-outputs", title="outputs of Linux commands", recognises=_recognises)
def linux_outputs(artefact: Artefact) -> Iterator[Record]:
    """Records of outputs: `Service` (systemctl), `OperatingSystem`, `Proxy`, `Observation`s (disk space, sudo, noexec,
    Python, repositories, pending restart), `ExtensionHandler` named `GuestAgent`, and signs of package managers."""
    tally = Tally(artefact.path)
    section = _Section(artefact.path, tally, "")
    for number, text in lines(artefact):
        if number > _MOST_LINES:
            yield Damage(origin=Origin(artefact.path, line=number), why="It is too long; the rest was not read.")
            break
        prompt = _PROMPT.match(text[:1000])
        if prompt is not None:
            yield from section.close(ended=True)
            section = _Section(artefact.path, tally, prompt["command"].strip())
        else:
            yield from section.line(number, text)
    yield from section.close(ended=False)
    yield from tally.rest()


class _Section:
    """The output of one command, or of an unknown one."""

    def __init__(self, file: str, tally: Tally, command: str) -> None:
        self.file = file
        self.tally = tally
        self.command = command
        cat = re.search(r"(?:^|\s)cat\s+(?P<path>/[^\s|;&]+)", command)
        self.path = cat["path"] if cat else ""
        self.parser = _parser_of(self.path) if cat else None
        if re.match(r"(?:sudo )?(?:env|printenv|export|set)\b", command):
            self.parser, self.path = environment, "environment"
        asked = re.search(r"systemctl\s+(?:-\S+\s+)*is-(?:active|enabled)\s+(?P<units>[^|;&>]{1,1000})", command)
        self.units = [unit for unit in asked["units"].split() if not unit.startswith("-")] if asked else []
        self.content: list[tuple[int, str]] = []
        self.unit: tuple[int, str, str, str] | None = None
        self.shown: dict[str, str] = {}
        self.block_size: float | None = None
        self.shows_inodes = False
        self.system: dict[str, str] = {}
        self.system_at = 0
        self.refreshed: tuple[int, str] | None = None
        self.errors: list[tuple[int, str, str]] = []
        self.has_failures = False
        self.has_output = False

    def line(self, number: int, text: str) -> Iterator[Record]:
        """A line of the output."""
        if text.strip():
            self.has_output = True
        if self.parser is not None:
            if len(self.content) < 20_000:
                self.content.append((number, text[:4000]))
            return
        yield from self._signs(number, text)
        short = text[:2000]
        yield from self._units(number, short)
        yield from self._disk(number, short)
        yield from self._mount(number, short)
        yield from self._known(number, short)

    def close(self, *, ended: bool) -> Iterator[Record]:
        """The end of one command's output; `ended` where another prompt follows, so that nothing is cut off."""
        if self.parser is not None:
            yield from self.parser(iter(self.content), self.file, self.path)
        yield from self._close_unit()
        yield from self._close_system()
        for number, url, why in self.errors if not self.has_failures else ():
            found = fetch_failures(f"W: Failed to fetch {url}  {why}")
            yield from self.tally.signs(found, line=number, at=None, text=f"Err: {url} {why}")
        if self.refreshed is not None and not self.errors and not self.has_failures:
            refreshed = Found("repository-refreshed", {"manager": "apt"})
            yield from self.tally.signs([refreshed], line=self.refreshed[0], at=None, text=self.refreshed[1])
        if ended and re.search(r"dpkg\s+(?:--audit|-C)\b", self.command):
            state = State.BAD if self.has_output else State.OK
            yield Observation(origin=Origin(self.file), text=quoted(self.command), subject="package-state", state=state)

    def _signs(self, number: int, text: str) -> Iterator[Record]:
        failures = fetch_failures(text)
        self.has_failures |= bool(failures)
        found = [*signs_in(text), *failures]
        yield from self.tally.signs(found, line=number, at=None, text=text)
        if any(
            each.sign.startswith("sudo-") and each.sign not in ("sudo-works", "sudoers-unreadable") for each in found
        ):
            yield self._observation(number, text, "sudo", State.BAD, {"output": value_of(text)})
        match = _APT_LINE.match(text[:1000])
        if match is not None:
            if text.startswith("Err:"):
                if len(self.errors) < 100:
                    self.errors.append((number, match["url"], ""))
            elif self.refreshed is None:
                self.refreshed = (number, text)
        elif self.errors and text.startswith("  ") and number == self.errors[-1][0] + 1:
            self.errors[-1] = (*self.errors[-1][:2], text.strip()[:400])
        elif text.startswith("E: "):
            self.has_failures = True

    def _units(self, number: int, text: str) -> Iterator[Record]:
        missing = _NOT_FOUND.search(text)
        if missing is not None:
            name = missing["unit"] or missing["file"]
            yield self._service(number, text, _unit_name(name), exists=False)
            return
        unit = _UNIT.match(text)
        if unit is not None:
            yield from self._close_unit()
            self.unit = (number, unit["unit"], "", "")
            return
        if self.unit is not None:
            loaded, active = _LOADED.match(text), _ACTIVE.match(text)
            line, name, state, start = self.unit
            if loaded is not None:
                self.unit = (
                    line,
                    name,
                    state,
                    "missing" if loaded["load"] == "not-found" else loaded["start"] or loaded["load"],
                )
            elif active is not None:
                self.unit = (line, name, active["state"], start)
                yield from self._close_unit()
            return
        listed, timer, shown = _LISTED.match(text), _TIMER_ROW.search(text), _SHOWN.match(text.strip())
        if listed is not None:
            yield self._service(number, text, listed["unit"], state=listed["state"] or "", start=listed["start"] or "")
        elif timer is not None:
            # A timer that is listed with the time of its next run is active; without --all no other is listed.
            has_next = bool(re.match(r"\s*(?:\w{3,9} )?\d{4}-\d\d-\d\d ", text))
            yield self._service(number, text, timer["unit"], state="active" if has_next else "")
        elif shown is not None:
            yield from self._show(number, shown["name"], shown["value"])
        elif self.units and text.strip():
            yield from self._answer(number, text.strip())

    def _show(self, number: int, name: str, value: str) -> Iterator[Record]:
        if name in self.shown:
            yield from self._close_unit()
        self.shown[name] = value
        self.shown.setdefault("line", str(number))

    def _answer(self, number: int, answer: str) -> Iterator[Record]:
        """The answer of is-active or is-enabled: a word for each unit, in their order."""
        if not re.fullmatch(r"[a-z-]{2,20}", answer):
            return
        name = _unit_name(self.units.pop(0))
        if answer in ("unknown", "not-found"):
            yield self._service(number, answer, name, exists=answer != "not-found")
        elif "is-active" in self.command:
            yield self._service(number, f"{name}: {answer}", name, state=answer)
        else:
            yield self._service(number, f"{name}: {answer}", name, start=answer)

    def _close_unit(self) -> Iterator[Record]:
        unit, self.unit = self.unit, None
        if unit is not None and (unit[2] or unit[3]):
            line, name, state, start = unit
            text = f"{name}: {state or 'unknown'}, {start or 'unknown'}"
            exists = start != "missing"
            yield self._service(line, text, name, state=state, start=start if exists else "", exists=exists)
        shown, self.shown = self.shown, {}
        name = shown.get("Id") or (re.findall(r"\S+\.(?:service|timer)", self.command) or [""])[0]
        if name and ("ActiveState" in shown or "UnitFileState" in shown):
            yield self._service(
                int(shown["line"]),
                ", ".join(f"{key}={value}" for key, value in shown.items() if key != "line"),
                name,
                state=shown.get("ActiveState", ""),
                start=shown.get("UnitFileState", ""),
                exists=shown.get("LoadState") != "not-found",
            )

    def _service(
        self, number: int, text: str, name: str, *, state: str = "", start: str = "", exists: bool = True
    ) -> Service:
        origin = Origin(self.file, line=number)
        return Service(origin=origin, text=quoted(text), name=name, state=state, start=start, exists=exists)

    def _observation(self, number: int, text: str, subject: str, state: State, values: dict[str, str]) -> Observation:
        origin = Origin(self.file, line=number)
        return Observation(origin=origin, text=quoted(text), subject=subject, state=state, values=values)

    def _disk(self, number: int, text: str) -> Iterator[Record]:
        row = _DF_ROW.search(text)
        if row is None:
            header = _DF_HEADER.search(text)
            if header is not None and "%" in text:
                self.shows_inodes = header["inodes"] is not None
                self.block_size = _BLOCK_SIZES.get(header["unit"] or "")
            return
        path = row["path"]
        if not re.fullmatch(r"/|/(?:var|boot|tmp|usr|opt)(?:/\S*)?", path):
            return
        if self.shows_inodes:
            if int(row["percent"]) >= 100:
                yield self._observation(
                    number, text, "disk-space", State.BAD, {"path": value_of(path), "inodes_free": "0"}
                )
            return
        free = _megabytes(row["free"], self.block_size)
        if free is not None:
            values = {"path": value_of(path), "free_mb": str(int(free))}
            yield self._observation(number, text, "disk-space", _disk_state(path, free), values)

    def _mount(self, number: int, text: str) -> Iterator[Record]:
        match = _MOUNT.search(text)
        if match is None:
            return
        path, options = match["path"] or match["target"], (match["options"] or match["shown"]).split(",")
        if path.rstrip("/") in ("/var", "/var/lib", "/var/lib/waagent") and "noexec" in options:
            yield self._observation(number, text, "noexec", State.BAD, {"path": path})

    def _known(self, number: int, text: str) -> Iterator[Record]:
        stripped = text.strip()
        if _ROOT.match(stripped) and re.search(r"\bsudo\b[^|;]*\bid\b", self.command):
            yield self._observation(number, text, "sudo", State.OK, {"output": value_of(stripped)})
        python = _PYTHON.match(stripped)
        if python is not None and "python" in self.command:
            version = python["version"]
            is_usable = tuple(int(part) for part in version.split(".")[:2]) >= (2, 7)
            yield self._observation(number, text, "python", State.OK if is_usable else State.BAD, {"version": version})
        agent = _WAAGENT.match(stripped)
        if agent is not None:
            origin = Origin(self.file, line=number)
            version = (agent["agent"] or agent["daemon"]).rstrip(".")
            yield ExtensionHandler(origin=origin, text=quoted(text), name="GuestAgent", version=version)
        for parser in (environment, repositories):
            yield from parser(iter([(number, text)]), self.file, "environment" if parser is environment else "")
        match = _LABELLED.match(text) or re.match(r"^(?P<name>[A-Z_]{2,20})=(?P<value>[^\n]{0,200})$", stripped)
        if match is not None and match["name"] in _SYSTEM_LABELS:
            self.system.setdefault(_SYSTEM_LABELS[match["name"]], match["value"].strip().strip("\"'"))
            self.system_at = self.system_at or number

    def _close_system(self) -> Iterator[Record]:
        system, self.system = self.system, {}
        if "name" not in system and "distribution" not in system:
            return
        name = system.get("name", "")
        version = system.get("version", "") or (re.findall(r"\d+(?:\.\d+)*", name) or [""])[0]
        yield OperatingSystem(
            origin=Origin(self.file, line=self.system_at),
            text=quoted(", ".join(f"{key}: {value}" for key, value in system.items())),
            family="linux",
            name=value_of(name),
            distribution=value_of(system.get("distribution", "").lower()) or distribution_named(name),
            version=value_of(version),
            kernel=value_of(system.get("kernel", "").removeprefix("Linux ")),
        )


_SYSTEM_LABELS = {
    "Operating System": "name", "Description": "name", "PRETTY_NAME": "name", "Kernel": "kernel", "Release": "version",
    "VERSION_ID": "version", "Distributor ID": "distribution", "ID": "distribution",
}  # fmt: skip


def _unit_name(name: str) -> str:
    return name if re.search(r"\.(?:service|timer|socket|target)$", name) else f"{name}.service"


def _megabytes(text: str, block: float | None) -> float | None:
    """A size of df in MB; None where neither the column nor the heading tells its unit."""
    match = re.fullmatch(r"-?(?P<number>\d+(?:[.,]\d+)?)(?P<unit>[KMGTP]?)i?B?", text)
    if match is None:
        return None
    number = float(match["number"].replace(",", "."))
    if match["unit"]:
        return number * _SIZES[match["unit"]]
    return 0.0 if number == 0 else number * block if block is not None else None


def _disk_state(path: str, free_mb: float) -> State:
    """The threshold of the probe, and a warning below 2 GB where packages are unpacked: both are aumdoctor's own."""
    if path == "/boot" or path.startswith("/boot/"):  # small by design, and only kernels need room there
        return State.OK if free_mb >= 300 else State.BAD if free_mb < 100 and path == "/boot" else State.WARNING
    if free_mb < 300:
        return State.BAD
    return State.WARNING if free_mb < 2048 and path.startswith(("/var", "/usr")) else State.OK
