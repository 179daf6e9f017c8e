"""AUM019: the patch extension cannot use sudo."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from aumdoctor.guest.evidence import Evidence
from aumdoctor.guest.issues.operations import ASSESSMENT, successes
from aumdoctor.guest.issues.verdicts import Judgement, known_issue
from aumdoctor.guest.issues.weighing import (
    Ground,
    Weight,
    differential,
    newest_of,
    observed,
    sign_ground,
    texts,
    weigh,
)
from aumdoctor.model.guest import Differential, Likelihood, LogSign, Missing, State

_FAILED = "sudo-failed"
_ASK = Missing(
    what="what sudo answers, asked in the way the extension does", command="sudo -n true; timeout 10 sudo id; echo $?"
)


class _Kind(msgspec.Struct, frozen=True, kw_only=True):
    """A reason why sudo refuses: its sign, words of sudo, and what it means."""

    name: str
    sign: str
    phrases: tuple[str, ...]
    said: str


_KINDS = (
    _Kind(
        name="password",
        sign="sudo-password-required",
        phrases=("password for", "a password is required", "askpass", "terminal is required to read the password"),
        said="sudo asks for a password, which nobody can type",
    ),
    _Kind(
        name="terminal",
        sign="sudo-tty-required",
        phrases=("must have a tty",),
        said="sudoers has requiretty, and the extension has no terminal",
    ),
    _Kind(
        name="missing",
        sign="sudo-missing",
        phrases=("failed to run command", "command not found", "sudo: not found"),
        said="there is no sudo on the machine",
    ),
    _Kind(
        name="not allowed",
        sign="sudo-not-allowed",
        phrases=("not in the sudoers", "may not run sudo", "not allowed to"),
        said="sudoers does not allow root to run commands",
    ),
    _Kind(
        name="sudoers broken",
        sign="sudo-misconfigured",
        phrases=(
            "parse error in",
            "syntax error near",
            "no valid sudoers",
            "world writable",
            "must be owned by uid 0",
            "account validation failure",
        ),
        said="sudo refuses to run at all: its files are wrong",
    ),
)


@known_issue(
    id="AUM019",
    name="sudo-missing",
    title="The patch extension cannot use sudo",
    source="Azure Update Manager troubleshooting: sudo privileges aren't present; Azure/LinuxPatchExtension: bootstrap",
    seed="§17 sudo privileges aren't present",
    explains=("AUM008", "AUM017", "AUM023", "AUM129", "AUM130", "AUM131"),
    remedies=("repair-sudo", "assess-now"),
    verification=("`timeout 10 sudo id`, run as root, answers uid=0 without asking.", "A new assessment succeeds."),
)
def sudo_missing(evidence: Evidence) -> Judgement | None:
    """sudo refuses the patch extension: it asks for a password or a terminal, is missing, or does not allow root.

    ## Why it matters
    The extension runs as root and calls the package manager through sudo all the same. It tries six times in 30
    minutes, so that the operation looks hung, and then fails: no assessment, no installation.

    ## What to do
    See what sudo answers to root. Let root run all commands in sudoers (`root ALL=(ALL:ALL) ALL`), take `requiretty`
    off for root, install sudo where it is missing, and check the files with `visudo -c`. No rule without a password for
    everybody is needed.

    ## When it is wrong
    sudo asking another user for a password is how it should be; only what it answers to root counts. Where an
    assessment has succeeded after it, it is cured.
    """
    of_extension = [
        *(sign_ground(each, "sudo refused the extension") for each in evidence.signs(_FAILED)),
        *texts(evidence, "Unable to invoke sudo successfully", says="sudo refused the extension"),
    ]
    of_kind = {kind.name: list(_of_kind(evidence, kind, proves=bool(of_extension))) for kind in _KINDS}
    counters = [
        *(sign_ground(each, "the extension could use sudo") for each in evidence.signs("sudo-works")),
        *successes(evidence, ASSESSMENT, says="an assessment has succeeded"),
        *observed(evidence, "sudo", State.OK, says="root can use sudo"),
    ]
    grounds = (
        *of_extension,
        *observed(evidence, "sudo", says="root cannot use sudo"),
        *(ground for found in of_kind.values() for ground in found),
    )
    weighed = weigh(grounds, counters)
    if weighed is None:
        return None
    kinds = _newest_kinds(of_kind)
    because = f": {kinds[0].said}" if kinds else ""
    said = weighed.said(f"the patch extension cannot use sudo{because}")
    if weighed.likelihood is Likelihood.RULED_OUT:
        return Judgement(likelihood=weighed.likelihood, said=said, evidence=weighed.quotes(evidence))
    return Judgement(
        likelihood=weighed.likelihood,
        said=said,
        evidence=weighed.quotes(evidence),
        missing=() if kinds and weighed.likelihood is Likelihood.CONFIRMED else (_ASK,),
        differentials=tuple(_differentials(evidence, of_kind)),
        details={"reason": kinds[0].name if kinds else "unknown"},
    )


def _of_kind(evidence: Evidence, kind: _Kind, *, proves: bool) -> Iterator[Ground]:
    for sign in evidence.signs(kind.sign):
        yield sign_ground(sign, kind.said, _weight(kind, sign, proves=proves))
    for sign in evidence.signs(_FAILED):
        if _speaks(kind, f"{sign.values.get('output', '')} {sign.text}"):
            yield sign_ground(sign, kind.said)
    for ground in texts(evidence, "Unable to invoke sudo successfully", says=kind.said):
        if _speaks(kind, ground.record.text) and not isinstance(ground.record, LogSign):
            yield ground
    for seen in evidence.observations("sudo"):
        if seen.state is State.BAD and _speaks(kind, f"{seen.values.get('output', '')} {seen.text}"):
            yield Ground(record=seen, says=kind.said, weight=Weight.HINT if seen.weak else Weight.PROOF)
    if kind.name == "terminal":
        for seen in evidence.observations("requiretty"):
            if seen.state is State.BAD:
                # sudo lets root pass in most versions: alone it only hints.
                yield Ground(record=seen, says="sudoers has requiretty", weight=Weight.HINT)


def _weight(kind: _Kind, sign: LogSign, *, proves: bool) -> Weight:
    """Words of sudo prove only where the extension met them: a person who is asked for a password proves nothing."""
    if proves:
        return Weight.PROOF
    user = sign.values.get("user", "")
    if user and user != "root" and kind.name in ("password", "not allowed"):
        return Weight.HINT
    return Weight.SIGN


def _speaks(kind: _Kind, text: str) -> bool:
    lowered = text.lower()
    return any(phrase in lowered for phrase in kind.phrases)


def _newest_kinds(of_kind: dict[str, list[Ground]]) -> list[_Kind]:
    """The reasons that the evidence names, the newest first."""
    newest = newest_of([ground for found in of_kind.values() for ground in found if ground.weight is not Weight.HINT])
    named = [kind for kind in _KINDS if of_kind[kind.name]]
    return sorted(named, key=lambda kind: newest not in of_kind[kind.name])


def _differentials(evidence: Evidence, of_kind: dict[str, list[Ground]]) -> Iterator[Differential]:
    is_told = any(ground.weight is Weight.PROOF for found in of_kind.values() for ground in found)
    for kind in _KINDS:
        found = of_kind[kind.name]
        if found or not is_told:
            yield differential(evidence, kind.name, kind.said, found, missing=(_ASK,))
        else:
            yield Differential(name=kind.name, state=Likelihood.RULED_OUT, said="sudo's own words name another reason")
