"""Write docs/cli.md from the `--help` of smtrain and of every command: `make docs`."""

from pathlib import Path

import click
from click.testing import CliRunner

from smtrain.cli.main import COMMANDS, cli

PAGE = Path(__file__).with_name("cli.md")
WIDTH = 100
INTRODUCTION = """\
# Command line

Written by `docs/make_cli.py` from `--help`; edit the help texts, not this page. How to choose the options is in
[options.md](options.md), what may be in a file in [data.md](data.md), the exit codes in the
[README](../README.md#exit-codes).

An option can also be given by an environment variable or in a file:
[options.md](options.md#options-from-a-file---config).
"""


def help_text(*command: str) -> str:
    """The help of a command, as on a terminal of WIDTH columns."""
    result = CliRunner().invoke(cli, [*command, "--help"], prog_name="smtrain", terminal_width=WIDTH, color=False)
    if result.exit_code:
        raise RuntimeError(f"smtrain {' '.join(command)} --help: {result.output}")
    return "\n".join(line.rstrip() for line in result.output.splitlines()).strip()


def odd_variables(name: str) -> str:
    """The environment variables of a command that are not named like their option, in a sentence."""
    command = cli.get_command(click.Context(cli), name)
    found = []
    for option in command.params if command else ():
        long = max(option.opts, key=len).lstrip("-")
        if isinstance(option, click.Option) and option.name and option.name != long.replace("-", "_"):
            found.append(f"`--{long}` is `{f'SMTRAIN_{name}_{option.name}'.upper()}`")
    return f"\nEnvironment variables with another name: {', '.join(found)}.\n" if found else ""


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION, f"\n## smtrain\n\n```text\n{help_text()}\n```\n"]
    parts += [f"\n## smtrain {name}\n\n```text\n{help_text(name)}\n```\n{odd_variables(name)}" for name in COMMANDS]
    return "".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
