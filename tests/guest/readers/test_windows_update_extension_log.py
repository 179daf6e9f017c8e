from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aumdoctor.guest.readers.windows_update_extension_log import WINDOWS_UPDATE_EXTENSION_LOG, Clock, failures_in
from aumdoctor.guest.signs import MOST_ALIKE
from aumdoctor.knowledge.dated import load
from aumdoctor.knowledge.guest_signs import GuestSign
from aumdoctor.model.guest import Damage, LogSign, PatchRequest, Record
from tests.guest.artefacts import artefact
from tests.guest.readers.windows_samples import SAMPLES, sample

FOLDER = "C/WindowsAzure/Logs/Plugins/Microsoft.CPlat.Core.WindowsPatchExtension/1.5.80/"
REQUEST = (
    "09:11:54 [Info] Handler configuration successfully deserialized. [PublicSettings={"
    '"operation":2,"maximumDuration":"PT2H","classificationsToInclude":[1,2],"rebootSetting":1,"protectedSettings":"abc"}]\n'
)
INSTALLATION = f"""{REQUEST}\
09:11:55 [Info] Patch install operation successfully started.
09:12:18 [Info] Assessment completed: [Operation=Assessing][RequiredUpdate count=2][TimeTakenInMs=4172]
09:12:18 [Info] Update does not match to one of the specified classification. NOT INCLUDED [KBID=KB5007651]
         [KBID=KB890830]
09:12:18 [Info] Patch install operation completed with success. [DurationInSeconds=24]
"""


def read(text: str, path: str = FOLDER + "WindowsUpdateExtension.log") -> list[Record]:
    found = artefact(path, text)
    assert WINDOWS_UPDATE_EXTENSION_LOG.recognises(found)
    return list(WINDOWS_UPDATE_EXTENSION_LOG.read(found))


def signs(text: str) -> list[tuple[str, dict[str, str]]]:
    return [(record.sign, record.values) for record in read(text) if isinstance(record, LogSign)]


def test_an_assessment_that_failed_with_its_code_line_and_time() -> None:
    records = list(WINDOWS_UPDATE_EXTENSION_LOG.read(sample("WindowsUpdateExtension-8024402c.log")))
    failed = [each for each in records if isinstance(each, LogSign) and each.sign == "windows-assessment-failed"]
    assert [(each.values, each.origin.line) for each in failed] == [({"hresult": "0x8024402C"}, 4)]
    assert failed[0].at == datetime(2026, 8, 12, 6, 10, 11, tzinfo=UTC)
    codes = [each.values["hresult"] for each in records if isinstance(each, LogSign) and each.sign == "windows-hresult"]
    assert codes == ["0x8024402C"]


def test_the_request_is_kept_without_protected_settings() -> None:
    (request,) = [each for each in read(INSTALLATION) if isinstance(each, PatchRequest)]
    assert request.settings == {
        "operation": 2,
        "maximumDuration": "PT2H",
        "classificationsToInclude": [1, 2],
        "rebootSetting": 1,
    }
    assert request.extension == "microsoft.cplat.core.windowspatchextension"
    assert "abc" not in request.text


def test_a_request_that_is_cut_off_is_told() -> None:
    assert [type(each) for each in read('[Info] [PublicSettings={"operation":2,\n')] == [Damage]


def test_success_with_nothing_selected_is_no_failure() -> None:
    found = signs(INSTALLATION)
    assert ("windows-nothing-selected", {"required": "2", "not_selected": "2"}) in found
    assert ("windows-operation-succeeded", {"operation": "installation", "seconds": "24"}) in found
    assert [values["kb"] for sign, values in found if sign == "windows-update-not-selected"] == [
        "KB5007651",
        "KB890830",
    ]
    assert not [sign for sign, _ in found if sign.endswith("failed")]


def test_an_installation_that_installed_something_selected_something() -> None:
    text = INSTALLATION.replace(
        "         [KBID=KB890830]", "09:12:19 [Info] Update successfully installed. [KBID=KB890830]"
    )
    assert "windows-nothing-selected" not in [sign for sign, _ in signs(text)]


def test_log_without_dates_has_no_times() -> None:
    assert {record.at for record in read(INSTALLATION)} == {None}


@pytest.mark.parametrize(
    ("line", "sign", "values"),
    [
        (
            "[Error] Failed to download update KB5035857. Exception from HRESULT: 0x80240438",
            "windows-download-failed",
            {"hresult": "0x80240438", "kb": "KB5035857"},
        ),
        (
            "[Error] Installation of update [KBID=KB5035857] failed. HResult: 0x80070643",
            "windows-install-failed",
            {"hresult": "0x80070643", "kb": "KB5035857"},
        ),
        ("[Warn] Maintenance window exceeded, 4 minutes left", "windows-window-exceeded", {"minutes_left": "4"}),
        ("[Info] MaintenanceWindowExceeded=True", "windows-window-exceeded", {}),
        ("[Info] A reboot is required to complete the installation", "windows-reboot-required", {}),
        ("[Info] [RebootStatus=Required]", "windows-reboot-required", {}),
        ("[Info] Initiating reboot of the machine", "windows-reboot-started", {}),
        ("[Info] Restarting the machine now", "windows-reboot-started", {}),
        ("[Warn] Reboot is pending but skipped: not allowed by the request", "windows-reboot-skipped", {}),
        (
            "[Info] Received request with sequence number: 12 for Enable",
            "windows-request-received",
            {"sequence": "12", "command": "enable"},
        ),
        (
            "[Error] Enable command finished with exit code 51",
            "windows-command-failed",
            {"exit_code": "51", "command": "enable"},
        ),
        (
            "[Warn] Group Policy changed NoAutoUpdate from 1 \u2192 0",
            "windows-auto-update",
            {"no_auto_update": "0", "changed": "yes", "by": "group policy"},
        ),
    ],
)
def test_what_a_line_says(line: str, sign: str, values: dict[str, str]) -> None:
    assert (sign, values) in signs(f"2026-08-12 06:09:54Z {line}\n")


@pytest.mark.parametrize(
    "line",
    [
        "[Info] MaintenanceWindowExceeded=False",
        "[Info] Reboot is not required",
        "[Info] [RebootStatus=NotNeeded] [RebootSetting=IfRequired]",
        "[Info] Patch operation parameters [RebootSetting=Always] read",
        "[Info] The Windows Update service was restarted",
        "[Info] Process ended with exit code 0",
        "[Info] Download of KB5035857 completed",
        "[Info] Operation ended, HRESULT: 0x00240005",
        "[Info] Finished, Hresult:0",
    ],
)
def test_lines_that_tell_no_fault(line: str) -> None:
    found = {sign for sign, _ in signs(f"2026-08-12 06:09:54Z {line}\n")}
    table = {each.id: each for each in load("guest-signs-windows.toml", GuestSign, key=lambda each: each.id).rows}
    assert not [sign for sign in found if table[sign].fault or "reboot" in sign]


def test_codes_in_every_form_each_once() -> None:
    assert failures_in("HRESULT: 0x8024402c, Hresult:-2145107924 (HRESULT: 8024402C), Hresult:0") == ("0x8024402C",)


def test_the_same_failure_a_thousand_times_is_counted() -> None:
    line = "[Error] Windows update API failed to assess the machine. Error:Exception from HRESULT: 0x8024402C\n"
    found = [each for each in signs(line * 1000) if each[0] == "windows-hresult"]
    assert len(found) == MOST_ALIKE + 1
    assert found[-1][1]["count"] == str(1000 - MOST_ALIKE)


def test_times_of_the_day_follow_the_last_date() -> None:
    clock = Clock()
    assert clock.at("10:00:00 [Info] no date yet") is None
    assert clock.at("2026-08-12 23:59:50Z [Info] a") == datetime(2026, 8, 12, 23, 59, 50, tzinfo=UTC)
    assert clock.at("   at UpdateManagementAction.concrete") == datetime(2026, 8, 12, 23, 59, 50, tzinfo=UTC)
    assert clock.at("23:59:58 [Info] b") == datetime(2026, 8, 12, 23, 59, 58, tzinfo=UTC)
    assert clock.at("00:00:04 [Info] c") == datetime(2026, 8, 13, 0, 0, 4, tzinfo=UTC)
    assert clock.at("2026-99-99 00:00:00 [Info] odd") == datetime(2026, 8, 13, 0, 0, 4, tzinfo=UTC)


def test_arc_outputs_with_their_misspelt_name() -> None:
    folder = "C/ProgramData/GuestConfig/extension_logs/Microsoft.SoftwareUpdateManagement.WindowsOsUpdateExtension/"
    for name in ("cmd_execution_3_stdout.txt", "cmd_excution_3_stderr.txt"):
        found = read("Unhandled exception. 0x80070005 (E_ACCESSDENIED)\n", folder + name)
        assert [each.values["hresult"] for each in found if isinstance(each, LogSign)] == ["0x80070005"]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("Plugins/Microsoft.Compute.CustomScriptExtension/1.10/CommandExecution.log", "exit code 0x80070005\n"),
        ("Status/1.status", '[{"status": {"formattedMessage": "Windows update API failed"}}]'),
        ("notes.txt", "Windows update API failed to assess the machine\n"),
        ("1.core.log", "2026-08-12T06:09:54Z> Patch operation started\n"),
        ("var/log/app.log", "[INFO] something started with exit code 3\n"),
    ],
)
def test_files_of_others_are_not_taken(path: str, text: str) -> None:
    assert not WINDOWS_UPDATE_EXTENSION_LOG.recognises(artefact(path, text))


def test_every_sign_stands_in_the_table() -> None:
    known = {each.id for each in load("guest-signs-windows.toml", GuestSign, key=lambda each: each.id).rows}
    assert {sign for sign, _ in signs(INSTALLATION)} <= known


@given(st.binary(max_size=300), st.integers(0, 700))
def test_no_bytes_are_too_odd(noise: bytes, at: int) -> None:
    data = (SAMPLES / "WindowsUpdateExtension-8024402c.log").read_bytes()
    for content in (noise, data[:at] + noise + data[at:], (INSTALLATION[:at] + INSTALLATION).encode("utf-16") + noise):
        WINDOWS_UPDATE_EXTENSION_LOG.recognises(artefact("x", content))
        list(WINDOWS_UPDATE_EXTENSION_LOG.read(artefact("x", content)))
