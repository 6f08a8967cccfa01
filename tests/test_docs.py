"""The documents say what the program does: their commands are run, their links, names and tables looked up.

A ```console block is a session: lines that begin with "$ " are commands, the others what they print on both streams.
Numbers with a decimal point may differ by one per cent, and so may the bytes of a model, which hold the digits that a
processor rounds to; blanks in their number, the seconds column of a fit freely.
In a page under docs/, `$ cat FILE` of a file that is not there yet writes it.
A ```python block is run; a ```text block after it is what it prints.
`python -m tests.test_docs` writes the present output into the pages.
"""

import contextlib
import difflib
import importlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli import clean_environment

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(console|python)\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"([-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?)")
SIZE = re.compile(r"(?<=\d),(?=\d{3} bytes\b)")
EPOCH = re.compile(r"(\s*\d+\s+\d+\.\d{6}\s.*\s)\d+\.\d\d")
HERE = re.compile(r"smtrain ([^|<>;&$]+?)( 2>&1)?(?: \| ([^|<>;&]+))?")
# Programs without which a page is not run.
NEEDS = {"docs/exports.md": "cc"}
RUN_BY_HAND = {"make demo", "make test", "make check", "pip install ."}


def name_of(page):
    return str(page.relative_to(ROOT))


# Sessions


def commands(session):
    """[(command, printed lines)] of a ```console block."""
    found = []
    for line in session.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return found


def lines_of(text):
    return [line.rstrip() for line in text.splitlines()]


def same_line(shown, printed):
    shown, printed = (SIZE.sub(".", EPOCH.sub(r"\1", " ".join(line.split()))) for line in (shown, printed))
    pairs = list(zip(NUMBER.split(shown), NUMBER.split(printed), strict=False))
    return len(NUMBER.split(shown)) == len(NUMBER.split(printed)) and all(a == b or near(a, b) for a, b in pairs)


def near(shown, printed):
    if not all(NUMBER.fullmatch(x) and ("." in x or "e" in x) for x in (shown, printed)):
        return False
    a, b = float(shown), float(printed)
    return abs(a - b) <= 0.01 * max(abs(a), abs(b))


def assert_same(shown, printed, what):
    shown, printed = lines_of("\n".join(shown)), lines_of(printed)
    if len(shown) == len(printed) and all(map(same_line, shown, printed)):
        return
    raise AssertionError("\n".join([what, *difflib.unified_diff(shown, printed, "page", "program", lineterm="")]))


class Runner:
    """Runs the blocks of one page in a folder that holds the sample data."""

    def __init__(self, folder, *, in_a_shell):
        self.folder, self.in_a_shell, self.code, self.names = folder, in_a_shell, 0, {}
        self.swallowed = ""  # what the last command wrote into a pipe
        for path in (ROOT / "sample_data").glob("*.csv"):
            shutil.copy(path, folder)
        programs = folder / ".bin"
        programs.mkdir()
        for name, rest in {"smtrain": " -m smtrain", "python": ""}.items():
            (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}"{rest} "$@"\n')
            (programs / name).chmod(0o755)
        self.environment = clean_environment(PATH=f"{programs}{os.pathsep}{os.environ['PATH']}", COLUMNS="100")

    def command(self, command, shown=()):
        """What a command prints; `code` is then its exit code."""
        written = re.fullmatch(r"cat ([\w.-]+)", command)
        if command == "echo $?":
            return f"{self.code}\n"
        if written and not self.in_a_shell and not (self.folder / written[1]).exists():
            self.code = 0
            (self.folder / written[1]).write_text("".join(f"{line}\n" for line in shown))
            return (self.folder / written[1]).read_text()
        self.swallowed = ""
        here = HERE.fullmatch(command)
        if here and not self.in_a_shell:
            return self._here(*here.groups())
        return self._in_bash(command)

    def _in_bash(self, command, text=None):
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command],
            input=text or "",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self.folder,
            env=self.environment,
            text=True,
            timeout=60,
            check=False,
        )
        self.code = done.returncode
        return done.stdout

    def _here(self, arguments, together, rest):
        """Run smtrain in this process: a page has many commands, and each would load numpy and pandas anew."""
        from smtrain.cli.main import run

        out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
        err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) if rest and not together else out
        with self._inside(), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            self.code = int(run(shlex.split(arguments)))
        printed, said = (stream.buffer.getvalue().decode() for stream in (out, err))
        if not rest:
            return printed
        self.swallowed = printed
        return (said if err is not out else "") + self._in_bash(rest, printed)

    def python(self, code):
        """What a Python block prints; the blocks of a page share their names."""
        out = io.StringIO()
        with self._inside(), contextlib.redirect_stdout(out):
            exec(compile(code, "block", "exec"), self.names)
        return out.getvalue()

    def close(self):
        """Let go of what the Python blocks made, open files among it."""
        self.names.clear()

    @contextlib.contextmanager
    def _inside(self):
        before = dict(os.environ)
        try:
            with contextlib.chdir(self.folder):
                os.environ.clear()
                os.environ.update(self.environment)
                yield
        finally:
            os.environ.clear()
            os.environ.update(before)


def test_the_page_reader_sees_what_it_should():
    assert commands("$ a b\nx\ny\n$ c\n") == [("a b", ["x", "y"]), ("c", [])]
    assert same_line(
        "      8    0.140645   8.48e-01   1.99e-02      0.56", "      8    0.140646  8.48e-01  1.99e-02 12.01"
    )
    assert same_line("within 7e-06 of", "within 7e-06 of")
    assert not same_line(
        "     8    0.140645   8.48e-01   1.99e-02      0.56", "9    0.140646  8.48e-01  1.99e-02 12.01"
    )
    assert same_line("the same 6,722 bytes", "the same 6,719 bytes")
    assert not same_line("the same 6,722 bytes", "the same 6,222 bytes")
    assert not same_line("150 rows", "151 rows")
    assert not same_line("nll 0.129599", "nll 0.229599")
    assert not same_line("setosa", "virginica")


@pytest.mark.bits
@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_examples_are_real(page, tmp_path):
    needed = NEEDS.get(name_of(page))
    if needed and shutil.which(needed) is None:
        pytest.skip(f"there is no {needed}")
    with contextlib.closing(Runner(tmp_path, in_a_shell=page == README)) as runner:
        for kind, body, shown in (found.groups() for found in BLOCK.finditer(page.read_text())):
            if kind == "console":
                check_session(runner, body, name_of(page))
                continue
            printed = runner.python(body)
            if shown is not None:
                assert_same(shown.splitlines(), printed, f"{name_of(page)}: {body}")


def check_session(runner, session, where):
    for command, shown in commands(session):
        printed = runner.command(command, shown)
        assert_same(shown, printed, f"{where}: $ {command}\n{runner.swallowed}")
        failed = "smtrain: error:" in printed
        if command != "echo $?":
            assert (runner.code != 0) == failed, f"{where}: $ {command}: exit {runner.code}"


def test_other_shell_blocks_of_the_readme_are_the_known_ones():
    """Those that would install something are not run; what they name must be there."""
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for block in re.findall(r"^```(?:sh|bash|shell)\n(.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            command = line.partition("#")[0].strip()
            assert command in RUN_BY_HAND
            if command.startswith("make "):
                assert command.split()[1] in targets


def test_five_lines_of_numpy_predict_what_smtrain_predicts(tmp_path):
    (block,) = [body for kind, body, _ in BLOCK.findall(README.read_text()) if kind == "python" and "np.load" in body]
    assert len(block.splitlines()) <= 5
    assert "smtrain" not in block
    assert "pickle" not in block
    with contextlib.closing(Runner(tmp_path, in_a_shell=False)) as runner:
        assert runner.command("smtrain fit iris.csv --quiet") == ""
        predicted = runner.command("smtrain predict iris.csv")
        assert ["prediction", *runner.python(block).splitlines()] == predicted.splitlines()


# Links, names and tables


LINK = re.compile(r"\[([^\[\]]+)\]\(([^()\s]+)\)")


def links(page):
    """(text, file, anchor) of every link of a page into the project."""
    for text, target in LINK.findall(page.read_text()):
        if "://" not in target:
            path, _, anchor = target.partition("#")
            yield text, (page.parent / path).resolve() if path else page, anchor


def headings(page):
    """The anchors of a page's headings."""
    plain = [line.lstrip("# ") for line in page.read_text().splitlines() if re.match(r"#+ ", line)]
    return [re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in plain]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page):
    for text, path, anchor in links(page):
        assert path.exists(), f"[{text}]: there is no {path}"
        assert path.is_relative_to(ROOT)
        if anchor:
            assert anchor in headings(path), f"[{text}]: {path.name} has no heading #{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_name_in_a_link_to_code_is_in_that_file(page):
    for text, path, _ in links(page):
        name = text.strip("`")
        if path.suffix != ".py" or name.endswith(".py"):
            continue
        for part in name.split("."):
            found = re.search(rf"^\s*(?:def|class) {part}\b|^{part}\b.* = ", path.read_text(), re.MULTILINE)
            assert found, f"[{text}]: there is no {part} in {path}"


def test_every_fact_of_the_mathematics_names_its_code_and_its_test():
    sections = re.split(r"^#+ (?=M\d+\b)", (ROOT / "docs" / "maths.md").read_text(), flags=re.MULTILINE)[1:]
    assert [section.split()[0].rstrip(":.") for section in sections] == [f"M{i}" for i in range(1, 13)]
    for section in sections:
        own = re.split(r"^#+ ", section, flags=re.MULTILINE)[0]
        targets = [target for _, target in LINK.findall(own)]
        assert any("/smtrain/" in target for target in targets), section
        assert any("/tests/" in target for target in targets), section


def test_the_command_line_page_is_the_help():
    make_cli = made("make_cli")
    assert make_cli.PAGE.read_text() == make_cli.page(), "run: make docs"


def test_the_page_of_findings_is_the_table():
    maker = made("make_findings")
    page = maker.PAGE.read_text()
    assert page == maker.page(), "run: make docs"
    headings = re.findall(r"^## (SM\d+): (.*)$", page, re.MULTILINE)
    assert headings == [(one.code, one.kind) for one in maker.TABLE]


def made(name):
    """A module of docs/ that writes a page."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "docs")  # as it is for a script there
        return importlib.import_module(name)


def test_every_module_has_its_line():
    maker = made("make_modules")
    page = maker.page()
    assert maker.PAGE.read_text() == page, "run: make docs"
    modules = [path.relative_to(ROOT) for path in (ROOT / "smtrain").rglob("*.py") if not path.name.startswith("__")]
    assert [str(path) for path in modules if f"](../{path})" not in page] == []


def test_the_picture_shows_the_rooms_and_arrows_of_the_code():
    rooms = made("make_rooms")
    picture = rooms.picture()
    shown, now = (
        set(re.findall(r'<title>.*?</title>|class="name"[^<]*', text)) for text in (rooms.PICTURE.read_text(), picture)
    )
    assert shown == now, "run: make docs"
    assert all(f"{room}<" in picture for line in rooms.layers() for room in line)


def test_every_command_and_option_is_explained():
    import click

    from smtrain.cli.main import COMMANDS, cli

    pages = ("options.md", "data.md", "ci.md", "unseen-rows.md", "findings.md", "reports.md", "exports.md")
    readme, choosing = README.read_text(), "".join((ROOT / "docs" / page).read_text() for page in pages)
    measuring = re.findall(r'add_argument\(\s*"(--[a-z]+)"', (ROOT / "bench" / "run.py").read_text())
    known = {"--help", "--version", *measuring}
    for name in COMMANDS:
        assert f"`{name}`" in readme
        options = [p.opts[-1] for p in cli.get_command(click.Context(cli), name).params if isinstance(p, click.Option)]
        known.update(options)
        missing = [option for option in options if f"`{option}" not in choosing]
        assert not missing, f"smtrain {name}: {', '.join(pages)} do not explain {missing}"
    for page in PAGES:
        # Other programs have their own options: dask, and in the first columns of tables those that people come from.
        theirs = r"^dask .*$|^\| .*? \|" if page.name == "migrating.md" else r"^dask .*$"
        ours = re.sub(theirs, "", page.read_text(), flags=re.MULTILINE)
        used = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", ours))
        assert used <= known, f"{name_of(page)}: there is no option {used - known}"


def test_the_table_of_exit_codes_is_the_programs():
    from smtrain.errors import ExitCode

    section = README.read_text().partition("## Exit codes")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \|", section, re.MULTILINE)
    assert [(int(code), name) for code, name in rows] == [(int(code), code.name) for code in ExitCode]


def test_the_table_of_members_is_the_models(tmp_path):
    import numpy as np

    import smtrain

    smtrain.fit(str(ROOT / "sample_data" / "penguins.csv"), target="species", se=True).save(str(tmp_path / "m.npz"))
    page = (ROOT / "docs" / "model-format.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (float64|uint8) \|", page, re.MULTILINE)
    with np.load(tmp_path / "m.npz") as arrays:
        assert rows == [(name, arrays[name].dtype.name) for name in arrays.files]


def test_the_layers_are_those_of_the_contract():
    import tomllib

    contract = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]
    assert "\n".join(contract["layers"]) in (ROOT / "docs" / "architecture.md").read_text()


def test_the_readme_is_short():
    assert len(README.read_text().splitlines()) <= 300


# Writing


def rewritten(page, runner):
    """The page with the present output of its blocks."""

    def session(command, shown):
        printed = runner.command(command, shown)
        with contextlib.suppress(AssertionError):
            assert_same(shown, printed, "")
            printed = "\n".join(shown)
        return "".join(f"{line}\n" for line in [f"$ {command}", *lines_of(printed)])

    def block(found):
        kind, body, shown = found.groups()
        if kind == "console":
            return f"```console\n{''.join(session(*pair) for pair in commands(body))}```\n"
        printed = runner.python(body)
        return f"```python\n{body}```\n" + (f"\n```text\n{printed}```\n" if shown is not None else "")

    return BLOCK.sub(block, page.read_text())


def rewrite():
    import tempfile

    for page in PAGES:
        folder = tempfile.TemporaryDirectory()
        with folder, contextlib.closing(Runner(Path(folder.name), in_a_shell=page == README)) as runner:
            text = rewritten(page, runner)
        if text != page.read_text():
            page.write_text(text)
            print(f"wrote {name_of(page)}")


if __name__ == "__main__":
    rewrite()
