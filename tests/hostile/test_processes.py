"""The process from outside: signals, closed and broken streams, limits, the environment, a terminal."""

import contextlib
import hashlib
import os
import pty
import random
import re
import select
import signal
import socket
import subprocess
import sys
import time

import pytest

from smtrain.errors import ExitCode
from tests.cli import SMTRAIN, clean_environment
from tests.hostile.conftest import SMALL
from tests.hostile.tables import numbers, quoted_csv

LONG = ("--solver", "gd", "--learning-rate", "1e-6", "--epochs", "100000000", "--tol", "0")
SIGNALS = {signal.SIGINT: (130, "interrupted"), signal.SIGTERM: (143, "terminated"), signal.SIGHUP: (129, "hung up")}
SGR = re.compile(r"\x1b\[[0-9;]*m")


def slowly(cases):
    """Cases for the long runs only."""
    return [pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.slow) for case in cases]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "data.csv").write_bytes(SMALL)
    return tmp_path


def start(folder, *arguments, env=None, **options):
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    environment = clean_environment(**(env or {}))
    return subprocess.Popen([*SMTRAIN, *arguments], cwd=folder, env=environment, **{**streams, **options})


def finish(folder, *arguments, env=None, code=0, **options):
    """Run a command to its end."""
    process = start(folder, *arguments, env=env, **options)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == code, stderr
    return stdout, stderr


def shell(folder, command, env=None, timeout=60):
    """A line of bash; `smtrain` is the command under test. Its own exit code is that of the first of a pipe."""
    script = f'smtrain() {{ "{sys.executable}" -m smtrain "$@"; }}; {command}; exit "${{PIPESTATUS[0]}}"'
    environment = clean_environment(**(env or {}))
    return subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def names(folder):
    return {path.name for path in folder.iterdir()}


# ---- signals ----


@pytest.mark.parametrize("signum", [signal.SIGTERM, *slowly([signal.SIGINT, signal.SIGHUP])], ids=lambda s: s.name)
def test_a_signal_during_training(signum, folder):
    code, says = SIGNALS[signum]
    process = start(folder, "fit", "data.csv", *LONG)
    for line in process.stderr:  # until it trains
        if line.split()[:1] == ["64"]:
            break
    process.send_signal(signum)
    _, stderr = process.communicate(timeout=10)
    assert process.returncode == code
    assert [line for line in stderr.split("\n") if line.startswith("smtrain:")] == [f"smtrain: error: {says}"]
    assert "Traceback" not in stderr
    assert names(folder) == {"data.csv"}


@pytest.mark.slow
def test_a_second_signal_changes_nothing(folder):
    process = start(folder, "fit", "data.csv", *LONG)
    for line in process.stderr:
        if line.split()[:1] == ["64"]:
            break
    for _ in range(5):
        process.send_signal(signal.SIGINT)
        time.sleep(0.001)
    _, stderr = process.communicate(timeout=10)
    assert process.returncode in {130, -signal.SIGINT}  # as Python ends, it takes its handler back; a shell sees 130
    assert "Traceback" not in stderr
    assert stderr.count("smtrain: error: ") == 1


@pytest.mark.slow
@pytest.mark.parametrize("command", ["predict", "evaluate"])
def test_a_signal_while_input_is_waited_for(command, folder):
    finish(folder, "fit", "data.csv", "-q")
    process = start(folder, command, "-", stdin=subprocess.PIPE)
    time.sleep(1.5)
    process.send_signal(signal.SIGTERM)
    _, stderr = process.communicate(timeout=10)
    assert process.returncode == 143
    assert stderr == "smtrain: error: terminated\n"


@pytest.mark.parametrize("signum", SIGNALS, ids=lambda s: s.name)
def test_a_signal_inside_a_callback_is_not_lost(signum, folder):
    """Python drops an exception raised in a destructor, a weak reference's callback or the like, and says so."""
    work = f"""
import os, sys, time, smtrain.cli.main as m
class Dying:
    def __del__(self):
        os.kill(os.getpid(), {signum:d})
        time.sleep(0)
def work(arguments, **options):
    Dying()
    time.sleep(30)
m.cli.main = work
m.main()
"""
    process = subprocess.run([sys.executable, "-c", work], capture_output=True, text=True, timeout=20, check=False)
    code, word = SIGNALS[signum]
    assert (process.returncode, process.stderr) == (code, f"smtrain: error: {word}\n")


@pytest.mark.slow
@pytest.mark.parametrize("signum", SIGNALS, ids=lambda s: s.name)
def test_a_signal_at_any_time(signum, folder):
    """From the start of the command's own code on; before that it is Python that is interrupted."""
    random_times, code = random.Random(signum), SIGNALS[signum][0]
    marker = (
        "import smtrain.cli.main as m, sys; m._prepare(); print('ready', flush=True); sys.argv[0] = 'smtrain'; m.main()"
    )
    for _ in range(40):
        process = subprocess.Popen(
            [sys.executable, "-c", marker, "fit", "data.csv", "--epochs", "3"],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=clean_environment(),
        )
        process.stdout.readline()
        time.sleep(random_times.uniform(0, 0.9))
        process.send_signal(signum)
        _, stderr = process.communicate(timeout=20)
        # As Python ends, after the model was saved, it takes its handlers back: then the signal itself ends it.
        assert process.returncode in {0, code} or (process.returncode == -signum and "saved" in stderr), stderr
        assert "Traceback" not in stderr, stderr
        assert names(folder) <= {"data.csv", "model.npz"}


# ---- streams ----


def test_fit_goes_on_when_nobody_reads_its_progress(folder):
    for line in (
        "smtrain fit data.csv 2>&-",
        "smtrain fit data.csv 2>/dev/full",
        "smtrain fit data.csv 2>&1 >/dev/null | head -1",
    ):
        done = shell(folder, line)
        assert done.returncode == 0, f"{line}: {done.returncode} {done.stderr}"
        assert names(folder) == {"data.csv", "model.npz"}
        (folder / "model.npz").unlink()


@pytest.mark.slow
def test_fit_goes_on_when_its_progress_breaks_at_once(folder):
    done = shell(folder, "smtrain fit data.csv 2>&1 | true")
    assert done.returncode == 0
    assert names(folder) == {"data.csv", "model.npz"}


@pytest.mark.slow
def test_a_failure_keeps_its_code_when_nobody_reads_why(folder):
    for line in (
        "smtrain fit nothing.csv 2>&-",
        "smtrain fit nothing.csv 2>/dev/full",
        "smtrain fit nothing.csv 2>&1 | true",
    ):
        assert shell(folder, line).returncode == 2, line


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fitted")
    (folder / "data.csv").write_bytes(SMALL)
    finish(folder, "fit", "data.csv", "-q")
    (folder / "many.csv").write_bytes(quoted_csv(["a", "b"], [(str(i % 9), "uvw"[i % 3]) for i in range(200_000)]))
    return folder


STREAMS = [
    ("smtrain predict data.csv >&-", 6, "closed"),
    ("smtrain predict data.csv >/dev/full", 6, "space"),
    ("smtrain predict data.csv -o /dev/full", 6, 'cannot write "/dev/full": No space'),
    ("smtrain predict many.csv | head -1", 141, ""),
    ("smtrain evaluate data.csv | true", 141, ""),
    ("smtrain --help >/dev/full", 6, "space"),
    ("smtrain predict - <&-", 2, "closed"),
    ("smtrain predict data.csv <&- 2>&- >/dev/null", 0, ""),
]
MORE_STREAMS = [
    ("smtrain predict many.csv >/dev/full", 6, "space"),
    ("smtrain predict data.csv | true", 141, ""),
    ("smtrain evaluate data.csv >&-", 6, "closed"),
    ("smtrain evaluate data.csv >/dev/full", 6, "space"),
    ("smtrain evaluate data.csv --json >/dev/full", 6, "space"),
    ("smtrain show >/dev/full", 6, "space"),
    ("smtrain show --json >/dev/full", 6, "space"),
    ("smtrain explain data.csv >/dev/full", 6, "space"),
    ("smtrain gradcheck data.csv >&-", 6, "closed"),
    ("smtrain fit data.csv -q --json >/dev/full", 6, "space"),
    ("smtrain fit data.csv -q --json >&-", 6, "closed"),
    ("smtrain --version >&-", 6, "closed"),
    ("smtrain predict - </dev/null", 3, "empty"),
    ("smtrain predict data.csv <&- >/dev/null", 0, ""),
    ("smtrain predict <data.csv >/dev/null", 0, ""),
]


REPORTS = ["show", "explain data.csv", "gradcheck data.csv", "doctor data.csv", "check data.csv",
           "evaluate data.csv", "compare model.npz model.npz data.csv"]  # fmt: skip


@pytest.mark.parametrize("report", REPORTS)
def test_a_report_is_written_at_once(report, fitted):
    """So a reader of its first lines has all there is to read, and cannot break the pipe by chance."""
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)  # keeps writes apart, unlike a pipe
    with here, there:
        done = subprocess.run(
            [*SMTRAIN, *report.split()], cwd=fitted, env=clean_environment(), stdout=there, timeout=60, check=False
        )
        here.setblocking(False)
        assert here.recv(1 << 20).endswith(b"\n")
        with pytest.raises(BlockingIOError):
            here.recv(1)
    assert done.returncode in {ExitCode.OK, ExitCode.CHECK}


@pytest.mark.parametrize(("line", "code", "says"), [*STREAMS, *slowly(MORE_STREAMS)])
def test_streams(line, code, says, fitted):
    done = shell(fitted, f"set +e; {line}")
    assert done.returncode == code, f"{done.returncode}: {done.stderr}"
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert done.stderr.count("\n") == (1 if says else 0), done.stderr


def test_input_that_shrinks_while_it_is_read(fitted):
    process = start(fitted, "predict", "-", stdin=subprocess.PIPE, text=False)
    process.stdin.write(b"a,b\n1,u\n2,")
    process.stdin.close()
    with process.stdout, process.stderr:
        stdout, stderr = process.stdout.read(), process.stderr.read()
    assert process.wait() == 0, stderr
    assert stdout.count(b"\n") == 3


def test_rows_of_a_pipe_come_in_any_pieces(fitted):
    process = start(fitted, "predict", "-", "--keep", "all", stdin=subprocess.PIPE, text=False)
    text = b'a,b\n1,"u\n"\n2,v\n\n"3",w\r\n'
    for i in range(len(text)):
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(text[i : i + 1])
            process.stdin.flush()
    stdout, stderr = process.communicate()
    assert process.returncode == 0, stderr
    assert [line.rpartition(b",")[0] for line in stdout.split(b"\n")[-3:-1]] == [b"2,v", b'"3",w']


# ---- limits ----

LIMITED = """
import resource, sys
import smtrain.fitting.fit, smtrain.reports.progress, rich.console, rich.progress, rich.table
from smtrain.cli.main import main
size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize() + int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_AS, (size, size))
del sys.argv[:1]
main()
"""


@pytest.mark.parametrize("room", [24, *slowly([1, 4, 12, 48])])
def test_too_little_memory(room, folder):
    (folder / "data.csv").write_bytes(numbers(600_000))
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(room << 20), "fit", "data.csv"],
        cwd=folder,
        capture_output=True,
        text=True,
        env=clean_environment(),
        timeout=60,
        check=False,
    )
    assert done.returncode == 6, f"{done.returncode}: {done.stderr[-2000:]}"
    assert "smtrain: error: not enough memory" in done.stderr
    assert "Traceback" not in done.stderr
    assert names(folder) == {"data.csv"}


# ---- the environment ----

ENVIRONMENTS = {
    "C": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "strict latin-1": {"PYTHONIOENCODING": "latin-1:strict"},
    "commas": {"LC_NUMERIC": "de_DE.UTF-8", "LC_ALL": "", "LANG": "de_DE.UTF-8"},
    "narrow": {"COLUMNS": "20", "LINES": "3"},
    "no width": {"COLUMNS": "0"},
    "no home": {"HOME": ""},
    "a home that is not there": {"HOME": "/nonexistent"},
    "hash 1": {"PYTHONHASHSEED": "1"},
    "hash 2": {"PYTHONHASHSEED": "4242"},
    "blas": {"OPENBLAS_NUM_THREADS": "7", "OMP_NUM_THREADS": "3"},
    "time": {"TZ": "Asia/Kathmandu", "SOURCE_DATE_EPOCH": "1"},
    "optimised": {"PYTHONOPTIMIZE": "2"},
    "warnings": {"PYTHONWARNINGS": "error"},
    "no bytecode": {"PYTHONDONTWRITEBYTECODE": "1"},
}


@pytest.fixture(scope="module")
def worldly(tmp_path_factory):
    """Two partitions of numbers, words and gaps, and the bytes of their model."""
    folder = tmp_path_factory.mktemp("worldly")
    rows = [(f"{i * 7 % 101 / 8}", "" if i % 11 == 0 else "äö漢"[i % 3], "pqr"[i * i % 7 % 3]) for i in range(9000)]
    (folder / "data.csv").write_bytes(quoted_csv(["f", "wörd", "y"], rows))
    finish(folder, "fit", "data.csv", "-q", "-o", "reference.npz")
    return folder


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


OFTEN = ["C", "hash 1"]


@pytest.mark.parametrize("name", [*OFTEN, *slowly(name for name in ENVIRONMENTS if name not in OFTEN)])
def test_the_environment_changes_no_byte(name, worldly):
    process = start(worldly, "fit", "data.csv", "-o", "model.npz", env=ENVIRONMENTS[name], text=False)
    _, stderr = process.communicate()
    assert process.returncode == 0, stderr
    assert b"Traceback" not in stderr
    assert digest(worldly / "model.npz") == digest(worldly / "reference.npz")


@pytest.mark.slow
@pytest.mark.parametrize(
    "options", [("--threads", "1"), ("--threads", "2"), ("--threads", "5"), ("-q", "--json")], ids=" ".join
)
def test_threads_change_no_byte(options, worldly):
    finish(worldly, "fit", "data.csv", "-o", "model.npz", *options)
    assert digest(worldly / "model.npz") == digest(worldly / "reference.npz")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["C", "ascii", "strict latin-1", "narrow"])
def test_reports_in_any_environment(name, worldly):
    for command in (("evaluate", "data.csv"), ("show",), ("predict", "data.csv")):
        process = start(worldly, *command, "-m", "reference.npz", env=ENVIRONMENTS[name], text=False)
        if command == ("show",):
            process.communicate()
            process = start(worldly, "show", "reference.npz", env=ENVIRONMENTS[name], text=False)
        stdout, stderr = process.communicate()
        assert process.returncode == 0, stderr
        assert stdout


@pytest.mark.slow
def test_options_from_the_environment(folder):
    process = start(folder, "fit", "data.csv", "-q", env={"SMTRAIN_FIT_TARGET": "b", "SMTRAIN_FIT_L2": "nan"})
    _, stderr = process.communicate()
    assert process.returncode == 2
    assert "--l2" in stderr
    finish(folder, "fit", "data.csv", "-q", env={"SMTRAIN_FIT_OUTPUT": "other.npz"})
    assert names(folder) == {"data.csv", "other.npz"}


def test_a_folder_that_is_not_there_any_more(folder):
    done = shell(folder, f'mkdir gone; cd gone; rmdir ../gone; smtrain fit "{folder}/data.csv"')
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr


HELP = [["--version"], ["predict", "-h"], ["show", "--help"]]


@pytest.mark.parametrize("words", [["--help"], ["fit", "--help"], *slowly(HELP)], ids=" ".join)
def test_help_loads_no_heavy_library(words, folder):
    program = (
        "import sys\nfrom smtrain.cli.main import main\nsys.argv[0] = 'smtrain'\n"
        "try:\n    main()\nfinally:\n"
        "    heavy = {'numpy', 'pandas', 'rich', 'scipy', 'orjson'} & set(sys.modules)\n"
        "    print('heavy:', *sorted(heavy), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        env=clean_environment(),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == "heavy:\n"
    assert "smtrain" in done.stdout.lower()


# ---- a terminal ----


def on_terminal(folder, *arguments, env=None, stop=None, stdout_too=False):
    """What a command writes to a terminal (its standard error), and its exit code; `stop` is sent as it trains."""
    parent, child = pty.openpty()
    process = start(
        folder,
        *arguments,
        env={"TERM": "xterm-256color", **(env or {})},
        stderr=child,
        stdout=child if stdout_too else subprocess.DEVNULL,
    )
    os.close(child)
    text, stopped = b"", False
    while True:
        ready, _, _ = select.select([parent], [], [], 30)
        assert ready, "silent for 30 seconds"
        try:
            data = os.read(parent, 65536)
        except OSError:  # the other end is closed
            break
        if not data:
            break
        text += data
        if stop is not None and not stopped and b"epoch" in text and len(text) > 3000:
            process.send_signal(stop)
            stopped = True
    os.close(parent)
    return text.decode(), process.wait()


@pytest.mark.parametrize("signum", [signal.SIGTERM, *slowly([None, signal.SIGINT, signal.SIGHUP])], ids=str)
def test_the_cursor_comes_back(signum, folder):
    arguments = ("fit", "data.csv", *(LONG if signum else ()))
    text, code = on_terminal(folder, *arguments, stop=signum)
    assert code == (SIGNALS[signum][0] if signum else 0)
    assert text.count("\x1b[?25l") >= 1, "no animation at all"
    assert text.rfind("\x1b[?25h") > text.rfind("\x1b[?25l")


@pytest.mark.slow
def test_a_terminal_that_is_dumb_gets_plain_text(folder):
    text, code = on_terminal(folder, "fit", "data.csv", env={"TERM": "dumb"})
    assert code == 0
    assert "\x1b" not in text


@pytest.mark.parametrize("env", [*slowly([{"NO_COLOR": "1"}, {"FORCE_COLOR": "0"}])], ids=str)
def test_no_colour_is_no_colour(env, folder):
    text, code = on_terminal(folder, "fit", "data.csv", env=env)
    assert code == 0
    assert not SGR.search(text)
    for command in (("show",), ("evaluate", "data.csv")):
        text, code = on_terminal(folder, *command, env=env, stdout_too=True)
        assert code == 0
        assert not SGR.search(text), command


@pytest.mark.slow
def test_ci_is_not_animated(folder):
    text, code = on_terminal(folder, "fit", "data.csv", env={"CI": "1"})
    assert code == 0
    assert "\x1b[?25l" not in text
    assert "\r" not in text.replace("\r\n", "\n")


ENVIRONMENTS_OF_COLOUR = [
    {"FORCE_COLOR": ""},
    {"CLICOLOR_FORCE": "1"},
    {"TTY_COMPATIBLE": "1"},
    {"TTY_INTERACTIVE": "1"},
]


@pytest.mark.parametrize(
    "env", [{"FORCE_COLOR": "1"}, *slowly([{"FORCE_COLOR": "0"}, *ENVIRONMENTS_OF_COLOUR])], ids=str
)
def test_a_pipe_gets_plain_text(env, folder):
    process = start(folder, "fit", "data.csv", env={"TERM": "xterm-256color", **env})
    _, stderr = process.communicate()
    assert process.returncode == 0
    assert "\x1b" not in stderr
    process = start(folder, "evaluate", "data.csv", env={"TERM": "xterm-256color", **env})
    stdout, _ = process.communicate()
    assert "\x1b" not in stdout


@pytest.mark.slow
def test_a_narrow_terminal_loses_nothing(folder):
    text, code = on_terminal(folder, "fit", "data.csv", env={"COLUMNS": "20", "NO_COLOR": "1"})
    assert code == 0
    assert "saved model.npz" in text
