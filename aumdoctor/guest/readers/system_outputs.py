"""What Windows says of itself: `systeminfo`, `ver`, winver, Get-ComputerInfo, Win32_OperatingSystem,
`[Environment]::OSVersion`, `hostname`, the head of a PowerShell transcript.

A build with its revision (20348.2340) is in `ver` and winver; OSVersion has a 0 in place of the revision, which says
nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from aumdoctor.guest.command_output import Line, Parser, Section, objects
from aumdoctor.guest.text import quoted
from aumdoctor.model.guest import OperatingSystem, Record

_VER = re.compile(r"Microsoft Windows \[[^\]\d]{0,20}(\d{1,2}\.\d{1,2})\.(\d{4,5})(?:\.(\d{1,5}))?\]")
_WINVER = re.compile(r"[(\uff08]OS (?:Build|ビルド) (\d{4,5})(?:\.(\d{1,5}))?[)\uff09]", re.IGNORECASE)
_NT = re.compile(r"Microsoft Windows NT (\d{1,2}\.\d{1,2})\.(\d{4,5})")
_SYSTEMINFO = re.compile(
    r"[^:\uff1a]{2,40}[:\uff1a]\s+(\d{1,2}\.\d{1,2})\.(\d{4,5})\s+(?:\S.{0,30}?\s)??(?:Build|ビルド|Version)\s+\2\b"
)
_LABELLED = re.compile(r"[^:\uff1a]{2,40}[:\uff1a]\s+(\S.*)$")
_MACHINE = re.compile(r"[^\s:\uff1a][^:\uff1a]{1,30}[:\uff1a]\s*([\w.-]{1,255})\s+\(Microsoft Windows NT \d")
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,62}(?:\.[A-Za-z0-9-]{1,63}){0,10}")


def _read(section: Section) -> Iterator[Record]:
    for before, line in zip((Line(0, ""), Line(0, ""), *section.lines), (Line(0, ""), *section.lines), strict=False):
        if line.number == 0:
            continue
        if (found := _VER.search(line.text)) is not None:
            yield _system(section, line, found[2], found[3] or "")
        elif (found := _WINVER.search(line.text)) is not None:
            yield _system(section, line, found[1], found[2] or "")
        elif (found := _NT.search(line.text)) is not None:
            machine = _MACHINE.match(line.text)
            yield _system(section, line, found[2], "", computer=machine[1] if machine else "")
        elif (found := _SYSTEMINFO.match(line.text)) is not None:
            name = _LABELLED.match(before.text)
            yield _system(section, line, found[2], "", name[1].strip() if name else "", _host_above(section, line))
    yield from _printed(section)
    yield from _hostname(section)


def _system(section: Section, line: Line, build: str, ubr: str, name: str = "", computer: str = "") -> OperatingSystem:
    return OperatingSystem(
        origin=section.origin(line),
        text=quoted(line.text),
        computer=computer,
        family="windows",
        name=quoted(name),
        build=int(build),
        ubr=int(ubr) if ubr else None,
    )


def _host_above(section: Section, version: Line) -> str:
    """`systeminfo` begins with the name of the machine, two lines above the version."""
    number = next(index for index, line in enumerate(section.lines) if line.number == version.number)
    labelled = _LABELLED.match(section.lines[number - 2].text) if number >= 2 else None
    return labelled[1].strip() if labelled and _HOST.fullmatch(labelled[1].strip()) else ""


def _printed(section: Section) -> Iterator[Record]:
    """Get-ComputerInfo, and Win32_OperatingSystem from PowerShell or wmic."""
    for row in (*objects(section.lines, "OsBuildNumber"), *objects(section.lines, "BuildNumber")):
        build = row["OsBuildNumber"] or (row["BuildNumber"] if "Version" in row or "Caption" in row else "")
        if not (build.isdecimal() and 4 <= len(build) <= 5):
            continue
        line = row.line("OsBuildNumber" if "OsBuildNumber" in row else "BuildNumber")
        computer = row["CsName"] or row["CSName"] or row["PSComputerName"]
        yield OperatingSystem(
            origin=section.origin(line),
            text=row.text(),
            computer=computer if _HOST.fullmatch(computer) else "",
            family="windows",
            name=quoted(row["OsName"] or row["Caption"]),
            build=int(build),
        )


def _hostname(section: Section) -> Iterator[Record]:
    """The name alone: a record without version, which says whose the file is."""
    if not re.fullmatch(r"(?i)hostname(?:\.exe)?|\$env:computername|echo %computername%", section.command.strip()):
        return
    told = [line for line in section.lines if line.text.strip()]
    if told and _HOST.fullmatch(told[0].text.strip()):
        yield OperatingSystem(
            origin=section.origin(told[0]),
            text=quoted(f"{section.command}: {told[0].text}"),
            computer=told[0].text.strip(),
            family="windows",
        )


SYSTEM = Parser(
    name="system",
    form=re.compile(
        r"(?im)^[^\"'\n]{0,80}Microsoft Windows \[[^\]\d\n]{0,20}\d[\d.]{1,20}\][ \t]*$|"
        r"^[^\"'\n]{0,200}Microsoft Windows NT \d[\d.]{1,20}\)?[ \t]*$|"
        r"^[^\"'\n]{0,200}[(\uff08]OS (?:Build|ビルド) \d{4,5}(?:\.\d{1,5})?[)\uff09][ \t]*$|"
        r"^[^:\uff1a\n]{2,40}[:\uff1a][ \t]{1,40}\d{1,2}\.\d{1,2}\.\d{4,5} .{0,30}(?:Build|ビルド|Version)|"
        r"^(?:Os)?BuildNumber[ \t=]|^.{0,200}[ \t]BuildNumber[ \t]"
    ),
    commands=re.compile(r"(?i)^(?:hostname(?:\.exe)?|\$env:computername|echo %computername%)\s*$"),
    read=_read,
)
