"""Outputs of single commands, in the languages and forms in which they come."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aumdoctor.guest.command_output import Line, objects
from aumdoctor.model.guest import (
    ClusterObject,
    Damage,
    GroupMembers,
    InstalledUpdate,
    Observation,
    OperatingSystem,
    Proxy,
    RegistryValue,
    ReplicatedMachine,
    SecureChannel,
    Service,
    ServicePrincipalNames,
    State,
    Ticket,
    UserRight,
)
from tests.guest.readers.windows_samples import of, of_sample, records

# --- secedit ---------------------------------------------------------------------------------------------------------

EXPORT = """[Unicode]
Unicode=yes
[System Access]
MinimumPasswordAge = 0
[Registry Values]
MACHINE\\Software\\Microsoft\\Windows\\CurrentVersion\\Policies\\System\\ShutdownWithoutLogon=4,0
MACHINE\\System\\CurrentControlSet\\Control\\Lsa\\LmCompatibilityLevel=4,5
MACHINE\\Software\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon\\CachedLogonsCount=1,"10"
[Privilege Rights]
SeNetworkLogonRight = *S-1-5-32-544,CONTOSO\\Hyper-V Hosts,*S-1-5-32-551
SeShutdownPrivilege =
[Version]
signature="$CHICAGO$"
Revision=1
"""


def rights(text: str) -> dict[str, tuple[str, ...]]:
    return {each.right: each.holders for each in of(UserRight, text)}


def test_holders_of_rights_are_sids_without_star_and_names() -> None:
    assert rights(EXPORT)["SeNetworkLogonRight"] == ("S-1-5-32-544", "CONTOSO\\Hyper-V Hosts", "S-1-5-32-551")
    assert rights(EXPORT)["SeShutdownPrivilege"] == ()


def test_a_right_that_a_whole_export_does_not_name_has_no_holders() -> None:
    assert rights(EXPORT)["SeDenyNetworkLogonRight"] == ()
    assert of_sample(UserRight, "secedit-hardened-broken.inf")


def test_an_export_that_is_cut_off_says_nothing_of_what_it_does_not_name() -> None:
    cut = EXPORT[: EXPORT.index("SeShutdown")]
    assert set(rights(cut)) == {"SeNetworkLogonRight"}
    assert of(Damage, cut)


def test_an_export_without_rights_says_nothing_of_rights() -> None:
    assert rights(EXPORT.replace("[Privilege Rights]", "[Group Membership]")) == {}


def test_security_options_are_values_of_the_registry() -> None:
    found = {each.name: (each.key, each.value) for each in of(RegistryValue, EXPORT)}
    assert found["ShutdownWithoutLogon"] == (
        r"HKEY_LOCAL_MACHINE\Software\Microsoft\Windows\CurrentVersion\Policies\System",
        0,
    )
    assert found["CachedLogonsCount"][1] == "10"


# --- setspn ----------------------------------------------------------------------------------------------------------


def test_names_of_an_account() -> None:
    (found,) = of_sample(ServicePrincipalNames, "setspn-L-missing-replica-spn.txt")
    assert found.account == "CN=REPLICAHOST1,CN=Computers,DC=replicadomain,DC=com"
    assert found.names == ("HOST/REPLICAHOST1", "HOST/REPLICAHOST1.replicadomain.com")


def test_names_of_an_account_in_japanese() -> None:
    heading = "次の項目に登録されている ServicePrincipalNames: CN=H1,CN=Computers,DC=contoso,DC=com:"
    text = f"{heading}\n\tHOST/H1\n\tHOST/H1.contoso.com\n"
    assert [(each.account, len(each.names)) for each in of(ServicePrincipalNames, text)] == [
        ("CN=H1,CN=Computers,DC=contoso,DC=com", 2)
    ]


def test_an_account_without_names() -> None:
    text = "Registered ServicePrincipalNames for CN=H1,CN=Computers,DC=contoso,DC=com:\n"
    assert [each.names for each in of(ServicePrincipalNames, text)] == [()]


def test_names_that_are_registered_twice() -> None:
    text = (
        "Checking domain DC=contoso,DC=com\nProcessing entry 0\n"
        "Hyper-V Replica Service/H1 is registered on these accounts:\n"
        "\tCN=H1,CN=Computers,DC=contoso,DC=com\n\tCN=old,CN=Computers,DC=contoso,DC=com\n\n"
        "found 1 group of duplicate SPNs.\n"
    )
    assert [(each.duplicates, each.names) for each in of(ServicePrincipalNames, text)] == [
        (True, ("Hyper-V Replica Service/H1",))
    ]


def test_no_name_is_registered_twice() -> None:
    text = "Checking domain DC=contoso,DC=com\nProcessing entry 0\nfound 0 group of duplicate SPNs.\n"
    assert [(each.duplicates, each.names) for each in of(ServicePrincipalNames, text)] == [(True, ())]


def test_a_search_for_a_name() -> None:
    text = (
        "Checking domain DC=contoso,DC=com\nCN=H1,CN=Computers,DC=contoso,DC=com\n"
        "\tHOST/H1\n\tWSMAN/H1\n\nExisting SPN found!\n"
    )
    assert [(each.account, each.names) for each in of(ServicePrincipalNames, text)] == [
        ("CN=H1,CN=Computers,DC=contoso,DC=com", ("HOST/H1", "WSMAN/H1"))
    ]


# --- secure channel --------------------------------------------------------------------------------------------------


def test_a_broken_secure_channel() -> None:
    assert [each.status for each in of_sample(SecureChannel, "nltest-sc-verify-broken.txt")] == [1311]


def test_a_good_connection_whose_verification_fails_is_broken() -> None:
    text = (
        "Flags: b0 HAS_IP  HAS_TIMESERV\nTrusted DC Name \\\\DC1.contoso.local\n"
        "Trusted DC Connection Status Status = 0 0x0 NERR_Success\n"
        "Trust Verification Status = 5 0x5 ERROR_ACCESS_DENIED\n"
    )
    assert [(each.controller, each.status) for each in of(SecureChannel, text)] == [("DC1.contoso.local", 5)]


def test_the_secure_channel_in_japanese() -> None:
    text = (
        "C:\\>nltest /sc_verify:contoso.local\nフラグ: b0 HAS_IP HAS_TIMESERV\n信頼された DC 名 \\\\DC1.contoso.local\n"
        "信頼された DC 接続状態 状態 = 0 0x0 NERR_Success\n"
        "信頼の検証 状態 = 0 0x0 NERR_Success\nコマンドは正常に完了しました\n"
    )
    assert [(each.domain, each.controller, each.status) for each in of(SecureChannel, text)] == [
        ("contoso.local", "DC1.contoso.local", 0)
    ]


def test_a_domain_that_does_not_exist() -> None:
    text = "I_NetLogonControl failed: Status = 1355 0x54b ERROR_NO_SUCH_DOMAIN\n"
    assert [each.status for each in of(SecureChannel, text)] == [1355]


def test_the_search_for_a_controller_is_no_secure_channel() -> None:
    error = "Getting DC name failed: Status = 1355 0x54b ERROR_NO_SUCH_DOMAIN\n"
    assert of(SecureChannel, f"C:\\>nltest /dsgetdc:contoso\n{error}") == []
    assert of(SecureChannel, error) == []
    trusts = "Enumerating domain trusts failed: Status = 1722 0x6ba RPC_S_SERVER_UNAVAILABLE\n"
    assert of(SecureChannel, f"C:\\>nltest /domain_trusts\n{trusts}") == []


def test_the_verbose_answer_of_powershell() -> None:
    text = (
        'VERBOSE: Performing the operation "Test-ComputerSecureChannel" on target "TS01".\nTrue\n'
        "VERBOSE: The secure channel between the local computer and the domain contoso.local is in good condition.\n"
    )
    assert [(each.domain, each.status) for each in of(SecureChannel, text)] == [("contoso.local", 0)]


def test_true_and_false_of_other_commands_say_nothing() -> None:
    assert records("PS C:\\> $true\nTrue\nFalse\n") == []


# --- proxy, tickets, services ----------------------------------------------------------------------------------------


def test_a_proxy_and_none_in_several_languages() -> None:
    assert [each.address for each in of_sample(Proxy, "netsh-winhttp-direct-ja.txt")] == [""]
    (proxy,) = of_sample(Proxy, "netsh-winhttp-proxy.txt")
    assert (proxy.address, proxy.bypass) == ("proxy.contoso.local:8080", "*.contoso.local;<local>")
    german = "Aktuelle WinHTTP-Proxyeinstellungen:\n\n    DirectAccess (kein Proxyserver).\n"
    assert [each.address for each in of(Proxy, german)] == [""]


def test_the_advanced_proxy_of_newer_systems() -> None:
    text = (
        'Current WinHTTP advanced proxy settings:\n\n{\n    "Proxy": "http://u:secret@proxy:8080",\n'
        '    "ProxyBypass": "*.local",\n    "AutoconfigUrl": "",\n    "AutoDetect": false\n}\n'
    )
    (proxy,) = of(Proxy, text)
    assert (proxy.address, proxy.bypass) == ("http://[redacted]@proxy:8080", "*.local")
    assert "secret" not in repr(records(text))


def test_a_sentence_about_winhttp_is_no_setting() -> None:
    assert records("We changed the WinHTTP settings yesterday.\n") == []


def test_tickets_in_english_and_japanese() -> None:
    english = "#0>\tClient: ts01$ @ CONTOSO.LOCAL\n\tServer: cifs/dc1 @ CONTOSO.LOCAL\n"
    japanese = "#0>     クライアント: ts01$ @ CONTOSO.LOCAL\n        サーバー: cifs/dc1 @ CONTOSO.LOCAL\n"
    for text in (english, japanese):
        assert [(each.client, each.server) for each in of(Ticket, text)] == [
            ("ts01$ @ CONTOSO.LOCAL", "cifs/dc1 @ CONTOSO.LOCAL")
        ]


def test_start_and_state_of_services_by_sc() -> None:
    assert [(each.name, each.start) for each in of_sample(Service, "sc-qc-wuauserv-disabled.txt")] == [
        ("wuauserv", "disabled")
    ]
    text = (
        "SERVICE_NAME: vmms\nDISPLAY_NAME: x\n        STATE              : 4  RUNNING\n"
        "SERVICE_NAME: bits\n        STATE              : 1  STOPPED\n"
    )
    assert [(each.name, each.state) for each in of(Service, text)] == [("vmms", "running"), ("bits", "stopped")]


def test_a_service_that_is_not_there() -> None:
    for error in ("[SC] OpenService FAILED 1060:", "[SC] EnumQueryServicesStatus:OpenService FAILED 1060:"):
        assert [(each.name, each.exists) for each in of(Service, f"C:\\>sc query RdAgent\n{error}\n\n…\n")] == [
            ("RdAgent", False)
        ]
    text = "+ CategoryInfo          : ObjectNotFound: (RdAgent:String) [Get-Service], ServiceCommandException\n"
    assert [(each.name, each.exists) for each in of(Service, text)] == [("RdAgent", False)]


def test_access_that_is_denied_to_a_service_is_not_absence() -> None:
    assert of(Service, "C:\\>sc query RdAgent\n[SC] OpenService FAILED 5:\n\nAccess is denied.\n") == []


def test_tables_of_get_service_with_names_cut_off() -> None:
    text = (
        "\nStatus   Name               DisplayName\n------   ----               -----------\n"
        "Running  WindowsAzureGue... Windows Azure Guest Agent\nStopped  wuauserv           Windows Update\n"
        "Running  Windows...         Something\n\n"
    )
    assert [(each.name, each.state) for each in of(Service, text)] == [
        ("WindowsAzureGuestAgent", "running"),
        ("wuauserv", "stopped"),
    ]


def test_lists_and_instances_of_services() -> None:
    listed = "Name      : wuauserv\nStatus    : Stopped\nStartType : Disabled\n"
    instances = (
        "ProcessId Name     StartMode State   Status ExitCode\n--------- ----     --------- -----   ------ --------\n"
        "0         wuauserv Disabled  Stopped OK     1077\n     1234 bits     Manual    Running OK            0\n"
    )
    wmic = "Name=wuauserv\nStartMode=Disabled\nState=Stopped\n"
    for text in (listed, instances, wmic):
        first = of(Service, text)[0]
        assert (first.name, first.state, first.start) == ("wuauserv", "stopped", "disabled")
    assert of(Service, instances)[1].name == "bits"


# --- updates and systems ---------------------------------------------------------------------------------------------

HOTFIXES = """
Source        Description      HotFixID      InstalledBy          InstalledOn
------        -----------      --------      -----------          -----------
TS01          Security Update  KB2585542     NT AUTHORITY\\SYSTEM  1/12/2012 12:00:00 AM
TS01          Update           KB5012170                          8/9/2022 12:00:00 AM

We also plan KB2626076 next week.
"""
SYSTEMINFO = """
Host Name:                 TS01
OS Name:                   Microsoft Windows Server 2022 Datacenter
OS Version:                10.0.20348 N/A Build 20348
Domain:                    contoso.local
Hotfix(s):                 2 Hotfix(s) Installed.
                           [01]: KB5034439
                           [02]: KB5012170
Network Card(s):           1 NIC(s) Installed.
                           [01]: Microsoft Hyper-V Network Adapter
"""
SYSTEMINFO_JA = """
ホスト名:                     TS01
OS 名:                        Microsoft Windows Server 2016 Standard
OS バージョン:                10.0.14393 N/A ビルド 14393
ドメイン:                     contoso.local
ホットフィックス:             1 ホットフィックスがインストールされています。
                              [01]: KB5034439
"""


def test_installed_updates_are_those_of_the_list() -> None:
    assert [(each.kb, each.title, each.computer) for each in of(InstalledUpdate, HOTFIXES)] == [
        ("KB2585542", "Security Update", "TS01"),
        ("KB5012170", "Update", "TS01"),
    ]


@pytest.mark.parametrize("ending", ["\n", "\n\n"])
def test_updates_by_wmic(ending: str) -> None:
    text = (
        "Caption                                     CSName  Description      HotFixID   InstalledOn  \n"
        "http://support.microsoft.com/?kbid=5012170  TS01    Security Update  KB5012170  8/9/2022     \n"
    ).replace("\n", ending)
    assert [(each.kb, each.computer) for each in of(InstalledUpdate, text)] == [("KB5012170", "TS01")]
    assert [each.kb for each in of(InstalledUpdate, "HotFixID   \nKB5012170  \nKB5034439  \n")] == [
        "KB5012170",
        "KB5034439",
    ]


def test_systeminfo_in_english_and_japanese() -> None:
    (system,) = of(OperatingSystem, SYSTEMINFO)
    assert (system.computer, system.name, system.build) == ("TS01", "Microsoft Windows Server 2022 Datacenter", 20348)
    assert system.ubr is None
    assert [each.kb for each in of(InstalledUpdate, SYSTEMINFO)] == ["KB5034439", "KB5012170"]
    (system,) = of(OperatingSystem, SYSTEMINFO_JA)
    assert (system.computer, system.name, system.build) == ("TS01", "Microsoft Windows Server 2016 Standard", 14393)
    assert [each.kb for each in of(InstalledUpdate, SYSTEMINFO_JA)] == ["KB5034439"]


def test_packages_of_dism_tell_the_build() -> None:
    text = (
        "Package Identity : Package_for_KB5012170~31bf3856ad364e35~amd64~~20348.880.1.1\nState : Installed\n"
        "Release Type : Security Update\n\n"
        "Package Identity : Package_for_RollupFix~31bf3856ad364e35~amd64~~20348.2340.1.11\nState : Installed\n\n"
        "Package Identity : Package_for_RollupFix~31bf3856ad364e35~amd64~~20348.2402.1.5\nState : Install Pending\n"
    )
    assert [each.kb for each in of(InstalledUpdate, text)] == ["KB5012170"]
    assert [(each.build, each.ubr) for each in of(OperatingSystem, text)] == [(20348, 2340)]


@pytest.mark.parametrize(
    ("text", "build", "ubr"),
    [
        ("Microsoft Windows [Version 10.0.17763.5576]\n", 17763, 5576),
        ("Microsoft Windows [Version 6.3.9600]\n", 9600, None),
        ("Microsoft Windows [バージョン 10.0.14393]\n", 14393, None),
        ("Version 21H2 (OS Build 20348.2340)\n", 20348, 2340),
        ("バージョン 21H2 (OS ビルド 20348.2340)\n", 20348, 2340),
        (
            "Platform ServicePack Version      VersionString\n-------- ----------- -------      -------------\n"
            " Win32NT             10.0.20348.0 Microsoft Windows NT 10.0.20348.0\n",
            20348,
            None,
        ),
        ("OsName        : Microsoft Windows Server 2019\nOsBuildNumber : 17763\n", 17763, None),
        ("BuildNumber=17763\nCaption=Microsoft Windows Server 2019\nVersion=10.0.17763\n", 17763, None),
    ],
)
def test_systems_say_their_build(text: str, build: int, ubr: int | None) -> None:
    assert {(each.build, each.ubr) for each in of(OperatingSystem, text)} == {(build, ubr)}


# --- groups, clusters, replicas --------------------------------------------------------------------------------------


def test_members_of_a_local_group() -> None:
    english = (
        "Alias name     Users\nComment        People\n\nMembers\n\n" + "-" * 79 + "\n"
        "CONTOSO\\Domain Users\nNT AUTHORITY\\Authenticated Users\nThe command completed successfully.\n\n"
    )
    japanese = (
        "エイリアス名     Users\nコメント         人々\n\nメンバー\n\n" + "-" * 79 + "\n"
        "CONTOSO\\Domain Users\nNT AUTHORITY\\Authenticated Users\nコマンドは正常に終了しました。\n"
    )
    for text in (english, japanese):
        assert [(each.group, each.members) for each in of(GroupMembers, text)] == [
            ("Users", ("CONTOSO\\Domain Users", "NT AUTHORITY\\Authenticated Users"))
        ]


def test_members_by_powershell() -> None:
    text = (
        'PS C:\\> Get-LocalGroupMember -Group "Users"\n\nObjectClass Name                     PrincipalSource\n'
        "----------- ----                     ---------------\n"
        "Group       CONTOSO\\Domain Users     ActiveDirectory\n\n"
    )
    assert [(each.group, each.members) for each in of(GroupMembers, text)] == [("Users", ("CONTOSO\\Domain Users",))]


def test_parts_of_a_cluster() -> None:
    text = (
        "Name                OwnerNode State\n----                --------- -----\n"
        "クラスター グループ NODE1     Online\n\n"
        "Name  State Type\n----  ----- ----\nNODE1 Up    Node\nNODE2 Down  Node\n\n"
        "Name               State  OwnerGroup    ResourceType\n----               -----  ----------    ------------\n"
        "File Share Witness Failed Cluster Group File Share Witness\n"
    )
    assert [(each.kind, each.name, each.state, each.owner, each.type) for each in of(ClusterObject, text)] == [
        ("group", "クラスター グループ", "Online", "NODE1", ""),
        ("node", "NODE1", "Up", "", "Node"),
        ("node", "NODE2", "Down", "", "Node"),
        ("resource", "File Share Witness", "Failed", "Cluster Group", "File Share Witness"),
    ]


def test_the_health_of_a_replica() -> None:
    text = (
        "VMName State       Health   Mode    FrequencySec PrimaryServer ReplicaServer\n"
        "------ -----       ------   ----    ------------ ------------- -------------\n"
        "VM-A   Replicating Critical Primary 300          HOST1         HOST2\n"
    )
    (found,) = of(ReplicatedMachine, text)
    assert (found.name, found.state, found.health, found.mode) == ("VM-A", "Replicating", "Critical", "Primary")
    assert (found.primary, found.replica) == ("HOST1", "HOST2")


# --- reach and clock -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "port", "answer", "subject", "state"),
    [
        ("login.microsoftonline.com", "443", "True", "endpoint", State.OK),
        ("login.microsoftonline.com", "443", "False", "endpoint", State.BAD),
        ("fe3.delivery.mp.microsoft.com", "443", "False", "update-endpoint", State.BAD),
        ("wsus01.contoso.local", "8530", "False", "wsus", State.BAD),
        ("168.63.129.16", "80", "True", "wireserver", State.OK),
        ("login.microsoftonline.com", "443", "", "endpoint", State.UNKNOWN),
    ],
)
def test_endpoints_that_were_tried(host: str, port: str, answer: str, subject: str, state: State) -> None:
    text = f"ComputerName     : {host}\nRemoteAddress    : \nRemotePort       : {port}\nTcpTestSucceeded : {answer}\n"
    (found,) = of(Observation, text)
    assert (found.subject, found.state, found.values["host"]) == (subject, state, host)


@pytest.mark.parametrize(("offset", "state"), [("+00.0012345", State.OK), ("-312.4000000", State.BAD)])
def test_the_largest_difference_of_the_clock(offset: str, state: State) -> None:
    text = (
        "Tracking dc1.contoso.local [10.0.0.4:123].\n10:00:00, +00.0000001s\n"
        f"10:00:02, d:+00.0009765s o:{offset}s  [                  *                  ]\n"
    )
    (found,) = of(Observation, text)
    assert (found.subject, found.state, found.values["source"]) == ("clock", state, "dc1.contoso.local")


def test_a_clock_that_says_it_is_synchronised_proves_nothing() -> None:
    for label, state in (
        ("Leap Indicator: 0(no warning)", State.UNKNOWN),
        ("閏インジケーター: 3 (同期していません)", State.WARNING),
    ):
        assert [each.state for each in of(Observation, f"{label}\nStratum: 3\nSource: dc1\n")] == [state]


# --- printed objects -------------------------------------------------------------------------------------------------


def test_wide_characters_take_two_cells() -> None:
    text = (
        "Name                State\n----                -----\nクラスター グループ Online\nab                  Online"
    )
    rows = list(objects([Line(n, each) for n, each in enumerate(text.split("\n"), 1)], "Name"))
    assert [(row["name"], row["STATE"], row.line("Name").number) for row in rows] == [
        ("クラスター グループ", "Online", 3),
        ("ab", "Online", 4),
    ]


def test_numbers_stand_on_the_right_of_their_column() -> None:
    text = "Name      Id\n----      --\nab     12345"
    rows = list(objects([Line(n, each) for n, each in enumerate(text.split("\n"), 1)], "Id"))
    assert [(row["Name"], row["Id"]) for row in rows] == [("ab", "12345")]


def test_values_that_go_on_in_the_next_line() -> None:
    text = "Broken : C:\\Program Fi\n         les\nLong   : one\n         two\nEmpty  :\n\nBroken : next"
    rows = list(objects([Line(n, each) for n, each in enumerate(text.split("\n"), 1)]))
    assert [(row["Broken"], row["Long"], row["Empty"]) for row in rows] == [
        ("C:\\Program Files", "one two", ""),
        ("next", "", ""),
    ]


@given(st.lists(st.text(st.sampled_from("- :=あaN\tKB1[]#>\\/0x.,"), max_size=30), max_size=8))
def test_no_lines_are_too_odd(lines: list[str]) -> None:
    for head in (HOTFIXES, SYSTEMINFO_JA, EXPORT, "SERVICE_NAME: a", "#0> a: b@c", "WinHTTP:", "TcpTestSucceeded : x"):
        records("\n".join([head, *lines, head]))
