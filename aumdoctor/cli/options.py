"""Options that say where to look and how to get there; every command that reads Azure has them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

import typer

from aumdoctor.errors import UsageError

Auth = Annotated[
    Literal[
        "default", "cli", "managed-identity", "workload-identity", "environment", "interactive", "device-code", "token"
    ],
    typer.Option("--auth", help="How to sign in. token: the bearer token in AUMDOCTOR_ACCESS_TOKEN."),
]
Tenant = Annotated[str | None, typer.Option("--tenant", metavar="ID", help="Tenant (directory) to sign in to.")]
ClientId = Annotated[
    str | None, typer.Option("--client-id", metavar="ID", help="Client id of the managed identity or application.")
]
Cloud = Annotated[Literal["public", "usgov", "china", "custom"], typer.Option("--cloud", help="Which Azure.")]
ArmEndpoint = Annotated[
    str | None, typer.Option("--arm-endpoint", metavar="URL", help="Resource Manager of a custom cloud.")
]
Authority = Annotated[str | None, typer.Option("--authority", metavar="HOST", help="Sign-in host of a custom cloud.")]
CaBundle = Annotated[
    Path | None, typer.Option("--ca-bundle", metavar="FILE", help="Certificates (PEM) to trust, as behind a TLS proxy.")
]
Timeout = Annotated[
    float | None, typer.Option("--timeout", metavar="SECONDS", min=1, help="Stop reading after this long.")
]
Concurrency = Annotated[
    int, typer.Option("--concurrency", metavar="N", min=1, max=512, help="Requests under way at once.")
]
Output = Annotated[
    list[str] | None,
    typer.Option("--output", "-o", metavar="FORMAT[=FILE]", help="table (the default) or json; may be repeated."),
]
Demo = Annotated[bool, typer.Option("--demo", help="Look at the embedded demo Azure; needs no account.")]
From = Annotated[
    Path | None, typer.Option("--from", metavar="FILE", help="Look at a saved estate instead of reading Azure.")
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show all evidence and every cure.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on standard error.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show where an error came from.")]

Subscriptions = Annotated[
    list[str] | None, typer.Option("--subscription", metavar="ID|NAME", help="Subscription; may be repeated.")
]
ManagementGroups = Annotated[
    list[str] | None, typer.Option("--management-group", metavar="ID", help="Everything below it; may be repeated.")
]
AllSubscriptions = Annotated[bool, typer.Option("--all-subscriptions", help="All that the sign-in can see.")]
ResourceGroups = Annotated[
    list[str] | None, typer.Option("--resource-group", metavar="NAME", help="Only in it; may be repeated.")
]
Machines = Annotated[
    list[str] | None, typer.Option("--machine", metavar="ID|NAME", help="Only this machine; may be repeated.")
]
Tags = Annotated[
    list[str] | None, typer.Option("--tag", metavar="NAME=VALUE", help="Only machines with the tag; may be repeated.")
]
Locations = Annotated[
    list[str] | None, typer.Option("--location", metavar="REGION", help="Only in the region; may be repeated.")
]
Checks = Annotated[
    list[str] | None,
    typer.Option("--checks", metavar="ID,…", help="Only these checks, by id or name; may be repeated."),
]
SkipChecks = Annotated[
    list[str] | None, typer.Option("--skip-checks", metavar="ID,…", help="Without these checks; may be repeated.")
]
Schedules = Annotated[
    list[str] | None,
    typer.Option("--schedule", metavar="NAME|ID", help="Only this maintenance configuration; may be repeated."),
]
Journal = Annotated[
    Path | None,
    typer.Option("--journal", metavar="FILE", help="Where writes are recorded (default: aumdoctor-journal.jsonl)."),
]
Source = Annotated[
    Literal["auto", "graph", "arm"],
    typer.Option("--source", help="Resource Graph, Resource Manager, or the one confirmed by the other."),
]
Depth = Annotated[
    Literal["quick", "normal", "full"],
    typer.Option("--depth", help="Ask Resource Manager about no machine, those in doubt, or every one."),
]
MaxAge = Annotated[
    str | None,
    typer.Option("--max-age", metavar="AGE", help="What was read longer ago is unknown: 15m, 2h, 7d."),
]

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def span(text: str, option: str) -> timedelta:
    """A span of time written as a number and a unit (`15m`, `2h`, `7d`). Raises UsageError for anything else."""
    number, unit = text.strip()[:-1], text.strip()[-1:].lower()
    if not number.isdecimal() or len(number) > 6 or unit not in _UNITS:
        raise UsageError(f"{option} {text}: not a span of time", advice="a number and s, m, h or d, like 15m or 2h")
    return timedelta(**{_UNITS[unit]: int(number)})


def age(text: str) -> timedelta:
    """The span of --max-age. Raises UsageError."""
    return span(text, "--max-age")


def tag(text: str) -> str:
    """A value of --tag. Raises UsageError where it is not of the form NAME=VALUE."""
    if not text.partition("=")[0] or "=" not in text:
        raise UsageError(f"--tag {text}: not of the form NAME=VALUE", advice="for example --tag PatchGroup=A")
    return text
