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
def command(shell: str) -> None:
    """Print the completion script that click has for a shell."""
    from smtrain.cli.output import print_data

    print_data(script_of(shell))


def script_of(shell: str) -> str:
    """The script that makes a shell complete `smtrain`, without a newline at its end."""
    kind = get_completion_class(shell)
    assert kind is not None
    return kind(click.Group(), {}, "smtrain", "_SMTRAIN_COMPLETE").source().rstrip("\n")
