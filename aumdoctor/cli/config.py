"""Options from `aumdoctor.toml` and from `AUMDOCTOR_*` variables.

    [scan]
    subscription = ["Production", "Staging"]
    fail-on = "medium"

A table is named after its command, a key after the option without its dashes. A variable is the option in capitals
(`AUMDOCTOR_FAIL_ON`), a list in it is separated by commas; it counts for every command that has the option. The command
line wins over variables, variables over the file. A key, variable or value that is not valid is an error that names its
place and the nearest valid one.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from aumdoctor.errors import UsageError
from aumdoctor.knowledge.lookup import nearest

FILE_NAME = "aumdoctor.toml"
_PREFIX = "AUMDOCTOR_"
# Read elsewhere, and not from the file: the bearer token of `--auth token`, and the file's own place.
_OTHER_VARIABLES = frozenset({"AUMDOCTOR_ACCESS_TOKEN", "AUMDOCTOR_CONFIG"})
# A confirmation is given for one call, not once for all.
_NOT_IN_FILE = frozenset({"config", "help", "yes"})


def defaults(
    context: typer.Context, file: Path | None, environment: Mapping[str, str], *, named_by: str = "--config"
) -> dict[str, Any]:
    """The default for each of the command's parameters that the file or a variable sets, by parameter name.

    `file` is None where no file was named; then `aumdoctor.toml` of the current folder is read if there is one.
    `named_by` is the option or variable that named it, for the message where it cannot be read.
    Raises UsageError.
    """
    options = _options(context.command)
    found: dict[str, Any] = {}
    command = context.info_name or ""
    commands = _configurable(context)
    for key, value in _table(file, command, tuple(commands), named_by).items():
        where = f"{file or FILE_NAME}, [{command}] {key}"
        name = key.replace("_", "-")
        if name not in options or name in _NOT_IN_FILE:
            raise UsageError(f"{where}: there is no such option", advice=_advice(name, tuple(options)))
        found[str(options[name].name)] = _checked(context, options[name], value, where)
    for variable, text in sorted(environment.items()):
        if not variable.startswith(_PREFIX) or variable in _OTHER_VARIABLES:
            continue
        name = variable.removeprefix(_PREFIX).lower().replace("_", "-")
        if name not in options and any(name in _options(other) for other in commands.values()):
            continue
        if name not in options or name in _NOT_IN_FILE:
            variables = tuple(_PREFIX + option.upper().replace("-", "_") for option in options)
            raise UsageError(f"{variable}: there is no such option", advice=_advice(variable, variables))
        parts = [part.strip() for part in text.split(",") if part.strip()]
        value = parts if _is_list(options[name]) else text
        if text:
            found[str(options[name].name)] = _checked(context, options[name], value, variable)
    return found


def _options(command: Any) -> dict[str, Any]:
    """A command's options by their names; an argument is not set by a file or variable."""
    return {_spelled(parameter): parameter for parameter in command.params if parameter.param_type_name == "option"}


def _configurable(context: typer.Context) -> dict[str, Any]:
    """The commands that read this configuration, by name: those with an option --config, this one among them."""
    siblings = getattr(context.parent.command, "commands", {}) if context.parent is not None else {}
    found = {name: command for name, command in siblings.items() if "config" in _options(command)}
    return found or {context.info_name or "": context.command}


def _spelled(parameter: Any) -> str:
    """The long option, without its dashes."""
    return next((opt.removeprefix("--") for opt in parameter.opts if opt.startswith("--")), str(parameter.name))


def _is_list(parameter: Any) -> bool:
    return bool(getattr(parameter, "multiple", False))


def _table(file: Path | None, command: str, commands: tuple[str, ...], named_by: str) -> dict[str, Any]:
    path = file or Path(FILE_NAME)
    if file is None and not path.is_file():
        return {}
    try:
        document = tomllib.loads(_text(path))
    except OSError as error:
        raise UsageError(
            f"cannot read {path}: {error.strerror or error}",
            advice=f"check {named_by if file else 'who may read it'}",
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is not valid TOML: {error}", advice="mend the line that it names") from error
    for name, value in document.items():
        if name not in commands or not isinstance(value, dict):
            close = nearest(name, commands, count=1) if isinstance(value, dict) else ()
            raise UsageError(
                f"{path}: there is no table [{name}]" if isinstance(value, dict) else f"{path}: {name} is in no table",
                advice=f"did you mean [{close[0]}]?"
                if close
                else f"options of aumdoctor {command} stand in the table [{command}]",
            )
    table: dict[str, Any] = document.get(command, {})
    return table


def _text(path: Path) -> str:
    """The file's text, with or without a byte order mark. UTF-16 without one shows by its zero bytes."""
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise UsageError(f"{path} is not in UTF-8, as TOML must be", advice="save it as UTF-8")
    # What read_text would do; tomllib takes a carriage return only before a line feed.
    return text.replace("\r\n", "\n")


def _checked(context: typer.Context, parameter: Any, value: Any, where: str) -> Any:
    """The value, once the option itself has accepted it."""
    if _is_list(parameter) and isinstance(value, str):
        value = [value]
    flag = getattr(parameter, "is_flag", False)
    if isinstance(value, dict) or isinstance(value, list) != _is_list(parameter):
        kind = "a list" if _is_list(parameter) else "a single value"
        raise UsageError(f"{where}: {value!r} is not {kind}", advice=_help(parameter))
    if isinstance(value, bool) and not flag:
        raise UsageError(f"{where}: {str(value).lower()} is not a value of the option", advice=_help(parameter))
    try:
        parameter.process_value(context, value)
    except typer.BadParameter as error:
        allowed = _allowed(parameter)
        if allowed:
            raise UsageError(
                f"{where}: {value!r} is not {allowed}", advice=f"give {allowed}, or leave it out"
            ) from error
        # Typer's message says "'quik' is not one of 'quick', 'normal', 'full'".
        close = nearest(str(value), tuple(re.findall("'([^']*)'", error.message)[1:]), count=1)
        raise UsageError(
            f"{where}: {error.message.removeprefix('Value error, ').rstrip('.')}",
            advice=f"did you mean {close[0]!r}?" if close else _help(parameter),
        ) from error
    return value


def _allowed(parameter: Any) -> str:
    """What a flag or an option for a number takes, in words; empty for every other option."""
    if getattr(parameter, "is_bool_flag", False):
        return "true or false"
    low, high = getattr(parameter, "min", None), getattr(parameter, "max", None)
    if low is None and high is None:
        return ""
    noun = "a whole number" if isinstance(parameter.default, int) else "a number"
    if low is None or high is None:
        return f"{noun} of at {f'least {low:g}' if high is None else f'most {high:g}'}"
    return f"{noun} from {low:g} to {high:g}"


def _advice(name: str, names: tuple[str, ...]) -> str:
    close = nearest(name, names, count=1)
    return f"did you mean {close[0]}?" if close else "aumdoctor scan --help lists the options"


def _help(parameter: Any) -> str:
    return f"--{_spelled(parameter)}: {getattr(parameter, 'help', None) or 'see --help'}"
