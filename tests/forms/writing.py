"""One table written in many forms of text, all of which say the same by docs/data.md.

A table is a header, rows of cells and the place of the label. A cell is a float (a number), a str (a word or a label)
or None (missing). Nothing here reads: what comes back is the bytes, and the line at which each row starts.
"""

import bz2
import gzip
import lzma
import random
import re
from dataclasses import dataclass, field

LINE_END = re.compile(r"\r\n|\r|\n")
COMPRESSIONS = {"": bytes, "gzip": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}


@dataclass(frozen=True)
class Form:
    """A way to write a table. `ends` are drawn from line by line; `quotes` is none, some or all of the cells."""

    name: str
    ends: tuple[str, ...] = ("\n",)
    last_end: bool = True
    quotes: str = "needed"
    bom: bool = False
    blank_lines: str = ""
    delimiter: str = ","
    decimal: str = "."
    padded: bool = False
    spellings: bool = False
    compression: str = ""
    options: dict = field(default_factory=dict)


FORMS = [
    Form("plain"),
    Form("crlf", ("\r\n",)),
    Form("cr", ("\r",)),
    Form("no last end", last_end=False),
    Form("crlf, no last end", ("\r\n",), last_end=False),
    Form("cr, no last end", ("\r",), last_end=False),
    Form("lf and crlf", ("\n", "\r\n")),
    Form("lf and crlf, no last end", ("\n", "\r\n"), last_end=False),
    Form("lf, crlf and cr", ("\n", "\r\n", "\r")),
    Form("lf, crlf and cr, no last end", ("\n", "\r\n", "\r"), last_end=False),
    Form("one crlf in many lf", ("\n",) * 40 + ("\r\n",)),
    Form("one lf in many crlf", ("\r\n",) * 40 + ("\n",), last_end=False),
    Form("all quoted", quotes="all"),
    Form("all quoted, crlf, no last end", ("\r\n",), last_end=False, quotes="all"),
    Form("some quoted", quotes="some"),
    Form("some quoted, all ends", ("\n", "\r\n", "\r"), quotes="some"),
    Form("bom", bom=True),
    Form("bom, all quoted, crlf", ("\r\n",), bom=True, quotes="all"),
    Form("blank lines between", blank_lines="between"),
    Form("blank lines first", blank_lines="first"),
    Form("blank lines last", ("\r\n",), blank_lines="last"),
    Form("blank lines everywhere, all ends", ("\n", "\r\n", "\r"), blank_lines="first between last", last_end=False),
    Form("semicolons", delimiter=";"),
    Form("tabs, crlf", ("\r\n",), delimiter="\t"),
    Form("pipes", delimiter="|", options={"delimiter": "|"}),
    Form("decimal commas", delimiter=";", decimal=",", options={"decimal": ","}),
    Form("decimal commas in quotes", decimal=",", quotes="all", options={"decimal": ",", "delimiter": ","}),
    Form("blanks around", padded=True),
    Form("blanks around, some quoted", padded=True, quotes="some", ends=("\r\n", "\n")),
    Form("other spellings", spellings=True),
    Form("other spellings, blanks, cr", ("\r",), spellings=True, padded=True),
    Form("gzip", compression="gzip"),
    Form("bz2, crlf, bom", ("\r\n",), bom=True, compression="bz2"),
    Form("xz, no last end", last_end=False, compression="xz"),
]


def write(header, rows, form, label, seed=0):
    """The bytes of the table, and the line at which each row starts. `label` is the position of the labels."""
    chance = random.Random(f"{form.name} {seed}")
    text, starts = "", []
    if "first" in form.blank_lines:
        text += _ends(form, chance)
    for number, cells in enumerate([header, *rows]):
        if number and "between" in form.blank_lines and chance.random() < 0.2:
            text += _ends(form, chance)
        starts.append(len(text))
        written = [_cell(cell, form, chance, name=number == 0, label=i == label) for i, cell in enumerate(cells)]
        text += form.delimiter.join(written) + chance.choice(form.ends)
    if "last" in form.blank_lines:
        text += _ends(form, chance)
    elif not form.last_end:
        text = re.sub(r"(\r\n|\r|\n)\Z", "", text)
    lines = [1 + len(LINE_END.findall(text[:start])) for start in starts[1:]]
    data = (b"\xef\xbb\xbf" if form.bom else b"") + text.encode()
    return COMPRESSIONS[form.compression](data), lines


def _ends(form, chance):
    return "".join(chance.choice(form.ends) for _ in range(chance.randrange(1, 4)))


def _cell(cell, form, chance, *, name, label):
    if cell is None:
        text = _padded(chance.choice(["", "NA", "NaN", "NULL", "None", "#N/A"]) if form.spellings else "", form, chance)
    elif isinstance(cell, float):
        text = _padded(_number(cell, form, chance), form, chance)
    else:
        text = _padded(cell, form, chance) if name else cell
    needed = any(c in text for c in (form.delimiter, '"', "\r", "\n"))
    if needed or form.quotes == "all" or (form.quotes == "some" and chance.random() < 0.3):
        return '"' + text.replace('"', '""') + '"'
    return text


def _padded(text, form, chance):
    if not form.padded:
        return text
    return chance.choice(["", " ", "  "]) + text + chance.choice(["", " ", "   "])


def _number(value, form, chance):
    text = repr(value)
    if form.spellings:
        plain = text.removesuffix(".0")
        mantissa, _, power = plain.partition("e")
        choices = [text, plain, f"{mantissa}e{power or 0}", f"{mantissa}E{int(power or 0):+03d}"]
        if not plain.startswith("-"):
            choices += ["+" + plain, "00" + plain]
        if "." in plain and "e" not in plain:
            choices += [plain + "000", plain.replace("0.", ".", 1) if plain.startswith("0.") else plain]
        text = chance.choice(choices)
    return text.replace(".", form.decimal)
