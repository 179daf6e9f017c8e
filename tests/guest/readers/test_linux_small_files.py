import json
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aumdoctor.guest.artefact import UnreadableError
from aumdoctor.guest.readers.ext_log import ext_log
from aumdoctor.guest.readers.extension_state import extension_state
from aumdoctor.guest.readers.settings import settings
from aumdoctor.guest.readers.waagent_log import waagent_log
from aumdoctor.model.guest import ExtensionHandler, ExtensionState, LogSign, PatchRequest, PatchStatus
from tests.guest.artefacts import artefact
from tests.guest.linux_samples import names, records, sample, signs

PUBLIC = {
    "operation": "Installation",
    "maximumDuration": "PT3H55M",
    "rebootSetting": "IfRequired",
    "password": "hunter2",
}


def request(public: object, **handler: object) -> str:
    return json.dumps({"runtimeSettings": [{"handlerSettings": {"publicSettings": public, **handler}}]})


# --- .settings ---


def test_a_request_keeps_its_public_settings_only() -> None:
    content = request(PUBLIC, protectedSettings="MIIBsAYJKoZIhvcN", protectedSettingsCertThumbprint="ABCD")
    (found,) = records(settings, "3.settings", content)
    assert isinstance(found, PatchRequest)
    assert (found.sequence, found.settings["operation"]) == (3, "Installation")
    for secret in ("hunter2", "MIIB", "ABCD"):
        assert secret not in repr(found)


def test_public_settings_as_a_text_of_json() -> None:
    (found,) = records(settings, "3.settings", request(json.dumps(PUBLIC)))
    assert isinstance(found, PatchRequest)
    assert found.settings["maximumDuration"] == "PT3H55M"


def test_the_request_of_another_extension_is_not_taken() -> None:
    custom = request({"commandToExecute": "echo hunter2"})
    assert not settings.recognises(artefact("0.settings", custom))
    folder = "var/lib/waagent/Microsoft.Azure.Extensions.CustomScript-2.1.10/config"
    assert not settings.recognises(artefact(f"{folder}/0.settings", request(PUBLIC)))
    assert settings.recognises(artefact("0.settings", request(PUBLIC)))
    assert settings.recognises(sample("e2e-apt-connection-refused/config/5.settings"))


@pytest.mark.parametrize(
    "content", ["", "{", "{}", '{"runtimeSettings": []}', '{"runtimeSettings": [{"handlerSettings": 3}]}']
)
def test_a_request_without_settings_is_unreadable(content: str) -> None:
    with pytest.raises(UnreadableError):
        records(settings, "3.settings", content)


# --- state files ---


@pytest.mark.parametrize("name", ["CoreState", "ExtState", "AssessmentState"])
def test_state_files_are_told_by_their_name(name: str) -> None:
    (found,) = extension_state.read(sample(f"e2e-apt-connection-refused/config/{name}.json"))
    assert isinstance(found, ExtensionState)
    assert (found.name, str(found.body["number"])) == (name, "5")


def test_a_state_file_that_was_renamed_is_told_by_its_content() -> None:
    renamed = artefact("state.txt", sample("core-zypper-locked/config/CoreState.json").open().read())
    assert extension_state.recognises(renamed)
    (found,) = extension_state.read(renamed)
    assert isinstance(found, ExtensionState)
    assert (found.name, found.at is not None) == ("CoreState", True)


def test_what_the_owner_allows_is_told() -> None:
    content = '{"AcceptEULAForAllPatches": "true", "AcceptedBy": "ops", "LastModified": "2026-01-01"}'
    (found,) = records(extension_state, "patch.eula.settings", content)
    assert isinstance(found, LogSign)
    assert (found.sign, found.values) == ("eula-settings", {"accepted": "True"})


@pytest.mark.parametrize("content", ["", "\0\0\0", "[]", '{"coreSequence": 3}', "{"])
def test_an_empty_or_broken_state_file_is_unreadable(content: str) -> None:
    with pytest.raises(UnreadableError):
        records(extension_state, "CoreState.json", content)


# --- ext.log ---


def test_the_wrapper_tells_that_sudo_is_missing_and_what_it_wrote() -> None:
    (log,) = [
        f"e2e-sudo-missing/log/{name}"
        for name in sample("e2e-sudo-missing/log/2026-11-21_08-57-07_Enable.ext.log").siblings
    ]
    found = list(ext_log.read(sample(log)))
    assert {"sudo-missing", "sudo-failed", "extension-action-failed"} <= names(found)
    (status,) = [each for each in found if isinstance(each, PatchStatus)]
    assert (status.status, status.code, status.sequence) == ("error", 88, 5)
    assert signs(found, "sudo-missing")[0].at == datetime(2026, 11, 21, 8, 57, 17, tzinfo=UTC)


def test_the_wrapper_tells_the_number_of_the_request() -> None:
    log = "2026-11-21 08:54:30> 'x'\nEnable triggered on extension\n"
    log += "Sequence number set in environment variable. [Sequence No=5]\n"
    (enabled,) = signs(records(ext_log, "2026-11-21_08-54-30_Enable.ext.log", log))
    assert (enabled.sign, enabled.values["sequence"]) == ("extension-enabled", "5")
    assert enabled.at == datetime(2026, 11, 21, 8, 54, 30, tzinfo=UTC)


def test_events_of_the_extension_are_not_its_log() -> None:
    assert not ext_log.recognises(artefact("1.json", '[{"Message": "Enable triggered on extension"}]'))


# --- waagent.log ---

AGENT_LOG = """\
2026-01-20T16:56:58.607529Z INFO Daemon Daemon Azure Linux Agent Version: 2.9.1.1
2026-01-20T16:57:00.607529Z INFO ExtHandler ExtHandler Azure Linux Agent (Goal State Agent version 2.11.1.4)
2026-01-20T16:57:01.000000Z INFO ExtHandler [Microsoft.CPlat.Core.LinuxPatchExtension-1.6.71] Target handler state: enabled
2026-01-20T16:57:01.000000Z INFO ExtHandler [Microsoft.CPlat.Core.LinuxPatchExtension-1.6.71] Update settings file: 12.settings
2026-01-20T16:57:02.000000Z ERROR ExtHandler ExtHandler Event: name=Microsoft.CPlat.Core.LinuxPatchExtension, op=Enable, \
message=[ExtensionOperationError] Non-zero exit code: 88, MsftLinuxPatchExtShim.sh --enable, duration=0
[stdout]
Error occurred during extension enable
2026-01-20T16:58:00.000000Z WARNING ExtHandler ExtHandler Error fetching the goal state: [ProtocolError] timed out
2026-01-20T16:59:00.000000Z INFO ExtHandler ExtHandler All extensions in the goal state have reached a terminal state: \
[('Microsoft.CPlat.Core.LinuxPatchExtension', 'error'), ('Other.Extension', 'success')]
2026-01-20T17:00:00.000000Z INFO ExtHandler ExtHandler Extensions.Enabled is set to False, not processing the operation
"""  # noqa: E501


def test_the_agent_tells_its_version_the_request_and_the_exit_code() -> None:
    found = records(waagent_log, "waagent.log", AGENT_LOG)
    versions = [each.version for each in found if isinstance(each, ExtensionHandler)]
    assert versions == ["2.9.1.1", "2.11.1.4"]
    (enabled,) = signs(found, "extension-enabled")
    assert (enabled.values["sequence"], enabled.values["version"]) == ("12", "1.6.71")
    (failed,) = signs(found, "extension-command-failed")
    assert failed.values["exit_code"] == "88"
    assert failed.values["extension"] == "Microsoft.CPlat.Core.LinuxPatchExtension"
    assert [each.values["status"] for each in signs(found, "extension-reported")] == ["error", "success"]
    assert {"goal-state-failed", "extension-operations-off"} <= names(found)
    assert failed.at is not None
    assert failed.at.isoformat() == "2026-01-20T16:57:02+00:00"


def test_the_times_of_old_agents() -> None:
    log = "2019/01/20 16:57:00.607529 INFO x\n2019/01/20 16:58:00.607529 INFO ExtHandler [A.B-1.0] Update settings file: 1.settings\n"  # noqa: E501
    (found,) = records(waagent_log, "waagent.log.1", log)
    assert found.at is not None
    assert found.at.isoformat() == "2019-01-20T16:58:00+00:00"


@given(st.binary(max_size=1500))
def test_no_bytes_are_too_odd(data: bytes) -> None:
    for reader, name in (
        (settings, "1.settings"),
        (extension_state, "CoreState.json"),
        (ext_log, "x.ext.log"),
        (waagent_log, "waagent.log"),
    ):
        reader.recognises(artefact(name, data))
        with suppress(UnreadableError):
            records(reader, name, data)
