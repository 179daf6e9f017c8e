"""Whether something is reached, and whether the clock is right: Test-NetConnection, `w32tm`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from aumdoctor.guest.command_output import Line, Parser, Section, objects
from aumdoctor.guest.text import quoted
from aumdoctor.model.guest import Observation, Record, State

LARGEST_SKEW = 300.0
"""Seconds that two clocks may differ before Kerberos refuses (its default, "Maximum tolerance for computer clock
synchronization")."""

_WIRESERVER = "168.63.129.16"
_UPDATE_HOSTS = (
    "windowsupdate.com",
    "update.microsoft.com",
    "windowsupdate.microsoft.com",
    "delivery.mp.microsoft.com",
)
_WSUS_PORTS = ("8530", "8531")
_SAMPLE = re.compile(r"\d{1,2}:\d{2}:\d{2}\S*,?\s+(?:d:[+-][\d.]{1,20}s\s+o:)?([+-]\d{1,9}[.,]\d{1,12})s\b")
_NTP_OFFSET = re.compile(r"\bNTP:\s*([+-]\d{1,9}[.,]\d{1,12})s\b")
_PHASE_OFFSET = re.compile(
    r"(?:Phase Offset|フェーズ オフセット|位相オフセット)\s*[:\uff1a]\s*([+-]?\d{1,9}[.,]\d{1,12})s\b"
)
_LEAP = re.compile(r"(?:Leap Indicator|閏インジケーター|うるう インジケーター|Sprungindikator)\s*[:\uff1a]\s*(\d)\b")
_TRACKED = re.compile(r"\s([\w.-]{1,255}) \[[\d.:a-fA-F%]{3,60}\]")
_SOURCE = re.compile(r"(?:Source|ソース|Quelle)\s*[:\uff1a]\s*(\S.{0,200})")


def _read(section: Section) -> Iterator[Record]:
    for row in objects(section.lines, "TcpTestSucceeded"):
        succeeded = row["TcpTestSucceeded"].lower()
        host, port = row["ComputerName"] or row["RemoteAddress"], row["RemotePort"]
        yield Observation(
            origin=section.origin(row.line("TcpTestSucceeded")),
            text=row.text(),
            subject=_subject(host, port),
            state={"true": State.OK, "false": State.BAD}.get(succeeded, State.UNKNOWN),
            values={"host": host, "port": port, "server": f"{host}:{port}"},
            tool="Test-NetConnection",
        )
    yield from _clock(section)


def _subject(host: str, port: str) -> str:
    if host == _WIRESERVER:
        return "wireserver"
    if port in _WSUS_PORTS:
        return "wsus"
    return "update-endpoint" if host.lower().endswith(_UPDATE_HOSTS) else "endpoint"


def _clock(section: Section) -> Iterator[Record]:
    """The largest difference that was measured; else whether the clock says itself that it is not synchronised."""
    source = ""
    worst: tuple[float, Line] | None = None
    leap: tuple[int, Line] | None = None
    for line in section.lines:
        offset = _SAMPLE.search(line.text) or _NTP_OFFSET.search(line.text) or _PHASE_OFFSET.search(line.text)
        if offset is not None:
            seconds = float(offset[1].replace(",", "."))
            if worst is None or abs(seconds) > abs(worst[0]):
                worst = (seconds, line)
        elif (indicator := _LEAP.search(line.text)) is not None:
            leap = (int(indicator[1]), line)
        elif (named := _SOURCE.match(line.text.strip()) or _TRACKED.search(line.text)) is not None and not source:
            source = named[1].strip()
    if worst is not None:
        state = State.BAD if abs(worst[0]) > LARGEST_SKEW else State.OK
        yield _clock_seen(section, worst[1], state, {"seconds": f"{worst[0]:.3f}", "source": source})
    elif leap is not None:
        # 3 is "not synchronised"; a clock that is synchronised may still be far from that of the domain.
        state = State.WARNING if leap[0] == 3 else State.UNKNOWN
        yield _clock_seen(section, leap[1], state, {"source": source})


def _clock_seen(section: Section, line: Line, state: State, values: dict[str, str]) -> Observation:
    return Observation(
        origin=section.origin(line), text=quoted(line.text), subject="clock", state=state, values=values, tool="w32tm"
    )


CONNECTIVITY = Parser(
    name="connectivity",
    form=re.compile(
        r"(?m)\bTcpTestSucceeded\b|^\d{1,2}:\d{2}:\d{2}[^\n]{0,30}[+-]\d{1,9}[.,]\d{1,12}s\b|\bNTP: [+-]\d|"
        r"^(?:Leap Indicator|閏インジケーター|うるう インジケーター|Sprungindikator)"
    ),
    commands=re.compile(r"(?i)w32tm"),
    read=_read,
)
