from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aumdoctor.knowledge.operating_systems import (
    Release,
    arc_system,
    arc_systems,
    end_of_life,
    ends_of_life,
    release,
    release_of_image,
)


@pytest.mark.parametrize(
    ("name", "version", "expected"),
    [
        ("ubuntu", "20.04", ("ubuntu", "20.04")),
        ("Ubuntu 20.04.6 LTS", None, ("ubuntu", "20.04.6")),
        ("Ubuntu 22.04", "5.15.0-1019-azure", ("ubuntu", "22.04")),
        ("redhat", "8.8", ("rhel", "8.8")),
        ("Red Hat Enterprise Linux 8.8 (Ootpa)", "4.18.0-477", ("rhel", "8.8")),
        ("rhel", "9.4", ("rhel", "9.4")),
        ("centos", "7.9.2009", ("centos", "7.9.2009")),
        ("sles", "15.4", ("sles", "15.4")),
        ("SUSE Linux Enterprise Server 15 SP4", None, ("sles", "15.4")),
        ("suse", "12-SP5", ("sles", "12.5")),
        ("Debian GNU/Linux 11 (bullseye)", "5.10.0-26-amd64", ("debian", "11")),
        ("Common Base Linux Mariner", "2.0.20240609", ("mariner", "2.0.20240609")),
        ("Oracle Linux Server 7.9", None, ("oracle", "7.9")),
    ],
)
def test_what_a_guest_says_of_itself(name: str, version: str | None, expected: tuple[str, str]) -> None:
    assert release(name, version) == Release(distribution=expected[0], version=expected[1])


@pytest.mark.parametrize(
    ("name", "version"),
    [
        (None, "20.04"),
        ("", ""),
        ("ubuntu", None),
        ("linux", "20.04"),
        ("FreeBSD", "14"),
        # An Arc-enabled server: the kernel is no release of the distribution.
        ("Red Hat Enterprise Linux", "6.8.0-1017-azure"),
    ],
)
def test_what_does_not_tell_the_release(name: str | None, version: str | None) -> None:
    assert release(name, version) is None


@pytest.mark.parametrize(
    ("publisher", "offer", "sku", "expected"),
    [
        ("Canonical", "UbuntuServer", "18.04-LTS", ("ubuntu", "18.04")),
        ("canonical", "0001-com-ubuntu-server-focal", "20_04-lts-gen2", ("ubuntu", "20.04")),
        ("Canonical", "ubuntu-24_04-lts", "server", ("ubuntu", "24.04")),
        ("Canonical", "0001-com-ubuntu-server-focal", "minimal", ("ubuntu", "20.04")),
        ("RedHat", "RHEL", "8_4", ("rhel", "8.4")),
        ("RedHat", "RHEL", "81gen2", ("rhel", "8.1")),
        ("RedHat", "RHEL", "8_10", ("rhel", "8.10")),
        ("RedHat", "RHEL", "7-LVM", ("rhel", "7")),
        ("RedHat", "rhel-byos", "rhel-lvm92", ("rhel", "9.2")),
        ("OpenLogic", "CentOS", "7_9-gen2", ("centos", "7.9")),
        ("SUSE", "sles-12-sp5", "gen2", ("sles", "12.5")),
        ("SUSE", "sles", "12-sp4-gen2", ("sles", "12.4")),
        ("Debian", "debian-11", "11-gen2", ("debian", "11")),
        ("Oracle", "Oracle-Linux", "ol84-lvm-gen2", ("oracle", "8.4")),
        ("Oracle", "Oracle-Linux", "7.9", ("oracle", "7.9")),
        ("MicrosoftCBLMariner", "cbl-mariner", "cbl-mariner-2-gen2", ("mariner", "2")),
        ("MicrosoftCBLMariner", "cbl-mariner", "1-gen2", ("mariner", "1")),
    ],
)
def test_what_an_image_is_made_of(publisher: str, offer: str, sku: str, expected: tuple[str, str]) -> None:
    assert release_of_image(publisher, offer, sku) == Release(distribution=expected[0], version=expected[1])


@pytest.mark.parametrize(
    ("publisher", "offer", "sku"),
    [
        (None, None, None),
        ("MicrosoftWindowsServer", "WindowsServer", "2019-datacenter"),
        ("RedHat", "RHEL", "latest"),
        ("SUSE", "manager-server-4-3-byos", "gen2"),
        ("MicrosoftCBLMariner", "azure-linux-3", "azure-linux-3-gen2"),
    ],
)
def test_images_that_do_not_tell(publisher: str | None, offer: str | None, sku: str | None) -> None:
    assert release_of_image(publisher, offer, sku) is None


def ends(distribution: str, version: str) -> date | None:
    found = end_of_life(Release(distribution=distribution, version=version))
    return found.ends if found is not None else None


def test_the_longest_version_that_fits_says_when_it_ends() -> None:
    assert ends("ubuntu", "20.04.6") == date(2025, 5, 31)
    assert ends("centos", "7.9.2009") == date(2024, 6, 30)
    assert ends("rhel", "7.9") == date(2024, 6, 30)
    assert ends("rhel", "8.8") == date(2025, 5, 31)
    assert ends("rhel", "8.10") is None
    assert ends("rhel", "70") is None
    assert ends("sles", "15.6") is None
    assert ends("ubuntu", "24.04") is None
    assert ends("nobody", "1") is None


def test_minor_releases_end_as_extended_update_support() -> None:
    for row in ends_of_life().rows:
        assert row.track == ("eus" if row.distribution == "rhel" and "." in row.version else "general")


@pytest.mark.parametrize(
    ("sku", "expected"),
    [
        ("Ubuntu 22.04.3 LTS", "ubuntu"),
        ("Windows Server 2022 Datacenter", "windows server"),
        ("Microsoft Windows Server 2012 R2 Standard", "windows server"),
        ("Windows Server 2012 Standard", None),
        ("Windows 11 Enterprise", None),
        ("Red Hat Enterprise Linux 9.4 (Plow)", "rhel"),
        ("Red Hat Enterprise Linux 10.0", None),
        ("Amazon Linux 2", "amazon"),
        ("Debian GNU/Linux 13", None),
        (None, None),
    ],
)
def test_what_azure_arc_supports(sku: str | None, expected: str | None) -> None:
    found = arc_system(sku)
    assert (found.name if found is not None else None) == expected


def test_a_release_that_came_with_an_extension_version_says_so() -> None:
    newer = arc_system("Ubuntu 24.04.1 LTS")
    assert newer is not None
    assert newer.since_extension == "1.0.55.0"
    assert {row.name for row in arc_systems().rows if row.since_extension} == {"ubuntu", "debian"}


@given(st.one_of(st.none(), st.text(max_size=30)), st.one_of(st.none(), st.text(max_size=30)))
def test_no_text_is_too_odd(first: str | None, second: str | None) -> None:
    release(first, second)
    release_of_image("RedHat", first, second)
    release_of_image("Canonical", first, second)
    arc_system(first, second)
