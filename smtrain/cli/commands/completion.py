"""`smtrain completion`."""

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")
HELP = """Print what makes SHELL complete commands, options and files.

\b
~/.bashrc:  eval "$(smtrain completion bash)"
~/.zshrc:   eval "$(smtrain completion zsh)", below compinit
fish:       smtrain completion fish > ~/.config/fish/completions/smtrain.fish
"""


@click.command("completion", help=HELP)
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the completion script that click has for a shell."""
    from smtrain.cli.output import print_data

    script = get_completion_class(shell)
    assert script is not None
    print_data(script(ctx.find_root().command, {}, "smtrain", "_SMTRAIN_COMPLETE").source().rstrip("\n"))
