"""What holds for every remedy, whoever wrote it."""

import json
import re
import shlex
from collections.abc import Iterator

import pytest

from aumdoctor.checks.registry import CHECKS
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Confidence, Finding, Severity
from aumdoctor.model.machine import Machine
from aumdoctor.model.maintenance import DynamicScopeFilter
from aumdoctor.remedies.catalogue import BY_NAME, REMEDIES
from aumdoctor.remedies.plan import ONLY_WHEN_NAMED
from aumdoctor.remedies.remedy import Remedy, RemedyKind, Risk
from tests.builders import (
    SUBSCRIPTION,
    arc_agent,
    arc_machine,
    azure_vm,
    change,
    configuration,
    estate,
    patch_settings,
    static_assignment,
)

HOSTILE = "a b; $(rm -rf ~) `id` 'x' \"y\" & | > \\"


def machines(name: str) -> list[Machine]:
    settings = patch_settings(patch_mode="Manual")
    fresh = patch_settings(patch_mode=None, assessment_mode=None, bypass_platform_safety_checks_on_user_schedule=None)
    tags = {name: "value"}
    return [
        azure_vm(name, resource_group=name, power_state="deallocated", patch_settings=settings, tags=tags),
        azure_vm(f"{name}2", resource_group=name, os_type="Linux", patch_settings=fresh),
        azure_vm(f"{name}3", resource_group=name, os_type=None),
        arc_machine(name, resource_group=name, location=name, arc=arc_agent(status="Disconnected")),
        arc_machine(f"{name}2", resource_group=name, os_type="Linux", arc=arc_agent(status="Expired")),
    ]


def findings_about(machine: Machine, name: str) -> Iterator[Finding]:
    """Findings that carry everything that any remedy asks for."""
    schedule = configuration(name, resource_group=name)
    policy = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/policyAssignments/{name}"
    details = {
        "namespace": "Microsoft.Maintenance",
        "extension": name,
        "maintenanceConfigurationId": schedule.id,
        "machineId": machine.id,
        "assignmentId": static_assignment(machine, schedule, name=name).id,
        "policyAssignmentId": policy,
        "policyDefinitionReferenceId": name,
        "thenPolicyAssignmentId": policy,
        "principalId": name,
        "scope": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{name}",
        "rebootSetting": "Always",
        "instead": "a newer release",
        "dynamicScope": "true",
        "startDateTime": "2026-01-03 02:00",
        "timeZone": "W. Europe Standard Time",
    }
    for scheduled in ("true", "false"):
        yield Finding(
            check="AUM000",
            name="any",
            severity=Severity.HIGH,
            confidence=Confidence.HIGH,
            resource_id=machine.id,
            message="",
            evidence=(),
            machines=(machine.id,),
            details={**details, "scheduled": scheduled},
        )


def made_out(kind: RemedyKind, name: str) -> list[Remedy]:
    known = machines(name)
    usual = configuration(name, resource_group=name)
    odd = change(usual.window, duration="04:30", expiration_date_time="2026-01-31 00:00", time_zone=name)
    spelled = change(static_assignment(known[0], usual, name=name), filter=DynamicScopeFilter(tags={name: ("VALUE",)}))
    seen: list[Estate] = [
        estate(*known, configurations=[schedule], assignments=[spelled])
        for schedule in (usual, change(usual, window=odd))
    ]
    remedies = (
        kind.prescribe(finding, each) for each in seen for machine in known for finding in findings_about(machine, name)
    )
    return [remedy for remedy in remedies if remedy is not None]


every_remedy = pytest.mark.parametrize("kind", REMEDIES, ids=lambda kind: kind.name)


def test_the_catalogue_is_in_order_and_without_doubles() -> None:
    names = [kind.name for kind in REMEDIES]
    assert names == sorted(set(names))


def test_every_check_prescribes_remedies_that_exist_and_every_remedy_is_prescribed() -> None:
    """Those that change the guest also where no check of Azure's side sees what they cure."""
    prescribed = {name for check in CHECKS for name in check.remedies}
    assert prescribed <= set(BY_NAME)
    assert set(BY_NAME) - prescribed <= ONLY_WHEN_NAMED


@every_remedy
def test_it_can_be_made_out_and_says_what_to_do(kind: RemedyKind) -> None:
    remedies = made_out(kind, "plain")
    assert remedies
    for remedy in remedies:
        assert (remedy.name, remedy.risk) == (kind.name, kind.risk)
        assert remedy.calls or remedy.steps
        assert bool(remedy.calls) == bool(remedy.az)
        assert remedy.title[0].isupper()
        assert not remedy.title.endswith(".")


@every_remedy
def test_advice_makes_no_calls_and_everything_else_does(kind: RemedyKind) -> None:
    for remedy in made_out(kind, "plain"):
        assert bool(remedy.calls) == (kind.risk is not Risk.ADVICE)


@every_remedy
def test_its_calls_are_arm_requests_with_json_bodies(kind: RemedyKind) -> None:
    for call in (call for remedy in made_out(kind, "plain") for call in remedy.calls):
        assert call.method in {"GET", "PUT", "POST", "PATCH", "DELETE"}
        assert call.path.startswith("/")
        assert not call.path.endswith("/")
        assert "?" not in call.path
        assert call.api_version[:2] == "20"
        assert json.loads(json.dumps(call.body)) == call.body
        if call.method == "DELETE":
            assert call.body is None


@every_remedy
def test_it_never_touches_what_azure_fixes_or_reserves(kind: RemedyKind) -> None:
    for call in (call for remedy in made_out(kind, "plain") for call in remedy.calls):
        text = json.dumps(call.body)
        assert "enableAutomaticUpdates" not in text
        assert "provisionVMAgent" not in text
        assert not (call.method == "PUT" and "/extensions/" in call.path)


@every_remedy
def test_names_from_azure_stay_one_word_of_the_command_line(kind: RemedyKind) -> None:
    for remedy in made_out(kind, HOSTILE):
        for line in remedy.az:
            words = shlex.split(line)
            assert words[0] == "az"
            assert not {";", "&", "|", ">", "$(rm", "`id`"} & set(words)
            # Inside a JSON body the name is escaped once more.
            assert all(HOSTILE in word or json.dumps(HOSTILE)[1:-1] in word for word in words if "rm -rf" in word)
        for text in (*remedy.az, *remedy.steps):
            assert HOSTILE not in text


@every_remedy
def test_a_finding_without_what_it_needs_gets_no_remedy_and_no_error(kind: RemedyKind) -> None:
    bare = Finding(
        check="AUM000",
        name="any",
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        resource_id=f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Maintenance",
        message="",
        evidence=(),
    )
    remedy = kind.prescribe(bare, estate())
    assert remedy is None or kind.name == "allow-extension-operations"


# The portal has no switch for these.
WITHOUT_PORTAL = {"allow-extension-operations", "set-reboot-setting"}
STRING = {"bicep": re.compile(r"'((?:[^'\\]|\\.)*)'"), "terraform": re.compile(r'"((?:[^"\\]|\\.)*)"')}


@every_remedy
def test_what_azure_is_asked_for_has_a_way_through_the_portal_unless_there_is_none(kind: RemedyKind) -> None:
    assert not kind.portal or " > " in kind.portal
    if kind.risk is not Risk.ADVICE:
        assert bool(kind.portal) == (kind.name not in WITHOUT_PORTAL)


@every_remedy
@pytest.mark.parametrize("name", ["plain", HOSTILE, "a${b}", "%{if}", "x'}\n{", 'y"}\n'])
def test_what_it_declares_is_well_formed_and_names_are_mere_strings(kind: RemedyKind, name: str) -> None:
    for remedy in made_out(kind, name):
        for language, text in (("bicep", remedy.bicep), ("terraform", remedy.terraform)):
            if not text:
                continue
            declared = uncommented(text)
            values = [read(string, language) for string in STRING[language].findall(declared)]
            assert values
            assert "None" not in declared
            if kind.name != "register-provider":
                assert any(name in value for value in values)
            code = STRING[language].sub("", declared)
            assert code.count("{") == code.count("}") > 0
            assert re.fullmatch(r"[\w .=:{}\n]*", code), code


def uncommented(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith(("//", "#")))


def read(literal: str, language: str) -> str:
    """The value of a string literal's inside; fails where something in it would be interpolated."""
    plain = literal.replace("\\${", "").replace("$${", "").replace("%%{", "")
    assert "${" not in plain
    assert language == "bicep" or "%{" not in plain
    value = literal.replace("$${", "${").replace("%%{", "%{") if language == "terraform" else literal
    escapes = {"n": "\n", "r": "\r", "t": "\t"}
    return re.sub(r"\\(.)", lambda found: escapes.get(found[1], found[1]), value)


@every_remedy
def test_what_is_declared_is_what_the_calls_set(kind: RemedyKind) -> None:
    for remedy in made_out(kind, "plain"):
        assert not remedy.bicep or remedy.terraform
        if not remedy.bicep:
            continue
        for call in remedy.calls:
            for value in leaves(call.body):
                written = str(value).lower() if isinstance(value, bool) else value
                assert written in remedy.bicep
                assert written in remedy.terraform


def leaves(body: object) -> Iterator[object]:
    if isinstance(body, dict):
        for value in body.values():
            yield from leaves(value)
    elif body is not None:
        yield body


@every_remedy
def test_no_placeholder_is_left_open(kind: RemedyKind) -> None:
    for remedy in made_out(kind, "plain"):
        for call in remedy.calls:
            assert not set("{}<>") & set(call.path)
            assert not {"None", ""} & {value for value in leaves(call.body) if isinstance(value, str)}
