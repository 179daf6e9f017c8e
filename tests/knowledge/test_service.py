import pytest

from aumdoctor.knowledge.service import in_portal, limit, needed_for, portal_names, resource_providers, service_limits


def test_a_limit_is_found_by_name_and_keeps_what_other_sources_say() -> None:
    window = limit("longest-window-minutes")
    assert window.value == 3 * 60 + 55
    assert "240" in window.elsewhere
    scopes = limit("dynamic-scopes-per-configuration")
    assert (scopes.value, scopes.sovereign) == (200, 100)
    with pytest.raises(KeyError):
        limit("none")


def test_the_limits_agree_with_what_schedules_are_measured_by() -> None:
    from aumdoctor.schedule.duration import LONGEST_WINDOW, SHORTEST_WINDOW

    assert LONGEST_WINDOW.total_seconds() == limit("longest-window-minutes").value * 60
    assert SHORTEST_WINDOW.total_seconds() == limit("shortest-window-minutes").value * 60
    assert all(row.value > 0 for row in service_limits().rows)


def test_a_provider_says_what_needs_it() -> None:
    assert "schedules" in needed_for("microsoft.MAINTENANCE")
    assert {row.namespace for row in resource_providers().rows if row.optional} == {
        "Microsoft.HybridConnectivity",
        "Microsoft.AzureArcData",
    }


def test_one_patch_mode_has_two_names_in_the_portal() -> None:
    names = in_portal("properties.osProfile.windowsConfiguration.patchSettings.patchMode", "automaticbyplatform")
    assert [name.portal for name in names] == ["Customer Managed Schedules", "Azure Managed - Safe Deployment"]
    assert all("bypassPlatformSafetyChecksOnUserSchedule" in name.also for name in names)
    assert in_portal("patchMode", "unheard-of") == ()


def test_every_value_of_the_patch_settings_has_a_name() -> None:
    values = {(row.property.rsplit(".", 1)[-1], row.value) for row in portal_names().rows}
    assert {
        ("patchMode", value) for value in ("AutomaticByPlatform", "AutomaticByOS", "Manual", "ImageDefault")
    } <= values
    assert {("assessmentMode", value) for value in ("AutomaticByPlatform", "ImageDefault")} <= values
