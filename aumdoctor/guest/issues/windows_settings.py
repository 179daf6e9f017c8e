"""AUM104, AUM105, AUM107, AUM108, AUM109, AUM112: how Windows itself is set up to update."""

from __future__ import annotations

from collections.abc import Iterator

from aumdoctor.guest.envelope import member
from aumdoctor.guest.evidence import Evidence
from aumdoctor.guest.issues.hresults import (
    codes_in,
    failures_with,
    is_success,
    is_update_manager,
    kb_in,
    phase_of,
    weigh_failures,
)
from aumdoctor.guest.issues.operations import ASSESSMENT, INSTALLATION, family_of, operations
from aumdoctor.guest.issues.verdicts import Judgement, judged, known_issue
from aumdoctor.guest.issues.weighing import Ground, Weight, best_of, observed, quotes_of, sign_ground, weigh
from aumdoctor.guest.issues.windows_policy import ASK_FOR_POLICY, AUTOMATIC_UPDATES, is_one, number_in
from aumdoctor.model.guest import InstalledUpdate, Likelihood, Missing, PatchRequest, RegistryValue, State, UpdateEvent

_SYSTEM_CALLERS = ("updateorchestrator", "moupdateorchestrator", "automaticupdates")
_REBOOT_KEYS = (
    r"\component based servicing\rebootpending",
    r"\windowsupdate\auto update\rebootrequired",
)
"""Ends of keys that are there only while a restart is pending."""

_SESSION_MANAGER = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Session Manager"
_RESTART_CODES = frozenset({"0x80240016", "0x80242014", "0x80070BC9", "0x80070BC2"})
_DOT_NET = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\NET Framework Setup\NDP\v4\Full"
_OLDEST_DOT_NET = 378389
"""The Release of .NET Framework 4.5 (Azure/AzureUpdateManager troubleshooter: DotNetFrameworkInstalledCheck)."""


@known_issue(
    id="AUM104",
    name="dotnet-too-old",
    title=".NET Framework is too old for the patch extension",
    source="Azure/AzureUpdateManager troubleshooter: DotNetFrameworkInstalledCheck",
    explains=("AUM015", "AUM017"),
    remedies=("read-guest-log",),
    verification=("The value Release below NDP\\v4\\Full is 378389 or more.",),
)
def dotnet_too_old(evidence: Evidence) -> Judgement | None:
    """.NET Framework 4.5 or later is not on the machine; the Windows patch extension is written in it.

    ## Why it matters
    The extension does not start, so that nothing is assessed or installed.

    ## What to do
    Install .NET Framework 4.8, then trigger an assessment.

    ## When it is wrong
    Windows Server 2012 R2 and later bring a version that is new enough, unless the feature was removed.
    """
    release = evidence.registry(_DOT_NET, "Release")
    grounds = list(observed(evidence, "dotnet", says=".NET Framework is too old"))
    counters = list(observed(evidence, "dotnet", State.OK, says=".NET Framework is new enough"))
    if release is not None:
        number = number_in(release)
        if number is not None and number >= _OLDEST_DOT_NET:
            counters.append(Ground(record=release, says=f"the Release of .NET Framework is {number}"))
        elif number is not None or not release.exists:
            grounds.append(Ground(record=release, says=f"the Release of .NET Framework is {number or 'not there'}"))
    return judged(
        evidence,
        ".NET Framework 4.5 or later is not on the machine",
        grounds,
        counters,
        missing=(
            Missing(
                what="the version of .NET Framework",
                command=r'reg query "HKLM\SOFTWARE\Microsoft\NET Framework Setup\NDP\v4\Full" /v Release',
            ),
        ),
    )


@known_issue(
    id="AUM105",
    name="microsoft-update-not-registered",
    title="Microsoft Update is not registered: updates of SQL Server, Office and others are not seen",
    source="azure-docs: update-manager/support-matrix.md; Azure/AzureUpdateManager troubleshooter: MUEnableCheck",
    remedies=("register-microsoft-update", "assess-now"),
    verification=("(New-Object -ComObject Microsoft.Update.ServiceManager).Services lists Microsoft Update.",),
)
def microsoft_update_not_registered(evidence: Evidence) -> Judgement | None:
    """Microsoft Update is not registered beside Windows Update, so that only updates of Windows itself are seen.

    ## Why it matters
    Missing updates of SQL Server, Office and other products of Microsoft do not show as missing.

    ## What to do
    Register the service (AddService2 with 7971f918-a847-4430-9279-4a52d1efe18d and 7), then assess.

    ## When it is wrong
    On a machine with no other product of Microsoft it makes no difference; behind WSUS the server decides what is
    offered.
    """
    found = failures_with(evidence, {"0x80240042"})
    weighed = best_of(
        weigh_failures(evidence, found, "the update service that was asked for is not registered"),
        weigh(
            observed(evidence, "microsoft-update", State.BAD, State.WARNING, says="Microsoft Update is not registered"),
            observed(evidence, "microsoft-update", State.OK, says="Microsoft Update is registered"),
        ),
    )
    if weighed is None:
        return None
    return Judgement(
        likelihood=weighed.likelihood,
        said=weighed.said("Microsoft Update is not registered on the machine"),
        evidence=weighed.quotes(evidence),
        details={"hresult": "0x80240042"} if codes_in(weighed, found) else {},
    )


@known_issue(
    id="AUM107",
    name="os-autoupdate-still-on",
    title="Windows installs updates, or restarts, by itself beside the schedule",
    source="azure-docs: update-manager/configure-wu-agent.md; Azure/AzureUpdateManager troubleshooter: "
    "AutomaticUpdateCheck, AlwaysAutoRebootCheck",
    explains=("AUM135",),
    remedies=("stop-automatic-updates",),
    verification=(
        r"HKLM\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate\AU\NoAutoUpdate is 1, or AUOptions is 2 or 3.",
        "ReportingEvents.log has no row 183 of UpdateOrchestrator that is newer than the change.",
    ),
)
def os_autoupdate_still_on(evidence: Evidence) -> Judgement | None:
    """Automatic updates of Windows are on, or Windows is told to restart by itself after them.

    ## Why it matters
    The machine is then patched and restarted outside of its window, also where the schedule's reboot setting is Never;
    and when the window comes nothing is left to install.

    ## What to do
    Set AUOptions to 3 (download, tell, do not install) or NoAutoUpdate to 1 in the policy that reaches the machine, and
    take `AlwaysAutoRebootAtScheduledTime` off.

    ## When it is wrong
    AUOptions counts only where NoAutoUpdate is not 1. Where the machine is meant to patch itself it is no fault.
    """
    no_auto = evidence.registry(AUTOMATIC_UPDATES, "NoAutoUpdate")
    options = evidence.registry(AUTOMATIC_UPDATES, "AUOptions")
    always = evidence.registry(AUTOMATIC_UPDATES, "AlwaysAutoRebootAtScheduledTime")
    grounds = list(
        observed(evidence, "auto-update", State.BAD, State.WARNING, says="Windows installs updates by itself")
    )
    if family_of(evidence) == "linux":
        return None
    counters = [
        Ground(record=each, says=says)
        for each, says in (
            (no_auto if is_one(no_auto) else None, "NoAutoUpdate is 1"),
            (options if number_in(options) in (2, 3) else None, "AUOptions leaves the installing to others"),
        )
        if each is not None
    ]
    if not is_one(no_auto) and options is not None and number_in(options) == 4:
        grounds.append(Ground(record=options, says="AUOptions is 4: download and install at a set time"))
        if is_one(always) and always is not None:
            grounds.append(Ground(record=always, says="Windows restarts at that time whoever is signed in"))
    grounds += [
        Ground(record=event, says="Windows installed an update by itself", weight=Weight.SIGN)
        for event in evidence.of(UpdateEvent)
        if phase_of(event) == "install" and is_success(event) and _is_system(event.caller)
    ]
    return judged(
        evidence,
        "Windows installs updates by itself, whatever the schedule is",
        grounds,
        counters,
        missing=(ASK_FOR_POLICY,),
    )


@known_issue(
    id="AUM108",
    name="gpo-overrides",
    title="A policy undoes the update settings that the platform makes",
    source="azure-docs: update-manager/configure-wu-agent.md",
    explains=("AUM041",),
    remedies=("stop-automatic-updates",),
    verification=("After `gpupdate /force` NoAutoUpdate below the policies' key is still 1.",),
)
def gpo_overrides(evidence: Evidence) -> Judgement | None:
    """The platform patches the machine and sets NoAutoUpdate to 1, and something sets it back.

    ## Why it matters
    A group policy, Intune or Configuration Manager that writes the same values wins at its next round: Windows then
    updates by itself, outside of every window.

    ## What to do
    Find the policy (`gpresult /h`), and take its settings of automatic updates off for these machines.

    ## When it is wrong
    NoAutoUpdate is 0 until the platform's first run on the machine, and where the patch mode is AutomaticByOS.
    """
    no_auto = evidence.registry(AUTOMATIC_UPDATES, "NoAutoUpdate")
    wanted = [
        each
        for each in evidence.of(PatchRequest)
        if str(member(each.settings, "patchMode") or "").lower() == "automaticbyplatform"
    ]
    grounds: list[Ground] = []
    if wanted and no_auto is not None and no_auto.exists and number_in(no_auto) == 0:
        grounds.append(Ground(record=no_auto, says="NoAutoUpdate is set, and set to 0", weight=Weight.SIGN))
    changed = [each for each in evidence.signs("windows-auto-update") if _is_changed(each.values)]
    if len(changed) > 1:
        # The extension sets it once; that it has to set it again and again is somebody else's doing.
        grounds += [sign_ground(each, "the extension had to set NoAutoUpdate again", Weight.SIGN) for each in changed]
    if not grounds:
        return None
    request = quotes_of(
        evidence, (Ground(record=each, says="the platform is to patch the machine") for each in wanted[-1:])
    )
    found = judged(
        evidence,
        "the platform sets NoAutoUpdate to 1, and something sets it back",
        grounds,
        missing=(Missing(what="which policy sets it", command="gpresult /h gpresult.html /f"),),
    )
    if found is None:
        return None
    return Judgement(
        likelihood=found.likelihood, said=found.said, evidence=(*found.evidence, *request), missing=found.missing
    )


@known_issue(
    id="AUM109",
    name="pending-reboot-windows",
    title="Windows waits for a restart",
    source="Windows Update documentation; Microsoft.Update.SystemInfo.RebootRequired",
    explains=("AUM132",),
    remedies=("restart-machine", "assess-now"),
    verification=(
        "The key RebootRequired below WindowsUpdate\\Auto Update is gone.",
        "The next assessment's rebootPending is false.",
    ),
)
def pending_reboot_windows(evidence: Evidence) -> Judgement | None:
    """A restart is pending: Windows Update or the servicing of components left their marks.

    ## Why it matters
    What was installed is not in force before it, and further updates may fail with 0x80240016.

    ## What to do
    Restart the machine when it may be down, or let the schedule restart it where an update requires it.

    ## When it is wrong
    Renames of files that are pending (PendingFileRenameOperations) are left by many programs; alone they only hint.
    """
    if family_of(evidence) == "linux":
        return None
    found = failures_with(evidence, _RESTART_CODES)
    starts = [
        Ground(record=each, says="the machine was started again")
        for each in (*evidence.events("EventLog", 6005), *evidence.events("Kernel-General", 12))
    ]
    weighed = best_of(
        weigh_failures(evidence, found, "Windows Update says that a restart is needed first", starts),
        weigh(
            _reboot_grounds(evidence),
            (
                *starts,
                *observed(evidence, "pending-reboot", State.OK, says="no restart is pending"),
                *_no_more(evidence),
            ),
        ),
    )
    if weighed is None:
        return None
    return Judgement(
        likelihood=weighed.likelihood,
        said=weighed.said("Windows waits for a restart"),
        evidence=weighed.quotes(evidence),
        missing=()
        if weighed.likelihood in (Likelihood.CONFIRMED, Likelihood.RULED_OUT)
        else (
            Missing(
                what="whether a restart is pending now",
                command="(New-Object -ComObject Microsoft.Update.SystemInfo).RebootRequired",
            ),
        ),
    )


def _reboot_grounds(evidence: Evidence) -> Iterator[Ground]:
    marks = [each for each in evidence.of(RegistryValue) if each.key.lower().rstrip("\\").endswith(_REBOOT_KEYS)]
    if marks and marks[-1].exists:
        yield Ground(record=marks[-1], says="the key of a pending restart is there")
    renames = evidence.registry(_SESSION_MANAGER, "PendingFileRenameOperations")
    if renames is not None and renames.exists:
        yield Ground(record=renames, says="renames of files are pending", weight=Weight.HINT)
    yield from observed(evidence, "pending-reboot", State.BAD, State.WARNING, says="a restart is pending")
    for sign in evidence.signs("windows-reboot-required", "windows-reboot-skipped"):
        yield sign_ground(sign, "the extension says that a restart is needed")
    for each in operations(evidence, ASSESSMENT):
        if each.is_flagged("rebootPending"):
            yield each.ground("the assessment says that a restart is pending")
    for each in operations(evidence, INSTALLATION):
        if str(member(each.summary.body, "rebootStatus") or "").lower() == "required":
            yield each.ground("the installation says that a restart is required")


def _no_more(evidence: Evidence) -> Iterator[Ground]:
    for each in operations(evidence, ASSESSMENT):
        if (
            each.succeeded
            and member(each.summary.body, "rebootPending") is not None
            and not each.is_flagged("rebootPending")
        ):
            yield each.ground("an assessment found no restart pending")


@known_issue(
    id="AUM112",
    name="wu-history-not-showing",
    title="Updates that were installed do not stand in the lists of Windows",
    source="azure-docs: update-manager/deploy-updates.md",
    remedies=(),
    verification=("The update stands in the history of the update agent (QueryHistory) and in the event log (19).",),
)
def wu_history_not_showing(evidence: Evidence) -> Judgement | None:
    """Azure Update Manager installed an update that the list of installed updates does not have.

    ## Why it matters
    It is no fault, but looks like one. Update Manager installs through the update agent's interface, so that Settings
    does not list it; and Get-HotFix lists only updates of Windows' components, not those of .NET, SQL Server or
    Defender.

    ## What to do
    Look at the agent's own history (QueryHistory), at ReportingEvents.log, or at the events 19 of WindowsUpdateClient.

    ## When it is wrong
    An update that was installed and taken off again is missing in the list for good reason; and a newer cumulative
    update takes the place of older ones.
    """
    listed = {each.kb.upper() for each in evidence.of(InstalledUpdate)}
    if not listed:
        return None
    unlisted = [
        event
        for event in evidence.of(UpdateEvent)
        if phase_of(event) == "install"
        and is_success(event)
        and is_update_manager(event.caller)
        and (kb := kb_in(event.title) or kb_in(event.text))
        and kb not in listed
    ]
    if not unlisted:
        return None
    names = dict.fromkeys(kb_in(each.title) or kb_in(each.text) for each in unlisted)
    shown = ", ".join([*names][:5])
    return Judgement(
        likelihood=Likelihood.LIKELY,
        said=f"Azure Update Manager installed {shown}, which the list of installed updates does not have",
        evidence=evidence.quotes(unlisted, "installed by Azure Update Manager"),
        details={"kb": shown},
    )


def _is_system(caller: str) -> bool:
    return any(name in caller.lower() for name in _SYSTEM_CALLERS)


def _is_changed(values: dict[str, str]) -> bool:
    return values.get("changed", "").lower() in ("yes", "true", "1")
