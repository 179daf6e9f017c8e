"""`klist` of Windows: the Kerberos tickets of a logon. `#0>` begins a ticket in every language; the client stands
behind it, the server in the next line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from aumdoctor.guest.command_output import Parser, Section
from aumdoctor.guest.text import quoted
from aumdoctor.model.guest import Record, Ticket

_TICKET = re.compile(r"\s*#\d{1,6}>\s*[^:\uff1a]{1,40}[:\uff1a]\s*(\S.*)")
_LABELLED = re.compile(r"\s*[^:\uff1a]{1,40}[:\uff1a]\s*(\S.*)")


def _read(section: Section) -> Iterator[Record]:
    for line, after in zip(section.lines, section.lines[1:], strict=False):
        client = _TICKET.match(line.text)
        server = _LABELLED.match(after.text) if client else None
        if client and server:
            yield Ticket(
                origin=section.origin(line),
                text=quoted(f"{line.text} {after.text}"),
                client=client[1].strip(),
                server=server[1].strip(),
            )


TICKETS = Parser(
    name="klist",
    form=re.compile(r"(?m)^[ \t]*#\d{1,6}>[ \t]*[^:\uff1a\r\n]{1,40}[:\uff1a][ \t]*\S{1,300}[ \t]{0,4}@"),
    read=_read,
)
