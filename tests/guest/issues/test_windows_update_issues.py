"""The HRESULT table of the article, row by row, and what tells the causes behind a code apart."""

import pytest

from aumdoctor.guest.issues.hresults import canonical, failures
from aumdoctor.guest.issues.package_manager import installation_failed
from aumdoctor.guest.issues.updating import ISSUES_OF_UPDATING
from aumdoctor.guest.issues.windows_update_access_denied import windows_update_access_denied as denied
from aumdoctor.guest.issues.windows_update_disabled import windows_update_disabled as disabled
from aumdoctor.guest.issues.windows_update_errors import (
    clock_or_root_ca,
    driver_or_interactive_updates,
    not_assessed,
    superseded_or_defender_definitions,
    winre_partition_too_small,
    wu_corrupt_store,
)
from aumdoctor.guest.issues.windows_update_shutting_down import windows_update_shutting_down as shutting_down
from aumdoctor.guest.issues.windows_update_unreachable import windows_update_unreachable as unreachable
from aumdoctor.guest.issues.wsus_misconfigured import wsus_misconfigured as wsus
from aumdoctor.guest.issues.wsus_misconfigured import wsus_unapproved_updates as unapproved
from tests.guest.issues.updating_records import (
    POLICY,
    WINDOWS,
    after,
    assessed,
    event,
    evidence,
    installed,
    likelihood,
    of_windows,
    ok,
    proxy,
    saw,
    service,
    sign,
    states,
    told,
    update,
    value,
)


def failed(code: str, minutes: float = 0):
    text = (
        f"Windows update API failed to assess the machine for available updates. Error:Exception from HRESULT: {code}"
    )
    return assessed("error", f"{text}, Hresult:0", at=after(minutes), extension=WINDOWS)


AU = POLICY + r"\AU"
USES_WSUS = value("UseWUServer", 1, AU)
WSUS = (USES_WSUS, value("WUServer", "http://wsus:8530"), value("WUStatusServer", "http://wsus:8530/"))
NO_WSUS = value("UseWUServer", None, AU, exists=False)


@pytest.mark.parametrize(
    ("code", "issue"),
    [
        ("0x8024402C", "AUM025"),
        ("0x8024401C", "AUM025"),
        ("0x8024402F", "AUM025"),
        ("0x80072EE2", "AUM025"),
        ("0x8024001E", "AUM029"),
        ("0x8024002E", "AUM026"),
        ("0x80070422", "AUM026"),
        ("0x80070005", "AUM028"),
        ("0x80072EE6", "AUM027"),
        ("0x80244011", "AUM027"),
        ("0x80073712", "AUM115"),
        ("0x80248007", "AUM115"),
        ("0x80246008", "AUM115"),
        ("0x80072F8F", "AUM116"),
        ("0x8024200A", "AUM111"),
        ("0x80070070", "AUM099"),
        ("0x80240016", "AUM109"),
        ("0x80240042", "AUM105"),
        ("0x8024000B", "AUM008"),
        ("0x80240022", "AUM008"),
    ],
)
def test_every_code_has_its_issue_wherever_it_stands(code: str, issue: str) -> None:
    forms = [
        failed(code),
        sign("windows-hresult", f"Exception from HRESULT: {code}", hresult=code),
        update("search", int(code, 16)),
        update("search", int(code, 16) - 2**32),
    ]
    for form in forms:
        found = evidence(form, of_windows())
        verdicts = {each.issue: each for one in ISSUES_OF_UPDATING if (each := one.judge(found, (found,)))}
        assert verdicts[issue].likelihood == "confirmed", (form, verdicts)
        if issue != "AUM008":
            assert "AUM008" not in verdicts


def test_codes_are_read_in_every_spelling() -> None:
    assert [canonical(text) for text in ("0x8024402c", "8024402C", "-2145107924", "0", "0x00240005", "x", "")] == [
        "0x8024402C",
        "0x8024402C",
        "0x8024402C",
        "",
        "",
        "",
        "",
    ]


def test_the_zero_at_the_tail_of_a_message_is_no_code() -> None:
    (failure,) = failures(evidence(failed("0x8024402C")))
    assert failure.hresults == ("0x8024402C",)


def test_events_and_other_callers_are_signs_only() -> None:
    by_event = event("Microsoft-Windows-WindowsUpdateClient", 25, errorCode="0x8024402c")
    other = update("search", 0x8024402C, caller="Windows Defender")
    assert likelihood(unreachable, by_event) == "likely"
    assert likelihood(unreachable, other) == "likely"
    assert likelihood(unreachable, by_event, other) == "confirmed"


@pytest.mark.parametrize(
    "good",
    [
        assessed(at=after(60), extension=WINDOWS, sequence=6),
        update("search", at=after(60)),
        update("install", at=after(60), title="KB5000001"),
        sign("windows-assessment-completed", at=after(60)),
    ],
)
def test_a_later_success_of_the_same_phase_or_a_later_one_rules_it_out(good) -> None:
    verdict = told(unreachable, failed("0x8024402C"), good)
    assert verdict.likelihood == "ruled-out"
    assert "2026-08-12 12:00 UTC" in verdict.said
    assert "since then" in verdict.said


@pytest.mark.parametrize(
    "good",
    [
        update("search", at=after(-60)),
        update("search", at=after(60), caller="UpdateOrchestrator"),
        update("search", at=after(60), caller="Windows Defender"),
    ],
)
def test_an_older_success_or_one_of_another_program_does_not(good) -> None:
    assert likelihood(unreachable, failed("0x8024402C"), good) == "confirmed"


def test_a_search_that_works_does_not_cure_an_update_that_fails() -> None:
    bad = update("install", 0x80073712, title="Cumulative Update (KB5000001)")
    assert likelihood(wu_corrupt_store, bad, update("search", at=after(60))) == "confirmed"
    assert likelihood(wu_corrupt_store, bad, update("install", at=after(60), title="KB5000002")) == "confirmed"
    assert likelihood(wu_corrupt_store, bad, update("install", at=after(60), title="KB5000001")) == "ruled-out"
    whole = installed(at=after(60), sequence=6, extension=WINDOWS)
    assert likelihood(wu_corrupt_store, bad, whole) == "ruled-out"


def test_a_run_that_failed_because_it_could_not_search_is_cured_by_a_search() -> None:
    bad = installed("error", "Exception from HRESULT: 0x8024402C", extension=WINDOWS)
    assert likelihood(unreachable, bad, update("search", at=after(60))) == "ruled-out"


class TestUnreachable:
    def test_an_unresolved_name_with_nothing_else_known_asks_for_all_three(self) -> None:
        verdict = told(unreachable, failed("0x8024402C"))
        assert states(verdict) == {
            "WSUS pointer": "insufficient-evidence",
            "name resolution": "likely",
            "proxy": "insufficient-evidence",
            "firewall or filter": "insufficient-evidence",
            "the server itself": "insufficient-evidence",
        }
        commands = " ".join(each.command for each in verdict.missing)
        assert all(word in commands for word in ("reg query", "netsh winhttp", "Resolve-DnsName"))
        assert verdict.explains == ("AUM008", "AUM130", "AUM131")

    def test_without_wsus_and_proxy_the_name_is_left(self) -> None:
        verdict = told(unreachable, failed("0x8024402C"), NO_WSUS, proxy(""))
        assert states(verdict)["WSUS pointer"] == "ruled-out"
        assert states(verdict)["proxy"] == "ruled-out"
        assert states(verdict)["name resolution"] == "likely"
        assert verdict.remedies[0] == "open-windows-update-endpoints"

    def test_with_wsus_the_pointer_comes_first(self) -> None:
        verdict = told(unreachable, failed("0x8024402C"), *WSUS)
        assert states(verdict)["WSUS pointer"] == "likely"
        assert verdict.remedies[:2] == ("correct-wsus-pointer", "clear-wsus-pointer")
        assert "open-windows-update-endpoints" not in verdict.remedies

    def test_a_wsus_server_that_answers_is_not_it(self) -> None:
        verdict = told(unreachable, failed("0x8024402C"), *WSUS, ok("wsus", server="wsus:8530"))
        assert states(verdict)["WSUS pointer"] == "ruled-out"

    def test_a_proxy_of_winhttp_is_likely_and_one_of_the_environment_is_not_asked(self) -> None:
        assert states(told(unreachable, failed("0x80072EE2"), proxy("p:8080")))["proxy"] == "likely"
        verdict = told(unreachable, failed("0x80072EE2"), proxy("p:8080", "environment"))
        assert states(verdict)["proxy"] == "insufficient-evidence"

    def test_a_sign_in_that_the_proxy_wants_is_the_proxy(self) -> None:
        assert states(told(unreachable, failed("0x8024401B")))["proxy"] == "confirmed"

    def test_endpoints_that_are_not_reached_tell_it_without_a_code(self) -> None:
        assert likelihood(unreachable, saw("update-endpoint", host="x")) == "confirmed"
        assert likelihood(unreachable, saw("update-endpoint", weak=True)) == "possible"
        assert likelihood(unreachable, saw("update-endpoint"), *WSUS) is None
        assert likelihood(unreachable, ok("update-endpoint")) is None


class TestWsus:
    @pytest.mark.parametrize(
        "records",
        [
            (USES_WSUS, value("WUServer", "", POLICY)),
            (USES_WSUS, value("WUServer", None, exists=False)),
            (USES_WSUS, value("WUServer", "wsus:8530"), value("WUStatusServer", "wsus:8530")),
            (USES_WSUS, value("WUServer", "http://a:8530"), value("WUStatusServer", "")),
        ],
    )
    def test_a_wrong_pointer_is_confirmed_by_itself(self, records) -> None:
        verdict = told(wsus, *records)
        assert verdict.likelihood == "confirmed"
        assert "the WSUS pointer is wrong" in verdict.said

    def test_two_servers_that_differ_are_likely_and_confirmed_with_a_failure(self) -> None:
        differ = (USES_WSUS, value("WUServer", "http://a:8530"), value("WUStatusServer", "http://b:8530"))
        assert likelihood(wsus, *differ) == "likely"
        assert likelihood(wsus, *differ, failed("0x8024402C")) == "confirmed"

    def test_a_slash_at_the_end_and_case_make_no_difference(self) -> None:
        assert (
            likelihood(wsus, USES_WSUS, value("WUServer", "http://A:8530/"), value("WUStatusServer", "http://a:8530"))
            is None
        )

    def test_a_failure_on_a_machine_that_uses_wsus_is_likely(self) -> None:
        verdict = told(wsus, failed("0x8024402C"), *WSUS)
        assert verdict.likelihood == "likely"
        assert "AUM025" in verdict.explains
        assert any("client.asmx" in each.command for each in verdict.missing)

    def test_a_server_that_does_not_answer_confirms_it(self) -> None:
        assert likelihood(wsus, failed("0x80072EE2"), *WSUS, saw("wsus", server="wsus:8530")) == "confirmed"
        assert likelihood(wsus, *WSUS, saw("wsus", weak=True)) == "possible"

    def test_behind_a_proxy_a_direct_connection_proves_nothing(self) -> None:
        dead = saw("wsus", server="wsus:8530")
        verdict = told(wsus, *WSUS, dead, proxy("proxy.corp:8080"))
        assert verdict.likelihood == "possible"
        assert "proxy.corp:8080" in verdict.said
        assert any("-Proxy" in each.command for each in verdict.missing)
        assert "clear-wsus-pointer" not in verdict.remedies
        assert likelihood(wsus, failed("0x80072EE2"), *WSUS, dead, proxy("proxy.corp:8080")) == "possible"
        assert likelihood(wsus, *WSUS, dead, proxy("")) == "confirmed"
        assert likelihood(wsus, *WSUS, dead, proxy("proxy.corp:8080", where="environment")) == "confirmed"
        beside = told(unreachable, failed("0x8024402C"), *WSUS, dead, proxy("proxy.corp:8080"))
        assert states(beside)["WSUS pointer"] != "confirmed"

    def test_a_server_that_answers_leaves_it_possible(self) -> None:
        assert likelihood(wsus, failed("0x80072EE2"), *WSUS, ok("wsus", server="wsus:8530")) == "possible"

    def test_nobody_looked(self) -> None:
        verdict = told(wsus, failed("0x8024402C"))
        assert verdict.likelihood == "insufficient-evidence"
        assert any("reg query" in each.command for each in verdict.missing)

    @pytest.mark.parametrize("no", [NO_WSUS, value("UseWUServer", 0, AU)])
    def test_an_address_that_is_not_used_is_none(self, no) -> None:
        assert likelihood(wsus, failed("0x8024402C"), no, value("WUServer", "nonsense")) == "ruled-out"
        assert likelihood(wsus, no, value("WUServer", "nonsense")) is None

    def test_the_agent_s_own_log_tells_the_pointer(self) -> None:
        settings = sign("windows-agent-settings", wsus_server="http://w:8530", wsus_status_server="http://w:8530")
        assert likelihood(wsus, failed("0x8024402C"), settings) == "likely"
        null = sign("windows-agent-settings", wsus_server="<NULL>")
        assert likelihood(wsus, failed("0x8024402C"), null) == "ruled-out"

    def test_a_healthy_machine_with_wsus(self) -> None:
        assert likelihood(wsus, *WSUS) is None

    def test_nothing_found_on_wsus_may_be_nothing_approved(self) -> None:
        none = assessed(criticalAndSecurityPatchCount=0, otherPatchCount=0, extension=WINDOWS)
        assert likelihood(unapproved, none, *WSUS) == "possible"
        assert likelihood(unapproved, none, NO_WSUS) is None
        assert likelihood(unapproved, assessed(extension=WINDOWS), *WSUS) is None


class TestDisabled:
    def test_a_disabled_service_needs_no_failure(self) -> None:
        verdict = told(disabled, service("wuauserv", "stopped", "disabled"))
        assert verdict.likelihood == "confirmed"
        assert states(verdict)["service disabled"] == "confirmed"

    def test_a_stopped_service_is_no_fault(self) -> None:
        assert likelihood(disabled, service("wuauserv", "stopped", "manual")) is None

    def test_the_start_value_of_the_registry(self) -> None:
        key = r"HKLM\SYSTEM\CurrentControlSet\Services\wuauserv"
        assert likelihood(disabled, value("Start", 4, key)) == "confirmed"
        assert likelihood(disabled, value("Start", 3, key)) is None

    def test_0x8024002e_is_the_policy_where_the_policy_is_set(self) -> None:
        verdict = told(
            disabled, failed("0x8024002E"), value("DisableWindowsUpdateAccess", 1), service("wuauserv", start="manual")
        )
        assert states(verdict) == {
            "service disabled": "ruled-out",
            "policy": "confirmed",
            "another service": "insufficient-evidence",
        }

    def test_0x8024002e_alone_asks_for_both(self) -> None:
        verdict = told(disabled, failed("0x8024002E"))
        assert verdict.likelihood == "confirmed"
        commands = " ".join(each.command for each in verdict.missing)
        assert "sc qc wuauserv" in commands
        assert "reg query" in commands

    def test_microsoft_s_servers_forbidden_and_no_wsus(self) -> None:
        forbidden = value("DoNotConnectToWindowsUpdateInternetLocations", 1)
        assert likelihood(disabled, forbidden, NO_WSUS) == "confirmed"
        assert likelihood(disabled, forbidden, *WSUS) is None

    def test_the_text_without_a_code(self) -> None:
        text = "The service cannot be started, either because it is disabled or because it has no enabled devices"
        assert likelihood(disabled, assessed("error", text, extension=WINDOWS)) == "confirmed"

    def test_a_service_that_is_enabled_now_leaves_the_order_open(self) -> None:
        assert likelihood(disabled, failed("0x80070422"), service("wuauserv", "stopped", "manual")) == "possible"

    def test_another_service(self) -> None:
        verdict = told(disabled, failed("0x80070422"), service("bits", "stopped", "disabled"))
        assert states(verdict)["another service"] == "confirmed"


class TestDenied:
    def test_all_four_causes_and_the_proxy_are_asked_for(self) -> None:
        verdict = told(denied, failed("0x80070005"))
        assert states(verdict) == dict.fromkeys(
            ("disk full", "permissions of SoftwareDistribution", "settings of Windows Update", "malware", "proxy"),
            "insufficient-evidence",
        )
        commands = " ".join(each.command for each in verdict.missing)
        assert all(word in commands for word in ("Get-Volume", "icacls", "reg query", "Get-MpThreatDetection", "netsh"))

    @pytest.mark.parametrize(
        ("record", "name", "state"),
        [
            (saw("disk-space", path="C:"), "disk full", "confirmed"),
            (ok("disk-space", path="C:"), "disk full", "ruled-out"),
            (saw("software-distribution"), "permissions of SoftwareDistribution", "confirmed"),
            (ok("software-distribution"), "permissions of SoftwareDistribution", "ruled-out"),
            (value("DisableWindowsUpdateAccess", 1), "settings of Windows Update", "confirmed"),
            (value("DisableWindowsUpdateAccess", 0), "settings of Windows Update", "ruled-out"),
            (event("Microsoft-Windows-Windows Defender", 1116), "malware", "likely"),
            (proxy(""), "proxy", "ruled-out"),
        ],
    )
    def test_each_cause_has_its_own_state(self, record, name: str, state: str) -> None:
        assert states(told(denied, failed("0x80070005"), record))[name] == state

    def test_a_full_disk_is_cured_first(self) -> None:
        assert told(denied, failed("0x80070005"), saw("disk-space")).remedies[0] == "free-disk-space"

    def test_permissions_alone_are_likely(self) -> None:
        assert likelihood(denied, saw("software-distribution")) == "likely"
        assert likelihood(denied, ok("software-distribution")) is None


def test_a_shutdown_near_the_failure_explains_it() -> None:
    near, far = event("User32", 1074, at=after(-5)), event("User32", 1074, at=after(-300))
    assert states(told(shutting_down, failed("0x8024001E"), near))["restart of the machine"] == "likely"
    assert states(told(shutting_down, failed("0x8024001E"), far))["restart of the machine"] == "insufficient-evidence"


def test_a_clock_that_is_off_and_tls_that_is_off() -> None:
    verdict = told(clock_or_root_ca, failed("0x80072F8F"), saw("clock", seconds="4000"), ok("tls12"))
    assert states(verdict)["clock"] == "confirmed"
    assert states(verdict)["TLS 1.2 switched off"] == "ruled-out"


def test_0x80070643_is_the_recovery_partition_only_for_its_updates() -> None:
    recovery = update("install", 0x80070643, title="Security Update (KB5034441)")
    another = update("install", 0x80070643, title=".NET Framework (KB5000009)")
    assert likelihood(winre_partition_too_small, recovery) == "likely"
    assert likelihood(winre_partition_too_small, another) is None
    assert likelihood(installation_failed, another, of_windows()) == "confirmed"
    assert likelihood(installation_failed, recovery, of_windows()) is None


def test_an_update_that_asks_is_named() -> None:
    assert "KB5000003" in told(driver_or_interactive_updates, update("install", 0x8024200A, title="KB5000003")).said


def test_a_failure_without_a_code() -> None:
    bare = assessed("error", "it did not work", extension=WINDOWS)
    assert likelihood(not_assessed, bare) == "confirmed"
    assert likelihood(not_assessed, assessed("error", "it did not work")) is None


def test_an_unknown_code_is_decoded() -> None:
    verdict = told(not_assessed, failed("0x80240022"))
    assert verdict.details == {"hresult": "0x80240022"}
    assert len(verdict.said) > len("Windows Update failed with 0x80240022 on 2026-08-12 12:00 UTC")


def test_only_definitions_pending() -> None:
    definitions = {"patchId": "x", "name": "Security Intelligence Update (KB2267602)"}
    assert (
        likelihood(superseded_or_defender_definitions, assessed(patches=[definitions], extension=WINDOWS))
        == "confirmed"
    )
    both = assessed(patches=[definitions, {"name": "KB5000001"}], extension=WINDOWS)
    assert likelihood(superseded_or_defender_definitions, both) is None
    assert likelihood(superseded_or_defender_definitions, assessed(patches=[], extension=WINDOWS)) is None
