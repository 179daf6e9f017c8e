import pytest

from aumdoctor.guest.issues.restarts import (
    pending_reboot_linux,
    reboot_insufficient_time,
    reboot_never_with_pending_reboot,
)
from aumdoctor.model.guest import State
from tests.guest.issues.updating_records import (
    after,
    assessed,
    installed,
    likelihood,
    of_windows,
    ok,
    request,
    saw,
    sign,
    states,
    told,
)

NEVER = "Machine is Required to reboot. However, the customer-specified reboot setting doesn't allow reboots."


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([installed("warning", NEVER)], "confirmed"),
        ([sign("reboot-not-allowed")], "confirmed"),
        ([installed(rebootStatus="Required"), request(rebootSetting="NeverReboot")], "confirmed"),
        ([installed(rebootStatus="Required"), request(rebootSetting="IfRequired")], None),
        ([installed(rebootStatus="Required")], None),
        ([installed("warning", NEVER), assessed(at=after(60), sequence=6, rebootPending=False)], "ruled-out"),
        ([installed("warning", NEVER), ok("pending-reboot", at=after(60))], "ruled-out"),
    ],
)
def test_a_restart_that_the_setting_forbids(records, expected) -> None:
    assert likelihood(reboot_never_with_pending_reboot, *records) == expected


@pytest.mark.parametrize(
    ("records", "name"),
    [
        ([sign("reboot-no-time", minutes="9.99")], "too little time"),
        ([sign("reboot-failed")], "the machine did not restart"),
        ([installed("error", rebootStatus="Failed")], "the machine did not restart"),
    ],
)
def test_a_restart_that_was_not_made_or_did_not_succeed(records, name: str) -> None:
    verdict = told(reboot_insufficient_time, *records)
    assert verdict.likelihood == "confirmed"
    assert {key for key, state in states(verdict).items() if state == "confirmed"} == {name}


def test_a_restart_that_was_allowed_and_left_out_is_likely() -> None:
    left_out = installed("warning", rebootStatus="Required")
    assert likelihood(reboot_insufficient_time, left_out, request(rebootSetting="IfRequired")) == "likely"
    assert likelihood(reboot_insufficient_time, left_out, request(rebootSetting="Never")) is None
    assert likelihood(reboot_insufficient_time, left_out) is None


def test_a_later_restart_rules_it_out() -> None:
    good = installed(at=after(60), sequence=6, rebootStatus="Completed")
    assert likelihood(reboot_insufficient_time, sign("reboot-no-time"), good) == "ruled-out"


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([assessed(rebootPending=True)], "confirmed"),
        ([saw("pending-reboot", State.WARNING)], "confirmed"),
        ([sign("reboot-pending")], "confirmed"),
        ([sign("reboot-pending", pending="not necessary")], None),
        ([assessed(rebootPending=False)], None),
        ([assessed(rebootPending=True), assessed(at=after(60), sequence=6, rebootPending=False)], "ruled-out"),
        ([saw("pending-reboot"), of_windows()], None),
        ([assessed(rebootPending=True), assessed("error", at=after(60), sequence=6, rebootPending=False)], "confirmed"),
        ([assessed(rebootPending=True), assessed(at=after(60), sequence=6)], "confirmed"),
    ],
)
def test_linux_waits_for_a_restart(records, expected) -> None:
    assert likelihood(pending_reboot_linux, *records) == expected
