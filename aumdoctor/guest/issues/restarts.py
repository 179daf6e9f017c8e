"""AUM069, AUM101, GST003: restarts that updates need and that were not made."""

from __future__ import annotations

from collections.abc import Iterator

from aumdoctor.guest.envelope import member
from aumdoctor.guest.evidence import Evidence
from aumdoctor.guest.issues.operations import ASSESSMENT, INSTALLATION, Operation, family_of, operations, request_of
from aumdoctor.guest.issues.verdicts import Judgement, judged, known_issue
from aumdoctor.guest.issues.weighing import Ground, Weight, differential, observed, sign_ground, texts, weigh
from aumdoctor.model.guest import Likelihood, Missing, State

_ASK_FOR_REBOOT = Missing(
    what="whether a restart is pending now",
    command="cat /var/run/reboot-required /var/run/reboot-required.pkgs; needs-restarting -r",
)
_NEVER = "reboot setting doesn't allow reboots"


@known_issue(
    id="AUM069",
    name="reboot-never-with-pending-reboot",
    title="A restart is needed, and the reboot setting forbids it",
    source="azure-docs: update-manager/scheduled-patching.md; Azure/LinuxPatchExtension",
    explains=("AUM109", "AUM132", "GST003"),
    remedies=("set-reboot-setting", "allow-restarts", "restart-machine"),
    verification=("The next assessment's rebootPending is false.",),
)
def reboot_never_with_pending_reboot(evidence: Evidence) -> Judgement | None:
    """Updates wait for a restart, and the request's reboot setting is Never.

    ## Why it matters
    Updates that wait for the restart are not in force. The run ends with warnings, and no later run will restart the
    machine either.

    ## What to do
    Restart the machine when it may be down, or let the schedule restart machines where an update requires it.

    ## When it is wrong
    Where somebody restarts the machines by hand after each window, and has not come to this one yet.
    """
    grounds = [
        *(sign_ground(each, "the reboot setting forbids the restart") for each in evidence.signs("reboot-not-allowed")),
        *texts(evidence, _NEVER, says="the reboot setting forbids the restart"),
        *(
            each.ground("a restart is required, and the request says Never")
            for each in operations(evidence, INSTALLATION)
            if _reboot_status(each) == "required" and _setting(evidence, each) == "never"
        ),
    ]
    return judged(
        evidence,
        "a restart is needed, and the reboot setting of the request forbids it",
        grounds,
        _healed(evidence),
    )


@known_issue(
    id="AUM101",
    name="reboot-insufficient-time",
    title="A restart that updates need was not made, or did not succeed",
    source="Azure/LinuxPatchExtension: RebootManager; azure-docs: update-manager/scheduled-patching.md",
    seed="§13 the reboot is required, and was not tried although the setting allows it",
    explains=("AUM109", "AUM131", "AUM132", "GST003"),
    remedies=("lengthen-window", "restart-machine", "install-on-demand"),
    verification=("The next run's rebootStatus is Completed or NotNeeded.",),
)
def reboot_insufficient_time(evidence: Evidence) -> Judgement | None:
    """A restart was allowed and needed, and too little time was left for it, or the machine did not restart in time.

    ## Why it matters
    What was installed is not in force, and the run counts as failed. Linux wants 15 minutes for a restart, Windows 10.

    ## What to do
    Restart the machine when it may be down, and lengthen the window. Where the machine did not restart when it was
    told to, look at what held it up: a unit that does not stop, an inhibitor, a file system check.

    ## When it is wrong
    Where the reboot setting is Never, no restart is tried however much time is left: that is another issue.
    """
    no_time = [
        *(
            sign_ground(each, f"{each.values.get('minutes') or 'too few'} minutes were left for the restart")
            for each in evidence.signs("reboot-no-time")
        ),
        *texts(evidence, "Insufficient time to schedule a required reboot", says="too little time for the restart"),
    ]
    failed = [
        *(sign_ground(each, "the machine did not restart in time") for each in evidence.signs("reboot-failed")),
        *texts(evidence, "Reboot failed to proceed", says="the machine did not restart in time"),
        *(
            each.ground("the status of the restart is Failed")
            for each in operations(evidence, INSTALLATION)
            if _reboot_status(each) == "failed"
        ),
    ]
    left_out = [
        each.ground("a restart was required and allowed, and was not made", Weight.SIGN)
        for each in operations(evidence, INSTALLATION)
        if _reboot_status(each) == "required"
        and _setting(evidence, each) in ("ifrequired", "always")
        and not any(_NEVER in text for text in each.texts)
    ]
    if not left_out:
        left_out = [
            sign_ground(each, "the restart was left out", Weight.SIGN)
            for each in evidence.signs("windows-reboot-skipped")
            if not no_time
        ]
    weighed = weigh((*no_time, *failed, *left_out), _healed(evidence))
    if weighed is None:
        return None
    is_out = weighed.likelihood is Likelihood.RULED_OUT
    what = (
        "the machine did not restart in the time that is waited for it"
        if failed and not no_time
        else "a restart was needed and not made"
    )
    others = (
        differential(evidence, "too little time", "too little of the window was left", (*no_time, *left_out)),
        differential(
            evidence,
            "the machine did not restart",
            "it was told to restart, and did not in time",
            failed,
            missing=(Missing(what="what held up the restart", command="journalctl -b -1 -n 200; systemctl list-jobs"),),
        ),
    )
    return Judgement(
        likelihood=weighed.likelihood,
        said=weighed.said(what),
        evidence=weighed.quotes(evidence),
        differentials=() if is_out else others,
        missing=() if is_out else tuple(one for each in others for one in each.missing),
        remedies=("restart-machine", "read-guest-log", "install-on-demand") if failed and not no_time else None,
    )


@known_issue(
    id="GST003",
    name="pending-reboot-linux",
    title="Linux waits for a restart",
    source="Azure/LinuxPatchExtension; update-notifier (reboot-required); dnf-utils (needs-restarting)",
    explains=("AUM132",),
    remedies=("restart-machine", "assess-now"),
    verification=("/var/run/reboot-required is gone, or needs-restarting -r ends with 0.",),
)
def pending_reboot_linux(evidence: Evidence) -> Judgement | None:
    """Packages that were installed ask for a restart: the kernel or a core library is not in use yet.

    ## Why it matters
    The machine still runs what was replaced; an assessment counts the update as installed all the same.

    ## What to do
    Restart the machine when it may be down, or let the schedule restart it where an update requires it.

    ## When it is wrong
    A kernel that was patched live needs no restart for it, and the mark stays.
    """
    if family_of(evidence) == "windows":
        return None
    grounds: list[Ground] = [
        sign_ground(each, "a restart is pending")
        for each in evidence.signs("reboot-pending")
        if not each.values.get("pending")
    ]
    grounds += observed(evidence, "pending-reboot", State.BAD, State.WARNING, says="a restart is pending")
    grounds += [
        each.ground("the extension says that a restart is pending")
        for each in operations(evidence, ASSESSMENT)
        if each.is_flagged("rebootPending")
    ]
    grounds += [
        each.ground("the installation says that a restart is required")
        for each in operations(evidence, INSTALLATION)
        if _reboot_status(each) == "required"
    ]
    return judged(
        evidence,
        "packages that were installed wait for a restart",
        grounds,
        _healed(evidence),
        missing=(_ASK_FOR_REBOOT,),
    )


def _healed(evidence: Evidence) -> Iterator[Ground]:
    for each in operations(evidence, ASSESSMENT):
        pending = member(each.summary.body, "rebootPending")
        if each.succeeded and pending is not None and not each.is_flagged("rebootPending"):
            yield each.ground("an assessment found no restart pending")
    for each in operations(evidence, INSTALLATION):
        if each.succeeded and _reboot_status(each) in ("completed", "notneeded"):
            yield each.ground("an installation ended, and no restart was left")
    yield from observed(evidence, "pending-reboot", State.OK, says="no restart is pending")
    for event in (*evidence.events("EventLog", 6005), *evidence.events("Kernel-General", 12)):
        yield Ground(record=event, says="the machine was started again")


def _reboot_status(operation: Operation) -> str:
    return str(member(operation.summary.body, "rebootStatus") or "").lower()


def _setting(evidence: Evidence, operation: Operation) -> str:
    """The reboot setting of the request in lower case, `never`, `ifrequired` or `always`; "" where it is not known."""
    request = request_of(evidence, operation)
    setting = member(request.settings, "rebootSetting") if request is not None else None
    return setting.lower().replace("reboot", "") if isinstance(setting, str) else ""
