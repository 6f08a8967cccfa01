"""The files of a command, checked before its work: no output may be one of the inputs, or another output."""

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

import click

from smtrain.cli import kinds
from smtrain.errors import UsageError, quoted

CONFIG = "smtrain.config"  # the key in a context's meta of the file that --config named
Identity = tuple[int | str, ...]


@dataclass(frozen=True)
class File:
    """`option` names it to the user; it is empty for an argument. `identity` is None where nothing can be lost.

    `stream` says that it is standard input.
    """

    option: str
    path: str
    identity: Identity | None
    stream: bool = False


def checked(callback: Callable[..., Any] | None) -> Callable[..., Any] | None:
    """The function of a command, which begins with the check of its files, and then with the report of the job."""
    if callback is None:
        return None

    @wraps(callback)
    def run(*arguments: Any, **options: Any) -> Any:
        from smtrain.cli.annotating import begin

        check_files(click.get_current_context())
        begin()
        return callback(*arguments, **options)

    return run


def check_files(ctx: click.Context) -> None:
    """Raise UsageError if an output of a command is one of its inputs or another output: one would be lost."""
    inputs, outputs = list(_inputs(ctx)), list(_outputs(ctx))
    _check_read_once([one for one in inputs if one.stream])
    _check_standard_output(inputs)
    _check_streams([one for one in outputs if one.option.startswith("-")])
    _check_clashes(inputs, outputs)


def check_outputs(ctx: click.Context, paths: Sequence[str]) -> None:
    """Raise UsageError if a file that a command writes into its --output is one of its inputs or another output."""
    _check_clashes(list(_inputs(ctx)), [File("--output", path, _identity(path)) for path in paths])


def inputs_of(ctx: click.Context) -> list[str]:
    """The paths of the files that a command reads, without standard input."""
    return [one.path for one in _inputs(ctx) if not one.stream]


def _check_clashes(inputs: list[File], outputs: list[File]) -> None:
    """Raise UsageError if an output is an input or another output."""
    known = {one.identity: one for one in reversed(inputs)}
    for output in outputs:
        if output.identity is not None and output.identity in known:
            raise UsageError(_clash(output, known[output.identity]))
        known[output.identity] = output


def _check_read_once(streams: list[File]) -> None:
    """Standard input can be read once: a second reader would find nothing."""
    if len(streams) > 1:
        raise UsageError("- is given twice, and standard input can be read only once", hint="name a file instead")


def _check_standard_output(inputs: list[File]) -> None:
    """What a shell's > has emptied cannot be read; what >> adds to would be read for ever."""
    output = _of_descriptor(1)
    for one in inputs:
        if output is not None and output == one.identity:
            raise UsageError(f"standard output is the input {quoted(one.path)}", hint="write to another file")


def _check_streams(outputs: list[File]) -> None:
    """A file that is written by its name and by a stream loses one of the two, but where the name is the stream's."""
    for descriptor, name in ((1, "standard output"), (2, "standard error")):
        stream = _of_descriptor(descriptor)
        for one in outputs:
            # /dev/stdout is the stream itself: what goes there by the name comes after what went there before.
            if stream is not None and stream == one.identity and not one.path.startswith(("/dev/", "/proc/")):
                raise UsageError(
                    f"{name} is the file of {one.option}: {quoted(one.path)}", hint="write to another file"
                )


def _clash(output: File, other: File) -> str:
    if not other.option:
        return f"{output.option}: {quoted(output.path)} is the input"
    return f"{other.option} and {output.option} are the same file: {quoted(output.path)}"


def _inputs(ctx: click.Context) -> Iterator[File]:
    """The files that a command reads."""
    config = ctx.meta.get(CONFIG)
    if config is not None:
        yield File("--config", config, _identity(config))
    for parameter, path in _paths(ctx):
        if not isinstance(parameter.type, kinds.Output):
            stream = path == "-" and isinstance(parameter.type, kinds.Data)
            yield File(_option(parameter), path, _of_descriptor(0) if stream else _identity(path), stream)


def _outputs(ctx: click.Context) -> Iterator[File]:
    """The files that a command writes, those that the system for continuous integration asks for among them."""
    for parameter, path in _paths(ctx):
        if isinstance(parameter.type, kinds.Output) and path != "-":
            yield File(_option(parameter), path, _identity(path))
    # GitHub's variable is set in its jobs only; ours may be set anywhere, and is looked at in a job of GitLab.
    in_gitlab = os.environ.get("GITLAB_CI") == "true"
    for name in ("GITHUB_STEP_SUMMARY", *(["SMTRAIN_CODE_QUALITY"] if in_gitlab else [])):
        if os.environ.get(name):
            yield File(name, os.environ[name], _identity(os.environ[name]))


def _paths(ctx: click.Context) -> Iterator[tuple[click.Parameter, str]]:
    """Every path that a command was given."""
    for parameter in ctx.command.params:
        value = ctx.params.get(str(parameter.name))
        if isinstance(parameter.type, kinds.File):
            for path in value if isinstance(value, tuple) else [value]:
                if isinstance(path, str):
                    yield parameter, path


def _option(parameter: click.Parameter) -> str:
    return max(parameter.opts, key=len) if isinstance(parameter, click.Option) else ""


def _identity(path: str) -> Identity | None:
    """The same for every name of a regular file, links of both kinds included; a name alone if there is none yet."""
    # Two names of one file, by links of any sort, have one inode; a file that is not there yet has its name alone.
    try:
        return _of_status(os.stat(path))  # noqa: PTH116 - a path of "" must fail like any other
    except OSError:
        return (os.path.realpath(path),)


def _of_descriptor(descriptor: int) -> Identity | None:
    try:
        return _of_status(os.fstat(descriptor))
    except OSError:
        return None


def _of_status(status: os.stat_result) -> Identity | None:
    return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else None
