"""Every check, by hand and in order of id. A new check is one file and one line here."""

from aumdoctor.checks.check import Check
from aumdoctor.checks.extension_operations_disabled import extension_operations_disabled
from aumdoctor.checks.maintenance_provider_unregistered import maintenance_provider_unregistered

CHECKS: tuple[Check, ...] = (
    extension_operations_disabled,
    maintenance_provider_unregistered,
)
