import pytest

from aumdoctor.checks.engine import AnswerState, answers
from aumdoctor.checks.in_place_os_upgrade import in_place_os_upgrade as check
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import ImageReference, Machine
from tests.builders import NOW, arc_machine, azure_vm, change, estate, examine, finding, findings, unknowns

OF_2016 = ImageReference(publisher="MicrosoftWindowsServer", offer="WindowsServer", sku="2016-Datacenter")
UPGRADED = azure_vm(image=OF_2016, os_name="Windows Server 2022 Datacenter", os_version="10.0.20348.4171")


def test_a_newer_release_than_its_image() -> None:
    seen = finding(estate(UPGRADED), check)
    assert (seen.check, seen.severity, seen.confidence) == ("AUM053", Severity.LOW, Confidence.MEDIUM)
    assert "it runs Windows Server 2022 and was made from an image of Windows Server 2016" in seen.message
    assert [(each.path.rsplit(".", 1)[-1], each.observed) for each in seen.evidence] == [
        ("osName", "Windows Server 2022 Datacenter"),
        ("osVersion", "10.0.20348.4171"),
        ("sku", "2016-Datacenter"),
    ]
    assert seen.evidence[-1].expected == "an image of Windows Server 2022"


def test_the_name_alone_is_enough() -> None:
    seen = finding(estate(change(UPGRADED, os_version=None)), check)
    assert [each.path.rsplit(".", 1)[-1] for each in seen.evidence] == ["osName", "sku"]


@pytest.mark.parametrize(
    "machine",
    [
        azure_vm(image=OF_2016, os_name="Windows Server 2016 Datacenter", os_version="10.0.14393.8422"),
        azure_vm(image=change(OF_2016, sku="2022-datacenter"), os_name="Windows Server 2016 Datacenter"),
        azure_vm(image=OF_2016, os_version="10.0.25398.1189", os_name="Windows Server 2022 Datacenter"),
        azure_vm(image=OF_2016),
        azure_vm(image=None, os_version="10.0.20348.4171"),
        azure_vm(image=change(OF_2016, publisher="contoso"), os_version="10.0.20348.4171"),
        azure_vm(image=ImageReference(id="/galleries/a/images/b"), os_version="10.0.20348.4171"),
        azure_vm(image=OF_2016, os_type="Linux", os_name="Windows Server 2022", os_version="10.0.20348.4171"),
        arc_machine(os_version="10.0.20348.4171"),
    ],
    ids=["as made", "older", "another build", "not told", "no image", "another publisher", "gallery", "linux", "arc"],
)
def test_near_misses(machine: Machine) -> None:
    assert findings(estate(machine), check) == ()


def test_in_any_casing() -> None:
    image = ImageReference(publisher="microsoftwindowsserver", offer="WINDOWSSERVER", sku="2012-r2-DATACENTER")
    seen = finding(estate(azure_vm(image=image, os_name="windows server 2016 datacenter")), check)
    assert "an image of Windows Server 2012 R2" in seen.message


def test_where_one_of_both_is_not_known_the_question_does_not_arise() -> None:
    vm = azure_vm(image=OF_2016)
    (answer,) = answers(estate(vm), [check], vm, NOW)
    assert answer.state is AnswerState.NOT_APPLICABLE


def test_a_machine_that_was_not_read_leaves_it_unknown() -> None:
    (unknown,) = unknowns(estate(UPGRADED, missing=[Fact.MACHINE]), check)
    assert unknown.fact is Fact.MACHINE


def test_the_cure_compares_and_assesses_first() -> None:
    ((remedy,),) = examine(estate(UPGRADED), check).remedies
    assert "get-instance-view" in remedy.steps[0]
    assert "assess-patches" in remedy.steps[1]
    assert remedy.calls == ()
