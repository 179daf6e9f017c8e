"""Outputs of Windows commands in a text file: one alone, or a transcript of many.

Each section between two prompts is shown to all parsers, which take from it what has their form. The machine's name,
once told (`hostname`, `systeminfo`, the prompt of a remote session, the head of a PowerShell transcript), holds for
what follows in the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TypeVar

import msgspec

from aumdoctor.guest.artefact import Artefact
from aumdoctor.guest.command_output import LONGEST_LINE, Parser, Section, command_line, sections
from aumdoctor.guest.reader import reader
from aumdoctor.guest.readers.agent_monitoring import AGENT_MONITORING
from aumdoctor.guest.readers.cluster_outputs import CLUSTER
from aumdoctor.guest.readers.connectivity import CONNECTIVITY
from aumdoctor.guest.readers.hotfixes import INSTALLED_UPDATES
from aumdoctor.guest.readers.klist import TICKETS
from aumdoctor.guest.readers.local_groups import LOCAL_GROUPS
from aumdoctor.guest.readers.netsh import WINHTTP_PROXY
from aumdoctor.guest.readers.nltest import SECURE_CHANNEL
from aumdoctor.guest.readers.reg_query import REGISTRY
from aumdoctor.guest.readers.secedit import SECURITY_POLICY
from aumdoctor.guest.readers.service_query import SERVICES
from aumdoctor.guest.readers.setspn import SERVICE_PRINCIPAL_NAMES
from aumdoctor.guest.readers.system_outputs import SYSTEM
from aumdoctor.guest.text import decode, encoding_of, lines
from aumdoctor.model.guest import OperatingSystem, Origin, Record, RegistryValue, Service

R = TypeVar("R", bound=Record)

PARSERS: tuple[Parser, ...] = (
    SYSTEM,
    REGISTRY,
    SECURITY_POLICY,
    SERVICES,
    WINHTTP_PROXY,
    SECURE_CHANNEL,
    SERVICE_PRINCIPAL_NAMES,
    TICKETS,
    INSTALLED_UPDATES,
    LOCAL_GROUPS,
    CLUSTER,
    CONNECTIVITY,
    AGENT_MONITORING,
)

_CURRENT_VERSION = "hkey_local_machine\\software\\microsoft\\windows nt\\currentversion"


def _recognises(artefact: Artefact) -> bool:
    if b"\0\0\0" in artefact.head.rstrip(b"\0") and not encoding_of(artefact.head):
        return False
    text = decode(artefact.head)
    return _OTHER_FORM.match(text) is None and shows_commands(text)


_OTHER_FORM = re.compile(r"\s*(?:[{<]|\[\s*[{\[\"\]])")
"""How JSON and XML begin: they have readers of their own."""


def shows_commands(text: str) -> bool:
    """Whether a text holds output of a command that is known here, by its form or by the command line."""
    text = text.replace("\r", "").replace("\0", "")
    if any(parser.form.search(text) for parser in PARSERS):
        return True
    commands = (found[0] for line in text.split("\n") if (found := command_line(line[:LONGEST_LINE])) is not None)
    return any(parser.commands is not None and parser.commands.search(each) for each in commands for parser in PARSERS)


@reader(name="command-outputs", title="outputs of Windows commands", recognises=_recognises)
def COMMAND_OUTPUTS(artefact: Artefact) -> Iterator[Record]:  # noqa: N802
    """Records of all outputs in a file."""
    yield from command_records(lines(artefact), artefact.path)


def command_records(numbered_lines: Iterable[tuple[int, str]], file: str) -> Iterator[Record]:
    """Records of all outputs in the lines of a file, in their order.

    Halves of a service (`sc qc` tells the start, `sc query` the state) are put together as they come. The values of
    CurrentVersion also give an OperatingSystem.
    """
    computer = ""
    services: dict[tuple[str, str], Service] = {}
    version: dict[str, RegistryValue] = {}
    for section in sections(numbered_lines, file):
        computer = section.computer or computer
        for record in _records(section):
            computer = record.computer or computer
            if isinstance(record, RegistryValue) and record.key.lower() == _CURRENT_VERSION:
                if record.name.lower() in version and record.name.lower() == "currentbuildnumber":
                    yield from _system(version)
                    version = {}
                version[record.name.lower()] = _of(record, computer)
            elif isinstance(record, Service):
                known = services.get((computer, record.name.lower()))
                record = _put_together(record, known) if known else record
                services[computer, record.name.lower()] = record
            yield _of(record, computer)
    yield from _system(version)


def _records(section: Section) -> list[Record]:
    if not section.lines:
        return []
    text = "\n".join(line.text for line in section.lines)
    found = [record for parser in PARSERS if parser.knows(text, section.command) for record in parser.read(section)]
    return sorted(found, key=lambda record: record.origin.line or 0)


def _of(record: R, computer: str) -> R:
    return msgspec.structs.replace(record, computer=computer) if computer and not record.computer else record


def _put_together(service: Service, known: Service) -> Service:
    if not service.exists:
        return service
    return msgspec.structs.replace(service, state=service.state or known.state, start=service.start or known.start)


def _system(version: dict[str, RegistryValue]) -> Iterator[Record]:
    """The system that the values of CurrentVersion describe; `UBR` is the revision of the build."""
    build = _number(version.get("currentbuildnumber")) or _number(version.get("currentbuild"))
    if build is None:
        return
    ubr, product = _number(version.get("ubr")), version.get("productname")
    first = version.get("currentbuildnumber") or version["currentbuild"]
    shown = version.get("displayversion") or version.get("releaseid")
    yield OperatingSystem(
        origin=Origin(file=first.origin.file, line=first.origin.line),
        text=f"CurrentBuildNumber {build}" + ("" if ubr is None else f", UBR {ubr}"),
        computer=first.computer,
        family="windows",
        name=str(product.value) if product is not None and product.value else "",
        build=build,
        ubr=ubr,
        version=str(shown.value) if shown is not None and shown.value else "",
    )


def _number(value: RegistryValue | None) -> int | None:
    if value is None or not value.exists:
        return None
    text = str(value.value)
    return int(text) if text.isdecimal() and len(text) <= 6 else None
