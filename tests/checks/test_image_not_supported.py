import pytest

from aumdoctor.checks.image_not_supported import image_not_supported as check
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import ImageReference
from tests.builders import (
    arc_machine,
    azure_vm,
    dynamic_scope,
    estate,
    examine,
    failed_assessment,
    finding,
    findings,
    installation,
    static_assignment,
    unknowns,
)

EXCLUDED = ImageReference(publisher="OpenLogic", offer="CentOS-HPC", sku="7.9")
LISTED = ImageReference(publisher="RedHat", offer="RHEL", sku="9-lvm-gen2")
NEWER = ImageReference(publisher="RedHat", offer="RHEL", sku="10-lvm-gen2")
STRANGER = ImageReference(publisher="fabrikam", offer="appliance", sku="byol")
VM = azure_vm(os_type="Linux", image=EXCLUDED)


def test_an_excluded_image_on_a_schedule() -> None:
    seen = finding(estate(VM, scheduled=True), check)
    assert (seen.check, seen.severity, seen.confidence) == ("AUM049", Severity.HIGH, Confidence.HIGH)
    assert seen.machines == (VM.id,)
    assert [(evidence.path.rsplit(".")[-1], evidence.observed) for evidence in seen.evidence] == [
        ("publisher", "OpenLogic"),
        ("offer", "CentOS-HPC"),
        ("sku", "7.9"),
    ]
    assert "OpenLogic:CentOS-HPC:7.9" in seen.message
    assert "on a schedule" in seen.message


def test_without_a_schedule_it_is_low() -> None:
    seen = finding(estate(VM), check)
    assert (seen.severity, seen.confidence) == (Severity.LOW, Confidence.HIGH)


def test_an_installation_that_succeeded_speaks_against_the_list() -> None:
    working = azure_vm(os_type="Linux", image=EXCLUDED, installation=installation())
    seen = finding(estate(working, scheduled=True), check)
    assert (seen.severity, seen.confidence) == (Severity.LOW, Confidence.LOW)
    failing = azure_vm(os_type="Linux", image=EXCLUDED, installation=installation("no such distribution"))
    assert finding(estate(failing, scheduled=True), check).severity is Severity.HIGH


@pytest.mark.parametrize(
    ("image", "severity"),
    [(NEWER, Severity.INFO), (STRANGER, Severity.LOW)],
    ids=["newer than the list", "nobody's"],
)
def test_an_image_that_the_list_does_not_know_is_a_warning(image: ImageReference, severity: Severity) -> None:
    vm = azure_vm(os_type="Linux", image=image, assessment=None)
    seen = finding(estate(vm, scheduled=True), check)
    assert (seen.severity, seen.confidence) == (severity, Confidence.LOW)
    assert "may have been added since" in seen.message
    assert finding(estate(azure_vm(image=image, assessment=failed_assessment("exit code 51"))), check)


@pytest.mark.parametrize("image", [NEWER, STRANGER])
def test_an_assessment_that_succeeded_proves_more_than_the_list(image: ImageReference) -> None:
    assert findings(estate(azure_vm(os_type="Linux", image=image), scheduled=True), check) == ()


@pytest.mark.parametrize(
    "image",
    [
        None,
        LISTED,
        ImageReference(publisher="REDHAT", offer="rhel", sku="9-LVM-gen2"),
        ImageReference(id="/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/galleries/x/images/y"),
        ImageReference(publisher="MicrosoftWindowsDesktop", offer="windows-11", sku="win11-24h2-ent"),
    ],
    ids=["none", "listed", "other casing", "gallery", "client: AUM050"],
)
def test_what_is_no_finding(image: ImageReference | None) -> None:
    assert findings(estate(azure_vm(image=image, assessment=None), scheduled=True), check) == ()


def test_an_arc_machine_has_no_image() -> None:
    assert findings(estate(arc_machine()), check) == ()


def test_a_machine_that_was_not_read_leaves_it_unknown() -> None:
    (unknown,) = unknowns(estate(VM, missing=[Fact.MACHINE]), check)
    assert unknown.fact is Fact.MACHINE


def test_the_cure_takes_it_off_the_schedule() -> None:
    detach, _ = examine(estate(VM, assignments=[static_assignment(VM)]), check).remedies[0]
    assert (detach.name, detach.calls[0].method) == ("detach-from-schedule", "DELETE")
    assert detach.calls[0].path == static_assignment(VM).id
    assert detach.az[0].startswith("az maintenance assignment delete ")


def test_what_a_dynamic_scope_takes_in_is_not_detached_by_a_call() -> None:
    (advice,) = examine(estate(VM, assignments=[dynamic_scope()]), check).remedies[0]
    assert advice.name == "use-supported-image"
    assert any("dynamic scope" in step for step in advice.steps)
