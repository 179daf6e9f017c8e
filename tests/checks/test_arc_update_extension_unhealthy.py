import pytest

from aumdoctor.checks.arc_update_extension_unhealthy import arc_update_extension_unhealthy as check
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Finding, Severity
from aumdoctor.model.machine import Status
from tests.builders import arc_agent, arc_machine, estate, examine, finding, findings, os_update_extension, unknowns


def found_with(os_type: str = "Windows", **overrides: object) -> tuple[Finding, ...]:
    arc = arc_machine(os_type=os_type, extensions=(os_update_extension(os_type, **overrides),))
    return findings(estate(arc), check)


def test_a_failed_extension_is_found_with_what_it_said() -> None:
    status = Status(level="Error", message="Extension Enable command timed out")
    (found,) = found_with(provisioning_state="Failed", status=status)
    assert (found.check, found.severity, found.confidence) == ("AUM015", Severity.HIGH, Confidence.HIGH)
    assert "Failed" in found.message
    assert found.details == {"extension": "WindowsOsUpdateExtension"}
    assert {evidence.path.rsplit(".", 1)[-1]: evidence.observed for evidence in found.evidence} == {
        "provisioningState": "Failed",
        "level": "Error",
        "message": "Extension Enable command timed out",
    }


def test_an_error_reported_by_a_succeeded_extension_is_found() -> None:
    (found,) = found_with(status=Status(level="error"))
    assert found.severity is Severity.HIGH
    assert "reports an error" in found.message


@pytest.mark.parametrize("state", ["Creating", "Updating", "Deleting", "creating"])
def test_a_change_that_may_be_under_way_is_only_suspected(state: str) -> None:
    (found,) = found_with(provisioning_state=state)
    assert (found.severity, found.confidence) == (Severity.MEDIUM, Confidence.LOW)
    assert "may be a change under way" in found.message


def test_an_old_version_that_is_being_created_most_likely_hangs() -> None:
    (found,) = found_with(provisioning_state="Creating", version="1.0.27.5")
    assert found.confidence is Confidence.MEDIUM
    assert "1.0.27.5" in found.message


@pytest.mark.parametrize(
    ("os_type", "version"), [("Windows", "1.0.9.0"), ("Windows", "1.0.27.99"), ("Linux", "1.0.54")]
)
def test_a_version_with_a_known_fault_is_found(os_type: str, version: str) -> None:
    (found,) = found_with(os_type, version=version)
    assert (found.severity, found.confidence) == (Severity.MEDIUM, Confidence.HIGH)
    (evidence,) = found.evidence
    assert evidence.path.endswith("typeHandlerVersion")
    assert evidence.observed == version


@pytest.mark.parametrize(
    ("os_type", "version"),
    [
        ("Windows", "1.0.28.0"),
        ("Windows", "1.0.28"),
        ("Windows", "1.0.100.0"),
        ("Linux", "1.0.55.0"),
        ("Linux", "2.0"),
        ("Linux", "latest"),
        ("Linux", ""),
        ("Linux", None),
        ("Linux", "1" * 5000),
    ],
)
def test_newer_versions_and_those_that_are_no_numbers_say_nothing(os_type: str, version: str | None) -> None:
    assert found_with(os_type, version=version) == ()


@pytest.mark.parametrize("state", ["Succeeded", "succeeded", None])
def test_a_succeeded_extension_or_one_without_a_state_is_fine(state: str | None) -> None:
    assert found_with(provisioning_state=state) == ()


def test_a_missing_extension_is_another_issue() -> None:
    assert findings(estate(arc_machine(extensions=())), check) == ()


def test_extensions_that_were_not_read_leave_it_unknown() -> None:
    (unknown,) = unknowns(estate(arc_machine(), missing=[Fact.EXTENSIONS]), check)
    assert unknown.fact is Fact.EXTENSIONS


def test_a_lost_connection_explains_it() -> None:
    failed = os_update_extension(provisioning_state="Failed")
    seen = estate(arc_machine(extensions=(failed,), arc=arc_agent(status="Disconnected")))
    folded = {each.check: each.explained_by for each in examine(seen).findings}
    assert folded["AUM015"] == "AUM117"


def test_the_cure_deletes_the_extension_and_assesses() -> None:
    seen = estate(arc_machine(extensions=(os_update_extension(provisioning_state="Failed"),)))
    assert finding(seen, check)
    (remedy,) = examine(seen, check).remedies[0]
    assert [call.method for call in remedy.calls] == ["DELETE", "POST"]
