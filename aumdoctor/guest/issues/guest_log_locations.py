"""AUM001: an operation failed, and the logs that would tell why are not among what was given."""

from __future__ import annotations

from aumdoctor.guest.evidence import Evidence
from aumdoctor.guest.issues.hresults import failures
from aumdoctor.guest.issues.operations import (
    ASSESSMENT,
    CONFIGURATION,
    INSTALLATION,
    Operation,
    family_of,
    is_arc,
    newest,
)
from aumdoctor.guest.issues.verdicts import Judgement, known_issue
from aumdoctor.guest.issues.weighing import Ground, newest_of, quotes_of, sequence_of
from aumdoctor.model.guest import Likelihood, LogSign, Missing, PatchStatus

_LINUX = (
    (
        "the extension's log of that request, {sequence}.core.log",
        "sudo sh -c 'cat /var/log/azure/*Linux*Extension/{sequence}.core.log'",
    ),
    (
        "the log of the extension's wrapper, <date>_Enable.ext.log",
        "sudo sh -c 'tail -n 200 /var/log/azure/*Linux*Extension/*_Enable.ext.log'",
    ),
    ("the agent's log", "sudo grep -i -e PatchExtension -e OsUpdateExtension /var/log/waagent.log"),
    (
        "the complete status, where lists are not cut",
        "sudo sh -c 'cat /var/lib/waagent/*Linux*Extension-*/status/{sequence}.complete.status'",
    ),
)
_WINDOWS = (
    (
        "the extension's log WindowsUpdateExtension.log",
        r"Get-ChildItem C:\WindowsAzure\Logs\Plugins\*PatchExtension\*\WindowsUpdateExtension.log | Get-Content",
    ),
    (
        "the log of the extension's wrapper, CommandExecution.log",
        r"Get-ChildItem C:\WindowsAzure\Logs\Plugins\*PatchExtension\*\CommandExecution.log | Get-Content",
    ),
    ("what the agent last reported", r"Get-Content C:\WindowsAzure\Logs\AggregateStatus\aggregatestatus.json"),
    (
        "who asked the update agent for what",
        r"Get-Content C:\Windows\SoftwareDistribution\ReportingEvents.log -Tail 500",
    ),
    ("the update agent's own log", "Get-WindowsUpdateLog"),
)
_ARC_WINDOWS = (
    (
        "the extension's logs WindowsUpdateExtension.log and cmd_execution_<n>_stdout.txt",
        r"Get-ChildItem C:\ProgramData\GuestConfig\extension_logs\*WindowsOsUpdateExtension\* | Get-Content",
    ),
    *_WINDOWS[3:],
)


@known_issue(
    id="AUM001",
    name="guest-log-locations",
    title="What tells why the operation failed has still to be collected",
    source="Azure Update Manager troubleshooting: general troubleshooting; Azure/LinuxPatchExtension README",
    seed="§1 General troubleshooting: where the logs are",
    remedies=("read-guest-log",),
)
def guest_log_locations(evidence: Evidence) -> Judgement | None:
    """The newest operation failed, and the log of that request is not among what was given.

    ## Why it matters
    A status keeps five messages of at most 128 characters; the word that names the cause mostly lies beyond the cut.

    ## What to do
    Collect the files that are named, from the machine itself, and give them to `aumdoctor guest`. The number in the
    names is that of the request: it counts up with each.

    ## When it is wrong
    It says nothing of the machine, only of what was given.
    """
    failed = _failed(evidence)
    if failed is None:
        return None
    number = failed.number
    signs = [each for each in evidence.of(LogSign) if number is None or sequence_of(each) in (None, number)]
    has_log = any(".log" in each.origin.file.lower() for each in signs) or any(failures(evidence))
    if has_log:
        return None
    windows = family_of(evidence) == "windows"
    places = (_ARC_WINDOWS if is_arc(evidence) else _WINDOWS) if windows else _LINUX
    shown = str(number) if number is not None else "*"
    return Judgement(
        likelihood=Likelihood.INSUFFICIENT,
        said=f"{failed.says}, and no log that says why was given",
        evidence=quotes_of(evidence, (failed,)),
        missing=tuple(
            Missing(what=what.format(sequence=shown), command=command.replace("{sequence}", shown))
            for what, command in places
        ),
        details={"sequence": shown} if number is not None else {},
    )


def _failed(evidence: Evidence) -> Ground | None:
    """The newest failure of an operation, or of the wrapper, after which none of its kind succeeded."""
    found: list[Ground] = []
    for name, what in (
        (ASSESSMENT, "the newest assessment failed"),
        (INSTALLATION, "the newest installation failed"),
        (CONFIGURATION, "the newest set-up of patching failed"),
    ):
        last: Operation | None = newest(evidence, name)
        if last is not None and last.failed:
            found.append(last.ground(what))
    found += [
        Ground(record=status, says=f"the extension ended with code {status.code}")
        for status in evidence.of(PatchStatus)
        if not status.is_orphan and not status.summaries and status.status in ("error", "failed")
    ]
    return newest_of(found)
