"""A plan as scripts and declarations that a reviewer can read, keep and run in place of `aumdoctor apply`.

Whatever comes from Azure stands in a literal of the language, in which nothing is interpolated, or in a comment on one
line. None of them makes the checks that applying a plan makes: of drift, locks, patch windows and policies.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import quote

from aumdoctor.model import ids
from aumdoctor.remedies.declared import terraform_literal
from aumdoctor.remedies.plan import PlanFile, PlannedAction
from aumdoctor.remedies.remedy import ArmCall
from aumdoctor.remedies.run_in_guest import is_run, script_of
from aumdoctor.report import script_runs
from aumdoctor.report.text import count, printable

_SINGLE_QUOTES = re.compile("['\u2018\u2019\u201a\u201b]")
"""What PowerShell takes for a single quote (about_Quoting_Rules, and IsSingleQuote in its tokenizer)."""

_INVISIBLE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
"""What steers a terminal or cannot be seen, but for the line breaks of a snippet."""

_NAMED = 5


def bash(plan: PlanFile) -> str:
    """A script for bash: the command line of each action as its remedy quotes it, ended by the first that fails."""
    lines = ["#!/usr/bin/env bash", *_head(plan, "#", awaits=True), "set -euo pipefail"]
    if _has_runs(plan):
        lines.append(script_runs.BASH)
    for number, action in enumerate(plan.actions, start=1):
        lines += ["", *_comment(plan, number, action, "#"), *(_run(action) if is_run(action.call) else [_az(action)])]
    return _text(lines)


def _has_runs(plan: PlanFile) -> bool:
    return any(is_run(action.call) for action in plan.actions)


def _run(action: PlannedAction) -> Iterator[str]:
    """The lines that run a script in a machine and wait for its end: `az rest` does not."""
    call = action.call
    if call.method == "PUT":
        yield _az(action)
        url = f"{call.path}?api-version={call.api_version}"
        yield " ".join(map(bash_literal, ["wait_for_run_command", action.id, url]))
        return
    machine, command = call.path.rpartition("/")[0], str((call.body or {}).get("commandId"))
    words = ["az", "vm", "run-command", "invoke", "--ids", machine, "--command-id", command]
    yield " ".join(map(bash_literal, ["run_in_vm", action.id, *words, "--scripts", script_of(call)]))


def _az(action: PlannedAction) -> str:
    """The action's own command line where it is one command and nothing else, else that of its request; always one
    line of what can be seen."""
    try:
        words = shlex.split(action.az)
    except ValueError:
        words = []
    is_one = words[:1] == ["az"] and shlex.join(words) == action.az
    line = action.az if is_one else action.call.az_rest
    return line if line.isprintable() else " ".join(map(bash_literal, shlex.split(line)))


def bash_literal(word: str) -> str:
    """A word for bash in which nothing is interpolated; what cannot be seen is written as bytes of UTF-8, which mean
    the same in every locale (`$'\\x1b'`)."""
    if word.isprintable():
        return shlex.quote(word)
    shown = "".join(map(_byte_by_byte, word))
    return f"$'{shown}'"


def _byte_by_byte(character: str) -> str:
    if character.isprintable():
        return "\\" + character if character in "\\'" else character
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogatepass"))


def pwsh(plan: PlanFile) -> str:
    """A script for PowerShell with the module Az.Accounts: each request, ended by the first that Azure refuses."""
    required = script_runs.PWSH_REQUIRES if _has_runs(plan) else "#Requires -Modules Az.Accounts"
    lines = [required, *_head(plan, "#", awaits=True), "$ErrorActionPreference = 'Stop'"]
    if _has_runs(plan):
        lines.append(script_runs.PWSH)
    for number, action in enumerate(plan.actions, start=1):
        lines += ["", *_comment(plan, number, action, "#"), *_rest_method(action.id, action.call)]
    return _text(lines)


def _rest_method(name: str, call: ArmCall) -> Iterator[str]:
    path = f"{quote(call.path, safe='/')}?api-version={quote(call.api_version, safe='')}"
    is_waiting = is_run(call) and call.method == "POST"
    words = f"$answer = Invoke-AzRestMethod -Method {powershell_literal(call.method)} -Path {powershell_literal(path)}"
    if call.body is not None:
        words += f" -Payload {powershell_literal(json.dumps(call.body, separators=(',', ':')))}"
    yield words + " -WaitForCompletion -FinalResultFrom 'Location'" * is_waiting
    failed = f"{powershell_literal(f'action {name}: Azure answered ')} + $answer.StatusCode + ' ' + $answer.Content"
    yield f"if ($answer.StatusCode -ge 300) {{ throw {failed} }}"
    if is_waiting:
        printed = "(($answer.Content | ConvertFrom-Json).value.message -join [char]10)"
        yield f"Show-Printed {powershell_literal(name)} {printed}"
    elif is_run(call):
        yield f"Wait-RunCommand {powershell_literal(name)} {powershell_literal(path)}"


def powershell_literal(text: str) -> str:
    """A string of PowerShell in which nothing is interpolated; each kind of single quote in it is doubled."""
    return "'" + _SINGLE_QUOTES.sub(lambda found: found.group() * 2, text) + "'"


def bicep(plan: PlanFile) -> str:
    """What of a plan can be declared in Bicep; the rest is named in comments."""
    return _declared(plan, "//", "Bicep", lambda action: action.bicep, _own_symbols, _bicep_escape)


def terraform(plan: PlanFile) -> str:
    """What of a plan can be declared in Terraform; the rest is named in comments. Where several subscriptions are
    concerned, each has a provider with an alias."""
    subscriptions = _declared_subscriptions(plan)

    def snippet_of(action: PlannedAction) -> str:
        if len(subscriptions) < 2:
            return action.terraform
        alias = _alias(ids.subscription_of(action.target.path))
        return _AZURERM.sub(rf"\g<0>\n  provider = azurerm.{alias}\n", action.terraform)

    return _declared(
        plan, "#", "Terraform", snippet_of, _own_labels, _terraform_escape, _terraform_providers(plan, subscriptions)
    )


_AZURERM = re.compile(r'(?m)^resource "azurerm_\w+" "\w+" \{$')
_REGISTRATION = '"azurerm_resource_provider_registration"'


def _declared_subscriptions(plan: PlanFile) -> dict[str, bool]:
    """The subscriptions of what is declared, and whether a registration is declared there."""
    found: dict[str, bool] = {}
    for action in plan.actions:
        if action.terraform:
            subscription = ids.subscription_of(action.target.path)
            found[subscription] = found.get(subscription, False) or _REGISTRATION in action.terraform
    return found


def _alias(subscription: str) -> str:
    return "subscription_" + re.sub(r"[^0-9A-Za-z]", "_", subscription)


def _terraform_providers(plan: PlanFile, subscriptions: dict[str, bool]) -> Iterator[str]:
    """The providers of several subscriptions, or what has to hold for that of one (documentation of azurerm 4)."""
    if any('resource "azapi_' in action.terraform for action in plan.actions):
        yield '# What azapi declares needs its source among the required_providers: azapi = { source = "Azure/azapi" }'
    no_registrations = 'resource_provider_registrations = "none"'
    if len(subscriptions) == 1:
        for subscription, registers in subscriptions.items():
            yield f"# All of it belongs to the subscription {printable(subscription)}."
            if registers:
                yield f"# A provider that registers by itself refuses one that is declared: {no_registrations}"
        return
    for subscription, registers in subscriptions.items():
        yield from ("", 'provider "azurerm" {')
        yield f"  alias           = {terraform_literal(_alias(subscription))}"
        yield f"  subscription_id = {terraform_literal(subscription)}"
        if registers:
            yield "  # A provider that registers by itself refuses a registration that is declared."
            yield f"  {no_registrations}"
        yield from ("  features {}", "}")


EMITTERS: dict[str, Callable[[PlanFile], str]] = {
    "bash": bash,
    "pwsh": pwsh,
    "bicep": bicep,
    "terraform": terraform,
}
"""What a plan can be written as beside its own format, by name."""


def _declared(
    plan: PlanFile,
    mark: str,
    language: str,
    snippet_of: Callable[[PlannedAction], str],
    renamed: Callable[[str, int], str],
    escaped: Callable[[re.Match[str]], str],
    providers: Iterable[str] = (),
) -> str:
    lines = [
        *_head(plan, mark),
        f"{mark} These are parts to merge into where the resources are declared: a deployment replaces a resource.",
        *(_INVISIBLE.sub(escaped, line) for line in providers),
    ]
    for number, action in enumerate(plan.actions, start=1):
        snippet = snippet_of(action)
        lines += ["", *_comment(plan, number, action, mark)]
        if snippet:
            lines.append(_INVISIBLE.sub(escaped, renamed(snippet, number).rstrip("\n")))
        else:
            lines.append(f"{mark}   {language} cannot declare it; as a command: {printable(_az(action))}")
    return _text(lines)


def _bicep_escape(found: re.Match[str]) -> str:
    return f"\\u{{{ord(found.group()):x}}}"


def _terraform_escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found.group()):04x}"


def _own_symbols(snippet: str, number: int) -> str:
    """A Bicep snippet whose symbols carry a number, so that two of them can stand in one file. A literal is never at
    the beginning of a line."""
    for symbol in re.findall(r"(?m)^resource (\w+) '", snippet):
        snippet = re.sub(rf"(?m)^resource {symbol} '", f"resource {symbol}_{number} '", snippet)
        snippet = re.sub(rf"(?m)^(  scope: ){symbol}$", rf"\g<1>{symbol}_{number}", snippet)
    return snippet


def _own_labels(snippet: str, number: int) -> str:
    return re.sub(r'(?m)^(resource "\w+" "\w+)(" \{)$', rf"\g<1>_{number}\g<2>", snippet)


def _head(plan: PlanFile, mark: str, *, awaits: bool = False) -> Iterator[str]:
    machines = {ids.key(machine) for action in plan.actions for machine in action.machines}
    yield f"{mark} {count(len(plan.actions), 'action')} on {count(len(machines), 'machine')}."
    yield f"{mark} Made by {printable(plan.tool)} of what was read at {plan.collected_at:%Y-%m-%d %H:%M} UTC."
    yield f"{mark} Plan {printable(plan.digest)}"
    yield f"{mark} Nothing here looks for drift, locks, patch windows or policies first; aumdoctor apply does."
    but = "; the end of a script in a machine is awaited" if awaits and _has_runs(plan) else ""
    yield f"{mark} Azure may answer before an operation has ended{but}."
    if not plan.actions:
        yield f"{mark} There is nothing to do."


def _comment(plan: PlanFile, number: int, action: PlannedAction, mark: str) -> Iterator[str]:
    way_back = "reversible" if action.reversible else "not reversible"
    yield f"{mark} {number}. {printable(action.title)} ({action.remedy}, {action.risk}, {way_back}, {action.id})"
    yield f"{mark}   on {printable(action.target.path)}"
    named = [printable(ids.name_of(machine)) for machine in action.machines[:_NAMED]]
    if len(action.machines) > _NAMED:
        named.append(f"{len(action.machines) - _NAMED} more")
    if named:
        yield f"{mark}   for {', '.join(named)}"
    cured = dict.fromkeys(finding.check for finding in action.findings)
    yield f"{mark}   cures {', '.join(map(printable, cured))}"
    numbers = [str(at) for at, other in enumerate(plan.actions, start=1) if other.id in action.after]
    if numbers:
        yield f"{mark}   after {', '.join(numbers)}"
    for step in action.steps:
        yield f"{mark}   note: {printable(step)}"


def _text(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"
