"""Members of local groups: `net localgroup NAME`, Get-LocalGroupMember."""

from __future__ import annotations

import re
from collections.abc import Iterator

from aumdoctor.guest.command_output import Line, Parser, Section, objects
from aumdoctor.guest.text import quoted
from aumdoctor.model.guest import GroupMembers, Record

_NAMED = re.compile(r"(?:Alias name|エイリアス名|Aliasname|Nom alias|Nombre de alias)\s+(\S.{0,255})")
_ASKED = re.compile(r"(?i)\bnet(?:\.exe)?\s+localgroup\s+(?:\"([^\"]{1,255})\"|([^\s\"/]{1,255}))")
_GROUP_OPTION = re.compile(
    r"(?i)get-localgroupmember\s+(?:-(?:group|name)\s+)?(?:\"([^\"]{1,255})\"|'([^']{1,255})'|([^\s\"'|-]\S{0,254}))"
)


def _read(section: Section) -> Iterator[Record]:
    yield from _of_net(section)
    asked = _GROUP_OPTION.search(section.command)
    rows = [row for row in objects(section.lines, "ObjectClass", "Name") if "PrincipalSource" in row or asked]
    if rows:
        group = next((found for found in asked.groups() if found), "") if asked else ""
        line = rows[0].line("Name")
        members = tuple(row["SID"] or row["Name"] for row in rows if row["SID"] or row["Name"])
        yield GroupMembers(
            origin=section.origin(line), text=quoted(f"{group}: {', '.join(members)}"), group=group, members=members
        )


def _of_net(section: Section) -> Iterator[Record]:
    """After a line of dashes one member a line. What stands last says that the command ended, in any language."""
    asked = _ASKED.search(section.command)
    group = (asked[1] or asked[2]) if asked else ""
    ruler: Line | None = None
    members: list[str] = []
    for line in (*section.lines, Line(0, "")):
        text = line.text.strip()
        if (named := _NAMED.match(text)) is not None:
            group = named[1].strip()
        elif group and ruler is None and len(text) >= 40 and not text.strip("-"):
            ruler = line
        elif ruler is not None and text:
            members.append(text)
        elif ruler is not None:
            if members and members[-1].endswith((".", "。")):
                members.pop()
            shown = quoted(f"{group}: {', '.join(members)}")
            yield GroupMembers(origin=section.origin(ruler), text=shown, group=group, members=tuple(members))
            ruler, members, group = None, [], ""


LOCAL_GROUPS = Parser(
    name="local-groups",
    form=re.compile(
        r"(?m)^(?:Alias name|エイリアス名|Aliasname|Nom alias|Nombre de alias)[ \t]{1,40}\S|"
        r"^ObjectClass[ \t]{1,40}(?:Name[ \t]{1,80}PrincipalSource|: )"
    ),
    commands=re.compile(r"(?i)\bnet(?:\.exe)?\s+localgroup\s+\S|get-localgroupmember"),
    read=_read,
)
