"""A plan in every format: reviewed pages, the published schema, scripts that are run, names that try to break out."""

from __future__ import annotations

import json as stdlib_json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from aumdoctor.remedies.plan import PlanFile, PlannedAction
from aumdoctor.report import emit, json, plan_table
from tests.builders import OTHER_SUBSCRIPTION, SUBSCRIPTION
from tests.report.planned import (
    HOSTILE,
    assessed_daily,
    assessed_now,
    attached,
    attached_server,
    hostile_plan,
    plan_file,
    registered,
    whole_plan,
)

SCHEMA = Path(__file__).parents[2] / "docs" / "plan.schema.json"
MatchesGolden = Callable[[str, str], None]
BASH = shutil.which("bash")


# The page.


def test_the_page_reads_as_it_was_reviewed(matches_golden: MatchesGolden) -> None:
    seen = ("2 reads failed", "missing permissions: Microsoft.Compute/virtualMachines/read")
    matches_golden("plan.txt", plan_table.render(whole_plan(), exit_code=3, not_seen=seen))


def test_the_verbose_page_reads_as_it_was_reviewed(matches_golden: MatchesGolden) -> None:
    matches_golden("plan-verbose.txt", plan_table.render(whole_plan(), exit_code=0, verbose=True))


def test_the_page_of_a_saved_estate_says_that_nothing_was_read() -> None:
    text = plan_table.render(plan_file(attached("vm-1")), exit_code=0, is_saved=True, width=200)
    assert "made of a saved estate" in text
    assert "properties.maintenanceConfigurationId: not read -> " in text


def test_nothing_to_do_is_told_apart_from_nothing_that_may_be_done() -> None:
    assert plan_table.render(plan_file(), exit_code=0).startswith("No action: nothing was found that has to be cured.")
    only_left = plan_file(left_out=whole_plan().left_out)
    assert plan_table.render(only_left, exit_code=0).startswith("No action: 6 findings are left out.")


def test_the_first_line_counts() -> None:
    first = plan_table.render(whole_plan(), exit_code=0, width=200).splitlines()[0]
    assert first == (
        "10 actions on 8 machines: 1 register-provider, 7 enable-periodic-assessment, 1 assign-schedule, "
        "1 assess-now; 6 findings are left out."
    )


@pytest.mark.parametrize("verbose", [False, True])
def test_a_hostile_name_steers_no_terminal(verbose: bool) -> None:
    text = plan_table.render(hostile_plan(), exit_code=0, not_seen=(HOSTILE,), verbose=verbose)
    assert all(line.isprintable() for line in text.split("\n"))
    assert "\\x1b[2J" in text


def test_a_plan_of_any_exit_code_has_its_meaning() -> None:
    for code in (0, 3, 130):
        assert plan_table.render(plan_file(), exit_code=code).splitlines()[-1].startswith(f"Exit code {code}: ")


# The file.


def test_the_published_schema_is_the_one_of_the_code() -> None:
    """AUMDOCTOR_TEST_WRITE_GOLDEN=1 writes it anew."""
    text = stdlib_json.dumps(json.schema("plan"), indent=2) + "\n"
    if os.environ.get("AUMDOCTOR_TEST_WRITE_GOLDEN"):
        SCHEMA.write_text(text, encoding="utf-8")
    assert text == SCHEMA.read_text(encoding="utf-8")
    Draft202012Validator.check_schema(json.schema("plan"))
    assert all(definition.get("description") for definition in json.schema("plan")["$defs"].values())


@pytest.mark.parametrize("plan", [whole_plan(), hostile_plan(), plan_file()], ids=["whole", "hostile", "empty"])
def test_a_plan_keeps_to_the_schema(plan: PlanFile) -> None:
    text = json.render(plan)
    assert all(line.isprintable() for line in text.split("\n"))
    Draft202012Validator(json.schema("plan"), format_checker=FormatChecker()).validate(stdlib_json.loads(text))


@pytest.mark.parametrize("name", emit.EMITTERS)
def test_no_character_of_a_name_steers_a_terminal_that_shows_a_script(name: str) -> None:
    assert all(line.isprintable() for line in emit.EMITTERS[name](hostile_plan()).split("\n"))


# Bash.


@pytest.fixture
def ran(tmp_path: Path) -> Callable[..., tuple[int, list[list[str]], list[str]]]:
    """Run a script with an `az` that records its words and fails at a given call (0: never): the exit code, the words
    of each call, and the files that came to be."""
    programs, folder = tmp_path / "bin", tmp_path / "work"
    programs.mkdir()
    folder.mkdir()
    record = tmp_path / "calls"
    (programs / "az").write_text(
        "#!/bin/sh\n"
        'for word in "$@"; do printf "%s\\0" "$word"; done >> "$CALLS"; printf "\\1\\0" >> "$CALLS"\n'
        'test "$(tr -dc "\\001" < "$CALLS" | wc -c)" -ne "$FAIL_AT"\n'
    )
    (programs / "az").chmod(0o755)

    def run(script: str, fail_at: int = 0) -> tuple[int, list[list[str]], list[str]]:
        record.write_bytes(b"")
        assert BASH is not None
        path = f"{programs}:{os.environ['PATH']}"
        ended = subprocess.run(
            [BASH, "-c", script],
            cwd=folder,
            env={"PATH": path, "CALLS": str(record), "FAIL_AT": str(fail_at)},
            capture_output=True,
            timeout=30,
            check=False,
        )
        calls: list[list[str]] = [[]]
        for word in record.read_bytes().decode().split("\0")[:-1]:
            if word == "\1":
                calls.append([])
            else:
                calls[-1].append(word)
        return ended.returncode, calls[:-1], sorted(found.name for found in folder.iterdir())

    return run


needs_bash = pytest.mark.skipif(BASH is None, reason="there is no bash here")


def test_the_script_reads_as_it_was_reviewed(matches_golden: MatchesGolden) -> None:
    matches_golden("plan.bash", emit.bash(whole_plan()))


@needs_bash
@pytest.mark.parametrize("plan", [whole_plan(), hostile_plan(), plan_file()], ids=["whole", "hostile", "empty"])
def test_the_script_is_bash_and_calls_az_with_exactly_these_words(
    plan: PlanFile, ran: Callable[..., tuple[int, list[list[str]], list[str]]]
) -> None:
    script = emit.bash(plan)
    assert subprocess.run([str(BASH), "-n", "-c", script], capture_output=True, check=False).returncode == 0
    code, calls, files = ran(script)
    assert (code, files) == (0, [])
    assert calls == [shlex.split(action.az)[1:] for action in plan.actions]


@needs_bash
def test_the_script_ends_at_the_first_call_that_fails(
    ran: Callable[..., tuple[int, list[list[str]], list[str]]],
) -> None:
    code, calls, _ = ran(emit.bash(whole_plan()), fail_at=3)
    assert code != 0
    assert len(calls) == 3


@needs_bash
@pytest.mark.parametrize(
    "line", ["az rest; touch owned", "az rest $(touch owned)", "touch owned", "az 'rest", "az rest\ntouch owned", ""]
)
def test_a_line_that_is_more_than_one_command_is_not_written(
    line: str, ran: Callable[..., tuple[int, list[list[str]], list[str]]]
) -> None:
    """The remedies write none; a plan that somebody else made may hold one."""
    odd = attached("vm-1")
    plan = plan_file(PlannedAction(**{name: getattr(odd, name) for name in odd.__struct_fields__} | {"az": line}))
    _, calls, files = ran(emit.bash(plan))
    assert files == []
    assert calls == [shlex.split(odd.call.az_rest)[1:]]


# PowerShell.


def test_the_powershell_script_reads_as_it_was_reviewed(matches_golden: MatchesGolden) -> None:
    matches_golden("plan.ps1", emit.pwsh(whole_plan()))


QUOTES = "'\u2018\u2019\u201a\u201b"


def tokens(script: str) -> Iterator[tuple[str, str]]:
    """PowerShell's comments, single-quoted strings and other words, as its tokenizer takes them apart: a string ends
    at a quote of any kind that no other quote follows; a comment at the end of its line."""
    at = 0
    while at < len(script):
        character = script[at]
        if character == "#":
            end = next((place for place in range(at, len(script)) if script[place] in "\r\n"), len(script))
            yield "comment", script[at:end]
            at = end
        elif character in QUOTES:
            text = ""
            at += 1
            while True:
                assert at < len(script), "a string without an end"
                if script[at] in QUOTES:
                    if at + 1 >= len(script) or script[at + 1] not in QUOTES:
                        break
                    at += 1
                text += script[at]
                at += 1
            at += 1
            yield "string", text
        elif character == '"':
            raise AssertionError("a string in which something is interpolated")
        elif character.isspace():
            yield from [("line", "")] if character in "\r\n" else []
            at += 1
        else:
            word = re.match(rf"[^\s#\"{QUOTES}]+", script[at:])
            assert word is not None
            yield "word", word.group()
            at += word.end()


def requests(script: str) -> list[tuple[str, str, str | None]]:
    """The requests that a script makes: method, path, payload. Fails where it holds anything else than that."""
    lines: list[list[tuple[str, str]]] = [[]]
    for token in tokens(script):
        if token[0] == "line":
            lines.append([])
        elif token[0] != "comment":
            lines[-1].append(token)
    found: list[tuple[str, str, str | None]] = []
    for line in [line for line in lines if line]:
        words = [text for kind, text in line if kind == "word"]
        strings = [text for kind, text in line if kind == "string"]
        if words[0] == "$ErrorActionPreference":
            assert (words, strings) == (["$ErrorActionPreference", "="], ["Stop"])
        elif words[0] == "if":
            told = ["+", "$answer.StatusCode", "+", "+", "$answer.Content", "}"]
            assert words == ["if", "($answer.StatusCode", "-ge", "300)", "{", "throw", *told]
        else:
            assert words[:5] == ["$answer", "=", "Invoke-AzRestMethod", "-Method", "-Path"]
            assert words[5:] == (["-Payload"] if len(strings) == 3 else [])
            found.append((strings[0], strings[1], strings[2] if len(strings) == 3 else None))
    return found


@pytest.mark.parametrize("plan", [whole_plan(), hostile_plan(), plan_file()], ids=["whole", "hostile", "empty"])
def test_the_powershell_script_makes_exactly_these_requests(plan: PlanFile) -> None:
    found = requests(emit.pwsh(plan))
    assert [(method, unquote(path)) for method, path, _ in found] == [
        (action.call.method, f"{action.call.path}?api-version={action.call.api_version}") for action in plan.actions
    ]
    assert [stdlib_json.loads(body) if body is not None else None for *_, body in found] == [
        action.call.body for action in plan.actions
    ]
    assert all(path.isascii() and not re.search(r"[\s'\"`$;#]", path) for _, path, _ in found)


@settings(max_examples=150, deadline=None)
@given(text=st.text(alphabet=st.one_of(st.sampled_from("'\u2018\u2019\u201a\u201b\"$`\n;# a"), st.characters())))
def test_a_literal_of_powershell_is_one_string_with_the_same_text(text: str) -> None:
    assert list(tokens(emit.powershell_literal(text))) == [("string", text)]


# Declarations.


@pytest.mark.parametrize("name", ["bicep", "terraform"])
def test_the_declarations_read_as_they_were_reviewed(name: str, matches_golden: MatchesGolden) -> None:
    matches_golden(f"plan.{name}", emit.EMITTERS[name](plan_file(*whole_plan().actions[:3], *whole_plan().actions[8:])))


@pytest.mark.parametrize(("name", "mark"), [("bicep", "//"), ("terraform", "#")])
def test_every_declaration_has_a_name_of_its_own(name: str, mark: str) -> None:
    text = emit.EMITTERS[name](plan_file(*(attached(f"vm-{number}") for number in range(3))))
    symbols = re.findall(r"(?m)^resource (\w+ '|\"\w+\" \"\w+\")", text)
    assert len(symbols) == len(set(symbols)) == (6 if name == "bicep" else 3)
    if name == "bicep":
        scopes = re.findall(r"(?m)^  scope: (\w+)$", text)
        assert scopes == ["machine_1", "machine_2", "machine_3"]


def test_what_is_declared_for_several_subscriptions_names_the_provider_of_each(matches_golden: MatchesGolden) -> None:
    """Without it every resource lands in the subscription of the default provider, and registrations collide."""
    text = emit.terraform(
        plan_file(
            registered(SUBSCRIPTION), registered(OTHER_SUBSCRIPTION), assessed_daily("vm-1"), attached_server("arc-1")
        )
    )
    matches_golden("plan-of-two-subscriptions.terraform", text)
    aliases = dict(re.findall(r'(?m)^  alias += "(\w+)"\n  subscription_id += "([\w-]+)"$', text))
    assert sorted(aliases.values()) == [SUBSCRIPTION, OTHER_SUBSCRIPTION]
    used = re.findall(r'(?m)^resource "(\w+)" "(\w+)" \{\n  provider = azurerm\.(\w+)\n', text)
    assert [(kind, aliases[alias]) for kind, _, alias in used] == [
        ("azurerm_resource_provider_registration", SUBSCRIPTION),
        ("azurerm_resource_provider_registration", OTHER_SUBSCRIPTION),
        ("azurerm_windows_virtual_machine", SUBSCRIPTION),
    ]
    addresses = re.findall(r'(?m)^resource ("\w+" "\w+")', text)
    assert len(addresses) == len(set(addresses)) == 4


def test_what_is_declared_for_one_subscription_needs_no_alias_and_names_it() -> None:
    text = emit.terraform(plan_file(registered(OTHER_SUBSCRIPTION), assessed_now("arc-1")))
    assert "alias" not in text
    assert f"\n# All of it belongs to the subscription {OTHER_SUBSCRIPTION}.\n" in text
    assert 'resource_provider_registrations = "none"' in text


@pytest.mark.skipif(shutil.which("terraform") is None, reason="there is no terraform here")
def test_terraform_finds_the_declarations_well_formed() -> None:
    made = plan_file(registered(SUBSCRIPTION), registered(OTHER_SUBSCRIPTION), attached_server("arc-1"), attached("vm"))
    for text in (emit.terraform(made), emit.terraform(whole_plan())):
        ended = subprocess.run(["terraform", "fmt", "-"], input=text, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize(("name", "mark"), [("bicep", "//"), ("terraform", "#")])
def test_what_cannot_be_declared_is_named_in_a_comment(name: str, mark: str) -> None:
    lines = emit.EMITTERS[name](plan_file(assessed_now("arc-1"))).splitlines()
    assert all(not line or line.startswith(mark) for line in lines)
    assert any("as a command: az connectedmachine assess-patches --name arc-1" in line for line in lines)


@pytest.mark.parametrize(("name", "mark"), [("bicep", "//"), ("terraform", "#")])
def test_a_hostile_name_stays_inside_its_literal(name: str, mark: str) -> None:
    allowed = re.compile(
        rf"|{mark}.*|resource (\w+ '[\w./@-]+'( existing)? =|\"\w+\" \"\w+\") {{| *}}|  scope: \w+"
        r"| +\w+ *[:=] ({|true|false|'([^'\\]|\\.)*'|\"([^\"\\]|\\.)*\")"
    )
    for line in emit.EMITTERS[name](hostile_plan()).split("\n"):
        assert allowed.fullmatch(line), line
        if not line.startswith(mark):
            assert not re.search(r"(?<![$\\])\$\{", line)
