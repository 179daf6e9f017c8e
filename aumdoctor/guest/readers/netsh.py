"""`netsh winhttp show proxy` (and `show advproxy`): the proxy of services, which Windows Update uses.

Every language has the name WinHTTP in its heading, and below it either two labelled lines or one that says "direct".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from aumdoctor.guest.command_output import Line, Parser, Section
from aumdoctor.guest.text import quoted
from aumdoctor.model.guest import Proxy, Record
from aumdoctor.model.redaction import redact

_HEADING = re.compile(r"[^\r\n{}=]{0,80}WinHTTP[^\r\n{}=]{0,80}[:\uff1a]\s*$")
_LABELLED = re.compile(r"\s+[^:\uff1a]{2,60}?\s*[:\uff1a]\s*(\S.*)$")
_NONE = re.compile(r"(?i)[(<\uff08].{0,30}[)>\uff09]|none")


def _read(section: Section) -> Iterator[Record]:
    lines = section.lines
    for number, line in enumerate(lines):
        if _HEADING.match(line.text) is None:
            continue
        below = list(lines[number + 1 : number + 25])
        first = next((each for each in below if each.text.strip()), None)
        if first is None:
            continue
        if first.text.strip().startswith("{"):
            yield from _advanced(section, first, below)
        elif (proxy := _LABELLED.match(first.text)) is not None:
            after = next((each for each in below[below.index(first) + 1 :] if each.text.strip()), None)
            bypass = _LABELLED.match(after.text) if after else None
            yield _proxy(section, first, proxy[1].strip(), bypass[1].strip() if bypass else "")
        elif first.text[:1] in (" ", "\t"):
            yield _proxy(section, first, "", "")


def _advanced(section: Section, first: Line, below: list[Line]) -> Iterator[Record]:
    """Windows 11 and Server 2025 print JSON: Proxy, ProxyBypass, AutoconfigUrl, AutoDetect."""
    text = "\n".join(each.text for each in below).strip()
    try:
        body = json.loads(text[: text.find("}") + 1])
    except (ValueError, RecursionError):
        return
    if not isinstance(body, dict):
        return
    address = body.get("Proxy") or body.get("AutoconfigUrl") or ""
    yield _proxy(section, first, str(address), str(body.get("ProxyBypass") or ""))


def _proxy(section: Section, line: Line, address: str, bypass: str) -> Proxy:
    address = "" if _NONE.fullmatch(address) else address
    return Proxy(
        origin=section.origin(line),
        text=quoted(line.text),
        where="winhttp",
        address=redact(address)[:400],
        bypass="" if _NONE.fullmatch(bypass) and bypass != "<local>" else redact(bypass)[:1000],
    )


WINHTTP_PROXY = Parser(
    name="netsh-winhttp",
    form=re.compile(r"(?m)^[^\r\n{}=]{0,80}WinHTTP[^\r\n{}=]{0,80}[:\uff1a][ \t]*\r?$"),
    read=_read,
)
