"""What is known of a check, code or text, as plain text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import msgspec

from aumdoctor.checks.check import Check, Subject
from aumdoctor.diagnosis.causes import parents_of
from aumdoctor.guest.issue import Issue
from aumdoctor.guest.issues.severities import severity_of
from aumdoctor.knowledge.entry import Entry
from aumdoctor.knowledge.notes import Note, note_named, notes
from aumdoctor.model.facts import READ_PERMISSIONS

SUBJECTS = {
    Subject.MACHINE: "Azure VMs and Arc-enabled servers",
    Subject.AZURE_VM: "Azure VMs",
    Subject.ARC: "Arc-enabled servers",
    Subject.SUBSCRIPTION: "subscriptions",
    Subject.ESTATE: "the estate as a whole",
}


# A check's name or a path is not broken at its hyphens, and nothing in the middle of a word: it may be copied.
fill = partial(textwrap.fill, break_on_hyphens=False, break_long_words=False)


def list_of(checks: Iterable[Check]) -> str:
    """One line per check: id, severity, name."""
    return "".join(f"{check.id}  {check.severity.label:<8}  {check.name}\n" for check in checks)


def checks_as_json(checks: Iterable[Check]) -> str:
    """A JSON array of checks with their metadata and documentation."""
    return msgspec.json.format(msgspec.json.encode([_metadata(check) for check in checks]), indent=2).decode() + "\n"


def _metadata(check: Check) -> dict[str, Any]:
    return {
        "id": check.id,
        "name": check.name,
        "summary": check.summary,
        "severity": check.severity.label,
        "confidence": check.confidence,
        "applies_to": check.applies_to,
        "os": check.os,
        "needs": check.needs,
        "uses": check.uses,
        "blocks": check.blocks,
        "remedies": check.remedies,
        "causes": check.causes,
        "source": check.source,
        "seed": check.seed,
        "since": check.since,
        "documentation": check.documentation,
    }


def of_check(check: Check, checks: Sequence[Check], width: int, *, inside: Issue | None = None) -> str:
    """A check in full: its documentation, its cures, what it explains and is explained by, what it reads, its source.

    `checks` are all checks, for the names of its neighbours; `inside` is the same issue as it shows inside a machine.
    """
    names = {other.id: other.name for other in checks}
    machines = SUBJECTS[check.applies_to] + (f" with {check.os.capitalize()}" if check.os else "")
    blocks = f"; stops {', '.join(check.blocks)}" if check.blocks else ""
    facts = [f"{fact} ({' or '.join(READ_PERMISSIONS[fact])})" for fact in check.needs]
    facts += [f"{fact}, where it can be read" for fact in check.uses]
    parts = [
        f"{check.id} {check.name}",
        fill(f"Severity {check.severity.label}, confidence {check.confidence}; about {machines}{blocks}.", width),
        *_documentation(check.documentation, width),
        *listed("Remedies", [_cure(name) for name in check.remedies], width),
        *listed("Explains", [f"{each} {names[each]}" for each in check.causes if each in names], width),
        *listed("Explained by", [f"{each} {names[each]}" for each in parents_of(checks).get(check.id, ())], width),
        *listed("Reads", facts, width),
        *listed("Inside the machine", _inside(inside) if inside is not None else [], width),
        *listed("Source", [check.source, *([f"Troubleshooting article, {check.seed}"] if check.seed else [])], width),
    ]
    return "\n\n".join(parts) + "\n"


def of_entry(entry: Entry, checks: Iterable[Check], width: int) -> str:
    """A code or text: what it means, what to do, and which of `checks` find it."""
    known = {check.id: check.name for check in checks}
    names = known
    if not known.keys() >= set(entry.checks):
        from aumdoctor.guest.issues.registry import ISSUES

        names = {issue.id: issue.name for issue in ISSUES} | known
    title = f"{entry.code} {entry.name}" if entry.code else entry.name
    told_in = [note for each in entry.checks if each not in known and (note := note_named(each)) is not None]
    noted = {note.id for note in told_in}
    found_by = [f"{each} {names[each]}" for each in entry.checks if each in names and each not in noted]
    parts = [
        f"{title} ({entry.kind})",
        fill(entry.means, width),
        *listed("Also known as", entry.also, width),
        *listed("What to do", entry.advice, width),
        *listed("Found by", found_by, width),
        *listed("See also", [f"{note.id} {note.name}: {note.summary}" for note in told_in], width),
        *listed("Source", [f"{entry.source} (as of {entry.as_of})"], width),
    ]
    return "\n\n".join(parts) + "\n"


def of_issue(issue: Issue, width: int) -> str:
    """A known issue that shows inside a machine only: its documentation and its source."""
    severity = severity_of(issue.id).label
    told = f"Severity {severity}; seen inside a machine, by aumdoctor guest and aumdoctor probe."
    sources = [issue.source, *([f"Article, {issue.seed}"] if issue.seed else [])]
    parts = [
        f"{issue.id} {issue.name}",
        fill(told, width),
        *_documentation(issue.doc, width),
        *listed("Explains", issue.explains, width),
        *listed("Source", sources, width),
    ]
    return "\n\n".join(parts) + "\n"


def _inside(issue: Issue) -> list[str]:
    summary = issue.doc.split("\n\n", 1)[0].replace("`", "")
    return [f"aumdoctor guest and aumdoctor probe: {' '.join(summary.split())}"]


def of_note(note: Note, width: int) -> str:
    """A note in full, and that it is one."""
    parts = [
        f"{note.id} {note.name}",
        fill("A note and no check: nothing that a scan reads tells of it.", width),
        *_documentation(note.documentation, width),
        *listed("Source", [f"{note.source} (as of {notes().as_of})"], width),
    ]
    return "\n\n".join(parts) + "\n"


def note_as_json(note: Note) -> str:
    """A JSON array with one note, in the form in which a check is shown as far as a note has it."""
    told = {
        "id": note.id,
        "name": note.name,
        "summary": note.summary,
        "note": True,
        "source": note.source,
        "documentation": note.documentation,
    }
    return msgspec.json.format(msgspec.json.encode([told]), indent=2).decode() + "\n"


def _cure(name: str) -> str:
    from aumdoctor.remedies.catalogue import BY_NAME  # not for codes: it takes as long as all else together

    kind = BY_NAME[name]
    portal = f"; in the portal: {kind.portal}" if kind.portal else ""
    return f"{kind.name}: {kind.title} ({kind.risk}, {'reversible' if kind.reversible else 'not reversible'}){portal}"


def listed(title: str, lines: Sequence[str], width: int) -> list[str]:
    """A list with its title, or nothing where it is empty."""
    filled = (fill(line, width, initial_indent="  ", subsequent_indent="    ") for line in lines)
    return [f"{title}\n" + "\n".join(filled)] if lines else []


def _documentation(documentation: str, width: int) -> list[str]:
    """The docstring's paragraphs, filled anew; a heading stands above its text, lists and code keep their lines."""
    parts = []
    for block in documentation.replace("`", "").split("\n\n"):
        heading, _, body = block.partition("\n") if block.startswith("## ") else ("", "", block)
        title = heading.removeprefix("## ")
        if any(line.startswith(("- ", "* ", "    ", "|")) for line in body.splitlines()):
            filled = textwrap.indent(body, "  " if title else "")
        else:
            filled = fill(body, width, initial_indent="  " * bool(title), subsequent_indent="  " * bool(title))
        parts.append(f"{title}\n{filled}" if title else filled)
    return parts
