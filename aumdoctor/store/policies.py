"""Policies of unattended remediation: what a person wrote in TOML, checked against the schema before anything is read.

    version = 1

    [remedies]
    refuse = ["assess-now"]

    [[freeze]]
    days = ["Fri"]
    hours = "18:00-06:00"
    time-zone = "Europe/Berlin"

The keys are those of `remedies/policy.py`. A key or value that is not valid is an error that names the file, the key
and the nearest valid one, for a typing error must not widen what is done.
"""

from __future__ import annotations

import re
import tomllib
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, get_args

import msgspec

from aumdoctor.errors import UsageError
from aumdoctor.knowledge.lookup import nearest
from aumdoctor.remedies.policy import VERSION, Day, Freeze, Limits, Machines, Matching, Policy, Remedies, faults

_TABLES: dict[str, type[msgspec.Struct]] = {
    "": Policy,
    "remedies": Remedies,
    "machines": Machines,
    "machines.include": Matching,
    "machines.exclude": Matching,
    "limits": Limits,
    "freeze": Freeze,
}
_PLACE = re.compile(r"^(.*?)(?: - at `\$\.?(.*)`)?$", re.DOTALL)
_LARGEST = 1024 * 1024


def load(path: Path) -> Policy:
    """Read a policy. Raises UsageError where it cannot be read, or anything in it is not valid."""
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}", advice="check --policy") from error
    if len(content) > _LARGEST:
        raise UsageError(f"{path} is too large for a policy", advice="check --policy")
    try:
        document = tomllib.loads(content.decode("utf-8-sig").replace("\r\n", "\n"))
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not in UTF-8, as TOML must be", advice="save it as UTF-8") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(
            f"{path} is not valid TOML: {error}",
            advice="mend the line that it names (a date and time needs its seconds: 2026-12-20T00:00:00)",
        ) from error
    return _read(path, document)


def _read(path: Path, document: dict[str, Any]) -> Policy:
    _require_version(path, document)
    _require_known(path, document, "", "")
    plain = _plain(document)
    _require_days(path, plain)
    try:
        policy = msgspec.convert(plain, Policy)
    except msgspec.ValidationError as error:
        found = _PLACE.match(str(error))
        said, place = (found[1], found[2] or "") if found is not None else (str(error), "")
        key = re.sub(r"\[(\d+)\]", lambda at: f" {int(at[1]) + 1}", place)
        raise UsageError(f"{path}, {key}: {_in_words(said)}", advice=_docs(place)) from error
    for fault in faults(policy):
        raise UsageError(f"{path}, {fault.key}: {fault.said}", advice=fault.advice)
    return policy


_WORDS = (
    (
        re.compile(r"Expected `array` of length >= 1"),
        "the list is empty, and would be read as no restriction: leave it out",
    ),
    (re.compile(r" \| null|null \| "), ""),
    (re.compile(r"Expected `str` matching regex .*"), "it is not of the form that is asked for"),
    (re.compile(r"\barray\b"), "list"),
    (re.compile(r"\bobject\b"), "table"),
    (re.compile(r"\bstr\b"), "text"),
    (re.compile(r"\bint\b"), "whole number"),
    (re.compile(r"\bfloat\b"), "number"),
    (re.compile(r"\bbool\b"), "true or false"),
    (re.compile(r"`"), ""),
)
"""What msgspec says, in the words of TOML."""


def _in_words(said: str) -> str:
    for pattern, words in _WORDS:
        said = pattern.sub(words, said)
    return f"{said[:1].lower()}{said[1:]}"


def _require_version(path: Path, document: dict[str, Any]) -> None:
    version = document.get("version")
    if version is None:
        raise UsageError(f"{path} does not say its version", advice=f"begin it with: version = {VERSION}")
    if version is True or version != VERSION:
        raise UsageError(
            f"{path}, version: {version!r} is not {VERSION}, which is the one that this aumdoctor reads",
            advice=f"write version = {VERSION}, without quotes"
            if str(version) == str(VERSION)
            else "update aumdoctor, or write the policy for that version",
        )


def _require_known(path: Path, table: dict[str, Any], name: str, shown: str) -> None:
    """Raise UsageError for the first key that no policy has."""
    keys = tuple(field.encode_name for field in msgspec.structs.fields(_TABLES[name]))
    for key, value in table.items():
        place = f"{shown}.{key}" if shown else key
        if key not in keys:
            close = nearest(key.replace("_", "-"), keys, count=1)
            advice = f"did you mean {close[0]}?" if close else f"there are {', '.join(keys)}"
            raise UsageError(f"{path}, {place}: there is no such key", advice=advice)
        below = f"{name}.{key}" if name else key
        if below not in _TABLES:
            continue
        if below == "freeze":
            if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
                raise UsageError(f"{path}, freeze: it is not a list of tables", advice="write each as [[freeze]]")
            for number, each in enumerate(value, start=1):
                _require_known(path, each, below, f"freeze {number}")
        elif not isinstance(value, dict):
            raise UsageError(f"{path}, {place}: it is not a table", advice=f"write it as [{place}]")
        else:
            _require_known(path, value, below, place)


def _require_days(path: Path, document: dict[str, Any]) -> None:
    days = get_args(Day)
    for number, freeze in enumerate(document.get("freeze", ()), start=1):
        listed = freeze.get("days", ())
        for day in listed if isinstance(listed, list) else ():
            if day not in days:
                close = nearest(str(day)[:3], days, count=1)
                raise UsageError(
                    f"{path}, freeze {number}.days: {day!r} is no day",
                    advice=f"did you mean {close[0]!r}?" if close else f"give {', '.join(days)}",
                )


def _plain(value: Any) -> Any:
    """TOML's own dates and times as the texts that a policy has."""
    if isinstance(value, dict):
        return {key: _plain(below) for key, below in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value.isoformat() if isinstance(value, datetime | date | time) else value


def _docs(place: str) -> str:
    table = re.sub(r"\[.*", "", place).partition(".")[0]
    return f"docs/remediation.md says what may stand in [{table}]" if table else "docs/remediation.md has an example"


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a policy, for editors that check TOML."""
    (_, components) = msgspec.json.schema_components([Policy], ref_template="#/$defs/{name}")
    definitions = dict(sorted(components.items()))
    root = definitions.pop("Policy")
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:aumdoctor:policy:{VERSION}",
        **root,
        "title": f"aumdoctor policy {VERSION}",
        "$defs": definitions,
    }
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(document))
    return plain
