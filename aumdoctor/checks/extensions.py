"""The extensions that assess and install: recognised by type and by name, in every place where Azure shows them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from aumdoctor.model import ids
from aumdoctor.model.machine import Extension, ExtensionHandler, Machine, Status

PATCH_EXTENSION_TYPES = ("windowspatchextension", "linuxpatchextension")
"""Of publisher Microsoft.CPlat.Core: what assesses and patches Azure VMs, and assesses Arc machines periodically."""

OS_UPDATE_PUBLISHER = "microsoft.softwareupdatemanagement"
OS_UPDATE_EXTENSION_TYPES = ("windowsosupdateextension", "linuxosupdateextension")
"""What assesses on demand and patches Arc machines."""

_VERSION = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})*")


def patch_extension_handlers(machine: Machine) -> Iterator[ExtensionHandler]:
    """The VM agent's handlers of the Azure patch extension."""
    for handler in machine.extension_handlers:
        if handler.type.lower().endswith(PATCH_EXTENSION_TYPES):
            yield handler


def patch_extensions(machine: Machine) -> Iterator[Extension]:
    """The Azure patch extension among the machine's extensions; some inventories give only its name."""
    for extension in machine.extensions:
        if (extension.type or extension.name).lower().endswith(PATCH_EXTENSION_TYPES):
            yield extension


def os_update_extensions(machine: Machine) -> Iterator[Extension]:
    """The update extension among an Arc machine's extensions."""
    for extension in machine.extensions:
        ours = extension.publisher is None or extension.publisher.lower() == OS_UPDATE_PUBLISHER
        if ours and update_extension_kind(extension) in OS_UPDATE_EXTENSION_TYPES:
            yield extension


def update_extension_kind(extension: Extension) -> str:
    """The extension's type in lower case; some inventories give only a name."""
    return (extension.type or ids.name_of(extension.name)).lower()


def is_ready(status: Status) -> bool:
    """Whether the status of an agent or handler is `ProvisioningState/succeeded` and shown as `Ready`.

    What Azure left out does not count against it.
    """
    code_says_so = status.code is None or status.code.lower() == "provisioningstate/succeeded"
    display_says_so = status.display_status is None or status.display_status.lower() in ("ready", "succeeded")
    return code_says_so and display_says_so


@cache
def version_parts(version: str | None) -> tuple[int, ...] | None:
    """A dotted version as numbers, so that 1.0.9 comes before 1.0.28 and 1.2 equals 1.2.0; None where it is not one."""
    if not _VERSION.fullmatch(version or ""):
        return None
    numbers = [int(part) for part in (version or "").split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
