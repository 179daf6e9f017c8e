"""Which known issues of the guest name which remedies inside a machine: what `aumdoctor explain` says that they cure.

The issues choose their remedies while they judge; a test compares this with what they hold.
"""

CURES: dict[str, tuple[str, ...]] = {
    "attach-ubuntu-pro": ("AUM054",),
    "clear-wsus-pointer": ("AUM025", "AUM027", "AUM106"),
    "correct-clock": ("AUM116",),
    "correct-proxy": ("AUM020", "AUM022", "AUM024", "AUM025", "GST001"),
    "enable-tls12": ("AUM021", "AUM116"),
    "enable-windows-update-service": ("AUM026",),
    "forbid-shutdown-without-logon": ("WS002",),
    "free-disk-space": ("AUM028", "AUM099"),
    "grant-network-logon": ("WS004",),
    "install-cumulative-update": ("WS001",),
    "install-scom-cu6": ("WS003",),
    "move-cluster-core-group": ("WS001",),
    "register-microsoft-update": ("AUM105",),
    "repair-package-manager": ("AUM024", "AUM090", "AUM092"),
    "repair-sudo": ("AUM019",),
    "require-network-level-authentication": ("WS002",),
    "reset-send-extra-record": ("WS003",),
    "reset-windows-update-store": ("AUM115",),
    "restart-auto-assess-timer": ("AUM023",),
    "restart-update-service": ("AUM026", "AUM029"),
    "set-send-extra-record": ("WS003",),
    "stop-automatic-updates": ("AUM096", "AUM107", "AUM108", "GST002"),
}
