"""The books of a collection."""

from aumdoctor.azure.failures import ReadFailure
from aumdoctor.azure.ledger import Ledger
from aumdoctor.model.facts import Fact, Outcome

SUBSCRIPTION = "/subscriptions/s"
DENIED = ReadFailure(
    "AuthorizationFailed",
    "The client 'c' does not have authorization to perform action 'Microsoft.Compute/virtualMachines/read' over scope",
    status=403,
    request_id="r-1",
)


def vm(number: int) -> str:
    return f"{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/vm{number}"


def test_a_refusal_is_a_gap_with_the_permission_that_azure_names() -> None:
    ledger = Ledger()
    ledger.failed(SUBSCRIPTION, Fact.MACHINE, DENIED)
    [gap] = ledger.gaps
    assert (gap.scope, gap.operation, gap.status, gap.code) == (
        SUBSCRIPTION,
        "list machines",
        403,
        "AuthorizationFailed",
    )
    assert gap.missing_permission == "Microsoft.Compute/virtualMachines/read"
    assert gap.request_id == "r-1"
    [reading] = ledger.readings
    assert reading.outcome is Outcome.DENIED
    assert not ledger.is_known(SUBSCRIPTION, Fact.MACHINE)


def test_a_refusal_without_an_action_still_names_what_would_be_needed() -> None:
    ledger = Ledger()
    ledger.failed(SUBSCRIPTION, Fact.RUNS, ReadFailure("Forbidden", "no", status=403))
    assert ledger.gaps[0].missing_permission == "Microsoft.Maintenance/applyUpdates/read"


def test_a_server_fault_misses_no_permission() -> None:
    ledger = Ledger()
    ledger.failed(SUBSCRIPTION, Fact.RUNS, ReadFailure("ServerBusy", "later", status=503))
    assert ledger.gaps[0].missing_permission is None
    assert ledger.readings[0].outcome is Outcome.NOT_FETCHED


def test_one_cause_on_many_machines_is_one_gap_and_as_many_unknown_readings() -> None:
    ledger = Ledger()
    for number in range(5):
        ledger.failed(vm(number), Fact.INSTANCE_VIEW, DENIED)
    [gap] = ledger.gaps
    assert gap.scope == SUBSCRIPTION
    assert "5 resources: vm0, vm1, vm2, …" in gap.message
    assert len(ledger.readings) == 5


def test_closing_enters_what_was_never_read_once_per_subscription() -> None:
    ledger = Ledger()
    ledger.fetched(SUBSCRIPTION, Fact.MACHINE, "graph")
    late = ReadFailure("DeadlineReached", "not read within 5 s")
    ledger.close([SUBSCRIPTION, "/subscriptions/t"], [Fact.MACHINE, Fact.RUNS], late)
    assert [gap.scope for gap in ledger.gaps] == [SUBSCRIPTION, "/subscriptions/t"]
    assert ledger.gaps[0].operation == "list schedule runs"
    assert ledger.is_known(SUBSCRIPTION, Fact.MACHINE)
    assert not ledger.is_known("/subscriptions/T", Fact.MACHINE)


def test_what_was_not_asked_for_is_unknown_by_choice_and_no_gap() -> None:
    ledger = Ledger()
    ledger.not_asked(vm(1), Fact.INSTANCE_VIEW, "--depth quick")
    assert ledger.gaps == ()
    assert ledger.readings[0].by_choice
