"""What stands inside a machine and what Azure shows of it, folded."""

from datetime import UTC, datetime

from aumdoctor.checks.registry import CHECKS
from aumdoctor.diagnosis.examine import Examination
from aumdoctor.diagnosis.guest import GuestDiagnosis, diagnose
from aumdoctor.guest.issues.registry import ISSUES
from aumdoctor.model.guest import Case, Host, Likelihood, Verdict
from aumdoctor.model.machine import Machine
from tests.builders import (
    assessment,
    azure_vm,
    configuration,
    estate,
    examine,
    static_assignment,
)


def verdict(issue: str, likelihood: Likelihood = Likelihood.CONFIRMED, host: str = "vm-1", **changes) -> Verdict:
    known = next(each for each in ISSUES if each.id == issue)
    details = {"explains": known.explains, **changes}
    return Verdict(
        issue=issue,
        name=known.name,
        title=known.title,
        likelihood=likelihood,
        said="as was seen",
        hosts=(host,),
        **details,
    )


def examined(*machines: Machine) -> Examination:
    schedule = configuration()
    scheduled = [static_assignment(machine, schedule) for machine in machines]
    return examine(estate(*machines, configurations=(schedule,), assignments=scheduled), *CHECKS)


def folded(examination: Examination | None, *verdicts: Verdict, host: str = "vm-1", named=None) -> GuestDiagnosis:
    (diagnosis,) = diagnose(Case(hosts=(Host(name=host),)), verdicts, examination, named)
    return diagnosis


def explained(diagnosis: GuestDiagnosis) -> dict[str, str | None]:
    return {each.finding.check: each.finding.explained_by for each in diagnosis.azure}


def test_a_machine_that_was_switched_off_explains_the_missed_window() -> None:
    off = examined(azure_vm("vm-1", power_state="stopped"))
    found = folded(off, verdict("WS002", Likelihood.LIKELY))
    assert found.machine is not None
    assert explained(found)["AUM012"] == "WS002"


def test_what_is_only_possible_explains_nothing() -> None:
    off = examined(azure_vm("vm-1", power_state="stopped"))
    assert explained(folded(off, verdict("WS002", Likelihood.POSSIBLE)))["AUM012"] != "WS002"


def test_an_assessment_that_found_nothing_is_contradicted_by_lists_that_were_not_fetched() -> None:
    clean = assessment(status="Succeeded", critical_and_security_count=0, other_count=0)
    found = folded(examined(azure_vm("vm-1", os_type="Linux", assessment=clean)), verdict("GST001"))
    (said,) = found.contradictions
    assert "succeeded and found no updates" in said
    assert "not to be believed" in said
    assert folded(examined(azure_vm("vm-1", assessment=clean)), verdict("AUM024")).contradictions == ()


def test_the_machine_is_found_by_its_name_whole_or_short_and_only_where_one_has_it() -> None:
    one = examined(azure_vm("vm-1"))
    assert folded(one, host="VM-1.contoso.local").machine is not None
    assert folded(one, host="other").machine is None
    assert folded(one, host="").machine is None
    twins = examined(azure_vm("vm-1", resource_group="rg-1"), azure_vm("vm-1", resource_group="rg-2"))
    assert folded(twins).machine is None
    named = twins.estate.machines[1]
    assert folded(twins, named={"vm-1": named}).machine is named


def test_without_an_estate_the_verdicts_stand_alone() -> None:
    found = folded(None, verdict("WS002"))
    assert (found.machine, found.azure, found.contradictions, found.remedies) == (None, (), (), {})
    assert [each.issue for each in found.verdicts] == ["WS002"]


def test_verdicts_stand_with_their_machine() -> None:
    case = Case(hosts=(Host(name="a"), Host(name="b")))
    both = verdict("WS004", host="a")
    first, second = diagnose(case, [verdict("WS002", host="a"), both], None)
    assert [each.issue for each in first.verdicts] == ["WS002", "WS004"]
    assert second.verdicts == ()


def test_a_finding_that_the_machine_disproves_is_said_to_be_contradicted() -> None:
    old = assessment(last_modified=datetime(2020, 1, 1, tzinfo=UTC))
    stale = examined(azure_vm("vm-1", os_type="Linux", assessment=old))
    assert "AUM023" in explained(folded(stale))
    found = folded(stale, verdict("AUM023", Likelihood.RULED_OUT))
    assert any(said.startswith("AUM023") for said in found.contradictions)
    assert [each.guest for each in found.azure if each.finding.check == "AUM023"] == [Likelihood.RULED_OUT]
    assert explained(found)["AUM023"] != "AUM023"
