"""The `smtrain` command: loads a command when it is called, and turns every failure into its line and exit code."""

import contextlib
import errno
import io
import os
import re
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator
from importlib import import_module
from types import FrameType
from typing import NoReturn, TextIO

import click

from smtrain.cli import memory
from smtrain.cli.streams import BrokenOutput, ClosedOutput, buffered
from smtrain.errors import ExitCode, SmtrainError, SmtrainWarning
from smtrain.reports.console import errors
from smtrain.reports.text import message
from smtrain.sources.pyarrow_later import withhold
from smtrain.version import __version__
from smtrain.wording import in_shell

# In the order of a day's work, each with its line in the help.
COMMANDS = {
    "split": "Part a table in two: rows to train on, and rows to test with.",
    "fit": "Train on CSV or Parquet files and write a model.",
    "predict": "Predict the class of every row: a table in, a table out.",
    "evaluate": "Say how good a model is on labelled rows.",
    "cv": "Say how good fits are on rows that they have not seen.",
    "compare": "Say whether a new model is better than an old one.",
    "report": "Write what there is to know of a model as one page.",
    "doctor": "Say what is wrong with a table before it is fitted.",
    "check": "Hold new data against what a model was trained on.",
    "verify": "Fit again as a model says it was fitted, and compare the bytes.",
    "show": "Say what is in a model.",
    "export": "Write a model in another language.",
    "explain": "Say why one row is predicted as it is, and show its x, z, s, y, s − y.",
    "gradcheck": "Check Σ X ⊗ (S − Y) against central differences on a file.",
    "completion": "Print what makes a shell complete commands and options.",
}
STOPPED = {
    signal.SIGINT: ("interrupted", ExitCode.INTERRUPT),
    signal.SIGTERM: ("terminated", ExitCode.TERMINATED),
}
if hasattr(signal, "SIGHUP"):  # Windows has none
    STOPPED[signal.SIGHUP] = ("hung up", ExitCode.HANGUP)
EPILOG = (
    "Data goes to standard output, everything else to standard error. Exit codes: 0 done, 2 usage, 3 data, 4 model, "
    "5 training, 6 output, memory or cluster, 7 a check failed."
)


class Stopped(BaseException):
    """A signal asked the process to end."""

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.signum = signal.Signals(signum)


class Commands(click.Group):
    """A group whose commands are modules, loaded when needed: help needs click only."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names of the commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of a module of its name."""
        if cmd_name not in COMMANDS:
            return None
        from smtrain.cli.configuration import configurable

        command = configurable(import_module(f"smtrain.cli.commands.{cmd_name}").command)
        command.short_help = COMMANDS[cmd_name]
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write the list of commands. click would load them all."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is called. The error for an unknown name has the nearest of COMMANDS, which click lacks."""
        try:
            return super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand as error:
            raise click.exceptions.NoSuchCommand(error.command_name, possibilities=COMMANDS, ctx=ctx) from error


def _print_version(ctx: click.Context, param: click.Parameter, asked: bool) -> None:  # noqa: ARG001 - click's signature
    """Print the version and exit; with --json, which is eager and so known here, the versions of everything."""
    if not asked:
        return
    if ctx.params.get("json"):
        from smtrain.cli.output import print_document
        from smtrain.cli.versions import versions

        print_document(versions())
    else:
        click.echo(f"smtrain {__version__}")
    ctx.exit()


HELP = """Train, certify and use multiclass (softmax) logistic regression.

\b
  smtrain fit data.csv                     train on the last column, write model.npz
  smtrain predict new.csv > out.csv        one prediction a row
  smtrain evaluate test.csv                how good it is
"""


@click.group(
    cls=Commands,
    help=HELP,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "SMTRAIN", "max_content_width": 100},
)
# Not from the environment: SMTRAIN_VERSION may be anyone's variable.
@click.option(
    "--version",
    is_flag=True,
    callback=_print_version,
    expose_value=False,
    allow_from_autoenv=False,
    help="Show the version and exit.",
)
@click.option(
    "--json",
    is_flag=True,
    is_eager=True,
    allow_from_autoenv=False,
    help="With --version: show those of the libraries, the BLAS and the machine, too.",
)
def cli(*, json: bool) -> None:
    """Hold the commands."""
    if json:
        raise click.UsageError("--json before a command is for --version; a command has its own")


def main() -> NoReturn:
    """Run the command line and exit."""
    _prepare()
    limited = memory.limited()
    if limited:
        memory.exit_as_memory()
    code = run(sys.argv[1:])
    # From here on the outcome stands, and a signal that comes late must not change the exit code.
    for signum in STOPPED:
        signal.signal(signum, signal.SIG_IGN)
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stdout.flush()
    # Python flushes standard output once more at its exit, and would print a traceback where that fails again.
    if code in {ExitCode.PIPE, ExitCode.OUTPUT}:
        _forget(sys.stdout)
    # So it does with standard error; where nobody reads that any more, it would end the process with code 120.
    try:
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        _forget(sys.stderr)
    if limited:
        memory.leave(int(code))
    sys.exit(int(code))


def _prepare() -> None:
    """Set what must be set before numpy is loaded, and how the streams and signals behave."""
    for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "BLIS_NUM_THREADS"):
        os.environ[name] = "1"  # parallelism is over partitions; more threads in BLAS would only be slower
    withhold()
    # Python has no standard output at all where it was closed before the start (>&-).
    if sys.stdout is None:
        sys.stdout = ClosedOutput()
    else:
        sys.stdout = buffered(sys.stdout)
    # A text that the locale cannot write is written as an escape: a report never fails for a label.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    for signum in STOPPED:
        if signal.getsignal(signum) is not signal.SIG_IGN:  # nohup and & ask for it: what is ignored stays so
            signal.signal(signum, _stop)
    sys.unraisablehook = _stop_again


def _stop(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001 - signal's signature
    raise Stopped(signum)


def _stop_again(unraisable: "sys.UnraisableHookArgs") -> None:
    """Send a signal once more that came inside a destructor or a callback, where Python drops every exception."""
    if isinstance(unraisable.exc_value, Stopped):
        threading.Timer(0.01, os.kill, (os.getpid(), unraisable.exc_value.signum)).start()
    else:
        sys.__unraisablehook__(unraisable)


@contextlib.contextmanager
def _stop_in_front() -> Iterator[None]:
    """Raise the signal itself where Python put another exception in front of it.

    Python before 3.12 wraps whatever is raised while a class is made (`__set_name__`) in a RuntimeError, and a
    cleaning up that fails because of the signal hides it too.
    """
    try:
        yield
    except Exception as error:
        behind: BaseException | None = error
        while behind is not None and not isinstance(behind, Stopped):
            behind = behind.__cause__ or behind.__context__
        if behind is None:
            raise
        raise behind from None


def _forget(stream: TextIO) -> None:
    """Keep the interpreter from complaining, at its exit, of an output that is gone."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _run(arguments: list[str]) -> ExitCode:
    """Run one command line, and show its failure at the line of the file, where it has one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SmtrainWarning)  # for callers from Python: the reports say the same
            code = cli.main(arguments or ["--help"], prog_name="smtrain", standalone_mode=False)
    except SmtrainError as error:
        from smtrain.cli.annotating import annotate
        from smtrain.reports.annotations import of_error

        annotate(of_error(error))
        raise
    return ExitCode(code) if isinstance(code, int) else ExitCode.OK


def run(arguments: list[str]) -> ExitCode:
    """Run one command line; the only place where a failure becomes a line on standard error and an exit code."""
    try:
        with _stop_in_front():
            return _run(arguments)
    except SmtrainError as error:
        return _fail(error.message, error.hint and in_shell(error.hint), error.exit_code)
    except click.ClickException as error:
        return _fail_of_click(error)
    except (Stopped, KeyboardInterrupt, click.Abort) as stop:
        what, code = STOPPED[stop.signum if isinstance(stop, Stopped) else signal.SIGINT]
        return _fail(what, None, code)
    except (BrokenOutput, BrokenPipeError):
        return ExitCode.PIPE
    except MemoryError:
        return _fail(memory.MESSAGE, None, ExitCode.OUTPUT)
    except RuntimeError as error:
        if "can't start new thread" not in str(error):
            return _fail_of_ours(error)
        return _fail("not enough memory for another thread", "--threads 1", ExitCode.OUTPUT)
    except OSError as error:
        return _fail_of_system(error)
    except Exception as error:  # noqa: BLE001 - whatever is left is a bug, and must say so
        return _fail(memory.MESSAGE, None, ExitCode.OUTPUT) if memory.lacks_room(error) else _fail_of_ours(error)


def _fail_of_ours(error: Exception) -> ExitCode:
    traceback.print_exc(file=errors())
    return _fail(f"this is a bug in smtrain: {type(error).__name__}: {error}", None, ExitCode.BUG)


def _fail_of_system(error: OSError) -> ExitCode:
    """A failure of the system that no part of the program expected where it came."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF, errno.ENOMEM}:
        return _fail(f"cannot write the output: {error.strerror}", None, ExitCode.OUTPUT)
    return _fail(f"{error.filename or 'the system'}: {error.strerror or error}", None, ExitCode.USAGE)


def _fail_of_click(error: click.ClickException) -> ExitCode:
    """A command line that cannot be understood, on one line."""
    text, context = error.format_message(), getattr(error, "ctx", None)
    if isinstance(error, click.MissingParameter):
        text = " ".join(text.split())  # click lists choices on lines of their own
    elif isinstance(error, click.BadParameter) and error.param is not None and _is_next_option(error):
        text = f"Option '{error.param.opts[0]}' requires an argument."  # as click says at the end of the line
    return _fail(text, f"{context.command_path} --help" if context is not None else None, ExitCode.USAGE)


def _is_next_option(error: click.BadParameter) -> bool:
    """Whether what is no value of an option is the option behind it, which click took for one."""
    value = re.match(r"'(-[^']+)' is not ", error.message)
    known = [] if error.ctx is None else [name for param in error.ctx.command.params for name in param.opts]
    return value is not None and value[1] in known


def _fail(text: str, hint: str | None, code: ExitCode) -> ExitCode:
    stream = errors()
    if os.environ.get("SMTRAIN_DEBUG") == "1":
        traceback.print_exc(file=stream)
    stream.write(message(f"smtrain: error: {text}") + "\n")
    if hint:
        stream.write(message(f"hint: {hint}") + "\n")
    return code
