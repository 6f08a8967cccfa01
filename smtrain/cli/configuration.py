"""`--config`: the options of a command from a TOML file."""

from collections.abc import Mapping
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from re import search
from typing import Any

import click

from smtrain.cli import files, kinds
from smtrain.errors import UsageError, quoted

# What a key may hold, by the type of its option; a string for all others.
KINDS: tuple[tuple[type[click.ParamType[Any]], tuple[type, ...]], ...] = (
    (click.IntRange, (int,)),
    (kinds.Number, (int, float)),
    (kinds.NumberOr, (int, float, str)),
    (kinds.NumberOrData, (int, float, str)),
    (kinds.Size, (int, str)),
)
# Bytes of a file of options, at most: a file of data that is named by mistake is not read to its end.
LARGEST = 1_000_000
# What a message calls the types.
WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a string"}


def _read(ctx: click.Context, param: click.Parameter, path: str | None) -> None:
    """Callback: make the file's values the defaults, before the other options are looked at."""
    if path is not None and not ctx.resilient_parsing:
        parameters = {str(one.name): one for one in ctx.command.params if one is not param}
        ctx.default_map = values(path, ctx, parameters)
        ctx.meta[files.CONFIG] = path


CONFIG = click.Option(
    ["--config"],
    type=kinds.File(),
    metavar="FILE.toml",
    is_eager=True,
    expose_value=False,
    callback=_read,
    help="Take options from this file. The command line wins, then the environment.",
)


def configurable(command: click.Command) -> click.Command:
    """The command with `--config`, if it has options, and with a check of its files before it begins."""
    if CONFIG not in command.params and any(isinstance(one, click.Option) for one in command.params):
        command.params.append(CONFIG)
        command.callback = files.checked(command.callback)
    return command


def values(path: str, ctx: click.Context, parameters: Mapping[str, click.Parameter]) -> dict[str, Any]:
    """The file's values for the command of `ctx`, by parameter. Raises UsageError with the file and the key.

    Keys before the first table are for every command that has such an option, a table for the command of its name.
    """
    document, name, group = _document(path), str(ctx.info_name), ctx.find_root().command
    commands = group.list_commands(ctx) if isinstance(group, click.Group) else []
    table = document.get(name, {})
    if not isinstance(table, dict):
        raise UsageError(f"{path}: {quoted(name)} is a command: expected a table [{name}]")
    # A table of another command's name is for that command; any other is a mistake, and is told of as an option.
    above = {key: value for key, value in document.items() if key not in commands}
    others = {key for key in above if _parameter(key) not in parameters}
    if others:  # the other commands are loaded only if there is something to ask them
        others = set(filter(partial(_is_an_option, group=group, ctx=ctx), others))
    above = {key: value for key, value in above.items() if key not in others}
    return _of_table(path, above, ctx, parameters) | _of_table(path, table, ctx, parameters)


def _parameter(key: str) -> str:
    """The name of the parameter that a key is for."""
    return key.replace("-", "_")


def _is_an_option(key: str, group: click.Command, ctx: click.Context) -> bool:
    """Whether any command has such an option."""
    if not isinstance(group, click.Group):
        return False
    commands = filter(None, (group.get_command(ctx, name) for name in group.list_commands(ctx)))
    names = {one.name for command in commands for one in command.params if one is not CONFIG}
    return _parameter(key) in names


def _document(path: str) -> dict[str, Any]:
    import tomllib

    try:
        with Path(path).open("rb") as file:
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise UsageError(f"{path}: more than 1 MB: these are no options")
        return tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 text") from error
    except tomllib.TOMLDecodeError as error:
        place = search(r"^(.*) \(at line (\d+),", str(error))
        line, what = (f":{place[2]}", place[1]) if place else ("", str(error))
        raise UsageError(f"{path}{line}: not TOML: {what}") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: not TOML: {error}") from error
    except OSError as error:
        raise UsageError(f"cannot read {quoted(path)}: {error.strerror}") from error


def _of_table(
    path: str, table: Mapping[str, Any], ctx: click.Context, parameters: Mapping[str, click.Parameter]
) -> dict[str, Any]:
    """The values of one table, by parameter; a key is the name of an option, with - or _."""
    by_name: dict[str, Any] = {}
    for key, value in table.items():
        name = _parameter(key)
        if name not in parameters:
            near = get_close_matches(name, parameters, 1)
            hint = f"did you mean {near[0].replace('_', '-')}?" if near else f"{ctx.command_path} --help"
            raise UsageError(f"{path}: {quoted(key)} is not an option of {ctx.command_path}", hint=hint)
        if name in by_name:
            raise UsageError(f"{path}: {quoted(key)} is given twice, with - and with _")
        by_name[name] = _value(f"{path}: {quoted(key)}", value, ctx, parameters[name])
    return by_name


def _value(where: str, value: Any, ctx: click.Context, parameter: click.Parameter) -> Any:
    """The value as click takes it; one of several need not be in a list."""
    several = parameter.multiple or parameter.nargs == -1
    if several and not isinstance(value, list):
        value = [value]
    allowed = _allowed(parameter)
    if not all(type(one) in allowed for one in (value if several else [value])):
        wanted = " or ".join(WORDS[kind] for kind in allowed if not (kind is int and float in allowed))
        raise UsageError(f"{where}: expected {wanted}{', or a list of them' if several else ''}")
    # Converted here only to name the file and the key where that fails; click converts the value once more.
    try:
        parameter.process_value(ctx, value)
    except (click.BadParameter, UsageError) as error:
        what = error.message.removeprefix(f"{parameter.opts[-1]}: ").rstrip(".")
        raise UsageError(f"{where}: {what}", hint=getattr(error, "hint", None)) from error
    return value


def _allowed(parameter: click.Parameter) -> tuple[type, ...]:
    """The types of TOML that one value may have; bool is no int here."""
    if isinstance(parameter, click.Option) and parameter.is_flag:
        return (bool,)
    return next((allowed for kind, allowed in KINDS if isinstance(parameter.type, kind)), (str,))
