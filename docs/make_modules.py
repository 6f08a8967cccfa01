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


def rooms() -> list[str]:
    """The packages and the modules beside them, from the highest layer to the lowest."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    return [name.strip().removeprefix("smtrain.") for layer in layers for name in layer.split("|")]


def sentence(file: Path) -> str:
    """The first sentence of a module's docstring."""
    text = " ".join((ast.get_docstring(ast.parse(file.read_text())) or "").split())
    return re.split(r"(?<=\.) (?=[A-ZJ])", text)[0].replace("|", "\\|")


def section(room: str) -> str:
    """A package's sentence, and a line for each of its modules; or the sentence of a module that stands alone."""
    folder = ROOT / "smtrain" / room
    if not folder.is_dir():
        file = folder.with_suffix(".py")
        return "\n".join([f"## {room}", "", f"[{file.name}](../smtrain/{file.name}): {sentence(file)}", ""])
    files = [file for file in sorted(folder.rglob("*.py")) if file.name != "__init__.py"]
    lines = [
        f"| [{file.relative_to(folder)}](../smtrain/{room}/{file.relative_to(folder)}) | {sentence(file)} |"
        for file in files
    ]
    return "\n".join([f"## {room}", "", sentence(folder / "__init__.py"), "", "| module | |", "|---|---|", *lines, ""])


def page() -> str:
    """The whole page."""
    return "\n".join([INTRODUCTION, *map(section, rooms())])


if __name__ == "__main__":
    PAGE.write_text(page())
