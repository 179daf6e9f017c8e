from aumdoctor.checks.registry import CHECKS
from aumdoctor.guest.issues.registry import ISSUES
from aumdoctor.guest.issues.severities import _LISTED, severity_of
from aumdoctor.model.finding import Severity

KNOWN_FROM_OUTSIDE = {check.id: check.severity for check in CHECKS}
MORE_IS_KNOWN_INSIDE = {
    "AUM016",  # from outside a missing extension may still come
    "WS001",  # from outside it is only a build
}


def test_an_issue_that_is_a_check_too_is_as_bad_inside_as_outside() -> None:
    differing = {
        issue.id
        for issue in ISSUES
        if issue.id in KNOWN_FROM_OUTSIDE and severity_of(issue.id) != KNOWN_FROM_OUTSIDE[issue.id]
    }
    assert differing == MORE_IS_KNOWN_INSIDE


def test_what_is_listed_exists() -> None:
    assert set(_LISTED) <= {issue.id for issue in ISSUES}
    assert severity_of("GST001") is Severity.HIGH
