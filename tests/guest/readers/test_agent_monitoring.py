import pytest

from aumdoctor.guest.readers.command_outputs import COMMAND_OUTPUTS
from aumdoctor.model.guest import LogSign
from tests.guest.artefacts import artefact


def signs(text: str) -> list[tuple[str, int | None]]:
    given = artefact("console.txt", text)
    found = COMMAND_OUTPUTS.read(given) if COMMAND_OUTPUTS.recognises(given) else ()
    return [(record.sign, record.origin.line) for record in found if isinstance(record, LogSign)]


@pytest.mark.parametrize(
    "message",
    [
        "詳細: WinRM クライアントは、リモート WS-Management サービスから HTTP 状態コード 501 を受け取りました。",
        "The WinRM client received an HTTP status code of 501 from the remote WS-Management service.",
        "Details: The WinRM client received an HTTP status code of 501 from the remote WS-Management service.",
    ],
)
def test_the_message_of_the_discovery_wizard(message: str) -> None:
    assert signs(f"失敗しました\n{message}\n") == [("winrm-http-501", 2)]


def test_a_heartbeat_that_fails() -> None:
    assert signs("Unix ハートビート モニタ 重大\n") == [("unix-heartbeat-failed", 1)]
    assert signs("UNIX/Linux Heartbeat Monitor: Critical\n") == [("unix-heartbeat-failed", 1)]


@pytest.mark.parametrize(
    "message",
    [
        "The WinRM client received an HTTP status code of 5011 from the remote WS-Management service.",
        "The WinRM client received an HTTP status code of 403 from the remote WS-Management service.",
        "We read that the WinRM client gets HTTP 501 from WS-Management after the patch.",
        "Unix heartbeat monitor: healthy",
    ],
)
def test_what_is_something_else(message: str) -> None:
    assert signs(message) == []
