import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.builders import azure_vm, estate

Run = Callable[..., Any]
SEEN = estate(azure_vm(allow_extension_operations=False), scheduled=True)


def configure(folder: Path, text: str, name: str = "aumdoctor.toml") -> None:
    (folder / name).write_text(text, encoding="utf-8")


def test_the_file_of_the_folder_sets_options_and_is_named(replay: Run, tmp_path: Path) -> None:
    configure(tmp_path, '[scan]\noutput = ["json"]\nchecks = ["AUM045"]\nfail-on = "never"\nmin_severity = "low"\n')
    ended = replay(SEEN)
    report = json.loads(ended.out)
    assert (report["checks"], report["fail_on"], report["min_severity"]) == (["AUM045"], "never", "low")
    assert ended.err == "options from aumdoctor.toml\n"


def test_another_file_can_be_named_instead(replay: Run, tmp_path: Path) -> None:
    configure(tmp_path, '[scan]\nfail-on = "nonsense"\n')
    configure(tmp_path, '[scan]\nfail-on = "never"\n', "other.toml")
    assert replay(SEEN, "--config", "other.toml").code == 0
    assert replay(SEEN, "--config", "absent.toml").code == 2


def test_the_command_line_wins_over_a_variable_and_that_over_the_file(
    replay: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(tmp_path, '[scan]\nfail-on = "never"\n')
    assert replay(SEEN).code == 0
    monkeypatch.setenv("AUMDOCTOR_FAIL_ON", "critical")
    assert replay(SEEN).code == 1
    assert replay(SEEN, "--fail-on", "never").code == 0


def test_a_list_in_a_variable_is_separated_by_commas(replay: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUMDOCTOR_CHECKS", "AUM045, extension-operations-disabled")
    monkeypatch.setenv("AUMDOCTOR_OUTPUT", "json")
    monkeypatch.setenv("AUMDOCTOR_VERBOSE", "true")
    assert json.loads(replay(SEEN).out)["checks"] == ["AUM018", "AUM045"]


def test_an_empty_variable_sets_nothing(replay: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUMDOCTOR_FAIL_ON", "")
    assert replay(SEEN).code == 1


def test_the_token_and_the_files_place_are_no_options(
    replay: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(tmp_path, '[scan]\nfail-on = "never"\n', "elsewhere.toml")
    monkeypatch.setenv("AUMDOCTOR_ACCESS_TOKEN", "secret")
    monkeypatch.setenv("AUMDOCTOR_CONFIG", "elsewhere.toml")
    assert replay(SEEN).code == 0


def test_what_reaches_azure_does_not_stop_a_replay(replay: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUMDOCTOR_SUBSCRIPTION", "Production")
    assert replay(SEEN).code == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[scan]\ndepht = "quick"\n', ["aumdoctor.toml, [scan] depht: there is no such option", "did you mean depth?"]),
        ('[scan]\ndepth = "quik"\n', ["aumdoctor.toml, [scan] depth: 'quik' is not one of", "did you mean 'quick'?"]),
        (
            '[scan]\nsubscription = "a"\nconcurrency = "many"\n',
            ["[scan] concurrency: 'many' is not a whole number from 1 to 512"],
        ),
        (
            "[scan]\nconcurrency = 0\n",
            ["[scan] concurrency: 0 is not a whole number from 1 to 512", "give a whole number"],
        ),
        ("[scan]\ndepth = true\n", ["[scan] depth: true is not a value"]),
        ('[scan]\ndepth = ["quick"]\n', ["[scan] depth: ['quick'] is not a single value"]),
        ("[scan]\ntag = { a = 1 }\n", ["[scan] tag: {'a': 1} is not a list"]),
        ('[scan]\nverbose = "perhaps"\n', ["[scan] verbose: 'perhaps' is not true or false"]),
        ('[scna]\ndepth = "quick"\n', ["there is no table [scna]", "next step: did you mean [scan]?"]),
        ("[elsewhere]\n", ["there is no table [elsewhere]", "stand in the table [scan]"]),
        ('depth = "quick"\n', ["depth is in no table", "[scan]"]),
        ("[scan\n", ["aumdoctor.toml is not valid TOML", "line 1"]),
        ('[scan]\nconfig = "x"\n', ["[scan] config: there is no such option"]),
    ],
)
def test_what_is_wrong_in_the_file_is_said_with_its_place(
    replay: Run, tmp_path: Path, text: str, told: list[str]
) -> None:
    configure(tmp_path, text)
    ended = replay(SEEN)
    assert (ended.code, ended.out) == (2, "")
    assert all(part in ended.err for part in told), ended.err


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("AUMDOCTOR_SUBSCRIPTOIN", "x", "did you mean AUMDOCTOR_SUBSCRIPTION?"),
        ("AUMDOCTOR_DEPTH", "fulll", "did you mean 'full'?"),
        (
            "AUMDOCTOR_QUIET",
            "perhaps",
            "AUMDOCTOR_QUIET: 'perhaps' is not true or false\nnext step: give true or false",
        ),
        ("AUMDOCTOR_CONCURRENCY", "9999", "'9999' is not a whole number from 1 to 512\nnext step: give a whole number"),
        ("AUMDOCTOR_TIMEOUT", "0", "'0' is not a number of at least 1\nnext step: give a number"),
        ("AUMDOCTOR_HELP", "1", "AUMDOCTOR_HELP: there is no such option"),
    ],
)
def test_what_is_wrong_in_a_variable_is_said_with_its_name(
    replay: Run, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, told: str
) -> None:
    monkeypatch.setenv(variable, value)
    ended = replay(SEEN)
    assert ended.code == 2
    assert told in ended.err
    assert variable in ended.err


def test_a_file_that_a_variable_names_and_that_is_absent_names_the_variable(
    replay: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUMDOCTOR_CONFIG", "absent.toml")
    ended = replay(SEEN)
    assert ended.code == 2
    assert "cannot read absent.toml" in ended.err
    assert "AUMDOCTOR_CONFIG" in ended.err
    assert "--config" not in ended.err


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "latin-1"])
def test_a_file_in_another_encoding_than_utf_8_is_told_so(replay: Run, tmp_path: Path, encoding: str) -> None:
    (tmp_path / "aumdoctor.toml").write_bytes('[scan]\nsubscription = ["Büro"]\n'.encode(encoding))
    ended = replay(SEEN)
    assert ended.code == 2
    assert "aumdoctor.toml is not in UTF-8" in ended.err


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(replay: Run, tmp_path: Path) -> None:
    (tmp_path / "aumdoctor.toml").write_bytes('[scan]\r\nfail-on = "never"\r\n'.encode("utf-8-sig"))
    assert replay(SEEN).code == 0


def test_every_option_can_stand_in_the_file(replay: Run, tmp_path: Path) -> None:
    configure(
        tmp_path,
        """[scan]
subscription = ["a"]
management-group = ["b"]
all-subscriptions = true
resource-group = ["c"]
machine = ["d"]
tag = ["e=f"]
location = ["westeurope"]
auth = "cli"
tenant = "t"
client-id = "i"
cloud = "custom"
arm-endpoint = "https://arm.example"
authority = "login.example"
ca-bundle = "ca.pem"
source = "graph"
depth = "full"
timeout = 600
concurrency = 8
output = ["table"]
verbose = true
quiet = true
checks = ["AUM018"]
skip-checks = []
min-severity = "info"
fail-on = "critical"
debug = false
demo = false
""",
    )
    ended = replay(SEEN)
    assert (ended.code, ended.err) == (1, "")
