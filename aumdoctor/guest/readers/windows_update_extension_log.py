r"""Logs of the Windows patch extension and of its wrapper, on Azure and Arc.

`WindowsUpdateExtension.log` and `CommandExecution.log` below
`C:\WindowsAzure\Logs\Plugins\Microsoft.CPlat.Core.WindowsPatchExtension\<version>`; on Arc below
`C:\ProgramData\GuestConfig\extension_logs\…`, with `cmd_execution_<n>_stdout.txt` and `cmd_excution_<n>_stderr.txt`
(spelled so). The form is not documented: lines with a time, a level in brackets, and a text, as operators have
published them. What a line says is found by words, whatever stands around them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from aumdoctor.guest.artefact import Artefact
from aumdoctor.guest.envelope import document
from aumdoctor.guest.reader import reader
from aumdoctor.guest.signs import Found, Tally
from aumdoctor.guest.text import decode, lines, quoted
from aumdoctor.knowledge.hresult import find_hresults, is_failure
from aumdoctor.model.guest import Damage, Origin, PatchRequest, Record

LONGEST_LINE = 65_536
"""Characters of a line that are looked at for a request; signs are sought in the first `_LONGEST_TEXT`."""

_LONGEST_TEXT = 4000

_EXTENSIONS = (
    "microsoft.cplat.core.windowspatchextension",
    "microsoft.softwareupdatemanagement.windowsosupdateextension",
)
_NAMES = re.compile(r"(?i)windowsupdateextension.*\.(?:log|txt)|commandexecution.*\.log|cmd_exe?c?u?tion_.*\.txt")
_OWN_NAME = re.compile(r"(?i)windowsupdateextension.*\.(?:log|txt)")
_LEVELLED = re.compile(
    r"(?im)^[^\n\[{]{0,60}\[[^\n\]]{0,40}\]?[^\n\[]{0,40}\[?(?:info|warn|warning|error|verbose|debug)\w*\]"
)
_WORDS = re.compile(
    r"(?i)WindowsPatchExtension|WindowsOsUpdateExtension|Handler configuration successfully|Windows update API|"
    r"NoAutoUpdate=\[|UpdateManagementAction|Patch (?:install )?operation|PublicSettings="
)


def _recognises(artefact: Artefact) -> bool:
    text = decode(artefact.head).lstrip()
    if text[:1] in ("{", "<") or text[:2] == "[{":
        return False
    if _NAMES.fullmatch(artefact.name):
        path = artefact.path.lower()
        if _OWN_NAME.fullmatch(artefact.name) or any(each in path for each in _EXTENSIONS):
            return b"\0\0\0\0" not in artefact.head
        return _WORDS.search(text) is not None
    return _WORDS.search(text) is not None and _LEVELLED.search(text) is not None


@reader(name="windows-update-extension-log", title="logs of the Windows patch extension", recognises=_recognises)
def WINDOWS_UPDATE_EXTENSION_LOG(artefact: Artefact) -> Iterator[Record]:  # noqa: N802
    """Signs (`knowledge/guest-signs-windows.toml`), and the requests that the log echoes."""
    log = _Log(artefact)
    tally = Tally(artefact.path)
    for number, raw in lines(artefact):
        line = raw[:LONGEST_LINE]
        at = log.time(line)
        yield from log.requests(number, line, at)
        text = line[:_LONGEST_TEXT].strip()
        if _TELLING.search(text):
            yield from tally.signs(log.signs(text), line=number, at=at, text=text)
    yield from tally.rest()


# Most lines are about the plumbing of the extension: they are passed over before anything costly.
_TELLING = re.compile(
    r"(?i)fail|hresult|0x[89a-f]|-2\d{9}|KB\d|operation|count|window|remaining|not enough|reboot|restart|NoAutoUpdate|"
    r"seq|exit|returned|included|exclu|does not match"
)
_HRESULT = re.compile(r"(?i)\bhresult\s*[:=]?\s*[\[(]?([0-9a-f]{8})\b")
_KB = re.compile(r"(?i)\bKB\d{6,8}\b")
_KB_AFTER = re.compile(r"(?i)KBID=\[?(?:KB)?(\d{6,8})\b")
_SETTINGS = re.compile(r"PublicSettings\s{0,4}[=:]\s{0,4}(?=\{)")

_ASSESSMENT_FAILED = re.compile(
    r"(?i)failed to assess|assess\w* (?:operation )?(?:has )?failed|assess\w* .{0,30}with (?:failure|error)"
)
_DOWNLOAD_FAILED = re.compile(r"(?i)download\w*\b.{0,120}\bfail|fail\w*\b.{0,60}\bdownload")
_INSTALL_FAILED = re.compile(r"(?i)\binstall(?:ation|ing|ed)?\b.{0,120}\bfail|fail\w*\b.{0,60}\binstall")
_INSTALLED = re.compile(
    r"(?i)(?:successfully installed|installed successfully|install\w* .{0,80}succeeded|"
    r"PatchInstallationState=\[?Installed)"
)
_REQUIRED = re.compile(r"(?i)required\s?updates?\s?count\s?[=:]\s?\[?(\d{1,6})")
_STARTED = re.compile(
    r"(?i)patch (?:(install\w*|assess\w*) )?operation (?:is |was |has )?(?:been )?(?:successfully )?started"
)
_ENDED = re.compile(
    r"(?i)patch (?:(install\w*|assess\w*) )?operation (?:is |has )?(?:been )?completed with (success|\w+)"
)
_SECONDS = re.compile(r"(?i)DurationInSeconds=\[?(\d{1,7})")
_NOT_SELECTED = re.compile(r"(?i)\bnot included\b|does not match (?:to )?one of|is excluded|in the exclusion")
_WINDOW = re.compile(
    r"(?i)maintenance\s?window.{0,80}(?:exceed|elapsed|expired|is over|insufficient|not enough)|"
    r"(?:exceed\w*|insufficient|not enough|no more).{0,60}maintenance\s?window|not enough time (?:left|remaining)|"
    r"remaining time .{0,40}(?:less than|not enough|insufficient)"
)
_DENIED = re.compile(
    r"(?i)(?:exceeded|required|pending|needed)\s?[=:]\s?\[?(?:false|no)\b|"
    r"\b(?:not|n't) (?:been )?(?:exceeded|required|needed|pending)|no reboot (?:is )?(?:required|needed|pending)"
)
_MINUTES = re.compile(r"(?i)(\d{1,4}(?:\.\d{1,4})?)\s*(?:min\b|minutes?)")
# A service may be restarted too: only what restarts the machine counts.
_RESTART = re.compile(
    r"(?i)restart(?:ing|s|ed)?\s(?:of\s)?(?:the\s|this\s)?(?:machine|computer|system|server|vm)\b|"
    r"(?:machine|computer|system|server|vm)\s(?:restart|needs to be restarted)"
)
_REBOOT_SETTING = re.compile(r"(?i)reboot\s?(?:setting|behaviou?r)\S*")
_REBOOT_SKIPPED = re.compile(
    r"(?i)reboot\w*.{0,80}(?:skipp|not allowed|will not|cannot|suppress|not enough|insufficient|disallow)|"
    r"(?:skip\w*|not allow\w*|not perform\w*|not enough time).{0,60}reboot"
)
_REBOOT_STARTED = re.compile(
    r"(?i)\b(?:initiat|start|trigger|schedul|perform|issu)\w*\s.{0,40}reboot|"
    r"rebooting\b|reboot\w* (?:is |was |has )?(?:been )?(?:initiated|started|triggered|scheduled)|"
    r"RebootStatus\s?[=:]\s?\[?Started"
)
_REBOOT_REQUIRED = re.compile(
    r"(?i)reboot\w*.{0,40}\b(?:required|pending|needed)|(?:requires?|needs) (?:a )?reboot|"
    r"Reboot(?:Required|Pending)\s?[=:]\s?\[?True|RebootStatus\s?[=:]\s?\[?Required"
)
_NO_AUTO_UPDATE = re.compile(r"(?i)NoAutoUpdate\b")
_CHANGE = re.compile(r"(?i)from\s*\[?(\d)\]?\s*(?:to|->|=>|\u2192)\s*\[?(\d)")
_SETTING = re.compile(r"(?i)NoAutoUpdate\b[\"']?\s*(?:[=:]|to|is)?\s*[\"'\[]?(\d)\b")
_SEQUENCE = re.compile(
    r"(?i)\b(?:sequence\s?(?:number|no\.?|num)?|seq\s?(?:no|number))\s*(?:[=:]|is)?\s*['\"\[]?(\d{1,9})\b"
)
_EXIT_CODE = re.compile(r"(?i)\b(?:exit\s?code|returned|ExitCode)\s*(?:[=:]|is|was|of)?\s*['\"\[]?(-?\d{1,10})\b")
_COMMAND = re.compile(r"(?i)\b(enable|disable|install|uninstall|update|reset)\b")


class _Log:
    """What has to be known of the lines before: the date, and what the running operation has found so far."""

    def __init__(self, artefact: Artefact) -> None:
        self._file = artefact.path
        self._extension = next((each for each in _EXTENSIONS if each in artefact.path.lower()), "")
        self._clock = Clock()
        self._required: int | None = None
        self._not_selected = 0
        self._installed = 0
        self._passes_over = False

    def time(self, line: str) -> datetime | None:
        return self._clock.at(line)

    def signs(self, text: str) -> Iterator[Found]:
        yield from _failures(text)
        yield from self._course(text)
        if "PublicSettings" in text:
            return
        yield from _restarts(text)
        if _NO_AUTO_UPDATE.search(text):
            yield _found("windows-auto-update", **_auto_update(text))
        yield from _wrapper(text)

    def requests(self, number: int, line: str, at: datetime | None) -> Iterator[Record]:
        begin = _SETTINGS.search(line)
        if begin is None:
            return
        origin = Origin(file=self._file, line=number)
        try:
            _, end = json.JSONDecoder().raw_decode(line, begin.end())
            settings: Any = document(line[begin.end() : end])
        except (ValueError, RecursionError):
            yield Damage(origin=origin, at=at, text=quoted(line), why="the request in this line is cut off")
            return
        kept = {name: value for name, value in settings.items() if "protected" not in name.lower()}
        text = quoted(json.dumps(kept, ensure_ascii=False))
        yield PatchRequest(origin=origin, at=at, text=text, extension=self._extension, settings=kept)

    def _course(self, text: str) -> Iterator[Found]:
        """The steps of an operation, and whether it had anything to do."""
        if (required := _REQUIRED.search(text)) is not None:
            self._required = int(required[1])
            yield _found("windows-assessment-completed", required=required[1])
        # The updates that are passed over stand in the line itself or in lines of their own below it.
        is_continued = self._passes_over and text.startswith("[KBID")
        self._passes_over = is_continued or _NOT_SELECTED.search(text) is not None
        kb = _kb(text)
        if self._passes_over and kb:
            self._not_selected += 1
            yield _found("windows-update-not-selected", kb=kb)
        elif kb and _INSTALLED.search(text) and not failures_in(text):
            self._installed += 1
            yield _found("windows-update-installed", kb=kb)
        if (started := _STARTED.search(text)) is not None:
            self._required, self._not_selected, self._installed = None, 0, 0
            yield _found("windows-operation-started", operation=_operation(started[1]))
        elif (ended := _ENDED.search(text)) is not None:
            seconds = _SECONDS.search(text)
            operation = _operation(ended[1])
            sign = "windows-operation-succeeded" if ended[2].lower() == "success" else "windows-operation-failed"
            yield _found(sign, operation=operation, seconds=seconds[1] if seconds else "")
            if sign.endswith("succeeded") and operation == "installation" and self._had_nothing_to_do():
                yield _found(
                    "windows-nothing-selected", required=str(self._required), not_selected=str(self._not_selected)
                )
        if _WINDOW.search(text) and not _DENIED.search(text):
            minutes = _MINUTES.search(text)
            yield _found("windows-window-exceeded", minutes_left=minutes[1] if minutes else "")

    def _had_nothing_to_do(self) -> bool:
        return bool(self._required) and not self._installed and self._not_selected >= (self._required or 0)


def _found(sign: str, **values: str) -> Found:
    return Found(sign, {name: value for name, value in values.items() if value})


def _failures(text: str) -> Iterator[Found]:
    codes, kb = failures_in(text), _kb(text)
    for code in codes:
        yield _found("windows-hresult", hresult=code, log="extension", kb=kb)
    first = codes[0] if codes else ""
    if _ASSESSMENT_FAILED.search(text):
        yield _found("windows-assessment-failed", hresult=first)
    elif _DOWNLOAD_FAILED.search(text) and (first or kb):
        yield _found("windows-download-failed", hresult=first, kb=kb)
    elif _INSTALL_FAILED.search(text) and (first or kb):
        yield _found("windows-install-failed", hresult=first, kb=kb)


def _as_reboot(restart: re.Match[str]) -> str:
    return "rebooting" if restart[0].lower().startswith("restarting") else "reboot"


def _restarts(text: str) -> Iterator[Found]:
    text = _REBOOT_SETTING.sub("", _RESTART.sub(_as_reboot, text))
    if "reboot" not in text.lower() or _DENIED.search(text):
        return
    if _REBOOT_SKIPPED.search(text):
        yield _found("windows-reboot-skipped")
    elif _REBOOT_REQUIRED.search(text):
        yield _found("windows-reboot-required")
    elif _REBOOT_STARTED.search(text):
        yield _found("windows-reboot-started")


def failures_in(text: str) -> tuple[str, ...]:
    """The failure codes in a line, canonical, each once: with 0x, as a signed number, or bare behind "HRESULT"."""
    found = dict.fromkeys(code for code in find_hresults(text) if is_failure(code))
    for match in _HRESULT.finditer(text):
        code = f"0x{match[1].upper()}"
        if is_failure(code):
            found[code] = None
    return tuple(found)


def _kb(text: str) -> str:
    found = _KB.search(text)
    if found is not None:
        return found[0].upper()
    after = _KB_AFTER.search(text)
    return f"KB{after[1]}" if after else ""


def _operation(word: str | None) -> str:
    if not word:
        return ""
    return "installation" if word.lower().startswith("install") else "assessment"


def _auto_update(text: str) -> dict[str, str]:
    change, setting = _CHANGE.search(text), _SETTING.search(text)
    kept = re.search(r"(?i)no change|already", text) is not None
    return {
        "no_auto_update": change[2] if change else setting[1] if setting else "",
        "changed": "yes" if change and change[1] != change[2] else "no" if kept else "",
        "by": "group policy" if re.search(r"(?i)group policy|gpo\b", text) else "extension",
    }


def _wrapper(text: str) -> Iterator[Found]:
    command = _COMMAND.search(text)
    word = command[1].lower() if command else ""
    if (sequence := _SEQUENCE.search(text)) is not None:
        yield _found("windows-request-received", sequence=sequence[1], command=word)
    if (exit_code := _EXIT_CODE.search(text)) is not None and int(exit_code[1]) != 0:
        yield _found("windows-command-failed", exit_code=exit_code[1], command=word)


class Clock:
    """The times of a log's lines. A line without a time has that of the line before; one with only a time of the day
    has the date of the line before, or the next where it is earlier; without any date there is no time."""

    _FULL = re.compile(
        r"(\d{4})[-/](\d{2})[-/](\d{2})[T \t]+(\d{1,2}:\d{2}:\d{2})(?:[.,](\d{1,7}))?\s?(Z\b|UTC\b|[+-]\d{2}:?\d{2}\b)?"
    )
    _OF_DAY = re.compile(r"(\d{2}):(\d{2}):(\d{2})(?:[.,]\d{1,7})?Z?(?=[ \t\[\]])")

    def __init__(self) -> None:
        self._now: datetime | None = None

    def at(self, line: str) -> datetime | None:
        head = line[:64].lstrip(" [(\t")
        if (full := self._FULL.match(head)) is not None:
            self._now = _full_time(full) or self._now
        elif self._now is not None and (of_day := self._OF_DAY.match(head)) is not None:
            self._now = self._same_day(int(of_day[1]), int(of_day[2]), int(of_day[3]))
        return self._now

    def _same_day(self, hour: int, minute: int, second: int) -> datetime | None:
        if self._now is None or hour > 23 or minute > 59 or second > 59:
            return self._now
        found = self._now.replace(hour=hour, minute=minute, second=second, microsecond=0)
        # A little earlier is another thread, much earlier is the next day.
        if self._now - found <= timedelta(hours=1):
            return found
        return found + timedelta(days=1) if found.year < 9999 else found


def _full_time(found: re.Match[str]) -> datetime | None:
    zone = (found[6] or "").replace("UTC", "Z")
    if len(zone) == 5:
        zone = f"{zone[:3]}:{zone[3:]}"
    fraction = f".{found[5][:6]:0<6}" if found[5] else ""
    try:
        return datetime.fromisoformat(f"{found[1]}-{found[2]}-{found[3]}T{found[4]:0>8}{fraction}{zone}")
    except ValueError:
        return None
