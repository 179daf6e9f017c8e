"""Every check, by hand and in order of id. A new check is one file and one line here."""

from aumdoctor.checks.arc_agent_outdated import arc_agent_outdated
from aumdoctor.checks.arc_cost import arc_cost
from aumdoctor.checks.arc_disconnected import arc_disconnected
from aumdoctor.checks.arc_esu_not_licensed import arc_esu_not_licensed
from aumdoctor.checks.arc_extension_stuck_deleting import arc_extension_stuck_deleting
from aumdoctor.checks.arc_extensions_disabled import arc_extensions_disabled
from aumdoctor.checks.arc_hotpatch_action_required import arc_hotpatch_action_required
from aumdoctor.checks.arc_machine_cloned import arc_machine_cloned
from aumdoctor.checks.arc_private_link import arc_private_link
from aumdoctor.checks.arc_provider_unregistered import arc_provider_unregistered
from aumdoctor.checks.arc_region_unsupported import arc_region_unsupported
from aumdoctor.checks.arc_unsupported_os import arc_unsupported_os
from aumdoctor.checks.arc_update_extension_missing import arc_update_extension_missing
from aumdoctor.checks.arc_update_extension_unhealthy import arc_update_extension_unhealthy
from aumdoctor.checks.assessment_failed import assessment_failed
from aumdoctor.checks.assessment_policy_missed import assessment_policy_missed
from aumdoctor.checks.assessment_stale import assessment_stale
from aumdoctor.checks.assignment_broken_by_move import assignment_broken_by_move
from aumdoctor.checks.assignment_orphaned import assignment_orphaned
from aumdoctor.checks.automatic_by_os_not_manual import automatic_by_os_not_manual
from aumdoctor.checks.automatic_updates_immutable import automatic_updates_immutable
from aumdoctor.checks.autopatch_image_not_supported import autopatch_image_not_supported
from aumdoctor.checks.bypass_flag_missing import bypass_flag_missing
from aumdoctor.checks.bypass_without_platform_mode import bypass_without_platform_mode
from aumdoctor.checks.check import Check
from aumdoctor.checks.compute_provider_unregistered import compute_provider_unregistered
from aumdoctor.checks.customer_managed_without_schedule import customer_managed_without_schedule
from aumdoctor.checks.dynamic_scope_misses import dynamic_scope_misses
from aumdoctor.checks.extension_operations_disabled import extension_operations_disabled
from aumdoctor.checks.hotpatching_under_schedule import hotpatching_under_schedule
from aumdoctor.checks.image_not_supported import image_not_supported
from aumdoctor.checks.installation_failed import installation_failed
from aumdoctor.checks.lighthouse_delegation import lighthouse_delegation
from aumdoctor.checks.linux_auto_assess_inactive import linux_auto_assess_inactive
from aumdoctor.checks.linux_end_of_life import linux_end_of_life
from aumdoctor.checks.linux_repositories_unreachable import linux_repositories_unreachable
from aumdoctor.checks.machine_not_running import machine_not_running
from aumdoctor.checks.maintenance_provider_unregistered import maintenance_provider_unregistered
from aumdoctor.checks.maintenance_window_exceeded import maintenance_window_exceeded
from aumdoctor.checks.never_onboarded import never_onboarded
from aumdoctor.checks.not_assessed import not_assessed
from aumdoctor.checks.patch_extension_missing import patch_extension_missing
from aumdoctor.checks.patch_extension_unhealthy import patch_extension_unhealthy
from aumdoctor.checks.patch_mode_drift import patch_mode_drift
from aumdoctor.checks.patch_mode_not_schedulable import patch_mode_not_schedulable
from aumdoctor.checks.periodic_assessment_off import periodic_assessment_off
from aumdoctor.checks.policy_remediation_denied import policy_remediation_denied
from aumdoctor.checks.reboot_setting_overridden import reboot_setting_overridden
from aumdoctor.checks.scale_set_or_aks_member import scale_set_or_aks_member
from aumdoctor.checks.schedule_expired import schedule_expired
from aumdoctor.checks.schedule_policy_missed import schedule_policy_missed
from aumdoctor.checks.schedule_without_machines import schedule_without_machines
from aumdoctor.checks.shutdown_or_unresponsive import shutdown_or_unresponsive
from aumdoctor.checks.supporting_provider_unregistered import supporting_provider_unregistered
from aumdoctor.checks.unintended_platform_patching import unintended_platform_patching
from aumdoctor.checks.vm_agent_not_provisioned import vm_agent_not_provisioned
from aumdoctor.checks.vm_agent_not_ready import vm_agent_not_ready
from aumdoctor.checks.vm_agent_outdated import vm_agent_outdated
from aumdoctor.checks.vm_provisioning_not_succeeded import vm_provisioning_not_succeeded
from aumdoctor.checks.vm_without_os_profile import vm_without_os_profile
from aumdoctor.checks.window_length_out_of_range import window_length_out_of_range
from aumdoctor.checks.windows_client_os import windows_client_os
from aumdoctor.checks.windows_update_access_denied import windows_update_access_denied
from aumdoctor.checks.windows_update_disabled import windows_update_disabled
from aumdoctor.checks.windows_update_shutting_down import windows_update_shutting_down
from aumdoctor.checks.windows_update_unreachable import windows_update_unreachable
from aumdoctor.checks.wsus_misconfigured import wsus_misconfigured

CHECKS: tuple[Check, ...] = (
    assessment_policy_missed,
    schedule_policy_missed,
    policy_remediation_denied,
    compute_provider_unregistered,
    assignment_broken_by_move,
    automatic_by_os_not_manual,
    not_assessed,
    shutdown_or_unresponsive,
    machine_not_running,
    maintenance_window_exceeded,
    arc_update_extension_missing,
    arc_update_extension_unhealthy,
    patch_extension_missing,
    patch_extension_unhealthy,
    extension_operations_disabled,
    linux_auto_assess_inactive,
    linux_repositories_unreachable,
    windows_update_unreachable,
    windows_update_disabled,
    wsus_misconfigured,
    windows_update_access_denied,
    windows_update_shutting_down,
    patch_mode_not_schedulable,
    bypass_flag_missing,
    bypass_without_platform_mode,
    customer_managed_without_schedule,
    unintended_platform_patching,
    autopatch_image_not_supported,
    hotpatching_under_schedule,
    automatic_updates_immutable,
    vm_agent_not_provisioned,
    periodic_assessment_off,
    reboot_setting_overridden,
    patch_mode_drift,
    vm_agent_not_ready,
    vm_agent_outdated,
    vm_provisioning_not_succeeded,
    maintenance_provider_unregistered,
    supporting_provider_unregistered,
    lighthouse_delegation,
    image_not_supported,
    windows_client_os,
    scale_set_or_aks_member,
    linux_end_of_life,
    vm_without_os_profile,
    window_length_out_of_range,
    schedule_expired,
    assignment_orphaned,
    schedule_without_machines,
    dynamic_scope_misses,
    arc_disconnected,
    arc_machine_cloned,
    arc_agent_outdated,
    arc_extensions_disabled,
    arc_provider_unregistered,
    arc_region_unsupported,
    arc_extension_stuck_deleting,
    arc_private_link,
    arc_esu_not_licensed,
    arc_hotpatch_action_required,
    arc_cost,
    arc_unsupported_os,
    assessment_stale,
    assessment_failed,
    installation_failed,
    never_onboarded,
)
