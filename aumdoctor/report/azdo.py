"""A gate as logging commands of Azure Pipelines, which become issues of the run."""

from __future__ import annotations

import re

from aumdoctor.report.gate import Gate
from aumdoctor.report.pipeline import entries


def render(gate: Gate) -> str:
    """Lines such as `##vso[task.logissue type=error;code=AUM012]3 machines (…): …`; what is only to be noted is a plain
    line. The exit code, not a command, fails the task.

    Text cannot break out of its line or begin a command of its own: Azure Pipelines' escapes are applied.
    Source: learn.microsoft.com, Azure Pipelines logging commands.
    """
    lines = []
    for entry in entries(gate):
        text = _data(f"{entry.title}: {entry.text}")
        if entry.level == "notice":
            # A plain line that looks like a command would be one.
            lines.append(inert(text))
            continue
        check = entry.title.split(" ", 1)[0]
        code = f";code={_property(check)}" if check.startswith("AUM") else ""
        lines.append(f"##vso[task.logissue type={entry.level}{code}]{inert(text)}")
    return "".join(f"{line}\n" for line in lines)


def inert(text: str) -> str:
    """A text in which nothing is a command: no two number signs stand side by side."""
    return re.sub("#(?=#)", "# ", text)


def _data(text: str) -> str:
    return text.replace("%", "%AZP25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace("]", "%5D").replace(";", "%3B")
