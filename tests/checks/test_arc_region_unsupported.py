import pytest

from aumdoctor.checks.arc_region_unsupported import arc_region_unsupported as check
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from tests.builders import arc_machine, azure_vm, estate, examine, finding, findings, unknowns


@pytest.mark.parametrize("region", ["usgovtexas", "chinaeast", "China North", "CHINAEAST3"])
def test_a_region_that_the_list_names_for_vms_only(region: str) -> None:
    found = finding(estate(arc_machine(location=region)), check)
    assert (found.check, found.severity, found.confidence) == ("AUM122", Severity.MEDIUM, Confidence.HIGH)
    (evidence,) = found.evidence
    assert (evidence.path, evidence.observed) == ("location", region)
    assert "VMs only" in found.message


@pytest.mark.parametrize("region", ["qatarcentral", "spaincentral", "a region of the future"])
def test_a_region_that_the_list_does_not_name_is_a_warning(region: str) -> None:
    found = finding(estate(arc_machine(location=region)), check)
    assert (found.severity, found.confidence) == (Severity.LOW, Confidence.LOW)
    assert "as of 20" in found.message


@pytest.mark.parametrize("region", ["westeurope", "West Europe", "WESTEUROPE", "usgovvirginia", "chinanorth3"])
def test_regions_that_are_listed_in_any_spelling(region: str) -> None:
    assert findings(estate(arc_machine(location=region)), check) == ()


def test_an_azure_vm_may_be_anywhere() -> None:
    assert findings(estate(azure_vm(location="qatarcentral")), check) == ()


def test_a_machine_without_a_location_is_unknown() -> None:
    (unknown,) = unknowns(estate(arc_machine(location="")), check)
    assert unknown.fact is Fact.MACHINE


@pytest.mark.parametrize(
    ("region", "offered", "not_offered"),
    [("qatarcentral", "westeurope", "usgovvirginia"), ("usgovtexas", "usgovvirginia", "westeurope")],
)
def test_the_cure_offers_regions_of_the_same_cloud(region: str, offered: str, not_offered: str) -> None:
    ((remedy,),) = examine(estate(arc_machine(location=region)), check).remedies
    choice = next(step for step in remedy.steps if "--location" in step)
    assert offered in choice
    assert not_offered not in choice
    assert "usgovtexas" not in choice
