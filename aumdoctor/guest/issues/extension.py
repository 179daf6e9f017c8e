"""AUM014 to AUM018, AUM042, AUM076: the patch extension and the agent that runs it, as they are on the machine."""

from __future__ import annotations

from collections.abc import Iterator

from aumdoctor.guest.evidence import Evidence
from aumdoctor.guest.issues.hresults import is_patch_extension
from aumdoctor.guest.issues.operations import (
    ASSESSMENT,
    CONFIGURATION,
    INSTALLATION,
    family_of,
    is_arc,
    operations,
    successes,
)
from aumdoctor.guest.issues.symptoms import exit_code_of
from aumdoctor.guest.issues.verdicts import Judgement, judged, judged_by, known_issue
from aumdoctor.guest.issues.weighing import (
    Ground,
    Weighed,
    Weight,
    best_of,
    differential,
    newest_of,
    observed,
    sign_ground,
    weigh,
)
from aumdoctor.knowledge.exit_codes import table as exit_code_table
from aumdoctor.model.guest import Differential, ExtensionHandler, Missing, PatchStatus, Service, State

_COMMAND_SIGNS = (
    "extension-command-failed",
    "extension-timeout",
    "extension-download-failed",
    "extension-action-failed",
    "core-not-started",
    "extension-settings-invalid",
    "operation-not-supported",
    "windows-command-failed",
)
_BAD_WORDS = ("notready", "not ready", "unresponsive", "error", "failed")
_SUMMARIES = (ASSESSMENT, INSTALLATION, CONFIGURATION)
_ASK_FOR_LOG = Missing(
    what="the log of the extension's wrapper, <date>_Enable.ext.log",
    command="sudo sh -c 'tail -n 200 /var/log/azure/*LinuxPatchExtension/*.ext.log'",
)
_ASK_FOR_WINDOWS_LOG = Missing(
    what="the log of the extension's wrapper, CommandExecution.log",
    command=r"Get-ChildItem C:\WindowsAzure\Logs\Plugins\*PatchExtension\*\CommandExecution.log | Get-Content",
)
_ASK_FOR_AGENT = Missing(
    what="whether the agent runs",
    command="systemctl status walinuxagent waagent azuremonitoragent --no-pager",
)
_AGENTS = (
    "walinuxagent.service",
    "waagent.service",
    "walinuxagent",
    "waagent",
    "windowsazureguestagent",
    "rdagent",
    "himds",
    "himds.service",
)


def _missing_grounds(evidence: Evidence) -> tuple[list[Ground], list[Ground]]:
    """What says that there is no patch extension on the machine, and what shows that there is one."""
    bad = list(observed(evidence, "patch-extension", says="the patch extension's folder is not there"))
    good = [
        *observed(evidence, "patch-extension", State.OK, says="the patch extension is there"),
        *(
            Ground(record=each, says="the patch extension has written a status")
            for each in evidence.of(PatchStatus)
            if not each.is_orphan
        ),
        *(
            Ground(record=each, says="the agent runs the patch extension")
            for each in evidence.of(ExtensionHandler)
            if is_patch_extension(each.name)
        ),
    ]
    handlers = evidence.of(ExtensionHandler)
    agents = [each for each in handlers if each.name.lower() == "guestagent"]
    if agents and not any(is_patch_extension(each.name) for each in handlers):
        bad.append(
            Ground(record=agents[-1], says="the agent reports no patch extension among its own", weight=Weight.SIGN)
        )
    return bad, good


@known_issue(
    id="AUM016",
    name="patch-extension-missing",
    title="The patch extension is not on the Azure VM",
    source="Azure Update Manager troubleshooting: Windows/Linux patch extension isn't installed",
    seed="§15 Windows/Linux patch update extension isn't installed",
    explains=("AUM142",),
    remedies=("assess-now", "read-guest-log"),
    verification=("The extension's folder is there, and its status directory has a file.",),
)
def patch_extension_missing(evidence: Evidence) -> Judgement | None:
    """There is no patch extension on the Azure VM.

    ## Why it matters
    It is put on the machine by the first assessment or installation. Where that has run and the extension is not there,
    the agent or the setting that allows extensions stands in the way.

    ## What to do
    Assess once. It cannot be installed by hand: the publisher is reserved for the platform.

    ## When it is wrong
    A machine that was never assessed has no extension, and nothing is wrong with it.
    """
    if is_arc(evidence):
        return None
    bad, good = _missing_grounds(evidence)
    return judged(
        evidence, "the patch extension is not on the machine", bad, good, missing=(_ask_for_folder(evidence),)
    )


@known_issue(
    id="AUM014",
    name="arc-update-extension-missing",
    title="The update extension is not on the Arc-enabled server",
    source="Azure Update Manager troubleshooting: Windows/Linux OS update extension isn't installed",
    seed="§14 Windows/Linux OS update extension isn't installed",
    explains=("AUM142",),
    remedies=("assess-now", "read-guest-log"),
    verification=("azcmagent extension list names the update extension.",),
)
def arc_update_extension_missing(evidence: Evidence) -> Judgement | None:
    """There is no update extension on the Arc-enabled server.

    ## Why it matters
    Without it nothing is assessed or installed on the server.

    ## What to do
    Assess once, or let a schedule come: both install it.

    ## When it is wrong
    A server that was never assessed has no extension, and nothing is wrong with it.
    """
    if not is_arc(evidence):
        return None
    bad, good = _missing_grounds(evidence)
    return judged(
        evidence, "the update extension is not on the server", bad, good, missing=(_ask_for_folder(evidence),)
    )


def _ask_for_folder(evidence: Evidence) -> Missing:
    return Missing(
        what="whether the extension's folder is on the machine",
        command=r"Get-ChildItem C:\Packages\Plugins"
        if family_of(evidence) == "windows"
        else "sudo ls -la /var/lib/waagent | grep -i -e Patch -e Update",
    )


@known_issue(
    id="AUM017",
    name="patch-extension-unhealthy",
    title="The patch extension of the Azure VM failed",
    source="Azure Update Manager troubleshooting: extension status check; Azure/LinuxPatchExtension src/extension",
    seed="§15 Azure machines: extension status check",
    explains=("AUM023", "AUM129", "AUM130"),
    remedies=("assess-now", "read-guest-log", "restart-vm-agent"),
    verification=("The extension's newest status is no error, and the agent calls it Ready.",),
)
def patch_extension_unhealthy(evidence: Evidence) -> Judgement | None:
    """The extension's wrapper ended with an error before the patching began, or the agent calls it not ready.

    ## Why it matters
    A failure of the wrapper leaves a status without any summary: neither an assessment nor an installation was tried.

    ## What to do
    Take the exit code: 51 is a system that is not supported, 52 a missing Python, 88 most often sudo. Assess again;
    where it stays, look at the wrapper's log, at disk space and at the way to 168.63.129.16.

    ## When it is wrong
    A newer request that succeeded shows that it has passed.
    """
    return None if is_arc(evidence) else _unhealthy(evidence)


@known_issue(
    id="AUM015",
    name="arc-update-extension-unhealthy",
    title="The update extension of the Arc-enabled server failed",
    source="Azure Update Manager troubleshooting: OS update extension is not in the state Succeeded",
    seed="§14 Windows/Linux OS update extension: not Succeeded",
    explains=("AUM129", "AUM130"),
    remedies=("delete-arc-extension", "assess-now", "read-guest-log"),
    verification=("The extension's newest status is no error.",),
)
def arc_update_extension_unhealthy(evidence: Evidence) -> Judgement | None:
    """The update extension's wrapper ended with an error before the patching began, or the agent calls it not ready.

    ## Why it matters
    Neither an assessment nor an installation was tried. WindowsOsUpdateExtension before 1.0.28.0 is known to hang, and
    LinuxOsUpdateExtension before 1.0.55.0 does not read deb822 sources.

    ## What to do
    Delete the extension and assess: the newest version is installed then.

    ## When it is wrong
    A newer request that succeeded shows that it has passed.
    """
    return _unhealthy(evidence) if is_arc(evidence) else None


def _unhealthy(evidence: Evidence) -> Judgement | None:
    grounds: list[Ground] = []
    codes: list[int] = []
    for status in evidence.of(PatchStatus):
        if status.is_orphan or status.status not in ("error", "failed") or not status.code or status.summaries:
            continue
        codes.append(status.code)
        grounds.append(
            Ground(record=status, says=f"the wrapper ended with exit code {status.code}{_named(status.code)}")
        )
    for handler in evidence.of(ExtensionHandler):
        if is_patch_extension(handler.name) and handler.status.lower() in _BAD_WORDS:
            if handler.code:
                codes.append(handler.code)
            grounds.append(Ground(record=handler, says=f"the agent calls the extension {handler.status}"))
    for sign in evidence.signs(*_COMMAND_SIGNS):
        name = sign.values.get("extension", "")
        if name and not is_patch_extension(name):
            continue
        code = exit_code_of(sign)
        if code == 0:
            continue
        if code is not None:
            codes.append(code)
        grounds.append(sign_ground(sign, f"a command of the extension failed{_named(code)}"))
    counters = (
        *successes(evidence, *_SUMMARIES, says="the extension has succeeded"),
        *(
            Ground(record=each, says="the agent calls the extension ready")
            for each in evidence.of(ExtensionHandler)
            if is_patch_extension(each.name) and each.status.lower() == "ready"
        ),
    )

    def others(_: Weighed) -> Iterator[Differential]:
        for code, name, said, subject in (
            (51, "system not supported", "the extension does not support the system", "supported-system"),
            (52, "Python missing", "there is no Python that the extension can use", "python"),
            (88, "sudo", "the extension cannot use sudo", "sudo"),
            (64, "noexec", "the extension's folder is mounted noexec", "noexec"),
        ):
            by_code = [
                Ground(record=each.record, says=f"exit code {code}", weight=Weight.SIGN)
                for each in grounds
                if code in codes and f"{code}" in each.says
            ]
            yield differential(
                evidence,
                name,
                said,
                (*by_code, *observed(evidence, subject, says=said)),
                observed(evidence, subject, State.OK, says=f"not so: {said}"),
                otherwise="neither the exit code nor a look at the machine says so",
            )

    return judged(
        evidence,
        "the patch extension failed before it patched"
        + (f" with exit code {codes[-1]}{_named(codes[-1])}" if codes else ""),
        grounds,
        counters,
        missing=(_ASK_FOR_WINDOWS_LOG if family_of(evidence) == "windows" else _ASK_FOR_LOG,),
        differentials=others if family_of(evidence) != "windows" else None,
        details={"exit_code": str(codes[-1])} if codes else {},
    )


def _named(code: int | None) -> str:
    entry = exit_code_table().get(code) if code is not None else None
    return f" ({entry.name})" if entry is not None else ""


@known_issue(
    id="AUM018",
    name="extension-operations-disabled",
    title="The agent on the machine is told to run no extensions",
    source="Azure Update Manager troubleshooting: allow extension operations check failed; Azure/WALinuxAgent",
    seed="§16 Allow extension operations check failed",
    explains=("AUM016", "AUM017", "AUM142"),
    remedies=("allow-extension-operations", "restart-vm-agent", "assess-now"),
    verification=("/etc/waagent.conf has Extensions.Enabled=y, and the agent's log names the patch extension.",),
)
def extension_operations_disabled(evidence: Evidence) -> Judgement | None:
    """The agent's own configuration has `Extensions.Enabled=n`, so that no extension runs on the machine.

    ## Why it matters
    It has the same effect as `allowExtensionOperations` false on the VM, and Azure does not show it: the VM is allowed
    to have extensions, and none of them answers.

    ## What to do
    Set `Extensions.Enabled=y` in /etc/waagent.conf, and restart the agent. Where Azure's own switch is off, set that to
    true.

    ## When it is wrong
    The agent must be restarted before a change in its file counts.
    """
    grounds = [
        *observed(evidence, "extension-operations", says="the agent is told to run no extensions"),
        *(
            sign_ground(each, "the agent says that extensions are off")
            for each in evidence.signs("extension-operations-off")
        ),
    ]
    counters = [
        *observed(evidence, "extension-operations", State.OK, says="the agent's configuration allows extensions"),
        *(sign_ground(each, "the agent ran an extension") for each in evidence.signs("extension-enabled")),
        *successes(evidence, *_SUMMARIES, says="the extension has succeeded"),
    ]
    return judged(
        evidence,
        "the agent on the machine runs no extensions",
        grounds,
        counters,
        missing=(Missing(what="the agent's configuration", command="grep -i extensions.enabled /etc/waagent.conf"),),
    )


@known_issue(
    id="AUM042",
    name="vm-agent-not-ready",
    title="The agent on the machine does not run",
    source="Azure Update Manager troubleshooting: VM agent; Azure/WALinuxAgent; Azure/azure-support-scripts",
    seed="§1 General: check that the VM agent is running",
    explains=("AUM017", "AUM129", "AUM130", "AUM133"),
    remedies=("restart-vm-agent", "read-guest-log"),
    verification=("The instance view's vmAgent says Ready.",),
)
def vm_agent_not_ready(evidence: Evidence) -> Judgement | None:
    """The VM agent (or the Arc agent) is stopped, disabled, or says of itself that it is not ready.

    ## Why it matters
    The agent hands every request to the patch extension. Without it Azure speaks to nobody.

    ## What to do
    Start the agent and see that it starts with the machine; then look at its log.

    ## When it is wrong
    The agent's unit is `walinuxagent` on Ubuntu and Debian, and `waagent` elsewhere: that one of the two is not there
    means nothing.
    """
    handlers = [each for each in evidence.of(ExtensionHandler) if each.name.lower() == "guestagent"]
    by_handler = weigh(
        (
            Ground(record=each, says=f"the agent says of itself: {each.status}")
            for each in handlers
            if each.status and each.status.lower() not in ("ready", "unknown")
        ),
        (
            Ground(record=each, says="the agent says that it is ready")
            for each in handlers
            if each.status.lower() == "ready"
        ),
    )
    services = [each for each in evidence.of(Service) if each.name.lower() in _AGENTS and each.exists]
    by_name: dict[str, list[Service]] = {}
    for each in services:
        name = each.name.lower().removesuffix(".service")
        # The Linux agent has one of two names; the others are agents of their own, and each has to run.
        by_name.setdefault("waagent" if name == "walinuxagent" else name, []).append(each)
    by_service = best_of(*(weigh(_stopped(group), _running(group)) for group in by_name.values()))
    by_tool = weigh(
        observed(evidence, "agent", says="the agent does not run"),
        (*observed(evidence, "agent", State.OK, says="the agent runs"), *_running(services)),
    )
    by_log = weigh(
        (
            sign_ground(each, "the agent could not fetch its goal state", Weight.SIGN)
            for each in evidence.signs("goal-state-failed")
        ),
        (
            *(sign_ground(each, "the agent ran an extension") for each in evidence.signs("extension-enabled")),
            *successes(evidence, *_SUMMARIES, says="the extension has answered a request"),
        ),
    )
    weighed = best_of(by_handler, by_service, by_tool, by_log)
    newest = newest_of(weighed.grounds) if weighed is not None else None
    return judged_by(
        evidence,
        f"the agent on the machine does not work: {newest.says}" if newest is not None else "",
        weighed,
        missing=(
            Missing(what="whether the agent runs", command="Get-Service WindowsAzureGuestAgent, RdAgent")
            if family_of(evidence) == "windows"
            else _ASK_FOR_AGENT,
        ),
    )


def _stopped(services: list[Service]) -> Iterator[Ground]:
    for each in services:
        if each.state.lower() in ("stopped", "inactive", "failed", "dead"):
            yield Ground(record=each, says=f"{each.name} is {each.state}")
        elif each.start.lower() in ("disabled", "masked") and each.state.lower() not in ("running", "active"):
            yield Ground(record=each, says=f"{each.name} is {each.start}")


def _running(services: list[Service]) -> Iterator[Ground]:
    for each in services:
        if each.state.lower() in ("running", "active"):
            yield Ground(record=each, says=f"{each.name} is {each.state}")


@known_issue(
    id="AUM076",
    name="wireserver-blocked",
    title="168.63.129.16 is not reached from the machine",
    source="Azure/AzureUpdateManager troubleshooter: WireServerConnectivityCheck; Azure: what is 168.63.129.16",
    explains=("AUM017", "AUM042"),
    remedies=("restart-vm-agent", "read-guest-log"),
    verification=("TCP 80 and 32526 of 168.63.129.16 answer from the machine.",),
)
def wireserver_blocked(evidence: Evidence) -> Judgement | None:
    """The machine does not reach 168.63.129.16, the address by which Azure speaks to the agent.

    ## Why it matters
    The agent fetches its requests there. Behind a firewall in the guest, a proxy or a route of a VPN the agent hears
    nothing, and the VM counts as not ready.

    ## What to do
    Let TCP 80 and 32526 to 168.63.129.16 through the guest's firewall, and keep the address out of proxies (NO_PROXY)
    and routes.

    ## When it is wrong
    An Arc-enabled server has no such address; and one time-out while the host was maintained passes.
    """
    if is_arc(evidence):
        return None
    return judged(
        evidence,
        "168.63.129.16 is not reached from the machine",
        (
            *observed(evidence, "wireserver", says="168.63.129.16 does not answer"),
            *(
                sign_ground(each, "the agent could not reach 168.63.129.16", Weight.SIGN)
                for each in evidence.signs("wireserver-unreachable")
            ),
        ),
        (
            *observed(evidence, "wireserver", State.OK, says="168.63.129.16 answers"),
            *(sign_ground(each, "the agent ran an extension") for each in evidence.signs("extension-enabled")),
            *(
                each.ground("the extension has answered a request")
                for name in _SUMMARIES
                for each in operations(evidence, name)
            ),
        ),
        missing=(
            Missing(
                what="whether the address answers from the machine",
                command="curl -s --noproxy '*' --max-time 5 http://168.63.129.16/?comp=versions",
            ),
        ),
    )
