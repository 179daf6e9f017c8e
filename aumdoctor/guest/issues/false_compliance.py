"""GST001: an assessment that succeeded without having seen the repositories."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from aumdoctor.guest.evidence import Evidence
from aumdoctor.guest.issues.operations import ASSESSMENT, Operation, log_was_read, operations
from aumdoctor.guest.issues.verdicts import Judgement, known_issue
from aumdoctor.guest.issues.weighing import Ground, is_later, quotes_of, seconds_of, sequence_of, sign_ground, time_of
from aumdoctor.model.guest import Likelihood, LogSign, Missing

_UNNOTICED = ("apt-fetch-failed", "apt-index-ignored", "repositories-ignored")
"""Failures that the package manager tells and ends with success all the same."""

_MOST_BARE = 1000
"""So many signs without the number of a request are compared by their time."""

_SLACK = timedelta(minutes=5)

_ASK = Missing(
    what="what the package manager says when it refreshes its lists",
    command="sudo apt-get update || sudo dnf -v makecache || sudo zypper refresh",
)


@known_issue(
    id="GST001",
    name="false-compliance",
    title="The assessment succeeded, but the package manager had not got its lists",
    source="Azure/LinuxPatchExtension: AptitudePackageManager; apt: a failed fetch is a warning, its exit code is 0",
    seed="§22 Linux repositories aren't accessible",
    explains=("AUM135",),
    remedies=("open-linux-repositories", "correct-proxy", "assess-now"),
    verification=(
        "The log of the next assessment has no line that begins with Err: or W: Failed to fetch.",
        "`sudo apt-get update` ends without a warning.",
    ),
)
def false_compliance(evidence: Evidence) -> Judgement | None:
    """Azure shows a machine that was assessed and lacks nothing, because its package manager could not look.

    ## Why it matters
    Where a repository's name is not resolved, its port is closed, the proxy is dead or the certificate is not trusted,
    `apt-get update` warns and ends with 0. The patch extension counts what the old lists hold, mostly nothing, and
    reports success. No state in Azure tells this machine from one that is up to date.

    ## What to do
    Open the way to the repositories that the log names, then assess again. Do not count the machine as compliant until
    an assessment ran whose log has no failed fetch.

    ## When it is wrong
    Where only one of several repositories fails, updates of the others are counted rightly. An assessment after it
    whose whole log was read and has no failed fetch rules it out.
    """
    signs = [each for each in evidence.signs(*_UNNOTICED) if _went_on(each)]
    if not signs:
        return None
    made = [each for each in operations(evidence, ASSESSMENT) if each.succeeded]
    by_number: dict[int | None, list[LogSign]] = {}
    for sign in signs:
        by_number.setdefault(sequence_of(sign), []).append(sign)

    def near(number: int | None) -> Iterable[LogSign]:
        """The signs that may be of a request: those with its number, and those that have none."""
        return signs[-_MOST_BARE:] if number is None else (*by_number.get(number, ()), *bare)

    bare = by_number.get(None, [])[-_MOST_BARE:]
    hit = [
        (each, found) for each in made if (found := [one for one in near(each.status.sequence) if _is_of(one, each)])
    ]
    if not hit:
        return _without_status(evidence, signs)
    run, found = hit[-1]
    hosts = _hosts(found)
    of = f" of {', '.join(hosts[:4])}" if hosts else ""
    count = run.available
    what = "no update" if count == 0 else f"{count} update(s)" if count is not None else "updates"
    when = f" on {time_of(run.ended_at)}" if run.ended_at is not None else ""
    said = f"the assessment{when} reports success and {what}, but the package manager had not fetched the lists{of}"
    quotes = quotes_of(
        evidence,
        (run.ground(f"success, {what}"), *(sign_ground(each, "a list was not fetched") for each in found)),
    )
    later = [each for each in made if is_later(each.ground(""), run.ground("")) is True]
    clean = [each for each in later if log_was_read(evidence, each.status.sequence)]
    if clean:
        seen = clean[-1].ground("an assessment succeeded whose log has no failed fetch")
        return Judgement(
            likelihood=Likelihood.RULED_OUT,
            said=f"{said}; since then an assessment succeeded without a failed fetch"
            + (f" on {time_of(seen.time)}" if seen.time is not None else ""),
            evidence=(*quotes, *quotes_of(evidence, (seen,))),
        )
    likelihood = Likelihood.CONFIRMED if count == 0 else Likelihood.LIKELY
    missing: tuple[Missing, ...] = ()
    if later:
        likelihood = Likelihood.POSSIBLE
        said += "; a newer assessment reports success too, and its log was not given"
        missing = (
            Missing(
                what=f"the log of the newer assessment, {later[-1].status.sequence}.core.log",
                command="sudo sh -c 'cat /var/log/azure/*LinuxPatchExtension/*.core.log'",
            ),
            _ASK,
        )
    elif count:
        missing = (_ASK,)
    return Judgement(
        likelihood=likelihood,
        said=said,
        evidence=quotes,
        missing=missing,
        details={
            "hosts": ", ".join(hosts[:10]),
            "sequence": str(run.status.sequence) if run.status.sequence is not None else "",
            "updates": str(count) if count is not None else "",
        },
    )


def _without_status(evidence: Evidence, signs: list[LogSign]) -> Judgement | None:
    """Failed fetches of the extension's log whose assessment is not there, or did not succeed."""
    failed = [each for each in operations(evidence, ASSESSMENT) if each.failed]
    open_signs = [sign for sign in signs if ".core.log" in sign.origin.file and not _is_any(sign, failed)]
    if not open_signs:
        return None
    ended = [
        each
        for each in evidence.signs("operation-ended")
        if "assessment" in each.values.get("operation", "").lower()
        and each.values.get("status", "").lower() in ("success", "succeeded")
        and any(each.origin.file == sign.origin.file for sign in open_signs)
    ]
    hosts = _hosts(open_signs)
    of = f" of {', '.join(hosts[:4])}" if hosts else ""
    return Judgement(
        likelihood=Likelihood.LIKELY if ended else Likelihood.POSSIBLE,
        said=f"the package manager went on without the lists{of}"
        + ("; the log says that the assessment succeeded" if ended else "; what the extension reported is not known"),
        evidence=quotes_of(
            evidence,
            (
                *(sign_ground(each, "a list was not fetched") for each in open_signs),
                *(Ground(record=each, says="the assessment succeeded") for each in ended[-1:]),
            ),
        ),
        missing=(
            Missing(
                what="the status that the extension wrote for that request",
                command="sudo sh -c 'cat /var/lib/waagent/*LinuxPatchExtension*/status/*.status'",
            ),
        ),
        details={"hosts": ", ".join(hosts[:10])},
    )


def _went_on(sign: LogSign) -> bool:
    """Whether the package manager ended with success: its exit code is 0, or the sign itself means it."""
    return sign.sign == "repositories-ignored" or sign.values.get("exit_code", "0").strip() in ("0", "")


def _is_any(sign: LogSign, made: Iterable[Operation]) -> bool:
    return any(_is_of(sign, each) for each in made)


def _is_of(sign: LogSign, run: Operation) -> bool:
    """Whether a line of a log was written by that run: by its time, else by the number of the request."""
    started, ended = run.started_at, run.ended_at
    at, number = sign.at, sequence_of(sign)
    if number is not None and run.status.sequence is not None and number != run.status.sequence:
        return False
    if at is not None and ended is not None and (at.utcoffset() is None) == (ended.utcoffset() is None):
        begun = (
            seconds_of(started)
            if started is not None and (started.utcoffset() is None) == (ended.utcoffset() is None)
            else seconds_of(ended) - 7200
        )
        slack = _SLACK.total_seconds()
        return begun - slack <= seconds_of(at) <= seconds_of(ended) + slack
    return number is not None and number == run.status.sequence


def _hosts(signs: Iterable[LogSign]) -> list[str]:
    return list(
        dict.fromkeys(host for each in signs if (host := each.values.get("host") or each.values.get("repository")))
    )
