"""What a wheel has beside the package: man pages and completions, both made from the program itself."""

import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.builders.utils import get_reproducible_timestamp

# Where bash, zsh and fish look for completions, below a prefix.
COMPLETIONS = {
    "bash": "share/bash-completion/completions/smtrain",
    "zsh": "share/zsh/site-functions/_smtrain",
    "fish": "share/fish/vendor_completions.d/smtrain.fish",
}
# click marks paragraphs whose lines are to stay as they are; roff has requests for that.
AS_IT_IS = re.compile("^\b\n(.*?)\\s*(?=\n\\.|\\Z)", re.MULTILINE | re.DOTALL)


class ProgramFiles(BuildHookInterface):  # type: ignore[type-arg] # hatchling's own class of hooks needs no parameter
    """Puts the files of `program_files` into the wheel's shared data."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the files before the wheel is made; an editable one has none."""
        if version == "editable":
            return
        sys.path.insert(0, self.root)
        self.folder = tempfile.TemporaryDirectory(prefix="smtrain-")
        for place, text in program_files(self.metadata.version).items():
            path = Path(self.folder.name) / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
            build_data["shared_data"][str(path)] = place


def program_files(version: str) -> dict[str, str]:
    """The texts of the man pages and completions, by their places below a prefix."""
    return man_pages(version) | {place: completion(shell) for shell, place in COMPLETIONS.items()}


def man_pages(version: str) -> dict[str, str]:
    """A page for the program, and one for each command."""
    import click

    from smtrain.cli.main import COMMANDS, EPILOG, HELP, cli

    commands = {name: cli.get_command(click.Context(cli), name) for name in COMMANDS}
    # click-man reads the commands of a group; the program's own loads them late. And its help is not short.
    program = click.Group("smtrain", commands, help=HELP, short_help=HELP.partition(".")[0], params=cli.params)
    top = click.Context(program, info_name="smtrain", **cli.context_settings)
    pages = {"smtrain": f"{man_page(top, version)}.SH EXIT STATUS\n{EPILOG}\n"}
    for name, command in commands.items():
        pages[f"smtrain-{name}"] = man_page(click.Context(command, info_name=name, parent=top), version)
    return {f"share/man/man1/{name}.1": page for name, page in pages.items()}


def man_page(context: Any, version: str) -> str:
    """The page of a command; the date on it is that of the build, SOURCE_DATE_EPOCH."""
    from click_man.core import generate_man_page

    date = time.strftime("%Y-%m-%d", time.gmtime(get_reproducible_timestamp()))
    return AS_IT_IS.sub(r".nf\n\1\n.fi", generate_man_page(context, version, date)).rstrip("\n") + "\n"


def completion(shell: str) -> str:
    """What `smtrain completion SHELL` prints."""
    from smtrain.cli.commands.completion import script_of

    return script_of(shell) + "\n"
