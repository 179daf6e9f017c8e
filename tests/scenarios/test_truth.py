"""Over whole estates: what was planted is found, and nothing is said of the healthy."""

import pytest

from aumdoctor.checks.registry import CHECKS
from aumdoctor.demo.plants import OF_THE_SCAN
from aumdoctor.diagnosis.examine import Verdict
from aumdoctor.model.finding import Severity
from tests.scenarios.conftest import Serve


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_every_planted_issue_is_found_and_the_rest_follows_from_it(serve: Serve, seed: int) -> None:
    doctor = serve(machines=300, seed=seed)
    truth = doctor.server.state.truth
    to_find = {check.id for check in CHECKS} - OF_THE_SCAN
    assert {check for check, _ in truth} == to_find, "each check has something to find"

    examination = doctor.examine()

    found = {(finding.check, finding.resource_id.lower()) for finding in examination.findings}
    assert truth - found == set()
    unexpected = [
        (finding.check, finding.resource_id)
        for finding in examination.findings
        if (finding.check, finding.resource_id.lower()) not in truth and finding.explained_by is None
    ]
    assert unexpected == []
    assert examination.unknowns == ()
    assert examination.estate.gaps == ()


def test_nothing_high_is_said_of_a_healthy_machine(serve: Serve) -> None:
    doctor = serve(machines=300, seed=11)
    healthy = doctor.server.state.healthy
    assert len(healthy) >= 0.6 * 300

    examination = doctor.examine()

    said = [
        (finding.check, machine)
        for finding in examination.findings
        for machine in finding.machines
        if machine.lower() in healthy and finding.severity >= Severity.HIGH
    ]
    assert said == []
    verdicts = {verdict.resource_id.lower(): verdict.verdict for verdict in examination.machines}
    assert {verdicts[machine] for machine in healthy} == {Verdict.PATCHABLE}


def test_a_scan_writes_nothing(serve: Serve) -> None:
    doctor = serve(seed=3)
    for source in ("auto", "arm", "graph"):
        doctor.examine(source=source, depth="full")
    assert len(doctor.server.requests) > 100
    assert doctor.writes == []
