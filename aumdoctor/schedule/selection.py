"""Which of the pending updates a schedule selects by its classifications, or at most selects."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from aumdoctor.model.maintenance import InstallPatches


class SelectedCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Which of the pending updates a schedule selects, by classification.

    `selected` is the most that it can be, `at_least` what it is for certain; `is_exact` says that both are the same.
    `not_selected` are the pending updates beyond `selected`. `why` says in a sentence what decided.
    """

    selected: Mapping[str, int]
    at_least: Mapping[str, int]
    not_selected: Mapping[str, int]
    is_exact: bool
    why: str

    @property
    def total(self) -> int:
        """How many updates are selected at most."""
        return sum(self.selected.values())


_KNOWN = {
    "windows": frozenset(
        ("critical", "security", "updaterollup", "featurepack", "servicepack", "definition", "tools", "updates")
    ),
    "linux": frozenset(("critical", "security", "other")),
}
_URGENT = frozenset(("critical", "security"))


def schedule_counts(counts: Mapping[str, int], patches: InstallPatches | None, os: str | None) -> SelectedCounts:
    """How many of the pending updates a schedule's classifications select.

    Linux has two buckets, Critical with Security and Other: either of the first two selects both, and Other with
    Critical but without Security is refused (Azure/LinuxPatchExtension: PackageFilter.py). An update without a
    classification counts as `Other` on Linux and as `Updates` on Windows. Where lists of KBs or packages, a missing
    list of classifications or an unknown name make it uncertain, the answer is an upper bound.
    """
    pending = {name.lower(): count for name, count in counts.items() if count}
    system = (os or "").lower()
    if patches is None or system not in _KNOWN:
        missing = "what the schedule installs" if patches is None else "which operating system the machine has"
        return _bounded(pending, pending, {}, f"It is not known {missing}.")
    wanted = patches.windows_classifications if system == "windows" else patches.linux_classifications
    names = [_canonical(name, system) for name in wanted or ()]
    listed = ", ".join(wanted or ())
    if not names:
        return _without_classes(pending, patches, system)
    if system == "linux" and "other" in names and "critical" in names and "security" not in names:
        why = f"The run refuses the combination {listed}: Other goes with Critical only where Security is selected too."
        return _bounded(pending, {}, {}, why)
    taken = set(names) | (_URGENT if system == "linux" and _URGENT & set(names) else set())
    matching = {name: count for name, count in pending.items() if _bucket(name, system) in taken}
    why = f"The schedule selects {listed}"
    if system == "linux" and len(_URGENT & set(names)) == 1:
        why += ", which on Linux means Critical and Security together"
    unknown = [name for name in wanted or () if _canonical(name, system) not in _KNOWN[system]]
    if unknown:
        why += f"; {', '.join(unknown)} is no classification that is known for {system.capitalize()}"
    included, excluded = _lists(patches, system)
    if included:
        why += f"; it also includes {included}"
    if excluded:
        why += f"; it leaves out {excluded}"
    uncertain = bool(unknown or included)
    return _bounded(pending, pending if uncertain else matching, {} if excluded else matching, why + ".")


def _without_classes(pending: Mapping[str, int], patches: InstallPatches, system: str) -> SelectedCounts:
    included, excluded = _lists(patches, system)
    if included:
        why = f"The schedule names no classification, only {included}: it installs at most what is pending of these."
        return _bounded(pending, pending, {}, why)
    if system == "windows":
        why = "The schedule names no classification for Windows; what it then installs is not documented."
        return _bounded(pending, pending, {}, why)
    why = "The schedule names neither classifications nor packages, which on Linux means all"
    why += f"; it leaves out {excluded}." if excluded else "."
    return _bounded(pending, pending, {} if excluded else pending, why)


def _lists(patches: InstallPatches, system: str) -> tuple[str, str]:
    """The lists of KBs or packages in words: what is included beside the classifications, and what is left out."""
    if system == "windows":
        included, excluded, noun = patches.windows_kbs_to_include, patches.windows_kbs_to_exclude, "KB"
    else:
        included, excluded, noun = patches.linux_packages_to_include, patches.linux_packages_to_exclude, "package"
    without = [_counted(len(excluded), noun)] if excluded else []
    if system == "windows" and patches.exclude_kbs_requiring_reboot:
        without.append("every update that needs a restart")
    return (_counted(len(included), noun) if included else ""), " and ".join(without)


def _bounded(
    pending: Mapping[str, int], selected: Mapping[str, int], at_least: Mapping[str, int], why: str
) -> SelectedCounts:
    exact = dict(selected) == dict(at_least)
    return SelectedCounts(
        selected=selected,
        at_least=at_least,
        not_selected={name: count for name, count in pending.items() if name not in selected},
        is_exact=exact,
        why=why
        if exact
        else f"{why} That makes {sum(selected.values())} at most, {sum(at_least.values())} for certain.",
    )


def _canonical(name: str, system: str) -> str:
    """A classification's name as it is compared; what has none is `Other` on Linux and `Updates` on Windows."""
    plain = class_key(name)
    if plain in ("other", "others", "updates", "unclassified"):
        return "other" if system == "linux" else "updates"
    return plain


def _bucket(name: str, system: str) -> str:
    """The classification of a pending update; on Linux whatever is neither critical nor security is `Other`."""
    found = _canonical(name, system)
    return "other" if system == "linux" and found not in _URGENT else found


def class_key(name: str) -> str:
    """A classification as it is compared: `Update Rollup`, `updateRollup` and `UpdateRollUp` are one."""
    return name.lower().replace(" ", "").replace("-", "").replace("_", "")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
