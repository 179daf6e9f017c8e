"""What System Center Operations Manager shows of its Unix/Linux agents, as it is copied from its console or wizard."""

from __future__ import annotations

import re
from collections.abc import Iterator

from aumdoctor.guest.command_output import Parser, Section
from aumdoctor.guest.text import quoted
from aumdoctor.model.guest import LogSign, Record

# The wizard's message begins a line (after its label); prose that tells of it does not.
_501 = r"HTTP[^\n]{0,40}(?<!\d)501(?!\d)"
_HTTP_501 = re.compile(
    rf"^[ \t]*(?:[^:\uff1a\n]{{1,20}}[:\uff1a][ \t]*)?(?:The )?WinRM"
    rf"(?:[^\n]{{0,120}}WS-Management[^\n]{{0,120}}{_501}|[^\n]{{0,120}}{_501}[^\n]{{0,120}}WS-Management)",
    re.IGNORECASE,
)
_HEARTBEAT = re.compile(
    r"^[^\n]{0,80}(?:UNIX/?Linux|Unix)[^\n]{0,20}(?:Heartbeat (?:Monitor|Failure)|ハートビート[ \t]?モニター?)"
    r"[^\n]{0,80}(?:critical|error|failed|重大|エラー|失敗)",
    re.IGNORECASE,
)


def _read(section: Section) -> Iterator[Record]:
    for line in section.lines:
        for sign, pattern in (("winrm-http-501", _HTTP_501), ("unix-heartbeat-failed", _HEARTBEAT)):
            if pattern.match(line.text):
                yield LogSign(origin=section.origin(line), sign=sign, text=quoted(line.text))


AGENT_MONITORING = Parser(
    name="agent-monitoring",
    form=re.compile("|".join(each.pattern for each in (_HTTP_501, _HEARTBEAT)), re.MULTILINE | re.IGNORECASE),
    commands=None,
    read=_read,
)
