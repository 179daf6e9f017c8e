from typing import Any

import pytest

from aumdoctor.checks.arc_unsupported_os import arc_unsupported_os as check
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from tests.builders import arc_agent, arc_machine, azure_vm, estate, examine, finding, findings, unknowns


def server(sku: str | None, os_type: str = "Linux", **overrides: Any) -> Estate:
    return estate(arc_machine(os_type=os_type, arc=arc_agent(os_sku=sku), **overrides))


@pytest.mark.parametrize(
    "sku",
    [
        "Red Hat Enterprise Linux 10.0 (Coughlan)",
        "Red Hat Enterprise Linux Server 6.10 (Santiago)",
        "Ubuntu 14.04.6 LTS",
        "Debian GNU/Linux 9 (stretch)",
        "Windows Server 2008 R2 Standard",
    ],
)
def test_a_system_that_is_named_as_unsupported_or_older_than_all_that_are_listed(sku: str) -> None:
    found = finding(server(sku, "Windows" if sku.startswith("Windows") else "Linux"), check)
    assert (found.check, found.severity, found.confidence) == ("AUM128", Severity.HIGH, Confidence.HIGH)
    (evidence,) = found.evidence
    assert (evidence.path, evidence.observed) == ("properties.osSku", sku)
    assert "not supported with Azure Arc" in found.message


def test_where_the_sources_disagree_both_are_named() -> None:
    found = finding(server("Windows Server 2012 Standard", "Windows"), check)
    assert (found.severity, found.confidence) == (Severity.MEDIUM, Confidence.LOW)
    assert "begins with Windows Server 2012 R2" in found.message
    assert "another source has it otherwise" in found.message


@pytest.mark.parametrize(
    "sku", ["Ubuntu 26.04 LTS", "AlmaLinux 10.0", "Windows Server 2031 Standard", "Gentoo Base System"]
)
def test_a_system_that_the_list_does_not_know_is_a_warning(sku: str) -> None:
    found = finding(server(sku, "Windows" if sku.startswith("Windows") else "Linux"), check)
    assert (found.severity, found.confidence) == (Severity.LOW, Confidence.LOW)
    assert "may have been added since" in found.message


@pytest.mark.parametrize(
    ("sku", "os_type"),
    [
        ("Ubuntu 22.04.5 LTS", "Linux"),
        ("UBUNTU 24.04.3 LTS", "Linux"),
        ("Red Hat Enterprise Linux 9.7 (Plow)", "Linux"),
        ("SUSE Linux Enterprise Server 15 SP7", "Linux"),
        ("Amazon Linux 2023", "Linux"),
        ("Windows Server 2012 R2 Standard", "Windows"),
        ("Windows Server 2025 Datacenter", "Windows"),
    ],
)
def test_systems_that_are_listed(sku: str, os_type: str) -> None:
    assert findings(server(sku, os_type), check) == ()


def test_a_kernel_is_not_taken_for_a_release() -> None:
    assert findings(server("Ubuntu 22.04.5 LTS", os_version="6.8.0-84-generic"), check) == ()


def test_without_an_sku_name_and_version_are_put_together() -> None:
    assert findings(server(None, os_name="ubuntu", os_version="16.04"), check) == ()
    found = finding(server(None, os_name="ubuntu", os_version="14.04"), check)
    assert found.severity is Severity.HIGH
    assert found.evidence[0].path == "properties.osName"


@pytest.mark.parametrize("name", [None, "", "windows", "Linux"])
def test_a_server_that_does_not_say_which_release_it_runs_is_unknown(name: str | None) -> None:
    seen = server(None, os_name=name, os_version="5.14.0-611.5.1.el9_7.x86_64")
    assert findings(seen, check) == ()
    (unknown,) = unknowns(seen, check)
    assert unknown.fact is Fact.MACHINE


@pytest.mark.parametrize("client", ["Windows 11 Enterprise", "Windows 10 Enterprise for Virtual Desktops"])
def test_clients_are_another_issue(client: str) -> None:
    assert findings(server(client, "Windows"), check) == ()


def test_azure_vms_are_another_issue() -> None:
    assert findings(estate(azure_vm(os_name="Ubuntu 14.04")), check) == ()


def test_a_machine_that_may_not_be_read_is_unknown() -> None:
    (unknown,) = unknowns(estate(arc_machine(), denied=[Fact.MACHINE]), check)
    assert unknown.fact is Fact.MACHINE


def test_the_cure_is_advice_that_begins_with_a_proof() -> None:
    ((remedy,),) = examine(server("Red Hat Enterprise Linux 10.0"), check).remedies
    assert "az connectedmachine assess-patches" in remedy.steps[0]
