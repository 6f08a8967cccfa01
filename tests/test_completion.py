"""`smtrain completion`: the scripts, and what they are answered."""

import shutil
import subprocess
import sys

import click
import pytest

from smtrain.cli.commands.completion import SHELLS
from smtrain.cli.main import COMMANDS, cli
from smtrain.errors import ExitCode
from tests.cli import SMTRAIN, clean_environment, smtrain


def answer(line):
    """What bash is told for a line whose last word is being typed."""
    words = line.split(" ")
    env = {"_SMTRAIN_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    return smtrain(env=env).stdout.splitlines()


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_of_each_shell(shell):
    script = smtrain("completion", shell).stdout
    assert "_smtrain_completion" in script
    assert f"_SMTRAIN_COMPLETE={shell}_complete" in script
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=script, text=True, check=True)


def test_another_shell_is_refused():
    assert "'bash', 'zsh', 'fish'" in smtrain("completion", "tcsh", code=ExitCode.USAGE).stderr
    smtrain("completion", code=ExitCode.USAGE)


def test_commands_options_choices_and_files_are_completed():
    assert answer("smtrain ") == [f"plain,{name}" for name in COMMANDS]
    assert answer("smtrain pr") == ["plain,predict"]
    assert answer("smtrain fit --ta") == ["plain,--target"]
    assert answer("smtrain fit --solver l") == ["plain,lbfgs"]
    assert answer("smtrain fit --l2 ") == ["plain,auto"]
    assert answer("smtrain completion z") == ["plain,zsh"]
    for line in ("fit ", "fit data.csv mo", "predict -m ", "fit --config ", "fit --validation ", "show ", "predict da"):
        assert answer(f"smtrain {line}") == [f"file,{line.split(' ')[-1]}"]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_file_is_completed_as_one(name):
    command = cli.get_command(click.Context(cli), name)
    for one in command.params:
        shown = one.make_metavar(click.Context(command))
        if "FILE" in shown or shown.strip("[].") in {"DATA", "MODEL", "OLD.npz", "NEW.npz"}:
            (item,) = one.shell_complete(click.Context(command), "x")
            assert (item.type, item.value) == ("file", "x"), f"smtrain {name}: {shown}: type=kinds.File()"


def test_a_broken_configuration_does_not_stop_completion():
    assert answer("smtrain fit --config no-such-file --ta") == ["plain,--target"]


def test_bash_completes(tmp_path):
    program = tmp_path / "smtrain"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m smtrain "$@"\n')
    program.chmod(0o755)
    script = (
        f'PATH="{tmp_path}:$PATH"; eval "$(smtrain completion bash)"; complete -p smtrain\n'
        'COMP_WORDS=(smtrain evaluate --mod); COMP_CWORD=2; _smtrain_completion smtrain; echo "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, env=clean_environment(), check=True)
    assert done.stdout.splitlines() == ["complete -o nosort -F _smtrain_completion smtrain", "--model"]


def test_completing_loads_click_only():
    env = clean_environment(_SMTRAIN_COMPLETE="bash_complete", COMP_WORDS="smtrain fit --ta", COMP_CWORD="2")
    for more, environment in (([], env), (["completion", "bash"], clean_environment())):
        done = subprocess.run(
            [sys.executable, "-X", "importtime", *SMTRAIN[1:], *more],
            capture_output=True,
            text=True,
            env=environment,
            check=True,
        )
        loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
        assert "click" in loaded
        assert not loaded & {"numpy", "pandas", "rich", "tomllib"}
