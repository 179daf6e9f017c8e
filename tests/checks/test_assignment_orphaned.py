from aumdoctor.checks.assignment_orphaned import assignment_orphaned as check
from aumdoctor.checks.customer_managed_without_schedule import customer_managed_without_schedule
from aumdoctor.diagnosis.examine import Verdict
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact, Gap
from aumdoctor.model.finding import Severity
from tests.builders import (
    OTHER_SUBSCRIPTION,
    azure_vm,
    change,
    configuration,
    dynamic_scope,
    estate,
    examine,
    finding,
    findings,
    static_assignment,
    unknowns,
)

VM = azure_vm()
GONE = configuration("gone", exists=False, maintenance_scope=None)
ORPHAN = static_assignment(VM, GONE)


def orphaned(*assignments: object, **parts: object) -> Estate:
    given = {"configurations": [GONE, configuration()], "assignments": assignments or (ORPHAN,), **parts}
    return estate(VM, **given)  # type: ignore[arg-type]


def test_an_assignment_of_a_schedule_that_was_deleted() -> None:
    seen = finding(orphaned(), check)
    assert (seen.check, seen.severity) == ("AUM070", Severity.HIGH)
    assert (seen.resource_id, seen.machines) == (ORPHAN.id, (VM.id,))
    (evidence,) = seen.evidence
    assert (evidence.path, evidence.observed) == ("properties.maintenanceConfigurationId", GONE.id)
    assert "schedule gone" in seen.message


def test_ids_are_compared_without_regard_to_case() -> None:
    loud = change(ORPHAN, maintenance_configuration_id=GONE.id.upper())
    assert finding(orphaned(loud), check).machines == (VM.id,)


def test_it_explains_why_the_vm_has_no_schedule() -> None:
    examination = examine(orphaned(), check, customer_managed_without_schedule)
    explained = {found.check: found.explained_by for found in examination.findings}
    assert explained == {"AUM070": None, "AUM033": "AUM070"}


def test_a_dynamic_scope_is_orphaned_for_all_that_it_matches() -> None:
    scope = dynamic_scope(GONE)
    seen = finding(orphaned(scope), check)
    assert (seen.resource_id, seen.machines) == (scope.id, (VM.id,))
    assert "dynamic scope" in seen.message


def test_who_has_another_schedule_does_not_suffer() -> None:
    seen = finding(orphaned(ORPHAN, static_assignment(VM, name="assign-2")), check)
    assert (seen.severity, seen.machines) == (Severity.LOW, ())


def test_an_assignment_on_a_machine_that_is_gone_too_is_low() -> None:
    elsewhere = static_assignment(azure_vm("vm-gone"), GONE)
    assert finding(orphaned(elsewhere), check).severity is Severity.LOW


def test_a_schedule_that_could_not_be_read_is_not_called_deleted() -> None:
    unread = static_assignment(VM, configuration("unread"))
    assert findings(orphaned(unread), check) == ()
    assert findings(orphaned(static_assignment(VM)), check) == ()


def test_what_may_not_be_read_leaves_it_unknown() -> None:
    for fact in (Fact.ASSIGNMENTS, Fact.CONFIGURATIONS):
        (unknown,) = unknowns(orphaned(denied=[fact]), check)
        assert unknown.fact is fact


def test_the_cure_deletes_it_with_an_az_line_where_az_has_one() -> None:
    ((remedy,),) = examine(orphaned(), check).remedies
    assert (remedy.calls[0].method, remedy.calls[0].path) == ("DELETE", ORPHAN.id)
    assert remedy.az[0].startswith("az maintenance assignment delete ")
    ((remedy,),) = examine(orphaned(dynamic_scope(GONE)), check).remedies
    assert remedy.az[0].startswith("az rest --method delete ")
    assert any("20 minutes" in step for step in remedy.steps)


FOREIGN = configuration("theirs", subscription=OTHER_SUBSCRIPTION)
DENIED = Gap(
    scope=FOREIGN.id.lower(),
    operation="read maintenance configurations",
    status=403,
    code="AuthorizationFailed",
    message="no access",
    missing_permission="Microsoft.Maintenance/maintenanceConfigurations/read",
    fact=Fact.CONFIGURATIONS,
)


def test_a_machine_whose_only_schedule_could_not_be_read_is_not_called_patchable() -> None:
    unread = orphaned(static_assignment(VM, FOREIGN), gaps=(DENIED,))
    assert findings(unread, check) == ()
    (unknown,) = unknowns(unread, check)
    assert (unknown.check, unknown.resource_id, unknown.fact) == ("AUM070", VM.id, Fact.CONFIGURATIONS)
    assert unknown.permission == "Microsoft.Maintenance/maintenanceConfigurations/read"
    assert "theirs could not be read: AuthorizationFailed" in unknown.reason
    assert examine(unread).machines[0].verdict is Verdict.UNKNOWN


def test_a_schedule_beside_it_that_was_read_is_enough() -> None:
    both = orphaned(static_assignment(VM, FOREIGN), static_assignment(VM, name="assign-2"), gaps=(DENIED,))
    assert unknowns(both, check) == ()
    assert examine(both).machines[0].verdict is Verdict.PATCHABLE
