"""Which pending updates a schedule selects."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aumdoctor.model.maintenance import InstallPatches
from aumdoctor.schedule.selection import schedule_counts

PENDING = {"security": 4, "critical": 1, "updateRollup": 2, "servicePack": 1, "other": 3, "tools": 0}


def of_windows(*classes: str, **parts: Any) -> InstallPatches:
    return InstallPatches(windows_classifications=classes, **parts)


def of_linux(*classes: str, **parts: Any) -> InstallPatches:
    return InstallPatches(linux_classifications=classes, **parts)


def test_windows_classes_are_counted_without_regard_to_case() -> None:
    seen = schedule_counts(PENDING, of_windows("Critical", "Security", "UpdateRollUp"), "Windows")
    assert seen.selected == seen.at_least == {"security": 4, "critical": 1, "updaterollup": 2}
    assert seen.not_selected == {"servicepack": 1, "other": 3}
    assert (seen.total, seen.is_exact) == (7, True)
    assert seen.why == "The schedule selects Critical, Security, UpdateRollUp."


def test_what_has_no_classification_is_updates_on_windows_and_other_on_linux() -> None:
    assert schedule_counts(PENDING, of_windows("Updates"), "Windows").selected == {"other": 3}
    for name in ("Other", "Others"):
        seen = schedule_counts({"security": 1, "other": 2, "updates": 3, "tools": 4}, of_linux(name), "Linux")
        assert seen.selected == {"other": 2, "updates": 3, "tools": 4}


@pytest.mark.parametrize("name", ["Security", "Critical"])
def test_linux_has_two_buckets(name: str) -> None:
    seen = schedule_counts({"security": 4, "critical": 1, "other": 9}, of_linux(name), "Linux")
    assert seen.selected == {"security": 4, "critical": 1}
    assert seen.is_exact
    assert "means Critical and Security together" in seen.why
    # On Windows the two are apart.
    assert schedule_counts({"security": 4, "critical": 1}, of_windows(name), "Windows").total in (4, 1)


def test_linux_refuses_other_with_critical_alone() -> None:
    counts = {"security": 4, "critical": 1, "other": 9}
    refused = schedule_counts(counts, of_linux("Critical", "Other"), "linux")
    assert (refused.selected, refused.is_exact) == ({}, True)
    assert "refuses the combination" in refused.why
    assert schedule_counts(counts, of_linux("Other", "Security"), "linux").total == 14


def test_linux_without_classes_and_packages_installs_all() -> None:
    for none in (InstallPatches(), of_linux()):
        seen = schedule_counts({"security": 4, "other": 9}, none, "Linux")
        assert (seen.total, seen.is_exact) == (13, True)
        assert "means all" in seen.why


@pytest.mark.parametrize(
    ("patches", "os", "at_most", "at_least", "said"),
    [
        (of_linux(linux_packages_to_include=("kernel*",)), "Linux", 13, 0, "only 1 package"),
        (of_linux("Security", linux_packages_to_include=("vim",)), "Linux", 13, 4, "also includes 1 package"),
        (of_linux("Security", linux_packages_to_exclude=("vim", "a*")), "Linux", 4, 0, "leaves out 2 packages"),
        (of_linux(linux_packages_to_exclude=("vim",)), "Linux", 13, 0, "leaves out 1 package"),
        (of_windows("Security", windows_kbs_to_include=("501",)), "Windows", 13, 4, "also includes 1 KB"),
        (of_windows("Security", windows_kbs_to_exclude=("501",)), "Windows", 4, 0, "leaves out 1 KB"),
        (of_windows("Security", exclude_kbs_requiring_reboot=True), "Windows", 4, 0, "needs a restart"),
        (of_windows(), "Windows", 13, 0, "not documented"),
        (of_windows("Security", "Drivers"), "Windows", 13, 4, "Drivers is no classification"),
        (of_linux("Security", "FeaturePack"), "Linux", 13, 4, "FeaturePack is no classification"),
        (None, "Linux", 13, 0, "what the schedule installs"),
        (of_linux("Security"), None, 13, 0, "which operating system"),
    ],
)
def test_where_it_is_uncertain_the_number_is_an_upper_bound(
    patches: InstallPatches | None, os: str | None, at_most: int, at_least: int, said: str
) -> None:
    seen = schedule_counts({"security": 4, "other": 9}, patches, os)
    assert (seen.total, sum(seen.at_least.values()), seen.is_exact) == (at_most, at_least, False)
    assert said in seen.why
    assert seen.why.endswith(f"That makes {at_most} at most, {at_least} for certain.")


CLASSES = ("Critical", "Security", "Other", "Updates", "ServicePack", "Nonsense")


@settings(max_examples=150, deadline=None)
@given(
    counts=st.dictionaries(st.sampled_from(["critical", "security", "other", "servicePack", "new"]), st.integers(0, 9)),
    classes=st.none() | st.lists(st.sampled_from(CLASSES), unique=True).map(tuple),
    listed=st.booleans(),
    os=st.sampled_from(["Windows", "Linux"]),
)
def test_every_pending_update_is_selected_or_not(
    counts: dict[str, int], classes: tuple[str, ...] | None, listed: bool, os: str
) -> None:
    names = ("x",) if listed else ()
    patches = InstallPatches(
        windows_classifications=classes,
        linux_classifications=classes,
        windows_kbs_to_include=names,
        linux_packages_to_exclude=names,
    )
    seen = schedule_counts(counts, patches, os)
    assert seen.total + sum(seen.not_selected.values()) == sum(counts.values())
    assert all(seen.selected[name] >= count for name, count in seen.at_least.items())
    assert seen.is_exact is (seen.selected == seen.at_least)
