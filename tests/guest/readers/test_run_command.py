import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aumdoctor.guest.artefact import UnreadableError
from aumdoctor.guest.readers.registry import READERS
from aumdoctor.guest.readers.run_command import RUN_COMMAND
from aumdoctor.model.guest import Damage, Observation, Record, State
from tests.guest.artefacts import artefact

SAMPLES = Path(__file__).parent.parent / "samples/runcommand"
TROUBLESHOOTER = Path(__file__).parent.parent / "samples/troubleshooter/azure-all-passed.txt"
PROBE = (SAMPLES / "probe-linux-healthy.jsonl").read_text()


def read(content: bytes | str) -> list[Record]:
    given_artefact = artefact("answer.json", content)
    assert RUN_COMMAND.recognises(given_artefact)
    assert next(each for each in READERS if each.recognises(given_artefact)) is RUN_COMMAND
    return list(RUN_COMMAND.read(given_artefact))


def damages(records: list[Record]) -> list[str]:
    return [record.why for record in records if isinstance(record, Damage)]


def subjects(records: list[Record]) -> dict[str, State]:
    return {record.subject: record.state for record in records if isinstance(record, Observation)}


def windows(output: str, error: str = "", word: str = "succeeded") -> dict[str, object]:
    return {
        "value": [
            {"code": f"ComponentStatus/StdOut/{word}", "level": "Info", "displayStatus": "x", "message": output},
            {"code": f"ComponentStatus/StdErr/{word}", "level": "Info", "displayStatus": "x", "message": error},
        ]
    }


def managed(output: str, machine: str = "virtualMachines", **view: object) -> dict[str, object]:
    provider = "Microsoft.Compute" if machine == "virtualMachines" else "Microsoft.HybridCompute"
    return {
        "id": f"/subscriptions/s/resourceGroups/g/providers/{provider}/{machine}/vm-01/runCommands/probe",
        "properties": {
            "instanceView": {"executionState": "Succeeded", "exitCode": 0, "output": output, "error": ""} | view
        },
    }


@pytest.mark.parametrize("name", ["healthy", "sudo-failed", "proxy-timer-inactive", "tls-reboot", "genuine-here"])
def test_the_action_gives_what_the_probe_gives(name: str) -> None:
    records = read((SAMPLES / f"action-probe-linux-{name}.json").read_bytes())
    probe = next(each for each in READERS if each.name == "probe")
    alone = list(probe.read(artefact("x", (SAMPLES / f"probe-linux-{name}.jsonl").read_bytes())))
    assert not damages(records)
    assert [type(record) for record in records] == [type(record) for record in alone]
    assert subjects(records) == subjects(alone)
    assert {record.origin.file for record in records} == {"answer.json!/stdout"}
    assert records[0].origin.line == 1


def test_the_managed_form_names_the_machine_and_the_time() -> None:
    records = read((SAMPLES / "managed-probe-linux.json").read_bytes())
    assert {record.computer for record in records} == {"vm-lin-01"}
    times = {record.at for record in records if isinstance(record, Observation)}
    assert times == {datetime(2026, 8, 18, 3, 14, 9, tzinfo=UTC)}


def test_the_form_of_the_azure_cli_and_of_arc() -> None:
    flat = managed(PROBE)
    flat |= flat.pop("properties")  # type: ignore[arg-type]
    for body in (
        flat,
        [flat, managed(PROBE, machine="machines")],
        {"status": "Succeeded", "properties": {"output": flat}},
    ):
        records = read(json.dumps(body, indent=2))
        assert not damages(records)
        assert {record.computer for record in records} == {"vm-01"}


@pytest.mark.parametrize(
    "body",
    [
        windows(PROBE.replace("\n", "\r\n")),
        {"properties": {"output": windows(PROBE)}},
        {"Value": [{"Code": "ComponentStatus/StdOut/succeeded", "Message": PROBE}], "Count": 0},
        {
            "value": [
                {"code": "ProvisioningState/succeeded", "message": f"Enable succeeded: \n[stdout]\n{PROBE}\n[stderr]\n"}
            ]
        },
    ],
)
def test_forms_of_the_action(body: object) -> None:
    records = read(json.dumps(body))
    assert not damages(records)
    assert len(subjects(records)) == 16


def test_the_message_alone_and_what_powershell_prints() -> None:
    assert not damages(read(f"Enable succeeded: \n[stdout]\n{PROBE}\n[stderr]\n"))
    printed = (
        "Value[0]        : \n  Code          : ComponentStatus/StdOut/succeeded\n  Level         : Info\n"
        f"  DisplayStatus : Provisioning succeeded\n  Message       : {PROBE}"
        "Value[1]        : \n  Code          : ComponentStatus/StdErr/succeeded\n  Level         : Info\n"
        "  DisplayStatus : Provisioning succeeded\n  Message       : \nStatus          : Succeeded\nCapacity : 0\n"
    )
    records = read(printed.replace("\n", "\r\n"))
    assert not damages(records)
    assert len(subjects(records)) == 16


def test_the_troubleshooter_inside_an_answer() -> None:
    records = read(json.dumps(windows(TROUBLESHOOTER.read_text())))
    assert len(records) == 10
    assert {record.origin.line for record in records} == {5}


def test_a_plain_command_inside_an_answer() -> None:
    text = "\r\nCurrent WinHTTP proxy settings:\r\n\r\n    Direct access (no proxy server).\r\n\r\n"
    assert not damages(read(json.dumps(windows(text))))


def test_a_head_that_was_cut_off_is_told() -> None:
    records = read((SAMPLES / "action-truncated-head.json").read_bytes())
    said = damages(records)
    assert "last 4,096 bytes" in said[0]
    assert any("of the probe's" in why for why in said)
    assert "sudo" in subjects(records)


def test_an_output_of_4096_bytes_may_have_lost_its_head_whatever_it_is() -> None:
    text = "Current WinHTTP proxy settings:\r\n\r\n    Direct access (no proxy server).\r\n"
    assert "last 4,096 bytes" in damages(read(json.dumps(windows("\n" * (4096 - len(text)) + text))))[0]
    assert not damages(read(json.dumps(windows("\n" * 100 + text))))


def test_a_refusal_gives_nothing() -> None:
    with pytest.raises(UnreadableError, match="another command was running"):
        read((SAMPLES / "action-conflict-409.json").read_bytes())
    with pytest.raises(UnreadableError, match="another command was running"):
        read("(Conflict) Run command extension execution is in progress. Please wait for completion")


def test_the_sample_script_of_the_service_is_no_answer() -> None:
    records = read(json.dumps(windows("This is a sample script with parameters\r\n")))
    assert [type(record) for record in records] == [Damage]
    assert "its own sample" in damages(records)[0]


@pytest.mark.parametrize(
    ("view", "said"),
    [
        ({"executionState": "TimedOut"}, "state TimedOut"),
        ({"executionState": "Failed", "exitCode": 1}, "exit code 1"),
        ({"exitCode": 3}, "exit code 3"),
        ({"executionState": "Running"}, "state Running"),
    ],
)
def test_a_command_that_did_not_succeed_is_told_and_what_it_printed_stands(view: dict[str, object], said: str) -> None:
    records = read(json.dumps(managed(PROBE, **view)))
    assert said in damages(records)[0]
    assert len(subjects(records)) == 16


def test_outputs_that_say_nothing() -> None:
    assert damages(read(json.dumps(windows("")))) == ["the command printed nothing"]
    (unknown,) = read(json.dumps(windows("", "bash: foo: command not found, password=geheim")))
    assert isinstance(unknown, Damage)
    assert "no known kind" in unknown.why
    assert "geheim" not in unknown.text


def test_an_answer_that_is_cut_off_is_unreadable() -> None:
    text = (SAMPLES / "managed-probe-linux.json").read_text()
    with pytest.raises(UnreadableError, match="cut off"):
        read(text[:1500])


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_answers_that_powershell_redirected(encoding: str) -> None:
    assert not damages(read(json.dumps(windows(PROBE), indent=2).encode(encoding)))


def test_what_is_none_is_not_recognised() -> None:
    view = {"instanceView": {"statuses": [{"code": "ProvisioningState/succeeded"}]}, "id": "/virtualMachines/vm"}
    for text in ("", "{}", "[]", json.dumps(view), PROBE, TROUBLESHOOTER.read_text(), "see /runCommands/ for help"):
        assert not RUN_COMMAND.recognises(artefact("x", text))


def test_an_answer_inside_an_answer_inside_an_answer() -> None:
    body = PROBE
    for _ in range(4):
        body = json.dumps(windows(body))
    assert damages(read(body))
    with pytest.raises(UnreadableError):
        read('{"x": "ComponentStatus/StdOut", "y":' + "[" * 100_000)


KEYS = st.sampled_from(
    ["value", "code", "message", "instanceView", "executionState", "output", "error", "properties", "id", "exitCode"]
)
TEXTS = st.sampled_from(
    [
        "ComponentStatus/StdOut/succeeded",
        "ProvisioningState/failed",
        "[stdout]\nx[stderr]y",
        PROBE,
        "x" * 5000,
        "Failed",
    ]
)


@settings(deadline=None)
@given(
    st.recursive(
        TEXTS | st.none() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
        max_leaves=12,
    )
)
def test_no_answer_is_too_odd(body: object) -> None:
    try:
        for record in RUN_COMMAND.read(artefact("x", json.dumps({"value": body}))):
            assert isinstance(record, Record)
    except UnreadableError:
        pass
