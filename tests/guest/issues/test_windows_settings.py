import pytest

from aumdoctor.guest.issues.patched_by_another import patched_by_another
from aumdoctor.guest.issues.windows_settings import (
    dotnet_too_old,
    gpo_overrides,
    microsoft_update_not_registered,
    os_autoupdate_still_on,
    pending_reboot_windows,
    wu_history_not_showing,
)
from aumdoctor.model.guest import InstalledUpdate, Origin, State
from tests.guest.issues.updating_records import (
    POLICY,
    WINDOWS,
    after,
    assessed,
    event,
    installed,
    likelihood,
    of_windows,
    ok,
    request,
    saw,
    sign,
    states,
    told,
    update,
    value,
)

AU = POLICY + r"\AU"
DOT_NET = r"HKLM\SOFTWARE\Microsoft\NET Framework Setup\NDP\v4\Full"


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (value("Release", 378388, DOT_NET), "confirmed"),
        (value("Release", 378389, DOT_NET), None),
        (value("Release", None, DOT_NET, exists=False), "confirmed"),
        (saw("dotnet"), "confirmed"),
        (saw("dotnet", weak=True), "possible"),
        (ok("dotnet"), None),
    ],
)
def test_the_version_of_dot_net(record, expected) -> None:
    assert likelihood(dotnet_too_old, record) == expected


def test_microsoft_update() -> None:
    assert likelihood(microsoft_update_not_registered, saw("microsoft-update", State.WARNING)) == "confirmed"
    assert likelihood(microsoft_update_not_registered, ok("microsoft-update")) is None


def test_automatic_updates_count_only_where_they_are_not_switched_off() -> None:
    four, off = value("AUOptions", 4, AU), value("NoAutoUpdate", 1, AU)
    assert likelihood(os_autoupdate_still_on, four) == "confirmed"
    assert likelihood(os_autoupdate_still_on, four, off) is None
    assert likelihood(os_autoupdate_still_on, value("AUOptions", 3, AU)) is None


def test_installations_by_windows_itself_are_likely() -> None:
    own = update("install", caller="MoUpdateOrchestrator", title="KB5000001")
    assert likelihood(os_autoupdate_still_on, own) == "likely"
    assert likelihood(os_autoupdate_still_on, own, value("NoAutoUpdate", 1, AU)) == "possible"


def test_a_policy_that_sets_it_back() -> None:
    wanted = request(patchMode="AutomaticByPlatform")
    assert likelihood(gpo_overrides, wanted, value("NoAutoUpdate", 0, AU)) == "likely"
    assert likelihood(gpo_overrides, wanted, value("NoAutoUpdate", 1, AU)) is None
    assert likelihood(gpo_overrides, value("NoAutoUpdate", 0, AU)) is None
    again = [sign("windows-auto-update", at=after(n), changed="yes") for n in (0, 60)]
    assert likelihood(gpo_overrides, *again) == "likely"
    assert likelihood(gpo_overrides, again[0]) is None


REBOOT = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired"


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([value("", None, REBOOT)], "confirmed"),
        ([value("", None, REBOOT, exists=False)], None),
        ([value("0d1f", 1, REBOOT)], "confirmed"),
        (
            [value("PendingFileRenameOperations", "x", r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager")],
            "possible",
        ),
        ([saw("pending-reboot")], "confirmed"),
        ([assessed(rebootPending=True, extension=WINDOWS)], "confirmed"),
        ([assessed(rebootPending=True, extension=WINDOWS), event("EventLog", 6005, at=after(30))], "ruled-out"),
        ([assessed(rebootPending=True, extension=WINDOWS), event("EventLog", 6005, at=after(-30))], "confirmed"),
        ([assessed(rebootPending=True)], None),
        ([installed(rebootStatus="Required", extension=WINDOWS)], "confirmed"),
        ([update("install", 0x80240016, title="KB5000001")], "confirmed"),
        ([assessed(rebootPending=False, extension=WINDOWS)], None),
    ],
)
def test_what_tells_that_windows_waits_for_a_restart(records, expected) -> None:
    assert likelihood(pending_reboot_windows, *records, *([] if expected is None else [of_windows()])) == expected


def listed(kb: str) -> InstalledUpdate:
    return InstalledUpdate(origin=Origin("hotfix.txt"), kb=kb, text=kb)


def test_an_update_that_was_installed_and_is_not_listed() -> None:
    made = update("install", title="2026-08 .NET (KB5000004)")
    assert likelihood(wu_history_not_showing, made, listed("KB5000001")) == "likely"
    assert likelihood(wu_history_not_showing, made, listed("KB5000004")) is None
    assert likelihood(wu_history_not_showing, made) is None


class TestPatchedByAnother:
    @pytest.mark.parametrize(
        ("caller", "who"),
        [
            ("CcmExec", "Configuration Manager"),
            ("UpdateOrchestrator", "Windows itself"),
            ("wusa", "a person or a script"),
            ("SomeTool", "SomeTool"),
        ],
    )
    def test_the_caller_names_who_it_was(self, caller: str, who: str) -> None:
        verdict = told(patched_by_another, update("install", caller=caller, title="Update (KB5000005)"))
        assert verdict.likelihood == "confirmed"
        assert who in verdict.said
        assert "KB5000005" in verdict.said

    @pytest.mark.parametrize(
        "record",
        [
            update("install", title="KB1"),
            update("install", caller="WindowsOsUpdateExtension"),
            update("install", caller="Windows Defender"),
            update("install", caller="UpdateAgentLCU"),
            update("install", 0x80073712, caller="CcmExec"),
            update("search", caller="CcmExec"),
            update("install", caller=""),
        ],
    )
    def test_what_is_not_counted(self, record) -> None:
        assert likelihood(patched_by_another, record) is None

    def restart(
        self, process: str = r"C:\Windows\servicing\TrustedInstaller.exe", minutes: float = 0, code: str = "0x80020003"
    ):
        return event("User32", 1074, at=after(minutes), param1=process, param2="vm", param3="x", param4=code)

    def test_a_restart_for_updates_far_from_every_run(self) -> None:
        assert likelihood(patched_by_another, self.restart(), update("install", at=after(-3000))) == "likely"

    def test_a_restart_near_a_run_of_update_manager_is_its_own(self) -> None:
        assert likelihood(patched_by_another, self.restart(), update("install", at=after(-60))) is None
        run = installed(at=after(-10), extension=WINDOWS)
        assert likelihood(patched_by_another, self.restart(), run) is None

    def test_with_no_trace_of_update_manager_it_is_possible(self) -> None:
        assert likelihood(patched_by_another, self.restart()) == "possible"
        assert (
            likelihood(patched_by_another, self.restart(r"C:\Windows\system32\svchost.exe", code="0x80020010"))
            == "possible"
        )

    @pytest.mark.parametrize(
        "process", [r"C:\Windows\system32\winlogon.exe", r"C:\Windows\Explorer.EXE", "shutdown.exe"]
    )
    def test_a_person_s_restart_is_nothing_of_updates(self, process: str) -> None:
        assert likelihood(patched_by_another, self.restart(process, code="0x500ff")) is None

    def test_update_manager_beside_it_is_told(self) -> None:
        both = (update("install", caller="CcmExec"), update("install", title="KB5000006"))
        assert states(told(patched_by_another, *both)) == {"Azure Update Manager too": "confirmed"}
