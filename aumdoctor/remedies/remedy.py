"""What a remedy is: the exact calls that cure a finding, as data that can be read, reviewed and (later) made."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from enum import StrEnum
from typing import Any

import msgspec

from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding


class Risk(StrEnum):
    """What making the calls may bring about."""

    SAFE = "safe"
    CONSENT = "needs-consent"
    DISRUPTIVE = "disruptive"
    PRIVILEGE = "grants-privilege"
    COST = "costs-money"
    ADVICE = "advice"


class ArmCall(msgspec.Struct, frozen=True, kw_only=True):
    """One ARM request: `path` begins with a slash and has no query, `body` is the JSON body or None."""

    method: str
    path: str
    api_version: str
    body: dict[str, Any] | None = None

    @property
    def az_rest(self) -> str:
        """The same request as an `az rest` line, quoted for a POSIX shell."""
        words = ["az", "rest", "--method", self.method.lower()]
        words += ["--url", f"{self.path}?api-version={self.api_version}"]
        if self.body is not None:
            words += ["--body", json.dumps(self.body, separators=(",", ":"))]
        return shlex.join(words)


class Remedy(msgspec.Struct, frozen=True, kw_only=True):
    """A remedy made out for one finding.

    `calls` are the REST requests in order, `az` the same as command lines; where only a person can act both are empty
    and `steps` say what to do and how to check it. `steps` beside calls are what must hold before or be done after.
    `portal` is the way through the Azure portal in the portal's own words; `bicep` and `terraform` the same state
    declared, where it is a state that can be (empty where it is not).
    """

    name: str
    title: str
    risk: Risk
    reversible: bool
    portal: str = ""
    calls: tuple[ArmCall, ...] = ()
    az: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    bicep: str = ""
    terraform: str = ""


class Prescription(msgspec.Struct, frozen=True, kw_only=True):
    """What a remedy's builder answers: the calls for this finding, with an `az` line each (default: `az rest`)."""

    calls: tuple[ArmCall, ...] = ()
    az: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    bicep: str = ""
    terraform: str = ""


class RemedyKind(msgspec.Struct, frozen=True, kw_only=True):
    """A remedy as it stands in the catalogue, before it is made out for a finding."""

    name: str
    title: str
    risk: Risk
    reversible: bool
    portal: str
    build: Callable[[Finding, Estate], Prescription | None]

    def prescribe(self, finding: Finding, estate: Estate) -> Remedy | None:
        """The remedy for a finding, or None where the finding does not carry what the calls need."""
        prescription = self.build(finding, estate)
        if prescription is None:
            return None
        return Remedy(
            name=self.name,
            title=self.title,
            risk=self.risk,
            reversible=self.reversible,
            portal=self.portal,
            calls=prescription.calls,
            az=prescription.az or tuple(call.az_rest for call in prescription.calls),
            steps=prescription.steps,
            bicep=prescription.bicep,
            terraform=prescription.terraform,
        )


def remedy(
    *, name: str, title: str, risk: Risk, reversible: bool, portal: str = ""
) -> Callable[[Callable[[Finding, Estate], Prescription | None]], RemedyKind]:
    """Make a remedy of a function that builds the calls for a finding."""

    def make(build: Callable[[Finding, Estate], Prescription | None]) -> RemedyKind:
        return RemedyKind(name=name, title=title, risk=risk, reversible=reversible, portal=portal, build=build)

    return make


def az(*words: str) -> str:
    """An `az` command line, every word quoted for a POSIX shell."""
    return shlex.join(["az", *words])
