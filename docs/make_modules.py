"""Writes docs/modules.md: every module of smtrain with the first sentence of its docstring. `make docs` calls it."""

from rooms import ROOT, layers, modules, sentence, sentence_of

PAGE = ROOT / "docs" / "modules.md"
# A bar in the cell of a table.
BAR = r"\|"
INTRODUCTION = """\
# Modules

Written by `docs/make_modules.py` from the docstrings; edit those, not this page. How the packages fit together is in
[architecture.md](architecture.md).
"""


def section(room: str) -> str:
    """A package's sentence, and a line for each of its modules; or the sentence of a module that stands alone."""
    folder = ROOT / "smtrain" / room
    if not folder.is_dir():
        file = folder.with_suffix(".py")
        return "\n".join([f"## {room}", "", f"[{file.name}](../smtrain/{file.name}): {sentence_of(room)}", ""])
    names = {file: file.relative_to(folder) for file in modules(room) if file.name != "__init__.py"}
    lines = [
        f"| [{name}](../smtrain/{room}/{name}) | {sentence(file).replace('|', BAR)} |" for file, name in names.items()
    ]
    return "\n".join([f"## {room}", "", sentence_of(room), "", "| module | |", "|---|---|", *lines, ""])


def page() -> str:
    """The whole page."""
    return "\n".join([INTRODUCTION, *(section(room) for layer in layers() for room in layer)])


if __name__ == "__main__":
    PAGE.write_text(page())
