import pytest

from aumdoctor.demo.machines import LINUX_IMAGES, WINDOWS_IMAGES
from aumdoctor.knowledge.images import (
    knows_publisher,
    marketplace_images,
    platform_patching_image,
    platform_patching_images,
    supported_image,
)


@pytest.mark.parametrize(
    ("publisher", "offer", "sku", "expected"),
    [
        ("MicrosoftWindowsServer", "WindowsServer", "2022-datacenter-g2", True),
        ("microsoftwindowsserver", "WINDOWSSERVER", "2022-Datacenter-G2", True),
        ("Canonical", "0001-com-ubuntu-server-jammy", "22_04-lts-gen2", True),
        ("RedHat", "RHEL", "9_4", True),
        ("RedHat", "RHEL", "10_0", None),
        ("Canonical", "ubuntu-26_04-lts", "server", None),
        ("OpenLogic", "CentOS-HPC", "7.9", False),
        (None, None, None, None),
        ("Canonical", "ubuntu-24_04-lts", None, None),
    ],
)
def test_where_azure_patches_by_itself(
    publisher: str | None, offer: str | None, sku: str | None, expected: bool | None
) -> None:
    assert platform_patching_image(publisher, offer, sku) is expected


@pytest.mark.parametrize(
    ("publisher", "offer", "sku", "expected"),
    [
        ("Canonical", "anything", "at-all", True),
        ("MicrosoftWindowsServer", "WindowsServer", "2025-datacenter", True),
        ("MicrosoftWindowsServer", "MicrosoftServerOperatingSystems-previews", "any", None),
        # Not in the matrix, but Azure patches it by itself.
        ("MicrosoftCblMariner", "azure-linux-3", "azure-linux-3-gen2", True),
        ("OpenLogic", "CentOS", "7_9", True),
        ("OpenLogic", "CentOS", "8_5", False),
        ("OPENLOGIC", "centos-hpc", "7_9-GEN2", False),
        ("RedHat", "rhel-ha", "81_gen2", False),
        ("RedHat", "rhel-ha", "8_8", True),
        ("RedHat", "RHEL", "10_0", None),
        ("MicrosoftSQLServer", "sql2022-ws2022", "standard-gen2", True),
        ("MicrosoftSQLServer", "sql2019-sles12sp5", "standard", False),
        ("center-for-internet-security-inc", "cis-windows-server", "cis-windows-server2019-stig-gen1", True),
        ("center-for-internet-security-inc", "cis-windows-server", "cis-windows-server-l1-azure-observability", False),
        ("nobody", "nothing", "never", None),
        (None, None, None, None),
        # Brackets are no pattern, and neither is a star in an image's own name.
        ("RedHat", "RHEL", "[789]*", None),
        ("RedHat", "*", "7", None),
    ],
)
def test_where_update_manager_works(
    publisher: str | None, offer: str | None, sku: str | None, expected: bool | None
) -> None:
    assert supported_image(publisher, offer, sku) is expected


def test_a_publisher_of_the_matrix_is_known_whatever_the_casing() -> None:
    assert knows_publisher("RedHat")
    assert not knows_publisher("nobody")
    assert not knows_publisher(None)


def test_no_image_of_the_demo_is_called_unsupported() -> None:
    for image in (*WINDOWS_IMAGES, *LINUX_IMAGES):
        assert supported_image(image.publisher, image.offer, image.sku) is True
        assert platform_patching_image(image.publisher, image.offer, image.sku) is True


def test_the_tables_are_written_as_they_are_compared() -> None:
    for row in marketplace_images().rows:
        assert (row.publisher, row.offer) == (row.publisher.lower(), row.offer.lower())
        assert row.supported or row.unsupported
        assert all(pattern == pattern.lower() for pattern in (*row.supported, *row.unsupported))
        assert not any(sign in pattern for pattern in (row.offer, *row.supported, *row.unsupported) for sign in "[]?")
    for image in platform_patching_images().rows:
        assert len(set(map(str.lower, image.skus))) == len(image.skus)
