from datetime import UTC, datetime

import pytest

from aumdoctor.checks.linux_end_of_life import linux_end_of_life as check
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Finding, Severity
from aumdoctor.model.machine import ErrorDetail, ImageReference, Machine
from tests.builders import (
    arc_agent,
    arc_machine,
    azure_vm,
    change,
    estate,
    examine,
    finding,
    findings,
    installation,
    unknowns,
)

FOCAL = ImageReference(publisher="Canonical", offer="0001-com-ubuntu-server-focal", sku="20_04-lts-gen2")


def linux(name: str | None = None, version: str | None = None, **overrides: object) -> Machine:
    return azure_vm(os_type="Linux", os_name=name, os_version=version, **overrides)


def seen(machine: Machine, now: datetime | None = None) -> tuple[Finding, ...]:
    return findings(estate(machine), check, **({"now": now} if now else {}))


def rhel(sku: str, offer: str = "RHEL") -> ImageReference:
    return ImageReference(publisher="RedHat", offer=offer, sku=sku)


def test_ubuntu_without_standard_support() -> None:
    found = finding(estate(linux("ubuntu", "20.04", image=FOCAL)), check)
    assert (found.check, found.severity, found.confidence) == ("AUM054", Severity.MEDIUM, Confidence.HIGH)
    assert "Ubuntu 20.04" in found.message
    assert "2025-05-31" in found.message
    paths = [(evidence.path, evidence.observed) for evidence in found.evidence]
    assert paths == [("properties.instanceView.osName", "ubuntu"), ("properties.instanceView.osVersion", "20.04")]
    assert "Ubuntu Pro" in found.evidence[-1].expected


def test_the_image_tells_where_the_guest_does_not_but_less_surely() -> None:
    (found,) = seen(linux(image=FOCAL, power_state="deallocated"))
    assert found.confidence is Confidence.MEDIUM
    assert [evidence.observed for evidence in found.evidence] == [FOCAL.offer, FOCAL.sku]


def test_the_guest_counts_before_the_image() -> None:
    assert seen(linux("ubuntu", "24.04", image=FOCAL)) == ()


def test_an_error_that_asks_for_ubuntu_pro_makes_it_sure() -> None:
    warned = installation(status="CompletedWithWarnings")
    error = ErrorDetail(path="error.details[0]", code="UA_ESM_REQUIRED", message="12 patches requires Ubuntu Pro")
    (found,) = seen(linux(image=FOCAL, installation=change(warned, errors=(error,))))
    assert found.confidence is Confidence.HIGH
    assert found.evidence[-1].observed == "UA_ESM_REQUIRED"


@pytest.mark.parametrize(
    "machine",
    [
        linux("ubuntu", "20.04", license_type="UBUNTU_PRO"),
        linux("ubuntu", "20.04", image=change(FOCAL, offer="0001-com-ubuntu-pro-focal", sku="pro-20_04-lts")),
        linux("redhat", "7.9", license_type="RHEL_ELS_6"),
        linux("sles", "15.3", image=ImageReference(publisher="SUSE", offer="sles-sap-15-sp3", sku="gen2")),
    ],
    ids=["licence", "image", "RHEL ELS", "SAP"],
)
def test_extended_support_that_shows_is_heeded(machine: Machine) -> None:
    assert seen(machine) == ()


@pytest.mark.parametrize(
    "machine",
    [
        linux("ubuntu", "24.04"),
        linux("redhat", "8.10"),
        linux("sles", "15.7"),
        linux("FooLinux", "1.0"),
        linux(),
        azure_vm(os_name="Windows Server 2012", os_version="6.2"),
    ],
    ids=["current", "last minor", "current pack", "not known", "nothing known", "windows"],
)
def test_what_is_no_finding(machine: Machine) -> None:
    assert seen(machine) == ()


def test_the_day_of_the_end_still_has_updates() -> None:
    machine = linux("redhat", "7.9")
    assert seen(machine, datetime(2024, 6, 30, 23, tzinfo=UTC)) == ()
    assert len(seen(machine, datetime(2024, 7, 1, tzinfo=UTC))) == 1


def test_a_minor_release_ends_only_for_who_is_locked_to_it() -> None:
    (found,) = seen(linux("redhat", "9.4", image=rhel("9_4")))
    assert "Extended Update Support" in found.message
    assert (found.severity, found.confidence) == (Severity.MEDIUM, Confidence.MEDIUM)
    assert found.evidence[-1].observed == "9_4"
    assert seen(linux("redhat", "9.4", image=rhel("9-lvm-gen2"))) == ()
    assert seen(linux("redhat", "9.4")) == ()
    # It has gone on to a later minor release than that of its image.
    assert seen(linux("redhat", "9.6", image=rhel("9_4"))) == ()
    assert seen(linux("redhat", "8.6", image=rhel("86sapha-gen2", "RHEL-SAP-HA"))) == ()
    assert len(seen(linux(image=rhel("81gen2")))) == 1


def test_an_arc_machine_is_known_by_its_sku_and_not_by_its_kernel() -> None:
    old = arc_machine(os_type="Linux", os_version="5.4.0-216-generic", arc=arc_agent(os_sku="Ubuntu 20.04.6 LTS"))
    assert finding(estate(old), check).evidence[0].path == "properties.osSku"
    kernel = arc_machine(
        os_type="Linux", os_version="6.8.0-60-generic", arc=arc_agent(os_sku="Red Hat Enterprise Linux")
    )
    assert findings(estate(kernel), check) == ()


def test_a_machine_that_was_not_read_leaves_it_unknown() -> None:
    (unknown,) = unknowns(estate(linux(image=FOCAL), missing=[Fact.MACHINE]), check)
    assert unknown.fact is Fact.MACHINE


def test_the_cure_says_what_it_can_go_on_with() -> None:
    ((advice,),) = examine(estate(linux("ubuntu", "20.04")), check).remedies
    assert any("UBUNTU_PRO" in step for step in advice.steps)
    ((advice,),) = examine(estate(linux("redhat", "7.9")), check).remedies
    assert any("RHEL 8 or 9" in step for step in advice.steps)
    assert not any("UBUNTU_PRO" in step for step in advice.steps)
