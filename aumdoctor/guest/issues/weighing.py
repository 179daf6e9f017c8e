"""How much pieces of evidence say together: what proves, what hints, and what has been outlived. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from weakref import WeakKeyDictionary

import msgspec

from aumdoctor.guest.envelope import when
from aumdoctor.guest.evidence import Evidence
from aumdoctor.model.guest import (
    Differential,
    ExtensionHandler,
    Likelihood,
    LogSign,
    Missing,
    Observation,
    PatchRequest,
    PatchStatus,
    Quote,
    Record,
    State,
)

MOST_QUOTES = 5

_REPORTED: WeakKeyDictionary[Evidence, tuple[tuple[Record, str], ...]] = WeakKeyDictionary()
_FURTHEST_ZONE = 15 * 3600.0
"""No zone is further than 14 hours from UTC."""

_SEQUENCE = re.compile(r"(\d{1,9})(?:\.aa)?(?:\.complete)?\.(?:core\.log|status|settings)(?:\.gz)?$", re.IGNORECASE)


class Weight(StrEnum):
    """What a piece of evidence is worth. PROOF: the artefact itself says that it is so. SIGN: it speaks for it; two of
    different kinds that agree are a proof. HINT: a circumstance, or a tool that is known to be wrong at times."""

    PROOF = "proof"
    SIGN = "sign"
    HINT = "hint"


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """A record, what it says, and what that is worth. `at` is the time that it tells of where that is not the record's
    own; `sequence` the number of the request that it belongs to."""

    record: Record
    says: str
    weight: Weight = Weight.PROOF
    at: datetime | None = None
    sequence: int | None = None

    @property
    def time(self) -> datetime | None:
        return self.at if self.at is not None else self.record.at

    @property
    def number(self) -> int | None:
        return self.sequence if self.sequence is not None else sequence_of(self.record)


class Weighed(msgspec.Struct, frozen=True, kw_only=True):
    """What the grounds come to. `current` are those that nothing newer contradicts, `outlived` the others; `counter` is
    the newest piece that contradicts; `is_ordered` False where nobody can say which of the two is newer."""

    likelihood: Likelihood
    current: tuple[Ground, ...]
    outlived: tuple[Ground, ...] = ()
    counter: Ground | None = None
    is_ordered: bool = True

    @property
    def grounds(self) -> tuple[Ground, ...]:
        """What the verdict rests on."""
        return self.current or self.outlived

    def said(self, text: str) -> str:
        """The sentence of the verdict: the text with its time, and what has been seen since."""
        newest = newest_of(self.grounds)
        sentence = f"{text}{_on(newest)}"
        if self.counter is None or (self.is_ordered and self.likelihood is not Likelihood.RULED_OUT):
            return sentence
        if not self.is_ordered:
            return f"{sentence}; but {self.counter.says}{_on(self.counter)}, and which of the two is newer is not known"
        return f"{sentence}; since then {self.counter.says}{_on(self.counter)}"

    def quotes(self, evidence: Evidence) -> tuple[Quote, ...]:
        """The grounds as evidence, each line once, and what contradicts them last."""
        found = quotes_of(evidence, self.grounds)
        if self.counter is None or (self.is_ordered and self.likelihood is not Likelihood.RULED_OUT):
            return found
        return (*found, *quotes_of(evidence, (self.counter,)))


def weigh(grounds: Iterable[Ground], counters: Iterable[Ground] = ()) -> Weighed | None:
    """The likelihood of what the grounds say; None where there are none.

    A ground is outlived by a counter that is newer: by time where both have one of the same kind (aware or naive), else
    by the sequence of the request. Where all are outlived it is ruled out; where the order is not known it is possible
    at most, and a mere hint then decides nothing. Hints contradict nothing.
    """
    found = tuple(grounds)
    if not found:
        return None
    against = _Newest(counter for counter in counters if counter.weight is not Weight.HINT)
    current: list[Ground] = []
    unordered: list[Ground] = []
    outlived: list[Ground] = []
    for ground in found:
        later = against.later_than(ground)
        (outlived if later else unordered if later is None else current).append(ground)
    if current:
        return Weighed(likelihood=_likelihood(current), current=tuple(current), outlived=tuple(outlived))
    if unordered:
        is_hint = _likelihood(unordered) is Likelihood.POSSIBLE
        return Weighed(
            likelihood=Likelihood.INSUFFICIENT if is_hint else Likelihood.POSSIBLE,
            current=tuple(unordered),
            outlived=tuple(outlived),
            counter=against.any,
            is_ordered=False,
        )
    return Weighed(
        likelihood=Likelihood.RULED_OUT, current=(), outlived=tuple(outlived), counter=against.over(outlived[0])
    )


def best_of(*weighed: Weighed | None) -> Weighed | None:
    """Of several weighings of one issue that were made apart, the surest, with the grounds of all that still stand."""
    found = [each for each in weighed if each is not None]
    if not found:
        return None
    order = list(Likelihood)
    best = min(found, key=lambda each: order.index(each.likelihood))
    if best.likelihood is Likelihood.RULED_OUT or not best.is_ordered:
        return best
    return weigh(ground for each in found if each.is_ordered for ground in each.current) or best


def is_later(one: Ground, other: Ground) -> bool | None:
    """Whether the one is newer than the other; None where that cannot be said.

    An aware and a naive time are only compared where they lie further apart than any two time zones.
    """
    if one.time is not None and other.time is not None:
        apart = seconds_of(one.time) - seconds_of(other.time)
        if _is_naive(one.time) == _is_naive(other.time):
            return apart > 0 or (apart == 0 and _ends_the_run_of(one, other))
        if abs(apart) > _FURTHEST_ZONE:
            return apart > 0
    if one.number is not None and other.number is not None and one.number != other.number:
        return one.number > other.number
    return None


def _ends_the_run_of(one: Ground, other: Ground) -> bool:
    """Whether the one is the status and the other a line of the log of the same request: both have whole seconds, and
    the status is written last."""
    if not isinstance(one.record, PatchStatus) or not isinstance(other.record, LogSign):
        return False
    return one.number is not None and one.number == other.number


def newest_of(grounds: Sequence[Ground]) -> Ground | None:
    """The newest by time where any has one, else the one of the highest sequence, else the last."""
    if not grounds:
        return None
    for naive in (False, True):
        timed = [each for each in grounds if each.time is not None and _is_naive(each.time) is naive]
        if timed:
            return max(timed, key=lambda each: seconds_of(each.time) if each.time else 0.0)
    return max(reversed(grounds), key=lambda each: -1 if each.number is None else each.number)


def quotes_of(evidence: Evidence, grounds: Iterable[Ground], most: int = MOST_QUOTES) -> tuple[Quote, ...]:
    """Grounds as evidence: the newest first, each place and each text once, a few at most."""
    found: dict[tuple[str, str], Quote] = {}
    ordered = sorted(grounds, key=_age)
    for ground in ordered:
        quote = evidence.quote(ground.record, ground.says)
        if not quote.text:
            quote = msgspec.structs.replace(quote, text=ground.says)
        if ground.at is not None:
            quote = msgspec.structs.replace(quote, at=ground.at)
        found.setdefault((str(quote.origin), quote.says), quote)
        if len(found) >= most:
            break
    return tuple(found.values())


def sequence_of(record: Record) -> int | None:
    """The number of the extension's request that a record belongs to: its own, or that in the name of its file."""
    if isinstance(record, PatchStatus | PatchRequest) and record.sequence is not None:
        return record.sequence
    if isinstance(record, LogSign) and (given := record.values.get("sequence", "")).isdecimal() and len(given) < 10:
        return int(given)
    match = _SEQUENCE.search(record.origin.file)
    return int(match[1]) if match else None


def signs(evidence: Evidence, *names: str, says: str, weight: Weight = Weight.PROOF) -> Iterator[Ground]:
    """Grounds of the signs of logs, by their ids."""
    for sign in evidence.signs(*names):
        yield sign_ground(sign, says, weight)


def sign_ground(sign: LogSign, says: str, weight: Weight = Weight.PROOF) -> Ground:
    """A sign as a ground. One that stands for many of its kind counts with the time of the last."""
    return Ground(record=sign, says=says, weight=weight, at=when(sign.values.get("last")))


def texts(evidence: Evidence, *phrases: str, says: str, weight: Weight = Weight.PROOF) -> Iterator[Ground]:
    """Grounds of a text in whatever the extension or the agent reported: errors of statuses, messages of handlers, and
    lines of logs whatever their sign is. Compared without regard to case."""
    wanted = tuple(phrase.lower() for phrase in phrases)
    found: set[int] = set()
    for record, lowered in _reported(evidence):
        if id(record) not in found and any(phrase in lowered for phrase in wanted):
            found.add(id(record))
            yield (
                sign_ground(record, says, weight)
                if isinstance(record, LogSign)
                else Ground(record=record, says=says, weight=weight)
            )


def _reported(evidence: Evidence) -> tuple[tuple[Record, str], ...]:
    """All that the extension and the agent reported, in lower case. Kept, because so many issues ask for it."""
    held = _REPORTED.get(evidence)
    if held is None:
        held = _REPORTED[evidence] = tuple((record, text.lower()) for record, text in _texts_of(evidence) if text)
    return held


def _texts_of(evidence: Evidence) -> Iterator[tuple[Record, str]]:
    for status in evidence.of(PatchStatus):
        if not status.is_orphan:
            yield status, status.message
            for summary in status.summaries:
                for text in error_texts(summary.errors, summary.body):
                    yield status, text
    for handler in evidence.of(ExtensionHandler):
        yield handler, handler.message
    for sign in evidence.of(LogSign):
        yield sign, sign.text


def error_texts(errors: Iterable[object], body: object) -> Iterator[str]:
    """The texts of a summary's errors, those of the daily assessment's set-up among them."""
    for error in errors:
        yield f"{getattr(error, 'code', '')}: {getattr(error, 'message', '')}"
    nested = body.get("autoAssessmentStatus") if isinstance(body, dict) else None
    details = nested.get("errors") if isinstance(nested, dict) else None
    rows = details.get("details") if isinstance(details, dict) else None
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict):
            yield f"{row.get('code', '')}: {row.get('message', '')}"


def observed(evidence: Evidence, subject: str, *states: State, says: str) -> Iterator[Ground]:
    """Grounds of the answers of tools; a tool that is known to be wrong about this only hints."""
    wanted = states or (State.BAD,)
    for seen in evidence.observations(subject):
        if seen.state in wanted:
            yield Ground(record=seen, says=says, weight=Weight.HINT if seen.weak else Weight.PROOF)


def newest_observation(evidence: Evidence, subject: str) -> Observation | None:
    """The answer to go by: the newest of those that tools are not known to get wrong, else of the others."""
    found = [each for each in evidence.observations(subject) if each.state is not State.UNKNOWN]
    strong = [each for each in found if not each.weak] or found
    grounds = [Ground(record=each, says="") for each in strong]
    newest = newest_of(grounds)
    return newest.record if newest is not None and isinstance(newest.record, Observation) else None


def differential(
    evidence: Evidence,
    name: str,
    said: str,
    grounds: Iterable[Ground] = (),
    counters: Iterable[Ground] = (),
    *,
    otherwise: str = "",
    missing: Iterable[Missing] = (),
) -> Differential:
    """Another cause with its own state. Without grounds it is ruled out where something speaks against it, else it is
    not decided; `otherwise` is the sentence for a cause that nothing speaks for."""
    against = tuple(counters)
    weighed = weigh(grounds, against)
    if weighed is not None:
        decided = weighed.likelihood in (Likelihood.CONFIRMED, Likelihood.RULED_OUT)
        return Differential(
            name=name,
            state=weighed.likelihood,
            said=weighed.said(said),
            evidence=weighed.quotes(evidence),
            missing=() if decided else tuple(missing),
        )
    firm = tuple(each for each in against if each.weight is not Weight.HINT)
    if firm:
        return Differential(
            name=name,
            state=Likelihood.RULED_OUT,
            said=otherwise or firm[0].says,
            evidence=quotes_of(evidence, firm, most=2),
        )
    return Differential(
        name=name,
        state=Likelihood.INSUFFICIENT,
        said=otherwise or "nothing that was given speaks for it or against it",
        missing=tuple(missing),
    )


def time_of(moment: datetime) -> str:
    """A time in words: in UTC where its zone is known, else as the machine wrote it."""
    if _is_naive(moment):
        return f"{moment:%Y-%m-%d %H:%M} (the machine's time)"
    try:
        return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    except (OverflowError, ValueError):
        return f"{moment:%Y-%m-%d %H:%M}"


class _Newest:
    """The newest of many pieces in each of the ways in which pieces are compared, so that weighing stays linear."""

    def __init__(self, pieces: Iterable[Ground]) -> None:
        self._by_time: dict[tuple[bool | None, bool], Ground] = {}
        self._by_number: dict[tuple[bool | None, bool], Ground] = {}
        self._bare: Ground | None = None
        for piece in pieces:
            group = _comparable(piece)
            timed, numbered = self._by_time.get(group), self._by_number.get(group)
            if piece.time is not None and (timed is None or is_later(piece, timed)):
                self._by_time[group] = piece
            if piece.number is not None and (numbered is None or piece.number > (numbered.number or 0)):
                self._by_number[group] = piece
            if group == (None, False):
                self._bare = piece
        self._groups = {*self._by_time, *self._by_number}

    @property
    def any(self) -> Ground | None:
        """The newest, as far as that can be said."""
        return newest_of((*self._by_time.values(), *self._by_number.values())) or self._bare

    def later_than(self, ground: Ground) -> bool | None:
        """True where a piece is newer, None where one may be, False where none is."""
        answers = [self._compare(group, ground) for group in self._groups]
        if True in answers:
            return True
        return None if self._bare is not None or None in answers else False

    def over(self, ground: Ground) -> Ground | None:
        """A piece that is newer than the ground."""
        held = (*self._by_time.values(), *self._by_number.values())
        return next((each for each in held if is_later(each, ground)), self.any)

    def _compare(self, group: tuple[bool | None, bool], ground: Ground) -> bool | None:
        answers = [is_later(held[group], ground) for held in (self._by_time, self._by_number) if group in held]
        return True if True in answers else None if None in answers else False


def _comparable(ground: Ground) -> tuple[bool | None, bool]:
    return (None if ground.time is None else _is_naive(ground.time), ground.number is not None)


def _likelihood(grounds: Sequence[Ground]) -> Likelihood:
    if any(ground.weight is Weight.PROOF for ground in grounds):
        return Likelihood.CONFIRMED
    kinds = {type(ground.record) for ground in grounds if ground.weight is Weight.SIGN}
    if len(kinds) > 1:
        return Likelihood.CONFIRMED
    return Likelihood.LIKELY if kinds else Likelihood.POSSIBLE


def _is_naive(moment: datetime) -> bool:
    return moment.tzinfo is None or moment.utcoffset() is None


def _on(ground: Ground | None) -> str:
    if ground is None:
        return ""
    if ground.time is not None:
        return f" on {time_of(ground.time)}"
    return f" (request {ground.number})" if ground.number is not None else ""


def _age(ground: Ground) -> tuple[int, float]:
    """For sorting: the newest first."""
    if ground.time is None:
        return (1, -float(ground.number or 0))
    return (0, -seconds_of(ground.time))


def seconds_of(moment: datetime) -> float:
    """A time as a number, a naive one as if it were UTC. Reckoned by hand: `timestamp` fails at the ends of the
    calendar."""
    offset = moment.utcoffset()
    seconds = moment.toordinal() * 86400.0 + moment.hour * 3600 + moment.minute * 60 + moment.second
    seconds += moment.microsecond / 1e6
    return seconds - offset.total_seconds() if offset is not None else seconds
