"""Events as text: copied from Event Viewer, printed by wevtutil, PowerShell or PsLogList, or pasted by a person.

A person pastes what seemed important: several events in a file, prose around them, a header without a date, a message
without a header. So nothing is asked of the order of labels; an event is what has a provider and an id, or a message
that only one event has (`event_messages.SIGNATURES`) with the values that belong to it.

Times in these texts are the local ones of the machine that printed them, so they are naive unless they have an offset.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from msgspec.structs import replace

from aumdoctor.guest.artefact import Artefact
from aumdoctor.guest.event_labels import LEVEL_WORDS, channel_of, labelled, level_of
from aumdoctor.guest.event_messages import signature_of, told_by
from aumdoctor.guest.event_times import day_first, text_time, without_marks
from aumdoctor.guest.events import (
    LONGEST_MESSAGE,
    MOST_LOGON_FAILURES,
    Newest,
    Seen,
    canonical_provider,
    completed,
    flood,
    level_name,
    provider_key,
    records_of,
)
from aumdoctor.guest.events_xml import seen_in_xml
from aumdoctor.guest.reader import reader
from aumdoctor.guest.readers.event_csv import table_columns
from aumdoctor.guest.text import decode, lines
from aumdoctor.model.guest import Damage, Origin, Record

_MOST_LINES = 400
_LONGEST_LINE = 4_000
_LONGEST_XML = 200_000
_MOST_HEADER_LINES = 60
_SAMPLE = 1 << 20

_STRONG = frozenset({"channel", "provider", "event_id", "type"})
_NUMBERED = re.compile(r"^\s*Event\s?\[\d{1,9}\]\s?:?\s*$", re.IGNORECASE)
_PSLOGLIST = re.compile(r"^\[\d{1,9}\] (\S.{0,120})$")
_PSLOGLIST_TIME = re.compile(r"^\s+Time:\s+(\S.{5,40}?)\s+ID:\s+(\d{1,5})\s*$")
_POWERSHELL = re.compile(r"^([A-Za-z]{2,30}) *: ?(.*)$")
_CONSOLE_LABEL = re.compile(r"^([A-Za-z]{2,30}) +: ")
_TABLE_PROVIDER = re.compile(r"^\s{0,12}ProviderName: (\S.{0,120})$")
_TABLE_HEAD = re.compile(r"^TimeCreated\s+Id\s+LevelDisplayName\s+Message\s*$")
_DATE = r"\d{1,4}[/.\-]\d{1,2}[/.\-]\d{1,4}"
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2})?(?:\.\d{1,7})?(?: ?[AaPp]\.?[Mm]\.?)?"
_LEVEL = "|".join(re.escape(word) for word in sorted(LEVEL_WORDS, key=len, reverse=True))
_TABLE_ROW = re.compile(rf"^\s{{0,4}}({_DATE}) (?:午前 |午後 )?({_CLOCK})\s+(\d{{1,5}})(?:\s+({_LEVEL}))?\s+(\S.*)$")
_LIST_ROW = re.compile(
    rf"^\s{{0,8}}({_DATE}[ T\t]+(?:午前 ?|午後 ?)?{_CLOCK})\s+({_LEVEL})\s+(\S{{1,256}})\s+(\d{{1,5}})\s+(\S.*)$",
    re.IGNORECASE,
)
_COLUMNS = re.compile(r"\t+| {2,}")
_NOBODY = frozenset({"", "n/a", "-", "none", "なし", "該当なし", "n/v", "nicht zutreffend", "暂缺", "不適用"})
# The width at which PsLogList and others cut a computer's name.
_CUT_NAME = 16
_HEAD_LINES = 200


def _is_text(artefact: Artefact) -> bool:
    head = decode(artefact.head)
    start = head.lstrip("\ufeff \t\r\n")[:1]
    if not start or start in "<{" or "\0" in head:
        return False
    if start == "[" and not _PSLOGLIST.match(head.lstrip().split("\n", 1)[0].rstrip()):
        return False
    if table_columns(head) is not None:
        return False
    seen: set[str] = set()
    for raw in head.splitlines()[:_HEAD_LINES]:
        line = without_marks(raw)
        if signature_of(line) or _LIST_ROW.match(line) or _TABLE_HEAD.match(line) or _PSLOGLIST_TIME.match(line):
            return True
        if found := labelled(line):
            field = found[0]
            if field in ("id", "instance_id") and _CONSOLE_LABEL.match(line) and found[1].isdigit():
                field = "event_id"
            seen.add(field)
        if "event_id" in seen and seen & {"provider", "channel"}:
            return True
    return False


@reader(name="event-text", title="events as text", recognises=_is_text)
def event_text(artefact: Artefact) -> Iterator[Record]:
    """The events in a text that are of interest, in the order in which they stand there."""
    with artefact.open() as stream:
        sample = decode(stream.read(_SAMPLE))
    days = day_first(sample)
    logons: Newest[tuple[Seen, Origin]] = Newest(MOST_LOGON_FAILURES)
    found = 0
    for seen, line in _Text(days).events(lines(artefact)):
        found += 1
        origin = Origin(artefact.path, line=line)
        if seen.event_id == 4625:
            logons.add(seen.at.isoformat() if seen.at else "", (seen, origin))
        else:
            yield from records_of(seen, origin)
    for seen, origin in logons.items():
        yield from records_of(seen, origin)
    yield from flood(artefact.path, logons.dropped)
    if not found:
        yield Damage(origin=Origin(artefact.path), why="no event in it is whole: a provider and an id are needed")


class _Block:
    """An event while it is read: its header so far, and its message."""

    def __init__(self, line: int) -> None:
        self.line = line
        self.fields: dict[str, str] = {}
        self.raw: list[str] = []
        self.message: list[str] = []
        self.size = 0
        self.in_message = False
        self.of_console = False
        self.xml: list[str] | None = None
        self.xml_size = 0
        self.beginning: str | None = None

    def set(self, field: str, value: str) -> None:
        self.fields.setdefault(field, value)

    def add(self, line: str) -> None:
        if len(self.message) < _MOST_LINES and self.size < LONGEST_MESSAGE:
            self.message.append(line[:_LONGEST_LINE].rstrip())
            self.size += min(len(line), _LONGEST_LINE) + 1

    @property
    def event_id(self) -> int | None:
        for field in ("event_id", "id", "instance_id"):
            digits = self.fields.get(field, "").split(" ")[0].strip().replace(",", "")
            if digits.isascii() and digits.isdigit() and len(digits) <= 10:
                # What Get-EventLog calls InstanceId has the id in its lower half.
                return int(digits) & 0xFFFF if field == "instance_id" else int(digits)
        return None

    @property
    def is_event(self) -> bool:
        return self.event_id is not None and bool(self.fields.get("provider") or self.fields.get("channel"))

    @property
    def has_message(self) -> bool:
        return any(each.strip() for each in self.message)


class _Text:
    """Reads a text line by line."""

    def __init__(self, days: bool | None) -> None:
        self._days = days
        self._block: _Block | None = None
        # What looks like the header of another event inside a message, until it is one.
        self._tentative: _Block | None = None
        self._provider = ""
        self._in_table = False

    def events(self, numbered: Iterator[tuple[int, str]]) -> Iterator[tuple[Seen, int]]:
        """The events, each with the line at which it begins."""
        for number, raw in numbered:
            yield from self._line(number, without_marks(raw[:_LONGEST_LINE]))
        yield from self._end()

    def _line(self, number: int, line: str) -> Iterator[tuple[Seen, int]]:
        block = self._block
        if block is not None and block.xml is not None:
            self._xml_line(block, line)
            return
        if _NUMBERED.match(line):
            yield from self._end()
            self._block = _Block(number)
        elif started := self._one_line_event(number, line):
            yield from self._end()
            self._block = started
        elif found := _PSLOGLIST.match(line):
            yield from self._end()
            self._block = _Block(number)
            self._block.set("provider", found[1].strip())
        elif block is not None and (found := _PSLOGLIST_TIME.match(line)) and not block.has_message:
            block.set("at", found[1])
            block.set("event_id", found[2])
        elif self._tentative is not None:
            yield from self._tentative_line(number, line)
        elif block is None:
            self._outside(number, line)
        elif not block.in_message:
            yield from self._header_line(number, line)
        else:
            yield from self._message_line(number, line)

    # ---- outside of events

    def _outside(self, number: int, line: str) -> None:
        if found := _TABLE_PROVIDER.match(line):
            self._provider = found[1].strip()
            return
        if _TABLE_HEAD.match(line):
            self._in_table = True
            return
        if signature_of(line):
            self._begin_bare(number, line)
            return
        found_label = _header(line)
        if found_label and found_label[0] not in ("other", "xml", "user", "computer", "user_name"):
            self._block = _Block(number)
            self._take(self._block, found_label, line)

    def _begin_bare(self, number: int, line: str) -> None:
        self._block = _Block(number)
        self._block.in_message = True
        self._block.beginning = line
        self._block.add(line)

    # ---- headers

    def _header_line(self, number: int, line: str) -> Iterator[tuple[Seen, int]]:
        block = self._block
        if block is None:
            return
        if not line.strip():
            return
        if signature_of(line):
            # The label in front of the message is missing, or the header was no header.
            if not block.is_event:
                self._begin_bare(number, line)
            else:
                block.in_message = True
                block.add(line)
            return
        block.raw.append(line)
        found = _header(line)
        if found is None:
            if block.is_event:
                block.in_message = True
                block.add(line)
            elif not block.of_console or len(block.raw) > _MOST_HEADER_LINES:
                self._block = None
            return
        field, value, _ = found
        if (
            field in block.fields
            and field in (*_STRONG, "id", "instance_id", "at", "message")
            and block.fields[field] != value
        ):
            yield from self._end()
            self._block = _Block(number)
            self._take(self._block, found, line)
            return
        self._take(block, found, line)

    def _take(self, block: _Block, found: tuple[str, str, str], line: str) -> None:
        field, value, _ = found
        if _CONSOLE_LABEL.match(line):
            block.of_console = True
        if field == "message":
            block.in_message = True
            block.set("message", "")
            if value:
                block.add(value)
        elif field == "xml":
            self._begin_xml(block, value)
        else:
            block.set(field, value)

    # ---- messages

    def _message_line(self, number: int, line: str) -> Iterator[tuple[Seen, int]]:
        block = self._block
        if block is None:
            return
        found = _header(line)
        if block.of_console and found and _CONSOLE_LABEL.match(line):
            if found[0] != "other" and found[0] in block.fields:
                yield from self._end()
                self._block = block = _Block(number)
            block.in_message = False
            self._take(block, found, line)
            return
        if found and found[0] == "xml":
            self._begin_xml(block, found[1])
            return
        if line.lstrip().startswith("<Event ") and "schemas.microsoft.com" in line:
            self._begin_xml(block, line)
            return
        if found and (found[0] in _STRONG or (found[0] == "at" and _CONSOLE_LABEL.match(line))):
            self._tentative = _Block(number)
            self._tentative.raw.append(line)
            self._take(self._tentative, found, line)
            return
        if block.has_message and signature_of(line):
            yield from self._end()
            self._begin_bare(number, line)
            return
        if not line.strip() and self._is_done(block):
            yield from self._end()
            return
        block.add(line)

    def _is_done(self, block: _Block) -> bool:
        """Whether a message without header is over at an empty line: what follows is prose."""
        if block.beginning is None:
            return block.fields.get("row") == "yes"
        signature = signature_of(block.beginning)
        return signature is None or (signature.event_id not in (4625, 1207))

    def _tentative_line(self, number: int, line: str) -> Iterator[tuple[Seen, int]]:
        tentative, block = self._tentative, self._block
        if tentative is None or block is None:
            return
        found = _header(line)
        if found is not None and (found[0] not in tentative.fields or found[0] == "other"):
            tentative.raw.append(line)
            self._take(tentative, found, line)
            if tentative.is_event or (tentative.event_id is not None and tentative.in_message):
                self._tentative = None
                yield from self._end()
                self._block = tentative
            return
        if not line.strip() and len(tentative.raw) < _MOST_HEADER_LINES:
            tentative.raw.append(line)
            return
        # It was part of the message after all.
        self._tentative = None
        for each in tentative.raw:
            block.add(each)
        yield from self._message_line(number, line)

    # ---- XML behind a message

    def _begin_xml(self, block: _Block, value: str) -> None:
        block.xml = []
        block.xml_size = 0
        if value:
            self._xml_line(block, value)

    def _xml_line(self, block: _Block, line: str) -> None:
        if block.xml is None:
            return
        block.xml.append(line)
        block.xml_size += len(line)
        if "</Event>" in line or block.xml_size > _LONGEST_XML:
            block.fields["whole xml"] = "\n".join(block.xml)
            block.xml = None

    # ---- one line, one event

    def _one_line_event(self, number: int, line: str) -> _Block | None:
        if self._in_table and self._provider and (row := _TABLE_ROW.match(line)):
            return _row(number, f"{line[: row.start(3)]}", row[4] or "", "", row[3], self._provider, row[5])
        found = _LIST_ROW.match(line)
        if found is None:
            return None
        when, level, computer, event_id, rest = found.groups()
        cells = [cell for cell in _COLUMNS.split(rest) if cell]
        provider, message = cells[0], cells[-1] if len(cells) > 1 else ""
        user = cells[-2] if len(cells) > 3 else ""
        if len(cells) == 1:
            provider, _, message = rest.partition(" ")
        if len(computer) == _CUT_NAME and line[found.end(3) : found.start(4)] == " ":
            computer = computer.split(".")[0]
        block = _row(number, when, level, computer, event_id, provider, message)
        block.set("user", user)
        return block

    # ---- the end of an event

    def _end(self) -> Iterator[tuple[Seen, int]]:
        block, self._block = self._block, None
        tentative, self._tentative = self._tentative, None
        if block is None:
            return
        if tentative is not None:
            for each in tentative.raw:
                block.add(each)
        seen = self._seen(block)
        if seen is not None:
            yield seen, block.line
        if tentative is not None and tentative.is_event and (other := self._seen(tentative)) is not None:
            yield other, tentative.line

    def _seen(self, block: _Block) -> Seen | None:
        if block.xml:
            block.fields["whole xml"] = "\n".join(block.xml)
        message = "\n".join(block.message).strip("\n ")
        if (whole := block.fields.get("whole xml")) and (start := whole.find("<Event")) >= 0:
            seen = seen_in_xml(whole[start:])
            if seen is not None:
                # The log's own values are surer than what its text tells.
                return replace(seen, message=seen.message or message)
        event_id, provider = block.event_id, canonical_provider(block.fields.get("provider", ""))
        if event_id is None or not provider:
            return self._bare(block, message, event_id)
        return self._told(block, provider, event_id, message)

    def _bare(self, block: _Block, message: str, event_id: int | None) -> Seen | None:
        """An event whose message alone says which one it is."""
        first = next((each for each in block.message if each.strip()), "")
        signature = signature_of(first)
        if signature is None:
            return None
        identity = signature.event_id
        if identity == 1207 and (event_id == 1206 or not _says_operation(message)):
            identity = 1206
        if event_id is not None and event_id != identity:
            return None
        seen = self._told(block, signature.provider, identity, message)
        data = completed(provider_key(signature.provider), identity, seen.pairs)
        return seen if all(data.get(name) for name in signature.proof) else None

    def _told(self, block: _Block, provider: str, event_id: int, message: str) -> Seen:
        fields = block.fields
        pairs = told_by(provider_key(provider), event_id, message)
        values = dict(pairs)
        computer = fields.get("computer", "").strip()
        if not computer and (provider_key(provider), event_id) == ("user32", 1074):
            computer = values.get("param2", "") if re.fullmatch(r"[\w.-]{1,255}", values.get("param2", "")) else ""
        users = (fields.get(name, "").strip() for name in ("user", "user_name"))
        return Seen(
            provider=provider,
            event_id=event_id,
            channel=channel_of(fields.get("channel", "")),
            computer="" if computer.lower() in _NOBODY else computer,
            level=self._level(fields),
            user=next((user for user in users if user.lower() not in _NOBODY), ""),
            at=self._time(fields),
            pairs=pairs,
            message=message,
        )

    def _level(self, fields: dict[str, str]) -> str:
        for name in ("level", "type"):
            if told := fields.get(name, ""):
                return level_of(told) or level_name(told)
        return ""

    def _time(self, fields: dict[str, str]) -> datetime | None:
        at = text_time(fields.get("at", ""), self._days)
        if at is None and fields.get("at") and fields.get("time"):
            # Windows Server 2003 has a line for the date and one for the time.
            at = text_time(f"{fields['at']} {fields['time']}", self._days)
        return at


def _row(number: int, when: str, level: str, computer: str, event_id: str, provider: str, message: str) -> _Block:
    block = _Block(number)
    for field, value in (
        ("at", when),
        ("level", level),
        ("computer", computer),
        ("event_id", event_id),
        ("provider", provider),
        ("row", "yes"),
    ):
        block.set(field, value)
    block.in_message = True
    block.add(message)
    return block


def _header(line: str) -> tuple[str, str, str] | None:
    """A line of a header, where its label is of those that stand in headers."""
    found = labelled(line)
    if found is None:
        return None
    field, value, label = found
    if field in ("id", "instance_id", "level_number") and not _CONSOLE_LABEL.match(line):
        return None
    if field == "event_id" and not re.match(r"^\s?\d{1,5}\b", value):
        return None
    if field in ("provider", "channel") and (not value or len(value) > 120):
        return None
    return field, value, label


def _says_operation(message: str) -> bool:
    return "operation" in dict(told_by("failoverclustering", 1207, message))
