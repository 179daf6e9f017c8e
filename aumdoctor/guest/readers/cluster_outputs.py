"""Failover clusters and Hyper-V Replica as PowerShell prints them: Get-ClusterNode, Get-ClusterGroup,
Get-ClusterResource, Get-VMReplication, Measure-VMReplication."""

from __future__ import annotations

import re
from collections.abc import Iterator

from aumdoctor.guest.command_output import Parser, Row, Section, objects
from aumdoctor.model.guest import ClusterObject, Record, ReplicatedMachine

_NODE_STATES = ("up", "down", "paused", "joining", "unknown")


def _read(section: Section) -> Iterator[Record]:
    for row in objects(section.lines, "Name", "State"):
        found = _cluster_object(section, row)
        if found is not None:
            yield found
    for name in ("VMName", "Name"):
        for row in objects(section.lines, name, "State", "Health"):
            if row[name]:
                yield ReplicatedMachine(
                    origin=section.origin(row.line(name)),
                    text=row.text(),
                    name=row[name],
                    state=row["State"],
                    health=row["Health"],
                    mode=row["Mode"] or row["ReplicationMode"],
                    primary=row["PrimaryServer"],
                    replica=row["ReplicaServer"],
                )


def _cluster_object(section: Section, row: Row) -> ClusterObject | None:
    if not row["Name"] or "Health" in row or "StartMode" in row:
        return None
    if "OwnerGroup" in row:
        kind, owner, of_type = "resource", row["OwnerGroup"], row["ResourceType"]
    elif "OwnerNode" in row:
        kind, owner, of_type = "group", row["OwnerNode"], row["GroupType"]
    elif row["State"].lower() in _NODE_STATES and ("Type" in row or "ID" in row or "NodeWeight" in row):
        kind, owner, of_type = "node", "", row["Type"]
    else:
        return None
    return ClusterObject(
        origin=section.origin(row.line("Name")),
        text=row.text(),
        kind=kind,
        name=row["Name"],
        state=row["State"],
        owner=owner,
        type=of_type,
    )


CLUSTER = Parser(
    name="cluster",
    form=re.compile(
        r"(?m)^.{0,200}(?:OwnerNode|OwnerGroup|NodeWeight)\b|"
        r"^Name[ \t]{1,80}(?:ID[ \t]{1,40})?State[ \t]{1,40}Type[ \t\r]*$|"
        r"^(?:VM)?Name[ \t]{1,80}State[ \t]{1,80}Health\b"
    ),
    commands=re.compile(r"(?i)get-cluster(?:node|group|resource)|(?:get|measure)-vmreplication"),
    read=_read,
)
