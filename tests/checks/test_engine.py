"""The engine: who is asked, and when the answer is `unknown`."""

from collections.abc import Iterator

import msgspec
import pytest

from aumdoctor.checks.check import Check, Observation, Subject, Undetermined, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.engine import judge
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Machine
from tests.builders import NOW, arc_machine, azure_vm, estate


def complaint(applies_to: Subject = Subject.MACHINE, os: str | None = None, *needs: Fact) -> Check:
    @check(
        id="AUM900",
        name="complaint",
        severity=Severity.HIGH,
        applies_to=applies_to,
        os=os,
        needs=needs or (Fact.MACHINE,),
        source="test",
    )
    def complain(machine: Machine, context: Context) -> Iterator[Observation]:
        """It complains.

        ## Why it matters
        It does not.
        """
        yield observe("seen", sign("properties.location", machine.location))

    return complain


def asked(seen: Estate, *checks: Check) -> list[str]:
    return [finding.resource_id.rsplit("/", 1)[1] for finding in judge(seen, checks, NOW).findings]


@pytest.mark.parametrize(
    ("applies_to", "os", "expected"),
    [
        (Subject.MACHINE, None, ["lin", "win", "arc"]),
        (Subject.AZURE_VM, None, ["lin", "win"]),
        (Subject.ARC, None, ["arc"]),
        (Subject.MACHINE, "windows", ["win", "arc"]),
        (Subject.AZURE_VM, "linux", ["lin"]),
    ],
)
def test_a_check_is_asked_of_the_machines_that_it_is_about(
    applies_to: Subject, os: str | None, expected: list[str]
) -> None:
    seen = estate(
        azure_vm(name="lin", os_type="Linux"),
        azure_vm(name="win", os_type="Windows"),
        arc_machine(name="arc", os_type="windows"),
    )
    assert sorted(asked(seen, complaint(applies_to, os))) == sorted(expected)


def test_a_missing_fact_is_unknown_with_the_reason_and_the_permission() -> None:
    seen = estate(azure_vm(), denied=[Fact.RUNS])
    judgement = judge(seen, [complaint(Subject.MACHINE, None, Fact.MACHINE, Fact.RUNS)], NOW)
    assert judgement.findings == ()
    [unknown] = judgement.unknowns
    assert (unknown.check, unknown.fact) == ("AUM900", Fact.RUNS)
    assert unknown.permission == "Microsoft.Maintenance/applyUpdates/read"
    assert judgement.asked == 1


def test_a_fact_that_nobody_read_is_unknown_too() -> None:
    bare = msgspec.structs.replace(estate(azure_vm()), readings=())
    [unknown] = judge(bare, [complaint()], NOW).unknowns
    assert unknown.reason == "it was not read"


def test_a_machine_that_could_not_be_decoded_is_unknown_to_every_check() -> None:
    broken = azure_vm(os_type=None, malformed="Expected `object`, got `str` - at `$.properties.osProfile`")
    judgement = judge(estate(broken), [complaint(), complaint(Subject.MACHINE, "linux")], NOW)
    assert judgement.findings == ()
    assert len(judgement.unknowns) == 2
    assert "osProfile" in judgement.unknowns[0].reason


def test_a_machine_of_unnamed_system_is_unknown_to_the_checks_of_either() -> None:
    judgement = judge(estate(azure_vm(os_type=None)), [complaint(Subject.MACHINE, "linux")], NOW)
    assert judgement.findings == ()
    [unknown] = judgement.unknowns
    assert "operating system" in unknown.reason


def test_what_azure_itself_does_not_know_is_unknown() -> None:
    @check(
        id="AUM901",
        name="shrug",
        severity=Severity.LOW,
        applies_to=Subject.MACHINE,
        needs=(Fact.POWER_STATE,),
        source="test",
    )
    def shrug(machine: Machine, context: Context) -> Iterator[Undetermined]:
        """It shrugs."""
        yield Undetermined(fact=Fact.POWER_STATE, reason="Azure says unknown")

    [unknown] = judge(estate(azure_vm()), [shrug], NOW).unknowns
    assert unknown.reason == "Azure says unknown"


def test_evidence_says_which_source_and_when() -> None:
    seen = estate(azure_vm(location="westeurope"))
    [finding] = judge(seen, [complaint()], NOW).findings
    [evidence] = finding.evidence
    assert (evidence.path, evidence.observed) == ("properties.location", "westeurope")
    assert evidence.source == seen.reading(Fact.MACHINE, finding.resource_id).source
    assert evidence.observed_at is not None
    assert finding.severity is Severity.HIGH
    assert finding.confidence is Confidence.HIGH


def test_the_order_of_checks_and_machines_changes_nothing() -> None:
    machines = [azure_vm(name=name) for name in ("a", "b", "c")]
    checks = [complaint(), complaint(Subject.AZURE_VM)]
    one = judge(estate(*machines), checks, NOW)
    other = judge(estate(*reversed(machines)), list(reversed(checks)), NOW)
    assert {f.resource_id for f in one.findings} == {f.resource_id for f in other.findings}
    assert len(one.findings) == len(other.findings) == 6
