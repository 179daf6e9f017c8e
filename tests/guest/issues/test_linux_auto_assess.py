import pytest

from aumdoctor.guest.issues.linux_auto_assess import linux_auto_assess_inactive as issue
from tests.guest.issues.updating_records import (
    CONFIGURATION,
    after,
    assessed,
    likelihood,
    ok,
    request,
    saw,
    service,
    sign,
    states,
    status,
    summary,
    told,
)

TIMER, SERVICE = "MsftLinuxPatchAutoAssess.timer", "MsftLinuxPatchAutoAssess.service"
WANTED = request(assessmentMode="AutomaticByPlatform")


def configured(state: str, *, minutes: float = 0, sequence: int = 5, error: str = ""):
    details = [{"code": "ERROR", "message": error}] if error else []
    nested = {"autoAssessmentState": state, "errors": {"code": 1 if error else 0, "details": details}}
    return status(summary(CONFIGURATION, at=after(minutes), autoAssessmentStatus=nested), sequence=sequence)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (service(TIMER, "inactive", "enabled"), "confirmed"),
        (service(TIMER, "failed"), "confirmed"),
        (service(TIMER, exists=False), "confirmed"),
        (service(TIMER, "active", "enabled"), None),
        (service(SERVICE, "inactive", "enabled"), None),
        (service(SERVICE, "inactive", "disabled"), "confirmed"),
        (service(SERVICE, start="masked"), "confirmed"),
        (service(SERVICE, "failed", "enabled"), "likely"),
        (service("AzGPSLinuxPatchAutoAssess.timer", "inactive"), "confirmed"),
        (service("apt-daily.timer", "inactive"), None),
        (saw("auto-assess-timer"), "confirmed"),
        (saw("auto-assess-service"), "confirmed"),
        (ok("auto-assess-timer", weak=True), None),
        (sign("auto-assessment-paused"), "confirmed"),
        (sign("auto-assessment-unit-failed"), "likely"),
        (configured("Error"), "confirmed"),
        (configured("Enabled"), None),
        (configured("Unknown"), None),
    ],
)
def test_the_timer_has_to_be_active_and_the_service_enabled(record, expected) -> None:
    assert likelihood(issue, record, WANTED) == expected


def test_an_active_timer_says_nothing_of_a_service_that_is_disabled() -> None:
    assert likelihood(issue, WANTED, service(TIMER, "active"), service(SERVICE, start="disabled")) == "confirmed"


def test_the_weak_pass_of_the_troubleshooter_cures_nothing() -> None:
    assert likelihood(issue, WANTED, service(TIMER, "inactive"), ok("auto-assess-timer", weak=True)) == "confirmed"


def test_an_error_that_is_followed_by_enabled_is_over() -> None:
    verdict = told(issue, configured("Error"), configured("Enabled", minutes=60, sequence=6))
    assert verdict.likelihood == "ruled-out"


def test_a_daily_round_since_then_rules_it_out() -> None:
    round_made = sign("operation-ended", log="5.aa.core.log", at=after(60), operation="Assessment", status="success")
    other_log = sign("operation-ended", log="5.core.log", at=after(60), operation="Assessment", status="success")
    assert likelihood(issue, configured("Error"), round_made) == "ruled-out"
    assert likelihood(issue, WANTED, configured("Error"), other_log) == "confirmed"


def test_where_nobody_wants_the_timer_it_is_no_fault() -> None:
    verdict = told(issue, service(TIMER, "inactive"), request(assessmentMode="ImageDefault"))
    assert verdict.likelihood == "ruled-out"
    assert "ImageDefault" in verdict.said
    assert likelihood(issue, service(TIMER, "inactive"), request(assessmentMode="AutomaticByPlatform")) == "confirmed"


def test_where_the_mode_is_not_known_nothing_is_confirmed() -> None:
    for record, sure in (
        (service(TIMER, "inactive"), "likely"),
        (service(TIMER, exists=False), "possible"),
        (saw("auto-assess-service"), "likely"),
        (configured("Error"), "likely"),
    ):
        verdict = told(issue, record)
        assert verdict.likelihood == sure
        assert "whether it is meant to run is not known" in verdict.said
        assert any("assessmentMode" in each.command for each in verdict.missing)


def test_the_status_tells_the_mode_too() -> None:
    """The extension reports Enabled for AutomaticByPlatform only, and Disabled for ImageDefault only."""
    idle = service(TIMER, "inactive")
    assert likelihood(issue, configured("Enabled"), service(SERVICE, start="disabled")) == "confirmed"
    assert likelihood(issue, configured("Disabled"), idle) == "ruled-out"
    assert likelihood(issue, configured("Disabled"), idle, WANTED) == "confirmed"
    again = configured("Enabled", minutes=60, sequence=6)
    later = sign("auto-assessment-paused", at=after(90))
    assert likelihood(issue, configured("Disabled"), again, later) == "confirmed"


def test_without_systemd_there_is_no_timer_to_enable() -> None:
    text = (
        "Error: Exception('Systemd is not available on this system, and platform-based auto-assessment cannot be...')"
    )
    verdict = told(issue, configured("Unknown", error=text))
    assert states(verdict)["no systemd"] == "confirmed"
    assert verdict.remedies == ("assess-now",)


def test_an_extension_that_fails_is_named_beside_it() -> None:
    verdict = told(issue, service(TIMER, "inactive"), assessed("error"))
    assert states(verdict)["the extension fails"] == "likely"
    assert states(told(issue, service(TIMER, "inactive"), assessed()))["the extension fails"] == "ruled-out"
