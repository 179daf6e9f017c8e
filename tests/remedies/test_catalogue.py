"""What holds for every remedy, whoever wrote it."""

import json
import shlex
from collections.abc import Iterator

import pytest

from aumdoctor.checks.registry import CHECKS
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Confidence, Finding, Severity
from aumdoctor.model.machine import Machine
from aumdoctor.remedies.catalogue import BY_NAME, REMEDIES
from aumdoctor.remedies.remedy import Remedy, RemedyKind, Risk
from tests.builders import (
    SUBSCRIPTION,
    arc_agent,
    arc_machine,
    azure_vm,
    configuration,
    estate,
    patch_settings,
    static_assignment,
)

HOSTILE = "a b; $(rm -rf ~) `id` 'x' \"y\" & | > \\"


def machines(name: str) -> list[Machine]:
    settings = patch_settings(patch_mode="Manual")
    fresh = patch_settings(patch_mode=None, assessment_mode=None, bypass_platform_safety_checks_on_user_schedule=None)
    return [
        azure_vm(name, resource_group=name, power_state="deallocated", patch_settings=settings),
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
    seen: Estate = estate(*known, configurations=[configuration(name, resource_group=name)])
    remedies = (kind.prescribe(finding, seen) for machine in known for finding in findings_about(machine, name))
    return [remedy for remedy in remedies if remedy is not None]


every_remedy = pytest.mark.parametrize("kind", REMEDIES, ids=lambda kind: kind.name)


def test_the_catalogue_is_in_order_and_without_doubles() -> None:
    names = [kind.name for kind in REMEDIES]
    assert names == sorted(set(names))


def test_every_check_prescribes_remedies_that_exist_and_every_remedy_is_prescribed() -> None:
    assert {name for check in CHECKS for name in check.remedies} == set(BY_NAME)


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
