"""Issues that a text, a code or a tool's answer tells by itself: one form for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from aumdoctor.guest.evidence import Evidence
from aumdoctor.guest.issue import Issue
from aumdoctor.guest.issues.hresults import canonical, is_patch_extension
from aumdoctor.guest.issues.operations import successes
from aumdoctor.guest.issues.verdicts import Judgement, judged, known_issue
from aumdoctor.guest.issues.weighing import Ground, Weight, observed, sign_ground, texts
from aumdoctor.model.guest import ExtensionHandler, LogSign, Missing, PatchStatus, State

_HANDLER_SIGNS = ("extension-command-failed", "extension-reported", "windows-command-failed")


class Symptom(msgspec.Struct, frozen=True, kw_only=True):
    """What an issue is known by, and its texts.

    Proofs: `signs` of logs, `phrases` in what the extension or the agent reported, `codes` of the extension's errors,
    `exit_codes` of its wrapper, `subjects` of tools' answers (those that are known to be wrong at times only hint).
    `circumstances` are signs that speak for it and do not prove it. `healed_by` names the operations of the extension
    whose success shows that it has passed, `healthy_signs` the signs that do.
    """

    said: str
    signs: tuple[str, ...] = ()
    circumstances: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    exit_codes: tuple[int, ...] = ()
    subjects: tuple[str, ...] = ()
    states: tuple[State, ...] = (State.BAD,)
    healed_by: tuple[str, ...] = ()
    healthy_signs: tuple[str, ...] = ()
    missing: tuple[Missing, ...] = ()
    values: tuple[str, ...] = ()
    """Values of signs and answers that go into the details."""


def symptom(
    *,
    id: str,
    name: str,
    title: str,
    source: str,
    seed: str = "",
    explains: tuple[str, ...] = (),
    remedies: tuple[str, ...] = (),
    verification: tuple[str, ...] = (),
) -> Callable[[Callable[[], Symptom]], Issue]:
    """Make an issue of a symptom: the decorated function gives it, and its docstring is the issue's."""

    def make(of: Callable[[], Symptom]) -> Issue:
        known = of()

        def judge(evidence: Evidence) -> Judgement | None:
            return judged(
                evidence,
                known.said,
                grounds_of(evidence, known),
                counters_of(evidence, known),
                missing=known.missing,
                details=details_of(evidence, known),
            )

        judge.__doc__ = of.__doc__
        return known_issue(
            id=id,
            name=name,
            title=title,
            source=source,
            seed=seed,
            explains=explains,
            remedies=remedies,
            verification=verification,
        )(judge)

    return make


def grounds_of(evidence: Evidence, known: Symptom) -> Iterator[Ground]:
    """What in the evidence speaks for a symptom."""
    for sign in evidence.signs(*known.signs):
        yield sign_ground(sign, known.said)
    for sign in evidence.signs(*known.circumstances):
        yield sign_ground(sign, known.said, Weight.SIGN)
    if known.phrases:
        yield from texts(evidence, *known.phrases, says=known.said)
    if known.codes:
        yield from error_codes(evidence, known.codes, known.said)
    if known.exit_codes:
        yield from exit_codes(evidence, known.exit_codes, known.said)
    for subject in known.subjects:
        yield from observed(evidence, subject, *known.states, says=known.said)


def counters_of(evidence: Evidence, known: Symptom) -> Iterator[Ground]:
    """What in the evidence speaks against a symptom."""
    yield from successes(evidence, *known.healed_by, says="the extension has succeeded")
    for sign in evidence.signs(*known.healthy_signs):
        yield sign_ground(sign, "it has worked")
    for subject in known.subjects:
        yield from observed(evidence, subject, State.OK, says="a look at the machine found it in order")


def details_of(evidence: Evidence, known: Symptom) -> dict[str, str]:
    """The newest of each value that the records of a symptom carry."""
    found: dict[str, str] = {}
    if known.values:
        records = [*evidence.signs(*known.signs, *known.circumstances)]
        held = [each.values for each in records]
        held += [seen.values for subject in known.subjects for seen in evidence.observations(subject)]
        for values in held:
            found.update({name: values[name] for name in known.values if values.get(name)})
    return found


def error_codes(
    evidence: Evidence, codes: tuple[str, ...], says: str, weight: Weight = Weight.PROOF
) -> Iterator[Ground]:
    """Statuses in which the extension reported one of some words as the code of an error."""
    wanted = {code.lower() for code in codes}
    for status in evidence.of(PatchStatus):
        if not status.is_orphan and any(
            error.code.lower() in wanted for summary in status.summaries for error in summary.errors
        ):
            yield Ground(record=status, says=says, weight=weight)


def exit_codes(
    evidence: Evidence, codes: tuple[int, ...], says: str, weight: Weight = Weight.PROOF
) -> Iterator[Ground]:
    """Where the extension's wrapper ended with one of some exit codes: in its status, in what the agent says of it, and
    in the agent's log."""
    for status in evidence.of(PatchStatus):
        if not status.is_orphan and status.status in ("error", "failed") and status.code in codes:
            yield Ground(record=status, says=says, weight=weight)
    for handler in evidence.of(ExtensionHandler):
        if is_patch_extension(handler.name) and handler.code in codes:
            yield Ground(record=handler, says=says, weight=weight)
    for sign in evidence.signs(*_HANDLER_SIGNS):
        name = sign.values.get("extension", "")
        if (is_patch_extension(name) or not name) and exit_code_of(sign) in codes:
            yield sign_ground(sign, says, weight)


def exit_code_of(sign: LogSign) -> int | None:
    """The exit code that a sign names, None where it names none."""
    given = sign.values.get("exit_code", "").strip()
    return int(given) if len(given) < 10 and given.removeprefix("-").isdecimal() and not canonical(given) else None
