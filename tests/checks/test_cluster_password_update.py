import pytest

from aumdoctor.checks.cluster_password_update import cluster_password_update as check
from aumdoctor.model.finding import Confidence, Severity
from tests.builders import arc_machine, azure_vm, estate, finding, findings


@pytest.mark.parametrize(
    ("version", "fixed"),
    [("10.0.14393.7335", "14393.7336"), ("10.0.17763.5458", "17763.5576"), ("10.0.20348.2322", "20348.2340")],
)
def test_a_build_before_the_fix_is_told_with_the_update_that_has_it(version: str, fixed: str) -> None:
    seen = finding(estate(azure_vm(os_version=version)), check)
    assert (seen.check, seen.severity, seen.confidence) == ("WS001", Severity.INFO, Confidence.LOW)
    (evidence,) = seen.evidence
    assert (evidence.path, evidence.observed) == ("properties.instanceView.osVersion", version)
    assert str(evidence.expected).startswith(fixed)
    assert seen.details["fixedIn"].startswith("KB")
    assert seen.blocks == ()


def test_an_arc_server_tells_its_version_itself() -> None:
    (evidence,) = finding(estate(arc_machine(os_version="10.0.17763.5458")), check).evidence
    assert evidence.path == "properties.osVersion"


@pytest.mark.parametrize(
    "version",
    [
        "10.0.14393.7336",
        "10.0.17763.5576",
        "10.0.20348.2340",
        "10.0.20348.4052",
        "10.0.26100.1000",
        "10.0.14393.4350",  # before the fault came
        "10.0.20348.0",
        "Microsoft Windows NT 10.0.20348.0",
        None,
    ],
)
def test_a_build_with_the_fix_or_that_is_not_known_whole_is_not_told(version: str | None) -> None:
    assert findings(estate(azure_vm(os_version=version)), check) == ()


def test_linux_is_none_of_its_business() -> None:
    assert findings(estate(azure_vm(os_type="Linux", os_version="10.0.17763.5458")), check) == ()
