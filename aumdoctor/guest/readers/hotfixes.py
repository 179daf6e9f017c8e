"""Updates that are installed: Get-HotFix, `wmic qfe`, `systeminfo`, `dism /get-packages`.

They list what component servicing knows; updates that a newer one has replaced are missing from them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from aumdoctor.guest.command_output import Line, Parser, Section, objects
from aumdoctor.guest.text import quoted
from aumdoctor.model.guest import InstalledUpdate, OperatingSystem, Record

_KB = re.compile(r"\bKB\d{6,8}\b", re.IGNORECASE)
_NUMBERED = re.compile(r"\s*(?:\S.{0,60}?[:\uff1a]\s*)?\[\d{1,4}\]\s*[:\uff1a]\s*(KB\d{6,8})\b", re.IGNORECASE)
_PACKAGE = re.compile(
    r"Package_for_(?:(?P<kb>KB\d{6,8})|RollupFix)~[^~\s]{0,40}~[^~\s]{0,20}~[^~\s]{0,20}~(?P<build>\d{4,5})?\.?(?P<ubr>\d{1,5})?"
)
_STATE = re.compile(r"[^:\uff1a|]{2,30}\s[:\uff1a]\s*(\S.{0,40})")
_INSTALLED = ("installed", "インストール済み", "installiert", "installé", "instalado", "已安装", "설치됨")


def _read(section: Section) -> Iterator[Record]:
    seen: set[tuple[str, int]] = set()
    for row in objects(section.lines, "HotFixID"):
        line = row.line("HotFixID")
        kb = _KB.search(row["HotFixID"])
        if kb is not None and (kb[0].upper(), line.number) not in seen:
            seen.add((kb[0].upper(), line.number))
            computer = row["Source"] or row["CSName"] or row["PSComputerName"]
            yield InstalledUpdate(
                origin=section.origin(line),
                text=row.text(),
                kb=kb[0].upper(),
                title=row["Description"],
                computer=computer if re.fullmatch(r"[\w.-]{1,255}", computer) else "",
            )
    for line in section.lines:
        if (numbered := _NUMBERED.match(line.text)) is not None:
            yield InstalledUpdate(origin=section.origin(line), text=quoted(line.text), kb=numbered[1].upper())
    yield from _packages(section)


def _packages(section: Section) -> Iterator[Record]:
    """The packages of dism. That of a cumulative update carries build and revision in its version."""
    newest: tuple[int, int] | None = None
    newest_line: Line | None = None
    for number, line in enumerate(section.lines):
        found = _PACKAGE.search(line.text)
        if found is None or not _is_installed(section, number):
            continue
        if found["kb"]:
            yield InstalledUpdate(origin=section.origin(line), text=quoted(line.text), kb=found["kb"].upper())
        elif found["build"] and found["ubr"]:
            version = (int(found["build"]), int(found["ubr"]))
            if newest is None or version > newest:
                newest, newest_line = version, line
    if newest is not None and newest_line is not None and newest[0] >= 10_000:
        yield OperatingSystem(
            origin=section.origin(newest_line),
            text=quoted(newest_line.text),
            family="windows",
            build=newest[0],
            ubr=newest[1],
        )


def _is_installed(section: Section, number: int) -> bool:
    """Whether dism says so: in the next line of its list, or in the row of its table."""
    line = section.lines[number].text
    if "|" in line:
        return any(part.strip().lower() in _INSTALLED for part in line.split("|"))
    after = _STATE.match(section.lines[number + 1].text) if number + 1 < len(section.lines) else None
    return after is not None and after[1].strip().lower() in _INSTALLED


INSTALLED_UPDATES = Parser(
    name="hotfixes",
    form=re.compile(
        r"(?m)^(?:.{0,300}[ \t])?HotFixID\b|^[ \t]*\[\d{1,4}\][ \t]*[:\uff1a][ \t]*KB\d{6,8}|"
        r"Package_for_(?:KB\d{6,8}|RollupFix)~"
    ),
    commands=re.compile(r"(?i)get-hotfix|wmic\s+qfe|systeminfo"),
    read=_read,
)
