"""A gate as workflow commands of GitHub Actions, which become annotations of the run."""

from __future__ import annotations

from aumdoctor.report.gate import Gate
from aumdoctor.report.pipeline import entries


def render(gate: Gate) -> str:
    """Lines such as `::error title=AUM012 machine-not-running::3 machines (…): …`.

    Text cannot break out of its line or begin a command of its own: GitHub's escapes are applied to both parts.
    Source: docs.github.com, workflow commands for GitHub Actions.
    """
    return "".join(f"::{entry.level} title={_property(entry.title)}::{_data(entry.text)}\n" for entry in entries(gate))


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
