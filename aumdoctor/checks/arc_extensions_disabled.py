"""AUM120: the Arc agent's own configuration keeps the update extensions off the server."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from aumdoctor.checks.check import Observation, Sign, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Operation, Severity
from aumdoctor.model.machine import ArcAgent, Machine

_BELOW = "properties.agentConfiguration"


@check(
    id="AUM120",
    name="arc-extensions-disabled",
    severity=Severity.CRITICAL,
    applies_to=Subject.ARC,
    needs=(Fact.MACHINE,),
    blocks=(Operation.ASSESS, Operation.PERIODIC_ASSESSMENT, Operation.INSTALL, Operation.SCHEDULE),
    remedies=("allow-arc-extensions",),
    causes=("AUM008", "AUM014", "AUM015", "AUM023", "AUM129", "AUM130"),
    source="azure-arc docs: servers/security-extensions.md, servers/azcmagent-config.md",
)
def arc_extensions_disabled(machine: Machine, context: Context) -> Iterator[Observation]:
    """The Arc agent is configured, on the server itself, not to run the extensions that assess and patch it.

    ## Why it matters
    Azure Update Manager works through two extensions: that of Microsoft.SoftwareUpdateManagement assesses on demand and
    installs, that of Microsoft.CPlat.Core assesses every day. Four settings of the agent refuse them: the extension
    manager is off (`extensions.enabled`), the agent is in monitor mode, an allow list lacks them, or a block list
    names them. An extension that was there before is not removed, but takes no more work.

    ## What to do
    It is usually a hardening measure: ask the owner. Then allow the two extensions on the server with `azcmagent config
    set`; nothing in Azure can do it, which is the purpose of the setting. A block list beats an allow list. Monitor
    mode has lists of its own, which cannot be changed: it has to be left first.

    ## When it is wrong
    Azure shows the configuration of the agent's last report; after a change it takes some minutes. An absent setting is
    the default, which allows everything. Where only the daily assessment is refused (the extension of
    Microsoft.CPlat.Core), installations still work, and it is reported as high, or low if periodic assessment is off.
    Guest configuration switched off is said beside the others; alone it is reported as low with low confidence, since
    only some sources count it among the reasons: it carries policies inside the machine, not these extensions.
    """
    agent = machine.arc
    if agent is None:
        return
    if (
        agent.extensions_enabled is not False
        and agent.guest_configuration_enabled is not False
        and not agent.extensions_allow_list
        and not agent.extensions_block_list
        and (agent.config_mode or "full").lower() != "monitor"
    ):
        return
    yield from _judge(machine, agent)


def _judge(machine: Machine, agent: ArcAgent) -> Iterator[Observation]:
    signs: list[Sign] = []
    reasons: list[str] = []
    if agent.extensions_enabled is False:
        signs.append(sign(f"{_BELOW}.extensionsEnabled", "false", "true"))
        reasons.append("the extension manager is switched off")
    monitors = (agent.config_mode or "").lower() == "monitor"
    if monitors:
        signs.append(sign(f"{_BELOW}.configMode", agent.config_mode, "full"))
        reasons.append("the agent is in monitor mode")
    installer, assessor = _extensions_for(machine)
    known = machine.is_linux or machine.is_windows
    refused = [extension for extension in (installer, assessor) if known and not _is_allowed(agent, extension)]
    # Monitor mode brings its own lists: naming them would only repeat it.
    if refused and not monitors:
        blocked = [extension for extension in refused if _is_listed(agent.extensions_block_list, extension)]
        lacking = [extension for extension in refused if extension not in blocked]
        if blocked:
            observed = list(agent.extensions_block_list)
            signs.append(sign(f"{_BELOW}.extensionsBlockList", observed, f"without {', '.join(blocked)}"))
            reasons.append(f"its block list holds {' and '.join(blocked)}")
        if lacking:
            observed = list(agent.extensions_allow_list)
            signs.append(sign(f"{_BELOW}.extensionsAllowList", observed, f"with {', '.join(lacking)}"))
            reasons.append(f"its allow list lacks {' and '.join(lacking)}")
    no_policies = agent.guest_configuration_enabled is False
    if no_policies:
        signs.append(sign(f"{_BELOW}.guestConfigurationEnabled", "false", "true"))
    if not reasons:
        if no_policies:
            yield observe(
                "guest configuration is switched off in the Arc agent; sources disagree on whether updates need it",
                *signs,
                severity=Severity.LOW,
                confidence=Confidence.LOW,
            )
        return
    only_assessor = agent.extensions_enabled is not False and not monitors and refused == [assessor]
    severity = None
    if only_assessor:
        severity = Severity.HIGH if machine.has_periodic_assessment else Severity.LOW
    effect = "it is not assessed periodically" if only_assessor else "it can be neither assessed nor patched"
    yield observe(f"the Arc agent refuses extensions: {'; '.join(reasons)}; {effect}", *signs, severity=severity)


def _extensions_for(machine: Machine) -> tuple[str, str]:
    """What installs, and what assesses every day, as the lists name them (`publisher/type`)."""
    system = "Linux" if machine.is_linux else "Windows"
    return (
        f"Microsoft.SoftwareUpdateManagement/{system}OsUpdateExtension",
        f"Microsoft.CPlat.Core/{system}PatchExtension",
    )


def _is_allowed(agent: ArcAgent, extension: str) -> bool:
    if _is_listed(agent.extensions_block_list, extension):
        return False
    return not agent.extensions_allow_list or _is_listed(agent.extensions_allow_list, extension)


def _is_listed(entries: tuple[str, ...], extension: str) -> bool:
    """Whether a list names an extension; an entry may leave the type open (`Microsoft.CPlat.Core/*`)."""
    name = extension.lower()
    return any(fnmatchcase(name, entry.strip().lower()) for entry in entries)
