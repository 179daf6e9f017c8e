"""What the path of an artefact of an extension tells: which extension, and the number of the request."""

from __future__ import annotations

import re
from collections.abc import Iterable

from aumdoctor.guest.artefact import Artefact

_EXTENSION = re.compile(
    r"(?P<name>Microsoft\.(?:CPlat\.Core(?:\.Edp)?\.(?:Linux|Windows)PatchExtension"
    r"|SoftwareUpdateManagement\.(?:Linux|Windows)OsUpdateExtension))(?:[-_]\d[\d.]*)?",
    re.IGNORECASE,
)
_NAMES = {
    name.lower(): name
    for name in (
        "Microsoft.CPlat.Core.LinuxPatchExtension",
        "Microsoft.CPlat.Core.Edp.LinuxPatchExtension",
        "Microsoft.CPlat.Core.WindowsPatchExtension",
        "Microsoft.SoftwareUpdateManagement.LinuxOsUpdateExtension",
        "Microsoft.SoftwareUpdateManagement.WindowsOsUpdateExtension",
    )
}
_SEQUENCE = re.compile(r"^(\d{1,9})\.")
_ANY_EXTENSION = re.compile(r"^[A-Za-z][\w-]*(?:\.[A-Za-z][\w-]*){2,8}-\d+(?:\.\d+){1,3}$")


def extension_of(artefact: Artefact) -> str:
    """The patch extension that a folder in the path, or else the head of the file, names; "" where none does."""
    match = _EXTENSION.search(artefact.path) or _EXTENSION.search(artefact.head.decode("latin-1"))
    return _NAMES.get(match["name"].lower(), match["name"]) if match else ""


def is_of_another_extension(artefact: Artefact) -> bool:
    """Whether the file lies in the folder of an extension that is no patch extension."""
    return any(_ANY_EXTENSION.match(folder) for folder in artefact.folders) and not _EXTENSION.search(artefact.path)


def sequence_of(artefact: Artefact) -> int | None:
    """The number in front of the file's name: `5` of `5.complete.status`."""
    return sequence_in(artefact.name)


def sequence_in(name: str) -> int | None:
    """The number in front of a file's name; None where there is none."""
    match = _SEQUENCE.match(name)
    return int(match[1]) if match else None


def newest(names: Iterable[str], ending: str) -> int | None:
    """The highest number of the files with that ending, None where there is none."""
    found = [number for name in names if name.lower().endswith(ending) and (number := sequence_in(name)) is not None]
    return max(found, default=None)
