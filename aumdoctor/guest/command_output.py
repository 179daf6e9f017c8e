"""The output of commands as people save it: one command's alone, or a transcript of several with prompts and prose.

A transcript is cut at its prompts into sections. What a section holds is told by its form, and by the command line
where there is one. The printed forms of PowerShell (tables, lists) and of wmic are read here for all.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from aumdoctor.guest.text import quoted
from aumdoctor.model.guest import Origin, Record

LONGEST_LINE = 8192
"""Characters of a line that are looked at. The widest output (`wmic`) has a few hundred."""

LONGEST_SECTION = 20_000
"""Lines of a section; a longer one is read in pieces."""


class Line(NamedTuple):
    """A line of a file with its number from 1."""

    number: int
    text: str


class Section(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What stands between two prompts. `command` is the command line, "" where none is known; `computer` the machine
    where the prompt names it (`[TS01]: PS C:\\>`). `continues` and `continued` mark the pieces of a section that is too
    long to be held."""

    file: str
    lines: Sequence[Line]
    command: str = ""
    computer: str = ""
    continues: bool = False
    continued: bool = False

    def origin(self, line: Line) -> Origin:
        return Origin(file=self.file, line=line.number)


class Parser(msgspec.Struct, frozen=True, kw_only=True):
    """Reads one kind of output. `form` finds it in the text of a section, `commands` knows the command lines whose
    output cannot be told by its form alone. `read` passes over all lines that are not of its kind."""

    name: str
    form: re.Pattern[str]
    read: Callable[[Section], Iterator[Record]]
    commands: re.Pattern[str] | None = None

    def knows(self, text: str, command: str) -> bool:
        if command and self.commands is not None and self.commands.search(command):
            return True
        return self.form.search(text) is not None


_PROMPT = re.compile(
    r"[ \t]*(?:\[(?P<computer>[\w.-]{1,255})\]:[ \t]*)?"
    r"(?:PS(?:[ \t][^>]{0,300})?|[A-Za-z]:(?:\\[^<>|\"*?]{0,300})?)>(?P<command>.*)"
)
_HEADING = re.compile(
    r"[#=*$\-> \t]{0,20}(?P<command>(?i:"
    r"(?:reg(?:\.exe)?[ \t]+query|sc(?:\.exe)?[ \t]+(?:qc|query|queryex)|net(?:\.exe)?[ \t]+localgroup|netsh[ \t]+\w+|"
    r"nltest|setspn|secedit|wmic|dism|w32tm)(?:\.exe)?[ \t]+[^ \t]|"
    r"(?:klist|systeminfo|hostname|ver)[ \t=#*-]*$|"
    r"(?:Get|Test|Measure)-(?:ItemProperty|ItemPropertyValue|Path|Item|HotFix|Service|CimInstance|WmiObject|ComputerInfo|"
    r"LocalGroupMember|ClusterNode|ClusterGroup|ClusterResource|VMReplication|NetConnection|ComputerSecureChannel)\b"
    r"(?![ \t]{0,3}:)|"
    r"\(Get-ItemProperty\b).*)"
)
# The byte order mark of UTF-16 as it looks where the line was taken for Latin-1 or cp932.
_MARKS = "\xff\xfe\uf8f3\uf8f2"
_ANSI = re.compile(r"\x1b\[[0-9;]{0,20}m")


def sections(lines: Iterable[tuple[int, str]], file: str) -> Iterator[Section]:
    """The sections of a file, in their order. Streams: no more than one is held."""
    held: list[Line] = []
    command = computer = ""
    continued = False
    for number, raw in lines:
        line = Line(number, _clean(raw[: 2 * LONGEST_LINE])[:LONGEST_LINE])
        prompt = command_line(line.text)
        if prompt is None and line.text.startswith(">>") and command and not held:
            command += " " + line.text.lstrip("> ")
        elif prompt is None:
            held.append(line)
            if len(held) >= LONGEST_SECTION:
                yield Section(
                    file=file, lines=held, command=command, computer=computer, continues=True, continued=continued
                )
                continued = True
                # What follows belongs to the registry key that was named last.
                held = [each for each in held if each.text.lstrip("[").startswith("HKEY_")][-1:]
        else:
            if command or held:
                yield Section(file=file, lines=held, command=command, computer=computer, continued=continued)
            held, (command, computer), continued = [], prompt, False
    if command or held:
        yield Section(file=file, lines=held, command=command, computer=computer, continued=continued)


def _clean(text: str) -> str:
    """A line without colours, and without the NULs of what PowerShell appended in UTF-16 to a file of another
    encoding."""
    if "\x1b" in text:
        text = _ANSI.sub("", text)
    return text.replace("\0", "").lstrip(_MARKS) if "\0" in text else text


def command_line(text: str) -> tuple[str, str] | None:
    """The command line that a line shows after a prompt or as a heading, and the computer that the prompt names. The
    command is "" after an empty prompt. None where the line shows none."""
    if (prompt := _PROMPT.match(text)) is not None:
        return prompt["command"].strip(), prompt["computer"] or ""
    if (heading := _HEADING.match(text)) is not None:
        return heading["command"].strip(" \t=#*-"), ""
    return None


class Property(NamedTuple):
    """A property in a printed list, or a cell of a table."""

    line: Line
    name: str
    value: str


class Row:
    """The properties of one printed object, by their names without regard to case."""

    def __init__(self, properties: Iterable[Property]) -> None:
        self.properties = tuple(properties)
        self._by_name = {each.name.lower(): each for each in self.properties}

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._by_name

    def __getitem__(self, name: str) -> str:
        """The value of a property, "" where there is none."""
        found = self._by_name.get(name.lower())
        return found.value if found else ""

    def line(self, name: str = "") -> Line:
        """The line of a property, or the first of all."""
        return self._by_name.get(name.lower(), self.properties[0]).line

    def text(self) -> str:
        """The object on one line."""
        if len({each.line.number for each in self.properties}) == 1:
            return quoted(self.properties[0].line.text)
        return quoted(", ".join(f"{each.name}: {each.value}" for each in self.properties if each.value))


def objects(lines: Sequence[Line], *names: str) -> Iterator[Row]:
    """Printed objects that have all properties `names`: rows of tables, lists of `Name : value` (Format-List) and of
    `Name=value` (`wmic … /value`)."""
    for row in (*_tables(lines, names), *_lists(lines)):
        if all(name in row for name in names):
            yield row


def _lists(lines: Iterable[Line]) -> Iterator[Row]:
    """Blocks of properties. A value goes on in the next line where that is indented."""
    held: list[tuple[Line, str, list[str]]] = []
    for line in lines:
        found = _property(line.text)
        if found is not None:
            held.append((line, found[0], [found[1]]))
        elif held and line.text.startswith("  ") and line.text.strip():
            held[-1][2].append(line.text.strip())
        elif held:
            yield _row(held)
            held = []
    if held:
        yield _row(held)


def _property(text: str) -> tuple[str, str] | None:
    if not text or text[0] in " \t":
        return None
    name, mark, value = text.partition(" : ")
    if not mark and text.endswith(" :"):
        name, mark = text[:-2], ":"
    if not mark:
        name, mark, value = text.partition("=")
        if not name.isidentifier():
            return None
    return (name.rstrip(), value.strip()) if mark and 0 < len(name) < 200 else None


def _row(held: list[tuple[Line, str, list[str]]]) -> Row:
    # PowerShell breaks a long value at the width of the window, in the middle of a word where it has to.
    widest = max(len(line.text) for line, _, _ in held)
    return Row(
        Property(line, name, ("" if len(line.text) >= widest else " ").join(parts)[:LONGEST_LINE])
        for line, name, parts in held
    )


def _tables(lines: Sequence[Line], names: Sequence[str]) -> Iterator[Row]:
    """Rows of tables: those with a line of dashes under the header, and those of wmic, which have none."""
    starts: list[int] = []
    header: list[str] = []
    spaced = False
    for before, line in zip((Line(0, ""), *lines), lines, strict=False):
        cells = _cells(line.text)
        if _is_ruler(line.text) and before.text.strip() and not _is_ruler(before.text):
            starts = [match.start() for match in re.finditer(r"-+", cells)]
            header = [each.strip() for each in _split(_cells(before.text), starts)]
            spaced = False
        elif names and _is_wmic_header(line.text, names):
            starts = [match.start() for match in re.finditer(r"[^ ]+", cells)]
            header = cells.split()
            spaced = True
        elif not line.text.strip():
            # wmic ends its lines with two carriage returns, of which editors make empty lines.
            starts = starts if spaced else []
        elif starts and len(line.text) < LONGEST_LINE:
            values = _split(cells, starts)
            yield Row(Property(line, name, value.strip()) for name, value in zip(header, values, strict=True) if name)


def _is_ruler(text: str) -> bool:
    return "--" in text and not text.strip("- \t")


def _is_wmic_header(text: str, names: Sequence[str]) -> bool:
    words = text.split()
    folded = {word.lower() for word in words}
    return (
        all(name.lower() in folded for name in names)
        and all(word.isidentifier() and word[0].isupper() for word in words)
        and text.endswith(" ")
    )


def _cells(text: str) -> str:
    """A character for each cell of the screen: wide ones (Japanese) take two."""
    if text.isascii():
        return text
    return "".join(each + "\0" if unicodedata.east_asian_width(each) in "WF" else each for each in text)


def _split(cells: str, starts: Sequence[int]) -> list[str]:
    ends = [*(_edge(cells, start) for start in starts[1:]), len(cells)]
    begins = [0, *ends[:-1]]
    return [cells[begin:end].replace("\0", "") for begin, end in zip(begins, ends, strict=True)]


def _edge(cells: str, start: int) -> int:
    """Where a column begins in this line. Numbers stand on the right and may reach out to the left of their header."""
    while 0 < start < len(cells) and cells[start - 1] not in " \t" and cells[start] not in " \t":
        start -= 1
    return start
