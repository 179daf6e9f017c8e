"""The scripts that machines are asked by are run here: against folders that look like machines, and on this machine."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import tree_sitter
import tree_sitter_powershell

from aumdoctor.guest.fetching import assembled, calls_for, offers_of, parts_of
from aumdoctor.guest.readers.probe import PROBE
from aumdoctor.guest.scripts import Part, is_plain, list_script, part_script, probe_script
from aumdoctor.model.guest import Damage, Observation, OperatingSystem, Proxy, State
from tests.guest.artefacts import artefact

linux = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("timeout") is None, reason="the scripts are for Linux with coreutils"
)
SHELLS = [shell for shell in ("dash", "bash", "busybox") if shutil.which(shell)]
TOOLS = (
    *("sh", "bash", "sed", "awk", "grep", "tr", "cut", "head", "tail", "sort", "date", "uname", "env", "cat", "stat"),
    *("df", "wc", "timeout", "ls", "id", "getent", "gzip", "base64", "sha256sum", "sleep", "cksum"),
)
CHECKS = [
    *("os", "agent", "extension", "sudo", "python", "proxy", "tls12", "https"),
    *("autoassess", "repos", "disk", "reboot", "locks", "end"),
]
EXTENSION = "var/lib/waagent/Microsoft.CPlat.Core.LinuxPatchExtension-"


class Machine:
    """A folder that looks like a machine, and the programs that it has."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.bin = folder / "bin"
        self.root.mkdir()
        self.bin.mkdir()
        for tool in TOOLS:
            if (found := shutil.which(tool)) is not None:
                (self.bin / tool).symlink_to(found)
        self.variables: dict[str, str] = {}

    def file(self, path: str, text: str | bytes = "") -> Path:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text if isinstance(text, bytes) else text.encode())
        return target

    def program(self, name: str, body: str) -> None:
        target = self.bin / name
        target.unlink(missing_ok=True)
        target.write_text(f"#!/bin/sh\n{body}\n")
        target.chmod(0o755)

    def without(self, name: str) -> None:
        (self.bin / name).unlink(missing_ok=True)

    def run(self, script: str, shell: str = "sh") -> bytes:
        variables = {"PATH": str(self.bin), "AUMDOCTOR_ROOT": str(self.root), "AUMDOCTOR_HOST": "login.example.com"}
        command = ["busybox", "sh"] if shell == "busybox" else [shell]
        command[0] = shutil.which(command[0]) or command[0]
        ended = subprocess.run(
            command,
            input=script.encode(),
            capture_output=True,
            timeout=120,
            check=False,
            env=variables | self.variables,
        )
        assert ended.returncode == 0, ended.stderr
        assert ended.stderr == b""
        return ended.stdout

    def probe(self, shell: str = "sh") -> dict[str, Any]:
        return self.lines(self.run(probe_script(windows=False), shell))

    @staticmethod
    def lines(output: bytes) -> dict[str, Any]:
        assert output.isascii()
        assert len(output) <= 4096 - 60
        rows = [json.loads(line) for line in output.splitlines()]
        assert [row["c"] for row in rows] == CHECKS
        assert rows[-1] == {"c": "end", "n": len(CHECKS) - 1}
        return {row["c"]: row for row in rows}


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A healthy Ubuntu 22.04 whose repository is not asked, for want of one."""
    made = Machine(tmp_path)
    made.file("etc/os-release", 'ID=ubuntu\nVERSION_ID="22.04"\nPRETTY_NAME="Ubuntu 22.04.5 LTS"\n')
    made.file("run/systemd/system/.keep")
    made.file("etc/waagent.conf", "Extensions.Enabled=y\nHttpProxy.Host=None\n")
    made.file(f"{EXTENSION}1.6.9/config/9.settings", "{}")
    made.file(f"{EXTENSION}1.6.71/config/2.settings", "{}")
    made.file(f"{EXTENSION}1.6.71/config/10.settings", "{}")
    made.file(f"{EXTENSION}1.6.71/MsftLinuxPatchAutoAssess.sh", "#!/bin/bash\n")
    made.file(
        f"{EXTENSION}1.6.71/status/10.status",
        '[{"status": {"substatus": [{"name": "PatchAssessmentSummary", "status": "success"}, '
        '{"name": "ConfigurePatchingSummary", "status": "error"}]}}]',
    )
    made.program(
        "systemctl",
        'case "$1 $2" in\n'
        '"is-active walinuxagent"|"is-active MsftLinuxPatchAutoAssess.timer") echo active ;;\n'
        '"is-enabled MsftLinuxPatchAutoAssess.service") echo enabled ;;\n'
        '"show MsftLinuxPatchAutoAssess.timer") echo "LastTriggerUSec=Tue 2026-08-18 03:12:04 UTC" ;;\n'
        "*) echo inactive; exit 3 ;;\nesac",
    )
    made.program("sudo", 'echo "uid=0(root) gid=0(root) groups=0(root)"')
    made.program("python3", "echo Python 3.10.12")
    made.program("curl", 'printf "302 0"')
    made.program("waagent", 'echo "WALinuxAgent-2.2.46 running on ubuntu 22.04"; echo "Goal state agent: 2.14.0.1"')
    made.program("apt-get", "echo apt-get is not to be run >&2; exit 1")
    made.program("dpkg", "exit 0")
    made.program("df", "echo head; echo disk 1 1 9999999 1% /")
    return made


@pytest.fixture
def port() -> Iterator[int]:
    """A port of this machine that answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@linux
@pytest.mark.parametrize("shell", SHELLS)
def test_a_healthy_machine_shows_nothing_wrong_in_any_shell(machine: Machine, shell: str, port: int) -> None:
    machine.file("etc/apt/sources.list", f"deb [arch=amd64] http://127.0.0.1:{port}/ubuntu jammy main\n")
    seen = machine.probe(shell)
    assert {check: row["s"] for check, row in seen.items() if row.get("s") not in ("ok", None)} == {}
    assert seen["os"]["d"]["id"] == "ubuntu"
    assert seen["agent"]["d"] == {
        "unit": "walinuxagent",
        "version": "2.2.46 2.14.0.1 ",
        "extEnabled": "y",
        "arc": "inactive",
    }
    extension = seen["extension"]["d"]
    assert extension["dir"].endswith("-1.6.71")
    assert extension["seq"] == "10"
    assert extension["sub"] == "PatchAssessmentSummary=success ConfigurePatchingSummary=error "
    assert seen["autoassess"]["d"]["timer"] == "active"
    assert seen["autoassess"]["d"]["sh"] == "present"
    assert seen["repos"]["d"]["ok"] == "1"


@linux
def test_the_reader_understands_every_line_of_a_healthy_machine(machine: Machine) -> None:
    output = machine.run(probe_script(windows=False))
    records = list(PROBE.read(artefact("probe.jsonl", output)))
    assert not [record for record in records if isinstance(record, Damage)]
    assert next(each for each in records if isinstance(each, OperatingSystem)).version == "22.04"
    bad = {each.subject for each in records if isinstance(each, Observation) and each.state is State.BAD}
    assert bad == set()


@linux
def test_nothing_is_left_behind_and_nothing_changed(machine: Machine, tmp_path: Path) -> None:
    def everything() -> dict[str, tuple[int, bytes]]:
        return {
            str(path): (path.stat().st_mtime_ns, path.read_bytes())
            for path in tmp_path.rglob("*")
            if path.is_file() and not path.is_symlink()
        }

    before = everything()
    machine.probe()
    assert everything() == before


@linux
@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("sudo: sorry, you must have a tty to run sudo", 1),
        ("[sudo] password for root:", 1),
        ("uid=0(root) although it fails", 1),
        ("uid=1000(azureuser)", 0),
    ],
)
def test_sudo_counts_only_if_it_makes_root_and_succeeds(machine: Machine, said: str, code: int) -> None:
    machine.program("sudo", f"echo '{said}'; exit {code}")
    machine.file("etc/sudoers", "# Defaults requiretty\nDefaults !requiretty\n")
    sudo = machine.probe()["sudo"]
    assert sudo["s"] == "fail"
    assert sudo["d"]["out"] == said
    assert sudo["d"]["requiretty"] == ""


@linux
def test_no_sudo_at_all_fails_and_a_requiretty_is_quoted_with_its_file(machine: Machine) -> None:
    machine.without("sudo")
    machine.file("etc/sudoers.d/90-hardening", "Defaults    requiretty\n")
    sudo = machine.probe()["sudo"]
    assert sudo["s"] == "fail"
    assert "No such file" in sudo["d"]["out"] or "not found" in sudo["d"]["out"]
    assert "/etc/sudoers.d/90-hardening:Defaults" in sudo["d"]["requiretty"]


@linux
@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("etc/environment", 'http_proxy="http://user:secret@proxy.contoso.com:3128"\n'),
        ("etc/environment", "HTTPS_PROXY=http://user:secret@proxy.contoso.com:3128\n"),
        ("etc/profile.d/proxy.sh", "export https_proxy=http://user:secret@proxy.contoso.com:3128\n"),
        ("etc/apt/apt.conf.d/95proxy", 'Acquire::http::Proxy "http://user:secret@proxy.contoso.com:3128";\n'),
        ("etc/apt/apt.conf", 'Acquire { http::proxy "http://user:secret@proxy.contoso.com:3128"; };\n'),
        ("etc/yum.conf", "[main]\nproxy=http://user:secret@proxy.contoso.com:3128\n"),
        ("etc/dnf/dnf.conf", "[main]\n proxy = http://user:secret@proxy.contoso.com:3128\n"),
        ("etc/tdnf/tdnf.conf", "[main]\nproxy=http://user:secret@proxy.contoso.com:3128\n"),
        ("etc/yum.repos.d/x.repo", "[x]\nproxy=http://user:se@cret@proxy.contoso.com:3128\n"),
        ("etc/sysconfig/proxy", 'PROXY_ENABLED="yes"\nHTTP_PROXY="http://user:secret@proxy.contoso.com:3128"\n'),
        ("etc/waagent.conf", "HttpProxy.Host=proxy.contoso.com\n"),
        (
            "etc/systemd/system/walinuxagent.service.d/proxy.conf",
            '[Service]\nEnvironment="http_proxy=http://user:secret@proxy.contoso.com:3128"\n',
        ),
    ],
)
def test_a_proxy_is_found_wherever_it_is_set_and_its_password_is_not_told(
    machine: Machine, path: str, text: str
) -> None:
    machine.file(path, text)
    output = machine.run(probe_script(windows=False))
    proxy = machine.lines(output)["proxy"]
    assert proxy["s"] == "warn"
    assert "proxy.contoso.com" in proxy["d"]["set"]
    assert proxy["d"]["where"] == f"/{path} "
    assert b"cret" not in output
    assert b"user" not in output


@linux
def test_a_proxy_in_the_environment_is_found_and_read(machine: Machine) -> None:
    machine.variables["https_proxy"] = "http://user:secret@proxy.contoso.com:3128"
    output = machine.run(probe_script(windows=False))
    assert machine.lines(output)["proxy"]["d"]["where"] == "env "
    proxies = [each for each in PROBE.read(artefact("p", output)) if isinstance(each, Proxy)]
    assert [each.address for each in proxies] == ["http://***@proxy.contoso.com:3128"] or [
        each.address for each in proxies
    ] == ["http://proxy.contoso.com:3128"]


@linux
@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("etc/environment", 'PATH="/bin"\n#http_proxy=http://a:1\nhttp_proxy=\n'),
        ("etc/apt/apt.conf.d/95proxy", '// Acquire::http::Proxy "http://a:1";\nAcquire::http::Proxy "DIRECT";\n'),
        ("etc/yum.conf", "#proxy=http://a:1\nproxy=_none_\nproxy_username=joe\n"),
        ("etc/sysconfig/proxy", 'PROXY_ENABLED="no"\nHTTP_PROXY="http://proxy.contoso.com:3128"\n'),
        ("etc/waagent.conf", "HttpProxy.Host=None\n#HttpProxy.Host=x\n"),
    ],
)
def test_what_is_switched_off_or_a_comment_is_no_proxy(machine: Machine, path: str, text: str) -> None:
    machine.file(path, text)
    assert machine.probe()["proxy"] == {"c": "proxy", "s": "ok", "d": {"set": ""}}


@linux
@pytest.mark.parametrize(
    ("code", "tls", "https"),
    [
        (0, "ok", "ok"),
        (35, "fail", "fail"),
        (60, "ok", "fail"),
        (6, "unknown", "fail"),
        (28, "unknown", "fail"),
        (97, "unknown", "fail"),
        (2, "unknown", "unknown"),
    ],
)
def test_one_handshake_answers_two_questions(machine: Machine, code: int, tls: str, https: str) -> None:
    machine.program("curl", f"printf 'curl: said \"so\" \\\\ and so'; exit {code}")
    seen = machine.probe()
    assert (seen["tls12"]["s"], seen["https"]["s"]) == (tls, https)
    assert seen["tls12"]["d"] == {"rc": str(code), "host": "login.example.com"}
    assert seen["https"]["d"]["out"] == 'curl: said "so" \\ and so'


@linux
def test_without_curl_openssl_is_asked_and_without_both_it_is_unknown(machine: Machine) -> None:
    machine.without("curl")
    assert machine.probe()["tls12"] == {"c": "tls12", "s": "unknown", "d": {"why": "nocurl"}}
    machine.program("openssl", 'echo "Verify return code: 0 (ok)"')
    assert machine.probe()["https"]["s"] == "ok"
    machine.program("openssl", 'echo "New, (NONE), Cipher is (NONE)"')
    assert machine.probe()["tls12"]["s"] == "fail"
    machine.program("openssl", 'echo "connect:errno=111"')
    assert machine.probe()["tls12"]["s"] == "unknown"


@linux
def test_an_inactive_timer_is_not_active_although_the_word_is_in_it(machine: Machine) -> None:
    machine.program("systemctl", 'case "$1" in is-enabled) echo enabled ;; *) echo inactive; exit 3 ;; esac')
    seen = machine.probe()
    assert seen["autoassess"]["s"] == "fail"
    assert seen["autoassess"]["d"]["timer"] == "inactive"
    assert seen["agent"]["s"] == "fail"


@linux
def test_the_newer_name_of_the_timer_is_known_and_a_paused_script_seen(machine: Machine) -> None:
    machine.program(
        "systemctl",
        'case "$2" in AzGPSLinuxPatchAutoAssess.timer) echo active ;;'
        " AzGPSLinuxPatchAutoAssess.service) echo enabled ;;"
        " *) echo inactive; exit 3 ;; esac",
    )
    machine.file(f"{EXTENSION}1.6.71/AzGPSLinuxPatchAutoAssess.sh", "Auto-assessment was paused by the extension.\n")
    found = machine.probe()["autoassess"]
    assert found["s"] == "ok"
    assert (found["d"]["unit"], found["d"]["sh"]) == ("AzGPSLinuxPatchAutoAssess", "paused")


@linux
def test_without_systemd_units_are_unknown_and_systemctl_is_not_asked(machine: Machine) -> None:
    shutil.rmtree(machine.root / "run/systemd")
    machine.program("systemctl", "echo asked >&2; exit 1")
    seen = machine.probe()
    assert seen["os"]["d"]["systemd"] == "no"
    assert seen["agent"]["s"] == "unknown"
    assert seen["autoassess"] == {
        "c": "autoassess",
        "s": "unknown",
        "d": {"unit": "MsftLinuxPatchAutoAssess", "timer": "", "service": "", "last": "", "sh": "present"},
    }


@linux
def test_repositories_of_a_deb822_file_are_asked_at_their_own_port(machine: Machine, port: int) -> None:
    shut = closed_port()
    machine.file(
        "etc/apt/sources.list.d/ubuntu.sources",
        f"Types: deb\nURIs: http://127.0.0.1:{port}/ubuntu\nSuites: noble\n\n"
        f"Types: deb\nURIs: http://127.0.0.1:{shut}/security/\nSuites: noble-security\n\n"
        "Types: deb\nEnabled: no\nURIs: http://switched-off.example.com/\n",
    )
    machine.file("etc/apt/sources.list", "# deb http://commented.example.com/ a b\ndeb cdrom:[Ubuntu]/ jammy main\n")
    repos = machine.probe()["repos"]
    assert repos["s"] == "fail"
    assert repos["d"]["total"] == "2"
    assert repos["d"]["bad"] == f"127.0.0.1:{shut}"


@linux
def test_a_repository_behind_a_proxy_that_does_not_answer_proves_nothing(machine: Machine) -> None:
    machine.file("etc/apt/apt.conf.d/95proxy", 'Acquire::http::Proxy "http://proxy.contoso.com:3128";\n')
    machine.file("etc/apt/sources.list", f"deb http://127.0.0.1:{closed_port()}/ubuntu jammy main\n")
    assert machine.probe()["repos"]["s"] == "unknown"


@linux
def test_no_repository_is_unknown_and_no_way_to_ask_as_well(machine: Machine) -> None:
    assert machine.probe()["repos"]["s"] == "unknown"
    machine.file("etc/apt/sources.list", "deb http://127.0.0.1:9/ubuntu jammy main\n")
    machine.without("bash")
    machine.without("python3")
    assert machine.probe()["repos"]["s"] == "unknown"


@linux
@pytest.mark.parametrize(("program", "folder"), [("dnf", "etc/yum.repos.d"), ("zypper", "etc/zypp/repos.d")])
def test_repositories_of_red_hat_and_suse_that_are_switched_on_are_asked(
    machine: Machine, program: str, folder: str, port: int
) -> None:
    machine.without("apt-get")
    machine.without("dpkg")
    machine.program(program, "exit 0")
    machine.file(
        f"{folder}/a.repo",
        f"[on]\nbaseurl=http://127.0.0.1:{port}/$basearch\nenabled=1\n"
        "[off]\nbaseurl=http://off.example.com/\nenabled=0\n"
        "[variable]\nbaseurl=https://$host.example.com/\n",
    )
    repos = machine.probe()["repos"]
    assert repos["s"] == "ok"
    assert repos["d"]["pm"] == program
    assert repos["d"]["total"] == "1"


@linux
@pytest.mark.parametrize(
    ("program", "said", "code", "expected"),
    [
        ("dnf", "Reboot is required to fully utilize these updates.", 1, "warn"),
        ("dnf", "No such command: needs-restarting.", 1, "ok"),
        ("needs-restarting", "Reboot is required to ensure that your system benefits from these updates.", 1, "warn"),
        ("needs-restarting", "No core libraries or services have been updated.", 0, "ok"),
        ("zypper", "", 102, "warn"),
        ("zypper", "", 0, "ok"),
    ],
)
def test_a_restart_that_is_due_is_seen_on_red_hat_and_suse(
    machine: Machine, program: str, said: str, code: int, expected: str
) -> None:
    machine.without("apt-get")
    machine.program(program, f'echo "$@" >> "$AUMDOCTOR_ROOT/asked"; echo "{said}"; exit {code}')
    assert machine.probe()["reboot"]["s"] == expected
    asked = (machine.root / "asked").read_text()
    assert program == "needs-restarting" or "-C" in asked or "--no-refresh" in asked


@linux
def test_a_restart_that_is_due_on_ubuntu_names_its_packages(machine: Machine) -> None:
    machine.file("var/run/reboot-required")
    machine.file("var/run/reboot-required.pkgs", "linux-image-6.8.0-1021-azure\nlibc6\n")
    reboot = machine.probe()["reboot"]
    assert reboot["s"] == "warn"
    assert reboot["d"]["pkgs"].split() == ["linux-image-6.8.0-1021-azure", "libc6"]


@linux
def test_a_full_disk_and_a_mount_without_programs_are_seen(machine: Machine) -> None:
    (machine.root / "var").mkdir(exist_ok=True)
    machine.program(
        "df", 'case "$2" in */var) echo h; echo d 1 1 102400 99% /var ;; *) echo h; echo d 1 1 9999999 1% / ;; esac'
    )
    machine.file("proc/mounts", "/dev/sda1 / ext4 rw 0 0\n/dev/sdb1 /var ext4 rw,nosuid,noexec 0 0\n")
    disk = machine.probe()["disk"]
    assert disk["s"] == "fail"
    assert disk["d"] == {"free": "/var=100M ", "noexec": "/var ", "also": "/=9765M "}


@linux
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("megabytes", "state", "free", "bad"),
    [
        (
            {"/": 20000, "/var": 20000, "/boot": 120, "/tmp": 900},
            "ok",
            "/=20000M /var=20000M /boot=120M /tmp=900M ",
            "",
        ),
        ({"/": 20000, "/var": 20000, "/boot": 99}, "fail", "/boot=99M ", "/boot"),
        ({"/": 20000, "/var": 2047, "/boot": 120, "/tmp": 900}, "warn", "/var=2047M ", "/var"),
        ({"/": 2047, "/var": 20000, "/boot": 120, "/tmp": 900}, "warn", "/=2047M ", "/"),
        ({"/": 299, "/var": 2047, "/boot": 120, "/tmp": 299}, "fail", "/=299M /tmp=299M ", "/ /tmp"),
        ({"/": 2048, "/var": 2048, "/boot": 100, "/tmp": 300}, "ok", "/=2048M /var=2048M /boot=100M /tmp=300M ", ""),
    ],
)
def test_each_place_has_its_own_limit_of_room(
    machine: Machine, shell: str, megabytes: dict[str, int], state: str, free: str, bad: str
) -> None:
    cases = ""
    for place, room in megabytes.items():
        (machine.root / place.lstrip("/")).mkdir(exist_ok=True)
        cases += f'"{machine.root}{place}") echo h; echo d 1 1 {room * 1024 + 1} 1% {place} ;;\n'
    machine.program("df", f'case "$2" in\n{cases}esac')
    output = machine.run(probe_script(windows=False), shell)
    disk = machine.lines(output)["disk"]
    assert (disk["s"], disk["d"]["free"]) == (state, free)
    assert sorted((disk["d"]["free"] + disk["d"]["also"]).split()) == sorted(f"{a}={b}M" for a, b in megabytes.items())
    seen = [each for each in PROBE.read(artefact("p", output)) if isinstance(each, Observation)]
    rooms = [each for each in seen if each.subject == "disk-space" and each.state is not State.OK]
    assert " ".join(each.values["path"] for each in rooms) == bad


@linux
def test_room_that_df_cannot_tell_is_unknown(machine: Machine) -> None:
    machine.program("df", 'echo "df: no file systems processed"; exit 1')
    assert machine.probe()["disk"]["s"] == "unknown"


@linux
def test_who_holds_the_lock_of_the_package_manager_is_named(machine: Machine) -> None:
    inode = machine.file("var/lib/dpkg/lock-frontend").stat().st_ino
    machine.file(
        "proc/locks", f"1: POSIX  ADVISORY  WRITE 4711 08:01:{inode} 0 EOF\n2: FLOCK ADVISORY WRITE 1 08:01:7 0 EOF\n"
    )
    machine.program("dpkg", 'echo "The following packages are only half configured:"; echo " libc6"')
    locks = machine.probe()["locks"]
    assert locks["s"] == "warn"
    assert locks["d"]["holder"] == "var/lib/dpkg/lock-frontend:4711"
    assert locks["d"]["audit"].startswith("The following packages")


@linux
def test_a_lock_file_that_nobody_holds_is_no_lock(machine: Machine) -> None:
    machine.file("var/lib/dpkg/lock-frontend")
    machine.file("run/zypp.pid", "999999")
    assert machine.probe()["locks"]["s"] == "ok"


@linux
def test_an_agent_that_is_there_in_none_of_its_names_fails_and_extensions_switched_off_are_told(
    machine: Machine,
) -> None:
    machine.program("systemctl", "echo inactive; exit 3")
    machine.file("etc/waagent.conf", "# Extensions.Enabled=y\nExtensions.Enabled = n\n")
    agent = machine.probe()["agent"]
    assert agent["s"] == "fail"
    assert agent["d"]["extEnabled"] == "n"


@linux
def test_no_extension_fails_and_a_status_without_settings_is_found(machine: Machine) -> None:
    shutil.rmtree(machine.root / "var/lib/waagent")
    assert machine.probe()["extension"] == {"c": "extension", "s": "fail", "d": {"dir": ""}}
    machine.file("var/lib/waagent/Microsoft.SoftwareUpdateManagement.LinuxOsUpdateExtension-1.0.60/status/7.status", "")
    found = machine.probe()["extension"]["d"]
    assert (found["dir"].partition("-")[0], found["seq"]) == (
        "Microsoft.SoftwareUpdateManagement.LinuxOsUpdateExtension",
        "7",
    )


@linux
def test_however_much_a_machine_says_the_answer_fits_and_is_ascii(machine: Machine) -> None:
    long = 'ä\\"x\t\x07' * 400
    for name in ("sudo", "python3", "curl", "waagent", "dpkg", "systemctl"):
        machine.program(name, f"cat <<'X'\n{long}\nX\nexit 1")
    machine.file("etc/os-release", f"ID={long}\nVERSION_ID={long}\nPRETTY_NAME={long}\n")
    machine.file("etc/environment", f"http_proxy=http://{long}\n" * 50)
    machine.file("etc/sudoers", f"Defaults {long} requiretty\n" * 50)
    machine.file("etc/apt/sources.list", "".join(f"deb http://127.0.0.{n}:9/{long} a b\n" for n in range(1, 60)))
    machine.file("var/run/reboot-required")
    machine.file("var/run/reboot-required.pkgs", long)
    assert machine.probe()["sudo"]["s"] == "fail"


@linux
@pytest.mark.parametrize("name", ["probe.sh", "collect.sh"])
def test_the_scripts_are_sound_to_every_shell(name: str) -> None:
    script = probe_script(windows=False) if name == "probe.sh" else list_script(windows=False)
    assert script.isascii()
    for shell in ("sh", "dash", "bash"):
        if shutil.which(shell):
            ended = subprocess.run([shell, "-n"], input=script.encode(), capture_output=True, check=False)
            assert (ended.returncode, ended.stderr) == (0, b"")


@linux
def test_this_machine_itself_can_be_asked() -> None:
    script = probe_script(windows=False, host="localhost")
    ended = subprocess.run(["sh"], input=script.encode(), capture_output=True, check=False, timeout=300)
    assert (ended.returncode, ended.stderr) == (0, b"")
    seen = Machine.lines(ended.stdout)
    assert seen["os"]["d"]["kernel"] == os.uname().release
    assert seen["disk"]["d"]["free"]
    records = list(PROBE.read(artefact("here.jsonl", ended.stdout)))
    assert not [record for record in records if isinstance(record, Damage)]
    if Path("/etc/os-release").exists():
        (system,) = [each for each in records if isinstance(each, OperatingSystem)]
        assert f"ID={system.distribution}" in Path("/etc/os-release").read_text().lower().replace('"', "").replace(
            "id=", "ID="
        )


# -- the logs ----------------------------------------------------------------------------------------------------------


@linux
@pytest.mark.parametrize("shell", SHELLS)
def test_logs_come_in_pieces_and_are_whole_again(machine: Machine, shell: str) -> None:
    log = b"".join(hashlib.sha256(str(number).encode()).hexdigest().encode() + b"\n" for number in range(4000))
    folder = "var/log/azure/Microsoft.CPlat.Core.LinuxPatchExtension"
    machine.file(f"{folder}/9.core.log", b"old\n")
    machine.file(f"{folder}/10.core.log", b"\n2026-06-01T00:00:00Z> begun\n")
    machine.file("var/log/waagent.log", log)
    machine.file(f"{EXTENSION}1.6.71/config/CoreState.json", "{}")
    offers, why = offers_of(machine.run(list_script(windows=False), shell).decode(), windows=False)
    assert why == ""
    assert [offer.path.rsplit("/", 1)[1] for offer in offers] == [
        "10.status",
        "CoreState.json",
        "10.core.log",
        "waagent.log",
        "waagent.conf",
    ]
    waagent = offers[3]
    assert waagent.size == len(log)
    assert waagent.count == 131072
    assert waagent.start + waagent.count == len(log)
    calls, left_out = calls_for(offers, most=40)
    assert left_out == []
    pieces: dict[tuple[int, int], bytes] = {}
    for call in calls:
        output = machine.run(part_script(call, windows=False), shell)
        assert len(output) <= 4096 - 60
        pieces |= parts_of(output.decode())
    files = {file.offer.path: file for file in assembled(offers, calls, pieces)}
    assert {file.why for file in files.values()} == {""}
    assert files["/var/log/waagent.log"].content == log[waagent.start :]


@linux
def test_a_log_that_grew_meanwhile_comes_as_it_was_listed(machine: Machine) -> None:
    path = machine.file("var/log/waagent.log", b"first line\n" * 100)
    offers, _ = offers_of(machine.run(list_script(windows=False)).decode(), windows=False)
    path.write_bytes(path.read_bytes() + b"later\n")
    calls, _ = calls_for(offers)
    pieces = parts_of(machine.run(part_script(calls[0], windows=False)).decode())
    files = {file.offer.path: file for file in assembled(offers, calls, pieces)}
    assert files["/var/log/waagent.log"].why == ""
    path.write_bytes(b"rotated\n" * 500)
    pieces = parts_of(machine.run(part_script(calls[0], windows=False)).decode())
    files = {file.offer.path: file for file in assembled(offers, calls, pieces)}
    assert files["/var/log/waagent.log"].why != ""


@linux
def test_settings_are_not_offered_and_neither_are_names_that_a_shell_would_read(machine: Machine) -> None:
    machine.file("var/log/azure/Microsoft.CPlat.Core.LinuxPatchExtension/2026_$(id)_Enable.ext.log", b"x\n")
    machine.file("var/log/azure/Microsoft.CPlat.Core.LinuxPatchExtension/2026-01-01_Enable.ext.log", b"x\n")
    output = machine.run(list_script(windows=False)).decode()
    assert ".settings" not in output
    assert "$(id)" not in output
    assert "2026-01-01_Enable.ext.log" in output


def test_a_path_that_is_more_than_a_path_never_gets_into_a_script() -> None:
    part = Part(file=0, path="/var/log/x'; id #", start=0, count=1, offset=0, length=1)
    with pytest.raises(ValueError, match="not a path"):
        part_script([part], windows=False)
    assert is_plain(r"C:\WindowsAzure\Logs\a b.log", windows=True)
    for bad in (r"C:\a'b", "/etc/../x", "relative", "/a\nb", "/", "/" + "a" * 300, r"\\server\share"):
        assert not is_plain(bad, windows=bad[1:2] == ":")
    with pytest.raises(ValueError, match="not a host"):
        probe_script(windows=False, host="a;id")


# -- PowerShell, which is not run here ---------------------------------------------------------------------------------

POWERSHELL: dict[str, Callable[[], str]] = {
    "probe": lambda: probe_script(windows=True, host="login.microsoftonline.us"),
    "list": lambda: list_script(windows=True),
    "part": lambda: part_script(
        [Part(file=1, path=r"C:\WindowsAzure\Logs\a.log", start=0, count=9, offset=0, length=9)], windows=True
    ),
}


def _nodes(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    yield node
    for child in node.children:
        yield from _nodes(child)


@pytest.mark.parametrize("name", POWERSHELL)
def test_the_powershell_scripts_are_powershell_and_ascii(name: str) -> None:
    script = POWERSHELL[name]()
    assert script.isascii()
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))
    tree = parser.parse(script.encode())
    assert [node.start_point for node in _nodes(tree.root_node) if node.type == "ERROR" or node.is_missing] == []


@pytest.mark.parametrize("name", POWERSHELL)
def test_the_powershell_scripts_use_nothing_newer_than_windows_powershell_and_change_nothing(name: str) -> None:
    script = re.sub(r"^\s*#.*$", "", POWERSHELL[name](), flags=re.MULTILINE)
    for newer in ("??", "?.", " && ", " || ", "-Parallel", "Get-CimInstance -CimSession", "Join-String", "ternary"):
        assert newer not in script
    changing = r"(?i)\b(Set|New|Remove|Restart|Start|Stop|Install|Clear|Add|Invoke|Out)-(?!Object\b|StrictMode\b)\w+"
    assert re.findall(changing, script) == []
    assert not re.search(r"(?i)\.(Search|Download|Install|BeginSearch)\(|usoclient|wuauclt|\breg(\.exe)? add\b", script)
    assert "Set-StrictMode" in script
    assert script.rstrip().endswith("exit 0")


def test_the_windows_probe_tells_how_many_events_there_were_before_any_was_left_out() -> None:
    script = POWERSHELL["probe"]()
    assert "Write-Check 'events' 'ok' ([ordered]@{ of = $of; last = [array]$rows })" in script
    assert script.index("$matching++") < script.index("if ($rows.Count -ge 8)")
    assert "if ($found.Count -ge 60) { $of += '+' }" in script


def test_what_the_list_of_powershell_gives_packed_by_net_can_be_unpacked() -> None:
    content = b"12:00:00 [Info] text\r\n" * 2000
    packed = gzip.compress(content)
    digest = hashlib.sha256(content).hexdigest()
    row = {"c": "file", "p": r"C:\WindowsAzure\Logs\a.log", "s": len(content), "o": 0, "n": len(content)}
    text = json.dumps(row | {"z": len(packed), "h": digest}) + '\r\n{"c":"end","n":1}\r\n'
    offers, why = offers_of(text, windows=True)
    assert (why, offers[0].path) == ("", r"C:\WindowsAzure\Logs\a.log")
    calls, _ = calls_for(offers)
    (file,) = assembled(offers, calls, {(0, 0): packed})
    assert (file.content, file.why) == (content, "")
