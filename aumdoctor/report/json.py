"""Reports as JSON, and their JSON Schemas."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

# JSON escapes the C0 control characters by itself. The rest of what can steer a terminal stands only inside strings.
_STEERING = re.compile("[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


def render(report: msgspec.Struct) -> str:
    """A report as an indented JSON document with a line break at its end."""
    return "".join(pieces(report))


def pieces(report: msgspec.Struct) -> Iterator[str]:
    """The same document piece by piece, a row of a long list at a time: of a large estate it is hundreds of megabytes,
    which need not be in memory at once."""
    for position, name in enumerate(report.__struct_fields__):
        value = getattr(report, name)
        yield f"{',' if position else '{'}\n  {_text(name, 2)}: "
        if not isinstance(value, tuple) or not value:
            yield _text(value, 2)
            continue
        for row, entry in enumerate(value):
            yield f"{',' if row else '['}\n    {_text(entry, 4)}"
        yield "\n  ]"
    yield "\n}\n"


def _text(value: Any, margin: int) -> str:
    document = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    indented = document.replace("\n", "\n" + " " * margin)  # no string holds a line break of its own
    return _STEERING.sub(lambda found: f"\\u{ord(found.group()):04x}", indented)


CONTRACTS = ("report", "why", "scope", "windows", "forecast", "gate", "runs", "permissions", "plan", "applied", "guest")
"""The documents that commands write as JSON; each has its schema in `docs/{name}.schema.json`."""


def schema(name: str = "report") -> dict[str, Any]:
    """The JSON Schema (2020-12) of one of CONTRACTS. Every property is always there, and there is no other."""
    from aumdoctor.remedies.plan import PlanFile
    from aumdoctor.report import applied, forecast, gate, guest, permissions, result, runs, scope, why, windows

    kind, version = {
        "report": (result.Report, result.SCHEMA_VERSION),
        "why": (why.Why, why.WHY_SCHEMA_VERSION),
        "scope": (scope.Scopes, scope.SCOPE_SCHEMA_VERSION),
        "windows": (windows.Windows, windows.WINDOWS_SCHEMA_VERSION),
        "forecast": (forecast.Forecasts, forecast.FORECAST_SCHEMA_VERSION),
        "gate": (gate.Gate, gate.GATE_SCHEMA_VERSION),
        "runs": (runs.Runs, runs.RUNS_SCHEMA_VERSION),
        "permissions": (permissions.PermissionsReport, permissions.PERMISSIONS_SCHEMA_VERSION),
        "plan": (PlanFile, "1"),
        "applied": (applied.Applied, applied.APPLIED_SCHEMA_VERSION),
        "guest": (guest.Guests, guest.GUEST_SCHEMA_VERSION),
    }[name]
    (_, components) = msgspec.json.schema_components([kind], ref_template="#/$defs/{name}")
    definitions = {name: _strict(definition) for name, definition in sorted(components.items())}
    root = definitions.pop(kind.__name__)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:aumdoctor:{name}:{version}",
        **root,
        "title": f"aumdoctor {name} {version}",
        "$defs": definitions,
    }


def _strict(definition: dict[str, Any]) -> dict[str, Any]:
    if "properties" not in definition:
        return definition
    return {**definition, "required": list(definition["properties"]), "additionalProperties": False}
