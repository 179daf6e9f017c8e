from itertools import pairwise

import pytest

from aumdoctor.knowledge.windows_server_builds import (
    Fix,
    build_of,
    is_fixed,
    update_of,
    version_of,
    windows_server_builds,
)

MARCH = Fix(build=20348, ubr=2340, kb="KB5035857", release="2024-03")
FEBRUARY = Fix(build=20348, ubr=2322, kb="KB5034770", release="2024-02")


def test_a_build_tells_its_update() -> None:
    update = update_of(20348, 2340)
    assert update is not None
    assert (update.kb, update.release, update.type) == ("KB5035857", "2024-03", "Standard")
    assert build_of("5035857") == build_of(" kb5035857 ") == update
    assert update_of(20348, 2341) is None
    assert build_of("KB1") is None
    assert build_of("") is None


@pytest.mark.parametrize(
    ("build", "ubr", "type"),
    [
        (20348, 2333, "Hotpatch"),
        (20348, 2342, "OOB"),
        (20348, 2402, "Standard"),
        (20348, 380, "Preview"),
        (14393, 7336, "Standard"),
        # Two monthly updates in a month of Windows Server 2025, one of them for the clients of the same build.
        (26100, 32230, "Standard"),
        (26100, 32313, "Hotpatch"),
    ],
)
def test_what_kind_of_update_a_build_is_from(build: int, ubr: int, type: str) -> None:
    update = update_of(build, ubr)
    assert update is not None
    assert update.type == type


def test_the_table_grows_with_its_months() -> None:
    rows = windows_server_builds().rows
    assert {row.build for row in rows} == {14393, 17763, 20348, 26100}
    for earlier, later in pairwise(rows):
        assert (earlier.build, earlier.ubr) < (later.build, later.ubr)


@pytest.mark.parametrize(
    ("ubr", "fixed"),
    [(2339, False), (2340, True), (2342, True), (2341, True), (99999, True), (2333, False), (None, None), (0, None)],
)
def test_a_fix_is_there_from_its_revision_on(ubr: int | None, fixed: bool | None) -> None:
    assert is_fixed(20348, ubr, MARCH) is fixed


def test_a_hotpatch_has_what_its_baseline_has() -> None:
    # .2333 of March is above .2322 of February, and stands on the baseline of January.
    assert is_fixed(20348, 2333, FEBRUARY) is False
    assert is_fixed(20348, 2458, MARCH) is True


def test_a_fix_for_another_build_says_nothing() -> None:
    assert is_fixed(17763, 9999, MARCH) is None


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("10.0.20348.2340", (20348, 2340)),
        ("Microsoft Windows NT 10.0.20348.0", (20348, None)),
        ("10.0.14393", (14393, None)),
        ("Version 10.0.26100.32230 (x64)", (26100, 32230)),
        ("6.3.9600.22523", None),
        ("110.0.20348.1", None),
        ("", None),
    ],
)
def test_build_and_revision_of_a_version(text: str, version: tuple[int, int | None] | None) -> None:
    assert version_of(text) == version
