from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aumdoctor.guest.command_output import LONGEST_SECTION, command_line, sections
from aumdoctor.guest.readers.command_outputs import COMMAND_OUTPUTS
from aumdoctor.model.guest import (
    OperatingSystem,
    Proxy,
    RegistryValue,
    SecureChannel,
    Service,
    ServicePrincipalNames,
    Ticket,
)
from tests.guest.artefacts import artefact
from tests.guest.readers.windows_samples import SAMPLES, of, records

TRANSCRIPT = r"""Microsoft Windows [Version 10.0.20348.2340]
(c) Microsoft Corporation. All rights reserved.

C:\Users\admin>hostname
REPLICAHOST1

So I looked at the names first:

C:\>setspn -L REPLICADOMAIN\REPLICAHOST1

Registered ServicePrincipalNames for CN=REPLICAHOST1,CN=Computers,DC=REPLICADOMAIN,DC=com:

 Hyper-V Replica Service/REPLICAHOST1
 HOST/REPLICAHOST1.REPLICADOMAIN.com

Next we need to verify that the computer objects are delegated correctly: see HTTP/x for this

C:\>nltest /SC_VERIFY:REPLICADOMAIN
Flags: b0 HAS_IP  HAS_TIMESERV
Trusted DC Name \\REPLICADC.REPLICADOMAIN.com
Trusted DC Connection Status Status = 0 0x0 NERR_Success
Trust Verification Status = 0 0x0 NERR_Success
The command completed successfully

C:>klist

Current LogonId is 0:0x3364e

Cached Tickets: (1)

#0> Client: Administrator @ REPLICADOMAIN.COM
 Server: krbtgt/REPLICADOMAIN.COM @ REPLICADOMAIN.COM
 Kdc Called: REPLICADC.REPLICADOMAIN.com

PS C:\> sc.exe qc wuauserv
[SC] QueryServiceConfig SUCCESS

SERVICE_NAME: wuauserv
        START_TYPE         : 3   DEMAND_START
PS C:\> sc.exe query wuauserv

SERVICE_NAME: wuauserv
        STATE              : 1  STOPPED
PS C:\> Test-ComputerSecureChannel
False
PS C:\>
"""


def test_a_transcript_of_many_commands_with_prose_between() -> None:
    found = records(TRANSCRIPT)
    (names,) = [each for each in found if isinstance(each, ServicePrincipalNames)]
    assert names.names == ("Hyper-V Replica Service/REPLICAHOST1", "HOST/REPLICAHOST1.REPLICADOMAIN.com")
    assert [(each.domain, each.status) for each in found if isinstance(each, SecureChannel)] == [
        ("REPLICADOMAIN", 0),
        ("", 1),
    ]
    assert [each.server for each in found if isinstance(each, Ticket)] == [
        "krbtgt/REPLICADOMAIN.COM @ REPLICADOMAIN.COM"
    ]
    assert (20348, 2340) in [(each.build, each.ubr) for each in found if isinstance(each, OperatingSystem)]


def test_line_numbers_are_those_of_the_file() -> None:
    numbers = [(type(each).__name__, each.origin.line) for each in records(TRANSCRIPT)]
    lines = TRANSCRIPT.splitlines()
    assert ("ServicePrincipalNames", lines.index(next(each for each in lines if "Registered" in each)) + 1) in numbers
    assert numbers == sorted(numbers, key=lambda each: each[1] or 0)


def test_what_follows_the_name_of_the_machine_belongs_to_it() -> None:
    found = records(TRANSCRIPT)
    assert found[0].computer == ""
    assert {each.computer for each in found[1:]} == {"REPLICAHOST1"}


def test_remote_prompts_name_their_machines() -> None:
    text = "[NODE1]: PS C:\\> Test-ComputerSecureChannel\nTrue\n[NODE2]: PS C:\\> Test-ComputerSecureChannel\nFalse\n"
    assert [(each.computer, each.status) for each in of(SecureChannel, text)] == [("NODE1", 0), ("NODE2", 1)]


def test_the_head_of_a_powershell_transcript() -> None:
    text = (
        "**********************\nWindows PowerShell transcript start\nStart time: 20260812150000\n"
        "Username: CONTOSO\\admin\nMachine: WEB02 (Microsoft Windows NT 10.0.20348.0)\n**********************\n"
        "PS C:\\> netsh winhttp show proxy\n\nCurrent WinHTTP proxy settings:\n\n    Direct access (no proxy server).\n"
    )
    (system,) = of(OperatingSystem, text)
    assert (system.computer, system.build, system.ubr) == ("WEB02", 20348, None)
    assert [(each.computer, each.address) for each in of(Proxy, text)] == [("WEB02", "")]


def test_the_halves_of_a_service_are_put_together() -> None:
    assert [(each.state, each.start) for each in of(Service, TRANSCRIPT)] == [("", "manual"), ("stopped", "manual")]


@pytest.mark.parametrize(
    ("text", "command"),
    [
        (r"C:\>ver", "ver"),
        (r"C:\Windows\system32>sc qc x", "sc qc x"),
        ("PS C:\\Users\\a b> Get-HotFix", "Get-HotFix"),
        ("PS> Get-HotFix", "Get-HotFix"),
        ("C:>klist", "klist"),
        (r"C:\>", ""),
        (r"### reg query HKLM\SOFTWARE ###", r"reg query HKLM\SOFTWARE"),
        ("==== systeminfo ====", "systeminfo"),
    ],
)
def test_prompts_and_headings(text: str, command: str) -> None:
    found = command_line(text)
    assert found is not None
    assert found[0] == command


@pytest.mark.parametrize(
    "text", ["root@web:~# hostname -f", "$ klist -e", "if a > b", "<a:b>c", "C: drive", "verify it"]
)
def test_what_is_no_prompt_of_windows(text: str) -> None:
    assert command_line(text) is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp932"])
def test_every_encoding_that_a_redirect_writes(encoding: str) -> None:
    text = (
        "現在の WinHTTP プロキシ設定:\r\n\r\n"
        "    プロキシ サーバー:  proxy.contoso.local:8080\r\n    バイパス一覧     :  (なし)\r\n"
    )
    found = artefact("out.txt", text.encode(encoding))
    assert COMMAND_OUTPUTS.recognises(found)
    assert [(each.address, each.bypass) for each in COMMAND_OUTPUTS.read(found) if isinstance(each, Proxy)] == [
        ("proxy.contoso.local:8080", "")
    ]


def test_a_file_that_powershell_appended_to_in_another_encoding() -> None:
    data = (
        b"Microsoft Windows [Version 10.0.20348.2340]\r\n"
        + "SERVICE_NAME: bits\r\n    STATE : 4  RUNNING\r\n".encode("utf-16")
    )
    found = artefact("out.txt", data)
    assert COMMAND_OUTPUTS.recognises(found)
    assert [type(each) for each in COMMAND_OUTPUTS.read(found)] == [OperatingSystem, Service]


def test_colours_are_passed_over() -> None:
    assert [each.name for each in of(Service, "\x1b[32;1mSERVICE_NAME: \x1b[0mbits\n    STATE : 4  RUNNING\n")] == [
        "bits"
    ]


def test_every_sample_of_an_output_is_known() -> None:
    for path in sorted(SAMPLES.glob("*.txt")) + sorted(SAMPLES.glob("*.inf")):
        assert COMMAND_OUTPUTS.recognises(artefact("out", path.read_bytes())), path.name


@pytest.mark.parametrize(
    "text",
    [
        "Ticket cache: FILE:/tmp/krb5cc_0\nDefault principal: root@CONTOSO.LOCAL\n",
        "NAME=Ubuntu\nVERSION_ID=22.04\n",
        "2026-08-12 06:09:54Z [Info] Patch operation is successfully started. HRESULT: 0x8024402C\n",
        "Log Name:      System\nSource:        User32\nEvent ID:      1074\nDescription:\nThe process winlogon.exe\n",
        "KB2585542 was installed on 2012-01-12, says the article. Status: open\n",
        '[{"version": 1.0, "status": {"name": "Azure Patch Management"}}]',
        '{"osName": "x", "osVersion":\n "Microsoft Windows NT 10.0.20348.0"}',
        'BUILDS = ["Microsoft Windows NT 10.0.20348.0"]\n',
        "● wuauserv.service - x\n   Loaded: loaded\n   Active: active (running)\n",
        "Filesystem     1M-blocks  Used Available Use% Mounted on\n/dev/sda1 29586 1234 28336 5% /\n",
        "",
    ],
)
def test_texts_of_others_are_not_taken(text: str) -> None:
    assert not COMMAND_OUTPUTS.recognises(artefact("out.txt", text))
    assert records(text) == []


def test_a_long_section_is_read_in_pieces_and_keeps_its_key() -> None:
    lines = [r"HKEY_LOCAL_MACHINE\SOFTWARE\X"] + [f"    V{n}    REG_DWORD    0x1" for n in range(LONGEST_SECTION + 500)]
    values = of(RegistryValue, "\n".join(lines))
    assert {each.key for each in values} == {r"HKEY_LOCAL_MACHINE\SOFTWARE\X"}
    assert len({each.name for each in values if each.name}) == LONGEST_SECTION + 500
    assert len(list(sections(enumerate(lines, 1), "x"))) == 2


ALL = "\n".join(
    Path(path).read_bytes().decode("utf-16" if path.suffix == ".inf" else "utf-8") for path in SAMPLES.glob("*.[ti]*")
)


@given(st.text(max_size=60), st.integers(0, len(ALL)), st.sampled_from(["", "\n", "\nC:\\>", " : ", "\t"]))
def test_no_text_is_too_odd(noise: str, at: int, between: str) -> None:
    records(ALL[at : at + 2000] + between + noise + ALL[at + 100 : at + 900])
    records(TRANSCRIPT[: at % len(TRANSCRIPT)] + noise + between + TRANSCRIPT)


@given(st.binary(max_size=400))
def test_no_bytes_are_too_odd(data: bytes) -> None:
    found = artefact("x", b"HKEY_LOCAL_MACHINE\\A\n" + data)
    COMMAND_OUTPUTS.recognises(found)
    list(COMMAND_OUTPUTS.read(found))
    COMMAND_OUTPUTS.recognises(artefact("x", data))
