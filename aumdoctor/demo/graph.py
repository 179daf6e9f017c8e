"""Azure Resource Graph over the state: executes KQL with duckdb-kql on tables that are filled from the same dicts.

As in Azure, rows of subscriptions that the caller may not read are absent without a word, ids come back in another
casing than from ARM, and what a row carries is less than a GET: no VM agent, no patch status, no run status of
extensions. DuckDB runs on one thread: with more, a sorted join over JSON columns was seen to mix up rows.
"""

from __future__ import annotations

import base64
import functools
import tempfile
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import duckdb_kql
import msgspec

from aumdoctor.demo.machines import extension_without_view
from aumdoctor.demo.state import DemoEstate, Wire, stable_guid

PAGE_SIZE = 1000
DEFAULT_PAGE_SIZE = 100
KEPT_RESULTS = 64

COLUMNS = {
    "id": "VARCHAR",
    "name": "VARCHAR",
    "type": "VARCHAR",
    "tenantId": "VARCHAR",
    "kind": "VARCHAR",
    "location": "VARCHAR",
    "resourceGroup": "VARCHAR",
    "subscriptionId": "VARCHAR",
    "managedBy": "VARCHAR",
    "sku": "JSON",
    "plan": "JSON",
    "properties": "JSON",
    "tags": "JSON",
    "identity": "JSON",
    "zones": "JSON",
    "extendedLocation": "JSON",
}
TABLES = (
    "resources",
    "patchassessmentresources",
    "patchinstallationresources",
    "maintenanceresources",
    "policyresources",
    "authorizationresources",
    "resourcecontainers",
)

_SCHEMA = {table: list(COLUMNS) for table in TABLES}
_encoder = msgspec.json.Encoder(enc_hook=str)


class QueryError(Exception):
    """The query is not KQL, or not the part of it that runs here."""


class Page(msgspec.Struct):
    """One page of a result: encoded rows, how many rows there are in all, and the token of the next page."""

    rows: list[msgspec.Raw]
    total: int
    skip_token: str | None


@functools.lru_cache(maxsize=256)
def _translated(kql: str) -> duckdb_kql.TranslationResult:
    """The SQL of a query. To parse it is most of what it costs, and every scan asks the same ones again."""
    return duckdb_kql.to_sql(kql, schema=_SCHEMA)


class ResourceGraph:
    """The tables, brought up to date before each query, and the results that are being paged through."""

    def __init__(self, state: DemoEstate) -> None:
        self.state = state
        self._is_filled = False
        self._visible: str | None = None
        self._results: OrderedDict[str, list[msgspec.Raw]] = OrderedDict()
        self._count = 0

    @functools.cached_property
    def connection(self) -> Any:
        """DuckDB with the tables, from the first query on: who never asks one need not wait for it."""
        connection = duckdb_kql.connect()
        connection.execute("SET threads=1")
        columns = ", ".join(f'"{name}" {type_}' for name, type_ in COLUMNS.items())
        for table in TABLES:
            connection.execute(f"CREATE TABLE _{table} (_owner VARCHAR, {columns})")
        return connection

    def close(self) -> None:
        """Let go of DuckDB's memory."""
        self._results.clear()
        if "connection" in vars(self):
            self.connection.close()

    def query(
        self, kql: str, subscriptions: Iterable[str], *, hidden: Iterable[tuple[str, str]] = (), top: int | None = None
    ) -> Page:
        """Run a query over what is visible and return its first page.

        `hidden` are pairs of a subscription and a resource type (or `*`) that the caller may not read. Raises
        QueryError.
        """
        self._refresh()
        self._show(sorted({subscription.lower() for subscription in subscriptions}), list(hidden))
        try:
            relation = self._ask(kql)
            names, types = relation.columns, [str(type_) for type_ in relation.types]
            rows = _encode(names, types, relation.fetchall())
        except (duckdb_kql.KqlError, duckdb.Error) as error:
            raise QueryError(str(error).strip()) from error
        self._count += 1
        result = f"r{self._count}"
        self._results[result] = rows
        while len(self._results) > KEPT_RESULTS:
            self._results.popitem(last=False)
        return self._page(result, 0, top, has_id="id" in names)

    def _ask(self, kql: str) -> Any:
        translated = _translated(kql)
        if translated.parameters or translated.unbound:  # values are bound, or refused, by the library alone
            return duckdb_kql.kql(self.connection, kql)
        return self.connection.sql(str(translated))

    def next_page(self, skip_token: str, top: int | None = None) -> Page:
        """A further page of a result, which does not change under writes in between. Raises QueryError."""
        try:
            result, start = base64.urlsafe_b64decode(skip_token).decode().split(":")
            return self._page(result, int(start), top, has_id=True)
        except (ValueError, KeyError) as error:
            raise QueryError("the skip token is invalid or has expired") from error

    def _page(self, result: str, start: int, top: int | None, *, has_id: bool) -> Page:
        rows = self._results[result]
        end = start + min(top or DEFAULT_PAGE_SIZE, PAGE_SIZE)
        token = None
        if end >= len(rows):
            # Kept until pushed out all the same: a client may ask for the last page again after a broken connection.
            self._results.move_to_end(result, last=False)
        elif has_id:
            token = base64.urlsafe_b64encode(f"{result}:{end}".encode()).decode()
        return Page(rows=rows[start:end], total=len(rows), skip_token=token)

    def _show(self, subscriptions: list[str], hidden: list[tuple[str, str]]) -> None:
        visible = " AND ".join(
            [f"lower(subscriptionId) IN ({', '.join(map(_quoted, subscriptions)) or 'NULL'})"]
            + [
                f"NOT (lower(subscriptionId) = {_quoted(subscription.lower())}"
                + ("" if type_ == "*" else f" AND starts_with(type, {_quoted(type_.lower())})")
                + ")"
                for subscription, type_ in hidden
            ]
        )
        if visible == self._visible:
            return
        self._visible = visible
        for table in TABLES:
            self.connection.execute(
                f"CREATE OR REPLACE VIEW {table} AS SELECT * EXCLUDE (_owner) FROM _{table} WHERE {visible}"  # noqa: S608
            )

    def _refresh(self) -> None:
        """Take over what was written since the last query: everything at first, then only what was touched."""
        touched, self.state.touched = self.state.touched, set()
        if not self._is_filled:
            self._is_filled = True
            self._load(rows_of_all(self.state))
        elif touched:
            owners = list(touched)
            for table in TABLES:
                self.connection.execute(f"DELETE FROM _{table} WHERE _owner IN (SELECT unnest(?))", [owners])  # noqa: S608
            self._load(row for owner in owners for row in rows_of(self.state, owner))

    def _load(self, rows: Iterable[tuple[str, str, Wire]]) -> None:
        names = ["_owner", *COLUMNS]
        described = ", ".join(f"'{name}': '{COLUMNS.get(name, 'VARCHAR')}'" for name in names)
        with tempfile.TemporaryDirectory(prefix="aumdoctor-demo-") as folder:
            files = {table: (Path(folder) / f"{table}.ndjson") for table in TABLES}
            handles = {table: path.open("wb") for table, path in files.items()}
            written = set()
            for table, owner, row in rows:
                handles[table].write(_encoder.encode({"_owner": owner, **row}) + b"\n")
                written.add(table)
            for handle in handles.values():
                handle.close()
            for table in written:
                self.connection.execute(
                    f"INSERT INTO _{table} SELECT {', '.join(names)} FROM read_json(?, "  # noqa: S608
                    f"format='newline_delimited', maximum_object_size=67108864, columns={{{described}}})",
                    [str(files[table])],
                )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _encode(names: list[str], types: list[str], rows: list[tuple[Any, ...]]) -> list[msgspec.Raw]:
    """Rows as JSON objects. JSON columns arrive from DuckDB as text and go out as they are."""
    # DuckDB sees subsecond timestamps, ARM's text form has a Z; JSON inside lists and structs is text and is decoded.
    nested = [("JSON" in type_ and type_ != "JSON") for type_ in types]
    plain_json = [type_ == "JSON" for type_ in types]
    encoded: list[msgspec.Raw] = []
    for row in rows:
        shown: dict[str, Any] = {}
        for name, value, is_json, is_nested in zip(names, row, plain_json, nested, strict=True):
            if value is None:
                shown[name] = None
            elif is_json:
                shown[name] = msgspec.Raw(value.encode())
            else:
                shown[name] = _plain(value, is_nested)
        encoded.append(msgspec.Raw(_encoder.encode(shown)))
    return encoded


def _plain(value: Any, is_json_inside: bool) -> Any:
    match value:
        case str() if is_json_inside and value[:1] in '{["tfn-0123456789':
            try:
                return msgspec.json.decode(value)
            except msgspec.DecodeError:
                return value
        case datetime():
            moment = value if value.tzinfo else value.replace(tzinfo=UTC)
            return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
        case timedelta() | date():
            return str(value)
        case Decimal():
            return float(value)
        case dict():
            return {name: _plain(member, is_json_inside) for name, member in value.items()}
        case list() | tuple():
            return [_plain(member, is_json_inside) for member in value]
    return value


def rows_of_all(state: DemoEstate) -> Iterator[tuple[str, str, Wire]]:
    """Every row of every table, as (table, owner, row)."""
    owners = (
        state.subscriptions.keys(),
        state.resource_groups.keys(),
        state.vms.keys(),
        state.arc.keys(),
        state.configurations.keys(),
        state.event_topics.keys(),
        state.sql_vms.keys(),
        state.assignments.keys(),
        state.runs.keys(),
        state.policy_assignments.keys(),
        state.policy_states.keys(),
        state.role_assignments.keys(),
    )
    for keys in owners:
        for owner in list(keys):
            yield from rows_of(state, owner)


def rows_of(state: DemoEstate, owner: str) -> Iterator[tuple[str, str, Wire]]:
    """The rows that belong to one key of the state (a machine brings its extensions, assessment and installations)."""
    if (vm := state.vms.get(owner)) is not None:
        yield "resources", owner, _row(state, _lower_group(vm), _vm_properties(vm))
        yield from _rows_of_machine(state, owner)
    elif (arc := state.arc.get(owner)) is not None:
        yield "resources", owner, _row(state, _lower_group(arc), arc["properties"])
        yield from _rows_of_machine(state, owner)
    elif (configuration := state.configurations.get(owner)) is not None:
        yield "resources", owner, _row(state, configuration, configuration["properties"])
    elif (beside := state.event_topics.get(owner) or state.sql_vms.get(owner)) is not None:
        yield "resources", owner, _row(state, _lower_group(beside), beside["properties"])
    elif (found := state.assignments.get(owner) or state.runs.get(owner)) is not None:
        yield "maintenanceresources", owner, _row(state, _lower(found), found["properties"])
    elif (found := state.policy_assignments.get(owner) or state.policy_states.get(owner)) is not None:
        yield "policyresources", owner, _row(state, _lower(found), found["properties"])
    elif (role := state.role_assignments.get(owner)) is not None:
        yield "authorizationresources", owner, _row(state, _lower(role), role["properties"])
    elif (group := state.resource_groups.get(owner)) is not None:
        shown = group | {"type": "microsoft.resources/subscriptions/resourcegroups"}
        yield "resourcecontainers", owner, _row(state, shown, group["properties"])
    elif (subscription := state.subscriptions.get(owner)) is not None:
        yield "resourcecontainers", owner, _subscription_row(state, subscription)


def _rows_of_machine(state: DemoEstate, owner: str) -> Iterator[tuple[str, str, Wire]]:
    for extension in state.extensions.get(owner, {}).values():
        shown = extension_without_view(extension)
        yield "resources", owner, _row(state, _lower_group(shown), shown["properties"])
    if (assessment := state.assessments.get(owner)) is not None:
        kind = f"{_type_of(owner)}/patchassessmentresults"
        yield (
            "patchassessmentresources",
            owner,
            _row(state, _lower(assessment) | {"type": kind}, assessment["properties"]),
        )
        for patch in _pending_patches(state, assessment):
            yield (
                "patchassessmentresources",
                owner,
                _row(state, patch | {"type": f"{kind}/softwarepatches"}, patch["properties"]),
            )
    for installation in state.installations.get(owner, ()):
        shown = _lower(installation) | {"type": f"{_type_of(owner)}/patchinstallationresults"}
        yield "patchinstallationresources", owner, _row(state, shown, installation["properties"])
        for patch in installation.get("_patches", ()):
            of_patch = _lower(patch) | {"type": f"{shown['type']}/softwarepatches"}
            yield "patchinstallationresources", owner, _row(state, of_patch, patch["properties"])


def _type_of(machine_key: str) -> str:
    return (
        "microsoft.hybridcompute/machines"
        if "microsoft.hybridcompute" in machine_key
        else ("microsoft.compute/virtualmachines")
    )


def _pending_patches(state: DemoEstate, assessment: Wire) -> Iterator[Wire]:
    """A row for each pending update, with names made from the count: the demo knows no catalogue."""
    properties = assessment["properties"]
    windows = properties["osType"] == "Windows"
    for classification, count in properties["availablePatchCountByClassification"].items():
        for index in range(count):
            name = f"KB50{40000 + 13 * index}" if windows else f"lib{classification}{index}"
            patch_id = stable_guid(assessment["id"], classification, index)
            yield {
                "id": f"{assessment['id']}/softwarePatches/{patch_id}".lower(),
                "name": patch_id,
                "properties": {
                    "patchName": f"2026-10 Cumulative Update ({name})" if windows else name,
                    "kbId": name.removeprefix("KB") if windows else None,
                    "version": None if windows else "1.2.3-4",
                    "classifications": [classification[:1].upper() + classification[1:]],
                    "rebootBehavior": "CanRequestReboot" if windows else "NeverReboots",
                    "publishedDateTime": "2026-10-13T17:00:00Z" if windows else None,
                    "lastModifiedDateTime": properties["lastModifiedDateTime"],
                },
            }


def _vm_properties(vm: Wire) -> Wire:
    """A VM's properties with the little of the instance view that Resource Graph has."""
    properties = dict(vm["properties"])
    view = properties.pop("instanceView")
    power = [status for status in view["statuses"] if status["code"].startswith("PowerState/")]
    extended: Wire = {
        name: view[name] for name in ("computerName", "osName", "osVersion", "hyperVGeneration") if name in view
    }
    if power:
        extended["powerState"] = power[0]
    return properties | {"extended": {"instanceView": extended}}


def _subscription_row(state: DemoEstate, subscription: Wire) -> Wire:
    chain = [
        {"name": group, "displayName": group}
        for group, members in state.management_groups.items()
        if subscription["subscriptionId"] in members
    ]
    properties = {
        "state": subscription["state"],
        "managementGroupAncestorsChain": chain,
        "managedByTenants": subscription["managedByTenants"],
    }
    row = _row(state, {"id": subscription["id"], "type": "microsoft.resources/subscriptions"}, properties)
    return row | {"name": subscription["displayName"]}


def _lower(resource: Wire) -> Wire:
    return resource | {"id": resource["id"].lower()}


def _lower_group(resource: Wire) -> Wire:
    """The `resources` table lower-cases the resource group in an id and leaves the rest."""
    segments = resource["id"].split("/")
    segments[4] = segments[4].lower()
    return resource | {"id": "/".join(segments)}


def _row(state: DemoEstate, resource: Wire, properties: Wire) -> Wire:
    segments = resource["id"].split("/")
    in_group = len(segments) > 4 and segments[3].lower() == "resourcegroups"
    return {
        "id": resource["id"],
        "name": resource.get("name"),
        "type": str(resource["type"]).lower(),
        "tenantId": state.tenant_id,
        "kind": resource.get("kind") or "",
        "location": resource.get("location") or "",
        "resourceGroup": segments[4].lower() if in_group else "",
        "subscriptionId": segments[2] if len(segments) > 2 else "",
        "managedBy": resource.get("managedBy") or "",
        "properties": properties,
        "tags": resource.get("tags") or None,
        "identity": resource.get("identity"),
        "zones": resource.get("zones"),
    }
