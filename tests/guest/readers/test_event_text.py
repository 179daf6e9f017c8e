# ruff: noqa: RUF001 - quotation marks as people paste them

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aumdoctor.guest.readers.event_text import event_text
from aumdoctor.model.guest import Damage
from tests.guest.artefacts import artefact
from tests.guest.event_samples import LOGON, PASSWORD, SHUTDOWN, SHUTDOWN_JA, events, only_event, sample

AFTERNOON = datetime(2018, 7, 4, 17, 5, 12)
PARAMETERS = ("param1", "param2", "param4", "param7")
POWER_OFF = ("C:\\Windows\\system32\\winlogon.exe (TS01)", "TS01", "0x500ff", "NT AUTHORITY\\SYSTEM")


def indented(message: str, by: int) -> str:
    return message.replace("\n", "\n" + " " * by)


VIEWER = f"""Log Name:      System
Source:        User32
Date:          7/4/2018 5:05:12 PM
Event ID:      1074
Task Category: None
Level:         Information
Keywords:      Classic
User:          SYSTEM
Computer:      TS01
Description:
{SHUTDOWN}
"""
VIEWER_JA = f"""ログの名前:         システム
ソース:           User32
日付:            2018/07/04 17:05:12
イベント ID:       1074
タスクのカテゴリ:      なし
レベル:           情報
キーワード:         クラシック
ユーザー:          SYSTEM
コンピューター:       TS01
説明:
{SHUTDOWN_JA}
"""
SERVER_2003 = f"""Event Type:\tInformation
Event Source:\tUSER32
Event Category:\tNone
Event ID:\t1074
Date:\t\t7/4/2018
Time:\t\t5:05:12 PM
User:\t\tSYSTEM
Computer:\tTS01
Description:
{SHUTDOWN}
"""
SERVER_2003_JA = f"""イベントの種類:\t情報
イベント ソース:\tUSER32
イベント カテゴリ:\tなし
イベント ID:\t1074
日付:\t\t2018/07/04
時刻:\t\t17:05:12
ユーザー:\t\tSYSTEM
コンピュータ:\tTS01
説明:
{SHUTDOWN_JA}
"""
WEVTUTIL = f"""Event[0]:
  Log Name: System
  Source: User32
  Date: 2018-07-04T17:05:12.000
  Event ID: 1074
  Task: N/A
  Level: Information
  Opcode: N/A
  Keyword: Classic
  User: SYSTEM
  User Name: NT AUTHORITY\\SYSTEM
  Computer: TS01
  Description:{" "}
{SHUTDOWN}
"""
GET_WINEVENT = f"""

TimeCreated      : 7/4/2018 5:05:12 PM
ProviderName     : User32
Id               : 1074
LevelDisplayName : Information
UserId           : SYSTEM
MachineName      : TS01
Message          : {indented(SHUTDOWN, 19)}


"""
GET_WINEVENT_ALL = f"""Message          : {indented(SHUTDOWN, 19)}
Id               : 1074
Version          : 0
Level            : 4
ProviderName     : User32
LogName          : System
ProcessId        : 652
MachineName      : TS01
UserId           : SYSTEM
TimeCreated      : 7/4/2018 5:05:12 PM
LevelDisplayName : Information
"""
GET_EVENTLOG = f"""Index              : 12345
EntryType          : Information
InstanceId         : 2147484722
Message            : {indented(SHUTDOWN, 21)}
Category           : (0)
CategoryNumber     : 0
ReplacementStrings : {{C:\\Windows\\system32\\winlogon.exe (TS01), TS01}}
Source             : User32
TimeGenerated      : 7/4/2018 5:05:12 PM
TimeWritten        : 7/4/2018 5:05:13 PM
MachineName        : TS01
UserName           : SYSTEM

"""
PSLOGLIST = f"""[12345] User32
   Type:     INFORMATION
   Computer: TS01
   Time:     7/4/2018 5:05:12 PM   ID:       1074
   User:     SYSTEM
{SHUTDOWN}
"""
GERMAN = """Protokollname: System
Quelle:        User32
Datum:         04.07.2018 17:05:12
Ereignis-ID:   1074
Aufgabenkategorie:Keine
Ebene:         Informationen
Schlüsselwörter:Klassisch
Benutzer:      SYSTEM
Computer:      TS01
Beschreibung:
Der Prozess C:\\Windows\\system32\\winlogon.exe (TS01) hat Herunterfahren von Computer TS01 für Benutzer \
NT AUTHORITY\\SYSTEM aus folgendem Grund initiiert: Kein Titel gefunden.
 Begründungscode: 0x500ff
 Herunterfahrtyp: Herunterfahren
 Kommentar:
"""
CHINESE = VIEWER_JA
for japanese, chinese in (
    ("ログの名前", "日志名称"),
    ("ソース", "来源"),
    ("日付", "日期"),
    ("イベント ID", "事件 ID"),
    ("レベル:           情報", "级别: 信息"),
    ("ユーザー: ", "用户: "),
    ("コンピューター:       ", "计算机: "),
    ("説明", "描述"),
):
    CHINESE = CHINESE.replace(japanese, chinese)
FORMS = {
    "viewer": VIEWER,
    "viewer-ja": VIEWER_JA,
    "2003": SERVER_2003,
    "2003-ja": SERVER_2003_JA,
    "wevtutil": WEVTUTIL,
    "Get-WinEvent": GET_WINEVENT,
    "Get-WinEvent *": GET_WINEVENT_ALL,
    "Get-EventLog": GET_EVENTLOG,
    "PsLogList": PSLOGLIST,
    "german": GERMAN,
    "chinese": CHINESE,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig"])
def test_the_same_event_in_every_form_and_encoding(form: str, encoding: str) -> None:
    content = FORMS[form].replace("\n", "\r\n").encode(encoding)
    assert event_text.recognises(artefact("x.txt", content))
    found = only_event(event_text, content)
    assert (found.provider.lower(), found.event_id, found.level, found.at) == ("user32", 1074, "information", AFTERNOON)
    assert (found.computer, found.user) == ("TS01", "SYSTEM")
    assert tuple(found.data[name] for name in PARAMETERS) == POWER_OFF
    assert found.channel in ("System", "")


@pytest.mark.parametrize("form", FORMS)
def test_several_events_in_a_file(form: str) -> None:
    other = FORMS[form].replace("12 PM", "14 PM").replace("05:12", "05:14").replace("TS01", "TS02")
    found = events(event_text, FORMS[form] + "\n" + other + "\n" + FORMS[form])
    assert [each.computer for each in found] == ["TS01", "TS02", "TS01"]
    assert [each.at.second for each in found if each.at] == [12, 14, 12]
    assert len({each.origin.line for each in found}) == 3


@pytest.mark.parametrize("form", ["viewer-ja", "2003-ja", "viewer"])
def test_a_text_in_the_code_page_of_japanese_windows(form: str) -> None:
    assert only_event(event_text, FORMS[form].encode("cp932")).data["param4"] == "0x500ff"


@pytest.mark.parametrize("message", [SHUTDOWN, SHUTDOWN_JA])
@pytest.mark.parametrize("shape", ["{}", "some prose\n\n{}\n\nprose after it\n", "<log>\n> {}\n", "    {}"])
def test_a_message_without_header_is_an_event(message: str, shape: str) -> None:
    content = shape.format(message)
    assert event_text.recognises(artefact("x.txt", content)) or content.startswith("<")
    found = only_event(event_text, content)
    assert tuple(found.data[name] for name in PARAMETERS) == POWER_OFF
    assert (found.provider, found.event_id, found.at, found.computer) == ("User32", 1074, None, "TS01")
    assert "prose after" not in found.message


def test_a_placeholder_is_no_name_of_a_computer() -> None:
    found = only_event(event_text, SHUTDOWN_JA.replace("TS01", "#サーバ名#"))
    assert (found.computer, found.data["param2"]) == ("", "#サーバ名#")


@pytest.mark.parametrize(
    "text",
    [
        "An account failed to log on.\nThis event is generated when a logon request fails.\n",
        "The process %1 has initiated the %5 of computer %2 on behalf of user %7 for the following reason: %3\n"
        " Reason Code: %4\n Shutdown Type: %5\n Comment: %6\n",
        "上記の 1207 イベントは、パスワード更新に失敗したことを示します。\n 理由コード: 0x500ff\n",
        "Event ID: 1207\n\nSource: an article\n",
        "Source: a\nDate: b\nEvent ID: several\nDescription:\nx\n",
    ],
)
def test_an_article_about_an_event_is_no_event(text: str) -> None:
    assert events(event_text, text) == []


def test_a_text_without_a_whole_event_says_so() -> None:
    (damage,) = event_text.read(artefact("x", "Source: a\nDate: b\nDescription:\nx\n"))
    assert isinstance(damage, Damage)


def test_the_header_of_an_article_without_date_or_computer() -> None:
    text = f"""It was recorded:

ログ名: システム
ソース: Microsoft-Windows-FailoverClustering
イベント ID: 1207
レベル: エラー
説明:
{PASSWORD}
ログ名: システム
ソース: Microsoft-Windows-FailoverClustering
イベント ID: 1069
レベル: エラー
説明:
“クラスター化された役割 ‘クラスター グループ’ の種類 ‘File Share Witness’ のクラスター リソース ‘監視’ が失敗しました。
More of it.”

The 1207 event says that the password was not updated. Source: nobody
"""
    password, witness = events(event_text, text)
    assert (password.data["error"], password.level, password.channel, password.at) == (
        "The specified network password is not correct.",
        "error",
        "System",
        None,
    )
    assert witness.data == {"role": "クラスター グループ", "type": "File Share Witness", "resource": "監視"}


@pytest.mark.parametrize("header", ["", VIEWER.split("Description")[0].replace("User32", "x").replace("1074", "4625")])
def test_a_failed_logon(header: str) -> None:
    text = header.replace("Source:        x", "Source: Microsoft-Windows-Security-Auditing")
    found = only_event(event_text, (text + "Description:\n" if text else "") + LOGON + "\nprose\n" + "\n" * 3)
    assert (found.data["Status"], found.data["TargetUserName"], found.data["LogonType"]) == (
        "0xc000015b",
        "REPLICAHOST1$",
        "3",
    )
    assert found.event_id == 4625


def test_labels_inside_a_message_begin_no_new_event() -> None:
    odd = VIEWER.replace("Comment: ", "Comment: x\nSource: the console\nDate: today\nsome more text")
    found = only_event(event_text, odd + VIEWER.split("Description")[0].replace("1074", "9999"))
    assert "Source: the console" in found.message


def test_the_xml_behind_a_message_counts_more_than_the_message() -> None:
    xml = """Event Xml:
<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event">
  <System>
    <Provider Name="User32" />
    <EventID Qualifiers="32768">1074</EventID>
    <TimeCreated SystemTime="2018-07-04T08:05:12.000000000Z" />
    <Computer>TS01.contoso.local</Computer>
  </System>
  <EventData><Data Name="param4">0x80020010</Data></EventData>
</Event>
"""
    first, second = events(event_text, VIEWER + xml + VIEWER)
    assert (first.at, first.computer, first.data) == (
        datetime(2018, 7, 4, 8, 5, 12, tzinfo=UTC),
        "TS01.contoso.local",
        {"param4": "0x80020010"},
    )
    assert first.message.startswith("The process")
    assert second.at == AFTERNOON
    assert only_event(event_text, VIEWER + xml[:200]).data["param4"] == "0x500ff"


def test_lists_of_one_line_an_event() -> None:
    replica, primary = sorted(
        events(event_text, sample("event-list-psloglist-style-vmms.txt")), key=lambda each: each.event_id
    )
    assert (replica.event_id, replica.data["ErrorCode"], replica.computer) == (
        29212,
        "0x8009030c",
        "REPLICAHOST2.REPLICADOMAIN.com",
    )
    assert (primary.data["ErrorCode"], primary.data["VmName"]) == ("0x00002efe", "VM-A")
    assert (primary.at, primary.level, primary.user) == (
        datetime(2013, 2, 6, 12, 2, 10),
        "error",
        "NT AUTHORITY\\SYSTEM",
    )


def test_a_name_that_was_cut_to_the_width_of_its_column_keeps_its_first_part() -> None:
    line = (
        "02/01/2013 03:35:17 PM   Error         ITSUSRALAB039.df 29212   Microsoft-Windows-Hyper-V-VMMS      N/A"
        "                NT AUTHORITY\\SYSTEM               Hyper-V failed to authenticate the primary server using "
        "Kerberos authentication. Error: The logon attempt failed (0x8009030C)"
    )
    assert only_event(event_text, line).computer == "ITSUSRALAB039"
    assert only_event(event_text, line.replace("ITSUSRALAB039.df", "HOST1.contoso.com")).computer == "HOST1.contoso.com"


def test_the_table_that_powershell_prints() -> None:
    text = """

   ProviderName: User32

TimeCreated                     Id LevelDisplayName Message
-----------                     -- ---------------- -------
7/4/2018 5:05:12 PM           1074 Information      The process C:\\Windows\\system32\\winlogon.exe (TS01) has...


   ProviderName: EventLog

TimeCreated                     Id LevelDisplayName Message
-----------                     -- ---------------- -------
7/13/2018 5:15:12 PM          6008 Error            The previous system shutdown at 4:58:01 PM on 7/13/2018 was une...
"""
    cut, unexpected = events(event_text, text)
    assert (cut.provider, cut.event_id, cut.at, cut.data) == (
        "User32",
        1074,
        AFTERNOON,
        {"param1": "C:\\Windows\\system32\\winlogon.exe (TS01)", "param2": "TS01"},
    )
    assert unexpected.data == {"time": "4:58:01 PM", "date": "7/13/2018"}


def test_a_message_that_a_console_broke_into_lines() -> None:
    broken = GET_WINEVENT.replace(" of computer TS01 on", " of computer \n                   TS01 on")
    assert tuple(only_event(event_text, broken).data[name] for name in PARAMETERS) == POWER_OFF


def test_the_order_of_day_and_month_is_that_of_the_whole_file() -> None:
    text = VIEWER.replace("7/4/2018 5:05:12 PM", "04/07/2018 05:05:12 PM")
    assert only_event(event_text, text + "\n(13/07/2018)\n").at == AFTERNOON


def test_events_that_are_of_no_interest_are_passed_over() -> None:
    assert events(event_text, VIEWER.replace("User32", "Microsoft-Windows-Security-SPP").replace("1074", "16384")) == []


def test_the_sample_texts() -> None:
    assert only_event(event_text, sample("event-1074-eventviewer-ja.txt")).at == AFTERNOON
    assert only_event(event_text, sample("event-1207-eventviewer-ja.txt")).data["identity"] == "CLUS01$"
    assert only_event(event_text, sample("event-4625-eventviewer-en-replica.txt")).data["Status"] == "0xc000015b"
    logon = only_event(event_text, sample("event-4625-eventviewer-ja.txt"))
    assert {name: logon.data[name] for name in ("TargetUserName", "LogonType", "Status", "SubStatus", "IpAddress")} == {
        "TargetUserName": "user17",
        "LogonType": "10",
        "Status": "0xc000006d",
        "SubStatus": "0xc000006a",
        "IpAddress": "203.0.113.40",
    }
    assert logon.data["ProcessName"].endswith("winlogon.exe")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "\n",
        "SERVICE_NAME: wuauserv\n        START_TYPE         : 4   DISABLED\n",
        "Flags: b0 HAS_IP  HAS_TIMESERV\nTrusted DC Name \\\\DC01.contoso.local\n",
        "[Unicode]\nUnicode=yes\n[Privilege Rights]\nSeNetworkLogonRight = *S-1-5-32-544\n",
        "HKEY_LOCAL_MACHINE\\SOFTWARE\n    CurrentBuild    REG_SZ    20348\n",
        "2026-11-21 07:33:17Z> [APM] Invoked package manager. [Command=sudo apt-get -q update ]\n",
        '[{"Event": 1}]',
        '{"a": 1}',
        "<Events/>",
        "Keywords,Date and Time,Source,Event ID,Task Category\nAudit Failure,2/6/2013 12:02:01 PM,x,4625,Logon,x\n",
        "10:11:12 [Info] Patch install operation completed with success\n",
        "Source: somebody\nDate: today\n",
        "#0> Client: Administrator @ CONTOSO.COM\n Server: krbtgt/CONTOSO.COM @ CONTOSO.COM\n",
    ],
)
def test_what_is_no_text_of_events_is_not_taken(content: str) -> None:
    assert not event_text.recognises(artefact("x.txt", content))


def test_secrets_in_a_comment_are_not_kept() -> None:
    assert "hunter2" not in repr(
        list(event_text.read(artefact("x", VIEWER.replace("Comment: ", "Comment: password=hunter2"))))
    )


@given(st.binary(max_size=400))
def test_no_bytes_are_too_odd(content: bytes) -> None:
    event_text.recognises(artefact("x", content))
    list(event_text.read(artefact("x", content)))


@given(
    st.sampled_from(sorted(FORMS)),
    st.integers(0, 800),
    st.integers(0, 80),
    st.text(max_size=20),
    st.sampled_from(["utf-8", "utf-16"]),
)
def test_no_change_is_too_odd(form: str, at: int, length: int, other: str, encoding: str) -> None:
    text = FORMS[form]
    changed = (text[:at] + other + text[at + length :] + text).encode(encoding, errors="replace")
    event_text.recognises(artefact("x", changed))
    list(event_text.read(artefact("x", changed)))
