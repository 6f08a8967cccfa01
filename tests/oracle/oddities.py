"""What is odd about a table, and what is wrong with it: each function does one such thing to a draft."""

from dataclasses import replace

from tests.oracle import columns
from tests.oracle.drafts import RAW, Draft
from tests.oracle.rules import Options
from tests.oracle.vocabulary import NA_VALUES, ODD_NAMES, OTHER_SPELLINGS, TOO_LARGE, WRONG_CELLS, WRONG_QUOTES


def line_ends(draft: Draft) -> None:
    kinds = ("\n", "\r\n", "\r")
    mixed = draft.random.sample(kinds, draft.random.randint(1, 3))
    draft.line_ends = (*mixed, *([end * 2 for end in mixed] if draft.random.random() < 0.3 else []))


def no_last_end(draft: Draft) -> None:
    draft.last_end = False


def byte_order_mark(draft: Draft) -> None:
    draft.before = "\ufeff" + draft.before


def blank_lines_first(draft: Draft) -> None:
    draft.before += draft.random.choice(["\n", "\r\n\r\n", "\r", "\n\n\n", "\r\r\n"])


def quotes(draft: Draft) -> None:
    draft.quotes = draft.random.choice(["all", "some"])


def blanks(draft: Draft) -> None:
    draft.padding = draft.random.choice([0.05, 0.5, 1.0])


def other_delimiter(draft: Draft) -> None:
    draft.delimiter = draft.random.choice(["\t", ";", "\t", ";", "|", "^", " ", ":", "a", "'", "."])
    if draft.delimiter not in "\t;":
        draft.options = replace(draft.options, delimiter=draft.delimiter)


def given_delimiter(draft: Draft) -> None:
    draft.options = replace(draft.options, delimiter=draft.delimiter)


def no_header(draft: Draft) -> None:
    """The first line is a row: the columns are c1, c2, …"""
    draft.header = False
    renamed = {name: f"c{i}" for i, name in enumerate(draft.names, 1)}
    draft.names = list(renamed.values())
    roles = {
        role: tuple(renamed.get(n, n) for n in getattr(draft.options, role))
        for role in ("drop", "categorical", "numeric")
    }
    target, weight = renamed.get(draft.options.target), renamed.get(draft.options.weight)
    draft.options = replace(draft.options, header=False, target=target, weight=weight, **roles)


def decimal_comma(draft: Draft) -> None:
    draft.options = replace(draft.options, decimal=",")
    draft.delimiter = draft.random.choice(";;\t,")
    for column in draft.columns:
        column[:] = [cell.replace(".", ",") if columns.is_number(cell) else cell for cell in column]


def odd_numbers(draft: Draft) -> None:
    draft.columns[draft.feature()][:] = columns.odd_numbers(draft.random, draft.rows)


def other_notation(draft: Draft) -> None:
    draft.columns[draft.feature()][:] = columns.other_notation(draft.random, draft.rows)


def odd_words(draft: Draft) -> None:
    draft.columns[draft.feature()][:] = columns.odd_words(draft.random, draft.rows)


def odd_labels(draft: Draft) -> None:
    draft.columns[draft.target][:] = columns.odd_labels(draft.random, draft.rows)


def odd_name(draft: Draft) -> None:
    place = draft.random.randrange(len(draft.names))
    if draft.header and draft.options.target != draft.names[place]:
        draft.names[place] = draft.random.choice(ODD_NAMES)


def constant(draft: Draft) -> None:
    cell, other = draft.random.choice(
        [("7", "7.0"), ("x", "x"), ("1e-60", "3e-60"), ("0", "-0"), ("", "NA"), ("5", "")]
    )
    draft.columns[draft.feature()][:] = [draft.random.choice([cell, other]) for _ in range(draft.rows)]


def identifier(draft: Draft) -> None:
    draft.columns[draft.feature()][:] = [f"{draft.random.choice('abc')}-{i}" for i in range(draft.rows)]


def index(draft: Draft) -> None:
    """The index that pandas writes: a first column without a name."""
    start, step = draft.random.choice([0, 1, 0, 1, 5]), draft.random.choice([1, 1, 1, 1, 2])
    draft.names.insert(0, "")
    draft.columns.insert(0, [str(start + step * i) for i in range(draft.rows)])
    draft.target += 1


def missing_values(draft: Draft) -> None:
    """Further texts that mean a missing cell, in the file or not, and spelt otherwise or not."""
    texts = draft.random.sample(NA_VALUES, draft.random.randint(1, 3))
    draft.options = replace(draft.options, na_values=tuple(texts))
    column = draft.columns[draft.feature()]
    for _ in range(draft.random.randint(0, 4)):
        text = draft.random.choice(texts)
        column[draft.some_row()] = draft.random.choice([text, *OTHER_SPELLINGS.get(text.strip(), [text])])


def roles(draft: Draft) -> None:
    """--drop, --categorical or --numeric."""
    role = draft.random.choice(["drop", "categorical", "numeric"])
    names = {draft.names[draft.feature()] for _ in range(draft.random.randint(1, 2))} - {""}
    draft.options = replace(draft.options, **{role: tuple(sorted(names))})


def weight(draft: Draft) -> None:
    place = draft.random.randint(0, draft.target)
    draft.names.insert(place, "weight")
    heavy = draft.random.choice([["1", "2"], ["0", "1", "2"], ["0.5", "1e3", "2"], ["1", "1", "1e-30"], ["0", "3"]])
    draft.columns.insert(place, [draft.random.choice(heavy) for _ in range(draft.rows)])
    draft.target += 1
    draft.options = replace(draft.options, weight="weight")


def mixture(draft: Draft) -> None:
    column = draft.columns[draft.feature()]
    for _ in range(draft.random.choice([1, 1, 1, 2, 5])):
        column[draft.some_row()] = draft.random.choice(WRONG_CELLS)


def too_large(draft: Draft) -> None:
    draft.columns[draft.feature()][draft.some_row()] = draft.random.choice(TOO_LARGE)


def empty_label(draft: Draft) -> None:
    draft.columns[draft.target][draft.some_row()] = draft.random.choice(["", " ", "\t", '""'])


def skip_unlabelled(draft: Draft) -> None:
    """--unlabelled skip, and rows without a label that have anything else in them."""
    draft.options = replace(draft.options, unlabelled="skip")
    for _ in range(draft.random.randint(0, 3)):
        row = draft.some_row()
        draft.columns[draft.target][row] = draft.random.choice(["", " ", "\t "])
        draft.columns[draft.feature()][row] = draft.random.choice([*WRONG_CELLS, *TOO_LARGE, "", "unseen"])


def one_class(draft: Draft) -> None:
    draft.columns[draft.target][:] = ["same"] * draft.rows


def label_as_name(draft: Draft) -> None:
    draft.columns[draft.target][draft.some_row()] = draft.names[draft.target] + draft.random.choice(["", "", " "])


def header_again(draft: Draft) -> None:
    row = draft.some_row()
    for name, column in zip(draft.names, draft.columns, strict=True):
        column.insert(row, name)


def ragged(draft: Draft) -> None:
    """A cell more, or two in one."""
    column, row = draft.random.choice(draft.columns), draft.some_row()
    column[row] = RAW + draft.random.choice([f"x{draft.delimiter}y", f"{draft.delimiter}", f"1{draft.delimiter * 2}2"])


def blank_row(draft: Draft) -> None:
    draft.columns[-1][draft.some_row()] = RAW + "x\n" + draft.random.choice([" ", "\t", "\x0c", '""', "\u200b"])


def wrong_quotes(draft: Draft) -> None:
    column, row = draft.random.choice(draft.columns), draft.some_row()
    column[row] = RAW + draft.random.choice(WRONG_QUOTES)


def wrong_bytes(draft: Draft) -> None:
    column, row = draft.random.choice(draft.columns), draft.some_row()
    column[row] += draft.random.choice(["\0", "\udcff", "\udce9t\udce9", "\udced\udca0\udc80", "\0\0"])


def same_names(draft: Draft) -> None:
    if len(draft.names) > 2 and draft.options.target is None:
        draft.names[0] = draft.names[1] + draft.random.choice(["", " "])


def no_name(draft: Draft) -> None:
    if draft.options.target is None:
        draft.names[draft.random.randrange(len(draft.names))] = draft.random.choice(["", " ", "\t"])


def numbers_as_names(draft: Draft) -> None:
    if draft.header and draft.options == Options():
        draft.names = [str(i) for i, _ in enumerate(draft.names)]
        if draft.random.random() < 0.5:
            draft.names[draft.random.randrange(len(draft.names))] = "size"


def no_rows(draft: Draft) -> None:
    for column in draft.columns:
        del column[:]


def no_such_column(draft: Draft) -> None:
    role = draft.random.choice(["target", "weight", "drop", "categorical", "numeric"])
    name = draft.random.choice(["absent", "", " ", "Y", draft.names[draft.target]])
    draft.options = replace(draft.options, **{role: name if role in {"target", "weight"} else (name,)})


def another_order(draft: Draft) -> None:
    order = draft.random.sample(range(len(draft.names)), len(draft.names))
    draft.names, draft.columns = [draft.names[i] for i in order], [draft.columns[i] for i in order]
    draft.target = order.index(draft.target)


def without_target(draft: Draft) -> None:
    if len(draft.names) > 1:
        del draft.names[draft.target], draft.columns[draft.target]
        draft.target = 0


def without_column(draft: Draft) -> None:
    if len(draft.names) > 1:
        place = draft.random.randrange(len(draft.names))
        del draft.names[place], draft.columns[place]
        draft.target = 0


def another_column(draft: Draft) -> None:
    place = draft.random.randint(0, len(draft.names))
    draft.names.insert(place, draft.random.choice(["extra", "other", "1", " "]))
    draft.columns.insert(place, columns.odd_words(draft.random, draft.rows))
    draft.target = 0


def other_rows(draft: Draft) -> None:
    for column in draft.columns:
        column[:] = draft.random.choices([*column, "", "new", "5", "5.0 "], k=draft.rows)


ODDITIES = [
    skip_unlabelled,
    line_ends,
    no_last_end,
    byte_order_mark,
    blank_lines_first,
    quotes,
    blanks,
    other_delimiter,
    given_delimiter,
    decimal_comma,
    odd_numbers,
    odd_words,
    odd_labels,
    odd_name,
    constant,
    identifier,
    index,
    missing_values,
    roles,
    weight,
    no_header,
]
FAULTS = [
    other_notation,
    mixture,
    mixture,
    too_large,
    empty_label,
    one_class,
    label_as_name,
    header_again,
    ragged,
    blank_row,
    wrong_quotes,
    wrong_quotes,
    wrong_bytes,
    same_names,
    no_name,
    numbers_as_names,
    no_rows,
    no_such_column,
]
# What a later file may have that is no fault, or one.
CHANGES = [another_order, without_target, without_column, another_column, other_rows, mixture, too_large, odd_words]
CHANGES += [odd_numbers, no_last_end, line_ends, quotes, blanks, byte_order_mark, blank_lines_first, odd_labels]
CHANGES += [header_again, ragged, wrong_quotes, wrong_bytes, same_names, empty_label]
