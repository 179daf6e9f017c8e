import pytest

from aumdoctor.guest.issues.false_compliance import false_compliance as issue
from tests.guest.issues.updating_records import after, assessed, installed, likelihood, sign, told


def missed(minutes: float = 0, name: str = "apt-fetch-failed", log: str = "5.core.log", **values: str):
    given = {"host": "archive.ubuntu.com", "exit_code": "0", "reason": "dns", **values}
    return sign(name, "W: Failed to fetch http://archive.ubuntu.com", at=after(minutes), log=log, **given)


def empty(minutes: float = 1, sequence: int = 5, **body):
    counts = {"criticalAndSecurityPatchCount": 0, "otherPatchCount": 0, "startTime": after(minutes - 2).isoformat()}
    return assessed(at=after(minutes), sequence=sequence, **{**counts, **body})


def test_success_with_no_update_while_the_lists_were_not_fetched_is_confirmed() -> None:
    verdict = told(issue, missed(), empty())
    assert verdict.likelihood == "confirmed"
    assert "reports success and no update" in verdict.said
    assert "archive.ubuntu.com" in verdict.said
    assert verdict.details == {"hosts": "archive.ubuntu.com", "sequence": "5", "updates": "0"}
    assert len(verdict.evidence) == 2


def test_a_status_without_counts_or_time_is_likely() -> None:
    from tests.guest.issues.updating_records import ASSESSMENT, status, summary

    verdict = told(issue, missed(), status(summary(ASSESSMENT, at=None)))
    assert verdict.likelihood == "likely"
    assert "reports success and updates" in verdict.said


def test_with_updates_found_it_is_likely_for_other_repositories_may_have_answered() -> None:
    verdict = told(issue, missed(), empty(otherPatchCount=3))
    assert verdict.likelihood == "likely"
    assert verdict.missing


@pytest.mark.parametrize("name", ["apt-index-ignored", "repositories-ignored"])
def test_other_package_managers_pass_over_repositories_too(name: str) -> None:
    assert likelihood(issue, missed(name=name), empty()) == "confirmed"


@pytest.mark.parametrize(
    "records",
    [
        [empty()],
        [missed(exit_code="100"), assessed("error", "unexpected return code (100)")],
        [missed(), assessed("error", "something else", startTime=after(-1).isoformat())],
        [missed(name="yum-fetch-failed"), empty()],
        [sign("repository-refreshed"), empty()],
    ],
)
def test_near_misses(records) -> None:
    assert likelihood(issue, *records) is None


def test_the_failed_fetch_of_another_request_does_not_touch_this_one() -> None:
    assert likelihood(issue, missed(log="4.core.log"), empty()) == "possible"
    assert likelihood(issue, missed(-600), empty()) == "possible"


def test_without_a_status_it_is_possible_and_likely_where_the_log_tells_the_success() -> None:
    verdict = told(issue, missed())
    assert verdict.likelihood == "possible"
    assert any("status" in each.what for each in verdict.missing)
    ended = sign("operation-ended", "[Task=Assessment]", operation="Assessment", status="success")
    assert likelihood(issue, missed(), ended) == "likely"


def test_a_person_s_own_apt_update_is_not_the_extension_s() -> None:
    assert likelihood(issue, missed(log="terminal.txt")) is None


def test_a_newer_success_counts_only_with_its_log() -> None:
    newer = empty(120, sequence=6, otherPatchCount=9)
    assert likelihood(issue, missed(), empty(), newer) == "possible"
    verdict = told(issue, missed(), empty(), newer, files=("logs/6.core.log",))
    assert verdict.likelihood == "ruled-out"
    assert "since then an assessment succeeded without a failed fetch" in verdict.said


def test_an_orphan_status_is_not_judged() -> None:
    from msgspec.structs import replace

    assert likelihood(issue, missed(), replace(empty(), is_orphan=True)) == "possible"


def test_the_assessment_inside_an_installation_counts() -> None:
    assert likelihood(issue, missed(), empty(), installed()) == "confirmed"
