import pytest

from aumdoctor.guest.issues.package_manager import (
    auto_updates_services_conflict,
    disk_full,
    installation_failed,
    linux_package_manager_unhealthy,
)
from aumdoctor.model.guest import State
from tests.guest.issues.updating_records import (
    CONFIGURATION,
    after,
    assessed,
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
    summary,
    told,
    update,
)

FAULTS = {
    "dpkg-interrupted": "interrupted",
    "package-manager-locked": "locked",
    "rpm-database-broken": "database",
    "dpkg-database-broken": "database",
    "unmet-dependencies": "dependencies",
    "package-script-failed": "script or files",
    "package-files-conflict": "script or files",
}


@pytest.mark.parametrize("name", list(FAULTS))
def test_each_fault_of_the_package_manager(name: str) -> None:
    verdict = told(linux_package_manager_unhealthy, sign(name))
    assert verdict.likelihood == "confirmed"
    assert states(verdict)[FAULTS[name]] == "confirmed"
    assert list(states(verdict).values()).count("confirmed") == 1


def test_the_status_tells_an_interrupted_installation() -> None:
    text = "Package manager on machine is not healthy. To fix, please run: sudo dpkg --configure -a"
    assert likelihood(linux_package_manager_unhealthy, assessed("error", text)) == "confirmed"


def test_a_lock_passes_and_a_broken_database_does_not_by_an_assessment() -> None:
    good = assessed(at=after(60), sequence=6)
    assert likelihood(linux_package_manager_unhealthy, sign("package-manager-locked"), good) == "ruled-out"
    assert likelihood(linux_package_manager_unhealthy, sign("package-manager-locked"), assessed()) == "ruled-out"
    assert likelihood(linux_package_manager_unhealthy, sign("rpm-database-broken"), good) == "confirmed"
    assert (
        likelihood(linux_package_manager_unhealthy, sign("rpm-database-broken"), installed(at=after(60))) == "ruled-out"
    )


def test_an_installation_that_installed_nothing_proves_nothing() -> None:
    empty = installed(at=after(60), installedPatchCount=0)
    assert likelihood(linux_package_manager_unhealthy, sign("dpkg-interrupted"), empty) == "confirmed"


def test_a_bare_return_code_is_possible_unless_something_else_explains_it() -> None:
    bare = installed("error", "Investigate and resolve unexpected return code (100) from package manager")
    assert likelihood(linux_package_manager_unhealthy, bare) == "possible"
    assert likelihood(linux_package_manager_unhealthy, bare, sign("disk-full")) is None
    assert likelihood(linux_package_manager_unhealthy, installed()) is None
    by_log = sign("package-manager-failed", command="sudo apt-get -y install tzdata", exit_code="100")
    assert likelihood(linux_package_manager_unhealthy, by_log) == "possible"


def test_packages_that_failed_are_named() -> None:
    verdict = told(installation_failed, sign("package-install-failed", package="tzdata"), sign("out-of-memory"))
    assert "tzdata" in verdict.said
    assert states(verdict)["out of memory"] == "likely"
    patches = [
        {"name": "bash", "patchInstallationState": "Failed"},
        {"name": "vim", "patchInstallationState": "Installed"},
    ]
    verdict = told(installation_failed, installed("error", failedPatchCount=1, patches=patches))
    assert verdict.details == {"package": "bash"}
    assert likelihood(installation_failed, installed()) is None


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([sign("disk-full", path="/var")], "confirmed"),
        ([sign("filesystem-read-only", path="/")], "confirmed"),
        ([saw("disk-space", path="/boot")], "confirmed"),
        ([saw("disk-space", State.WARNING, path="/boot")], "possible"),
        ([assessed("error", "E: You don't have enough free space in /var/cache/apt/archives/.")], "confirmed"),
        ([update("install", 0x80070070), of_windows()], "confirmed"),
        ([ok("disk-space", path="/")], None),
        ([sign("disk-full", path="/var"), installed(at=after(60))], "ruled-out"),
        ([sign("disk-full", path="/var"), ok("disk-space", at=after(60), path="/var")], "ruled-out"),
        ([sign("disk-full", path="/var"), ok("disk-space", at=after(60), path="/home")], "confirmed"),
    ],
)
def test_room_on_disks(records, expected) -> None:
    assert likelihood(disk_full, *records) == expected


def test_the_full_file_system_is_named() -> None:
    assert "/boot" in told(disk_full, sign("disk-full", path="/boot")).said


PLATFORM = request(patchMode="AutomaticByPlatform")


def state_of_system(state: str, minutes: float = 0):
    return status(summary(CONFIGURATION, at=after(minutes), automaticOSPatchState=state))


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([sign("auto-update-not-disabled")], "confirmed"),
        ([service("packagekit.service", "active"), PLATFORM], "likely"),
        ([service("packagekit.service", "active")], "possible"),
        ([service("packagekit.service", "inactive"), PLATFORM], None),
        ([service("unattended-upgrades.service", "active"), PLATFORM], "possible"),
        ([service("dnf-automatic.timer", "active"), state_of_system("Enabled"), PLATFORM], "confirmed"),
        ([state_of_system("Enabled")], None),
        ([sign("auto-update-not-disabled"), state_of_system("Disabled", 60)], "ruled-out"),
        ([saw("auto-update"), of_windows()], None),
    ],
)
def test_updaters_of_the_system_itself(records, expected) -> None:
    assert likelihood(auto_updates_services_conflict, *records) == expected
