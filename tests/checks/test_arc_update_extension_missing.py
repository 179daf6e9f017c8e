import pytest

from aumdoctor.checks.arc_update_extension_missing import arc_update_extension_missing as check
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Severity
from aumdoctor.model.machine import Extension
from tests.builders import (
    arc_agent,
    arc_machine,
    azure_vm,
    estate,
    examine,
    finding,
    findings,
    os_update_extension,
    unknowns,
)


@pytest.mark.parametrize("os_type", ["Windows", "Linux"])
def test_an_arc_machine_without_the_update_extension_is_found(os_type: str) -> None:
    found = finding(estate(arc_machine(os_type=os_type, extensions=())), check)
    assert (found.check, found.severity) == ("AUM014", Severity.HIGH)
    (evidence,) = found.evidence
    assert evidence.path.startswith("extensions[")
    assert (evidence.observed, evidence.expected) == (None, f"{os_type}OsUpdateExtension")


def test_other_extensions_do_not_stand_in_for_it() -> None:
    monitor = Extension(name="Monitor", publisher="Microsoft.Azure.Monitor", type="AzureMonitorWindowsAgent")
    periodic = Extension(name="WindowsPatchExtension", publisher="Microsoft.CPlat.Core", type="WindowsPatchExtension")
    borrowed = os_update_extension(publisher="Contoso")
    assert finding(estate(arc_machine(extensions=(monitor, periodic, borrowed))), check).check == "AUM014"


@pytest.mark.parametrize(
    "extension",
    [
        os_update_extension(),
        os_update_extension(name="something-else", publisher="MICROSOFT.SOFTWAREUPDATEMANAGEMENT"),
        os_update_extension(type="windowsosupdateextension"),
        Extension(name="WindowsOsUpdateExtension"),
    ],
    ids=["healthy", "other name and casing", "type in lower case", "name only"],
)
def test_it_is_recognised_however_azure_spells_it(extension: Extension) -> None:
    assert findings(estate(arc_machine(extensions=(extension,))), check) == ()


def test_a_failed_extension_is_there() -> None:
    arc = arc_machine(extensions=(os_update_extension(provisioning_state="Failed"),))
    assert findings(estate(arc), check) == ()


def test_a_machine_of_an_unknown_system_may_have_either() -> None:
    assert findings(estate(arc_machine(os_type=None)), check) == ()
    found = finding(estate(arc_machine(os_type=None, extensions=())), check)
    assert found.evidence[0].expected == "WindowsOsUpdateExtension or LinuxOsUpdateExtension"


def test_azure_vms_have_no_such_extension() -> None:
    assert findings(estate(azure_vm()), check) == ()


def test_what_another_fact_proves_is_not_doubted() -> None:
    assert findings(estate(arc_machine(extensions=()), inferred=[Fact.EXTENSIONS]), check) == ()


def test_extensions_that_may_not_be_read_leave_it_unknown() -> None:
    (unknown,) = unknowns(estate(arc_machine(extensions=()), denied=[Fact.EXTENSIONS]), check)
    assert unknown.fact is Fact.EXTENSIONS


def test_a_lost_connection_explains_it() -> None:
    arc = arc_machine(extensions=(), arc=arc_agent(status="Disconnected"))
    folded = {each.check: each.explained_by for each in examine(estate(arc)).findings}
    assert folded["AUM014"] == "AUM117"
