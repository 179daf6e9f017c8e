"""What a known issue of the guest is: a function from evidence to a verdict, with its texts."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence

import msgspec

from aumdoctor.guest.evidence import Evidence
from aumdoctor.model.guest import Verdict

Judge = Callable[[Evidence, Sequence[Evidence]], Verdict | None]


class Issue(msgspec.Struct, frozen=True, kw_only=True):
    """A known issue. `id` is `AUM` with the number that the issue has everywhere in aumdoctor, or `WS` for an issue of
    Windows Server beside updating. `seed` names the section of the article that tells it, `source` where the facts come
    from. `doc` is what `aumdoctor explain` prints."""

    id: str
    name: str
    title: str
    source: str
    doc: str
    judge: Judge
    seed: str = ""
    explains: tuple[str, ...] = ()


def issue(
    *, id: str, name: str, title: str, source: str, seed: str = "", explains: tuple[str, ...] = ()
) -> Callable[[Judge], Issue]:
    """Make an issue of a function.

    It gets the evidence of one machine, and that of all machines of the case, for issues that show on several. It
    answers None where nothing in the evidence touches the issue; where something does and does not suffice, a verdict
    that says what is missing. Pure: no files, no clock.
    """

    def make(judge: Judge) -> Issue:
        return Issue(
            id=id,
            name=name,
            title=title,
            source=source,
            seed=seed,
            explains=explains,
            doc=inspect.cleandoc(judge.__doc__ or ""),
            judge=judge,
        )

    return make
