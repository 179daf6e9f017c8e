import pytest
from hypothesis import given
from hypothesis import strategies as st

from aumdoctor.knowledge.windows_server_releases import (
    release_of_windows_image,
    running_release,
    windows_server_releases,
)


@pytest.mark.parametrize(
    ("os_name", "os_version", "name"),
    [
        ("Windows Server 2022 Datacenter Azure Edition", "10.0.20348.4171", "Windows Server 2022"),
        (None, "10.0.14393.8422", "Windows Server 2016"),
        (None, "10.0.26100", "Windows Server 2025"),
        ("", "6.3.9600.22523", "Windows Server 2012 R2"),
        ("Microsoft Windows Server 2019 Datacenter", None, "Windows Server 2019"),
        ("WINDOWS SERVER 2012 R2 Datacenter", "", "Windows Server 2012 R2"),
        ("Windows Server 2012 Datacenter", None, "Windows Server 2012"),
        # The build is exact, and the name may be that of an edition.
        ("Windows Server 2016 Datacenter", "10.0.20348.4171", "Windows Server 2022"),
    ],
)
def test_a_machine_tells_its_release(os_name: str | None, os_version: str | None, name: str) -> None:
    found = running_release(os_name, os_version)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    ("os_name", "os_version"),
    [
        (None, None),
        ("Windows 11 Enterprise", "10.0.22631.4317"),
        # A release of the semi-annual channel is not overruled by a name that happens to begin like another.
        ("Windows Server 2022 Datacenter", "10.0.25398.1189"),
        ("Windows Server 20225", None),
        ("ubuntu", "24.04"),
        ("Windows Server", "10.0"),
    ],
)
def test_a_release_that_is_not_in_the_table_is_not_guessed(os_name: str | None, os_version: str | None) -> None:
    assert running_release(os_name, os_version) is None


@pytest.mark.parametrize(
    ("sku", "name"),
    [
        ("2016-Datacenter", "Windows Server 2016"),
        ("2022-datacenter-azure-edition-hotpatch", "Windows Server 2022"),
        ("2012-R2-Datacenter-smalldisk-g2", "Windows Server 2012 R2"),
        ("2012-Datacenter", "Windows Server 2012"),
        ("2008-R2-SP1", "Windows Server 2008 R2"),
    ],
)
def test_an_image_tells_its_release_by_its_sku(sku: str, name: str) -> None:
    found = release_of_windows_image("MICROSOFTWINDOWSSERVER", sku)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    ("publisher", "sku"),
    [
        ("MicrosoftSQLServer", "2016-datacenter"),
        ("MicrosoftWindowsServer", "datacenter-core-20h2-with-containers-smalldisk"),
        ("MicrosoftWindowsServer", "23h2-datacenter-core"),
        ("MicrosoftWindowsServer", "server2022Upgrade"),
        (None, None),
    ],
)
def test_other_images_are_not_guessed(publisher: str | None, sku: str | None) -> None:
    assert release_of_windows_image(publisher, sku) is None


def test_a_newer_release_has_a_higher_build() -> None:
    builds = [each.build for each in windows_server_releases().rows]
    assert builds == sorted(set(builds))


@given(st.text(), st.text())
def test_no_text_breaks_the_readers(one: str, other: str) -> None:
    for found in (running_release(one, other), release_of_windows_image("microsoftwindowsserver", one)):
        assert found is None or found in windows_server_releases().rows
