"""Writes docs/modules.md: every module of smtrain with the first sentence of its docstring. `make docs` calls it."""

import ast
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "modules.md"
INTRODUCTION = """\
# Modules

Written by `docs/make_modules.py` from the docstrings; edit those, not this page. How the packages fit together is in
[architecture.md](architecture.md).
"""


def packages() -> list[str]:
    """The packages, from the highest layer to the lowest."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    names = [name.strip().removeprefix("smtrain.") for layer in layers for name in layer.split("|")]
    return [name for name in names if (ROOT / "smtrain" / name).is_dir()]


def sentence(file: Path) -> str:
    """The first sentence of a module's docstring."""
    text = " ".join((ast.get_docstring(ast.parse(file.read_text())) or "").split())
    return re.split(r"(?<=\.) (?=[A-ZJ])", text)[0].replace("|", "\\|")


def table(package: str) -> str:
    """A package's sentence, and a line for each of its modules."""
    folder = ROOT / "smtrain" / package
    files = [file for file in sorted(folder.rglob("*.py")) if file.name != "__init__.py"]
    lines = [
        f"| [{file.relative_to(folder)}](../smtrain/{package}/{file.relative_to(folder)}) | {sentence(file)} |"
        for file in files
    ]
    return "\n".join(
        [f"## {package}", "", sentence(folder / "__init__.py"), "", "| module | |", "|---|---|", *lines, ""]
    )


def page() -> str:
    """The whole page."""
    return "\n".join([INTRODUCTION, *(table(package) for package in packages())])


if __name__ == "__main__":
    PAGE.write_text(page())
