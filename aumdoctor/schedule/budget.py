"""The budget of a maintenance window: what the pending updates need by the documented minute rules.

The rules and their sources stand in `knowledge/time-rules.toml`. They are rules of thumb: a run goes by them when it
decides whether to begin a step, but most steps take less. Where documents disagree everything is reckoned twice, and an
answer that depends on which is right is None.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import msgspec

from aumdoctor.knowledge.time_rules import TimeRule, rule
from aumdoctor.schedule.selection import class_key

_NO_TIME = timedelta(0)
_ESTIMATE = "This is an estimate by the documented rules of thumb; most updates take less."


class Backlog(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be installed on a machine.

    `counts` are the pending updates by classification in lower case (`security`, `servicepack`), None where they are
    not known. `os` is `windows` or `linux` in any case, None where it is not known. `reboot_setting` is `IfRequired`,
    `Never` or `Always`, also as `NeverReboot` and so on; absent it is taken as one that allows a restart.
    `reboot_pending` says that the machine waits for a restart already.
    """

    counts: Mapping[str, int] | None
    os: str | None
    is_arc: bool = False
    reboot_setting: str | None = None
    reboot_pending: bool = False

    @property
    def total(self) -> int | None:
        """The number of pending updates, None where it is not known."""
        return None if self.counts is None else sum(self.counts.values())

    @property
    def may_restart(self) -> bool:
        """Whether the reboot setting lets the run restart the machine."""
        return restarts_allowed(self.reboot_setting)


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """A length of time by the document that says least and by the one that says most; mostly both are the same."""

    least: timedelta
    most: timedelta

    @property
    def is_disputed(self) -> bool:
        return self.least != self.most


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """What a backlog needs of a window of `length`.

    `needed_least` and `needed_most` are the whole run with what is kept for a restart, None where the backlog or the
    system is not known. `fits` is None there, and where the documents disagree on it. `last_install_start` is how long
    before the window's end the last ordinary update can begin, `last_reboot_start` the same of a restart (None where
    none is made, or the system is not known). `reboot_fits` says whether after all updates a restart would also be
    over, with the longest waiting for it, within the window: False where it could not even begin, None between, where
    no restart is made, and where it is not known. `explanation` has the arithmetic in sentences.
    """

    length: timedelta
    needed_least: timedelta | None
    needed_most: timedelta | None
    fits: bool | None
    last_install_start: Spread | None
    last_reboot_start: Spread | None
    reboot_fits: bool | None
    explanation: str


def restarts_allowed(reboot_setting: str | None) -> bool:
    """Whether a reboot setting lets a run restart the machine, in either spelling (`Never`, `NeverReboot`)."""
    return (reboot_setting or "").lower().replace("reboot", "") != "never"


def budget(backlog: Backlog, length: timedelta) -> Budget:
    """Whether a backlog fits into a window of this length, until when the last update and the restart can begin."""
    os = (backlog.os or "").lower()
    install_start = last_install_start(os, is_arc=backlog.is_arc, reboot_setting=backlog.reboot_setting)
    reserve = _reserve(os, is_arc=backlog.is_arc)
    reboot_start = reserve if backlog.may_restart else None
    if backlog.counts is None or backlog.total is None or reserve is None:
        missing = "how many updates are pending" if reserve is not None else "which operating system the machine has"
        return Budget(
            length=length,
            needed_least=None,
            needed_most=None,
            fits=None,
            last_install_start=install_start,
            last_reboot_start=reboot_start,
            reboot_fits=None,
            explanation=f"It is not known {missing}, so that nothing can be said of the {in_minutes(length)} of the "
            "window.",
        )
    # Only the Linux extension is documented to give up what is kept for a restart where none may be made.
    kept = reserve if backlog.may_restart or os == "windows" else Spread(least=_NO_TIME, most=_NO_TIME)
    wait = restart_wait(is_arc=backlog.is_arc).span
    # A restart that is pending may be made before the first update; how long it takes nobody knows, at most the wait.
    before = wait if backlog.reboot_pending and backlog.may_restart else _NO_TIME
    steps = _windows_steps(backlog.counts) if os == "windows" else _linux_steps(backlog.total)
    install = Spread(
        least=sum((step.least for step in steps), _NO_TIME), most=sum((step.most for step in steps), before)
    )
    needed = Spread(least=install.least + kept.least, most=install.most + kept.most)
    return Budget(
        length=length,
        needed_least=needed.least,
        needed_most=needed.most,
        fits=_compare(needed, length),
        last_install_start=install_start,
        last_reboot_start=reboot_start,
        reboot_fits=_reboot_fits(install, reserve, wait, length) if backlog.may_restart else None,
        explanation=_explain(backlog, steps, kept, before, needed, install_start, length),
    )


def last_install_start(os: str | None, *, is_arc: bool = False, reboot_setting: str | None = None) -> Spread | None:
    """How long before the window's end the last ordinary update can begin; None where the system is not known.

    On Windows this is the update and what is kept for a restart, on Linux the extension's own cut-off, of which more
    has to be left.
    """
    system, reserve = (os or "").lower(), _reserve(os, is_arc=is_arc)
    if reserve is None:
        return None
    if system == "windows":
        update = rule("windows-update")
        return Spread(least=_other(update) + reserve.least, most=update.span + reserve.most)
    package = rule("linux-package").span
    if not restarts_allowed(reboot_setting):
        return Spread(least=package, most=package)
    return Spread(least=package + reserve.least, most=rule("linux-package-cutoff").span)


def restart_wait(*, is_arc: bool) -> TimeRule:
    """How long a restart is waited for before it counts as failed."""
    return rule("restart-wait-arc" if is_arc else "restart-wait")


def in_minutes(span: timedelta) -> str:
    """A length of time in whole minutes, as the sentences write it: `25 min`."""
    return f"{span // timedelta(minutes=1)} min"


class _Step(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the installing: the time it takes, and the arithmetic by either document."""

    least: timedelta
    most: timedelta
    least_words: str
    most_words: str


def _windows_steps(counts: Mapping[str, int]) -> list[_Step]:
    packs = sum(count for name, count in counts.items() if class_key(name) == "servicepack")
    others = sum(counts.values()) - packs
    named = ((packs, "service pack", "windows-service-pack"), (others, "update", "windows-update"))
    return [_each(count, noun, rule(name)) for count, noun, name in named if count]


def _each(count: int, noun: str, each: TimeRule) -> _Step:
    things = f"{count} {noun}{'' if count == 1 else 's'}"
    return _Step(
        least=count * _other(each),
        most=count * each.span,
        least_words=f"{things} x {in_minutes(_other(each))}",
        most_words=f"{things} x {in_minutes(each.span)}",
    )


def _linux_steps(packages: int) -> list[_Step]:
    if not packages:
        return []
    first, further = rule("linux-package").span, rule("linux-further-package").span
    if packages <= _FIRST_PACKAGES:
        took, words = packages * first, f"{packages} package{'' if packages == 1 else 's'} x {in_minutes(first)}"
    else:
        took = _FIRST_PACKAGES * first + (packages - _FIRST_PACKAGES) * further
        words = f"{packages} packages: {_FIRST_PACKAGES} x {in_minutes(first)} + "
        words += f"{packages - _FIRST_PACKAGES} x {in_minutes(further)}"
    return [_Step(least=took, most=took, least_words=words, most_words=words)]


_FIRST_PACKAGES = 3
"""How many packages of a batch are reckoned with the longer time."""


def _reserve(os: str | None, *, is_arc: bool) -> Spread | None:
    """What is kept for a restart; None where the system is not known."""
    system = (os or "").lower()
    if system == "windows":
        kept = rule("windows-restart-reserve").span
        return Spread(least=kept, most=kept)
    if system == "linux":
        linux = rule("linux-restart-reserve")
        return Spread(least=_other(linux) if is_arc else linux.span, most=linux.span)
    return None


def _other(each: TimeRule) -> timedelta:
    return each.span if each.elsewhere_span is None else each.elsewhere_span


def _compare(needed: Spread, length: timedelta) -> bool | None:
    if needed.most <= length:
        return True
    return False if needed.least > length else None


def _reboot_fits(install: Spread, reserve: Spread, wait: timedelta, length: timedelta) -> bool | None:
    if install.least + reserve.least > length:
        return False
    return True if install.most + wait <= length else None


def _explain(
    backlog: Backlog,
    steps: list[_Step],
    kept: Spread,
    before: timedelta,
    needed: Spread,
    start: Spread | None,
    length: timedelta,
) -> str:
    if not steps:
        return f"Nothing is pending; the window has {in_minutes(length)}."
    first = [f"up to {in_minutes(before)} for the restart that is pending"] if before else []
    most = first + [step.most_words for step in steps] + _kept_words(kept.most)
    said = [f"{' + '.join(most)} = {in_minutes(needed.most)}; the window has {in_minutes(length)}."]
    if needed.is_disputed:
        least = [step.least_words for step in steps] + _kept_words(kept.least)
        said.append(f"At the least it is {' + '.join(least)} = {in_minutes(needed.least)}{_because(backlog, before)}.")
    verdict = _compare(needed, length)
    if verdict is None:
        said.append("Whether it fits depends on which of the two sums is right.")
    else:
        said.append("It fits." if verdict else "It does not fit.")
    if start is not None:
        said.append(_last_start_words(start, length))
    said.append(_ESTIMATE)
    return " ".join(said)


def _because(backlog: Backlog, before: timedelta) -> str:
    """Why there are two sums: the documents that give the lesser one."""
    if (backlog.os or "").lower() == "windows":
        only_packs = all(class_key(name) == "servicepack" for name, count in (backlog.counts or {}).items() if count)
        said = [rule("windows-service-pack" if only_packs else "windows-update").elsewhere]
    else:
        said = [rule("linux-restart-reserve").elsewhere] if backlog.is_arc and backlog.may_restart else []
    named = [f"where another document says: {'; '.join(said)}"] if said else []
    if before:
        named.append("if the restart that is pending takes no time, or is not made first")
    return f", {', and '.join(named)}" if named else ""


def _kept_words(kept: timedelta) -> list[str]:
    return [f"{in_minutes(kept)} kept for a restart"] if kept else []


def _last_start_words(start: Spread, length: timedelta) -> str:
    if length < start.least:
        return f"No update is begun at all, for one is begun only while {in_minutes(start.least)} are left."
    text = f"The last update can begin {in_minutes(start.most)} before the end"
    if length > start.most:
        text += f", that is {in_minutes(length - start.most)} after the start"
    return text + (f" (by the other document {in_minutes(start.least)} before it)." if start.is_disputed else ".")
