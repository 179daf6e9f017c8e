import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aumdoctor.guest.signs import MOST_ALIKE, MOST_DIFFERENT, Found, Tally, fetch_failures, interesting_lines, signs_in
from aumdoctor.knowledge import guest_signs
from tests.guest.artefacts import artefact
from tests.guest.linux_samples import SAMPLES

REFUSED = (
    "W: Failed to fetch http://archive.ubuntu.com/ubuntu/dists/jammy/InRelease  "
    "Could not connect to {} - connect (111: Connection refused)"
)


def cases(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (SAMPLES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("case", cases("lines"), ids=lambda case: str(case["sign"]))
def test_a_text_gives_its_sign_and_its_values(case: dict[str, Any]) -> None:
    assert Found(case["sign"], case["values"]) in signs_in(case["line"])


@pytest.mark.parametrize(
    "line",
    [
        "DEBUG: [BST] Performing sudo status check...",
        "Extensions.Enabled=y",
        "Hit:1 http://archive.ubuntu.com/ubuntu jammy InRelease",
        "Error while checking the noexec flag: no such file",
        "INFO Wire server endpoint:168.63.129.16",
        "DEBUG: Setting reboot pending status. [RebootPendingStatus=False]",
        "0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.",
        "Inst dpkg [1.21] (1.22 Ubuntu:22.04/jammy-updates [amd64])",
    ],
)
def test_near_misses_give_no_sign(line: str) -> None:
    assert signs_in(line) == ()


def test_a_dead_proxy_is_told_from_a_repository_that_refuses() -> None:
    (refused,) = fetch_failures(REFUSED.format("archive.ubuntu.com:80 (91.189.91.81)."))
    (proxy,) = fetch_failures(REFUSED.format("10.0.0.4:3128 (10.0.0.4)."))
    (led_on,) = fetch_failures(REFUSED.format("mirror.example.net:80 (203.0.113.5)."))
    (inside,) = fetch_failures(REFUSED.format("10.0.0.4:80 (10.0.0.4)."))
    assert [each.values["proxy"] for each in (refused, proxy, led_on, inside)] == ["no", "yes", "maybe", "yes"]
    assert proxy.values["peer"] == "10.0.0.4:3128"
    assert (proxy.values["host"], proxy.values["port"], proxy.values["reason"]) == (
        "archive.ubuntu.com",
        "80",
        "refused",
    )


@pytest.mark.parametrize("case", cases("downloads"), ids=lambda case: f"{case['sign']}-{case['reason']}")
def test_every_package_manager_says_why_a_download_failed(case: dict[str, Any]) -> None:
    (found,) = fetch_failures(case["line"])
    assert (found.sign, found.values["reason"], found.values["host"]) == (case["sign"], case["reason"], case["host"])


def test_warnings_of_apt_that_are_no_failed_downloads() -> None:
    for line in (
        "W: http://a.example/dists/x/InRelease: Key is stored in legacy trusted.gpg keyring (/etc/apt/trusted.gpg)",
        "W: Target Packages (main/binary-amd64/Packages) is configured multiple times in /etc/apt/sources.list:1",
    ):
        assert fetch_failures(line) == ()


def test_an_output_on_one_line_is_cut_where_its_lines_began() -> None:
    joined = (
        "[Code=100][Output=Ign:1 http://a/x E: Failed to fetch http://a/x  404  Not Found "
        "E: Failed to fetch http://b/y  403  Forbidden ]"
    )
    found = [(each.values["host"], each.values["reason"]) for each in fetch_failures(joined)]
    assert found == [("a", "http-404"), ("b", "http-403")]


def test_a_password_in_an_address_is_not_kept() -> None:
    (found,) = fetch_failures("W: Failed to fetch http://me:hunter2@a.example/x  401  Unauthorized")
    assert "hunter2" not in repr(found)
    assert found.values["host"] == "a.example"


def test_only_interesting_lines_are_given_with_their_numbers_and_nothing_is_lost() -> None:
    log = "one\ntwo 5\nNo space left on device\nthree\n\nsudo: sorry, you must have a tty to run sudo\nend"
    found = list(interesting_lines(artefact("x", log)))
    assert [(number, data.decode()) for number, data in found if number] == [
        (3, "No space left on device"),
        (6, "sudo: sorry, you must have a tty to run sudo"),
    ]
    assert "\n".join(data.decode() for _, data in found) == log


def test_lines_across_blocks_keep_their_numbers() -> None:
    log = (
        ("x" * 99 + "\n") * 30_000
        + "No space left on device\n"
        + ("y" * 99 + "\n") * 20_000
        + "Read-only file system\n"
    )
    found = [number for number, _ in interesting_lines(artefact("x", log)) if number]
    assert found == [30_001, 50_002]


def test_a_text_in_utf_16_is_found_too() -> None:
    data = "first\r\nNo space left on device\r\n".encode("utf-16")
    assert [number for number, _ in interesting_lines(artefact("x", data)) if number] == [2]


def test_what_repeats_without_end_is_told_and_counted() -> None:
    tally = Tally("x.log")
    found = [Found("disk-full", {"path": "/"})]
    alone = [each for line in range(1000) for each in tally.signs(found, line=line + 1, at=None, text="full")]
    (rest,) = tally.rest()
    assert len(alone) == MOST_ALIKE
    assert rest.values == {"path": "/", "count": str(1000 - MOST_ALIKE)}


def test_values_without_end_are_told_as_one() -> None:
    tally = Tally("x.log")
    alone = [
        each
        for line in range(5000)
        for each in tally.signs([Found("disk-full", {"path": f"/{line}"})], line=line + 1, at=None, text="full")
    ]
    (rest,) = tally.rest()
    assert len(alone) == MOST_DIFFERENT
    assert rest.values["count"] == str(5000 - MOST_DIFFERENT)


def test_every_value_that_a_pattern_names_is_declared() -> None:
    for sign in guest_signs.table():
        named = {name for pattern in sign.compiled() for name in pattern.groupindex}
        assert named <= set(sign.values), sign.id


@given(st.text(max_size=300))
def test_no_line_is_too_odd(line: str) -> None:
    signs_in(line)
    fetch_failures(line)


@given(st.sampled_from([text for sign in guest_signs.table() for text in sign.contains]), st.text(max_size=100))
def test_no_surroundings_of_a_text_are_too_odd(text: str, around: str) -> None:
    signs_in(around + text + around)
    fetch_failures(around + text + around)
