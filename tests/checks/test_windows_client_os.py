import pytest

from aumdoctor.checks.windows_client_os import windows_client_os as check
from aumdoctor.diagnosis.examine import Verdict
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Severity
from aumdoctor.model.machine import ImageReference
from tests.builders import arc_agent, arc_machine, azure_vm, estate, examine, finding, findings, unknowns

DESKTOP = ImageReference(publisher="MicrosoftWindowsDesktop", offer="windows-11", sku="win11-24h2-avd")
SERVER = ImageReference(publisher="MicrosoftWindowsServer", offer="WindowsServer", sku="2022-datacenter-g2")


def test_a_host_of_azure_virtual_desktop() -> None:
    vm = azure_vm(os_name="Windows 10 Enterprise for Virtual Desktops", image=DESKTOP)
    seen = finding(estate(vm), check)
    assert (seen.check, seen.severity) == ("AUM050", Severity.HIGH)
    assert [(evidence.path, evidence.observed) for evidence in seen.evidence] == [
        ("properties.instanceView.osName", "Windows 10 Enterprise for Virtual Desktops"),
        ("properties.storageProfile.imageReference.publisher", "MicrosoftWindowsDesktop"),
    ]
    assert "schedule" not in seen.message
    assert "a schedule is attached" in finding(estate(vm, scheduled=True), check).message
    assert examine(estate(vm), check).machines[0].verdict is Verdict.BLOCKED


@pytest.mark.parametrize("name", ["Microsoft Windows 11 Pro", "WINDOWS 11 ENTERPRISE", "Windows 8.1 Pro"])
def test_the_name_alone_tells(name: str) -> None:
    assert finding(estate(azure_vm(os_name=name)), check).evidence[0].observed == name


def test_a_vm_that_is_off_is_known_by_its_image() -> None:
    vm = azure_vm(power_state="deallocated", os_name=None, image=DESKTOP)
    assert "a Windows client image" in finding(estate(vm), check).message


def test_an_arc_machine_is_known_by_its_sku() -> None:
    client = arc_machine(os_name="windows", arc=arc_agent(os_sku="Windows 11 Enterprise"))
    assert finding(estate(client), check).evidence[0].path == "properties.osSku"


def test_windows_iot_is_supported_on_arc_and_nowhere_else() -> None:
    name = "Windows 10 IoT Enterprise LTSC 2021"
    assert findings(estate(arc_machine(arc=arc_agent(os_sku=name))), check) == ()
    assert finding(estate(azure_vm(os_name=name)), check)


@pytest.mark.parametrize(
    "machine",
    [
        azure_vm(),
        azure_vm(os_name="Windows Server 2016 Datacenter", image=SERVER),
        azure_vm(os_name="Windows Server 2022 Datacenter", image=DESKTOP),
        azure_vm(os_type="Linux", image=DESKTOP),
        azure_vm(os_name="Windows Server 2012 R2 Standard", os_version="Microsoft Windows NT 10.0.14393.0"),
        arc_machine(arc=arc_agent(os_sku="Windows Server 2025 Datacenter")),
        arc_machine(arc=arc_agent(os_sku=None)),
    ],
    ids=["nothing known", "server", "installed anew", "linux", "NT 10.0", "arc server", "arc unknown"],
)
def test_what_is_no_client(machine: object) -> None:
    assert findings(estate(machine), check) == ()  # type: ignore[arg-type]


def test_a_machine_that_was_not_read_leaves_it_unknown() -> None:
    (unknown,) = unknowns(estate(azure_vm(image=DESKTOP), missing=[Fact.MACHINE]), check)
    assert unknown.fact is Fact.MACHINE


def test_the_cure_is_elsewhere() -> None:
    detach, elsewhere = examine(estate(azure_vm(image=DESKTOP), scheduled=True), check).remedies[0]
    assert detach.name == "detach-from-schedule"
    assert "Intune" in elsewhere.title
    (only,) = examine(estate(azure_vm(image=DESKTOP)), check).remedies[0]
    assert only.name == "manage-windows-client"
