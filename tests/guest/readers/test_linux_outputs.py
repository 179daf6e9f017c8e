import pytest
from hypothesis import given
from hypothesis import strategies as st

from aumdoctor.guest.readers.linux_outputs import linux_config, linux_log, linux_outputs
from aumdoctor.model.guest import ExtensionHandler, Observation, OperatingSystem, Proxy, Record, Service, State
from tests.guest.artefacts import artefact
from tests.guest.linux_samples import names, records, sample, signs

TIMER = """\
● MsftLinuxPatchAutoAssess.timer - Microsoft Azure Linux Patch Extension - Auto Assessment
     Loaded: loaded (/etc/systemd/system/MsftLinuxPatchAutoAssess.timer; enabled; vendor preset: enabled)
     Active: inactive (dead)
"""


def observed(found: list[Record], subject: str) -> list[tuple[State, dict[str, str]]]:
    return [(each.state, each.values) for each in found if isinstance(each, Observation) and each.subject == subject]


def services(found: list[Record]) -> list[tuple[str, str, str, bool]]:
    return [(each.name, each.state, each.start, each.exists) for each in found if isinstance(each, Service)]


def outputs(text: str) -> list[Record]:
    assert linux_outputs.recognises(artefact("out.txt", text))
    return records(linux_outputs, "out.txt", text)


# --- commands ---


def test_the_status_of_a_unit() -> None:
    assert services(outputs(TIMER)) == [("MsftLinuxPatchAutoAssess.timer", "inactive", "enabled", True)]


def test_a_unit_that_is_not_there() -> None:
    found = outputs(
        "$ systemctl status MsftLinuxPatchAutoAssess.timer\nUnit MsftLinuxPatchAutoAssess.timer could not be found.\n"
    )
    assert services(found) == [("MsftLinuxPatchAutoAssess.timer", "", "", False)]


def test_answers_of_is_active_and_is_enabled_need_the_command() -> None:
    text = """\
azureuser@vm1:~$ systemctl is-active MsftLinuxPatchAutoAssess.timer walinuxagent
inactive
active
azureuser@vm1:~$ sudo systemctl is-enabled MsftLinuxPatchAutoAssess.service
enabled
"""
    assert services(outputs(text)) == [
        ("MsftLinuxPatchAutoAssess.timer", "inactive", "", True),
        ("walinuxagent.service", "active", "", True),
        ("MsftLinuxPatchAutoAssess.service", "", "enabled", True),
    ]
    assert not linux_outputs.recognises(artefact("x.txt", "inactive\n"))


def test_lists_of_timers_and_units() -> None:
    text = """\
NEXT                        LEFT       LAST                        PASSED    UNIT                           ACTIVATES
Sat 2026-11-21 17:15:00 UTC 30min left Sat 2026-11-21 16:15:00 UTC 29min ago MsftLinuxPatchAutoAssess.timer MsftLinuxPatchAutoAssess.service
n/a                         n/a        n/a                         n/a       other.timer                    other.service
  walinuxagent.service loaded active running Azure Linux Agent
MsftLinuxPatchAutoAssess.service enabled enabled
"""  # noqa: E501
    assert services(outputs(text)) == [
        ("MsftLinuxPatchAutoAssess.timer", "active", "", True),
        ("other.timer", "", "", True),
        ("walinuxagent.service", "active", "", True),
        ("MsftLinuxPatchAutoAssess.service", "", "enabled", True),
    ]


def test_properties_of_a_unit() -> None:
    text = "$ systemctl show MsftLinuxPatchAutoAssess.timer -p ActiveState,UnitFileState\nActiveState=failed\nUnitFileState=enabled\n"  # noqa: E501
    assert services(outputs(text)) == [("MsftLinuxPatchAutoAssess.timer", "failed", "enabled", True)]


@pytest.mark.parametrize(
    ("text", "free", "state"),
    [
        (
            "Filesystem      Size  Used Avail Use% Mounted on\n/dev/sda1        30G   30G  120M 100% /\n",
            "120",
            State.BAD,
        ),
        (
            "Filesystem     1M-blocks  Used Available Use% Mounted on\n/dev/sda1   30000 100     29000   1% /var\n",
            "29000",
            State.OK,
        ),
        (
            "Filesystem     1K-blocks  Used Available Use% Mounted on\n/dev/sda1   3000000 100  1024000  50% /var\n",
            "1000",
            State.WARNING,
        ),
        (
            "Filesystem     1024-blocks  Used Available Capacity Mounted on\n/dev/sda1   300 300  0  100% /boot\n",
            "0",
            State.BAD,
        ),
        (
            "Filesystem 1K-blocks Used Available Use% Mounted on\n/dev/sda1 500000 244000 256000 49% /boot\n",
            "250",
            State.WARNING,
        ),
        (
            "ファイルシス   サイズ  使用  残り 使用% マウント位置\n/dev/sda1        30G   30G  100M  100% /\n",
            "100",
            State.BAD,
        ),
    ],
)
def test_room_in_every_unit(text: str, free: str, state: State) -> None:
    ((found, values),) = observed(outputs(text), "disk-space")
    assert (found, values["free_mb"]) == (state, free)


def test_room_on_other_file_systems_is_not_told() -> None:
    text = "Filesystem Size Used Avail Use% Mounted on\ntmpfs 1G 1G 0 100% /run\n/dev/loop0 64M 64M 0 100% /snap/core\n"
    assert observed(outputs(text), "disk-space") == []


def test_sudo_that_works_and_sudo_that_does_not() -> None:
    assert (
        observed(outputs("root@vm1:~# timeout 10 sudo id\nuid=0(root) gid=0(root) groups=0(root)\n"), "sudo")[0][0]
        is State.OK
    )
    found = outputs("root@vm1:~# sudo id\nsudo: sorry, you must have a tty to run sudo\n")
    assert observed(found, "sudo")[0][0] is State.BAD
    assert "sudo-tty-required" in names(found)
    assert observed(outputs("root@vm1:~# id\nuid=0(root) gid=0(root)\n"), "sudo") == []


def test_proxies_are_told_without_their_password() -> None:
    found = outputs(
        "$ env\nHTTPS_PROXY=http://me:hunter2@proxy.contoso.com:3128\nno_proxy=169.254.169.254\nSHELL=/bin/bash\n$ \n"
    )
    (proxy,) = [each for each in found if isinstance(each, Proxy)]
    assert (proxy.where, proxy.address, proxy.bypass) == (
        "environment",
        "http://proxy.contoso.com:3128",
        "169.254.169.254",
    )
    assert "hunter2" not in repr(found)


def test_apt_as_this_program_itself_prints_it() -> None:
    found = list(linux_outputs.read(sample("outputs/apt-get-update.txt")))
    assert {each.values["reason"] for each in signs(found, "apt-fetch-failed")} == {"dns", "refused"}
    assert "repository-refreshed" not in names(found)


def test_apt_without_an_error_and_apt_with_only_the_short_form_of_one() -> None:
    healthy = "Hit:1 http://a.example/ubuntu jammy InRelease\nReading package lists... Done\n"
    assert "repository-refreshed" in names(outputs(healthy))
    short = healthy + "Err:2 http://b.example/ubuntu jammy InRelease\n  Could not resolve 'b.example'\n"
    (failure,) = signs(outputs(short), "apt-fetch-failed")
    assert (failure.values["host"], failure.values["reason"]) == ("b.example", "dns")
    assert "repository-refreshed" not in names(outputs(short))


def test_several_commands_in_one_text() -> None:
    text = """\
[root@rhel9 ~]# cat /etc/os-release
NAME="Red Hat Enterprise Linux"
VERSION_ID="9.4"
ID="rhel"
[root@rhel9 ~]# python3 --version
Python 3.9.18
[root@rhel9 ~]# mount
/dev/mapper/rootvg-varlv on /var type xfs (rw,relatime,noexec)
tmpfs on /dev/shm type tmpfs (rw,noexec)
[root@rhel9 ~]# waagent --version
WALinuxAgent-2.7.0.6 running on redhat 9.4
Goal state agent: 2.11.1.4
[root@rhel9 ~]# cat /etc/sudoers
Defaults    requiretty
"""
    found = outputs(text)
    (system,) = [each for each in found if isinstance(each, OperatingSystem)]
    assert (system.distribution, system.version) == ("rhel", "9.4")
    assert observed(found, "python") == [(State.OK, {"version": "3.9.18"})]
    assert observed(found, "noexec") == [(State.BAD, {"path": "/var"})]
    assert [each.version for each in found if isinstance(each, ExtensionHandler)] == ["2.7.0.6", "2.11.1.4"]
    assert observed(found, "requiretty")[0][0] is State.BAD


def test_an_audit_of_packages_that_says_nothing_is_good_only_where_it_ended() -> None:
    assert observed(outputs("root@a:~# dpkg --audit\nroot@a:~# \n"), "package-state") == [(State.OK, {})]
    assert observed(outputs("root@a:~# dpkg --audit\n"), "package-state") == []


@pytest.mark.parametrize(
    "text",
    [
        "C:\\> sc query wuauserv\nSERVICE_NAME: wuauserv\n",
        "PS C:\\> Get-Service\n",
        '{"c":"os","id":"ubuntu"}\n',
        "Log Name: System\nSource: User32\nEvent ID: 1074\n",
        "hello\n",
        "",
    ],
)
def test_what_is_no_output_of_linux(text: str) -> None:
    assert not linux_outputs.recognises(artefact("x.txt", text))


# --- files of /etc ---


def test_the_system_of_os_release() -> None:
    content = 'NAME="SLES"\nVERSION_ID="15.5"\nID="sles"\nPRETTY_NAME="SUSE Linux Enterprise Server 15 SP5"\n'
    (found,) = records(linux_config, "bundle.zip!/etc/os-release", content)
    assert isinstance(found, OperatingSystem)
    assert (found.distribution, found.version) == ("sles", "15.5")


@pytest.mark.parametrize(
    ("path", "content", "address"),
    [
        ("etc/apt/apt.conf.d/95proxy", 'Acquire::http::Proxy "http://u:hunter2@p:3128/";\n', "http://p:3128/"),
        ("etc/apt/apt.conf", 'Acquire {\n  HTTP {\n    Proxy "http://p:3128";\n  }\n}\n', "http://p:3128"),
        ("etc/yum.conf", "[main]\nproxy=http://p:3128\nproxy_password=hunter2\n", "http://p:3128"),
        ("etc/dnf/dnf.conf", "[main]\nproxy = http://p:3128\n", "http://p:3128"),
        ("etc/environment", "https_proxy='http://p:3128'\n", "http://p:3128"),
        ("etc/sysconfig/proxy", 'PROXY_ENABLED="yes"\nHTTP_PROXY="http://p:3128"\nFTP_PROXY=""\n', "http://p:3128"),
        ("etc/waagent.conf", "HttpProxy.Host=p\nHttpProxy.Port=3128\n", "p:3128"),
    ],
)
def test_proxies_in_every_file(path: str, content: str, address: str) -> None:
    assert linux_config.recognises(artefact(path, content))
    (found,) = records(linux_config, path, content)
    assert isinstance(found, Proxy)
    assert (found.address, found.where) == (address, path)
    assert "hunter2" not in repr(found)


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("etc/apt/apt.conf.d/95proxy", '// Acquire::http::Proxy "http://p:3128/";\nAcquire::http::Proxy "DIRECT";\n'),
        ("etc/yum.conf", "[main]\nproxy=_none_\n#proxy=http://p\n"),
        ("etc/sysconfig/proxy", 'PROXY_ENABLED="no"\nHTTP_PROXY="http://p:3128"\n'),
        ("etc/waagent.conf", "HttpProxy.Host=None\n# HttpProxy.Host=p\n"),
    ],
)
def test_proxies_that_are_off(path: str, content: str) -> None:
    assert records(linux_config, path, content) == []


@pytest.mark.parametrize(("value", "state"), [("n", State.BAD), ("y", State.OK)])
def test_extensions_that_the_agent_does_not_run(value: str, state: State) -> None:
    found = records(linux_config, "etc/waagent.conf", f"# Extensions.Enabled=x\nExtensions.Enabled={value}\n")
    assert [each for each, _ in observed(found, "extension-operations")] == [state]


@pytest.mark.parametrize(
    ("path", "content", "hosts"),
    [
        ("etc/apt/sources.list", "deb [arch=amd64 signed-by=/x] http://a.example/ubuntu jammy main\n# deb http://b\ndeb-src https://c.example/ x\n", ["a.example", "c.example"]),  # noqa: E501
        ("etc/apt/sources.list.d/ubuntu.sources", "Types: deb\nURIs: http://a.example/ https://b.example:8443/x\nSuites: noble\n", ["a.example", "b.example"]),  # noqa: E501
        ("etc/apt/sources.list.d/off.sources", "Enabled: no\nTypes: deb\nURIs: http://a.example/\n", []),
        ("etc/yum.repos.d/rh.repo", "[base]\nbaseurl=https://rhui-1.microsoft.com/pulp/$releasever\nenabled=1\n[off]\nmirrorlist=http://m.example\nenabled=0\n", ["rhui-1.microsoft.com"]),  # noqa: E501
    ],
)  # fmt: skip
def test_repositories_are_named_and_their_state_is_unknown(path: str, content: str, hosts: list[str]) -> None:
    found = observed(records(linux_config, path, content), "repository")
    assert [values["host"] for _, values in found] == hosts
    assert {state for state, _ in found} <= {State.UNKNOWN}


def test_a_restart_that_is_pending() -> None:
    found = records(linux_config, "var/run/reboot-required.pkgs", "linux-image-6.1\nlibc6\nlibc6\n")
    assert observed(found, "pending-reboot") == [(State.BAD, {"reason": "libc6, linux-image-6.1"})]


# --- logs ---


def test_the_log_of_apt_has_times_without_zone() -> None:
    log = (
        "\nLog started: 2026-11-20  06:12:01\n(Reading database ...\ndpkg: error processing package x (--configure):\n"
    )
    assert linux_log.recognises(artefact("var/log/apt/term.log", log))
    (found,) = signs(records(linux_log, "term.log", log))
    assert (found.sign, found.values["package"]) == ("package-script-failed", "x")
    assert found.at is not None
    assert (found.at.isoformat(), found.at.tzinfo) == ("2026-11-20T06:12:01", None)


def test_the_log_of_dnf_has_times_with_one() -> None:
    log = "2026-11-20T06:12:01+0900 DDEBUG x\n2026-11-20T06:13:01+0900 ERROR Error: Failed to download metadata for repo 'base'\n"  # noqa: E501
    (found,) = signs(records(linux_log, "dnf.log", log))
    assert found.values == {"repository": "base"}
    assert found.at is not None
    assert found.at.isoformat() == "2026-11-20T06:13:01+09:00"


def test_the_journal_of_the_daily_assessment() -> None:
    log = (
        "Nov 21 16:15:01 vm1 systemd[1]: Starting MsftLinuxPatchAutoAssess.service...\n"
        "Nov 21 16:15:02 vm1 systemd[1]: MsftLinuxPatchAutoAssess.service: Failed with result 'exit-code'.\n"
    )
    assert linux_log.recognises(artefact("journal.txt", log))
    (found,) = signs(records(linux_log, "journal.txt", log))
    assert (found.sign, found.values["unit"]) == ("auto-assessment-unit-failed", "MsftLinuxPatchAutoAssess.service")


# --- anything ---


@given(st.binary(max_size=800) | st.text(max_size=800).map(str.encode))
def test_no_bytes_are_too_odd(data: bytes) -> None:
    for reader in (linux_config, linux_log, linux_outputs):
        reader.recognises(artefact("x", data))
    for path in (
        "etc/apt/sources.list",
        "etc/os-release",
        "etc/waagent.conf",
        "etc/sudoers",
        "etc/environment",
        "a.repo",
    ):
        records(linux_config, path, data)
    records(linux_log, "syslog", data)
    records(linux_outputs, "x", data)


LINES = st.sampled_from(
    [
        *TIMER.splitlines(),
        "root@a:~# cat /etc/os-release",
        "$ systemctl is-active a b",
        "Filesystem 1K-blocks Used Available Use% Mounted on",
        "/dev/sda1 1 1 1 100% /",
        "Err:1 http://a jammy InRelease",
        "ActiveState=active",
        "ID=ubuntu",
    ]
)


@given(st.lists(LINES | st.text(max_size=60), max_size=20))
def test_no_order_of_lines_is_too_odd(found: list[str]) -> None:
    records(linux_outputs, "x", "\n".join(found))
