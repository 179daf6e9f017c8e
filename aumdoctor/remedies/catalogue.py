"""Every remedy, by hand, and the one place that makes them out for a finding."""

from aumdoctor.checks.check import Check
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.add_application_health import add_application_health
from aumdoctor.remedies.allow_arc_extensions import allow_arc_extensions
from aumdoctor.remedies.allow_extension_operations import allow_extension_operations
from aumdoctor.remedies.allow_restarts import allow_restarts
from aumdoctor.remedies.ask_for_rights import ask_for_rights
from aumdoctor.remedies.ask_who_cancelled import ask_who_cancelled
from aumdoctor.remedies.assess_now import assess_now
from aumdoctor.remedies.assign_esu_license import assign_esu_license
from aumdoctor.remedies.assign_schedule import assign_schedule
from aumdoctor.remedies.attach_to_schedule import attach_to_schedule
from aumdoctor.remedies.await_next_run import await_next_run
from aumdoctor.remedies.correct_dynamic_scope import correct_dynamic_scope
from aumdoctor.remedies.correct_filters import correct_filters
from aumdoctor.remedies.correct_recurrence import correct_recurrence
from aumdoctor.remedies.correct_schedule_scope import correct_schedule_scope
from aumdoctor.remedies.correct_wsus_pointer import correct_wsus_pointer
from aumdoctor.remedies.customer_managed_schedule import customer_managed_schedule
from aumdoctor.remedies.declare_guest_patching import declare_guest_patching
from aumdoctor.remedies.declare_patch_settings import declare_patch_settings
from aumdoctor.remedies.delete_arc_extension import delete_arc_extension
from aumdoctor.remedies.detach_from_schedule import detach_from_schedule
from aumdoctor.remedies.disable_hotpatching import disable_hotpatching
from aumdoctor.remedies.enable_periodic_assessment import enable_periodic_assessment
from aumdoctor.remedies.find_missed_run import find_missed_run
from aumdoctor.remedies.finish_extension_deletion import finish_extension_deletion
from aumdoctor.remedies.give_schedule_machines import give_schedule_machines
from aumdoctor.remedies.grant_policy_role import grant_policy_role
from aumdoctor.remedies.install_cumulative_update import install_cumulative_update
from aumdoctor.remedies.install_on_demand import install_on_demand
from aumdoctor.remedies.install_vm_agent import install_vm_agent
from aumdoctor.remedies.keep_running_in_window import keep_running_in_window
from aumdoctor.remedies.lengthen_window import lengthen_window
from aumdoctor.remedies.manage_windows_client import manage_windows_client
from aumdoctor.remedies.meet_hotpatch_prerequisites import meet_hotpatch_prerequisites
from aumdoctor.remedies.move_start_from_midnight import move_start_from_midnight
from aumdoctor.remedies.open_linux_repositories import open_linux_repositories
from aumdoctor.remedies.open_way_beside_private_link import open_way_beside_private_link
from aumdoctor.remedies.open_windows_update_endpoints import open_windows_update_endpoints
from aumdoctor.remedies.patch_scale_set import patch_scale_set
from aumdoctor.remedies.patch_unsupported_system import patch_unsupported_system
from aumdoctor.remedies.read_guest_log import read_guest_log
from aumdoctor.remedies.reapply import reapply
from aumdoctor.remedies.reconnect_arc_agent import reconnect_arc_agent
from aumdoctor.remedies.reconnect_in_supported_region import reconnect_in_supported_region
from aumdoctor.remedies.recreate_assignment import recreate_assignment
from aumdoctor.remedies.redeploy_from_current_image import redeploy_from_current_image
from aumdoctor.remedies.register_provider import register_provider
from aumdoctor.remedies.remediate_policy import remediate_policy
from aumdoctor.remedies.remedy import Remedy, RemedyKind
from aumdoctor.remedies.remove_assignment import remove_assignment
from aumdoctor.remedies.remove_orphan_assignment import remove_orphan_assignment
from aumdoctor.remedies.renew_schedule import renew_schedule
from aumdoctor.remedies.reonboard_cloned_machine import reonboard_cloned_machine
from aumdoctor.remedies.repair_pre_event import repair_pre_event
from aumdoctor.remedies.repair_update_access import repair_update_access
from aumdoctor.remedies.restart_machine import restart_machine
from aumdoctor.remedies.restart_vm_agent import restart_vm_agent
from aumdoctor.remedies.run_in_guest import kinds, without_script
from aumdoctor.remedies.scan_slower import scan_slower
from aumdoctor.remedies.select_classifications import select_classifications
from aumdoctor.remedies.set_assignment_location import set_assignment_location
from aumdoctor.remedies.set_reboot_setting import set_reboot_setting
from aumdoctor.remedies.set_time_zone import set_time_zone
from aumdoctor.remedies.shorten_schedule_name import shorten_schedule_name
from aumdoctor.remedies.shorten_window import shorten_window
from aumdoctor.remedies.split_into_waves import split_into_waves
from aumdoctor.remedies.stagger_schedules import stagger_schedules
from aumdoctor.remedies.start_machine import start_machine
from aumdoctor.remedies.stay_within_limits import stay_within_limits
from aumdoctor.remedies.stop_patching_without_schedule import stop_patching_without_schedule
from aumdoctor.remedies.stop_sql_automated_patching import stop_sql_automated_patching
from aumdoctor.remedies.upgrade_arc_agent import upgrade_arc_agent
from aumdoctor.remedies.upgrade_linux_release import upgrade_linux_release
from aumdoctor.remedies.use_supported_image import use_supported_image
from aumdoctor.remedies.widen_dynamic_scope import widen_dynamic_scope
from aumdoctor.remedies.work_in_home_tenant import work_in_home_tenant

_BY_HAND: tuple[RemedyKind, ...] = (
    add_application_health,
    allow_arc_extensions,
    allow_extension_operations,
    allow_restarts,
    ask_for_rights,
    ask_who_cancelled,
    assess_now,
    assign_esu_license,
    assign_schedule,
    attach_to_schedule,
    await_next_run,
    correct_dynamic_scope,
    correct_filters,
    correct_recurrence,
    correct_schedule_scope,
    correct_wsus_pointer,
    customer_managed_schedule,
    declare_guest_patching,
    declare_patch_settings,
    delete_arc_extension,
    detach_from_schedule,
    disable_hotpatching,
    enable_periodic_assessment,
    find_missed_run,
    finish_extension_deletion,
    give_schedule_machines,
    grant_policy_role,
    install_cumulative_update,
    install_on_demand,
    install_vm_agent,
    keep_running_in_window,
    lengthen_window,
    manage_windows_client,
    meet_hotpatch_prerequisites,
    move_start_from_midnight,
    open_linux_repositories,
    open_way_beside_private_link,
    open_windows_update_endpoints,
    patch_scale_set,
    patch_unsupported_system,
    read_guest_log,
    reapply,
    reconnect_arc_agent,
    reconnect_in_supported_region,
    recreate_assignment,
    redeploy_from_current_image,
    register_provider,
    remediate_policy,
    remove_assignment,
    remove_orphan_assignment,
    renew_schedule,
    reonboard_cloned_machine,
    repair_pre_event,
    repair_update_access,
    restart_machine,
    restart_vm_agent,
    scan_slower,
    select_classifications,
    set_assignment_location,
    set_reboot_setting,
    set_time_zone,
    shorten_schedule_name,
    shorten_window,
    split_into_waves,
    stagger_schedules,
    start_machine,
    stay_within_limits,
    stop_patching_without_schedule,
    stop_sql_automated_patching,
    upgrade_arc_agent,
    upgrade_linux_release,
    use_supported_image,
    widen_dynamic_scope,
    work_in_home_tenant,
)

REMEDIES: tuple[RemedyKind, ...] = tuple(sorted((*_BY_HAND, *kinds()), key=lambda kind: kind.name))

BY_NAME = {kind.name: kind for kind in REMEDIES}


def remedies_for(finding: Finding, check: Check, estate: Estate) -> tuple[Remedy, ...]:
    """The remedies of a finding's check made out for it, best first. Those that are scripts are offered only: the plan
    makes them out for who names them."""
    prescribed = (BY_NAME[name].prescribe(finding, estate) for name in check.remedies)
    return tuple(without_script(remedy) for remedy in prescribed if remedy is not None)
