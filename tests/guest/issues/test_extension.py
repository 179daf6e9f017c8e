import pytest

from aumdoctor.guest.issues.extension import (
    arc_update_extension_missing,
    arc_update_extension_unhealthy,
    extension_operations_disabled,
    patch_extension_missing,
    patch_extension_unhealthy,
    vm_agent_not_ready,
    wireserver_blocked,
)
from aumdoctor.guest.issues.guest_log_locations import guest_log_locations
from aumdoctor.guest.issues.stale_extension_status import stale_extension_status_in_image
from tests.guest.issues.updating_records import (
    ARC,
    LINUX,
    WINDOWS,
    after,
    assessed,
    handler,
    installed,
    likelihood,
    of_windows,
    ok,
    request,
    saw,
    service,
    sign,
    states,
    status,
    told,
    wrapper,
)


@pytest.mark.parametrize(
    ("code", "name"),
    [(51, "system not supported"), (52, "Python missing"), (88, "sudo"), (64, "noexec")],
)
def test_the_exit_code_of_the_wrapper_points_at_the_cause(code: int, name: str) -> None:
    verdict = told(patch_extension_unhealthy, wrapper(code))
    assert verdict.likelihood == "confirmed"
    assert verdict.details == {"exit_code": str(code)}
    assert states(verdict)[name] == "likely"
    assert list(states(verdict).values()).count("likely") == 1


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([handler(WINDOWS, "NotReady", 1007)], "confirmed"),
        ([handler(WINDOWS, "Unresponsive")], "confirmed"),
        ([handler(WINDOWS, "Installing")], None),
        ([handler("Microsoft.CPlat.Core.RunCommandWindows", "NotReady")], None),
        ([sign("extension-command-failed", extension=LINUX, exit_code="88")], "confirmed"),
        ([sign("extension-command-failed", extension="Microsoft.Azure.Monitor", exit_code="1")], None),
        ([sign("extension-timeout", extension=LINUX)], "confirmed"),
        ([wrapper(88), assessed(at=after(60), sequence=6)], "ruled-out"),
        ([wrapper(88), assessed(at=after(-60), sequence=4)], "confirmed"),
        ([assessed("error", "anything")], None),
        ([assessed()], None),
    ],
)
def test_the_extension_s_health(records, expected) -> None:
    assert likelihood(patch_extension_unhealthy, *records) == expected


def test_arc_has_issues_of_its_own() -> None:
    failed = wrapper(88, extension=ARC)
    assert likelihood(patch_extension_unhealthy, failed) is None
    assert told(arc_update_extension_unhealthy, failed).remedies[0] == "delete-arc-extension"
    assert likelihood(arc_update_extension_unhealthy, wrapper(88)) is None
    assert likelihood(arc_update_extension_missing, saw("patch-extension")) is None
    arc = handler("Microsoft.SoftwareUpdateManagement.WindowsOsUpdateExtension")
    assert likelihood(patch_extension_missing, saw("patch-extension"), arc) is None


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([saw("patch-extension")], "confirmed"),
        ([saw("patch-extension", weak=True)], "possible"),
        ([handler("GuestAgent")], "likely"),
        ([handler("GuestAgent"), handler(WINDOWS)], None),
        ([ok("patch-extension")], None),
        ([saw("patch-extension", at=after(0)), assessed(at=after(60))], "ruled-out"),
    ],
)
def test_an_extension_that_is_not_there(records, expected) -> None:
    assert likelihood(patch_extension_missing, *records) == expected


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([saw("extension-operations")], "confirmed"),
        ([sign("extension-operations-off", log="waagent.log")], "confirmed"),
        ([sign("extension-operations-off"), sign("extension-enabled", at=after(60))], "ruled-out"),
        ([ok("extension-operations")], None),
    ],
)
def test_extensions_switched_off_in_the_agent(records, expected) -> None:
    assert likelihood(extension_operations_disabled, *records) == expected


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([service("walinuxagent.service", "inactive")], "confirmed"),
        ([service("walinuxagent.service", exists=False), service("waagent.service", "active")], None),
        ([service("RdAgent", "running", "automatic"), service("WindowsAzureGuestAgent", "stopped")], "confirmed"),
        ([service("walinuxagent", "inactive"), service("waagent.service", "active")], "possible"),
        ([handler("GuestAgent", "NotReady")], "confirmed"),
        ([handler("GuestAgent", "Ready")], None),
        ([saw("agent", weak=True)], "possible"),
        ([saw("agent", weak=True), service("waagent.service", "active")], "insufficient-evidence"),
        ([sign("goal-state-failed")], "likely"),
        ([sign("goal-state-failed"), sign("extension-enabled", at=after(5))], "ruled-out"),
    ],
)
def test_the_agent(records, expected) -> None:
    assert likelihood(vm_agent_not_ready, *records) == expected


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([saw("wireserver", port="80")], "confirmed"),
        ([sign("wireserver-unreachable")], "likely"),
        ([saw("wireserver"), sign("wireserver-unreachable")], "confirmed"),
        ([sign("wireserver-unreachable"), assessed(at=after(60))], "ruled-out"),
        ([saw("wireserver"), handler(ARC)], None),
        ([ok("wireserver")], None),
    ],
)
def test_the_address_by_which_azure_speaks(records, expected) -> None:
    assert likelihood(wireserver_blocked, *records) == expected


class TestOrphans:
    ORPHAN = status(sequence=9, is_orphan=True)

    def test_a_status_above_the_newest_request_is_left_over(self) -> None:
        verdict = told(stale_extension_status_in_image, self.ORPHAN, request(3), request(4))
        assert verdict.likelihood == "confirmed"
        assert "the newest request is 4" in verdict.said

    def test_without_the_requests_it_is_likely(self) -> None:
        assert likelihood(stale_extension_status_in_image, self.ORPHAN) == "likely"
        assert likelihood(stale_extension_status_in_image, assessed()) is None

    def test_it_is_judged_by_no_other_issue(self) -> None:
        orphan = status(
            sequence=9, is_orphan=True, status="error", code=88, message="Unable to invoke sudo successfully"
        )
        assert likelihood(patch_extension_unhealthy, orphan) is None


class TestLogs:
    def test_a_failure_without_a_log_says_which_files_to_collect(self) -> None:
        verdict = told(guest_log_locations, assessed("error", "Customer environment error: Investigate..."))
        assert verdict.likelihood == "insufficient-evidence"
        commands = " ".join(each.command for each in verdict.missing)
        assert "5.core.log" in commands
        assert "waagent.log" in commands
        assert "5.complete.status" in commands

    def test_windows_and_arc_have_their_own_places(self) -> None:
        failed = assessed("error", "x", extension=WINDOWS)
        places = [each.command for each in told(guest_log_locations, failed).missing]
        assert any("WindowsUpdateExtension.log" in each for each in places)
        assert any("AggregateStatus" in each for each in places)
        arc = assessed("error", "x", extension="Microsoft.SoftwareUpdateManagement.WindowsOsUpdateExtension")
        assert any("GuestConfig" in each.command for each in told(guest_log_locations, arc).missing)

    @pytest.mark.parametrize(
        "records",
        [
            [assessed("error", "x"), sign("core-exception")],
            [assessed("error", "x"), assessed(at=after(60), sequence=6)],
            [assessed()],
            [installed()],
            [assessed("error", "HRESULT: 0x8024402C", extension=WINDOWS), of_windows()],
        ],
    )
    def test_nothing_is_asked_for_where_it_is_there_or_not_needed(self, records) -> None:
        assert likelihood(guest_log_locations, *records) is None

    def test_the_log_of_another_request_does_not_help(self) -> None:
        assert likelihood(guest_log_locations, assessed("error", "x"), sign("sudo-works", log="4.core.log")) is not None

    def test_a_wrapper_that_failed_has_no_core_log_but_one_of_its_own(self) -> None:
        assert any("ext.log" in each.what for each in told(guest_log_locations, wrapper(88)).missing)
