# ruff: noqa: RUF001 - quotation marks as people paste them

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aumdoctor.guest.event_messages import SIGNATURES, signature_of, told_by
from tests.guest.event_samples import LOGON, PASSWORD, SHUTDOWN, SHUTDOWN_JA


def shutdown(message: str) -> dict[str, str]:
    return dict(told_by("user32", 1074, message))


def cluster(event_id: int, message: str) -> dict[str, str]:
    return dict(told_by("failoverclustering", event_id, message))


@pytest.mark.parametrize(
    ("message", "kind", "reason"),
    [
        (SHUTDOWN, "power off", "No title for this reason could be found"),
        (SHUTDOWN_JA, "電源を切る", "この理由のタイトルが見つかりません"),
        (" ".join(SHUTDOWN.split()), "power off", "No title for this reason could be found"),
        (
            SHUTDOWN.replace("computer TS01", "computer \n   TS01"),
            "power off",
            "No title for this reason could be found",
        ),
    ],
)
def test_a_shutdown_is_told_with_all_that_the_log_has(message: str, kind: str, reason: str) -> None:
    assert shutdown(message) == {
        "param1": "C:\\Windows\\system32\\winlogon.exe (TS01)",
        "param2": "TS01",
        "param3": reason,
        "param4": "0x500ff",
        "param5": kind,
        "param6": "",
        "param7": "NT AUTHORITY\\SYSTEM",
    }
    assert [name for name, _ in told_by("user32", 1074, message)] == [f"param{number}" for number in range(1, 8)]


def test_a_shutdown_in_another_language_is_known_by_what_does_not_change() -> None:
    german = (
        "Der Prozess C:\\Windows\\system32\\winlogon.exe (TS01) hat Herunterfahren von Computer TS01 für Benutzer "
        "NT-AUTORITÄT\\SYSTEM aus folgendem Grund initiiert: Kein Titel gefunden.\n"
        " Begründungscode: 0x500ff\n Herunterfahrtyp: Herunterfahren\n Kommentar: nachts\n"
    )
    told = shutdown(german)
    assert told["param1"] == "C:\\Windows\\system32\\winlogon.exe (TS01)"
    assert told["param2"] == "TS01"
    assert told["param4"] == "0x500ff"
    assert told["param5"] == "Herunterfahren"
    assert told["param6"] == "nachts"
    assert told["param7"] == "NT-AUTORITÄT\\SYSTEM"


def test_a_comment_may_look_like_a_label_or_a_code() -> None:
    told = shutdown(SHUTDOWN + "maintenance: see 0x80070005")
    assert (told["param4"], told["param6"]) == ("0x500ff", "maintenance: see 0x80070005")


def test_a_shutdown_that_is_cut_off_tells_what_is_left() -> None:
    assert shutdown("The process a.exe (T) has initiated the restart of computer T on behalf of...") == {
        "param1": "a.exe (T)",
        "param5": "restart",
    }


def logon(message: str) -> dict[str, str]:
    return dict(told_by("security-auditing", 4625, message))


@pytest.mark.parametrize("message", [LOGON, " ".join(LOGON.split()), LOGON.replace("0xC000015B", "C000015B")])
def test_a_failed_logon_is_that_of_the_second_account(message: str) -> None:
    told = logon(message)
    expected = {
        "SubjectUserName": "-",
        "TargetUserName": "REPLICAHOST1$",
        "TargetDomainName": "CONTOSO.COM",
        "Status": "0xc000015b",
        "SubStatus": "0x0",
        "LogonType": "3",
        "LogonProcessName": "Kerberos",
        "ProcessName": "-",
        "IpAddress": "203.0.113.7",
        "WorkstationName": "HOST1",
    }
    assert {name: told.get(name) for name in expected} == expected


def test_without_headings_the_second_account_is_the_one_that_failed() -> None:
    message = "\n".join(line for line in LOGON.splitlines() if not line.startswith(("Subject", "Account For")))
    assert logon(message)["TargetUserName"] == "REPLICAHOST1$"


def test_a_failed_logon_with_labels_nobody_knows_is_read_by_the_order_of_lines() -> None:
    lines = ["Qqq."]
    for line in LOGON.splitlines()[1:]:
        label, colon, value = line.partition(":")
        lines.append(f"\tÆ{len(label)}:{value}" if colon else line)
    told = logon("\n".join(lines))
    assert (told["TargetUserName"], told["Status"], told["LogonType"]) == ("REPLICAHOST1$", "0xc000015b", "3")
    assert (told["IpAddress"], told["LogonProcessName"]) == ("203.0.113.7", "Kerberos")


PASSWORD_JA = (
    "クラスター ネットワーク名リソース {0}クラスター名{1} に関連付けられたコンピューター オブジェクトをドメイン "
    "{0}contoso.local{1} で Password change 操作中に更新できませんでした。\n\n"
    "関連するエラー コードのテキストは次のとおりです: 指定されたネットワーク パスワードが間違っています。\n\n"
    "クラスター ID {0}CLUS01${1} は、許可を持っていません。"
)


@pytest.mark.parametrize("marks", ["''", "‘’", "‘‘", '""', "“”", "「」"])
def test_a_password_that_was_not_updated_whatever_the_quotation_marks(marks: str) -> None:
    assert cluster(1207, PASSWORD_JA.format(*marks)) == {
        "resource": "クラスター名",
        "domain": "contoso.local",
        "operation": "Password change",
        "error": "指定されたネットワーク パスワードが間違っています。",
        "identity": "CLUS01$",
    }
    assert cluster(1207, PASSWORD)["error"] == "The specified network password is not correct."
    assert cluster(1207, PASSWORD)["operation"] == "Password change"


def test_1206_tells_a_code() -> None:
    told = cluster(
        1206,
        "The computer object associated with the cluster network name resource 'N' could not be updated in domain 'd'. "
        "The error code was '5'. The cluster identity 'C$' may lack permissions required to update the object.",
    )
    assert told == {"resource": "N", "domain": "d", "error": "5", "identity": "C$"}


@pytest.mark.parametrize(
    "message",
    [
        "Cluster resource 'w' of type 'File Share Witness' in clustered role 'g' failed. The error code was '0x5'.",
        "クラスター化された役割 'g' の種類 'File Share Witness' のクラスター リソース 'w' が失敗しました。",
        "“クラスター化された役割 ‘g’ の種類 ‘File Share Witness’ のクラスター リソース ‘w’ が失敗しました。”",
    ],
)
def test_a_failed_resource_whatever_the_order_of_the_sentence(message: str) -> None:
    assert cluster(1069, message) == {"resource": "w", "role": "g", "type": "File Share Witness"}


def test_the_language_of_names_is_not_that_of_the_sentence() -> None:
    told = cluster(
        1069, "Cluster resource '監視' of type 'File Share Witness' in clustered role 'クラスター グループ' failed."
    )
    assert (told["resource"], told["role"]) == ("監視", "クラスター グループ")
    assert cluster(1069, "Cluster resource 'w' in clustered service or application 'g' failed.") == {
        "resource": "w",
        "role": "g",
    }


def test_hyper_v_replica_tells_its_error() -> None:
    assert dict(
        told_by(
            "hyper-v-vmms",
            32000,
            "Hyper-V failed to enable replication for virtual machine 'VM-A': The connection with the server was "
            "terminated abnormally (0x00002EFE).",
        )
    ) == {
        "VmName": "VM-A",
        "ErrorMessage": "The connection with the server was terminated abnormally",
        "ErrorCode": "0x00002efe",
    }


@pytest.mark.parametrize(
    ("event_id", "message", "told"),
    [
        (
            20,
            "Installation Failure: Windows failed to install the following update with error 0x80073712: 2024 (KB1).",
            {"errorCode": "0x80073712", "updateTitle": "2024 (KB1)."},
        ),
        (
            20,
            "インストールの失敗: エラー 0x80073712 で次の更新プログラムのインストールに失敗しました: 2024-09 (KB1)",
            {"errorCode": "0x80073712", "updateTitle": "2024-09 (KB1)"},
        ),
        (
            19,
            "Installation Successful: Windows successfully installed the following update: Definition: 1.2",
            {"updateTitle": "Definition: 1.2"},
        ),
        (25, "Windows Update failed to check for updates with error 0x8024402C.", {"errorCode": "0x8024402c"}),
    ],
)
def test_windows_update_tells_title_and_error(event_id: int, message: str, told: dict[str, str]) -> None:
    assert dict(told_by("windowsupdateclient", event_id, message)) == told


def test_other_messages() -> None:
    assert dict(
        told_by("eventlog", 6008, "The previous system shutdown at 4:58:01 PM on 7/4/2018 was unexpected.")
    ) == {
        "time": "4:58:01 PM",
        "date": "7/4/2018",
    }
    assert dict(told_by("bugcheck", 1001, "The bugcheck was: 0x0000009f (0x1, 0x2). A dump"))["param1"].startswith(
        "0x0000009f"
    )
    assert dict(told_by("service control manager", 7036, "The Windows Update service entered the stopped state.")) == {
        "param1": "Windows Update",
        "param2": "stopped",
    }
    assert told_by("user32", 1074, "") == ()
    assert told_by("somebody", 1, "The process x") == ()


@pytest.mark.parametrize("opening", ["", "> ", "  * ", "“", "「"])
def test_a_message_is_known_by_how_it_begins(opening: str) -> None:
    for message, event_id in ((SHUTDOWN, 1074), (SHUTDOWN_JA, 1074), (LOGON, 4625), (PASSWORD, 1207)):
        signature = signature_of(opening + message.splitlines()[0])
        assert signature is not None
        assert signature.event_id == event_id


@pytest.mark.parametrize(
    "line",
    [
        "",
        "We saw that the process x has initiated the restart.",
        "1207 イベントは、パスワード更新に失敗したことを示す",
        "any attempt to enable replication for a VM returned the following error",
        "理由コード: 0x500ff",
    ],
)
def test_prose_is_no_message(line: str) -> None:
    assert signature_of(line) is None


KEYS = sorted(
    {
        ("user32", 1074),
        ("security-auditing", 4625),
        ("failoverclustering", 1069),
        ("failoverclustering", 1207),
        ("hyper-v-vmms", 32000),
        ("windowsupdateclient", 20),
        ("eventlog", 6008),
        ("bugcheck", 1001),
    }
)


@given(st.sampled_from(KEYS), st.text(max_size=300) | st.sampled_from([SHUTDOWN, LOGON, PASSWORD]), st.integers(0, 400))
def test_no_message_is_too_odd(key: tuple[str, int], message: str, cut: int) -> None:
    told_by(*key, message)
    told_by(*key, message[cut:])
    told_by(*key, message[:cut])
    signature_of(message)


def test_signatures_are_of_events_that_are_kept() -> None:
    from aumdoctor.guest.events import is_interesting

    assert all(is_interesting(each.provider, each.event_id) for each in SIGNATURES)
