"""What the doctor says: findings with evidence, and what it cannot say."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any

import msgspec

from aumdoctor.model.facts import Fact


class Severity(IntEnum):
    """How bad it is where it is true. Apart from `Confidence`, which says how sure we are that it is."""

    INFO = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    @property
    def label(self) -> str:
        return self.name.lower()


class Confidence(StrEnum):
    """HIGH: Azure says so. MEDIUM: follows from documented behaviour. LOW: an inference."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Operation(StrEnum):
    """What a finding stops. A machine with a finding that blocks INSTALL or SCHEDULE counts as blocked."""

    ASSESS = "assess"
    PERIODIC_ASSESSMENT = "periodic-assessment"
    INSTALL = "install"
    SCHEDULE = "schedule"
    POLICY = "policy"


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """One observation: the JSON path below `resource_id` (the finding's own resource where None), what stood there and
    what would have been right, which source said so and when."""

    path: str
    observed: Any
    expected: Any = None
    source: str | None = None
    observed_at: datetime | None = None
    resource_id: str | None = None


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A known issue seen on a resource.

    `resource_id` is what the finding is about (a machine, configuration, assignment, provider), `machines` the
    machines that suffer from it. `explained_by` is the id of the check whose finding is its root cause, set by the
    diagnosis, `explained_by_resource` what that finding is about.
    """

    check: str
    name: str
    severity: Severity
    confidence: Confidence
    resource_id: str
    message: str
    evidence: tuple[Evidence, ...]
    blocks: tuple[Operation, ...] = ()
    machines: tuple[str, ...] = ()
    details: dict[str, str] = {}
    explained_by: str | None = None
    explained_by_resource: str | None = None


class Unknown(msgspec.Struct, frozen=True, kw_only=True):
    """A check that could not be answered for a resource, with the fact that is missing and why."""

    check: str
    resource_id: str
    fact: Fact
    reason: str
    permission: str | None = None
    by_choice: bool = False
