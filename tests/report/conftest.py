"""One small estate that shows every part of a report, judged by three checks."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from aumdoctor.checks.extension_operations_disabled import extension_operations_disabled
from aumdoctor.checks.maintenance_provider_unregistered import maintenance_provider_unregistered
from aumdoctor.checks.patch_extension_missing import patch_extension_missing
from aumdoctor.diagnosis.examine import Examination
from aumdoctor.diagnosis.examine import examine as examine_estate
from aumdoctor.model.estate import CollectionScope, Estate, Subscription
from aumdoctor.model.facts import Fact, Gap, Outcome, Reading
from aumdoctor.model.finding import Severity
from aumdoctor.report.result import Report, report_of
from tests.builders import NOW, OTHER_SUBSCRIPTION, PROVIDERS, SUBSCRIPTION, azure_vm, estate

GOLDEN = Path(__file__).parent / "golden"
CHECKS = (extension_operations_disabled, patch_extension_missing, maintenance_provider_unregistered)


def _report(judged: Examination, **changes: object) -> Report:
    values = {"generated_at": NOW, "exit_code": 1, "fail_on": Severity.HIGH, "min_severity": Severity.INFO}
    return report_of(judged, **{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture
def report_on() -> Callable[..., Report]:
    """Judge an estate and project it; keywords are those of `report_of`."""
    return lambda seen, **changes: _report(examine_estate(seen, CHECKS, NOW), **changes)


@pytest.fixture
def ill_estate() -> Estate:
    """Two subscriptions: in one the provider is missing, in the other extensions are forbidden; a read was refused."""
    forbidden = [
        azure_vm(f"vm-app-{number}", allow_extension_operations=False, extension_handlers=()) for number in range(1, 6)
    ]
    unread = azure_vm("vm-unread")
    denied = Reading(
        fact=Fact.MACHINE,
        scope=unread.key,
        outcome=Outcome.DENIED,
        reason="Azure answered 403 AuthorizationFailed",
        permission="Microsoft.Compute/virtualMachines/read",
    )
    subscriptions = (
        Subscription(id=SUBSCRIPTION, name="Production", providers=PROVIDERS),
        Subscription(
            id=OTHER_SUBSCRIPTION,
            name="Staging",
            providers={**PROVIDERS, "microsoft.maintenance": "NotRegistered"},
        ),
    )
    gap = Gap(
        scope=f"/subscriptions/{SUBSCRIPTION}",
        operation="list maintenance configurations",
        status=403,
        code="AuthorizationFailed",
        message="The client 'reader' does not have authorization to perform action "
        "'Microsoft.Maintenance/maintenanceConfigurations/read'",
        missing_permission="Microsoft.Maintenance/maintenanceConfigurations/read",
        fact=Fact.CONFIGURATIONS,
        request_id="6f1c0e52-0000-0000-0000-000000000001",
    )
    staged = [azure_vm("vm-stage-1", subscription=OTHER_SUBSCRIPTION)]
    return estate(
        azure_vm("vm-healthy", os_type="Linux"),
        *forbidden,
        unread,
        *staged,
        subscriptions=subscriptions,
        readings=[denied],
        gaps=(gap,),
        scope=CollectionScope(source="graph", depth="quick", subscriptions=("Production", "Staging")),
    )


@pytest.fixture
def ill_report(ill_estate: Estate, report_on: Callable[..., Report]) -> Report:
    return report_on(ill_estate)


@pytest.fixture
def matches_golden() -> Callable[[str, str], None]:
    """Compare with a reviewed file under golden/; with AUMDOCTOR_TEST_WRITE_GOLDEN=1 write it instead."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if os.environ.get("AUMDOCTOR_TEST_WRITE_GOLDEN"):
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")

    return compare
