"""What the pages about the code are made of: the packages in their layers, and the sentences of docstrings."""

import ast
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent


def layers() -> list[list[str]]:
    """The names of the packages, and of the modules beside them, of each layer, the highest first."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    lines = project["tool"]["importlinter"]["contracts"][0]["layers"]
    return [[name.strip().removeprefix("smtrain.") for name in line.split("|")] for line in lines]


def modules(room: str) -> list[Path]:
    """The modules of a package, its `__init__.py` among them; or the module that stands alone."""
    folder = ROOT / "smtrain" / room
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [folder.with_suffix(".py")]


def sentence(file: Path) -> str:
    """The first sentence of a module's docstring."""
    text = " ".join((ast.get_docstring(ast.parse(file.read_text())) or "").split())
    return re.split(r"(?<=\.) (?=[A-ZJ])", text)[0]


def sentence_of(room: str) -> str:
    """The first sentence of a package, or of the module that stands alone."""
    folder = ROOT / "smtrain" / room
    return sentence(folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py"))
