"""What a machine has to reach to be patched, as host names (`*` for any label).

Sources: Azure/AzureUpdateManager, troubleshooter for Windows (the first six); windows-itpro-docs,
windows-update-errors.md and the Windows Update proxy article; azure-compute-docs, workloads/redhat/redhat-rhui.md.
"""

from datetime import date

from aumdoctor.knowledge.dated import Table

WINDOWS_UPDATE = (
    "windowsupdate.microsoft.com",
    "dl.delivery.mp.microsoft.com",
    "download.windowsupdate.com",
    "download.microsoft.com",
    "ntservicepack.microsoft.com",
    "go.microsoft.com",
    "*.windowsupdate.microsoft.com",
    "*.update.microsoft.com",
    "*.windowsupdate.com",
    "*.delivery.mp.microsoft.com",
)
"""Windows Update, TCP 443 and 80. It has no fixed addresses; Azure Firewall has the FQDN tag `WindowsUpdate` for it."""

RED_HAT_UPDATE_INFRASTRUCTURE = ("rhui4-1.microsoft.com", "rhui-1.microsoft.com")
"""RHUI of pay-as-you-go Red Hat images, TCP 443; it answers only to addresses of Azure's datacentres."""

TABLE = Table(
    name="endpoints",
    source="Azure/AzureUpdateManager: troubleshooter; windows-itpro-docs: windows-update-errors.md; "
    "azure-compute-docs: workloads/redhat/redhat-rhui.md",
    as_of=date(2026, 11, 21),
    rows=len(WINDOWS_UPDATE) + len(RED_HAT_UPDATE_INFRASTRUCTURE),
)
