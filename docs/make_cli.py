"""Write docs/cli.md from the `--help` of smtrain and of every command: `make docs`."""

from pathlib import Path

from click.testing import CliRunner

from smtrain.cli.main import COMMANDS, cli

PAGE = Path(__file__).with_name("cli.md")
WIDTH = 100
INTRODUCTION = """\
# Command line

Written by `docs/make_cli.py` from `--help`; edit the help texts, not this page. How to choose the options is in
[options.md](options.md), what may be in a file in [data.md](data.md), the exit codes in the
[README](../README.md#exit-codes).

Every option can also be given by an environment variable, `SMTRAIN_<COMMAND>_<OPTION>`: `SMTRAIN_FIT_L2=0.1` is
`smtrain fit --l2 0.1`. The command line wins.
"""


def help_text(*command: str) -> str:
    """The help of a command, as on a terminal of WIDTH columns."""
    result = CliRunner().invoke(cli, [*command, "--help"], prog_name="smtrain", terminal_width=WIDTH, color=False)
    if result.exit_code:
        raise RuntimeError(f"smtrain {' '.join(command)} --help: {result.output}")
    return "\n".join(line.rstrip() for line in result.output.splitlines()).strip()


def page() -> str:
    """The whole page."""
    sections = [("smtrain", help_text()), *((f"smtrain {name}", help_text(name)) for name in COMMANDS)]
    return INTRODUCTION + "".join(f"\n## {title}\n\n```text\n{text}\n```\n" for title, text in sections)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
