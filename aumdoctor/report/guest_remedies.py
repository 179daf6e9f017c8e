"""The documentation page of the remedies inside a machine, made from their data and scripts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aumdoctor.remedies.in_guest import GuestRemedy, shared_parts

_NOTE = "<!-- Written by `make docs` from aumdoctor/remedies/scripts. Change it there. -->"
_SYSTEMS = {"linux": "Linux", "windows": "Windows", None: "Linux and Windows"}
_RISKS = {
    "needs-consent": "needs consent",
    "disruptive": "disruptive",
    "grants-privilege": "grants a privilege",
    "costs-money": "costs money",
    "advice": "for a person",
}
_HEAD = """\
What cures a machine often stands inside it, where Azure's control plane has no call for it. These remedies are
reviewed scripts, or steps for a person where no script should decide.

A finding offers them; nothing of them is run unless somebody names one:

```sh
aumdoctor plan --subscription SUB --remedy clear-wsus-pointer -o plan.json
aumdoctor apply plan.json
aumdoctor undo aumdoctor-journal.jsonl
```

Much of what they cure shows only inside (`aumdoctor guest`, `aumdoctor probe`). To run one where no check of
Azure's side has found anything, name the machines as well: `--machine vm-1 --remedy forbid-shutdown-without-logon`.
To do it by hand, run the script on the machine as root or as an administrator; `aumdoctor guest -o json` has each
script whole.

## What a run does

Azure's Run Command runs the script as root or SYSTEM: the action of a VM, a run command of an Arc-enabled server,
which is deleted afterwards. Run Command installs an extension in the machine. For the rights that it takes see
`aumdoctor permissions --remedy NAME`.

A script prints what stood there before, changes only what is named below, and prints what stands there after it has
read it again. Its last line says what became of it; without that line it counts as unknown, whatever Azure says.
Both states are in the journal. It can be run twice: the second time it finds nothing to do. What it finds that it
must not change (a server that answers, a policy that wins, a lock that is held) ends it before anything is changed.

What stood there is kept on the machine, in `/var/lib/aumdoctor` for root alone, or below
`HKLM\\SOFTWARE\\aumdoctor\\Undo` where only administrators write. `aumdoctor undo` runs the script's way back,
which puts that back and leaves alone what somebody has changed since.

Nothing from Azure or from the machine is ever put into the text of a script.

## How they are tested

The scripts for Linux are run in tests, by several shells, against made-up machines: each change, its near misses,
twice in a row, broken off in the middle, and taken back. The scripts for Windows (Windows PowerShell 4.0 to 5.1)
are parsed in tests and were reviewed line by line; **they were never executed by these tests**. Try one on a
machine of your own first. What was looked at: strict mode and stop on errors, so that nothing goes on after a
failure; the 64-bit registry whatever the host is; kinds of values kept with them; nothing changed before what would
forbid it was looked at; services started again whatever happens; no text run as code."""


def page(remedies: Iterable[GuestRemedy]) -> str:
    """The page `docs/guest-remedies.md`."""
    every = tuple(remedies)
    rows = [
        f"| [{each.name}](#{_anchor(each)}) | {_SYSTEMS[each.system]} | {_RISKS[each.risk.value]} | "
        f"{'script' if each.run else 'steps'} | {'yes' if each.undo else 'no' if each.run else ''} |"
        for each in every
    ]
    table = "\n".join(["| remedy | system | risk | how | undo |", "| --- | --- | --- | --- | --- |", *rows])
    shared = [text for name, code in shared_parts().items() for text in (f"### {name}", _code(name, code))]
    parts = [_NOTE, _HEAD, "## All of them", table, *map(_one, every), "## What the scripts share", *shared]
    return "\n\n".join(["# Remedies inside a machine", *parts]) + "\n"


def _title(remedy: GuestRemedy) -> str:
    return f"{remedy.name} ({_SYSTEMS[remedy.system]})"


def _anchor(remedy: GuestRemedy) -> str:
    kept = (letter for letter in _title(remedy).lower() if letter.isalnum() or letter in " -")
    return "".join(kept).replace(" ", "-")


def _one(remedy: GuestRemedy) -> str:
    return "\n\n".join(_parts(remedy))


def _parts(remedy: GuestRemedy) -> Iterator[str]:
    yield f"### {_title(remedy)}"
    yield f"{remedy.title}. {_RISKS[remedy.risk.value].capitalize()}."
    if remedy.where:
        yield f"To be done {remedy.where}."
    if remedy.changes:
        rows = (f"| {each.what} | {each.before} | {each.after} |" for each in remedy.changes)
        yield "\n".join(["| what | before | after |", "| --- | --- | --- |", *rows])
    if remedy.steps:
        yield "\n".join(f"- {step}" for step in remedy.steps)
    yield f"Source: {remedy.source}"
    if remedy.run:
        own = remedy.run
        for name, code in shared_parts().items():
            own = own.replace(code, f"# Here stands {name}: see the end of this page.\n")
        yield _code("x.sh" if remedy.system == "linux" else "x.ps1", own)


def _code(name: str, code: str) -> str:
    return f"```{'sh' if name.endswith('.sh') else 'powershell'}\n{code.strip()}\n```"
