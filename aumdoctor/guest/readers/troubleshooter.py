"""The JSON of Microsoft's troubleshooters for Update Manager, Linux and Windows, Azure and Arc, compact and full.

Rules as in github.com/Azure/AzureUpdateManager (Troubleshooter/, 2024-09-13) and in updatecenter_troubleshooter.py of
github.com/Azure/LinuxPatchExtension, whose ids begin with `Linux.`. Several rules answer something other than their
name says; what such a rule says is marked `weak`:

- SudoCheck looks whether the script itself runs as root, and never tries sudo.
- AutoAssessmentTimerCheck, and the agents on Linux: "inactive" contains "active", so that a stopped one passes. The
  agent's unit is looked for under Ubuntu's name only.
- ReposAccessCheck wants /etc/apt/sources.list: with deb822 sources only it fails and names no host. It takes an answer
  to ping for access, and tries port 443 also where the repository is reached on port 80.
- TlsVersionCheck fails on Linux with every failure to connect, on Windows where the check before it failed.
- HttpsConnectionCheck opens a TCP connection, past a proxy.
- ProxySettingsCheck sees one variable on Linux; on Windows it looks for two English words.
- OSSupportedCheck has an old list (Ubuntu 22.04 and later, Debian 12, … fail).
- ArcExtension and AzureExtension are both asked on every machine, which has one of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from aumdoctor.guest.artefact import Artefact, UnreadableError
from aumdoctor.guest.envelope import kept, member
from aumdoctor.guest.reader import reader
from aumdoctor.guest.text import decode, quoted, whole_text
from aumdoctor.model.guest import Damage, Observation, Origin, Record, RegistryValue, State

TOOL = "troubleshooter"

_MARK = re.compile(r'"(?:RuleId|CheckResult)"\s*:')
_START = re.compile(r'\[\s*\{\s*"')
_OBJECT = re.compile(r"\{[^{}]{1,20000}\}")
_NOT_ROOT = "Please run this script as root"
_STATES = {"passed": State.OK, "passedwithwarning": State.WARNING, "failed": State.BAD}
_MOST_RULES = 500


class _Rule(msgspec.Struct, frozen=True):
    """An answer of the troubleshooter. `others` are the answers to the other rules, by their ids in lower case."""

    name: str
    state: State
    reason: str
    arguments: tuple[str, ...]
    is_windows: bool
    others: dict[str, State]
    origin: Origin
    text: str

    def says(
        self,
        subject: str,
        *,
        state: State | None = None,
        weak: bool = False,
        values: dict[str, str] | None = None,
    ) -> Observation:
        said = {"rule": self.name, **({"reason": self.reason} if self.reason else {}), **(values or {})}
        return Observation(
            origin=self.origin,
            text=self.text,
            subject=subject,
            state=self.state if state is None else state,
            values={name: value for name, value in said.items() if value},
            tool=TOOL,
            weak=weak,
        )

    @property
    def behind_proxy(self) -> bool:
        found = self.others.get("proxysettingscheck", self.others.get("proxycheck"))
        return found is not None and found != State.OK


def _recognises(artefact: Artefact) -> bool:
    head = decode(artefact.head)
    return _MARK.search(head) is not None or head.lstrip("\ufeff \r\n\t").startswith(_NOT_ROOT)


@reader(name="troubleshooter", title="Microsoft's troubleshooter for Update Manager", recognises=_recognises)
def TROUBLESHOOTER(artefact: Artefact) -> Iterator[Record]:  # noqa: N802 - it is a reader, not a function
    """Read the answers to all rules, with or without lines of text around them."""
    text, is_longer = whole_text(artefact, most=4 << 20)
    answers, why, place = _answers(text)
    origin = Origin(artefact.path, line=text.count("\n", 0, place) + 1)
    if not answers:
        if _NOT_ROOT in text:
            raise UnreadableError("the troubleshooter was not run as root, and looked at nothing")
        raise UnreadableError("there are no answers of the troubleshooter in it")
    if why or is_longer:
        yield Damage(origin=origin, why=why or "it is too long; the rest is not looked at")
    if len(answers) > _MOST_RULES:
        yield Damage(origin=origin, why=f"more than {_MOST_RULES} rules; the rest is not looked at")
    unknown: list[str] = []
    timer_was_told = False
    for rule in _rules(answers[:_MOST_RULES], origin):
        key = rule.name.lower()
        if key == "autoassessment":
            # One id for two answers: the timer first, then the service.
            key = "autoassessment.service" if timer_was_told else "autoassessment.timer"
            timer_was_told = True
        judge = _RULES.get(key)
        if judge is None:
            unknown.append(rule.name)
        else:
            yield from judge(rule)
    if unknown:
        some = quoted(", ".join(unknown[:10]))
        yield Damage(origin=origin, why=f"rules that this version does not know: {some}")


def _answers(text: str) -> tuple[list[dict[str, Any]], str, int]:
    """The answers, what is wrong with their form, and where they begin."""
    for start in _START.finditer(text):
        try:
            found, _ = json.JSONDecoder().raw_decode(text, start.start())
            answers = _of_rules(kept(found))
        except (ValueError, RecursionError):
            break
        if answers:
            return answers, "", start.start()
    pieces: list[dict[str, Any]] = []
    first = -1
    for piece in _OBJECT.finditer(text):
        try:
            found = kept(json.loads(piece[0]))
        except (ValueError, RecursionError):
            continue
        if _of_rules([found]):
            pieces.append(found)
            first = piece.start() if first < 0 else first
    is_alone = len(pieces) == 1 and text[:first].strip()[-1:] not in ("[", ",")
    return pieces, "" if is_alone else "the list is cut off: the rules that are missing are not known", max(first, 0)


def _of_rules(found: Any) -> list[dict[str, Any]]:
    if not isinstance(found, list):
        return []
    return [each for each in found if isinstance(each, dict) and isinstance(member(each, "RuleId"), str)]


_OF_WINDOWS = ("dotnetframework", "wuservice", "rdagent", "wsusserver", "muenable", "windowsazure", "wuendpoint")


def _rules(answers: list[dict[str, Any]], origin: Origin) -> Iterator[_Rule]:
    names = [_name(each) for each in answers]
    states = [_STATES.get(str(member(each, "CheckResult")).lower(), State.UNKNOWN) for each in answers]
    others = {name.lower(): state for name, state in zip(names, states, strict=True)}
    is_windows = any(name.startswith(_OF_WINDOWS) for name in others) or any(
        member(each, "RuleName") is not None for each in answers
    )
    for name, state, answer in zip(names, states, answers, strict=True):
        given = member(answer, "CheckResultMessageArguments")
        arguments = given if isinstance(given, list) else [] if given in (None, "") else [given]
        # `<rule>.<result>[.<reason>]`, where the result may be another than the one beside it.
        message_id = str(member(answer, "CheckResultMessageId") or "").removeprefix(f"{member(answer, 'RuleId')}.")
        yield _Rule(
            name=name,
            state=state,
            reason=quoted(message_id.partition(".")[2]),
            arguments=tuple(quoted(each) for each in arguments if isinstance(each, str) and each.strip()),
            is_windows=is_windows,
            others=others,
            origin=origin,
            text=quoted(json.dumps(answer, ensure_ascii=False)),
        )


def _name(answer: dict[str, Any]) -> str:
    name = quoted(str(member(answer, "RuleId")))
    return re.sub(r"^(?:Linux|Windows)\.", "", name, flags=re.IGNORECASE)


# -- the rules ---------------------------------------------------------------------------------------------------------

_Judge = Callable[[_Rule], Iterator[Record]]


def _plainly(subject: str, *, weak_if: tuple[State, ...] = (), values: dict[str, str] | None = None) -> _Judge:
    """A rule that answers the question itself, but proves nothing where it says one of `weak_if`."""

    def judge(rule: _Rule) -> Iterator[Record]:
        yield rule.says(subject, weak=rule.state in weak_if, values=values)

    return judge


def _sudo(rule: _Rule) -> Iterator[Record]:
    state = rule.state if rule.state == State.OK else State.UNKNOWN
    yield rule.says("sudo", state=state, weak=True)


def _proxy(rule: _Rule) -> Iterator[Record]:
    if rule.state == State.OK:
        yield rule.says("proxy", weak=not rule.is_windows)
    else:
        state = State.UNKNOWN if rule.state == State.UNKNOWN else State.WARNING
        yield rule.says("proxy", state=state, weak=rule.is_windows)


def _tls(rule: _Rule) -> Iterator[Record]:
    if rule.is_windows:
        weak = rule.state == State.BAD and not rule.reason
    else:
        https = rule.others.get("httpsconnectioncheck", rule.others.get("httpscheck"))
        weak = rule.state == State.BAD and https != State.OK
    yield rule.says("tls12", weak=weak)


def _https(rule: _Rule) -> Iterator[Record]:
    weak = rule.state == State.OK or rule.behind_proxy
    yield rule.says("https", weak=weak, values={"host": rule.arguments[0] if rule.arguments else ""})


def _agent(service: str) -> _Judge:
    def judge(rule: _Rule) -> Iterator[Record]:
        yield rule.says("agent", weak=not rule.is_windows and rule.state == State.OK, values={"service": service})

    return judge


def _either_extension(rule: _Rule) -> Iterator[Record]:
    yield rule.says("patch-extension", weak=rule.state != State.OK)


_HTTP_ARCHIVES = re.compile(r"(?:.*\.)?(?:archive|security|ports)\.ubuntu\.com|(?:.*\.)?debian\.org", re.IGNORECASE)


def _repositories(rule: _Rule) -> Iterator[Record]:
    if rule.state != State.BAD or not rule.arguments:
        yield rule.says("repository", weak=True)
        return
    for host in rule.arguments:
        is_host = re.fullmatch(r"[\w.:-]{1,255}", host) is not None
        weak = rule.behind_proxy or not is_host or _HTTP_ARCHIVES.fullmatch(host) is not None
        yield rule.says("repository", weak=weak, values={"host": host, "port": "443"})


def _hosts(subject: str) -> _Judge:
    """A rule that names the hosts that are not reached, by TCP on port 443."""

    def judge(rule: _Rule) -> Iterator[Record]:
        if rule.state != State.BAD or not rule.arguments:
            yield rule.says(subject, weak=rule.state == State.BAD and rule.behind_proxy)
            return
        for host in rule.arguments:
            yield rule.says(subject, weak=rule.behind_proxy, values={"host": host, "port": "443"})

    return judge


def _wire_server(rule: _Rule) -> Iterator[Record]:
    ports = re.findall(r"Port(\d{2,5})Failed", rule.reason)
    if rule.state != State.BAD or not ports:
        yield rule.says("wireserver")
        return
    for port in dict.fromkeys(ports):
        yield rule.says("wireserver", values={"port": port})


_POLICY = r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate"


def _wsus(rule: _Rule) -> Iterator[Record]:
    server = rule.arguments[0] if rule.arguments else ""
    yield rule.says("wsus", values={"server": server})
    if server or rule.state == State.OK:
        yield RegistryValue(
            origin=rule.origin,
            text=rule.text,
            key=_POLICY,
            name="WUServer",
            value=server or None,
            exists=bool(server),
        )


_OK, _BAD = State.OK, State.BAD

_RULES: dict[str, _Judge] = {
    "sudocheck": _sudo,
    "pythonversioncheck": _plainly("python"),
    "ossupportedcheck": _plainly("supported-system", weak_if=(_BAD,)),
    "operatingsystemcheck": _plainly("supported-system", weak_if=(_BAD,)),
    "proxysettingscheck": _proxy,
    "proxycheck": _proxy,
    "tlsversioncheck": _tls,
    "httpsconnectioncheck": _https,
    "httpscheck": _https,
    "internetconnectioncheck": _https,
    "imdscheck": _plainly("endpoint", weak_if=(_OK,), values={"host": "169.254.169.254"}),
    "linuxazureguestagentservicecheck": _plainly("agent", weak_if=(_OK, _BAD), values={"service": "walinuxagent"}),
    "rdagentservicecheck": _agent("RdAgent"),
    "windowsazureguestagentservicecheck": _agent("WindowsAzureGuestAgent"),
    "himdsservicecheck": _agent("himds"),
    "himdsd": _agent("himdsd"),
    "extd": _agent("extd"),
    "gcad": _agent("gcad"),
    "agent": _agent("azcmagent"),
    "agentandservices": _agent("azcmagent"),
    "patchextensioncheck": _plainly("patch-extension"),
    "azureextension": _either_extension,
    "arcextension": _either_extension,
    "autoassessmenttimercheck": _plainly("auto-assess-timer", weak_if=(_OK,)),
    "autoassessment.timer": _plainly("auto-assess-timer", weak_if=(_OK,)),
    "autoassessmentservicecheck": _plainly("auto-assess-service"),
    "autoassessment.service": _plainly("auto-assess-service"),
    "reposaccesscheck": _repositories,
    "arcrequiredendpointscheck": _hosts("endpoint"),
    "wuendpointconnectivitycheck": _hosts("update-endpoint"),
    "wireserverconnectivitycheck": _wire_server,
    "wsusserverconfiguredcheck": _wsus,
    "alwaysautorebootcheck": _plainly("auto-update", values={"name": "AlwaysAutoRebootAtScheduledTime"}),
    "automaticupdatecheck": _plainly("auto-update", values={"name": "AUOptions"}),
    "wuservicerunningcheck": _plainly("update-service", values={"service": "wuauserv"}),
    "muenablecheck": _plainly("microsoft-update"),
    "dotnetframeworkinstalledcheck": _plainly("dotnet"),
}
