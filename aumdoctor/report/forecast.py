"""What is to be expected of machines' next windows, the JSON contract of `aumdoctor forecast`.

As with the report of a scan, what is here may be added to within a `schema_version` 1.x and changes only with 2.0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from aumdoctor import __version__
from aumdoctor.diagnosis import forecast
from aumdoctor.model.estate import Estate
from aumdoctor.report.result import Gap, Scope, Time, Tool, gap_of
from aumdoctor.report.why import LinkName
from aumdoctor.report.window import Schedule, Subject, Window, schedule_of, subject_of, window_of

FORECAST_SCHEMA_VERSION: Final = "1.0"


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """How one link of the machine's chain stands."""

    link: LinkName
    state: Literal["ok", "warning", "broken", "unknown", "not-applicable"]
    said: str


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """One machine and its next window."""

    machine: Subject
    outlook: Annotated[
        Literal["will-be-patched", "will-not-be-patched", "unknown", "no-window"],
        Meta(description="no-window: no schedule is meant to patch it; Azure or the guest does, at times of its own."),
    ]
    window: Window | None
    because: Annotated[str, Meta(description="Why; empty where the machine will be patched.")]
    broken_at: Annotated[
        LinkName | None, Meta(description="The first broken link, or the first that could not be judged.")
    ]
    but: Annotated[tuple[str, ...], Meta(description="What does not stop the window and may spoil what it achieves.")]
    also: Annotated[tuple[Schedule, ...], Meta(description="Further schedules of the machine.")]
    chain: tuple[Link, ...]


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many machines have which outlook."""

    will_be_patched: int
    will_not_be_patched: int
    unknown: int
    no_window: int


class Forecasts(msgspec.Struct, frozen=True, kw_only=True):
    """Which machines will be patched in their next windows, and why the others will not."""

    schema_version: Literal["1.0"]
    tool: Tool
    generated_at: Annotated[Time, Meta(description="When the report was written.")]
    collected_at: Annotated[Time, Meta(description="When the estate was read.")]
    at: Annotated[Time, Meta(description="Windows that begin from then on were looked for.")]
    scope: Scope
    counts: Counts
    machines: tuple[Forecast, ...]
    gaps: tuple[Gap, ...]
    interrupted: bool
    exit_code: Annotated[
        Literal[0, 1, 3, 130],
        Meta(description="0 all will be patched or have no window; 1 some will not; 3 unknown; 130 interrupted."),
    ]


def forecasts_of(
    found: Sequence[forecast.Forecast], estate: Estate, *, at: datetime, generated_at: datetime, exit_code: int
) -> Forecasts:
    """Project forecasts."""
    counts = Counter(each.outlook for each in found)
    return Forecasts(
        schema_version=FORECAST_SCHEMA_VERSION,
        tool=Tool(name="aumdoctor", version=__version__),
        generated_at=generated_at,
        collected_at=estate.collected_at,
        at=at,
        scope=msgspec.convert(estate.scope, Scope, from_attributes=True),
        counts=Counts(
            will_be_patched=counts[forecast.Outlook.WILL],
            will_not_be_patched=counts[forecast.Outlook.WILL_NOT],
            unknown=counts[forecast.Outlook.UNKNOWN],
            no_window=counts[forecast.Outlook.NO_WINDOW],
        ),
        machines=tuple(map(_forecast, found)),
        gaps=tuple(map(gap_of, estate.gaps)),
        interrupted=estate.interrupted,
        exit_code=msgspec.convert(exit_code, Literal[0, 1, 3, 130]),
    )


def _forecast(found: forecast.Forecast) -> Forecast:
    window = found.window
    return Forecast(
        machine=subject_of(found.machine),
        outlook=found.outlook.value,
        window=window_of(window.configuration, window.occurrence) if window is not None else None,
        because=found.because,
        broken_at=found.broken_at.value if found.broken_at is not None else None,
        but=found.but,
        also=tuple(map(schedule_of, found.also)),
        chain=tuple(Link(link=link.link.value, state=link.state.value, said=link.said) for link in found.chain.links),
    )
