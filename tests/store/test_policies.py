"""Policies as a person writes them: what is read, and what is refused with its place and the nearest valid word."""

import json
import re
import tomllib
from pathlib import Path

import jsonschema
import pytest

from aumdoctor.errors import UsageError
from aumdoctor.remedies.policy import STOP_AFTER, Freeze, Included, Matching, Policy
from aumdoctor.store.policies import load, schema

DOCS = Path(__file__).parents[2] / "docs"
WHOLE = """
version = 1

[remedies]
allow = ["assess-now", "allow-extension-operations"]
consent = ["allow-extension-operations"]

[machines.include]
tags = ["auto=yes"]

[machines.exclude]
names = ["dc-*"]

[limits]
max-machines = 50
max-percent = 12.5
canary = 2
stop-on-errors = "10%"
concurrency = 4

[[freeze]]
name = "year end"
from = 2026-12-20T00:00:00
until = "2027-01-07 06:00"
time-zone = "Europe/Berlin"

[[freeze]]
days = ["Fri", "Sat"]
hours = "18:00-06:00"
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "policy.toml"
    file.write_bytes(text.encode())
    return file


def test_a_policy_is_read_as_it_is_written(tmp_path: Path) -> None:
    policy = load(written(tmp_path, WHOLE))
    assert policy.allowed == ("assess-now", "allow-extension-operations")
    assert policy.machines.include == Included(tags=("auto=yes",))
    assert (policy.limits.max_machines, policy.limits.max_percent, policy.limits.stop_on_errors) == (50, 12.5, "10%")
    assert policy.freeze == (
        Freeze(name="year end", from_="2026-12-20T00:00:00", until="2027-01-07 06:00", time_zone="Europe/Berlin"),
        Freeze(days=("Fri", "Sat"), hours="18:00-06:00"),
    )


def test_the_shortest_policy_is_the_default(tmp_path: Path) -> None:
    assert load(written(tmp_path, "\ufeffversion = 1\r\n")) == Policy(version=1)
    assert Policy(version=1).limits.stop_on_errors == STOP_AFTER


@pytest.mark.parametrize(
    ("text", "place", "advice"),
    [
        ("", "does not say its version", "version = 1"),
        ("version = 2", "version: 2 is not 1", "update aumdoctor"),
        ("version = true", "version: True is not 1", "update"),
        ("version = ", "is not valid TOML", "mend the line"),
        ("version = 1\nremedys = 1", "remedys: there is no such key", "did you mean remedies?"),
        ("version = 1\nremedies = 1", "remedies: it is not a table", "[remedies]"),
        ("version = 1\n[limits]\nmax_machine = 1", "limits.max_machine: there is no such key", "max-machines"),
        ("version = 1\n[machines.exclude]\ntag = ['a=b']", "machines.exclude.tag: there is no", "did you mean tags?"),
        ("version = 1\n[limits]\ncanary = 'two'", "limits.canary: expected whole number", "docs/remediation.md"),
        ("version = 1\n[limits]\nconcurrency = 0", "limits.concurrency: expected whole number >= 1", "[limits]"),
        ("version = 1\n[limits]\nstop-on-errors = true", "limits.stop-on-errors: expected", "[limits]"),
        ("version = 1\n[limits]\nmax-percent = 101", "limits.max-percent: expected", "[limits]"),
        ("version = 1\n[remedies]\nallow = 'assess-now'", "remedies.allow: expected", "[remedies]"),
        ("version = 1\n[remedies]\nallow = ['asses-now']", "remedies.allow: there is no remedy", "'assess-now'"),
        ("version = 1\n[freeze]\ndays = ['Fri']", "freeze: it is not a list of tables", "[[freeze]]"),
        ("version = 1\n[[freeze]]\nday = ['Fri']", "freeze 1.day: there is no such key", "did you mean days?"),
        ("version = 1\n[[freeze]]\ndays = ['Freitag']", "freeze 1.days: 'Freitag' is no day", "Mon, Tue"),
        ("version = 1\n[[freeze]]\ndays = ['friday']", "freeze 1.days: 'friday' is no day", "did you mean 'Fri'?"),
        ("version = 1\n[[freeze]]\nfrom = 2026-12-20T00:00", "is not valid TOML", "needs its seconds"),
        ("version = 1\n[[freeze]]\nfrom = 2026-12-20\nuntil = 2026-12-27", "freeze 1.from: '2026-12-20'", "T00:00:00"),
    ],
)
def test_what_is_not_valid_is_named_with_its_place(tmp_path: Path, text: str, place: str, advice: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        load(file)
    assert str(file) in caught.value.message
    assert place in caught.value.message
    assert advice in (caught.value.advice or "")


def test_a_file_that_is_no_text_or_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read"):
        load(tmp_path / "absent.toml")
    (tmp_path / "policy.toml").write_bytes("version = 1".encode("utf-16"))
    with pytest.raises(UsageError, match=r"not in UTF-8|not valid TOML"):
        load(tmp_path / "policy.toml")


def test_the_schema_takes_what_is_read_and_refuses_what_is_not() -> None:
    check = jsonschema.Draft202012Validator(schema())
    jsonschema.Draft202012Validator.check_schema(schema())
    document = json.loads(json.dumps(tomllib.loads(WHOLE), default=str))
    assert list(check.iter_errors(document)) == []
    assert list(check.iter_errors({"version": 1})) == []
    for wrong in ({}, {"version": 2}, {"version": 1, "limit": {}}, {"version": 1, "limits": {"canary": -1}}):
        assert list(check.iter_errors(wrong)) != []


def test_the_schema_in_the_docs_is_this_one() -> None:
    assert json.loads((DOCS / "policy.schema.json").read_text(encoding="utf-8")) == schema()


def test_the_policy_in_the_docs_is_one_and_every_key_is_explained(tmp_path: Path) -> None:
    page = (DOCS / "remediation.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    assert load(written(tmp_path, example)).limits.canary == 2
    keys = {key for part in schema()["$defs"].values() for key in part["properties"]} - {"include", "exclude"}
    explained = set(re.findall(r"`(?:\w+\.|….)?([\w-]+)`", page))
    assert keys - explained == set()


@pytest.mark.parametrize("kind", ["tags", "resource-groups", "subscriptions", "names"])
def test_an_empty_list_of_what_is_let_in_is_refused_and_not_read_as_everything(tmp_path: Path, kind: str) -> None:
    with pytest.raises(UsageError, match=rf"machines\.include\.{kind}") as caught:
        load(written(tmp_path, f"version = 1\n[machines.include]\n{kind} = []\n"))
    assert "empty" in f"{caught.value.message} {caught.value.advice}"
    assert load(written(tmp_path, f"version = 1\n[machines.exclude]\n{kind} = []\n")).machines.exclude == Matching()
