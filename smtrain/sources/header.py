"""What a header must be."""

from smtrain.errors import DataError, is_file, quoted
from smtrain.sources.notation import NUMBER

NO_COLUMNS = "the table has no columns"

NUL = "a NUL character"


def check_header(names: list[str], source: str, line: int) -> None:
    """Raise DataError where all names but one are numbers: the header may be a row."""
    if sum(NUMBER.fullmatch(name) is not None for name in names) >= max(1, len(names) - 1):
        hint = "--no-header if it is data; if not, give the columns names that are no numbers"
        raise DataError("the header is a row of numbers", source=source, line=line, hint=hint)


def how_to_name(source: str) -> str:
    """What helps with a column that has no name."""
    return "name it in the header" if is_file(source) else "give it a name"


def check_names(names: list[str], source: str, line: int | None = None) -> None:
    """Raise DataError for no names, and at one that is empty, but for the first, is there twice, or has a NUL."""
    if not names:
        raise DataError(NO_COLUMNS, source=source, line=line)
    seen: set[str] = set()
    for position, name in enumerate(names, 1):
        if not name and position > 1:
            raise DataError(f"column {position} has no name", source=source, line=line, hint=how_to_name(source))
        if "\0" in name:
            raise DataError(f"{NUL} in the name of column {position}", source=source, line=line, hint="rename it")
        if name in seen:
            raise DataError(
                f"two columns are named {quoted(name)}", source=source, line=line, hint="rename one of them"
            )
        seen.add(name)
