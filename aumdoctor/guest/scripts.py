"""The scripts that a running machine is asked by: the probe, and the one that gives its logs in pieces.

They stand beside this file as they are, so that they can be read before they are run. All of them only read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import msgspec

_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}")
_LINUX_PATH = re.compile(r"(?:/[A-Za-z0-9._@+-]+){1,16}")
_WINDOWS_PATH = re.compile(r"[A-Za-z]:(?:\\[A-Za-z0-9._@+ -]+){1,16}")
_LINUX_END = 'printf \'{"c":"end","n":%s}\\n\' $N\nexit 0\n'
_WINDOWS_END = 'Write-Output (\'{"c":"end","n":\' + $script:count + \'}\')\nexit 0\n'


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of what gzip makes of some bytes of a file: `length` bytes of it from `offset` on. The bytes are `count`
    from `start` on of the file at `path`, which has the number `file`."""

    file: int
    path: str
    start: int
    count: int
    offset: int
    length: int


def probe_script(*, windows: bool, host: str = "") -> str:
    """The probe. `host` is the sign-in host of a cloud that is not the public one. Raises ValueError for what is no
    host name."""
    text = _text("probe.ps1" if windows else "probe.sh")
    if not host:
        return text
    if not _HOST.fullmatch(host):
        raise ValueError(f"not a host name: {host!r}")
    setting = f"$env:AUMDOCTOR_HOST = '{host}'\n" if windows else f"AUMDOCTOR_HOST={host}\n"
    return setting + text


def list_script(*, windows: bool) -> str:
    """What lists the logs that are worth fetching."""
    return _text("collect.ps1" if windows else "collect.sh") + (_WINDOWS_END if windows else _LINUX_END)


def part_script(parts: Sequence[Part], *, windows: bool) -> str:
    """What gives some pieces of files. Raises ValueError for a path that `is_plain` does not take: the paths come from
    a machine, and stand in a script."""
    lines = []
    for part in parts:
        if not is_plain(part.path, windows=windows):
            raise ValueError(f"not a path that is asked for: {part.path!r}")
        numbers = (part.file, part.offset, part.length, part.start, part.count)
        lines.append(f"{'Write-Part' if windows else 'part'} {' '.join(map(str, numbers))} '{part.path}'\n")
    if windows:
        text = _text("collect.ps1").replace("$parts = $false", "$parts = $true", 1)
        return text + "".join(lines) + _WINDOWS_END
    return "PARTS=yes\n" + _text("collect.sh") + "".join(lines) + _LINUX_END


def is_plain(path: str, *, windows: bool) -> bool:
    """Whether a path has nothing in it that a shell would take for more than a path."""
    form = _WINDOWS_PATH if windows else _LINUX_PATH
    return len(path) <= 250 and form.fullmatch(path) is not None and ".." not in path


@cache
def _text(name: str) -> str:
    return (files("aumdoctor.guest") / name).read_text(encoding="ascii").replace("\r\n", "\n")
