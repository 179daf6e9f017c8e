"""`secedit /export`: who holds which user right, and the security options, which are values of the registry."""

from __future__ import annotations

import re
from collections.abc import Iterator

from aumdoctor.guest.command_output import Line, Parser, Section
from aumdoctor.guest.readers.reg_query import long_key
from aumdoctor.guest.text import quoted
from aumdoctor.model.guest import Damage, Record, RegistryValue, UserRight

WANTED_RIGHTS = (
    "SeNetworkLogonRight",
    "SeDenyNetworkLogonRight",
    "SeInteractiveLogonRight",
    "SeDenyInteractiveLogonRight",
    "SeRemoteInteractiveLogonRight",
    "SeDenyRemoteInteractiveLogonRight",
    "SeShutdownPrivilege",
    "SeRemoteShutdownPrivilege",
)
"""Rights that known issues ask for. Where a whole export does not name one of them, nobody holds it."""

_SECTION = re.compile(r"\[([A-Za-z ]{3,40})\]\s*$")
_RIGHT = re.compile(r"(Se[A-Z][A-Za-z]{3,60})\s*=(.*)")
_KINDS = {"1": "REG_SZ", "2": "REG_EXPAND_SZ", "3": "REG_BINARY", "4": "REG_DWORD", "7": "REG_MULTI_SZ"}


def _read(section: Section) -> Iterator[Record]:
    part, header, last = "", None, None
    parts: set[str] = set()
    named: set[str] = set()
    for line in section.lines:
        text = line.text.strip()
        if (begin := _SECTION.match(text)) is not None:
            part = begin[1].lower()
            parts.add(part)
            header = line if part == "privilege rights" else header
        elif part == "privilege rights" and (right := _RIGHT.match(text)) is not None:
            named.add(right[1].lower())
            last = line
            holders = (holder.strip().removeprefix("*") for holder in right[2].split(","))
            yield UserRight(
                origin=section.origin(line),
                text=quoted(text),
                right=right[1],
                holders=tuple(holder for holder in holders if holder),
            )
        elif part == "registry values":
            yield from _registry_value(section, line)
    if header is None:
        return
    # The export writes [Version] after or before the rights: without it, the file was cut off.
    if "version" not in parts:
        yield Damage(
            origin=section.origin(last or header),
            text=quoted((last or header).text),
            why="the export of user rights is cut off: a right that it does not name may have holders",
        )
        return
    for name in WANTED_RIGHTS:
        if name.lower() not in named:
            yield UserRight(
                origin=section.origin(header), text=f"[Privilege Rights] does not name {name}", right=name, holders=()
            )


def _registry_value(section: Section, line: Line) -> Iterator[Record]:
    r"""A security option: `MACHINE\Software\…\ShutdownWithoutLogon=4,0` (kind, value)."""
    path, mark, content = line.text.strip().partition("=")
    kind, comma, value = content.partition(",")
    if not mark or not comma or not path.upper().startswith("MACHINE\\") or kind.strip() not in _KINDS:
        return
    key, _, name = path[len("MACHINE\\") :].rpartition("\\")
    value = value.strip().strip('"')
    number = int(value) if kind.strip() == "4" and value.isdecimal() and len(value) <= 10 else None
    yield RegistryValue(
        origin=section.origin(line),
        text=quoted(line.text),
        key=long_key(f"HKLM\\{key}"),
        name=name,
        kind=_KINDS[kind.strip()],
        value=quoted(value) if number is None else number,
    )


SECURITY_POLICY = Parser(
    name="secedit",
    form=re.compile(r"(?m)^[ \t]*\[(?:Privilege Rights|Registry Values)\][ \t]*\r?$"),
    read=_read,
)
