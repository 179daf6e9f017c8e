import pytest
from hypothesis import given
from hypothesis import strategies as st

from aumdoctor.knowledge.cluster_password_fix import FIXES, Standing, at_risk, standing_of
from aumdoctor.knowledge.windows_server_builds import update_of


@pytest.mark.parametrize(
    ("version", "standing"),
    [
        ("10.0.20348.2339", Standing.AFFECTED),
        ("10.0.20348.2340", Standing.FIXED),
        ("10.0.20348.2333", Standing.AFFECTED),  # the hotpatch of March 2024
        ("10.0.20348.2458", Standing.FIXED),  # a hotpatch on the baseline of April 2024
        ("10.0.20348.230", Standing.AFFECTED),
        ("10.0.17763.5575", Standing.AFFECTED),
        ("10.0.17763.5576", Standing.FIXED),
        ("10.0.17763.1935", Standing.AFFECTED),
        ("10.0.17763.1934", Standing.NOT_AFFECTED),
        ("10.0.14393.7335", Standing.AFFECTED),
        ("10.0.14393.7336", Standing.FIXED),
        ("10.0.14393.4402", Standing.AFFECTED),
        ("10.0.14393.4401", Standing.NOT_AFFECTED),
        ("10.0.14393.99999", Standing.FIXED),
        ("10.0.26100.1742", Standing.NOT_AFFECTED),
        ("10.0.26100.32230", Standing.NOT_AFFECTED),
        ("10.0.25398.1", Standing.NOT_AFFECTED),
        ("6.3.9600.22523", Standing.NOT_AFFECTED),
        ("Microsoft Windows NT 10.0.20348.0", Standing.UNKNOWN),
        ("10.0.20348", Standing.UNKNOWN),
        ("10.0.19042.1000", Standing.UNKNOWN),
        ("", Standing.UNKNOWN),
        (None, Standing.UNKNOWN),
        ("22.04", Standing.UNKNOWN),
    ],
)
def test_at_risk_by_the_version_that_azure_shows(version: str | None, standing: Standing) -> None:
    assert at_risk(version).standing is standing


def test_a_machine_at_risk_is_told_what_mends_it() -> None:
    found = at_risk("10.0.20348.2333")
    assert found.fix is not None
    assert (found.fix.kb, found.build, found.ubr) == ("KB5035857", 20348, 2333)
    assert "KB5035857" in found.said


def test_an_installed_update_proves_the_fix_and_none_proves_nothing() -> None:
    assert standing_of(20348, None, ("KB5036909",)).standing is Standing.FIXED
    assert standing_of(20348, None, ("KB5035959", "KB4589208")).standing is Standing.UNKNOWN
    assert standing_of(20348, 2113, ("KB5035849",)).standing is Standing.AFFECTED  # that of Windows Server 2019


def test_the_fixes_stand_in_the_table_of_builds() -> None:
    for fix in FIXES:
        update = update_of(fix.build, fix.ubr)
        assert update is not None
        assert (update.kb, update.release) == (fix.kb, fix.release)


@given(st.text(max_size=60))
def test_no_version_is_too_odd(version: str) -> None:
    assert at_risk(version).said
