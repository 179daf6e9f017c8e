"""Recorded traffic and official examples through decoding and all checks: no exception, and each finding is right."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from aumdoctor.azure.wire.arc import arc_machine
from aumdoctor.azure.wire.virtual_machines import virtual_machine
from aumdoctor.checks.registry import CHECKS
from aumdoctor.diagnosis.examine import examine
from aumdoctor.model.estate import Estate, Subscription
from aumdoctor.model.facts import Fact, Outcome, Reading
from aumdoctor.model.machine import Machine

DATA = Path(__file__).parents[1] / "azure" / "data"
NOW = datetime(2026, 6, 1, tzinfo=UTC)
VM = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/vm"
ARC = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.HybridCompute/machines/vm"


def examined(machine: Machine, *, without: frozenset[Fact]) -> tuple[set[str], set[str]]:
    """The checks that found something on a machine, and those that could not answer."""
    readings = tuple(
        Reading(
            fact=fact,
            scope="/subscriptions/s",
            outcome=Outcome.NOT_FETCHED if fact in without else Outcome.FETCHED,
            source="arm",
            observed_at=NOW,
        )
        for fact in Fact
    )
    seen = Estate(collected_at=NOW, subscriptions=(Subscription(id="s"),), machines=(machine,), readings=readings)
    examination = examine(seen, CHECKS, NOW)
    about = {found.check for found in examination.findings if machine.id in found.machines}
    return about, {unknown.check for unknown in examination.unknowns}


MODEL_ALONE = frozenset({Fact.INSTANCE_VIEW, Fact.EXTENSIONS, Fact.ASSESSMENT, Fact.INSTALLATION, Fact.POWER_STATE})


@pytest.mark.parametrize(
    ("body", "decode", "without", "expected"),
    [
        # Ubuntu 16.04, running, agent Ready and just new enough, never brought into Azure Update Manager.
        (
            "vm_instance_view.recorded.json",
            virtual_machine,
            frozenset[Fact](),
            {"AUM016", "AUM039", "AUM054", "AUM142"},
        ),
        # The same VM as a list shows it.
        ("vm_list_row.recorded.json", virtual_machine, MODEL_ALONE, {"AUM039", "AUM054"}),
        ("vm_graph_row.recorded.json", virtual_machine, MODEL_ALONE, {"AUM039", "AUM054"}),
        # PATCHes under way ("Creating", "Updating"), as the examples are answers to a PUT.
        ("vm_manual.example.json", virtual_machine, MODEL_ALONE, {"AUM039", "AUM044"}),
        ("vm_platform.example.json", virtual_machine, MODEL_ALONE, {"AUM034", "AUM044"}),
        ("vm_customer_managed.example.json", virtual_machine, MODEL_ALONE, {"AUM033", "AUM044", "AUM054"}),
        ("vm_hotpatching.example.json", virtual_machine, MODEL_ALONE, {"AUM034", "AUM039", "AUM044"}),
        # No system is named: what is asked of Windows or of Linux alone is unknown.
        ("vm_specialized.example.json", virtual_machine, MODEL_ALONE, {"AUM039", "AUM044", "AUM055"}),
        # No status, no system: nothing can be said but that the assessment mode is off and what the properties show.
        ("arc_machine.example.json", arc_machine, MODEL_ALONE, {"AUM039", "AUM122", "AUM124"}),
    ],
)
def test_each_body_gives_the_findings_that_it_should(
    body: str, decode: Callable[[bytes, str], Machine], without: frozenset[Fact], expected: set[str]
) -> None:
    known_id = ARC if decode is arc_machine else VM
    machine = msgspec.structs.replace(decode((DATA / body).read_bytes(), known_id), id=known_id)
    assert machine.malformed is None

    found, unknown = examined(machine, without=without)

    assert found == expected
    resting_on_what_was_not_read = {check.id for check in CHECKS if not without.isdisjoint(check.needs)}
    assert not found & resting_on_what_was_not_read
    if without:
        assert unknown & resting_on_what_was_not_read
