"""The issues of updating that only the guest shows, in the order of their numbers."""

from __future__ import annotations

from aumdoctor.guest.issue import Issue
from aumdoctor.guest.issues.extension import (
    arc_update_extension_missing,
    arc_update_extension_unhealthy,
    extension_operations_disabled,
    patch_extension_missing,
    patch_extension_unhealthy,
    vm_agent_not_ready,
    wireserver_blocked,
)
from aumdoctor.guest.issues.false_compliance import false_compliance
from aumdoctor.guest.issues.guest_log_locations import guest_log_locations
from aumdoctor.guest.issues.linux_auto_assess import linux_auto_assess_inactive
from aumdoctor.guest.issues.linux_repositories import (
    linux_repositories_unreachable,
    rhui_unreachable_or_cert_expired,
    unsupported_repo_only,
)
from aumdoctor.guest.issues.linux_symptoms import (
    apt_deb822_unsupported,
    error_details_truncated,
    linux_classification_combination,
    linux_end_of_life,
    linux_eula_or_uefi_settings,
    linux_os_blocked_by_extension,
    noexec_mount,
    operation_superseded,
    python_missing,
    systemd_missing,
    vm_agent_outdated,
    yum_no_classification_metadata,
)
from aumdoctor.guest.issues.maintenance_window import maintenance_window_exceeded
from aumdoctor.guest.issues.network import https_connectivity_failed, proxy_configured, tls12_disabled
from aumdoctor.guest.issues.package_manager import (
    auto_updates_services_conflict,
    disk_full,
    installation_failed,
    linux_package_manager_unhealthy,
)
from aumdoctor.guest.issues.patched_by_another import patched_by_another
from aumdoctor.guest.issues.restarts import (
    pending_reboot_linux,
    reboot_insufficient_time,
    reboot_never_with_pending_reboot,
)
from aumdoctor.guest.issues.stale_extension_status import stale_extension_status_in_image
from aumdoctor.guest.issues.sudo import sudo_missing
from aumdoctor.guest.issues.windows_settings import (
    dotnet_too_old,
    gpo_overrides,
    microsoft_update_not_registered,
    os_autoupdate_still_on,
    pending_reboot_windows,
    wu_history_not_showing,
)
from aumdoctor.guest.issues.windows_update_access_denied import windows_update_access_denied
from aumdoctor.guest.issues.windows_update_disabled import windows_update_disabled
from aumdoctor.guest.issues.windows_update_errors import (
    clock_or_root_ca,
    driver_or_interactive_updates,
    not_assessed,
    superseded_or_defender_definitions,
    winre_partition_too_small,
    wu_corrupt_store,
)
from aumdoctor.guest.issues.windows_update_shutting_down import windows_update_shutting_down
from aumdoctor.guest.issues.windows_update_unreachable import windows_update_unreachable
from aumdoctor.guest.issues.wsus_misconfigured import wsus_misconfigured, wsus_unapproved_updates

ISSUES_OF_UPDATING: tuple[Issue, ...] = (
    guest_log_locations,
    not_assessed,
    maintenance_window_exceeded,
    arc_update_extension_missing,
    arc_update_extension_unhealthy,
    patch_extension_missing,
    patch_extension_unhealthy,
    extension_operations_disabled,
    sudo_missing,
    proxy_configured,
    tls12_disabled,
    https_connectivity_failed,
    linux_auto_assess_inactive,
    linux_repositories_unreachable,
    windows_update_unreachable,
    windows_update_disabled,
    wsus_misconfigured,
    windows_update_access_denied,
    windows_update_shutting_down,
    vm_agent_not_ready,
    vm_agent_outdated,
    linux_end_of_life,
    linux_classification_combination,
    reboot_never_with_pending_reboot,
    wireserver_blocked,
    linux_package_manager_unhealthy,
    apt_deb822_unsupported,
    rhui_unreachable_or_cert_expired,
    python_missing,
    systemd_missing,
    linux_os_blocked_by_extension,
    auto_updates_services_conflict,
    operation_superseded,
    noexec_mount,
    disk_full,
    yum_no_classification_metadata,
    reboot_insufficient_time,
    linux_eula_or_uefi_settings,
    unsupported_repo_only,
    dotnet_too_old,
    microsoft_update_not_registered,
    wsus_unapproved_updates,
    os_autoupdate_still_on,
    gpo_overrides,
    pending_reboot_windows,
    winre_partition_too_small,
    driver_or_interactive_updates,
    wu_history_not_showing,
    superseded_or_defender_definitions,
    stale_extension_status_in_image,
    wu_corrupt_store,
    clock_or_root_ca,
    installation_failed,
    error_details_truncated,
    false_compliance,
    patched_by_another,
    pending_reboot_linux,
)
