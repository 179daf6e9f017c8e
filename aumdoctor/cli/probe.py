"""`aumdoctor probe`: ask running machines, by a script that only reads."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import msgspec
import typer

from aumdoctor.cli import options
from aumdoctor.cli.naming import the_machine
from aumdoctor.cli.reach import Reach, reads_azure
from aumdoctor.cli.streams import err
from aumdoctor.errors import UsageError
from aumdoctor.model import ids
from aumdoctor.model.guest import Case, Host, Record, Source
from aumdoctor.report.text import count, printable

if TYPE_CHECKING:
    from aumdoctor.azure.connection import ConnectionOptions
    from aumdoctor.azure.run_command import Command, Form, Ran
    from aumdoctor.diagnosis.examine import Examination
    from aumdoctor.guest.fetching import Offer
    from aumdoctor.guest.scripts import Part
    from aumdoctor.model.machine import Machine

_NAMED = 5
"""How many machines a question names."""

R = TypeVar("R", bound=Record)


@reads_azure(without=("from_", "max_age"))
def probe(
    machines: Annotated[
        list[str] | None, typer.Argument(metavar="MACHINE...", help="Full resource ids, or names.")
    ] = None,
    all_with: Annotated[
        list[str] | None,
        typer.Option("--all-with", metavar="CHECK", help="All machines with this finding; may be repeated."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Go ahead without asking.")] = False,
    managed: Annotated[
        bool, typer.Option("--managed", help="As a run command resource, which is deleted afterwards (Arc: always).")
    ] = False,
    parallel: Annotated[
        int, typer.Option("--parallel", metavar="N", min=1, max=64, help="Machines asked at once.")
    ] = 8,
    save: Annotated[
        Path | None, typer.Option("--save", metavar="DIR", help="Keep the answers there, without secrets.")
    ] = None,
    collect: Annotated[
        Path | None, typer.Option("--collect", metavar="DIR", help="Fetch the logs of updating, too, into this folder.")
    ] = None,
    journal: options.Journal = None,
    output: options.Output = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show all evidence, every differential, the scripts and the files.")
    ] = False,
    *,
    reach: Reach,
) -> None:
    """Ask running machines themselves, by a script that only reads, and judge the answers with what Azure shows.

    Azure's Run Command installs an extension in the machine and runs the script as root or SYSTEM: it is asked about
    first, and recorded in a journal. Ends with 0: nothing that was read shows a known issue; 1: one is confirmed or
    likely, or Azure shows one; 2: wrong usage; 3: a machine did not answer, or something cannot be decided; 130:
    interrupted.
    """
    from aumdoctor.cli import outputs
    from aumdoctor.diagnosis.guest import diagnose
    from aumdoctor.guest import collecting  # noqa: F401 - what is missing to judge is found before anything is asked
    from aumdoctor.guest.issues.registry import ISSUES
    from aumdoctor.guest.judging import judge
    from aumdoctor.report import guest_table, json
    from aumdoctor.report.guest import guests_of
    from aumdoctor.store.journal import DEFAULT_NAME

    destinations = outputs.parse(output or ["table"])
    wanted, findings = tuple(machines or ()), tuple(all_with or ())
    if not wanted and not findings:
        raise UsageError("it was not said which machines to ask", advice="name some, or give --all-with CHECK")
    for folder in (save, collect):
        _require_folder(folder)
    examination = _examined(reach, wanted, findings)
    chosen = _chosen(examination, wanted, findings)
    if not chosen:
        reach.note(f"no machine is known to have {', '.join(findings)}: nothing was asked")
        raise typer.Exit(_code_of_none(examination, findings))
    names = _names(chosen)
    unfit = {machine.id: why for machine in chosen if (why := _why_not(machine)) is not None}
    asked = [machine for machine in chosen if machine.id not in unfit]
    _agree(asked, unfit, managed=managed, collects=collect is not None, yes=yes)
    with tempfile.TemporaryDirectory(prefix="aumdoctor-") as scratch, _connection(reach) as connection:
        session = _Session(
            reach, connection, names, journal or Path(DEFAULT_NAME), parallel, managed, save or Path(scratch)
        )
        answered = session.ask(asked)
        paths = [f"{names[machine]}={path}" for machine, path in session.saved.items()]
        if collect is not None:
            paths += session.collect([machine for machine in asked if machine.id in answered], collect, yes=yes)
        case = _case(paths, Path(scratch).as_posix())
    verdicts = judge(case)
    silent = {names[machine]: why for machine, why in (unfit | session.problems).items()}
    case = _with_silent(case, silent)
    diagnoses = diagnose(case, verdicts, examination, {names[machine.id]: machine for machine in chosen})
    report = guests_of(diagnoses, case.sources, ISSUES, generated_at=reach.now, silent=silent)

    def rendered(format: str, columns: int, color: bool) -> Iterable[str]:
        if format == "json":
            return json.pieces(report)
        return [guest_table.render(report, verbose=verbose, width=columns, color=color)]

    outputs.write(rendered, destinations, quiet=reach.quiet)
    raise typer.Exit(report.exit_code)


def _require_folder(folder: Path | None) -> None:
    """Better before asking machines than after it. Raises UsageError."""
    if folder is None:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"the folder {folder} cannot be made: {error.strerror or error}", advice="name one that can be written"
        ) from error


# -- which machines ----------------------------------------------------------------------------------------------------


def _examined(reach: Reach, wanted: Sequence[str], findings: Sequence[str]) -> Examination:
    """The estate and its findings: of the machines alone, or of the whole scope where findings choose them."""
    from aumdoctor.checks.registry import CHECKS
    from aumdoctor.cli.choice import find_check
    from aumdoctor.diagnosis.examine import examine

    for name in findings:
        find_check(name, CHECKS)
    estate = reach.estate(CHECKS, machines=() if findings else wanted)
    if estate.interrupted:
        raise KeyboardInterrupt
    return examine(estate, CHECKS, estate.collected_at)


def _chosen(examination: Examination, wanted: Sequence[str], findings: Sequence[str]) -> tuple[Machine, ...]:
    from aumdoctor.checks.registry import CHECKS
    from aumdoctor.cli.choice import find_check

    found = {machine.key: machine for machine in (the_machine(examination.estate, name) for name in wanted)}
    checks = {find_check(name, CHECKS).id for name in findings}
    for finding in examination.findings:
        if finding.check not in checks:
            continue
        for each in finding.machines:
            machine = examination.estate.machines_by_key.get(ids.key(each))
            if machine is not None:
                found.setdefault(machine.key, machine)
    return tuple(found.values())


def _code_of_none(examination: Examination, findings: Sequence[str]) -> int:
    """Where no machine has the findings: 3 if it could not be told of all."""
    from aumdoctor.checks.registry import CHECKS
    from aumdoctor.cli import exit_codes
    from aumdoctor.cli.choice import find_check

    checks = {find_check(name, CHECKS).id for name in findings}
    open_questions = any(unknown.check in checks for unknown in examination.unknowns)
    return exit_codes.UNREAD if examination.estate.gaps or open_questions else exit_codes.HEALTHY


def _names(machines: Sequence[Machine]) -> dict[str, str]:
    """What each machine is called in the report, by its id: its name, with the resource group where two share it."""
    from aumdoctor.guest.hosts import labels

    return labels(machine.id for machine in machines)


def _why_not(machine: Machine) -> str | None:
    """Why Run Command cannot reach a machine as Azure shows it, None where nothing is known against it."""
    if not (machine.is_linux or machine.is_windows):
        return "not asked: Azure does not say whether it runs Linux or Windows"
    if machine.is_reachable is False:
        state = machine.arc.status if machine.arc is not None else machine.power_state
        return f"not asked: it is {(state or 'off').lower()}"
    if machine.allow_extension_operations is False:
        return "not asked: extension operations are not allowed on it, and Run Command is one"
    if machine.provision_vm_agent is False:
        return "not asked: it was made without the VM agent"
    status = machine.vm_agent.status if machine.vm_agent is not None else None
    if status is not None and status.display_status and status.display_status.lower() != "ready":
        return f"not asked: its VM agent is {status.display_status}"
    if machine.arc is not None:
        handler = f"microsoft.cplat.core/runcommandhandler{'windows' if machine.is_windows else 'linux'}"
        allowed = [name.lower() for name in machine.arc.extensions_allow_list]
        if machine.arc.extensions_enabled is False:
            return "not asked: extensions are switched off on it"
        if handler in (name.lower() for name in machine.arc.extensions_block_list):
            return "not asked: Run Command is on its block list"
        if allowed and handler not in allowed:
            return "not asked: Run Command is not on its allow list"
    return None


# -- asking first ------------------------------------------------------------------------------------------------------


def _agree(asked: Sequence[Machine], unfit: Mapping[str, str], *, managed: bool, collects: bool, yes: bool) -> None:
    """Say what Run Command does, and ask. Raises UsageError where there is no yes."""
    if not asked:
        return
    for name, why in list(unfit.items())[:_NAMED]:
        err(printable(f"{ids.name_of(name)}: {why}"))
    shown = ", ".join(machine.name for machine in asked[:_NAMED])
    shown += f" and {len(asked) - _NAMED:,} more" if len(asked) > _NAMED else ""
    forms = Counter(
        "as a resource that is deleted again" if managed or each.is_arc else "as an action" for each in asked
    )
    how = ", ".join(f"{number:,} {form}" for form, number in forms.items())
    err(
        printable(
            f"Run Command on {count(len(asked), 'machine')} ({shown}; {how}): Azure installs its Run Command extension "
            "in each and runs a script there as root (Linux) or SYSTEM (Windows). The script only reads."
            + (" A second script lists the logs that can be fetched." if collects else "")
        )
    )
    _confirmed("Go ahead?", yes=yes, what="asked")


def _confirmed(question: str, *, yes: bool, what: str) -> None:
    if yes:
        return
    if sys.stdin is None or not sys.stdin.isatty():
        raise UsageError(f"nothing was {what}: there is no terminal to ask on", advice="give --yes to go ahead")
    if not typer.confirm(printable(question), default=False, err=True):
        raise UsageError(f"nothing was {what}: it was not agreed to")


@contextmanager
def _connection(reach: Reach) -> Iterator[ConnectionOptions]:
    """How to get to Azure; a demo Azure of its own for --demo, which has the same machines."""
    if not reach.is_demo:
        yield reach.connection()
        return
    from aumdoctor.cli.demo import connected

    with connected(reach.connection()) as connection:
        yield connection


# -- asking ------------------------------------------------------------------------------------------------------------


class _Session:
    """The scripts that are run, with what was answered (`saved`, by the id of the machine) and what was not."""

    def __init__(
        self,
        reach: Reach,
        connection: ConnectionOptions,
        names: Mapping[str, str],
        journal: Path,
        parallel: int,
        managed: bool,
        folder: Path,
    ) -> None:
        self._reach = reach
        self._connection = connection
        self._names = names
        self._journal = journal
        self._parallel = parallel
        self._managed = managed
        self._folder = folder
        self.saved: dict[str, Path] = {}
        self.problems: dict[str, str] = {}

    def ask(self, machines: Sequence[Machine]) -> set[str]:
        """Run the probe; the ids of the machines that answered."""
        from aumdoctor.azure.connection import endpoints
        from aumdoctor.azure.run_command import Fate
        from aumdoctor.guest.scripts import probe_script

        host = "" if self._reach.is_demo else endpoints(self._connection).authority
        commands = [
            self._command(machine, probe_script(windows=machine.is_windows, host=host), "probe") for machine in machines
        ]

        def heard(ran: Ran) -> None:
            if ran.answer is not None:
                self._save(ran)
            if ran.fate is not Fate.ANSWERED:
                self.problems[ran.command.machine_id] = ran.said

        ran = self._run(commands, "probes", heard)
        return {each.command.machine_id for each in ran if each.fate is Fate.ANSWERED}

    def collect(self, machines: Sequence[Machine], folder: Path, *, yes: bool) -> list[str]:
        """Fetch logs into a folder for each machine; what to read, as `NAME=PATH`."""
        from aumdoctor.azure.run_command import Fate
        from aumdoctor.guest.fetching import calls_for, offers_of
        from aumdoctor.guest.scripts import list_script

        listing = [self._command(each, list_script(windows=each.is_windows), "list-logs") for each in machines]
        offers: dict[str, tuple[Offer, ...]] = {}
        for ran in self._run(listing, "lists of logs"):
            found, why = offers_of(ran.output, windows=ran.command.windows)
            if ran.fate is not Fate.ANSWERED or why:
                err(printable(f"{self._names[ran.command.machine_id]}: list of logs: {why or ran.said}"))
            offers[ran.command.machine_id] = found
        plans = {machine: calls_for(found) for machine, found in offers.items()}
        number = sum(len(calls) for calls, _ in plans.values())
        if not number:
            self._reach.note("there are no logs to fetch")
            return []
        files = sum(len({part.file for call in calls for part in call}) for calls, _ in plans.values())
        self._reach.note(
            f"{count(files, 'log')} in {count(number, 'call')} of Run Command, about 30 s each; "
            f"those of one machine follow each other, those of {self._parallel} machines go on at once"
        )
        _confirmed("Fetch them?", yes=yes, what="fetched")
        return self._fetch(machines, folder, offers, plans)

    def _fetch(
        self,
        machines: Sequence[Machine],
        folder: Path,
        offers: Mapping[str, Sequence[Offer]],
        plans: Mapping[str, tuple[list[list[Part]], list[Offer]]],
    ) -> list[str]:
        from aumdoctor.guest.fetching import assembled, parts_of, safe_parts, write
        from aumdoctor.guest.scripts import part_script

        commands = [
            self._command(each, part_script(call, windows=each.is_windows), "fetch-logs")
            for each in machines
            for call in plans[each.id][0]
        ]
        pieces: dict[str, dict[tuple[int, int], bytes]] = {each.id: {} for each in machines}
        notes: dict[str, list[str]] = {each.id: [] for each in machines}

        def heard(ran: Ran) -> None:
            pieces[ran.command.machine_id] |= parts_of(ran.output)
            if not ran.output:
                notes[ran.command.machine_id].append(f"a piece was not answered: {ran.said}")

        written: list[str] = []
        ended = False
        try:
            self._run(commands, "pieces of logs", heard)
            ended = True
        finally:
            # What came before an interruption stays, and says that it is not all.
            for machine in machines:
                calls, left_out = plans[machine.id]
                if not calls:
                    continue
                name = "-".join(safe_parts(self._names[machine.id]))
                told = [f"machine: {machine.id}", *notes[machine.id]]
                told += [] if ended else ["interrupted: this is not all of it"]
                files = assembled(offers[machine.id], calls, pieces[machine.id])
                try:
                    write(folder / name, files, left_out, told)
                except OSError as error:
                    err(printable(f"the logs of {machine.name} cannot be written: {error.strerror or error}"))
                    continue
                self._reach.note(f"logs of {machine.name} in {folder / name}")
                written.append(f"{self._names[machine.id]}={folder / name}")
        return written

    def _command(self, machine: Machine, script: str, purpose: str) -> Command:
        from aumdoctor.azure.run_command import Command, Form, new_name

        form: Form = Form.ARC if machine.is_arc else Form.MANAGED if self._managed else Form.ACTION
        return Command(
            machine_id=machine.id,
            form=form,
            windows=machine.is_windows,
            script=script,
            purpose=purpose,
            location=machine.location,
            name=new_name(),
        )

    def _run(
        self, commands: Sequence[Command], stage: str, heard: Callable[[Ran], None] | None = None
    ) -> tuple[Ran, ...]:
        from aumdoctor.azure.run_command import Limits, run_commands
        from aumdoctor.cli.acting import recorder
        from aumdoctor.cli.progress import reporter
        from aumdoctor.store.journal import Journal

        if not commands:
            return ()
        done = 0
        with Journal(self._journal) as book, reporter(quiet=self._reach.quiet) as progress:

            def ended(ran: Ran) -> None:
                nonlocal done
                done += 1
                progress.stage(stage, done, len(commands))
                if ran.left:
                    err(printable(f"this run command is still there, delete it: {ran.left}"))
                if heard is not None:
                    heard(ran)

            return run_commands(
                self._connection,
                commands,
                Limits(machines=self._parallel),
                record=lambda command: recorder(book, {"command": "probe", "purpose": command.purpose}, self._reach),
                heard=ended,
            )

    def _save(self, ran: Ran) -> None:
        from aumdoctor.azure.actions import redacted

        name = "-".join(_safe(self._names[ran.command.machine_id]))
        path = self._folder / f"{name}.json"
        try:
            answer = _without_script(redacted(ran.answer))
            # First, where `aumdoctor guest` looks for it: an action's answer does not say of which machine it is.
            answer = {"machine": ran.command.machine_id} | (answer if isinstance(answer, dict) else {"value": answer})
            path.write_bytes(msgspec.json.format(msgspec.json.encode(answer), indent=1))
        except OSError as error:
            raise UsageError(
                f"cannot write {path}: {error.strerror or error}", advice="name a folder that can be written"
            ) from error
        self.saved[ran.command.machine_id] = path


def _without_script(answer: Any) -> Any:
    """An answer without the script that was sent, which a managed run command shows again."""
    properties = answer.get("properties") if isinstance(answer, dict) else None
    if not isinstance(properties, dict):
        return answer
    return answer | {"properties": {name: value for name, value in properties.items() if name != "source"}}


def _safe(name: str) -> tuple[str, ...]:
    from aumdoctor.guest.fetching import safe_parts

    return safe_parts(name)


# -- what they answered ------------------------------------------------------------------------------------------------


def _with_silent(case: Case, silent: Iterable[str]) -> Case:
    """The case with the machines that answered nothing, for what Azure shows of them."""
    heard = {host.name for host in case.hosts}
    hosts = (*case.hosts, *(Host(name=name) for name in silent if name not in heard))
    return msgspec.structs.replace(case, hosts=hosts)


def _case(paths: Sequence[str], scratch: str) -> Case:
    """All answers and logs as one case."""
    from aumdoctor.guest.collecting import read_case

    case = read_case(paths) if paths else Case()
    hosts = tuple(
        Host(
            name=host.name,
            records=tuple(_renamed(record, scratch) for record in host.records),
            sources=tuple(_renamed_source(source, scratch) for source in host.sources),
        )
        for host in case.hosts
    )
    return Case(hosts=hosts, sources=tuple(_renamed_source(each, scratch) for each in case.sources))


def _renamed(record: R, scratch: str) -> R:
    """Answers that are not kept are named without the folder in which they lay."""
    if not record.origin.file.startswith(scratch):
        return record
    origin = msgspec.structs.replace(record.origin, file=_without(record.origin.file, scratch))
    return msgspec.structs.replace(record, origin=origin)


def _renamed_source(source: Source, scratch: str) -> Source:
    return msgspec.structs.replace(source, file=_without(source.file, scratch))


def _without(file: str, scratch: str) -> str:
    return f"probe:{file.removeprefix(scratch).lstrip('/')}" if file.startswith(scratch) else file
