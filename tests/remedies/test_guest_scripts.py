"""The scripts of guest remedies. Those for Linux are run against made-up machines, those for Windows only parsed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

from aumdoctor.remedies.in_guest import GuestRemedy, every_guest_remedy, guest_remedy

SCRIPTS = [
    pytest.param(each, mode, id=f"{each.name}-{each.system}-{mode}")
    for each in every_guest_remedy()
    for mode in ("run", "verify", "undo")
    if getattr(each, mode)
]
_FOUND = {os.path.realpath(found): shell for shell in ("sh", "bash", "dash") if (found := shutil.which(shell))}
SHELLS = sorted(_FOUND.values())
"""Each once: on Debian `sh` is dash."""


class Ended(NamedTuple):
    """What a script printed: the values of its steps by name, and its last line."""

    steps: dict[str, dict[str, str]]
    state: str
    said: str


class Machine:
    """A folder that a script takes for `/`, and programs that it finds before the real ones."""

    def __init__(self, folder: Path, shell: str = "sh") -> None:
        self.root, self.programs, self.shell = folder / "root", folder / "bin", shell
        self.root.mkdir()
        self.programs.mkdir()
        # None of the programs of this machine that would change it.
        for name in ("systemctl", "sudo", "visudo", "dpkg", "rpm", "apt-config"):
            self.program(name, "exit 127")

    def file(self, path: str, text: str) -> Path:
        found = self.root / path.lstrip("/")
        found.parent.mkdir(parents=True, exist_ok=True)
        found.write_text(text)
        return found

    def program(self, name: str, text: str) -> None:
        path = self.programs / name
        path.write_text(f"#!/bin/sh\nR={self.root}\n{text}\n")
        path.chmod(0o755)

    def without(self, name: str) -> None:
        (self.programs / name).unlink()

    def __call__(self, name: str, mode: str = "run") -> Ended:
        remedy = guest_remedy(name, "linux")
        assert remedy is not None
        path = f"{self.programs}:/usr/bin:/bin"
        done = subprocess.run(
            [self.shell, "-c", getattr(remedy, mode)],
            env={"PATH": path, "AUMDOCTOR_ROOT": str(self.root)},
            capture_output=True,
            timeout=60,
            check=True,
        )
        assert done.stdout.isascii()
        assert len(done.stdout) < 4096
        assert done.stderr == b""
        lines: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
        assert {line["remedy"] for line in lines} == {name}
        assert [line["step"] for line in lines].count("end") == 1
        steps = {line["step"]: line["values"] for line in lines[:-1]}
        return Ended(steps, lines[-1]["state"], lines[-1]["said"])

    def contents(self) -> dict[str, str]:
        return {str(path.relative_to(self.root)): path.read_text() for path in self.root.rglob("*") if path.is_file()}


@pytest.fixture(params=SHELLS)
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Machine:
    return Machine(tmp_path, request.param)


# What holds for all of them.


@pytest.mark.parametrize(("remedy", "mode"), SCRIPTS)
def test_it_parses(remedy: GuestRemedy, mode: str, tmp_path: Path) -> None:
    script = getattr(remedy, mode)
    assert script.isascii()
    if remedy.system == "linux":
        (tmp_path / "script.sh").write_text(script)
        for shell in SHELLS:
            subprocess.run([shell, "-n", tmp_path / "script.sh"], check=True)
        return
    tree = Parser(Language(tree_sitter_powershell.language())).parse(script.encode())
    assert list(errors(tree.root_node)) == []


def errors(node: Node) -> Any:
    if node.type == "ERROR" or node.is_missing:
        yield node.start_point, node.text
    for child in node.children:
        yield from errors(child)


@pytest.mark.parametrize(("remedy", "mode"), SCRIPTS)
def test_its_last_line_alone_says_what_it_is_to_do(remedy: GuestRemedy, mode: str) -> None:
    *same, last = getattr(remedy, mode).splitlines()
    assert same == remedy.run.splitlines()[:-1]
    assert last == (f"main {mode}" if remedy.system == "linux" else f"Invoke-Remedy '{mode}'")
    assert f"# aumdoctor guest remedy: {remedy.name}\n" in remedy.run[:400]


@pytest.mark.parametrize(("remedy", "mode"), SCRIPTS)
def test_it_lets_nobody_do_everything_and_runs_no_text(remedy: GuestRemedy, mode: str) -> None:
    script = getattr(remedy, mode)
    assert "NOPASSWD" not in script
    words = r"\beval\b" if remedy.system == "linux" else r"(?i)invoke-expression|\biex\b|-encodedcommand|add-type"
    assert not re.search(words, script)
    assert "[redacted]" not in script


@pytest.mark.parametrize("remedy", [each for each in every_guest_remedy() if each.run], ids=lambda each: each.name)
def test_what_it_changes_is_told(remedy: GuestRemedy) -> None:
    assert remedy.changes
    assert bool(remedy.undo) == remedy.reversible
    assert remedy.verify
    assert remedy.system is not None


# The timer.

UNITS = """
case "$1 $2 $3" in
"show -p LoadState")
  if [ "$4" = MsftLinuxPatchAutoAssess.timer ] && [ ! -e $R/no-units ]; then echo LoadState=loaded; fi
  ;;
"is-active "*) cat $R/units/$2.active 2>/dev/null || echo inactive ;;
"is-enabled "*) cat $R/units/$2.enabled 2>/dev/null || echo disabled ;;
"enable "*) shift; for each in "$@"; do case $each in --*) ;; *) echo enabled >$R/units/$each.enabled ;; esac; done ;;
"disable "*)
  [ -e $R/fixed ] && { echo 'Failed to disable'; exit 1; }
  shift
  for each in "$@"; do case $each in --*) ;; *) echo disabled >$R/units/$each.enabled ;; esac; done
  ;;
"start "*) [ -e $R/broken ] && { echo 'Failed to start'; exit 1; }; echo active >$R/units/$2.active ;;
"stop "*) [ -e $R/stuck ] && { echo 'Failed to stop'; exit 1; }; echo inactive >$R/units/$2.active ;;
esac
"""
ASSESS = "MsftLinuxPatchAutoAssess"
FOLDER = "/var/lib/waagent/Microsoft.CPlat.Core.LinuxPatchExtension-1.6.71"


@pytest.fixture
def timed(machine: Machine) -> Machine:
    machine.program("systemctl", UNITS)
    machine.file("units/x", "")
    machine.file(f"{FOLDER}/{ASSESS}.sh", "#!/bin/bash\n")
    return machine


def test_a_timer_that_stands_still_is_set_going_and_stopped_again(timed: Machine) -> None:
    before = timed.contents()
    done = timed("restart-auto-assess-timer")
    assert done.state == "changed"
    assert done.steps["before"]["timer"] == "inactive"
    assert done.steps["after"] == {
        "unit": ASSESS,
        "timer": "active",
        "timer_start": "enabled",
        "service_start": "enabled",
    }
    assert timed("restart-auto-assess-timer", "verify").state == "cured"
    assert timed("restart-auto-assess-timer").state == "unchanged"
    undone = timed("restart-auto-assess-timer", "undo")
    assert (undone.state, undone.steps["after"]) == ("undone", done.steps["before"])
    assert timed("restart-auto-assess-timer", "verify").state == "not-cured"
    assert {path for path in timed.contents() if not path.startswith("units/")} == {
        path for path in before if not path.startswith("units/")
    }
    assert timed("restart-auto-assess-timer", "undo").state == "unchanged"


def test_what_was_enabled_before_stays_so_after_undo(timed: Machine) -> None:
    timed.file(f"units/{ASSESS}.service.enabled", "enabled\n")
    before = timed("restart-auto-assess-timer").steps["before"]
    assert timed("restart-auto-assess-timer", "undo").steps["after"] == before


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("no-units", "", "assess the machine once"),
        (f"units/{ASSESS}.timer.enabled", "masked\n", "somebody has masked"),
        (f"{FOLDER}/{ASSESS}.sh", "Auto-assessment was paused by the Azure Linux Patch Extension.", "paused or lost"),
    ],
)
def test_units_that_are_missing_masked_or_paused_are_left_alone(
    timed: Machine, path: str, text: str, said: str
) -> None:
    timed.file(path, text)
    before = timed.contents()
    done = timed("restart-auto-assess-timer")
    assert done.state == "refused"
    assert said in done.said
    assert timed.contents() == before


def test_what_broke_off_in_the_middle_can_be_taken_back_to_the_first_state(timed: Machine) -> None:
    timed.file("broken", "")
    before = timed("restart-auto-assess-timer").steps["before"]
    failed = timed("restart-auto-assess-timer")
    assert failed.state == "failed"
    assert "Failed to start" in failed.said
    assert timed("restart-auto-assess-timer", "undo").steps["after"] == before


@pytest.mark.parametrize(("trouble", "said"), [("stuck", "Failed to stop"), ("fixed", "Failed to disable")])
def test_what_systemctl_could_not_take_back_is_told_and_tried_again(timed: Machine, trouble: str, said: str) -> None:
    before = timed("restart-auto-assess-timer").steps["before"]
    timed.file(trouble, "")
    for _ in range(2):
        failed = timed("restart-auto-assess-timer", "undo")
        assert failed.state == "failed"
        assert said in failed.said
    (timed.root / trouble).unlink()
    undone = timed("restart-auto-assess-timer", "undo")
    assert (undone.state, undone.steps["after"]) == ("undone", before)
    assert undone.said == "what stood there before was put back"
    assert timed("restart-auto-assess-timer", "undo").state == "unchanged"


def test_what_somebody_changed_since_is_not_put_back(timed: Machine) -> None:
    timed("restart-auto-assess-timer")
    timed.file(f"units/{ASSESS}.timer.active", "inactive\n")
    assert timed("restart-auto-assess-timer", "undo").state == "refused"


# What is done anew with every run. No PowerShell runs here: the text shows it.


def function_of(script: str, name: str) -> str:
    """The text of a function of PowerShell."""
    found = re.search(rf"^function {name} \{{\n(.*?)^\}}", script, re.MULTILINE | re.DOTALL)
    assert found is not None, name
    return found[1]


@pytest.mark.parametrize("name", ["restart-update-service", "reset-windows-update-store", "move-cluster-core-group"])
def test_a_second_run_acts_again_and_what_an_earlier_one_did_is_no_cure(name: str) -> None:
    remedy = guest_remedy(name, "windows")
    assert remedy is not None
    (flag,) = re.findall(r"^\$script:(\w+) = \$false$", remedy.run.partition("$script:note =")[2], re.MULTILINE)
    cured, cure = function_of(remedy.run, "Test-Cured"), function_of(remedy.run, "Set-Cure")
    assert f"$script:{flag}" in cured
    assert "'verify'" in cured
    # It is set where the deed is done, and nowhere before it.
    assert cure.index(f"$script:{flag} = $true") > cure.index("Start-Change" if "Start-Change" in cure else "Move(")
    assert remedy.run.count(f"$script:{flag} = $true") == 1


def test_each_run_sets_a_folder_of_its_own_aside_and_undo_takes_the_last() -> None:
    remedy = guest_remedy("reset-windows-update-store", "windows")
    assert remedy is not None
    cure, undo = function_of(remedy.run, "Set-Cure"), function_of(remedy.run, "Undo-Cure")
    assert "Get-FreeName" in cure
    assert "Save-Text 'aside' $aside" in cure
    assert "$aside = Get-Aside\n" in undo


# sudo.

SUDO = """
[ "$1 $2" = "-n id" ] || exit 9
for each in $R/etc/sudoers.d/*; do
  case ${each##*/} in *.*) continue ;; esac
  grep -qxF "$(cat $R/cures)" "$each" 2>/dev/null && good=yes
done
[ "$good" = yes ] && { echo 'uid=0(root) gid=0(root) groups=0(root)'; exit 0; }
cat $R/refusal
exit 1
"""
NOT_LISTED = "root is not in the sudoers file.  This incident will be reported."
NO_TTY = "sudo: sorry, you must have a tty to run sudo"
RULE = "root ALL=(ALL:ALL) ALL"


@pytest.fixture
def barred(machine: Machine) -> Machine:
    machine.program("sudo", SUDO)
    machine.program("visudo", '[ "$1" = -cf ] && [ -f "$2" ] && [ ! -e $R/bad ]')
    machine.file("etc/sudoers", "Defaults env_reset\n@includedir /etc/sudoers.d\n")
    machine.file("etc/sudoers.d/90-others", "alice ALL=(ALL) ALL\n")
    machine.file("cures", RULE)
    machine.file("refusal", NOT_LISTED)
    return machine


@pytest.mark.parametrize(("refusal", "rule"), [(NOT_LISTED, RULE), (NO_TTY, "Defaults:root !requiretty")])
def test_the_rule_that_root_lacks_is_added_and_taken_away_again(barred: Machine, refusal: str, rule: str) -> None:
    barred.file("refusal", refusal)
    barred.file("cures", rule)
    before = barred.contents()
    done = barred("repair-sudo")
    assert (done.state, done.steps["after"]["drop_in"]) == ("changed", f"{rule};")
    added = barred.root / "etc/sudoers.d/zz-aumdoctor"
    assert added.read_text() == f"{rule}\n"
    assert added.stat().st_mode & 0o777 == 0o440
    assert {path for path in barred.contents() if path.startswith("etc/")} - before.keys() == {
        "etc/sudoers.d/zz-aumdoctor"
    }
    assert barred("repair-sudo").state == "unchanged"
    assert barred("repair-sudo", "undo").state == "undone"
    assert barred.contents() == before


def test_a_second_rule_is_added_to_the_first_and_only_it_is_taken_back(barred: Machine) -> None:
    barred("repair-sudo")
    barred.file("refusal", NO_TTY)
    barred.file("cures", "Defaults:root !requiretty")
    assert barred("repair-sudo").state == "changed"
    assert (barred.root / "etc/sudoers.d/zz-aumdoctor").read_text() == f"{RULE}\nDefaults:root !requiretty\n"
    assert barred("repair-sudo", "undo").state == "undone"
    assert (barred.root / "etc/sudoers.d/zz-aumdoctor").read_text() == f"{RULE}\n"


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("refusal", "sudo: a password is required", "asks root for a password"),
        ("refusal", "sudo: Account or password is expired, reset your password and try again", "expired"),
        ("refusal", ">>> /etc/sudoers: syntax error near line 3 <<<", "broken"),
        ("refusal", "sudo: unable to allocate pty", "no rule that is missing"),
        ("cures", "another rule", "did not help and was taken away"),
        ("bad", "", "visudo does not accept"),
        ("etc/sudoers", "Defaults env_reset\n", "does not include"),
        ("etc/sudoers.d/zz-aumdoctor", "bob ALL=(ALL) ALL\n", "holds something else"),
    ],
)
def test_what_no_rule_of_root_would_cure_is_named_and_nothing_is_left_behind(
    barred: Machine, path: str, text: str, said: str
) -> None:
    barred.file(path, text)
    before = barred.contents()
    done = barred("repair-sudo")
    assert done.state == "refused"
    assert said in done.said
    assert barred.contents() == before


def test_a_drop_in_that_was_edited_since_is_not_removed(barred: Machine) -> None:
    barred("repair-sudo")
    added = barred.root / "etc/sudoers.d/zz-aumdoctor"
    added.chmod(0o644)
    added.write_text(f"{RULE}\ncarol ALL=(ALL) ALL\n")
    assert barred("repair-sudo", "undo").state == "refused"
    assert "carol" in added.read_text()


# The package manager.

DPKG = """
case $* in
--audit) cat $R/audit 2>/dev/null ;;
*"--configure -a")
  [ -e $R/stuck ] && { echo "dpkg: error processing package acme"; exit 1; }
  rm -f $R/audit $R/var/lib/dpkg/updates/0001
  echo "$DEBIAN_FRONTEND" >$R/asked
  ;;
esac
"""


@pytest.fixture
def interrupted(machine: Machine) -> Machine:
    machine.program("dpkg", DPKG)
    machine.file("audit", "The following packages are only half configured:\n acme\n")
    machine.file("var/lib/dpkg/updates/0001", "")
    return machine


def test_what_dpkg_left_half_done_is_finished_once(interrupted: Machine) -> None:
    done = interrupted("repair-package-manager")
    assert done.state == "changed"
    assert "half configured" in done.steps["before"]["damage"]
    assert done.steps["after"]["damage"] == ""
    assert (interrupted.root / "asked").read_text() == "noninteractive\n"
    assert interrupted("repair-package-manager").state == "unchanged"
    assert interrupted("repair-package-manager", "verify").state == "cured"


def test_a_journal_of_dpkg_alone_is_damage(interrupted: Machine) -> None:
    (interrupted.root / "audit").unlink()
    assert interrupted("repair-package-manager", "verify").state == "not-cured"
    assert interrupted("repair-package-manager").state == "changed"


def test_what_dpkg_cannot_finish_has_failed(interrupted: Machine) -> None:
    interrupted.file("stuck", "")
    done = interrupted("repair-package-manager")
    assert done.state == "failed"
    assert "error processing package acme" in done.said


def test_who_holds_the_lock_is_waited_for_and_nothing_is_done(interrupted: Machine) -> None:
    inode = interrupted.file("var/lib/dpkg/lock-frontend", "").stat().st_ino
    interrupted.file("proc/locks", f"1: POSIX  ADVISORY  WRITE 4711 08:01:{inode} 0 EOF\n")
    done = interrupted("repair-package-manager")
    assert done.state == "refused"
    assert "process 4711" in done.said
    assert (interrupted.root / "audit").exists()


def test_a_database_of_rpm_that_cannot_be_read_is_made_anew(machine: Machine) -> None:
    machine.without("dpkg")
    machine.program("rpm", "case $1 in --query) [ -e $R/whole ] ;; --rebuilddb) : >$R/whole ;; esac")
    if shutil.which("dpkg", path="/usr/bin:/bin"):
        # This machine's own dpkg is found first.
        pytest.skip("there is a dpkg on this machine")
    assert machine("repair-package-manager").state == "changed"


# Automatic updates.

APT = """
value=1
grep -hs Unattended-Upgrade $R/etc/apt/apt.conf.d/* | tail -n 1 | grep -q '"0"' && value=0
echo "APT::Periodic::Unattended-Upgrade \\"$value\\";"
"""


def test_unattended_upgrades_end_and_come_back(machine: Machine) -> None:
    machine.program("apt-config", APT)
    machine.file("etc/apt/apt.conf.d/20auto-upgrades", 'APT::Periodic::Unattended-Upgrade "1";\n')
    before = machine.contents()
    done = machine("stop-automatic-updates")
    assert done.state == "changed"
    assert (done.steps["before"]["apt"], done.steps["after"]["apt"]) == ("1", "0")
    assert machine("stop-automatic-updates").state == "unchanged"
    assert machine("stop-automatic-updates", "undo").state == "undone"
    assert machine.contents() == before


def test_units_that_install_end_and_those_that_only_download_go_on(machine: Machine) -> None:
    machine.without("apt-config")
    machine.program("apt-config", "exit 1")
    machine.program("systemctl", UNITS)
    machine.file("units/dnf-automatic.timer.enabled", "enabled\n")
    machine.file("units/yum-cron.service.enabled", "enabled\n")
    machine.file("etc/dnf/automatic.conf", "[commands]\napply_updates = yes\n")
    machine.file("etc/yum/yum-cron.conf", "[commands]\napply_updates = no\n")
    done = machine("stop-automatic-updates")
    assert done.state == "changed"
    assert done.steps["before"]["units"].split() == ["dnf-automatic.timer"]
    assert (machine.root / "units/dnf-automatic.timer.enabled").read_text() == "disabled\n"
    assert (machine.root / "units/yum-cron.service.enabled").read_text() == "enabled\n"
    assert machine("stop-automatic-updates", "undo").steps["after"] == done.steps["before"]


def test_secrets_and_odd_characters_do_not_get_out(barred: Machine) -> None:
    barred.file("refusal", 'sudo: "x" \\ https://me:pass@proxy/ password=hunter2 \x01\t\u00e4')
    done = barred("repair-sudo")
    text = json.dumps([done.steps, done.said])
    assert "hunter2" not in text
    assert "me:pass" not in text


def test_without_root_nothing_is_done(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("who runs this is not root, and cannot become another")
    remedy = guest_remedy("repair-sudo", "linux")
    assert remedy is not None
    done = subprocess.run(
        ["sh", "-c", remedy.run], env={"PATH": "/usr/bin:/bin"}, capture_output=True, user=65534, check=True
    )
    assert json.loads(done.stdout)["state"] == "refused"


def test_a_wsus_server_behind_a_proxy_is_not_called_dead_by_a_direct_connection() -> None:
    remedy = guest_remedy("clear-wsus-pointer", "windows")
    assert remedy is not None
    *_, allowed = re.findall(r"(?ms)^function Assert-Allowed \{.*?^\}", remedy.run)
    refusal = allowed.index("if (Test-Proxy) { throw 'the machine has a WinHTTP proxy")
    assert refusal < allowed.index("Test-Answer")
    (proxy,) = re.findall(r"(?ms)^function Test-Proxy \{.*?^\}", remedy.run)
    assert "'WinHttpSettings'" in proxy
