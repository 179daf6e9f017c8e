"""Dated tables about Azure Arc: what is looked up in them, and what they must not claim."""

import pytest

from aumdoctor.checks.extensions import version_parts
from aumdoctor.knowledge import agent_versions, arc_regions, arc_unsupported_systems, extended_security_updates, prices
from aumdoctor.knowledge.operating_systems import arc_system


def test_regions_of_the_three_clouds_by_their_programmatic_names() -> None:
    supported = arc_regions.supports_arc()
    assert all(name == name.lower().replace(" ", "") for name in supported)
    assert (supported["westeurope"], supported["usgovarizona"], supported["chinaeast2"]) == (True, True, True)
    assert (supported["usgovtexas"], supported["chinaeast"]) == (False, False)
    assert {row.cloud for row in arc_regions.table().rows} == {"public", "usgov", "china"}


@pytest.mark.parametrize(
    ("name", "sku", "version", "expected"),
    [
        ("windows", "Windows Server 2012 R2 Standard", "6.3.9600", "Windows Server 2012 R2"),
        ("windows", "WINDOWS SERVER 2012 Datacenter", None, "Windows Server 2012"),
        ("Windows Server 2016 Datacenter", None, "Microsoft Windows NT 10.0.14393.0", "Windows Server 2016"),
        (None, None, "Microsoft Windows NT 6.2.9200.0", "Windows Server 2012"),
        ("windows", "Windows Server 2019 Datacenter", "10.0.17763", None),
        ("windows", "Windows 10 Enterprise 2016 LTSB", "10.0.14393", None),
        (None, None, None, None),
    ],
)
def test_the_release_that_a_server_runs(
    name: str | None, sku: str | None, version: str | None, expected: str | None
) -> None:
    release = extended_security_updates.release_of(name, sku, version)
    assert (release.name if release else None) == expected


def test_extended_updates_end_after_support_does() -> None:
    assert all(row.support_ended < row.updates_end for row in extended_security_updates.table().rows)


def test_minimums_of_the_arc_agent_are_versions() -> None:
    assert {row.version for row in agent_versions.minimums(agent_versions.ARC)} == {"1.39", "1.33"}
    assert all(version_parts(row.version) for row in agent_versions.table().rows)
    assert all(version_parts(row.agent) for row in extended_security_updates.table().rows)


def test_a_price_is_told_with_what_waives_it() -> None:
    price = prices.of_arc_server()
    assert price.per_day * 31 == pytest.approx(price.per_month, abs=0.05)
    assert price.free_with


@pytest.mark.parametrize(
    ("system", "is_known"),
    [
        ("Red Hat Enterprise Linux 10.1", True),
        ("Red Hat Enterprise Linux 100", False),
        ("Windows Server 2008", True),
        ("Windows Server 2012 R2 Standard", False),
        ("Windows Server 2012", True),
        ("Windows Server", False),
        ("CentOS Linux 7.9.2009", False),
        ("Ubuntu", False),
        ("", False),
    ],
)
def test_what_a_source_names_as_unsupported(system: str, is_known: bool) -> None:
    assert (arc_unsupported_systems.unsupported(system) is not None) is is_known


def test_nothing_is_both_listed_and_named_as_unsupported() -> None:
    titles = {"rhel": "Red Hat Enterprise Linux", "windows server": "Windows Server"}
    for row in arc_unsupported_systems.table().rows:
        assert [arc_system(f"{titles[row.name]} {version}") for version in row.versions] == [None] * len(row.versions)
