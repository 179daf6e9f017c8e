"""Commands that start fast.

Typer converts every parameter of every command on the way with pydantic, whose import takes longer than the whole of
`aumdoctor explain`. These two take part in that only when something of their own stands on the command line.
"""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand, TyperGroup

_HELP = frozenset({"-h", "--help"})


class LightGroup(TyperGroup):
    """A group that has options only where the command line begins with one, or is empty."""

    _asked = True

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        self._asked = not args or args[0].startswith("-")
        return super().parse_args(ctx, args)

    def get_params(self, ctx: Any) -> list[Any]:
        return super().get_params(ctx) if self._asked else []


class LightCommand(TyperCommand):
    """A command that takes its words from `context.args` and has no option but help."""

    _asked = True

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        self._asked = not _HELP.isdisjoint(args)
        return super().parse_args(ctx, args)

    def get_params(self, ctx: Any) -> list[Any]:
        return super().get_params(ctx) if self._asked else []
