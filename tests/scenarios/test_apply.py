"""Planned, applied, seen to be cured and taken back, over HTTPS: what changes, and that nothing else does."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from aumdoctor.azure import apply
from aumdoctor.azure.actions import Step
from aumdoctor.azure.apply import Applied, Fate, Limits, apply_actions
from aumdoctor.cli.reach import Reach
from aumdoctor.demo.estate import DemoEstate, add_arc, add_vm, empty_estate, plant
from aumdoctor.demo.machines import patch_settings_of, set_power
from aumdoctor.demo.plants import PLANTS
from aumdoctor.demo.plants.recipe import LINUX_ARC, LINUX_VM, VMS, WINDOWS_VM
from aumdoctor.demo.schedules import SCHEDULES, add_configuration, assign
from aumdoctor.demo.state import add_lock, key
from aumdoctor.errors import UsageError
from aumdoctor.remedies.catalogue import BY_NAME
from aumdoctor.remedies.plan import ONLY_WHEN_NAMED, PlannedAction, Reading, action_id, changes_of, reading_of
from aumdoctor.remedies.remedy import ArmCall, Risk
from tests.demo.state_diff import difference
from tests.scenarios.acting import JOURNAL, NOW, Acting, alone
from tests.scenarios.conftest import Serve


class Case(NamedTuple):
    """A remedy on a machine with a planted issue.

    `changes` are patterns of all that it changes, in the order of the difference; `stays` those of what taking it back
    leaves. `kept` is the reason for that, as undo says it where it says it.
    """

    check: str
    changes: tuple[str, ...]
    stays: tuple[str, ...] = ()
    kept: str = ""
    cure: str = "cured"


SETTINGS = r"properties\.osProfile\.(windows|linux)Configuration\.patchSettings"
WINDOW = r"properties\.maintenanceWindow"
ASSESSMENT = (
    r"assessments .* name: ",
    r"assessments .* properties\.assessmentActivityId: ",
    r"assessments .* properties\.startedBy: 'Platform' -> 'User'",
)
BYPASS_STAYS = (
    rf"{SETTINGS}\.automaticByPlatformSettings: \(absent\) -> .'bypassPlatformSafetyChecksOnUserSchedule': False.",
)
"""A PATCH takes no property away; what is put back is what its absence means."""
BY_PLATFORM = rf"{SETTINGS}\.automaticByPlatformSettings: .*'bypassPlatformSafetyChecksOnUserSchedule': True"
REAPPLIED = (
    r"statuses\[0\]\.code: '.*AllocationFailed' -> 'ProvisioningState/succeeded'",
    *(rf"statuses\[0\]\.{name}: " for name in ("displayStatus", "level", "message")),
    r"properties\.provisioningState: 'Failed' -> 'Succeeded'",
)
EXTENSION = r"extensions .* (windows|linux)osupdateextension\.properties"
DELETED = (
    *(rf"{EXTENSION}\.instanceView\.status\.{name}: " for name in ("code", "displayStatus", "level", "message")),
    rf"{EXTENSION}\.provisioningState: 'Failed' -> 'Succeeded'",
)
REMEDIATED = (
    r"assignments .*/7fk2qd5yz3x4e-azpolicy: created",
    r"policy_states .* properties\.complianceState: 'NonCompliant' -> 'Compliant'",
    r"policy_states .* properties\.isCompliant: False -> True",
    r"remediation_deployments .*: created",
    r"remediations .*: created",
)
REGISTERED = (r"providers .*/microsoft\.maintenance registrationState: 'NotRegistered' -> 'Registered'",)
DETACHED = (r"assignments .*/mc-weekly-saturday-assignment: deleted",)
LEFT = (r"assignments .*/mc-deleted-assignment: deleted",)
SHORTENED = (rf"{WINDOW}\.duration: '04:30' -> '03:55'",)

CASES: dict[str, Case] = {
    "allow-extension-operations": Case("AUM018", (r"properties\.osProfile\.allowExtensionOperations: False -> True",)),
    "allow-restarts": Case("AUM069", (r"properties\.installPatches\.rebootSetting: 'Never' -> 'IfRequired'",)),
    "assess-now": Case(
        "AUM016",
        (*ASSESSMENT, r"extensions .* (windows|linux)patchextension: \(absent\) -> "),
        (*ASSESSMENT, r"extensions .* (windows|linux)patchextension: \(absent\) -> "),
        "an assessment changes nothing that could be put back",
    ),
    "assign-schedule": Case("AUM006", (r"assignments .*/mc-weekly-saturday: created",)),
    "customer-managed-schedule": Case(
        "AUM030",
        (BY_PLATFORM, rf"{SETTINGS}\.patchMode: 'Manual' -> 'AutomaticByPlatform'"),
        BYPASS_STAYS,
    ),
    "delete-arc-extension": Case(
        "AUM015",
        (*ASSESSMENT, *DELETED),
        (*ASSESSMENT, *DELETED),
        "Azure installs the extension itself, with the next assessment",
    ),
    "detach-from-schedule": Case("AUM051", DETACHED),
    # Hotpatching goes before the flag for schedules, which Azure refuses beside it and which the VM needs as well.
    "disable-hotpatching": Case(
        "AUM036", (rf"{SETTINGS}\.enableHotpatching: True -> False", rf"{SETTINGS}\..*bypass.*: False -> True")
    ),
    "enable-periodic-assessment": Case(
        "AUM039", (rf"{SETTINGS}\.assessmentMode: 'ImageDefault' -> 'AutomaticByPlatform'",)
    ),
    "grant-policy-role": Case("AUM004", (r"role_assignments .*: created",) * 2, cure="not-yet"),
    "lengthen-window": Case("AUM013", (rf"{WINDOW}\.duration: '03:00' -> '03:55'",), cure="not-yet"),
    "move-start-from-midnight": Case("AUM061", (rf"{WINDOW}\.startDateTime: '.* 23:58' -> '.* 23:30'",)),
    "reapply": Case("AUM044", REAPPLIED, REAPPLIED, "re-applying a VM's state cannot be taken back"),
    "recreate-assignment": Case(
        "AUM011",
        (r"assignments .*/mc-weekly-saturday: created", r"assignments .*/mc-weekly-saturday-assignment: deleted"),
        cure="not-yet",
    ),
    "register-provider": Case("AUM045", REGISTERED, REGISTERED, "a resource provider stays registered"),
    "remediate-policy": Case("AUM003", REMEDIATED, REMEDIATED, "a remediation task that has run cannot be taken back"),
    # Azure takes no assignment to a schedule that does not exist.
    "remove-orphan-assignment": Case("AUM070", LEFT, LEFT, "The maintenance configuration '.*' does not exist"),
    "renew-schedule": Case("AUM062", (rf"{WINDOW}\.expirationDateTime: '.*' -> '9999-12-31 23:59:59'",)),
    "select-classifications": Case("AUM066", (r"linuxParameters\.classificationsToInclude: ",)),
    "declare-guest-patching": Case("", (r"extensionProperties\.InGuestPatchMode: 'Platform' -> 'User'",)),
    "set-assignment-location": Case("AUM075", (r"assignments .* location: 'eastus2' -> 'westeurope'",)),
    "set-reboot-setting": Case(
        "AUM040", (rf"{SETTINGS}\.automaticByPlatformSettings\.rebootSetting: 'Never' -> 'IfRequired'",)
    ),
    "set-time-zone": Case("AUM064", (rf"{WINDOW}\.timeZone: 'Europe/Berlin' -> 'W. Europe Standard Time'",)),
    "widen-dynamic-scope": Case("AUM072", (r"assignments .* properties\.filter\.tagSettings\.tags\.",)),
    # Azure takes no window of that length, and kept one that was there before the limit.
    "shorten-window": Case("AUM057", SHORTENED, SHORTENED, "The duration '04:30' .* is not from 01:30 to 03:55"),
    "stagger-schedules": Case("AUM009", (rf"{WINDOW}\.startDateTime: '.* 02:00' -> '.* 04:30'",)),
    "start-machine": Case(
        "AUM012",
        (
            r"statuses\[1\]\.code: 'PowerState/deallocated' -> 'PowerState/running'",
            r"statuses\[1\]\.displayStatus",
            r"properties\.instanceView\.vmAgent: \(absent\) -> ",
        ),
    ),
    "stop-patching-without-schedule": Case(
        "AUM007",
        (BY_PLATFORM, rf"{SETTINGS}\.patchMode: 'AutomaticByOS' -> 'AutomaticByPlatform'"),
        BYPASS_STAYS,
    ),
}
SECOND: dict[str, Case] = {
    # The machine to which it belonged has moved away.
    "remove-assignment": Case("AUM006", DETACHED, DETACHED, "is not there any more"),
    # In the embedded Azure a restart shows nowhere: the machine runs as before.
    "restart-machine": Case("AUM069", (), (), "a restart cannot be taken back", cure="not-yet"),
}
"""Remedies of issues for which another one is chosen first where both are named."""

ALL = {**CASES, **SECOND}


class Story(NamedTuple):
    """What was planned, what changed, what was said of it, and what was left, by remedy."""

    planned: dict[str, list[Any]]
    applied: dict[str, list[Any]]
    changed: dict[str, list[str]]
    undone: dict[str, list[Any]]
    left: dict[str, list[str]]


def estate_of(cases: dict[str, Case]) -> tuple[DemoEstate, dict[str, str]]:
    """Each case in a subscription of its own; the remedies by subscription."""
    state = empty_estate(NOW, subscriptions=len(cases))
    places = dict(zip(state.subscriptions, cases, strict=True))
    for number, (subscription, remedy) in enumerate(places.items()):
        case = cases[remedy]
        chosen = PLANTS.get(case.check)
        shape = chosen.shapes[0] if chosen is not None else WINDOWS_VM
        machine = (add_vm if shape in VMS else add_arc)(
            state,
            subscription=subscription,
            resource_group=(chosen.resource_group if chosen is not None else None) or "rg-app",
            name=f"machine-{number}",
            os_type="Linux" if shape in (LINUX_VM, LINUX_ARC) else "Windows",
        )
        if chosen is not None:
            plant(state, case.check, machine)
        else:
            of_the_platform(state, machine)
    return state, places


def of_the_platform(state: DemoEstate, machine: str) -> None:
    """Put a machine under a schedule whose mode leaves it to the platform when to patch: no plant makes that."""
    schedule = add_configuration(state, subscription=machine.split("/")[2])
    state.configurations[key(schedule)]["properties"]["extensionProperties"] = {"InGuestPatchMode": "Platform"}
    assign(state, machine, schedule)


def of_cases(places: dict[str, str], lines: list[Any], text: Callable[[Any], str]) -> dict[str, list[Any]]:
    """Sort lines by the subscription that stands in them; one that stands in none is an error."""
    found: dict[str, list[Any]] = {remedy: [] for remedy in places.values()}
    for line in lines:
        subscription = next(each for each in places if each in text(line).lower())
        found[places[subscription]].append(line)
    return found


def action_path(action: Any) -> str:
    return str(action["call"]["path"])


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """All remedies in one estate, planned, applied and taken back: a scan for each remedy would take minutes."""
    state, places = estate_of(ALL)
    with alone(state, tmp_path_factory.mktemp("all")) as acting:
        planned: list[Any] = []
        applied: list[Any] = []
        for cases in (CASES, SECOND):
            planned += acting.plan(*cases, scope=[place for place, remedy in places.items() if remedy in cases])
            applied += acting.apply("--stop-on-errors", "100%")[1]["actions"]
        changed = acting.changes()
        undone = acting.undo()[1]["actions"]
        left = acting.changes()
        yield Story(
            of_cases(places, planned, action_path),
            of_cases(places, applied, action_path),
            of_cases(places, changed, str),
            of_cases(places, undone, action_path),
            of_cases(places, left, str),
        )


def assert_exactly(lines: list[str], patterns: tuple[str, ...]) -> None:
    """Every line fits a pattern of its own, and none is left."""
    remaining = list(lines)
    for pattern in patterns:
        fitting = next((line for line in remaining if re.search(pattern, line)), None)
        assert fitting is not None, f"no {pattern} in {remaining}"
        remaining.remove(fitting)
    assert remaining == []


@pytest.mark.parametrize("remedy", ALL)
def test_a_remedy_changes_what_it_says_and_nothing_else(story: Story, remedy: str) -> None:
    ours = [action for action in story.planned[remedy] if action["remedy"] == remedy]
    assert ours, "it was not planned"
    ended = {(action["fate"], action["said"].partition(":")[0]) for action in story.applied[remedy]}
    assert ended == {("done", "carried out")}
    assert_exactly(story.changed[remedy], ALL[remedy].changes)


@pytest.mark.parametrize("remedy", ALL)
def test_afterwards_the_check_is_clean_or_it_is_said_why_not_yet(story: Story, remedy: str) -> None:
    ours = [action for action in story.applied[remedy] if action["remedy"] == remedy]
    assert {action["cure"] for action in ours} == {ALL[remedy].cure}, [action["cure_said"] for action in ours]
    assert all(action["cure_said"] for action in ours)


@pytest.mark.parametrize("remedy", ALL)
def test_taken_back_everything_is_as_before_or_it_is_said_why_not(story: Story, remedy: str) -> None:
    case = ALL[remedy]
    assert_exactly(story.left[remedy], case.stays)
    said = " ".join(action["said"] for action in story.undone[remedy] if action["fate"] != "done")
    assert bool(said) == bool(case.kept)
    assert re.search(case.kept, said)


def test_what_can_be_taken_back_is_declared_so() -> None:
    """And what cannot be is not, but for a window that Azure would not take again and a machine that has moved."""
    said_not = {remedy for remedy, case in ALL.items() if case.kept} - {"shorten-window", "remove-assignment"}
    assert {remedy for remedy in ALL if not BY_NAME[remedy].reversible} - said_not == {"allow-extension-operations"}
    assert {remedy for remedy in said_not if BY_NAME[remedy].reversible} == set()


def test_every_remedy_that_makes_calls_is_tried() -> None:
    """Those that change the guest are tried in test_guest_remedies."""
    untried = {name for name, kind in BY_NAME.items() if kind.risk is not Risk.ADVICE} - ALL.keys()
    assert untried <= ONLY_WHEN_NAMED


# What goes wrong while writing: the engine alone, without the scans before and after.


class Ward:
    """Two VMs that are not assessed, one that is off, and whatever a test does to the Azure they are in."""

    def __init__(self, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
        state = empty_estate(NOW)
        self.ids = [
            add_vm(state, subscription=next(iter(state.subscriptions)), name=f"vm-{number}", os_type="Windows")
            for number in (1, 2)
        ]
        for each in self.ids:
            patch_settings_of(state.machine(each))["assessmentMode"] = "ImageDefault"
        self.off = add_vm(state, subscription=next(iter(state.subscriptions)), name="vm-off", os_type="Windows")
        set_power(state, self.off, "deallocated")
        self.state = state
        self.doctor = serve(estate=state, retry_after=0.02)
        self.faults = self.doctor.server.faults
        self.steps: list[Step] = []
        self.hold: Callable[[PlannedAction], str | None] = lambda _action: None
        self.refused: set[str] = set()

    def daily(self, number: int = 0) -> PlannedAction:
        return daily(self.ids[number])

    def post(self, verb: str, machine: str | None = None) -> PlannedAction:
        path = f"{machine or self.ids[0]}/{verb}"
        return made("assess-now", ArmCall(method="POST", path=path, api_version="2024-07-01"))

    def make(self, *actions: PlannedAction, **limits: Any) -> list[Applied]:
        connection = self.doctor.connection()
        return list(
            apply_actions(
                connection,
                actions,
                Limits(**limits),
                hold=self.hold,
                record=lambda _action: self.steps.append,
                permissions={action.id: "Microsoft.Compute/virtualMachines/write" for action in actions},
                heard=lambda _ended: None,
                now=lambda: NOW,
            )
        )

    def one(self, action: PlannedAction | None = None, **limits: Any) -> tuple[Fate, str]:
        [ended] = self.make(action or self.daily(), **limits)
        return ended.fate, ended.said

    def is_daily(self, number: int = 0) -> bool:
        return bool(patch_settings_of(self.state.machine(self.ids[number]))["assessmentMode"] == "AutomaticByPlatform")

    @property
    def sent(self) -> list[int]:
        """The statuses of the writes; 0 where the connection was broken."""
        return [each.status for each in self.doctor.server.requests if each.method != "GET"]


def daily(machine: str) -> PlannedAction:
    settings = {"osProfile": {"windowsConfiguration": {"patchSettings": {"assessmentMode": "AutomaticByPlatform"}}}}
    return made(
        "enable-periodic-assessment",
        ArmCall(method="PATCH", path=machine, api_version="2024-07-01", body={"properties": settings}),
    )


def made(remedy: str, call: ArmCall, **more: Any) -> PlannedAction:
    kind = BY_NAME[remedy]
    return PlannedAction(
        id=action_id(call),
        remedy=remedy,
        title=kind.title,
        risk=kind.risk,
        reversible=kind.reversible,
        call=call,
        az=call.az_rest,
        target=reading_of(call),
        machines=(),
        findings=(),
        changes=changes_of(call),
        **more,
    )


@pytest.fixture
def ward(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> Ward:
    return Ward(serve, monkeypatch)


PATCH = "^PATCH "
POST = "^POST "


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("Conflict", "The request failed due to conflict with a concurrent request."),
        ("AnotherOperationInProgress", "Another operation on this resource is in progress."),
    ],
)
def test_who_is_busy_is_waited_for(ward: Ward, code: str, message: str) -> None:
    ward.faults.fail(PATCH, 409, 2, code=code, message=message)
    assert ward.one() == (Fate.DONE, "carried out")
    assert ward.sent == [409, 409, 200]
    assert ward.is_daily()


def test_but_not_for_ever(ward: Ward) -> None:
    ward.faults.fail(PATCH, 409, None, {"x-ms-retry-after-ms": "1"}, code="Conflict", message="busy")
    fate, said = ward.one()
    assert (fate, "Azure refused it: Conflict: busy" in said) == (Fate.FAILED, True)
    assert len(ward.sent) == 7


def test_a_lock_is_not_waited_for(ward: Ward) -> None:
    add_lock(ward.state, ward.ids[0], "ReadOnly", "by-the-owner")
    fate, said = ward.one()
    assert (fate, "ScopeLocked" in said) == (Fate.FAILED, True)
    assert len(ward.sent) == 1
    assert not ward.is_daily()


@pytest.mark.parametrize("after", [None, 1])
def test_throttled_it_comes_back_later(ward: Ward, after: int | None) -> None:
    ward.faults.throttle(PATCH, after, 2 if after is None else 1)
    assert ward.one() == (Fate.DONE, "carried out")
    assert ward.sent[-2:] == [429, 200]


@pytest.mark.parametrize("status", [500, 503])
def test_an_error_after_the_deed_is_looked_at_and_nothing_is_sent_again(ward: Ward, status: int) -> None:
    ward.faults.act_then_fail(PATCH, status)
    assert ward.one() == (Fate.DONE, "the answer was lost, but Azure shows that it was carried out")
    assert ward.sent == [status]


def test_a_connection_that_breaks_after_the_deed_is_looked_at(ward: Ward) -> None:
    ward.faults.act_then_reset(PATCH)
    assert ward.one()[0] is Fate.DONE
    assert ward.sent == [0]
    assert [(step.event, step.status) for step in ward.steps] == [("intent", None), ("result", None), ("outcome", None)]


def test_where_nothing_was_done_a_setting_is_sent_again(ward: Ward) -> None:
    ward.faults.reset(PATCH, 2)
    assert ward.one() == (Fate.DONE, "carried out")
    assert ward.sent == [0, 0, 200]


def test_three_times_at_most(ward: Ward) -> None:
    ward.faults.fail(PATCH, 500, None)
    fate, said = ward.one()
    assert (fate, "no answer came in 3 tries" in said) == (Fate.UNKNOWN, True)
    assert ward.sent == [500] * 3


@pytest.mark.parametrize("verb", ["assessPatches", "restart", "reapply"])
@pytest.mark.parametrize("fault", ["reset", "act_then_reset"])
def test_a_post_is_never_sent_twice(ward: Ward, verb: str, fault: str) -> None:
    getattr(ward.faults, fault)(POST)
    fate, said = ward.one(ward.post(verb))
    assert (fate, "not sent twice" in said) == (Fate.UNKNOWN, True) or fate is Fate.DONE
    assert (fate is Fate.DONE) == (fault == "act_then_reset" and verb == "assessPatches")
    assert ward.sent == [0]


def then_fail(ward: Ward, status: int, code: str) -> None:
    """The first change is lost, the next one is refused."""
    ward.faults.meanwhile(PATCH, lambda _state: ward.faults.fail(PATCH, status, code=code, message="no") and None)


@pytest.mark.parametrize(("status", "code"), [(403, "AuthorizationFailed"), (412, "PreconditionFailed")])
def test_a_refusal_after_a_loss_does_not_clear_up_what_became_of_the_first(ward: Ward, status: int, code: str) -> None:
    ward.faults.reset(PATCH)
    then_fail(ward, status, code)
    fate, said = ward.one()
    assert (fate, "it may have been carried out" in said) == (Fate.UNKNOWN, True), said
    assert ward.sent == [0, status]


def test_ones_own_change_is_not_taken_for_somebody_elses(ward: Ward) -> None:
    """Azure shows the change late: it is sent again, with the ETag of before."""
    shown: list[Any] = []

    def late(body: Any) -> Any:
        shown.append(body)
        body["properties"]["osProfile"]["windowsConfiguration"]["patchSettings"]["assessmentMode"] = "ImageDefault"
        return body

    ward.faults.act_then_reset(PATCH)
    ward.faults.rewrite(rf"^GET {ward.ids[0]}\?", late, 2)
    fate, said = ward.one()
    assert (fate, said) == (Fate.DONE, "the answer was lost, but Azure shows that it was carried out")
    assert ward.sent == [0, 412]
    assert len(shown) == 2


def test_where_the_journal_ends_after_a_loss_nothing_is_claimed(ward: Ward) -> None:
    ward.faults.reset(PATCH)

    class Full(list[Step]):
        def append(self, step: Step) -> None:
            if step.event == "intent" and any(each.event == "intent" for each in self):
                raise UsageError("the journal is full")
            super().append(step)

    ward.steps = Full()
    fate, said = ward.one()
    assert (fate, "nothing more was sent" in said) == (Fate.UNKNOWN, True)


def test_azure_is_given_the_time_that_it_asks_for_before_a_change_is_sent_again(ward: Ward) -> None:
    ward.faults.fail(PATCH, 500, 1, {"x-ms-retry-after-ms": "400"})
    started = time.monotonic()
    assert ward.one() == (Fate.DONE, "carried out")
    assert time.monotonic() - started > 0.4


@pytest.mark.parametrize("fails", [True, False])
def test_an_assessment_whose_answer_was_lost_is_followed_where_azure_shows_it(ward: Ward, fails: bool) -> None:
    if fails:
        ward.state.guest_faults[key(ward.ids[0])] = {"code": "1", "message": "0x80240438: no endpoint", "details": []}
    ward.faults.act_then_reset(POST)
    ward.faults.meanwhile(rf"^GET {ward.ids[0]}\?", lambda _state: ward.doctor.server.settle(), 3)
    fate, said = ward.one(ward.post("assessPatches"))
    assert ward.sent == [0]
    assert (fate, said) == (
        (Fate.FAILED, "status is Failed") if fails else (Fate.DONE, "carried out: status is Succeeded")
    )


def test_an_assessment_that_goes_on_after_its_answer_was_lost_is_no_success(ward: Ward) -> None:
    def under_way(body: Any) -> Any:
        body["properties"]["instanceView"]["patchStatus"] = {"availablePatchSummary": {"status": "InProgress"}}
        return body

    def begin(_state: DemoEstate) -> None:
        ward.faults.rewrite(rf"^GET {ward.ids[0]}\?", under_way, None)

    ward.faults.reset(POST)
    ward.faults.meanwhile(POST, begin)
    fate, said = ward.one(ward.post("assessPatches"), operation_seconds=0.1)
    assert (fate, said) == (Fate.UNKNOWN, "the answer was lost, and it is InProgress as yet")


def test_an_installation_is_followed_as_long_as_it_may_take(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apply, "_AFTER_INSTALLING", 0.4)
    call = ward.post("installPatches").call
    body = {"maximumDuration": "PT0H0M", "rebootSetting": "IfRequired"}
    action = made("install-cumulative-update", msgspec.structs.replace(call, body=body))
    ward.faults.never_ends(POST)
    started = time.monotonic()
    fate, said = ward.one(action, operation_seconds=0.1)
    assert (fate, said) == (Fate.UNKNOWN, "the operation had not ended after 0 s")
    assert time.monotonic() - started > 0.4
    ward.faults.clear()


def test_but_a_vm_that_starts_shows_that_it_was_started(ward: Ward) -> None:
    ward.faults.act_then_fail(POST, 503)
    fate, said = ward.one(ward.post("start", ward.off))
    assert (fate, said) == (Fate.DONE, "the answer was lost, but Azure shows that it was carried out")
    assert ward.sent == [503]


def test_where_nothing_can_be_seen_after_a_loss_it_stays_unknown(ward: Ward) -> None:
    ward.faults.reset(PATCH)

    def hide(_state: DemoEstate) -> None:
        ward.faults.fail("^GET ", 403, None, code="Forbidden", message="no")

    ward.faults.meanwhile(PATCH, hide)
    fate, said = ward.one()
    assert (fate, "could not be read again" in said) == (Fate.UNKNOWN, True)
    assert ward.sent == [0]


def test_an_operation_that_never_ends_is_left_at_the_deadline(ward: Ward) -> None:
    ward.faults.never_ends(POST)
    fate, said = ward.one(ward.post("assessPatches"), operation_seconds=0.1)
    assert (fate, said) == (Fate.UNKNOWN, "the operation had not ended after 0 s")
    ward.faults.clear()


def test_an_operation_that_fails_has_failed(ward: Ward) -> None:
    ward.faults.operation_fails(POST, "InternalExecutionError", "An internal execution error occurred.")
    fate, said = ward.one(ward.post("assessPatches"))
    assert fate is Fate.FAILED
    assert said == "the operation ended as failed: An internal execution error occurred."


def test_success_with_a_failure_inside_has_failed(ward: Ward) -> None:
    ward.state.guest_faults[key(ward.ids[0])] = {"code": "1", "message": "0x80240438: no endpoint", "details": []}
    fate, said = ward.one(ward.post("assessPatches"))
    assert (fate, "what it did failed: 0x80240438: no endpoint" in said) == (Fate.FAILED, True)


def test_who_was_overtaken_by_somebody_else_steps_back(ward: Ward) -> None:
    ward.faults.precondition_failed(PATCH)
    assert ward.one() == (Fate.SKIPPED, "somebody changed it in the meantime (412 precondition failed)")
    assert not ward.is_daily()


def test_a_change_between_look_and_write_is_refused_by_its_etag(ward: Ward) -> None:
    def change(state: DemoEstate) -> None:
        state.machine(ward.ids[0])["tags"]["owner"] = "somebody"
        state.model_writes[key(ward.ids[0])] += 1

    ward.faults.meanwhile(PATCH, change)
    assert ward.one()[0] is Fate.SKIPPED
    assert ward.sent == [412]


def test_a_token_that_has_run_out_ends_it_and_carries_nothing_out(ward: Ward) -> None:
    ward.faults.expire_token(PATCH, None)
    first, second = ward.make(ward.daily(0), ward.daily(1), concurrency=1, stop_after=0)
    assert (first.fate, "ExpiredAuthenticationToken" in first.said) == (Fate.FAILED, True)
    assert (second.fate, second.said) == (Fate.NOT_RUN, "too many actions before it failed")
    assert ward.sent == [401]


def test_a_token_that_was_revoked_is_asked_for_anew(ward: Ward) -> None:
    ward.faults.expire_token(PATCH, 1, claims='{"access_token":{"nbf":{"essential":true}}}')
    assert ward.one() == (Fate.DONE, "carried out")


def test_a_missing_right_is_named(ward: Ward) -> None:
    [subscription] = ward.state.subscriptions
    ward.faults.deny(subscription, "Microsoft.Compute/virtualMachines/write")
    [ended] = ward.make(ward.daily())
    assert (ended.fate, ended.permission) == (Fate.FAILED, "Microsoft.Compute/virtualMachines/write")
    assert "the missing permission is Microsoft.Compute/virtualMachines/write" in ended.said


def test_what_stands_already_is_not_sent(ward: Ward) -> None:
    ward.one()
    assert ward.one() == (Fate.SKIPPED, "it stands so already")
    assert ward.sent == [200]


def test_what_changed_since_the_plan_is_shown_and_left_alone(ward: Ward) -> None:
    path = "properties.osProfile.windowsConfiguration.patchSettings.assessmentMode"
    fate, said = ward.one(msgspec.structs.replace(ward.daily(), before={path: "Other"}))
    assert (fate, said) == (
        Fate.SKIPPED,
        f"{path} is ImageDefault now, not Other as expected: it was changed meanwhile",
    )
    assert ward.sent == []


def test_a_target_that_is_gone_is_left_alone(ward: Ward) -> None:
    gone = msgspec.structs.replace(ward.daily(), target=Reading(path=f"{ward.ids[0]}x", api_version="2024-07-01"))
    assert ward.one(gone) == (Fate.SKIPPED, "its target is gone")


def test_what_cannot_be_read_is_not_written(ward: Ward) -> None:
    ward.faults.fail("^GET ", 403, None, code="AuthorizationFailed", message="no")
    fate, said = ward.one()
    assert (fate, "so nothing was sent" in said) == (Fate.SKIPPED, True)
    assert ward.sent == []


def test_what_must_not_be_is_asked_again_after_a_wait(ward: Ward) -> None:
    ward.faults.throttle(PATCH, None, None)
    answers = iter([None, None, "the patch window of weekly is open"])
    ward.hold = lambda _action: next(answers)
    assert ward.one() == (Fate.SKIPPED, "the patch window of weekly is open")
    assert ward.sent == [429]


def test_after_too_many_failures_the_others_do_not_run(ward: Ward) -> None:
    ward.faults.fail(PATCH, 400, None, code="BadRequest", message="no")
    first, second = ward.make(ward.daily(0), ward.daily(1), concurrency=1, stop_after=0)
    assert [first.fate, second.fate] == [Fate.FAILED, Fate.NOT_RUN]


def test_what_rests_on_a_failure_is_not_sent(ward: Ward) -> None:
    first = ward.daily(0)
    second = msgspec.structs.replace(ward.daily(1), after=(first.id,))
    ward.faults.fail(PATCH, 400, 1, code="BadRequest", message="no")
    _, ended = ward.make(first, second)
    assert (ended.fate, "comes first, and was not carried out" in ended.said) == (Fate.SKIPPED, True)
    assert not ward.is_daily(1)


def test_a_journal_that_fails_stops_before_the_write(ward: Ward) -> None:
    ward.steps = _Full()
    fate, said = ward.one()
    assert (fate, said) == (Fate.SKIPPED, "nothing was sent: the disk is full")
    assert ward.sent == []


class _Full(list[Step]):
    """A journal on a disk without room."""

    def append(self, _step: Step) -> None:
        raise UsageError("the disk is full")


# The commands: what is refused, and what is held back.

DAILY = "enable-periodic-assessment"


@pytest.fixture
def acting(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Acting]:
    def start(state: DemoEstate) -> Acting:
        return Acting(serve(estate=state, retry_after=0.02).server, tmp_path, monkeypatch)

    return start


def unassessed(machines: int) -> tuple[DemoEstate, list[str]]:
    """VMs that are not assessed periodically, under no schedule."""
    state = empty_estate(NOW)
    [subscription] = state.subscriptions
    ids = [
        add_vm(state, subscription=subscription, resource_group=f"rg-{number}", name=f"vm-{number}", os_type="Windows")
        for number in range(1, machines + 1)
    ]
    for each in ids:
        patch_settings_of(state.machine(each))["assessmentMode"] = "ImageDefault"
    return state, ids


def edited(change: Callable[[Any], Any]) -> Callable[[], None]:
    def edit() -> None:
        plan = json.loads(Path("plan.json").read_bytes())
        change(plan)
        Path("plan.json").write_text(json.dumps(plan))

    return edit


def test_what_must_not_be_applied_is_refused_and_nothing_is_written(acting: Callable[..., Acting]) -> None:
    state, _ = unassessed(2)
    user = acting(state)
    user.plan(DAILY)
    good = Path("plan.json").read_bytes()

    def refusal(*options: str) -> str:
        code, err = user("apply", "plan.json", *options)
        assert code == 2
        Path("plan.json").write_bytes(good)
        return err

    assert "the plan is for the cloud public, and this is usgov" in refusal("--yes", "--cloud", "usgov")
    assert "there is no terminal to ask on" in refusal()
    assert "the plan touches 2 machines, and at most 1 may be touched" in refusal("--yes", "--max-machines", "1")
    assert "at most 1 may be touched" in refusal("--yes", "--max-percent", "50")
    assert "the journal nowhere/j cannot be written" in refusal("--yes", "--journal", "nowhere/j")
    edited(lambda plan: plan["actions"][0]["call"].update(method="DELETE"))()
    assert "was changed after it was made" in refusal("--yes")
    Path("plan.json").write_text("{}")
    assert "is no plan" in refusal("--yes")
    state.subscriptions[next(iter(state.subscriptions))]["tenantId"] = "11111111-0000-4000-8000-000000000000"
    assert "the plan is for the tenant" in refusal("--yes")
    assert user.sent == []
    assert not Path(JOURNAL).exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_stops_before_the_first_write(acting: Callable[..., Acting]) -> None:
    user = acting(unassessed(1)[0])
    user.plan(DAILY)
    code, report = user.apply("--journal", "/dev/full")
    [action] = report["actions"]
    assert (code, action["fate"], user.sent) == (1, "skipped", [])
    assert "nothing was sent: the journal /dev/full cannot be written: No space left" in action["said"]


def test_what_came_in_the_way_after_the_plan_is_respected(acting: Callable[..., Acting]) -> None:
    state, ids = unassessed(7)
    locked, ignored, soon, in_window, changed, healed, free = ids
    user = acting(state)
    user.plan(DAILY)

    add_lock(state, locked, "ReadOnly", "frozen")
    state.machine(ignored)["tags"]["aumdoctor:ignore"] = ""
    for machine, start in ((soon, "12:10"), (in_window, "11:00")):
        schedule = SCHEDULES[2]._replace(name=f"mc-{start[:2]}", time_zone="UTC", start=start, duration="02:00")
        assign(state, machine, add_configuration(state, subscription=machine.split("/")[2], schedule=schedule))
    patch_settings_of(state.machine(changed)).pop("assessmentMode")
    patch_settings_of(state.machine(healed))["assessmentMode"] = "AutomaticByPlatform"
    state.touch(*ids)
    before = user.state.snapshot()

    code, report = user.apply()
    said = {action["machines"][0].rsplit("/", 1)[-1]: action["said"] for action in report["actions"]}
    for machine, expected in (
        (locked, r"the lock frozen \(ReadOnly\) stands on "),
        (ignored, "has the tag aumdoctor:ignore"),
        (soon, "the patch window of mc-12 begins at 2026-06-10 12:10 UTC, too soon for a change"),
        (in_window, "the patch window of mc-11 is open until 2026-06-10 13:00 UTC"),
        (changed, "assessmentMode is absent now, not ImageDefault as expected: it was changed meanwhile"),
        (healed, "the finding is gone"),
        (free, "carried out"),
    ):
        assert re.search(expected, said[machine.rsplit("/", 1)[-1]]), said
    assert user.sent == ["PATCH vm-7 200"]
    assert len(difference(before, state.snapshot())) == 1
    assert (code, report["counts"]["skipped"], report["counts"]["cured"]) == (1, 6, 1)


def test_a_canary_that_is_not_cured_stops_the_rest(acting: Callable[..., Acting]) -> None:
    state, _ = unassessed(3)
    user = acting(state)
    user.plan(DAILY)
    user.server.faults.answer("^PATCH ", {}, 200, 1)
    code, report = user.apply("--canary", "1")
    assert [action["fate"] for action in report["actions"]] == ["done", "not-run", "not-run"]
    assert report["actions"][0]["cure"] == "not-cured"
    assert (code, report["stopped"]) == (1, "1 of 1 actions on the first machines did not cure")
    assert user.sent == ["PATCH vm-1 200"]


def test_a_canary_that_is_cured_is_followed_by_the_rest(acting: Callable[..., Acting]) -> None:
    user = acting(unassessed(3)[0])
    user.plan(DAILY)
    code, report = user.apply("--canary", "1")
    assert (code, report["counts"]["cured"], report["stopped"]) == (0, 3, "")


def test_after_more_failures_than_allowed_it_ends(acting: Callable[..., Acting]) -> None:
    user = acting(unassessed(3)[0])
    user.plan(DAILY)
    user.server.faults.fail("^PATCH ", 400, None, code="BadRequest", message="no")
    code, report = user.apply("--stop-on-errors", "1", "--parallel", "1")
    assert [action["fate"] for action in report["actions"]] == ["failed", "failed", "not-run"]
    assert (code, report["stopped"]) == (1, "2 of 3 actions failed")


def test_what_could_not_be_looked_at_afterwards_is_not_called_cured(acting: Callable[..., Acting]) -> None:
    user = acting(unassessed(1)[0])
    user.plan(DAILY)
    [subscription] = user.state.subscriptions
    user.server.faults.meanwhile("^PATCH ", lambda _: user.server.faults.deny(subscription))
    code, report = user.apply()
    assert report["actions"][0]["cure"] != "cured", report["actions"]
    assert code in (1, 3)


def test_taken_back_and_applied_again(acting: Callable[..., Acting]) -> None:
    user = acting(unassessed(1)[0])
    user.plan(DAILY)
    assert user.apply()[1]["counts"]["cured"] == 1
    code, err = user("undo", JOURNAL)
    assert (code, "nothing was taken back: there is no terminal to ask on" in err) == (2, True)
    assert len(user.changes()) == 1
    code, report = user.undo()
    assert (code, report["counts"]["done"], user.changes()) == (0, 1, [])
    assert user("undo", JOURNAL, "--yes")[0] == 2, "there is nothing left to take back"
    code, report = user.apply()
    assert (code, report["counts"]["cured"]) == (0, 1)
    assert len(user.changes()) == 1


def test_what_undo_left_is_what_stood_there_for_the_plan_as_well(acting: Callable[..., Acting]) -> None:
    """Azure cannot be told to take a setting away: undo puts what its absence means."""
    state, [machine] = unassessed(1)
    patch_settings_of(state.machine(machine)).pop("assessmentMode")
    user = acting(state)
    user.plan(DAILY)
    assert user.apply()[0] == 0
    assert user.undo()[0] == 0
    assert patch_settings_of(state.machine(machine))["assessmentMode"] == "ImageDefault"
    code, report = user.apply()
    assert (code, report["counts"]["done"]) == (0, 1), report["actions"]


def test_what_a_damaged_journal_may_have_held_is_said(acting: Callable[..., Acting]) -> None:
    user = acting(unassessed(2)[0])
    user.plan(DAILY)
    user.apply()
    whole = Path(JOURNAL).read_text().splitlines()
    [lost, *_] = {json.loads(line)["id"] for line in whole}
    kept = [line[:60] if json.loads(line)["id"] == lost else line for line in whole]
    Path(JOURNAL).write_text("\n".join(kept) + "\n")
    code, report = user.undo()
    assert (code, report["counts"]["done"]) == (3, 1)
    assert "cannot be read" in report["stopped"]


def test_a_damaged_journal_is_not_resumed_from(acting: Callable[..., Acting]) -> None:
    user = acting(unassessed(1)[0])
    user.plan(DAILY)
    user.apply()
    first, *rest = Path(JOURNAL).read_text().splitlines()
    Path(JOURNAL).write_text("\n".join((first[:60], *rest)) + "\n")
    sent = list(user.sent)
    code, err = user("apply", "plan.json", "--yes", "--resume")
    assert (code, f"line 1 of {JOURNAL} cannot be read" in err) == (2, True)
    assert user.sent == sent


def test_undo_does_nothing_after_ctrl_c(acting: Callable[..., Acting], monkeypatch: pytest.MonkeyPatch) -> None:
    user = acting(unassessed(1)[0])
    user.plan(DAILY)
    user.apply()
    read = Reach.estate
    interrupted = lambda *args, **more: msgspec.structs.replace(read(*args, **more), interrupted=True)  # noqa: E731
    monkeypatch.setattr(Reach, "estate", interrupted)
    sent = list(user.sent)
    assert user("undo", JOURNAL, "--yes")[0] == 130
    assert user.sent == sent


def test_only_what_is_named_is_taken_back_and_nothing_that_somebody_changed_since(
    acting: Callable[..., Acting],
) -> None:
    state, [first, _] = unassessed(2)
    user = acting(state)
    user.plan(DAILY)
    user.apply()
    patch_settings_of(state.machine(first)).pop("assessmentMode")
    state.touch(first)
    code, report = user.undo("--only", "vm-2")
    assert [action["call"]["path"].rsplit("/", 1)[-1] for action in report["actions"]] == ["vm-2"]
    assert (code, report["actions"][0]["fate"]) == (0, "done")

    code, report = user.undo()
    [action] = report["actions"]
    assert (code, action["fate"]) == (1, "skipped")
    assert "assessmentMode is absent now, not AutomaticByPlatform as expected" in action["said"]
    assert "assessmentMode" not in patch_settings_of(state.machine(first))
    code, err = user("undo", JOURNAL, "--yes", "--only", "vm-9")
    assert (code, "check --only" in err) == (2, True)
