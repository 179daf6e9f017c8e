from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aumdoctor.guest.readers.core_log import core_log, python_literal
from aumdoctor.knowledge import guest_signs
from aumdoctor.model.guest import Damage, OperatingSystem, PatchRequest
from tests.guest.artefacts import artefact
from tests.guest.linux_samples import names, records, sample, signs

UPDATE = "\tDEBUG: [APM] Invoked package manager. [Command=sudo apt-get -q update ][Code={code}][Output={output}\n\t]\n"
HIT = "Hit:1 http://archive.ubuntu.com/ubuntu jammy InRelease\n\tReading package lists..."
FAILED = (
    "Err:1 http://archive.ubuntu.com/ubuntu jammy InRelease\n\tReading package lists...\n"
    "\tW: Failed to fetch http://archive.ubuntu.com/ubuntu/dists/jammy/InRelease  "
    "Could not resolve 'archive.ubuntu.com'"
)
NEXT = "\tVERBOSE: Performing lifecycle status check...\n"


def test_apt_that_failed_with_exit_code_0_is_seen() -> None:
    found = list(core_log.read(sample("e2e-apt-connection-refused/log/5.core.log")))
    failures = signs(found, "apt-fetch-failed")
    assert len(failures) == 3
    assert failures[0].values == {
        "manager": "apt",
        "url": "http://127.0.0.1:9/ubuntu/dists/jammy/InRelease",
        "host": "127.0.0.1",
        "port": "9",
        "reason": "refused",
        "errno": "111",
        "peer": "127.0.0.1:9",
        "proxy": "no",
        "command": "sudo apt-get -q update",
        "exit_code": "0",
    }
    assert failures[0].at == datetime(2026, 11, 21, 8, 54, 52, tzinfo=UTC)
    assert failures[0].origin.line == 85
    assert "repository-refreshed" not in names(found)
    (counted,) = signs(found, "assessment-counted")
    assert counted.values == {"packages": "0", "security": "0"}


def test_the_request_and_the_system_stand_in_the_log() -> None:
    found = list(core_log.read(sample("e2e-apt-connection-refused/log/5.core.log")))
    (request,) = [each for each in found if isinstance(each, PatchRequest)]
    (system,) = [each for each in found if isinstance(each, OperatingSystem)]
    assert (request.sequence, request.settings["operation"], request.settings["maximumDuration"]) == (
        5,
        "Assessment",
        "PT2H",
    )
    assert (request.extension, request.settings["healthStoreId"]) == ("Microsoft.CPlat.Core.LinuxPatchExtension", None)
    assert (system.family, system.distribution, system.version) == ("linux", "debian", "12")


def test_yum_is_judged_by_the_number_of_curl_and_not_by_the_label() -> None:
    found = list(core_log.read(sample("core-yum-rhui-timeout/log/1.core.log")))
    assert {each.values["reason"] for each in signs(found, "yum-fetch-failed")} == {"timeout"}
    assert signs(found, "extension-label-expired-certificates")
    assert not signs(found, "repository-client-certificate-expired")


def test_a_lock_of_zypper_names_who_holds_it() -> None:
    found = list(core_log.read(sample("core-zypper-locked/log/1.core.log")))
    assert {each.values["pid"] for each in signs(found, "package-manager-locked")} == {"7914"}
    assert {each.values["exit_code"] for each in signs(found, "package-manager-failed")} == {"7"}


def test_sudo_that_asks_for_a_password() -> None:
    found = list(core_log.read(sample("core-sudo-failure/log/1.core.log")))
    assert {each.values["user"] for each in signs(found, "sudo-password-required")} == {"azureuser"}
    assert {each.values["output"] for each in signs(found, "sudo-failed")} == {"[sudo] password for azureuser:  False"}
    assert "sudo-works" not in names(found)


def test_a_window_that_ran_out() -> None:
    found = list(core_log.read(sample("core-maintenance-window-exceeded/log/1.core.log")))
    (out_of_time,) = signs(found, "maintenance-window-out-of-time")
    assert out_of_time.values == {"remaining": "0:14:59", "cutoff": "0:20:00"}
    assert signs(found, "maintenance-window-exceeded")
    started = [each for each in signs(found, "operation-started") if each.values["operation"] == "Installation"]
    assert started[0].values["window"] == "1:30:00"
    ended = [each.values for each in signs(found, "operation-ended") if each.values["operation"] == "Installation"]
    assert ended[-1]["status"] == "error"


def test_the_log_of_the_daily_assessment_says_so() -> None:
    found = list(core_log.read(sample("core-auto-assessment/log/1.aa.core.log")))
    assert {each.values["automatic"] for each in signs(found, "operation-started")} == {"yes"}


def test_a_refresh_without_failures_is_told() -> None:
    found = records(core_log, "1.core.log", UPDATE.format(code=0, output=HIT) + NEXT)
    assert signs(found, "repository-refreshed")[0].values["manager"] == "apt"


@pytest.mark.parametrize(
    "output",
    [
        "Reading package lists...",
        FAILED,
        "Err:1 http://archive.ubuntu.com/ubuntu jammy InRelease",
        HIT + "\n\tW: Failed to fetch http://a.example/x  Could not resolve 'a.example'",
    ],
)
def test_a_refresh_that_proves_nothing_is_not(output: str) -> None:
    found = records(core_log, "1.core.log", UPDATE.format(code=0, output=output) + NEXT)
    assert "repository-refreshed" not in names(found)


def test_a_failure_belongs_to_its_own_block() -> None:
    log = (
        UPDATE.format(code=0, output=HIT)
        + NEXT
        + "\tDEBUG: quoted W: Failed to fetch http://a/x  Could not resolve 'a'\n"
    )
    found = records(core_log, "1.core.log", log)
    assert "repository-refreshed" in names(found)
    assert "exit_code" not in signs(found, "apt-fetch-failed")[0].values


def test_a_line_of_the_log_that_says_nothing_ends_a_block_too() -> None:
    log = (
        UPDATE.format(code=0, output=HIT)
        + NEXT
        + "\tW: Failed to fetch http://a.example/x  Could not resolve 'a.example'\n"
    )
    found = records(core_log, "1.core.log", log)
    assert "repository-refreshed" in names(found)
    assert "exit_code" not in signs(found, "apt-fetch-failed")[0].values


@pytest.mark.parametrize(
    ("command", "code", "is_failure"),
    [
        ("sudo yum -q check-update", 100, False),
        ("sudo yum -q check-update", 1, False),
        ("sudo yum -q check-update", 3, True),
        ("sudo zypper refresh", 7, True),
        ("sudo zypper --non-interactive update", 103, False),
        ("sudo tdnf -q list updates", 8, False),
        ("sudo dnf5 -q check-upgrade", 100, False),
        ("sudo apt-get -q update", 100, True),
        ("ls -l", 2, False),
    ],
)
def test_the_code_of_a_package_manager_is_judged_by_its_own_rules(command: str, code: int, is_failure: bool) -> None:
    log = f"2026-11-21T08:54:52Z> ERROR:[X] Invoked package manager. [Command={command}][Code={code}][Output= ]\n"
    found = records(core_log, "1.core.log", log + NEXT)
    assert ("package-manager-failed" in names(found)) is is_failure


def test_lines_without_a_time_have_that_of_the_line_before() -> None:
    log = "2026-11-21T08:00:00Z> a\n\tDEBUG: b\n2026-11-21T09:00:00Z> c\n\tDEBUG: No space left on device\n"
    (found,) = signs(records(core_log, "1.core.log", log), "disk-full")
    assert (found.at, found.origin.line) == (datetime(2026, 11, 21, 9, tzinfo=UTC), 4)


def test_settings_that_cannot_be_read_are_damage() -> None:
    log = "\tDEBUG: - Parsing configuration settings... [ConfigSettings={'operation': 'Assess\n"
    (found,) = records(core_log, "1.core.log", log)
    assert isinstance(found, Damage)


def test_settings_in_python_two_form() -> None:
    log = "\tDEBUG: - Parsing configuration settings... "
    log += "[ConfigSettings={u'operation': u'Assessment', u'patchMode': None}]\n"
    (found,) = records(core_log, "1.core.log", log)
    assert isinstance(found, PatchRequest)
    assert found.settings == {"operation": "Assessment", "patchMode": None}


def test_what_is_no_literal_is_never_run() -> None:
    for text in ("__import__('os').system('true')", "{'a': open('/etc/passwd')}", "(" * 50_000, "-" * 50_000, "{", ""):
        assert python_literal(text) is None


def test_a_log_with_windows_line_ends_or_in_utf_16_reads_the_same() -> None:
    log = UPDATE.format(code=0, output=FAILED) + NEXT
    for data in (log.replace("\n", "\r\n").encode(), log.encode("utf-16")):
        (found,) = signs(records(core_log, "1.core.log", data), "apt-fetch-failed")
        assert found.values["reason"] == "dns"


def test_a_name_or_its_content_shows_the_log() -> None:
    assert core_log.recognises(artefact("x/12.aa.core.log", ""))
    assert core_log.recognises(sample("core-sudo-failure/log/1.core.log"))
    assert not core_log.recognises(artefact("core.log", "DEBUG: something else"))
    assert not core_log.recognises(artefact("2026-11-21_08-57-07_Enable.ext.log", ""))


def test_every_sign_of_a_sample_is_in_the_table() -> None:
    known = {sign.id: set(sign.values) | {"count", "last"} for sign in guest_signs.table()}
    for path in ("e2e-apt-connection-refused/log/5.core.log", "core-maintenance-window-exceeded/log/1.core.log"):
        for each in signs(list(core_log.read(sample(path)))):
            assert set(each.values) <= known[each.sign], each.sign


@given(st.binary(max_size=2000))
def test_no_bytes_are_too_odd(data: bytes) -> None:
    list(core_log.read(artefact("1.core.log", data)))


@settings(max_examples=30)
@given(st.data())
def test_no_change_of_a_log_is_too_odd(data: st.DataObject) -> None:
    content = sample("core-yum-rhui-timeout/log/1.core.log").open().read()
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, min(len(content), start + 500)))
    changed = content[:start] + data.draw(st.binary(max_size=50)) + content[end:]
    list(core_log.read(artefact("1.core.log", changed)))
