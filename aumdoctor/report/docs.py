"""The documentation pages of the checks, made from the checks themselves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import product

import msgspec

from aumdoctor.checks.check import Check, Subject
from aumdoctor.diagnosis.causes import parents_of
from aumdoctor.diagnosis.links import link_of
from aumdoctor.knowledge import policies
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import READ_PERMISSIONS
from aumdoctor.model.finding import Finding, Operation, Severity
from aumdoctor.model.machine import ArcAgent, Machine, MachineKind, PatchSettings
from aumdoctor.model.maintenance import (
    ConfigurationAssignment,
    DynamicScopeFilter,
    MaintenanceConfiguration,
    MaintenanceWindow,
)
from aumdoctor.model.policy import RoleAssignment
from aumdoctor.remedies.catalogue import remedies_for
from aumdoctor.remedies.remedy import Remedy, Risk
from aumdoctor.report.explanation import SUBJECTS

_NOTE = "<!-- Written by `make docs` from the check itself. Change it there. -->"
_RISKS = {
    Risk.SAFE: "safe",
    Risk.CONSENT: "ask the owner first",
    Risk.DISRUPTIVE: "disruptive",
    Risk.PRIVILEGE: "grants a privilege",
    Risk.COST: "costs money",
    Risk.ADVICE: "by hand",
}


def pages(checks: Sequence[Check], tests: Mapping[str, str]) -> dict[str, str]:
    """Every page by its file name: one a check, and README.md. `tests` gives the test file of each check id."""
    written = {f"{check.id}.md": page(check, checks) for check in checks}
    return {**written, "README.md": index(checks, tests)}


def page(check: Check, checks: Sequence[Check]) -> str:
    """The page of one check; `checks` are all, for the names of its neighbours."""
    by_id = {other.id: other for other in checks}
    summary, _, documentation = check.documentation.partition("\n\n")
    parts = [
        f"# {check.id} {check.name}",
        _NOTE,
        " ".join(summary.split()),
        _table(("", ""), _properties(check)),
        re.sub(r"(?m)^(## .+)\n(?=.)", r"\1\n\n", documentation),
        *_cures(check),
        *_neighbours("Explains", check.causes, by_id),
        *_neighbours("Explained by", parents_of(checks).get(check.id, ()), by_id),
        "## What it reads",
        _table(("fact", "permissions", ""), _facts(check)),
    ]
    return "\n\n".join(parts) + "\n"


def index(checks: Sequence[Check], tests: Mapping[str, str]) -> str:
    """The index: all checks by severity, by section of the troubleshooting article, by what they stop."""
    parts = [
        "# Checks",
        _NOTE,
        f"The {len(checks)} known issues that `aumdoctor scan` and `aumdoctor why` look for. "
        "`aumdoctor explain AUM018` shows a page in the terminal.",
        "## By severity",
    ]
    for severity in sorted(Severity, reverse=True):
        of_severity = [check for check in checks if check.severity is severity]
        if of_severity:
            rows = [(_link(check), _about(check), _cell(check.summary)) for check in of_severity]
            parts += [f"### {severity.label.capitalize()}", _table(("check", "about", "what it sees"), rows)]
    parts += [
        "## By section of the troubleshooting article",
        "Sections of Microsoft's troubleshooting article, the check that looks for each, and the test that proves it.",
        _table(
            ("section", "check", "test"),
            [
                (_cell(str(check.seed)), _link(check), _test(check, tests))
                for check in sorted((check for check in checks if check.seed), key=_section)
            ],
        ),
        "## By what they stop",
    ]
    for operation in Operation:
        stopping = [_link(check) for check in checks if operation in check.blocks]
        if stopping:
            parts += [f"### {operation.value}", ", ".join(stopping)]
    rest = [_link(check) for check in checks if not check.blocks]
    if rest:
        parts += ["### nothing by itself", ", ".join(rest)]
    parts += [
        "## Tests",
        _table(("check", "test"), [(_link(check), _test(check, tests)) for check in checks]),
    ]
    return "\n\n".join(parts) + "\n"


def _properties(check: Check) -> list[tuple[str, str]]:
    article = [("Troubleshooting article", _cell(check.seed))] if check.seed else []
    return [
        ("Severity", check.severity.label),
        ("Confidence", check.confidence.value),
        ("About", _about(check)),
        ("Stops", ", ".join(check.blocks) or "nothing by itself"),
        ("Link of the chain", f"{link_of(check.id)} (`aumdoctor why`)"),
        ("Since", check.since),
        ("Source", _cell(check.source)),
        *article,
    ]


def _about(check: Check) -> str:
    return SUBJECTS[check.applies_to] + (f" with {check.os.capitalize()}" if check.os else "")


def _facts(check: Check) -> list[tuple[str, str, str]]:
    named = [(fact, "without it the answer is unknown") for fact in check.needs]
    named += [(fact, "sharpens the answer") for fact in check.uses]
    return [
        (fact.value, "<br>".join(f"`{permission}`" for permission in READ_PERMISSIONS[fact]), why)
        for fact, why in named
    ]


def _neighbours(title: str, ids: Iterable[str], by_id: Mapping[str, Check]) -> list[str]:
    known = [by_id[each] for each in ids if each in by_id]
    return [f"## {title}", "\n".join(f"- {_link(check)}" for check in known)] if known else []


def _link(check: Check) -> str:
    return f"[{check.id} {check.name}]({check.id}.md)"


def _test(check: Check, tests: Mapping[str, str]) -> str:
    return f"[{tests[check.id]}](../../{tests[check.id]})" if check.id in tests else ""


def _section(check: Check) -> tuple[int, str]:
    number = re.search(r"[0-9]+", check.seed or "")
    return int(number.group()) if number else 0, check.id


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(text: str) -> str:
    return _plain(text).replace("|", "\\|")


def _plain(text: str) -> str:
    """A text that Markdown shows as it is; what stands in backticks is left alone, as Markdown does."""
    pieces = text.split("`")
    pieces[::2] = [re.sub(r"([<*])", r"\\\1", piece) for piece in pieces[::2]]
    return "`".join(pieces)


def _cures(check: Check) -> Iterator[str]:
    cures = _sample_remedies(check)
    if not cures:
        return
    yield "## Cures"
    for by_system in cures:
        remedy = next(iter(by_system.values()))
        taken_back = "can be taken back" if remedy.reversible else "cannot be taken back"
        yield f"### {remedy.title}"
        yield f"`{remedy.name}`: {_RISKS[remedy.risk]}, {taken_back}."
        steps = {system: "\n".join(f"- {_step(step)}" for step in each.steps) for system, each in by_system.items()}
        for system, text in _that_differ(steps):
            yield f"{system}:\n\n{text}" if system else text
        if remedy.portal:
            yield f"Portal: {_plain(remedy.portal)}"
        for title, language, code in _CHANNELS:
            for system, text in _that_differ({system: code(each) for system, each in by_system.items()}):
                yield f"{title} ({system}):" if system else f"{title}:"
                yield f"```{language}\n{text.rstrip()}\n```"


def _that_differ(texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The texts that are not empty, each under its system; one for all of them under none."""
    if len(set(texts.values())) == 1:
        texts = {"": next(iter(texts.values()))}
    yield from ((system, text) for system, text in texts.items() if text)


def _rest(remedy: Remedy) -> str:
    return "\n\n".join(
        f"{call.method} {call.path}?api-version={call.api_version}{_body(call.body)}" for call in remedy.calls
    )


_CHANNELS: tuple[tuple[str, str, Callable[[Remedy], str]], ...] = (
    ("REST", "http", _rest),
    ("Azure CLI", "sh", lambda remedy: "\n".join(remedy.az)),
    ("Bicep", "bicep", lambda remedy: remedy.bicep),
    ("Terraform", "hcl", lambda remedy: remedy.terraform),
)

# A command in a sentence, from its program to where the sentence goes on; what is quoted belongs to it.
_COMMAND = re.compile(
    r"(?<![^\s(])(?:az|azcmagent|sudo|systemctl|msiexec|curl|getent|Test-NetConnection|Resolve-DnsName)"
    r" (?:'[^']*'|[^'])+?(?=\.?$|\. [A-Z]|[,;:)]\s|\)| \(| (?:or|and|before|with its|on the) )"
)


def _step(text: str) -> str:
    """A step, its commands as code."""
    return _plain(text if "`" in text else _COMMAND.sub(r"`\g<0>`", text))


def _body(body: object) -> str:
    return "" if body is None else "\n\n" + msgspec.json.format(msgspec.json.encode(body), indent=2).decode()


def _sample_remedies(check: Check) -> list[dict[str, Remedy]]:
    """The check's remedies, each by operating system: made out for the first of some samples that it can be made out
    for, and for the one that differs from that in nothing but the system."""
    found: dict[str, dict[str, Remedy]] = {}
    sample_of: dict[str, object] = {}
    samples = product(_sample_machines(check), _SAMPLE_WINDOWS, ("true", "false"), ((), (_OWNER,)))
    about = {"assignmentId": _SCOPE.id} if check.name == "dynamic-scope-misses" else {}
    for machine, window, scheduled, roles in samples:
        schedule = msgspec.structs.replace(_SCHEDULE, window=window)
        estate = Estate(
            collected_at=datetime(2026, 1, 1, tzinfo=UTC),
            machines=(machine,),
            configurations=(schedule,),
            assignments=(_SCOPE,) if check.applies_to is Subject.ESTATE else (),
            role_assignments=roles,
        )
        finding = Finding(
            check=check.id,
            name=check.name,
            severity=check.severity,
            confidence=check.confidence,
            resource_id=_SUBSCRIPTION if check.applies_to is Subject.SUBSCRIPTION else machine.id,
            message="",
            evidence=(),
            machines=(machine.id,),
            details={**_DETAILS, **about, "machineId": machine.id, "scheduled": scheduled},
        )
        sample = (msgspec.structs.replace(machine, os_type=None), window, scheduled, roles)
        for remedy in remedies_for(finding, check, estate):
            if sample_of.setdefault(remedy.name, sample) == sample:
                found.setdefault(remedy.name, {}).setdefault(machine.os_type or "", remedy)
    return [found[name] for name in check.remedies if name in found]


_SUBSCRIPTION = "/subscriptions/{subscription}"
_GROUP = f"{_SUBSCRIPTION}/resourceGroups/{{resourceGroup}}"
_SCHEDULE = MaintenanceConfiguration(
    id=f"{_GROUP}/providers/Microsoft.Maintenance/maintenanceConfigurations/{{schedule}}",
    name="{schedule}",
    location="{location}",
    maintenance_scope="InGuestPatch",
)
_WINDOW = MaintenanceWindow(
    start_date_time="2026-01-03 22:00", duration="01:30", time_zone="UTC", recur_every="1Week Saturday"
)
# Too short, too long, and over: what the remedies of schedules are for.
_SAMPLE_WINDOWS = (
    _WINDOW,
    msgspec.structs.replace(_WINDOW, duration="05:00"),
    msgspec.structs.replace(_WINDOW, expiration_date_time="2026-02-01 00:00"),
)
_ASSIGNMENT = f"{_SUBSCRIPTION}/providers/Microsoft.Authorization/policyAssignments/{{policyAssignment}}"
# A policy's identity that lacks nothing.
_OWNER = RoleAssignment(
    id=f"{_SUBSCRIPTION}/providers/Microsoft.Authorization/roleAssignments/{{roleAssignment}}",
    scope=_SUBSCRIPTION,
    principal_id="{principalId}",
    role_definition_id=policies.OWNER,
)
# A dynamic scope that misses the machine by a letter. Only estate-wide findings are about one.
_SCOPE = ConfigurationAssignment(
    id=f"{_SUBSCRIPTION}/providers/Microsoft.Maintenance/configurationAssignments/{{assignment}}",
    name="{assignment}",
    maintenance_configuration_id=_SCHEDULE.id,
    location="global",
    filter=DynamicScopeFilter(tags={"PatchWave": ("wave-a",)}),
)
# Whatever a finding may carry for a remedy, as placeholders.
_DETAILS = {
    "namespace": "{namespace}",
    "extension": "{extension}",
    "rebootSetting": "IfRequired",
    "maintenanceConfigurationId": _SCHEDULE.id,
    "assignmentId": f"{_GROUP}/providers/Microsoft.Compute/virtualMachines/{{machine}}"
    "/providers/Microsoft.Maintenance/configurationAssignments/{assignment}",
    "policyAssignmentId": _ASSIGNMENT,
    "principalId": "{principalId}",
    "scope": _SUBSCRIPTION,
    "startDateTime": "2026-01-04 02:00",
    "timeZone": "W. Europe Standard Time",
}


def _sample_machines(check: Check) -> Iterator[Machine]:
    os_types = [check.os.capitalize()] if check.os else ["Windows", "Linux"]
    settings = PatchSettings(patch_mode="AutomaticByPlatform")
    for os_type in os_types if check.applies_to is not Subject.ARC else ():
        for power_state in ("running", "deallocated"):
            yield Machine(
                id=f"{_GROUP}/providers/Microsoft.Compute/virtualMachines/{{machine}}",
                name="{machine}",
                kind=MachineKind.AZURE_VM,
                location="{location}",
                tags={"PatchWave": "Wave-A"},
                os_type=os_type,
                power_state=power_state,
                patch_settings=settings,
            )
    for os_type in os_types if check.applies_to is not Subject.AZURE_VM else ():
        for status in ("Connected", "Disconnected"):
            yield Machine(
                id=f"{_GROUP}/providers/Microsoft.HybridCompute/machines/{{machine}}",
                name="{machine}",
                kind=MachineKind.ARC,
                location="{location}",
                os_type=os_type,
                arc=ArcAgent(status=status),
            )
