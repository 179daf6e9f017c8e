"""What holds for all issues of updating."""

import re
import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aumdoctor.checks.registry import CHECKS
from aumdoctor.guest.evidence import Evidence
from aumdoctor.guest.issue import Issue
from aumdoctor.guest.issues.updating import ISSUES_OF_UPDATING
from aumdoctor.knowledge.guest_signs import table as signs_of_linux
from aumdoctor.model import guest
from aumdoctor.model.guest import SUBJECTS, Likelihood, Record, State
from aumdoctor.remedies.catalogue import BY_NAME
from tests.guest.issues import updating_records as made
from tests.guest.issues.updating_records import after, evidence

OF_THE_GUEST = {
    "restart-update-service",
    "clear-wsus-pointer",
    "repair-sudo",
    "free-disk-space",
    "repair-package-manager",
    "attach-ubuntu-pro",
    "correct-proxy",
    "enable-tls12",
    "correct-clock",
    "reset-windows-update-store",
    "stop-automatic-updates",
    "register-microsoft-update",
}
"""Remedies that are carried out on the machine itself."""

SECTIONS = ("§1 ", "§8 ", "§13 ", "§14 ", "§15 ", "§16 ", "§17 ", "§18 ", "§19 ", "§20 ", "§21 ", "§22 ")
"""The sections of the troubleshooting article that have a guest side."""


def test_ids_and_names_are_unique() -> None:
    assert len({issue.id for issue in ISSUES_OF_UPDATING}) == len(ISSUES_OF_UPDATING)
    assert len({issue.name for issue in ISSUES_OF_UPDATING}) == len(ISSUES_OF_UPDATING)


def test_an_issue_that_is_a_check_too_has_its_name() -> None:
    names = {check.id: check.name for check in CHECKS}
    assert {issue.id: issue.name for issue in ISSUES_OF_UPDATING if issue.id in names} == {
        issue.id: names[issue.id] for issue in ISSUES_OF_UPDATING if issue.id in names
    }


@pytest.mark.parametrize("issue", ISSUES_OF_UPDATING, ids=lambda issue: issue.id)
def test_each_has_its_documentation(issue: Issue) -> None:
    assert re.findall(r"(?m)^## (.*)$", issue.doc) == ["Why it matters", "What to do", "When it is wrong"]
    first = issue.doc.partition("\n\n")[0]
    assert first.endswith(".")
    assert issue.source
    assert not issue.title.endswith(".")


@pytest.mark.parametrize("section", SECTIONS)
def test_each_section_of_the_article_with_a_guest_side_is_answered(section: str) -> None:
    assert any(issue.seed.startswith(section) for issue in ISSUES_OF_UPDATING)


def test_what_is_explained_exists() -> None:
    known = {check.id for check in CHECKS} | {issue.id for issue in ISSUES_OF_UPDATING}
    for issue in ISSUES_OF_UPDATING:
        assert set(issue.explains) <= known, issue.id
        assert issue.id not in issue.explains


def test_nothing_is_said_of_a_machine_without_records() -> None:
    found = evidence()
    assert [issue.id for issue in ISSUES_OF_UPDATING if issue.judge(found, (found,))] == []


HEALTHY = (
    made.assessed(rebootPending=False),
    made.installed(rebootStatus="NotNeeded"),
    made.request(patchMode="AutomaticByPlatform", assessmentMode="AutomaticByPlatform"),
    made.service("MsftLinuxPatchAutoAssess.timer", "active", "enabled"),
    made.service("MsftLinuxPatchAutoAssess.service", "inactive", "enabled"),
    made.service("waagent.service", "active", "enabled"),
    made.sign("sudo-works"),
    made.sign("repository-refreshed", command="sudo apt-get -q update"),
    made.sign("operation-ended", operation="Assessment", status="success"),
    *(made.ok(subject) for subject in SUBJECTS if subject != "network-logon"),
)


def test_nothing_is_said_of_a_healthy_linux_machine() -> None:
    found = evidence(*HEALTHY)
    assert [issue.id for issue in ISSUES_OF_UPDATING if issue.judge(found, (found,))] == []


def test_nothing_is_said_of_a_healthy_windows_machine() -> None:
    found = evidence(
        made.assessed(rebootPending=False, extension=made.WINDOWS),
        made.installed(rebootStatus="NotNeeded", extension=made.WINDOWS),
        made.update("search"),
        made.update("install", title="KB5000001"),
        made.handler(made.WINDOWS),
        made.handler("GuestAgent"),
        made.service("wuauserv", "stopped", "manual"),
        made.service("RdAgent", "running", "automatic"),
        made.value("UseWUServer", 0, made.POLICY + r"\AU"),
        made.value("NoAutoUpdate", 1, made.POLICY + r"\AU"),
        made.proxy(""),
        *(made.ok(subject) for subject in SUBJECTS if subject != "network-logon"),
    )
    assert [issue.id for issue in ISSUES_OF_UPDATING if issue.judge(found, (found,))] == []


@pytest.mark.parametrize("subject", [name for name in SUBJECTS if name not in ("network-logon", "auto-update")])
@pytest.mark.parametrize("kind", ["linux", "windows"])
def test_a_weak_answer_alone_is_possible_at_most(subject: str, kind: str) -> None:
    beside = (made.of_windows(),) if kind == "windows" else ()
    found = evidence(made.saw(subject, weak=True), *beside)
    for issue in ISSUES_OF_UPDATING:
        verdict = issue.judge(found, (found,))
        assert verdict is None or verdict.likelihood in (Likelihood.POSSIBLE, Likelihood.INSUFFICIENT), verdict


def test_every_fault_that_a_log_tells_is_answered_by_an_issue_that_it_points_to() -> None:
    values = {
        "host": "h",
        "reason": "dns",
        "exit_code": "1",
        "package": "p",
        "extension": made.LINUX,
        "hresult": "0x80240022",
    }
    unanswered = []
    for known in signs_of_linux():
        if not known.fault or not known.checks:
            continue
        found = evidence(made.sign(known.id, "a line", **values))
        told = {each.issue for issue in ISSUES_OF_UPDATING if (each := issue.judge(found, (found,)))}
        if not told & set(known.checks):
            unanswered.append(known.id)
    # Each of these only tells more of a failure that is seen by other means.
    assert set(unanswered) <= {
        "subscription-missing",
        "tls-certificate-untrusted",
        "package-manager-failed",
        "package-not-found",
        "out-of-memory",
        "core-exception",
        "assessment-failed",
        "installation-blocked-by-assessment",
        "windows-install-failed",
    }


# -- anything at all ---------------------------------------------------------------------------------------------------

WORDS = st.one_of(
    st.sampled_from(
        [
            "",
            "0",
            "1",
            "88",
            "dns",
            "yes",
            "error",
            "success",
            "disabled",
            "inactive",
            "PT2H",
            "0:15:00",
            "0x8024402C",
            "KB5034441",
            "AutomaticByPlatform",
            "Required",
            "http://wsus:8530",
            "Azure VM Guest Patching",
            "wuauserv",
            "-99999999999999999999",
            "2026-08-12T12:00:00Z",
        ]
    ),
    st.text(max_size=12),
)
ZONES = st.sampled_from([None, UTC, timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))])
TIMES = st.one_of(
    st.none(),
    st.builds(lambda minutes, zone: (after(minutes)).astimezone(zone or UTC), st.integers(-9999, 9999), ZONES),
    st.datetimes(),
    st.sampled_from([datetime.min, datetime.max, datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)]),
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), WORDS),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(WORDS, inner, max_size=3)),
    max_leaves=5,
)
NAMES = (
    "lastModifiedTime",
    "startTime",
    "maximumDuration",
    "rebootSetting",
    "rebootStatus",
    "rebootPending",
    "maintenanceWindowExceeded",
    "patches",
    "criticalAndSecurityPatchCount",
    "otherPatchCount",
    "pendingPatchCount",
    "failedPatchCount",
    "autoAssessmentStatus",
    "automaticOSPatchState",
    "patchMode",
    "assessmentMode",
)
MEMBERS = st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, JSON))
VALUES = st.dictionaries(
    st.sampled_from(
        ["hresult", "host", "reason", "exit_code", "command", "sequence", "last", "count", "minutes", "user", "kb"]
    ),
    WORDS,
    max_size=4,
)
SIGNS = [sign.id for sign in signs_of_linux()] + [
    "windows-hresult",
    "windows-agent-settings",
    "windows-auto-update",
    "windows-window-exceeded",
    "windows-reboot-skipped",
    "windows-update-installed",
]
ORIGINS = st.builds(
    guest.Origin,
    st.sampled_from(["5.core.log", "x/6.aa.core.log", "a.ext.log", "5.status", "x", "9999999999.core.log"]),
)
COMMON = {"origin": ORIGINS, "at": TIMES, "text": WORDS}
SUMMARIES = st.builds(
    guest.PatchSummary,
    name=st.sampled_from([made.ASSESSMENT, made.INSTALLATION, made.CONFIGURATION, ""]),
    status=st.sampled_from(["success", "error", "warning", "transitioning", ""]),
    errors=st.lists(st.builds(guest.PatchError, code=WORDS, message=WORDS), max_size=2).map(tuple),
    body=MEMBERS,
)
RECORDS = st.one_of(
    st.builds(
        guest.PatchStatus,
        **COMMON,
        extension=st.sampled_from([made.LINUX, made.WINDOWS, made.ARC, ""]),
        sequence=st.one_of(st.none(), st.integers(-3, 9)),
        is_orphan=st.booleans(),
        status=st.sampled_from(["success", "error", ""]),
        code=st.one_of(st.none(), st.integers()),
        message=WORDS,
        summaries=st.lists(SUMMARIES, max_size=3).map(tuple),
    ),
    st.builds(guest.PatchRequest, **COMMON, sequence=st.one_of(st.none(), st.integers(0, 9)), settings=MEMBERS),
    st.builds(guest.LogSign, **COMMON, sign=st.sampled_from(SIGNS), values=VALUES),
    st.builds(
        guest.UpdateEvent,
        **COMMON,
        code=st.sampled_from([None, 147, 148, 161, 162, 182, 183, 7]),
        caller=WORDS,
        result=WORDS,
        hresult=st.one_of(st.just(0), st.integers(-(2**31), 2**32)),
        title=WORDS,
    ),
    st.builds(
        guest.RegistryValue,
        **COMMON,
        key=st.sampled_from([made.POLICY, made.POLICY + r"\AU", "HKLM", ""]),
        name=st.sampled_from(["UseWUServer", "WUServer", "WUStatusServer", "AUOptions", "NoAutoUpdate", "Release", ""]),
        value=st.one_of(st.none(), st.integers(), WORDS),
        exists=st.booleans(),
    ),
    st.builds(
        guest.Service,
        **COMMON,
        name=st.sampled_from(["wuauserv", "MsftLinuxPatchAutoAssess.timer", "waagent.service", ""]),
        state=WORDS,
        start=WORDS,
        exists=st.booleans(),
    ),
    st.builds(
        guest.Observation,
        **COMMON,
        subject=st.sampled_from(sorted(SUBJECTS)),
        state=st.sampled_from(list(State)),
        values=VALUES,
        weak=st.booleans(),
    ),
    st.builds(guest.Proxy, **COMMON, where=WORDS, address=WORDS),
    st.builds(
        guest.ExtensionHandler,
        **COMMON,
        name=st.sampled_from([made.WINDOWS, "GuestAgent", ""]),
        status=WORDS,
        message=WORDS,
    ),
    st.builds(
        guest.Event,
        **COMMON,
        provider=st.sampled_from(
            ["User32", "Microsoft-Windows-WindowsUpdateClient", "EventLog", "Service Control Manager"]
        ),
        event_id=st.sampled_from([1074, 19, 20, 25, 31, 6005, 7031, 7040]),
        values=st.lists(WORDS, max_size=5).map(tuple),
        data=st.dictionaries(st.sampled_from(["param1", "param4", "errorCode", "updateTitle"]), WORDS, max_size=3),
    ),
    st.builds(guest.InstalledUpdate, **COMMON, kb=WORDS),
    st.builds(
        guest.OperatingSystem,
        **COMMON,
        family=st.sampled_from(["windows", "linux", ""]),
        build=st.one_of(st.none(), st.integers()),
    ),
)


@given(st.lists(RECORDS, max_size=8))
@settings(max_examples=150, deadline=None)
def test_no_records_are_too_odd(records: list[Record]) -> None:
    found = evidence(*records)
    for issue in ISSUES_OF_UPDATING:
        verdict = issue.judge(found, (found,))
        if verdict is None:
            continue
        assert verdict.said
        assert verdict.evidence
        assert all(each.said for each in verdict.differentials)
        assert set(verdict.remedies) <= {*BY_NAME, *OF_THE_GUEST}
        if verdict.likelihood is Likelihood.RULED_OUT:
            assert verdict.remedies == ()
        if verdict.likelihood not in (Likelihood.CONFIRMED, Likelihood.LIKELY):
            assert verdict.explains == ()


def test_judging_grows_with_the_records_and_no_faster() -> None:
    def seconds(count: int) -> float:
        records: list[Record] = []
        for number in range(count):
            at = after(number)
            records += [
                made.update("install", 0x80073712, at=at, title=f"KB{5000000 + number}"),
                made.update("install", at=at, title=f"KB{6000000 + number}", caller="CcmExec"),
                made.sign(
                    "apt-fetch-failed", at=at, log=f"{number}.core.log", command=f"apt-get {number}", reason="dns"
                ),
                made.sign("repository-refreshed", at=at, log=f"{number}.core.log", command=f"apt-get {number}"),
                made.event("User32", 1074, "TrustedInstaller.exe", at=at),
                made.assessed("success" if number % 2 else "error", at=at, sequence=number),
            ]
        found: Evidence = evidence(*records)
        begun = time.perf_counter()
        for issue in ISSUES_OF_UPDATING:
            issue.judge(found, (found,))
        return time.perf_counter() - begun

    seconds(50)
    small, large = seconds(300), seconds(2400)
    assert large < 30 * small + 0.5, (small, large)
