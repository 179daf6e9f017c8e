"""Commands of package managers: which one it is, whether it refreshes repositories, and whether its code is expected.

Codes: Azure/LinuxPatchExtension, src/core/src/package_managers.
"""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from aumdoctor.guest.signs import value_of

EXPECTED_CODES = {
    "apt": {0},
    "dpkg": {0, 1},
    "yum": {0, 1, 100},
    "dnf": {0, 1, 100},
    "dnf5": {0, 100},
    "tdnf": {0, 8},
    "zypper": {0, 102, 103},
}
"""Codes that say that a package manager did what it was asked for: yum and dnf give 100 where there are updates, zypper
102 where a restart is needed and 103 where it updated itself, tdnf 8 where there is nothing to do."""

_MANAGER = re.compile(
    r"(?:^|[\s/])(?P<name>apt-get|apt-cache|apt-mark|apt|aptitude|dpkg|yum|dnf5|dnf|tdnf|zypper)(?=\s|$)"
)
_REFRESHES = re.compile(
    r"(?:apt-get|apt|aptitude)\s(?:[^\n]*\s)?update(?=\s|$)"
    r"|(?:yum|dnf5?|tdnf)\s(?:[^\n]*\s)?(?:check-update|makecache)(?=\s|$)"
    r"|zypper\s(?:[^\n]*\s)?(?:refresh|ref|refresh-services|list-updates|lu|list-patches)(?=\s|$)"
)
_NOISE = re.compile(r"\s-oDir::\S+|\s--(?:assumeyes|quiet)\b")


class Command(msgspec.Struct, frozen=True):
    """A command that was run. `manager` is "" where it is none of a package manager; `is_expected` is None where
    nobody knows what its code means."""

    text: str
    code: int
    manager: str
    refreshes: bool
    is_expected: bool | None


@lru_cache(maxsize=256)
def command_of(text: str, code: int) -> Command:
    """A command by its line and its exit code. Paths that the extension makes up for each run are left out of `text`,
    so that the same command is the same."""
    text = text[:4000]
    match = _MANAGER.search(text)
    name = match["name"] if match else ""
    manager = "apt" if name.startswith("apt") else name
    return Command(
        text=value_of(_NOISE.sub("", text)),
        code=code,
        manager=manager,
        refreshes=_REFRESHES.search(text) is not None,
        is_expected=code in EXPECTED_CODES[manager] if manager else None,
    )
