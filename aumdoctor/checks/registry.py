"""Every check, by hand and in order of id. A new check is one file and one line here."""

from aumdoctor.checks.arc_disconnected import arc_disconnected
from aumdoctor.checks.arc_update_extension_missing import arc_update_extension_missing
from aumdoctor.checks.arc_update_extension_unhealthy import arc_update_extension_unhealthy
from aumdoctor.checks.automatic_by_os_not_manual import automatic_by_os_not_manual
from aumdoctor.checks.bypass_flag_missing import bypass_flag_missing
from aumdoctor.checks.check import Check
from aumdoctor.checks.compute_provider_unregistered import compute_provider_unregistered
from aumdoctor.checks.extension_operations_disabled import extension_operations_disabled
from aumdoctor.checks.machine_not_running import machine_not_running
from aumdoctor.checks.maintenance_provider_unregistered import maintenance_provider_unregistered
from aumdoctor.checks.patch_extension_missing import patch_extension_missing
from aumdoctor.checks.patch_extension_unhealthy import patch_extension_unhealthy
from aumdoctor.checks.patch_mode_not_schedulable import patch_mode_not_schedulable
from aumdoctor.checks.periodic_assessment_off import periodic_assessment_off
from aumdoctor.checks.vm_agent_not_ready import vm_agent_not_ready

CHECKS: tuple[Check, ...] = (
    compute_provider_unregistered,
    automatic_by_os_not_manual,
    machine_not_running,
    arc_update_extension_missing,
    arc_update_extension_unhealthy,
    patch_extension_missing,
    patch_extension_unhealthy,
    extension_operations_disabled,
    patch_mode_not_schedulable,
    bypass_flag_missing,
    periodic_assessment_off,
    vm_agent_not_ready,
    maintenance_provider_unregistered,
    arc_disconnected,
)
