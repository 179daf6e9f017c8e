import pytest
from hypothesis import given
from hypothesis import strategies as st

from aumdoctor.guest.readers.reg_query import long_key
from aumdoctor.model.guest import Damage, Observation, OperatingSystem, Proxy, RegistryValue, State
from tests.guest.artefacts import artefact
from tests.guest.readers.windows_samples import COMMAND_OUTPUTS, of, of_sample, records

POLICY = r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate"
SCHANNEL = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL"
CBS = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending"


def values(text: str) -> dict[str, int | str | None]:
    return {each.name: each.value for each in of(RegistryValue, text) if each.name and each.exists}


def absent(text: str) -> list[tuple[str, str]]:
    return [(each.key, each.name) for each in of(RegistryValue, text) if not each.exists]


def test_several_keys_with_numbers_and_texts() -> None:
    found = [(each.key, each.name, each.value) for each in of_sample(RegistryValue, "reg-query-wsus.txt") if each.name]
    assert (POLICY, "WUServer", "http://wsus01.contoso.local:8530") in found
    assert (POLICY + r"\AU", "UseWUServer", 1) in found


def test_names_and_texts_with_blanks() -> None:
    text = POLICY + "\n    Target Group Name    REG_SZ    all  my servers\n    (Default)    REG_SZ    (value not set)\n"
    assert values(text) == {"Target Group Name": "all  my servers", "(Default)": "(value not set)"}


def test_the_japanese_default_value() -> None:
    assert values(POLICY + "\n    (既定)    REG_SZ    x\n") == {"(Default)": "x"}


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("    A    REG_DWORD    0xffffffff", 0xFFFFFFFF),
        ("\tA\tREG_DWORD\t0x2", 2),
        (" A REG_QWORD 0x10", 16),
        ("    A    REG_MULTI_SZ    one\\0two", "one\ntwo"),
        ("    A    REG_EXPAND_SZ    %SystemRoot%\\x", "%SystemRoot%\\x"),
        ("    A    REG_SZ    ", ""),
        ("    A    REG_BINARY    0102", "0102"),
    ],
)
def test_kinds(line: str, value: int | str) -> None:
    assert values(f"{POLICY}\n{line}\n") == {"A": value}


def test_a_value_that_is_not_there_is_known_by_the_command_line() -> None:
    error = "ERROR: The system was unable to find the specified registry key or value."
    text = f"C:\\> reg query HKLM{POLICY[18:]} /v WUServer\n\n\n{error}\n"
    assert absent(text) == [(POLICY, "WUServer")]


def test_a_value_that_is_not_there_in_japanese_and_with_quotes() -> None:
    error = "エラー: 指定されたレジストリ キーまたは値が見つかりませんでした"
    text = f'C:\\>reg query "{SCHANNEL}" /v SendExtraRecord\n{error}\n'
    assert absent(text) == [(SCHANNEL, "SendExtraRecord")]


def test_an_error_without_a_command_line_says_nothing() -> None:
    assert records("ERROR: The system was unable to find the specified registry key or value.\n") == []


def test_denied_access_is_not_absence() -> None:
    text = f"C:\\>reg query {SCHANNEL}\nERROR: Access is denied.\n"
    assert [type(each) for each in records(text)] == [Damage]


def test_a_whole_key_that_does_not_list_a_value_has_not_set_it() -> None:
    text = f"C:\\>reg query {SCHANNEL}\n\n{SCHANNEL}\n    EventLogging    REG_DWORD    0x1\n"
    assert absent(text) == [(SCHANNEL, "SendExtraRecord")]


@pytest.mark.parametrize(
    "text",
    [
        f"C:\\>reg query {SCHANNEL} /v EventLogging\n\n{SCHANNEL}\n    EventLogging    REG_DWORD    0x1\n",
        f"{SCHANNEL}\n    EventLogging    REG_DWORD    0x1\n",
        f"C:\\>reg query {SCHANNEL[:-9]}\n\n{SCHANNEL}\n",
    ],
)
def test_a_key_that_was_not_listed_whole_says_nothing_of_other_values(text: str) -> None:
    assert absent(text) == []


def test_an_export_in_utf_16() -> None:
    text = (
        f'Windows Registry Editor Version 5.00\r\n\r\n[{SCHANNEL}]\r\n"EventLogging"=dword:00000001\r\n'
        '"Path"="C:\\\\x \\"y\\""\r\n@="d"\r\n"Gone"=-\r\n'
        '"Many"=hex(7):61,00,00,00,\\\r\n  62,00,00,00,00,00\r\n"Big"=hex(b):02,00,00,00,00,00,00,00\r\n'
        f"\r\n[-{SCHANNEL}\\Old]\r\n"
    )
    found = artefact("export.reg", text.encode("utf-16"))
    assert COMMAND_OUTPUTS.recognises(found)
    seen = [each for each in COMMAND_OUTPUTS.read(found) if isinstance(each, RegistryValue)]
    assert {each.name: each.value for each in seen if each.name and each.exists} == {
        "EventLogging": 1,
        "Path": 'C:\\x "y"',
        "(Default)": "d",
        "Many": "a\nb",
        "Big": 2,
    }
    assert [each.name for each in seen if not each.exists] == ["SendExtraRecord"]


def test_lists_of_powershell() -> None:
    text = (
        "PS C:\\> Get-ItemProperty HKLM:\\SOFTWARE\\Policies\\Microsoft\\Windows\\WindowsUpdate\n\n\n"
        "WUServer     : http://wsus01.contoso.local:8530\nDisableWindowsUpdateAccess : 1\n"
        f"PSPath       : Microsoft.PowerShell.Core\\Registry::{POLICY}\nPSChildName  : WindowsUpdate\n"
        "PSProvider   : Microsoft.PowerShell.Core\\Registry\n"
    )
    found = of(RegistryValue, text)
    assert {each.key for each in found} == {POLICY}
    assert values(text) == {"WUServer": "http://wsus01.contoso.local:8530", "DisableWindowsUpdateAccess": 1}


def test_tables_of_get_item() -> None:
    text = (
        f"\n    Hive: {POLICY.rpartition(chr(92))[0]}\n\nName            Property\n----            --------\n"
        "WindowsUpdate   WUServer                   : http://wsus01\n"
        "                DisableWindowsUpdateAccess : 1\nAU              UseWUServer : 1\n"
    )
    assert [(each.key, each.name, each.value) for each in of(RegistryValue, text) if each.name] == [
        (POLICY, "WUServer", "http://wsus01"),
        (POLICY, "DisableWindowsUpdateAccess", 1),
        (POLICY.rpartition("\\")[0] + r"\AU", "UseWUServer", 1),
    ]


def test_indented_text_and_sentences_that_begin_with_a_key() -> None:
    assert values(f" {SCHANNEL}\n SendExtraRecord REG_DWORD 0x2\n") == {"SendExtraRecord": 2}
    assert records(f"{POLICY} の下の WUServer を確認します。\n{SCHANNEL} is the key to look at.\n") == []


def test_a_bare_value_and_true_and_false_of_powershell() -> None:
    text = (
        f"PS C:\\> (Get-ItemProperty 'HKLM:{SCHANNEL[18:]}').SendExtraRecord\n2\n"
        f"PS C:\\> Get-ItemPropertyValue -Path 'HKLM:{POLICY[18:]}' -Name 'WUServer'\nhttp://wsus\n"
        f"PS C:\\> Test-Path 'HKLM:{CBS[18:]}'\nFalse\n"
    )
    assert values(text) == {"SendExtraRecord": 2, "WUServer": "http://wsus"}
    assert absent(text) == [(CBS, "")]


CATEGORY = (
    "At line:1 char:1\n+ Get-ItemProperty -Path HKLM:\\SOFTWARE\\Policies\\Microsoft\\Windows\\Wind ...\n+ ~~~~~~~~~~\n"
    "    + CategoryInfo          : {} [Get-ItemProperty], {}\n    + FullyQualifiedErrorId : {}\n"
)


@pytest.mark.parametrize(
    "message",
    [
        "Cannot find path '{}' because it does\nnot exist.",
        "パス '{}' が存在しないため検出できません。",
        "Der Pfad '{}' kann nicht gefunden werden.",
    ],
)
def test_a_path_that_powershell_does_not_find(message: str) -> None:
    category = CATEGORY.format("ObjectNotFound: (HKLM:\\SOFTW...:String)", "ItemNotFoundException", "PathNotFound")
    said = message.format(f"HKLM:{POLICY[18:]}")
    assert absent(f"Get-ItemProperty : {said}\n{category}") == [(POLICY, "")]


def test_the_short_errors_of_powershell_7() -> None:
    text = f"Get-ItemProperty: Cannot find path 'HKLM:{POLICY[18:]}' because it does not exist.\n"
    assert absent(text) == [(POLICY, "")]
    assert absent("Get-Item: Cannot find path 'C:\\x' because it does not exist.\n") == []


def test_a_value_that_powershell_does_not_find() -> None:
    message = f"Get-ItemProperty : Property WUServer does not exist at path {POLICY}."
    category = CATEGORY.format("InvalidArgument: (WUServer:String)", "PSArgumentException", "PSArgumentException")
    assert absent(f"{message}\n{category}") == [(POLICY, "WUServer")]


def test_a_key_that_is_there_shows_a_pending_restart() -> None:
    (pending,) = of(Observation, f'C:\\>reg query "{CBS}"\n\n{CBS}\n    x    REG_DWORD    0x1\n')
    assert (pending.subject, pending.state, pending.values) == (
        "pending-reboot",
        State.BAD,
        {"reason": "RebootPending"},
    )


def test_the_system_from_current_version() -> None:
    (system,) = of_sample(OperatingSystem, "reg-query-currentversion.txt")
    assert (system.build, system.ubr, system.version) == (20348, 2113, "21H2")


def test_the_system_from_two_queries() -> None:
    key = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
    text = (
        f'C:\\>reg query "{key}" /v CurrentBuildNumber\n\n{key}\n    CurrentBuildNumber    REG_SZ    14393\n'
        f'C:\\>reg query "{key}" /v UBR\n\n{key}\n    UBR    REG_DWORD    0x1ca8\n'
    )
    assert [(each.build, each.ubr) for each in of(OperatingSystem, text)] == [(14393, 7336)]


def test_the_proxy_in_winhttpsettings() -> None:
    key = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Internet Settings\Connections"
    data = (
        bytes([0x28, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 10, 0, 0, 0]) + b"proxy:8080" + bytes([7, 0, 0, 0]) + b"<local>"
    )
    (proxy,) = of(Proxy, f"{key}\n    WinHttpSettings    REG_BINARY    {data.hex()}\n")
    assert (proxy.address, proxy.bypass) == ("proxy:8080", "<local>")
    direct = bytes([0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    assert [each.address for each in of(Proxy, f"{key}\n    WinHttpSettings    REG_BINARY    {direct.hex()}\n")] == [""]


def test_passwords_are_not_kept() -> None:
    key = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon"
    text = f"{key}\n    DefaultPassword    REG_SZ    hunter2\n    Proxy    REG_SZ    http://me:hunter2@proxy:8080\n"
    assert "hunter2" not in repr(records(text))
    assert "hunter2" not in repr(
        records(f'Windows Registry Editor Version 5.00\n[{key}]\n"DefaultPassword"="hunter2"\n')
    )


def test_long_names_of_hives() -> None:
    assert long_key(r"HKLM:\SOFTWARE\X\ ".strip()) == r"HKEY_LOCAL_MACHINE\SOFTWARE\X"
    assert long_key(r'"hkcu\Control Panel"') == r"HKEY_CURRENT_USER\Control Panel"


@given(st.text(max_size=80), st.text(alphabet='"\\=:,hexdword()[]-01 \tREG_SZ', max_size=80))
def test_no_line_is_too_odd(name: str, value: str) -> None:
    records(f'Windows Registry Editor Version 5.00\n[{SCHANNEL}]\n"{name}"={value}\n{value}\n{name}\n')
    records(
        f"C:\\>reg query {name} /v {value}\n{SCHANNEL}\n    {name}    REG_{value}\n"
        f"    WinHttpSettings  REG_BINARY {value}\n"
    )
