"""`<seq>.core.log` and `<seq>.aa.core.log`: what the core of the Linux patch extension did.

A line begins with a time (`2026-11-21T08:54:52Z> `) or, where the core wrote it for debugging, with a tab and `DEBUG: `
or `VERBOSE: ` and no time: it has that of the line before. Outputs of commands span lines; those of a command that
failed stand on one line. A block of output belongs to the command in its first line (`[Command=…][Code=…][Output=`) and
ends where the next line of the log begins. Source: Azure/LinuxPatchExtension, src/core/src/local_loggers.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec

from aumdoctor.guest.artefact import Artefact
from aumdoctor.guest.envelope import kept, when
from aumdoctor.guest.package_managers import Command, command_of
from aumdoctor.guest.reader import reader
from aumdoctor.guest.readers.paths import extension_of, sequence_of
from aumdoctor.guest.signs import (
    Found,
    Tally,
    Values,
    fetch_failures,
    interesting_lines,
    line_text,
    signs_in,
    value_of,
)
from aumdoctor.guest.text import quoted
from aumdoctor.model.guest import Damage, LogSign, OperatingSystem, Origin, PatchRequest, Record

_NAME = re.compile(r"^\d+\.(?:aa\.)?core\.log(?:\.\d+|\.gz)?$", re.IGNORECASE)
_MARKS = (
    b"MsftLinuxPatchCore.py",
    b"Completed building bootstrap container configuration",
    b"LinuxPatchExtension \t -- ",
)

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z)> ?")
_TIME_IN_BYTES = re.compile(rb"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z)> ?", re.MULTILINE)
_BEGIN = re.compile(rb"^(?:\t(?:DEBUG|VERBOSE): |\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z> )", re.MULTILINE)
_LEVELS = ("DEBUG:", "VERBOSE:", "ERROR:", "WARNING:", "INFO:", "TELEMETRY")

# What stands at the beginning of the lines that this reader needs beside those with signs.
_COMMAND = "[Command="
_SETTINGS = "[ConfigSettings={"
_VERSION = "Version: "
_DISTRIBUTION = "Linux distribution: "
_STARTING = ("Starting patch assessment...", "Starting patch installation...", "Starting configure patching...")
_STOPWATCH = "Stopwatch details: [Message=[Task="
_SUBSTATUS = " substatus. [Substatus="
_ALL_PACKAGES = "Setting package assessment status in bulk. [Count="
_SECURITY_PACKAGES = "Discovered 'security' packages"
_COMPLETED = "Patch assessment completed."
_ALSO = (
    "][Code=", "] [Code=", _SETTINGS, "Build Date: ", "Python version: ", _DISTRIBUTION, *_STARTING, _STOPWATCH,
    *(f"[Substatus={word}]" for word in ("Error", "error", "Success", "success", "Warning", "warning")),
    _ALL_PACKAGES, _SECURITY_PACKAGES, _COMPLETED, "Err:",
)  # fmt: skip

_OWN = (
    "Build Date: ",
    "Python version: ",
    *_STARTING,
    _STOPWATCH,
    _SUBSTATUS,
    _ALL_PACKAGES,
    _SECURITY_PACKAGES,
    _COMPLETED,
)

_INVOKED = re.compile(r"\[Command=(?P<command>[^\n]{0,4000}?)\s*\]\s?\[Code=(?P<code>-?\d{1,6})\]")
_FIELD = re.compile(r"\[(?P<name>[A-Za-z]{3,40})(?:=|: )(?P<value>[^\[\]]{0,200})\]")
_OPERATIONS = {"assessment": "Assessment", "installation": "Installation", "configure patching": "ConfigurePatching"}
_SUBSTATUSES = re.compile(
    r"Setting (?P<operation>assessment|installation|configure patching) substatus\. \[Substatus=(?P<status>\w+)\]"
)
_COUNT = re.compile(r"\[Count=(?P<count>\d{1,9})\]")
_DISTRIBUTION_PARTS = re.compile(r"Linux distribution: [\[(](?P<parts>[^\])]{0,300})")
_DISTRIBUTIONS = (
    ("ubuntu", "ubuntu"), ("debian", "debian"), ("red hat", "rhel"), ("rhel", "rhel"), ("sles", "sles"),
    ("suse", "sles"), ("centos", "centos"), ("alma", "almalinux"), ("rocky", "rocky"), ("oracle", "ol"),
    ("mariner", "mariner"), ("azure linux", "azurelinux"), ("azurelinux", "azurelinux"),
    ("amazon", "amzn"), ("flatcar", "flatcar"),
)  # fmt: skip
_LONGEST_SETTINGS = 1 << 16
_LONGEST_REMEMBERED = 2000


def _recognises(artefact: Artefact) -> bool:
    if _NAME.match(artefact.name):
        return True
    return any(mark in artefact.head for mark in _MARKS) and b"DEBUG: " in artefact.head


@reader(name="core-log", title="log of the Linux patch extension's core", recognises=_recognises)
def core_log(artefact: Artefact) -> Iterator[Record]:
    """The request (`PatchRequest`), the system (`OperatingSystem`), and the signs of the log, with their times in UTC.

    Beside the signs of the table it works out: `apt-fetch-failed`, `yum-fetch-failed` and `zypper-fetch-failed` with
    the command and the exit code of the block in which they stand, `repository-refreshed` for a block that refreshes
    without any of them (of apt only where the output names a repository), `package-manager-failed` by exit code,
    `extension-version`, `operation-started`, `operation-ended`, and `assessment-counted`.
    """
    log = _Log(artefact)
    for number, data in interesting_lines(artefact, _ALSO):
        if number:
            yield from log.line(number, line_text(data))
        else:
            yield from log.pass_over(data)
    yield from log.end()


_MOST_TOLD = 1_000
"""Requests and systems that are remembered, so that each is told once."""


class _Judged(msgspec.Struct, frozen=True):
    """What a line says by itself, whatever stands around it."""

    begins: bool
    command: Command | None
    signs: tuple[Found, ...]
    failures: tuple[Found, ...]
    is_own: bool


def _judge(text: str) -> _Judged:
    invoked = _INVOKED.search(text[:8000]) if _COMMAND in text else None
    return _Judged(
        begins=text.lstrip("\t ").startswith(_LEVELS),
        command=command_of(invoked["command"], int(invoked["code"])) if invoked else None,
        signs=signs_in(text),
        failures=fetch_failures(text),
        is_own=any(mark in text for mark in _OWN),
    )


_judged = lru_cache(maxsize=8192)(_judge)


class _Block:
    """The output of a command, as far as it has been read."""

    def __init__(self, command: Command, line: int, at: datetime | None, text: str) -> None:
        self.command = command
        self.line = line
        self.at = at
        self.text = text
        self.has_failures = False
        # The extension refreshes lists without an entry too, which proves nothing.
        self.names_a_source = command.manager != "apt" or "://" in text.partition("[Output=")[2]


class _Log:
    def __init__(self, artefact: Artefact) -> None:
        self.file = artefact.path
        self.extension = extension_of(artefact)
        self.sequence = sequence_of(artefact)
        self.automatic = ".aa.core" in artefact.name.lower()
        self.tally = Tally(artefact.path)
        self.at: datetime | None = None
        self.stated = ""
        self.block: _Block | None = None
        self.packages: int | None = None
        self.security: int | None = None
        self.told: set[str] = set()

    def pass_over(self, data: bytes) -> Iterator[Record]:
        """Lines in which nothing stands that matters, but that end a block and tell the time."""
        if self.block is not None:
            begins = _BEGIN.search(data)
            self.block.names_a_source |= b"://" in data[: begins.start() if begins else len(data)]
            if begins is not None:
                yield from self._close()
        found = data.rfind(b"Z> ")
        while found >= 0:
            start = data.rfind(b"\n", 0, found) + 1
            match = _TIME_IN_BYTES.match(data[start : found + 3])
            if match is not None:
                self.at = when(match[1].decode()) or self.at
                break
            found = data.rfind(b"Z> ", 0, start)

    def line(self, number: int, text: str) -> Iterator[Record]:
        """A line that may have signs."""
        stated = _TIME.match(text)
        if stated is not None:
            if stated[1] != self.stated:
                self.stated, self.at = stated[1], when(stated[1]) or self.at
            text = text[stated.end() :]
        judged = _judged(text) if len(text) <= _LONGEST_REMEMBERED else _judge(text)
        if self.block is not None and (stated is not None or judged.begins):
            yield from self._close()
        if judged.command is not None:
            yield from self._close()
            self.block = _Block(judged.command, number, self.at, text)
        found = list(judged.signs)
        if judged.failures:
            found.extend(self._in_block(each) for each in judged.failures)
        if judged.is_own:
            found.extend(self._own(text))
        if self.block is not None:
            self.block.names_a_source |= "://" in text
            self.block.has_failures |= "Err:" in text
            found = [self._in_block(each) if each.sign == "apt-index-ignored" else each for each in found]
        if found:
            yield from self.tally.signs(found, line=number, at=self.at, text=text)
        if (_SETTINGS in text or _DISTRIBUTION in text) and text not in self.told:
            # A request is echoed more than once.
            if len(self.told) < _MOST_TOLD:
                self.told.add(text)
            if _SETTINGS in text:
                yield self._request(number, text)
            else:
                yield from self._system(number, text)

    def end(self) -> Iterator[Record]:
        """What is still open at the end of the log."""
        yield from self._close()
        yield from self.tally.rest()

    def _in_block(self, found: Found) -> Found:
        block = self.block
        if block is None:
            return found
        block.has_failures = True
        command = block.command
        known: Values = {"command": command.text, "exit_code": str(command.code)}
        if command.manager:
            known["manager"] = command.manager
        return Found(found.sign, {**found.values, **known})

    def _close(self) -> Iterator[LogSign]:
        block, self.block = self.block, None
        if block is None:
            return
        command = block.command
        values: Values = {"manager": command.manager, "command": command.text, "exit_code": str(command.code)}
        if command.is_expected is False:
            found = Found("package-manager-failed", values)
        elif command.refreshes and command.is_expected and block.names_a_source and not block.has_failures:
            found = Found("repository-refreshed", values)
        else:
            return
        yield from self.tally.signs([found], line=block.line, at=block.at, text=block.text.strip())

    def _own(self, text: str) -> Iterator[Found]:
        """Signs that need more than one text."""
        bare = text.strip()
        if bare.startswith(_VERSION) and "Build Date: " in bare:
            values = {"version": value_of(bare.removeprefix(_VERSION).split(",")[0])}
            yield Found("extension-version", values | ({"extension": self.extension} if self.extension else {}))
        elif bare.startswith("Python version: "):
            yield Found("extension-version", {"python": value_of(bare.removeprefix("Python version: ").split(" ")[0])})
        elif any(mark in bare for mark in _STARTING):
            yield self._started(bare)
        elif _STOPWATCH in bare:
            yield from self._stopwatch(bare)
        elif _SUBSTATUS in bare:
            yield from self._substatus(bare)
        elif _ALL_PACKAGES in bare:
            self.packages = max(self.packages or 0, _counted(bare) or 0)
        elif _SECURITY_PACKAGES in bare:
            self.security = _counted(bare)
        elif _COMPLETED in bare:
            yield from self._counted()

    def _started(self, text: str) -> Found:
        fields = {match["name"]: match["value"] for match in _FIELD.finditer(text[:2000])}
        operation = next((name for word, name in _OPERATIONS.items() if f"Starting {word}" in text), "")
        operation = operation or next((name for word, name in _OPERATIONS.items() if word in text), "")
        values = {
            "operation": operation,
            "machine": fields.get("MachineId", ""),
            "activity": fields.get("ActivityId", ""),
            "start": fields.get("StartTime", ""),
            "window": fields.get("MaintenanceWindowDuration", ""),
            **self._of_sequence(),
        }
        self.packages = self.security = None
        return Found("operation-started", {name: value_of(value) for name, value in values.items() if value})

    def _of_sequence(self) -> Values:
        sequence = {"sequence": str(self.sequence)} if self.sequence is not None else {}
        return {**sequence, "automatic": "yes" if self.automatic else "no"}

    def _stopwatch(self, text: str) -> Iterator[Found]:
        task = text.partition(_STOPWATCH)[2].partition("]")[0]
        if task not in _OPERATIONS.values():
            return
        fields = {match["name"]: match["value"] for match in _FIELD.finditer(text[:4000])}
        status = {"succeeded": "success", "failed": "error"}.get(fields.get("TaskStatus", ""), "")
        values = {
            "operation": task,
            "status": status or fields.get("TaskStatus", "").lower(),
            "error": fields.get("ErrorMsg", ""),
            "installed": fields.get("InstalledPatchCount", ""),
            "window_used_percent": fields.get("MaintenanceWindowUsedPercent", ""),
            "manager": fields.get("PackageManager", ""),
            "seconds": fields.get("TimeTakenInSecs", ""),
            **self._of_sequence(),
        }
        yield Found("operation-ended", {name: value_of(value) for name, value in values.items() if value})

    def _substatus(self, text: str) -> Iterator[Found]:
        match = _SUBSTATUSES.search(text)
        if match is not None and match["status"].lower() != "transitioning":
            values = {"operation": _OPERATIONS[match["operation"]], "status": match["status"].lower()}
            yield Found("operation-ended", values | self._of_sequence())

    def _counted(self) -> Iterator[Found]:
        values = {"packages": self.packages, "security": self.security}
        known = {name: str(count) for name, count in values.items() if count is not None}
        self.packages = self.security = None
        if known:
            yield Found("assessment-counted", known)

    def _request(self, number: int, text: str) -> Record:
        origin = Origin(self.file, line=number)
        settings = python_literal(text.partition("[ConfigSettings=")[2].rstrip().removesuffix("]"))
        if not isinstance(settings, dict):
            return Damage(origin=origin, at=self.at, why="The settings in this line cannot be read.")
        shown = {name: settings.get(name) for name in ("operation", "startTime", "maximumDuration", "rebootSetting")}
        return PatchRequest(
            origin=origin,
            at=self.at,
            text=quoted(f"ConfigSettings={shown}"),
            extension=self.extension,
            sequence=self.sequence,
            settings=settings,
        )

    def _system(self, number: int, text: str) -> Iterator[Record]:
        match = _DISTRIBUTION_PARTS.search(text)
        parts = [part.strip(" '\"") for part in match["parts"].split(",")] if match else []
        parts = [part.removeprefix("u'") for part in parts]
        if not parts or not parts[0]:
            return
        name = parts[0]
        yield OperatingSystem(
            origin=Origin(self.file, line=number),
            at=self.at,
            text=quoted(text),
            family="linux",
            name=value_of(name),
            distribution=distribution_named(name),
            version=value_of(parts[1]) if len(parts) > 1 else "",
        )


def distribution_named(name: str) -> str:
    """The id that os-release has for a distribution (`rhel`), from its name in a log (`Red Hat Enterprise Linux`)."""
    folded = name.lower()
    return next((known for word, known in _DISTRIBUTIONS if word in folded), value_of(folded.split(" ")[0]))


def python_literal(text: str) -> Any:
    """A value as Python prints it, fit to be kept; None where it is none, or too long to be one.

    Settings and status documents stand in the extension's logs in this form, not as JSON.
    """
    if len(text) > _LONGEST_SETTINGS:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return kept(ast.literal_eval(text.strip()))
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            return None


def _counted(text: str) -> int | None:
    match = _COUNT.search(text)
    return int(match["count"]) if match else None
