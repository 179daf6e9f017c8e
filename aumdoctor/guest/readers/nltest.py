"""The secure channel between a machine and its domain: `nltest /sc_verify`, `/sc_query`, Test-ComputerSecureChannel.

The status is a Win32 error number and stands at the end of a line in every language: `… = 1311 0x51f ERROR_…`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from aumdoctor.guest.command_output import Line, Parser, Section
from aumdoctor.guest.text import quoted
from aumdoctor.model.guest import Record, SecureChannel

_STATUS = re.compile(r"=\s*(\d{1,10})\s+0x[0-9a-fA-F]{1,8}\s+[A-Z][A-Za-z_0-9]{2,80}\s*$")
_CONTROLLER = re.compile(r"\\\\([A-Za-z0-9][A-Za-z0-9.-]{0,254})")
_DOMAIN = re.compile(r"(?i)/sc_(?:verify|query|reset):\s*\"?([A-Za-z0-9][\w.-]{0,254})")
_CHANNEL = re.compile(r"(?i)trust|netlogoncontrol|信頼|检查|vertrau|verif|approuv|secure channel")
_OTHER = re.compile(r"(?i)/(?:dsget|dclist|domain_trusts|whowill|server:\S+ /dsget)")
_IN_VERBOSE = re.compile(r"(?i)(?:domain|ドメイン)\s+'?([A-Za-z0-9][\w-]{0,62}(?:\.[\w-]{1,63}){0,10})")


def _read(section: Section) -> Iterator[Record]:
    if "secure" in section.command.lower() or any("Test-ComputerSecureChannel" in each.text for each in section.lines):
        yield from _tested(section)
    if _OTHER.search(section.command):
        return
    domain = _DOMAIN.search(section.command)
    controller = ""
    first: Line | None = None
    status = 0
    for line in section.lines:
        text = line.text.strip()
        found = _STATUS.search(text)
        if found is not None and (domain or _CHANNEL.search(text)):
            number = int(found[1])
            # Of a trusted connection and its verification, the one that failed is the answer.
            if first is None or (status == 0 and number != 0):
                first, status = line, number
        elif first is not None and _is_start(text):
            yield _channel(section, first, domain[1] if domain else "", controller, status)
            first, controller = None, ""
        elif (host := _CONTROLLER.search(text)) is not None and found is None and not controller:
            controller = host[1]
    if first is not None:
        yield _channel(section, first, domain[1] if domain else "", controller, status)


def _is_start(text: str) -> bool:
    return re.match(r"(?i)(?:flags|フラグ|kennzeichen)\s*[:\uff1a]", text) is not None


def _channel(section: Section, line: Line, domain: str, controller: str, status: int) -> SecureChannel:
    return SecureChannel(
        origin=section.origin(line), text=quoted(line.text), domain=domain, controller=controller, status=status
    )


def _tested(section: Section) -> Iterator[Record]:
    """True or False. PowerShell gives no error number: False is told as 1."""
    answer = next((line for line in section.lines if line.text.strip() in ("True", "False")), None)
    if answer is None:
        return
    told = next((found for line in section.lines if (found := _IN_VERBOSE.search(line.text)) is not None), None)
    yield SecureChannel(
        origin=section.origin(answer),
        text=f"Test-ComputerSecureChannel: {answer.text.strip()}",
        domain=told[1] if told else "",
        status=0 if answer.text.strip() == "True" else 1,
    )


SECURE_CHANNEL = Parser(
    name="nltest",
    form=re.compile(
        r"(?m)^.{0,120}=[ \t]*\d{1,10}[ \t]+0x[0-9a-fA-F]{1,8}[ \t]+(?:NERR|ERROR|STATUS|RPC)_\w+|"
        r"Test-ComputerSecureChannel"
    ),
    commands=re.compile(r"(?i)\bnltest(?:\.exe)?\s|test-computersecurechannel"),
    read=_read,
)
