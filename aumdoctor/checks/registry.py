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
from aumdoctor.checks.assignment_location_mismatch import assignment_location_mismatch
from aumdoctor.checks.assignment_orphaned import assignment_orphaned
from aumdoctor.checks.automatic_by_os_not_manual import automatic_by_os_not_manual
from aumdoctor.checks.automatic_updates_immutable import automatic_updates_immutable
from aumdoctor.checks.autopatch_image_not_supported import autopatch_image_not_supported
from aumdoctor.checks.availability_set_split import availability_set_split
from aumdoctor.checks.bypass_flag_missing import bypass_flag_missing
from aumdoctor.checks.bypass_without_platform_mode import bypass_without_platform_mode
from aumdoctor.checks.check import Check
from aumdoctor.checks.classification_mismatch import classification_mismatch
from aumdoctor.checks.cluster_password_update import cluster_password_update
from aumdoctor.checks.compute_provider_unregistered import compute_provider_unregistered
from aumdoctor.checks.concurrent_schedules import concurrent_schedules
from aumdoctor.checks.cross_subscription_region_note import cross_subscription_region_note
from aumdoctor.checks.custom_image_autopatch_noop import custom_image_autopatch_noop
from aumdoctor.checks.customer_managed_without_schedule import customer_managed_without_schedule
from aumdoctor.checks.dynamic_scope_misses import dynamic_scope_misses
from aumdoctor.checks.dynamic_scope_rg_null_location import dynamic_scope_rg_null_location
from aumdoctor.checks.dynamic_scope_subscription_not_ready import dynamic_scope_subscription_not_ready
from aumdoctor.checks.error_details_truncated import error_details_truncated
from aumdoctor.checks.extension_operations_disabled import extension_operations_disabled
from aumdoctor.checks.first_run_not_start_date import first_run_not_start_date
from aumdoctor.checks.host_or_osimage_overlap import host_or_osimage_overlap
from aumdoctor.checks.hotpatching_under_schedule import hotpatching_under_schedule
from aumdoctor.checks.image_not_supported import image_not_supported
from aumdoctor.checks.in_place_os_upgrade import in_place_os_upgrade
from aumdoctor.checks.install_completed_with_warnings import install_completed_with_warnings
from aumdoctor.checks.install_stuck_inprogress import install_stuck_inprogress
from aumdoctor.checks.installation_failed import installation_failed
from aumdoctor.checks.insufficient_caller_rbac import insufficient_caller_rbac
from aumdoctor.checks.internal_execution_error import internal_execution_error
from aumdoctor.checks.kb_filters import kb_filters
from aumdoctor.checks.late_scope_change import late_scope_change
from aumdoctor.checks.lighthouse_delegation import lighthouse_delegation
from aumdoctor.checks.linux_auto_assess_inactive import linux_auto_assess_inactive
from aumdoctor.checks.linux_classification_combination import linux_classification_combination
from aumdoctor.checks.linux_end_of_life import linux_end_of_life
from aumdoctor.checks.linux_repositories_unreachable import linux_repositories_unreachable
from aumdoctor.checks.machine_not_running import machine_not_running
from aumdoctor.checks.maintenance_provider_unregistered import maintenance_provider_unregistered
from aumdoctor.checks.maintenance_window_exceeded import maintenance_window_exceeded
from aumdoctor.checks.name_too_long import name_too_long
from aumdoctor.checks.never_onboarded import never_onboarded
from aumdoctor.checks.new_vm_trigger_delay import new_vm_trigger_delay
from aumdoctor.checks.not_assessed import not_assessed
from aumdoctor.checks.nothing_selected import nothing_selected
from aumdoctor.checks.patch_extension_missing import patch_extension_missing
from aumdoctor.checks.patch_extension_unhealthy import patch_extension_unhealthy
from aumdoctor.checks.patch_mode_drift import patch_mode_drift
from aumdoctor.checks.patch_mode_not_schedulable import patch_mode_not_schedulable
from aumdoctor.checks.pending_update_stuck import pending_update_stuck
from aumdoctor.checks.periodic_assessment_off import periodic_assessment_off
from aumdoctor.checks.policy_remediation_denied import policy_remediation_denied
from aumdoctor.checks.pre_event_delivery_failure import pre_event_delivery_failure
from aumdoctor.checks.reboot_never_with_pending_reboot import reboot_never_with_pending_reboot
from aumdoctor.checks.reboot_setting_overridden import reboot_setting_overridden
from aumdoctor.checks.recurrence_invalid import recurrence_invalid_or_too_frequent
from aumdoctor.checks.run_cancelled import run_cancelled
from aumdoctor.checks.run_no_op import run_no_op
from aumdoctor.checks.run_without_machine_record import run_without_machine_record
from aumdoctor.checks.scale_set_or_aks_member import scale_set_or_aks_member
from aumdoctor.checks.schedule_expired import schedule_expired
from aumdoctor.checks.schedule_policy_missed import schedule_policy_missed
from aumdoctor.checks.schedule_without_machines import schedule_without_machines
from aumdoctor.checks.service_limits import service_limits
from aumdoctor.checks.shutdown_or_unresponsive import shutdown_or_unresponsive
from aumdoctor.checks.single_wave import single_wave
from aumdoctor.checks.sql_vm_automated_patching_overlap import sql_vm_automated_patching_overlap
from aumdoctor.checks.start_near_midnight import start_near_midnight
from aumdoctor.checks.start_too_soon import start_too_soon
from aumdoctor.checks.supporting_provider_unregistered import supporting_provider_unregistered
from aumdoctor.checks.throttled import throttled
from aumdoctor.checks.timezone_unexpected import timezone_unexpected
from aumdoctor.checks.unintended_platform_patching import unintended_platform_patching
from aumdoctor.checks.vm_agent_not_provisioned import vm_agent_not_provisioned
from aumdoctor.checks.vm_agent_not_ready import vm_agent_not_ready
from aumdoctor.checks.vm_agent_outdated import vm_agent_outdated
from aumdoctor.checks.vm_provisioning_not_succeeded import vm_provisioning_not_succeeded
from aumdoctor.checks.vm_without_os_profile import vm_without_os_profile
from aumdoctor.checks.vmss_flex_no_app_health import vmss_flex_no_app_health
from aumdoctor.checks.window_length_out_of_range import window_length_out_of_range
from aumdoctor.checks.window_too_short_for_backlog import window_too_short_for_backlog
from aumdoctor.checks.windows_client_os import windows_client_os
from aumdoctor.checks.windows_update_access_denied import windows_update_access_denied
from aumdoctor.checks.windows_update_disabled import windows_update_disabled
from aumdoctor.checks.windows_update_shutting_down import windows_update_shutting_down
from aumdoctor.checks.windows_update_unreachable import windows_update_unreachable
from aumdoctor.checks.wrong_scope_or_mode import wrong_scope_or_mode
from aumdoctor.checks.wsus_misconfigured import wsus_misconfigured

CHECKS: tuple[Check, ...] = (
    assessment_policy_missed,
    schedule_policy_missed,
    policy_remediation_denied,
    compute_provider_unregistered,
    assignment_broken_by_move,
    automatic_by_os_not_manual,
    not_assessed,
    concurrent_schedules,
    new_vm_trigger_delay,
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
    insufficient_caller_rbac,
    lighthouse_delegation,
    image_not_supported,
    windows_client_os,
    scale_set_or_aks_member,
    vmss_flex_no_app_health,
    in_place_os_upgrade,
    linux_end_of_life,
    vm_without_os_profile,
    wrong_scope_or_mode,
    window_length_out_of_range,
    window_too_short_for_backlog,
    recurrence_invalid_or_too_frequent,
    start_too_soon,
    start_near_midnight,
    schedule_expired,
    first_run_not_start_date,
    timezone_unexpected,
    classification_mismatch,
    linux_classification_combination,
    nothing_selected,
    kb_filters,
    reboot_never_with_pending_reboot,
    assignment_orphaned,
    schedule_without_machines,
    dynamic_scope_misses,
    dynamic_scope_rg_null_location,
    dynamic_scope_subscription_not_ready,
    assignment_location_mismatch,
    service_limits,
    name_too_long,
    host_or_osimage_overlap,
    availability_set_split,
    single_wave,
    late_scope_change,
    pre_event_delivery_failure,
    run_cancelled,
    pending_update_stuck,
    cross_subscription_region_note,
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
    install_completed_with_warnings,
    install_stuck_inprogress,
    run_without_machine_record,
    run_no_op,
    internal_execution_error,
    error_details_truncated,
    throttled,
    sql_vm_automated_patching_overlap,
    custom_image_autopatch_noop,
    never_onboarded,
    cluster_password_update,
)
