"""`setspn -L`, `-Q` and `-X`: names of services that are registered for accounts in Active Directory.

The texts are translated, distinguished names and the form are not: an account stands in a heading or at the margin with
its names indented below; in the search for duplicates it is the other way round.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from aumdoctor.guest.command_output import Line, Parser, Section
from aumdoctor.guest.text import quoted
from aumdoctor.model.guest import Record, ServicePrincipalNames

_ACCOUNT_START = re.compile(r"(?i)\b(?:CN|OU)=")
_DOMAIN_PART = re.compile(r"[^,:\uff1a\s]{1,100}")
_NAME = re.compile(r"[^\s/,=:][^/,=]{0,80}/[^\s/]\S{0,300}")
_DUPLICATES = re.compile(r"(?i)(\d{1,9})\D{0,60}(?:duplicate|重複)|(?:duplicate|重複)\D{0,60}?(\d{1,9})")


def _read(section: Section) -> Iterator[Record]:
    heading: Line | None = None
    account = ""
    names: list[str] = []
    doubled: dict[str, int] = {}
    candidate: Line | None = None
    for line in section.lines:
        text = line.text.strip()
        found = _account(text)
        is_name = not found and _NAME.fullmatch(text) is not None
        indented = line.text[:1] in (" ", "\t")
        if found and (text.endswith((":", "\uff1a")) or (not indented and text == found)):
            if heading is not None:
                yield _of(section, heading, account, names)
            heading, account, names, candidate = line, found, [], None
        elif found and indented and candidate is not None:
            doubled[_spn(candidate.text)] = candidate.number
        elif is_name and heading is not None:
            names.append(text)
        elif text and not indented and not found and _spn(text):
            candidate = line
            if heading is not None:
                yield _of(section, heading, account, names)
                heading = None
        elif (text or names) and heading is not None:
            yield _of(section, heading, account, names)
            heading = None
        if _count(text) is not None:
            yield _duplicates(section, line, tuple(doubled))
            doubled = {}
    if heading is not None:
        yield _of(section, heading, account, names)
    if doubled:
        yield _duplicates(section, Line(min(doubled.values()), ", ".join(doubled)), tuple(doubled))


def _account(text: str) -> str:
    """The distinguished name in a line: from its first part to its last DC=."""
    begin = _ACCOUNT_START.search(text)
    last = text.upper().rfind(",DC=")
    if begin is None or last < begin.start():
        return ""
    end = _DOMAIN_PART.match(text, last + 4)
    return text[begin.start() : end.end()] if end else ""


def _spn(text: str) -> str:
    """The name at the start of a line that says that it is registered more than once."""
    head = text.strip().split(" is registered")[0].split(" は")[0].split(" が")[0]
    head = head if _NAME.fullmatch(head) else head.split(" ")[0]
    return head if _NAME.fullmatch(head) else ""


def _count(text: str) -> int | None:
    if "SPN" not in text:
        return None
    found = _DUPLICATES.search(text)
    return int(found[1] or found[2]) if found else None


def _of(section: Section, heading: Line, account: str, names: list[str]) -> ServicePrincipalNames:
    return ServicePrincipalNames(
        origin=section.origin(heading), text=quoted(heading.text), account=account, names=tuple(names)
    )


def _duplicates(section: Section, line: Line, names: tuple[str, ...]) -> ServicePrincipalNames:
    return ServicePrincipalNames(origin=section.origin(line), text=quoted(line.text), names=names, duplicates=True)


SERVICE_PRINCIPAL_NAMES = Parser(
    name="setspn",
    form=re.compile(
        r"(?m)^(?=.{0,2000}ServicePrincipalName).{0,2000}?DC=|duplicate SPN|SPN.{0,20}重複|重複.{0,20}SPN|"
        r"(?:Existing|No such) SPN found"
    ),
    commands=re.compile(r"(?i)\bsetspn(?:\.exe)?\s"),
    read=_read,
)
