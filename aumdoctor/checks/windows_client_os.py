"""AUM050: the machine runs a Windows client."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import structs

from aumdoctor.checks.check import Observation, Sign, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.detaching import assignment_details
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Operation, Severity
from aumdoctor.model.machine import Machine

_PUBLISHER = "microsoftwindowsdesktop"
_CLIENTS = ("windows 10", "windows 11", "windows 8", "windows 7")


@check(
    id="AUM050",
    name="windows-client-os",
    severity=Severity.HIGH,
    applies_to=Subject.MACHINE,
    os="windows",
    needs=(Fact.MACHINE,),
    uses=(Fact.ASSIGNMENTS, Fact.CONFIGURATIONS, Fact.INSTANCE_VIEW),
    blocks=(Operation.ASSESS, Operation.INSTALL, Operation.SCHEDULE),
    remedies=("detach-from-schedule", "manage-windows-client"),
    source="azure-docs: update-manager/unsupported-workloads.md, update-manager-faq.md, support-matrix-updates.md",
)
def windows_client_os(machine: Machine, context: Context) -> Iterator[Observation]:
    """The machine runs Windows 10, Windows 11 or another client, which Azure Update Manager does not manage.

    ## Why it matters
    Only Windows Server is supported. That goes for Azure Virtual Desktop too, multi-session editions included. Settings
    and schedules can be put on such a machine, yet its updates are nobody's.

    ## What to do
    Take it off its schedules and manage its updates with Microsoft Intune or Windows Update for Business.

    ## When it is wrong
    Windows IoT Enterprise is supported on Arc-enabled servers as a preview and is not reported there. The system's own
    word counts before the image: a VM may have been installed anew.
    """
    reported = machine.os_name
    path = "properties.osName" if machine.is_arc else "properties.instanceView.osName"
    if machine.arc is not None and machine.arc.os_sku:
        reported, path = machine.arc.os_sku, "properties.osSku"
    name = (reported or "").lower()
    from_image = machine.image is not None and (machine.image.publisher or "").lower() == _PUBLISHER
    is_client = any(client in name for client in _CLIENTS)
    if not (is_client or from_image) or "windows server" in name:
        return
    if machine.is_arc and "iot" in name:
        return
    signs: list[Sign] = []
    if is_client:
        signs.append(
            sign(path, reported, "a Windows Server", fact=Fact.MACHINE if machine.is_arc else Fact.INSTANCE_VIEW)
        )
    if from_image and machine.image is not None:
        signs.append(sign("properties.storageProfile.imageReference.publisher", machine.image.publisher))
    what = reported if is_client else "a Windows client image"
    scheduled = ", and a schedule is attached that cannot patch it" if context.is_scheduled(machine) else ""
    yield structs.replace(
        observe(f"it runs {what}, which Azure Update Manager does not manage{scheduled}", *signs),
        details=assignment_details(machine, context),
    )
