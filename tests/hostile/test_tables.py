"""Tables that are odd, wrong or damaged: each is read as the rules say, or refused with its line and a way out."""

import bz2
import csv
import io
import json
import lzma
import math

import pytest

from smtrain import load
from tests.hostile.harness import gzipped
from tests.hostile.tables import LATE, VERY_LATE, Case, column, labels, numbers, quoted_csv, replaced, table

BASE = table("a,b,y", "1,u,p", "2,v,q", "3,u,p", "4,v,q")
SPARE = table("x,y", "1,p", "2,q", "3,p", "4,q")
PQ = ("p", "q")

LABELS = [
    Case("labels are text", labels(["1", "1.0", "01", "1", "1.0", "01"]), model={"classes": ("01", "1", "1.0")}),
    Case("labels that mean missing elsewhere", labels(["NA", "None", "nan", "null", "N/A"] * 2)),
    Case("booleans as labels", labels(["True", "False"] * 4), model={"classes": ("False", "True")}),
    Case("labels with blanks around them", labels([" p", "p", "p "] * 3), model={"classes": (" p", "p", "p ")}),
    Case("an empty label", labels(["p", "q", "", "p"]), 3, ("data.csv:4: ", "empty label", '"y"')),
    Case("an empty quoted label", table("x,y", "1,p", '2,""', "3,q"), 3, ("data.csv:3: ", "empty label")),
    Case("an empty label late", replaced(numbers(LATE), 4990, b"1,2,"), 3, ("data.csv:4990: ", "empty label")),
    Case("every label empty", labels([""] * 4), 3, ("data.csv:2: ", "empty label")),
    Case("one class", labels(["p"] * 4), 3, ("only one class", '"p"')),
    Case("one row", table("x,y", "1,p"), 3, ("only one class",)),
    Case("two rows", table("x,y", "1,p", "2,q"), model={"rows": 2, "classes": PQ}),
    Case("a class of one row", labels(["p"] * 9 + ["q"]), model={"classes": PQ}),
    Case("a regression target", labels([f"{i * 0.37:.3f}" for i in range(400)]), 3, ("regression", "--target")),
    Case("a hundred numbers are classes", labels([str(i % 100) for i in range(400)])),
    Case("a regression target with a text", labels([f"{i * 0.37:.3f}" for i in range(400)] + ["NA"]), 3, ("regr",)),
    Case("a text in every row as target", labels([f"id{i}" for i in range(200)])),
    Case("a label of 100 kB", labels(["p", "q" * 100_000] * 3)),
    Case("one class of 100 kB", labels(["q" * 100_000] * 3), 3, ("only one class",)),
    Case("labels of combining characters", labels(["é", "e\u0301"] * 3), model={"classes": ("e\u0301", "é")}),
    Case("labels with commas, quotes, line ends", labels(['a,"b"', "a\nb", "a\r\nb"] * 3)),
    Case("labels that only differ in case", labels(["p", "P"] * 3), model={"classes": ("P", "p")}),
    Case("numeric labels past 2^64", labels(["18446744073709551617", "18446744073709551616"] * 3)),
    Case("labels with leading zeros past 30 digits", labels(["0" * 40 + "1", "0" * 41 + "1"] * 3)),
    Case("labels with a no-break space", labels(["p", "p\u00a0"] * 3), model={"classes": ("p", "p\u00a0")}),
]

NUMBERS = [
    Case(
        "missing cells of every kind",
        column(["1", "", "NA", "N/A", "#N/A", "NaN", "nan", "null", "NULL", "None", "2"]),
        0,
        ("missing", "f 9"),
        model={"numeric": ("f", "x")},
    ),
    Case("a quoted empty cell is missing", table("f,x,y", '"",1,p', "2,2,q", "3,1,p"), 0, ("f 1",)),
    Case("-- is not missing", column(["1", "2", "--", "3"]), 3, ("data.csv:4: ", '"f"', '"--"', "--na-values")),
    Case("-- is missing if asked", column(["1", "2", "--", "3"]), 0, ("f 1",), ("--na-values", "--")),
    Case("two kinds of missing", column(["1", "?", "-", "3"]), 0, ("f 2",), ("--na-values", "?,-")),
    Case("a number as missing", column(["1", "-999", "2", "3"]), 0, ("f 1",), ("--na-values", "-999")),
    Case("a comma as missing", column(["1", "a,b", "2", "3"]), 0, ("f 1",), ("--na-values", '"a,b"')),
    Case("a label is not missing", labels(["?", "p"] * 3), 0, (), ("--na-values", "?"), model={"classes": ("?", "p")}),
    Case("na with a blank", column(["1", "2", " NA", "3"]), 0, ("f 1",), model={"numeric": ("f", "x")}),
    Case("blanks alone are missing", column(["1", "2", " ", "\t", "3"]), 0, ("f 2",), model={"numeric": ("f", "x")}),
    Case("na with a blank among words", column(["u", "NA\t", " NA", "w"]), 0, ("f 2",), model={"categorical": ("f",)}),
    Case("an option with blanks", column(["1", "?", "3"]), 0, ("f 1",), ("--na-values", " ? ")),
    Case("another spelling of a value", column(["1", "-999.00", "3", "-9.99e2"]), 0, ("f 2",), ("--na-values", "-999")),
    Case(
        "nothing but a value that is missing",
        column(["-999.00"] * 4),
        0,
        ("every cell is missing",),
        ("--na-values", "-999"),
        model={"ignored": ("f",)},
    ),
    Case(
        "a value does not match words",
        column(["0", "00", "1", "0"]),
        0,
        ("f 1",),
        ("--na-values", "00", "--categorical", "f"),
    ),
    Case(
        "no number of Python's",
        column(["1", "1000", "3"]),
        0,
        (),
        ("--na-values", "1_000"),
        model={"numeric": ("f", "x")},
    ),
    Case("a text like a number of Python's", column(["1", "1_000", "3"]), 0, ("f 1",), ("--na-values", "1_000")),
    Case(
        "no number by a decimal comma", column(["1", "1000,5", "3"]), 0, (), ("--na-values", "1000.5", "--decimal", ",")
    ),
    Case(
        "a value by a decimal comma",
        column(["1", "1,50", "3"]),
        0,
        ("f 1",),
        ("--na-values", '"1,5"', "--decimal", ","),
    ),
    Case("infinity as missing", column(["1", "inf", "3"]), 0, ("f 1",), ("--na-values", "inf")),
    Case("infinity otherwise", column(["1", "Infinity", "3"]), 3, ("data.csv:3: ",), ("--na-values", "inf,1e400")),
    Case(
        "the culprit beside a value",
        column(["1", "1", "2", "x"]),
        3,
        ('data.csv:5: column "f"', '"x"'),
        ("--na-values", "1.0"),
    ),
    Case("blanks around numbers", column(["1 ", " 2", "\t3", "4"]), model={"numeric": ("f", "x")}),
    Case("quoted numbers", table("f,y", '"1",p', '"2.5",q', '"3",p'), model={"numeric": ("f",)}),
    Case("every way to write a number", column(["+1", "-1.", ".5", "1e3", "1E-3", "007", "-0", "1e+2"])),
    Case("2^63 and -1", column(["9223372036854775808", "-1", "3", "4"]), model={"numeric": ("f", "x")}),
    Case("2^64", column(["18446744073709551616", "-1", "3", "4"]), model={"numeric": ("f", "x")}),
    Case("1e150", column(["1e150", "-1e150", "3", "4"]), model={"numeric": ("f", "x")}),
    Case("1e308 both ways", column(["1.7e308", "-1.7e308", "3", "4"]), 3, ('"f"',)),
    Case("denormals", column(["5e-324", "0", "5e-324", "1e-323"])),
    Case("tiny numbers", column(["1e-310", "2e-310", "5e-310", "0"])),
    Case("offset 1e15", column([f"{10**15 + 10**4 * i}" for i in range(9)]), model={"numeric": ("f", "x")}),
    Case("1e-400 is zero", column(["1e-400", "1", "2", "3"]), model={"numeric": ("f", "x")}),
    Case("a long fraction", column(["0." + "3" * 400, "1", "2"]), model={"numeric": ("f", "x")}),
    Case("True and False", column(["True", "False"] * 5), model={"categorical": ("f",)}),
    Case("TRUE, true and False", column(["TRUE", "true", "False"] * 5), model={"categorical": ("f",)}),
    Case(
        "late pieces of nothing but True and False",
        column(["0", "1"] * LATE * 2 + ["True", "False"] * LATE),
        3,
        ("data.csv:20002: ", '"True"'),
    ),
    Case(
        "late pieces of true and missing",
        column(["0", "1"] * LATE * 2 + ["true", ""] * 200_000),
        3,
        ("data.csv:20002: ", '"true"'),
    ),
    Case("--numeric with a word", column(["1", "x", "2"]), 3, ("data.csv:3: ", '"x"'), ("--numeric", "f")),
    Case("--numeric with words only", column(["u", "v", "u"]), 3, ("data.csv:2: ", '"u"'), ("--numeric", "f")),
    Case("--categorical of numbers", column(["1", "01", "1.0", "2"] * 2), 0, (), ("--categorical", "f")),
    Case("--categorical of a mixture", column(["1", "x", "1,5"] * 2), 0, (), ("--categorical", "f")),
]

MIXTURES = [
    Case("a word in numbers", column(["1", "2", "x", "3"]), 3, ("data.csv:4: ", '"f"', '"x"', "--categorical f")),
    Case("a number in words", column(["u", "v", "7", "u"]), 3, ("data.csv:4: ", '"f"', '"7"', "--categorical f")),
    Case("a word first", column(["x", "1", "2", "3"]), 3, ("data.csv:2: ", '"x"')),
    Case("half and half", column(["x", "1", "x", "1"]), 3, ("data.csv:3: ", '"1"')),
    Case("a word late", numbers(LATE, r4989="x"), 3, ("data.csv:4990: ", '"f"', '"x"', "--na-values", "--categorical")),
    Case("a word after 3 MB", numbers(VERY_LATE, r229000="x"), 3, ("data.csv:229001: ", '"x"')),
    Case(
        "a number late in words",
        column(["u", "v"] * LATE + ["7", "u"]),
        3,
        ("data.csv:10002: ", '"7"', "--categorical f"),
    ),
    Case(
        "a number after 3 MB of words",
        column(["some word", "another word"] * 110_000 + ["7"]),
        3,
        ("data.csv:220002: ", '"7"'),
    ),
    Case("missing for 5,000 rows, then a word", column([""] * LATE + ["u", "v"]), model={"categorical": ("f",)}),
    Case("missing for 5,000 rows, then a number", column(["NA"] * LATE + ["1", "2"]), model={"numeric": ("f", "x")}),
    Case("missing, a number, a word", column([""] * LATE + ["1"] * LATE + ["u"]), 3, ("data.csv:10002: ", '"u"')),
    Case("missing, a word, a number", column([""] * LATE + ["u"] * LATE + ["1"]), 3, ("data.csv:10002: ", '"1"')),
    Case("the option for a decimal comma", column(["1.5", "2", "1,5"]), 3, ("data.csv:4: ", '"1,5"', "--decimal")),
    Case("a mixture with 1_000", column(["1", "2", "1_000"]), 3, ("data.csv:4: ", '"1_000"')),
    Case("a decimal comma", quoted_csv(["f", "y"], [["1,5", "p"], ["2,5", "q"]] * 3, ";"), 0, (), ("--decimal", ",")),
    Case("a decimal comma in quotes", column(["1,5", "2,25", "3"] * 3), 0, (), ("--decimal", ",")),
    Case(
        "a point where the decimal is a comma",
        column(["1,5", "3", "2.5", "7"]),
        3,
        ("data.csv:4: ", "2.5"),
        ("--decimal", ","),
    ),
    Case("a percent late", numbers(LATE, r4989="5%"), 3, ("data.csv:4990: ", '"5%"', "--categorical f")),
    Case("a cell of 10 kB in numbers", column(["1", "2", "x" * 10_000]), 3, ("data.csv:4: ", "xxx")),
    Case("a column with a long name", column(["1", "2", "x"], "n" * 9_000), 3, ("data.csv:4: ", "nnn")),
]

OTHER_NOTATIONS = {
    "decimal commas": ["1,5", "2,5", "3,75"],
    "thousands": ["1,000", "2,500", "12,000,000"],
    "thousands with points": ["1.000.000", "2.500.000", "1.250.000"],
    "thousands with apostrophes": ["1'000", "2'500", "3'000"],
    "thousands with blanks": ["1 000", "2 500", "3 000"],
    "thousands with narrow blanks": ["1\u202f000", "2\u202f500", "3\u202f000"],
    "thousands with underscores": ["1_000", "2_500", "3_000"],
    "percents": ["5%", "7.5%", "100%"],
    "percents with a blank": ["5 %", "7 %", "9 %"],
    "dollars": ["$5", "$7.50", "$1,000"],
    "negative dollars": ["-$5", "$7.50", "($1,000)"],
    "euros after": ["5 €", "7,50 €", "1.000,00 €"],
    "pounds": ["£5", "£7", "£9"],
    "yen": ["¥500", "¥700", "¥900"],
    "names of currencies": ["5 EUR", "7 EUR", "9 USD"],
    "names of currencies before": ["EUR 5", "EUR 7", "USD 9"],
    "rupees": ["₹5", "₹7", "₹9"],
    "Arabic digits": ["١", "٢", "٣"],
    "full-width digits": ["１", "２", "３"],
    "numbers with no-break spaces": ["\u00a01", "2\u00a0", "\u00a03"],
    "a minus sign that is none": ["\u22125", "\u22127", "\u22129"],
    "infinities": ["inf", "-inf", "Infinity"],
    "numbers past 1e308": ["1e400", "-1e400", "2e999"],
    "numbers of 400 digits": ["1" * 400, "2" * 400, "3" * 400],
}

OTHER_NOTATION = [
    *(Case(f"only {name}", column(cells * 4), 3, ('"f"', "--")) for name, cells in OTHER_NOTATIONS.items()),
    Case("decimal commas with one word", column(["1,5", "2,5", "3,75"] * 9 + ["unknown"]), 3, ('"f"', "--")),
    Case("forty different decimal commas", column([f"{i},25" for i in range(40)]), 3, ('"f"', "--decimal")),
    Case("forty different dollars", column([f"${i}.25" for i in range(40)]), 3, ('"f"', "--")),
    Case("decimal commas as asked", column(["1,5", "2,5", "3,75"] * 4), 0, (), ("--categorical", "f")),
]

IGNORED = [
    Case("thirty 0.1s", column(["0.1"] * 30), 0, ("ignored f", "constant"), model={"ignored": ("f",)}),
    Case("thirty words", column(["u"] * 30), 0, ("ignored f", "constant"), model={"ignored": ("f",)}),
    Case("a constant of 1e150", column(["1e150"] * 30), 0, ("constant",), model={"ignored": ("f",)}),
    Case("nearly constant", column(["1", "1.0000000000000002"] * 9), 0, ("constant",), model={"ignored": ("f",)}),
    Case("a constant as asked", column(["0.1"] * 9), 0, (), ("--numeric", "f"), model={"numeric": ("f", "x")}),
    Case("a constant as a category", column(["u"] * 9), 0, (), ("--categorical", "f"), model={"categorical": ("f",)}),
    Case("every cell missing", column([""] * 9), 0, ("ignored f", "missing"), model={"ignored": ("f",)}),
    Case("every cell missing but one", column([""] * 9 + ["1"]), 0, ("missing cells: f 9",)),
    Case(
        "pandas' index",
        quoted_csv(["", "x", "y"], [(str(i), str(i % 3), "pq"[i > 4]) for i in range(9)]),
        0,
        ("ignored", "numbers the rows"),
        model={"ignored": ("",)},
    ),
    Case(
        "an index from 1",
        quoted_csv(["", "x", "y"], [(str(i + 1), str(i % 3), "pq"[i > 4]) for i in range(9)]),
        0,
        ("numbers the rows",),
    ),
    Case(
        "a first column without a name that does not count",
        quoted_csv(["", "x", "y"], [(str(i * i % 7), str(i % 3), "pq"[i > 4]) for i in range(9)]),
        3,
        ("data.csv:1: ", "no name"),
    ),
    Case(
        "words without a name",
        quoted_csv(["", "x", "y"], [("uv"[i % 2], str(i % 3), "pq"[i > 4]) for i in range(9)]),
        3,
        ("data.csv:1: ", "no name"),
    ),
    Case(
        "identifiers", column([f"id-{i}x" for i in range(40)]), 0, ("ignored f", "every row"), model={"ignored": ("f",)}
    ),
    Case("identifiers as asked", column([f"id-{i}x" for i in range(40)]), 0, (), ("--categorical", "f")),
    Case("timestamps", column([f"2024-01-01T10:{i:02}:00" for i in range(40)]), 0, ("ignored f",)),
    Case("nothing left", quoted_csv(["f", "y"], [("1", "p"), ("1", "q")] * 9), 3, ("no column is left", "constant")),
    Case("nothing but the target", table("y", "p", "q"), 3, ("no column",)),
]

HEADERS = [
    Case("an empty file", b"", 3, ("data.csv", "empty")),
    Case("an empty line", b"\n", 3, ("data.csv", "empty")),
    Case("empty lines", b"\r\n\r\n\n", 3, ("data.csv", "empty")),
    Case("a BOM and nothing", b"\xef\xbb\xbf", 3, ("data.csv", "empty")),
    Case("a header only", b"a,b,y\n", 3, ("data.csv", "no rows")),
    Case("a header only, without a line end", b"a,b,y", 3, ("data.csv", "no rows")),
    Case("a header and blank lines", b"a,b,y\n\n\n", 3, ("data.csv", "no rows")),
    Case("a header of numbers", table("5.1,3.5,1.4,p", "4,3,1,q"), 3, ("data.csv:1: ", "--no-header")),
    Case("a header of one number", table("5.1,p", "4,q", "3,p"), 3, ("data.csv:1: ", "--no-header")),
    Case("a header of numbers with a gap", table("5.1,,1.4,p", "4,3,1,q"), 3, ("data.csv:1: ",)),
    Case(
        "no header",
        table("5.1,u,p", "4,v,q", "3,u,p"),
        0,
        ("target c3",),
        ("--no-header",),
        model={"numeric": ("c1",), "categorical": ("c2",), "rows": 3},
    ),
    Case("no header, a target by number", table("p,1", "q,2", "p,3"), 0, (), ("--no-header", "-t", "c1")),
    Case("no header, an unknown target", BASE, 2, ("c9", "c1"), ("--no-header", "-t", "c9")),
    Case("no header and no rows", b"", 3, ("empty",), ("--no-header",)),
    Case("two columns of one name", table("a,a,y", "1,2,p", "3,4,q"), 3, ("data.csv:1: ", '"a"', "named")),
    Case("two columns of one name but for blanks", table("a, a,y", "1,2,p", "3,4,q"), 3, ("data.csv:1: ", '"a"')),
    Case("a blank name", table("a,,y", "1,2,p", "3,4,q"), 3, ("data.csv:1: ", "column 2", "no name")),
    Case("a name of blanks", table("a,  ,y", "1,2,p", "3,4,q"), 3, ("data.csv:1: ", "column 2", "no name")),
    Case("a comma at the end of the header", table("a,y,", "1,p,", "3,q,"), 3, ("data.csv:1: ", "column 3", "no name")),
    Case("blank names all along", table(",,", "1,2,p", "3,4,q"), 3, ("data.csv:1: ", "no name")),
    Case("names in quotes", table('"a, b","c ""d""",y', "1,2,p", "3,5,q"), model={"numeric": ("a, b", 'c "d"')}),
    Case("a name of two lines", table('"a', 'b",x,y', "1,2,p", "3,5,q", "4,x,p"), 3, ("data.csv:5: ", '"x"')),
    Case("names with blanks", table(" a ,\tb,y ", "1,2,p", "3,5,q"), model={"numeric": ("a", "b")}),
    Case("names of 10 kB", table("n" * 10_000 + ",y", "1,p", "2,q"), model={"numeric": ("n" * 10_000,)}),
    Case(
        "2,000 columns",
        quoted_csv([f"f{i}" for i in range(2000)], [[str(i * j % 7) for i in range(2000)] for j in (1, 2, 3)]),
    ),
    Case("a header of an unclosed quote", table('"a,b,y', "1,2,p", "3,4,q"), 3, ("data.csv:1: ", "never closed")),
    Case("semicolons", table("a;b;y", "1;u;p", "2;v;q", "3;u;p"), 0, ("semicolon | ;",), model={"numeric": ("a",)}),
    Case("tabs", table("a\tb\ty", "1\tu\tp", "2\tv\tq", "3\tu\tp"), 0, ("tab-separated | tabs | a tab",)),
    Case("semicolons and decimal commas", table("a;y", "1,5;p", "2,5;q", "3,5;p"), 3, ("a", "--decimal")),
    Case("semicolons read as asked", table("a;y", "1,5;p", "2,5;q", "3,5;p"), 0, (), ("--decimal", ",")),
    Case("semicolons in a name of a comma file", table("a;b,y", "1,p", "2,q", "3,p"), model={"numeric": ("a;b",)}),
    Case("a comma in quotes, semicolons outside", table('"a,b";y', "1;p", "2;q", "3;p"), model={"numeric": ("a,b",)}),
    Case("semicolons and CR", table("a;b;y", "1;u,w;p", "2;v;q", "3;u,w;p", end="\r"), model={"numeric": ("a",)}),
    Case("a delimiter as asked", table("a|b|y", "1|u|p", "2|v|q", "3|u|p"), 0, (), ("--delimiter", "|")),
    Case("a tab as asked", table("a\ty", "1\tp", "2\tq", "3\tp"), 0, (), ("--delimiter", "tab")),
    Case("a wrong delimiter", BASE, 3, ("no column",), ("--delimiter", ";")),
    Case("a blank as delimiter", table("a b y", "1 u p", "2 v q", "3 u p"), 0, (), ("--delimiter", " ")),
    Case("a delimiter that is the decimal", table("a,y", '"1,5",p', '"2,5",q'), 0, (), ("--decimal", ",")),
    Case("a long delimiter", BASE, 2, ("one ASCII character",), ("--delimiter", "||")),
    Case("a quote as delimiter", BASE, 2, ("one ASCII character",), ("--delimiter", '"')),
    Case("a line end as delimiter", BASE, 2, ("one ASCII character",), ("--delimiter", "\n")),
    Case("a delimiter outside ASCII", BASE, 2, ("one ASCII character",), ("--delimiter", "§")),
    Case("no delimiter", BASE, 2, ("one ASCII character",), ("--delimiter", "")),
    Case("a decimal that is none", BASE, 2, ("write . or ,",), ("--decimal", "x")),
]

BIG = numbers(VERY_LATE)
SHAPES = [
    Case("a short row", table("a,b,y", "1,u,p", "2,v", "3,u,q"), 3, ("data.csv:3: ", "2 cells", "3")),
    Case("a long row", table("a,b,y", "1,u,p", "2,v,q,r", "3,u,q"), 3, ("data.csv:3: ", "4 cells", "3", "quotes")),
    Case("the first row longer", table("a,b,y", "1,u,p,r", "2,v,q", "3,u,q"), 3, ("data.csv:2: ", "4 cells")),
    Case("every row longer", table("a,b,y", "1,u,p,r", "2,v,q,r", "3,u,q,r"), 3, ("data.csv:2: ", "4 cells")),
    Case("every row shorter", table("a,b,y", "1,u", "2,v", "3,u"), 3, ("data.csv:2: ", "2 cells")),
    Case("a comma after every row", table("a,b,y", "1,u,p,", "2,v,q,", "3,u,q,"), 3, ("data.csv:2: ", "4 cells")),
    Case("a short and a long row", table("a,b,y", "1,u,p", "2,v", "3,u,q,r", "1,v,p"), 3, ("data.csv:3: ", "2 cells")),
    Case("a long and a short row", table("a,b,y", "1,u,p", "3,u,q,r", "2,v", "1,v,p"), 3, ("data.csv:3: ", "4 cells")),
    Case("a short row after 70 kB", replaced(numbers(LATE), 4990, b"1,2"), 3, ("data.csv:4990: ", "2 cells")),
    Case("a long row after 70 kB", replaced(numbers(LATE), 4990, b"1,2,p,q"), 3, ("data.csv:4990: ", "4 cells")),
    Case("a short row after 3 MB", replaced(BIG, 229000, b"1,2"), 3, ("data.csv:229000: ", "2 cells")),
    Case("a long row after 3 MB", replaced(BIG, 229000, b"1,2,p,q"), 3, ("data.csv:229000: ", "4 cells")),
    Case(
        "short and long rows that cancel after 3 MB",
        replaced(replaced(BIG, 229000, b"1,2"), 229001, b"1,2,p,q"),
        3,
        ("data.csv:229000: ", "2 cells"),
    ),
    Case("the last row short", table("a,b,y", "1,u,p", "2,v,q") + b"3", 3, ("data.csv:4: ", "1 cell ")),
    Case("a row of blanks", table("a,b,y", "1,u,p", "   ", "2,v,q"), 3, ("data.csv:3: ", "1 cell ")),
    Case("no line end at the end", BASE[:-1], model={"rows": 4}),
    Case("blank lines before the header", b"\n\n" + BASE, model={"rows": 4}),
    Case("blank lines anywhere", BASE.replace(b"\n", b"\n\n\n"), model={"rows": 4}),
    Case("blank lines count", table("a,y", "", "1,p", "", "", "2,q", "x,p"), 3, ("data.csv:7: ", '"x"')),
    Case("blank lines at the end", BASE + b"\n\n\n", model={"rows": 4}),
    Case("blank lines after 70 kB", numbers(LATE) + b"\n\n1,2,p\n", model={"rows": LATE + 1}),
    Case("blank lines, one column", table("y", "p", "", "q"), 3, ("no column",)),
    Case("CRLF", BASE.replace(b"\n", b"\r\n"), model={"rows": 4, "classes": PQ}),
    Case("CR", BASE.replace(b"\n", b"\r"), model={"rows": 4, "classes": PQ}),
    Case("CR, a word late", numbers(LATE, r4989="x").replace(b"\n", b"\r"), 3, ("data.csv:4990: ", '"x"')),
    Case("CRLF, a word late", numbers(LATE, r4989="x").replace(b"\n", b"\r\n"), 3, ("data.csv:4990: ", '"x"')),
    Case("mixed ends", b"a,b,y\r\n1,u,p\n2,v,q\r3,u,p\n\r\n4,v,q\r", model={"rows": 4, "classes": PQ}),
    Case("mixed ends, a word", b"a,b,y\r\n1,u,p\n2,v,q\r3,u,p\n\r\nx,v,q\r", 3, ("data.csv:6: ", '"x"')),
    Case("CR and LF the wrong way round", BASE.replace(b"\n", b"\n\r"), model={"rows": 4}),
    Case("CRCRLF", BASE.replace(b"\n", b"\r\r\n"), model={"rows": 4}),
    Case("CR inside a row of numbers", table("a,b,y", "1,2,p\rq", "3,4,q"), 3, ("data.csv:3: ", "1 cell ")),
    Case("CR inside a row of words", table("y,a,b", "p,u,w\rq", "q,v,u"), 3, ("data.csv:3: ", "1 cell ")),
    Case("CR inside a row, two columns", table("y,a", "p,u\rq", "q,v", "p,v"), 3, ("data.csv:3: ", "1 cell ")),
    Case("CR inside a row, late", replaced(numbers(LATE), 4990, b"1,2,p\rq"), 3, ("data.csv:4991: ", "1 cell ")),
    Case(
        "a quoted CR and a blank line",
        table("y,b", 'p,"u\rq"', "", "q,v", "p,v"),
        0,
        (),
        ("-t", "y"),
        model={"rows": 3},
    ),
    Case(
        "a quoted CR and a stray quote", table("y,b", 'p,"u\rq"', 'q,6"', "p,v"), 0, (), ("-t", "y"), model={"rows": 3}
    ),
    Case("a quoted CR", table("a,b,y", '1,"u\rw",p', "2,v,q", "x,v,q"), 3, ("data.csv:5: ", '"x"')),
    Case("quoted line ends", table("a,b,y", '1,"u', "", 'w",p', "2,v,q", "3,v,p"), model={"rows": 3}),
    Case(
        "lines after quoted line ends", table("a,b,y", '1,"u', "", 'w",p', "2,v,q", "x,v,p"), 3, ("data.csv:6: ", '"x"')
    ),
    Case(
        "lines after quoted line ends, late",
        column(["u\nv", "u\nw"] * LATE + ["7"]),
        3,
        ("data.csv:20002: ", '"7"'),
    ),
    Case("a ragged row after quoted line ends", table("a,b,y", '1,"u', 'w",p', "2,v,q", "3,v"), 3, ("data.csv:5: ",)),
    Case("a quote inside a cell", table("a,b,y", '1,6" nail,p', "2,v,q", "3,v,p"), model={"rows": 3}),
    Case(
        "text after a quoted cell",
        table("a,b,y", "2,uw,q", '1,"u"w,p', "3,v,p"),
        3,
        ("data.csv:3: ", "after the quote"),
    ),
    Case("a blank after a quoted cell", table("a,b,y", '1,"u" ,p', "2,v,q"), 3, ("data.csv:2: ", "after the quote")),
    Case("a blank before a quote", table("a,b,y", "2,v,q", "", '1,\t "u",p'), 3, ("data.csv:4: ", "before the quote")),
    Case("a blank before a quote with a comma", table("a,b,y", '1, "u,w",p'), 3, ("data.csv:2: ", "before the quote")),
    Case("a blank before a quote in the header", table('a, "b",y', "1,u,p"), 3, ("data.csv:1: ", "before the quote")),
    Case("blanks and quotes in quotes", table("a,b,y", '1," ""u""",p', "2,v,q"), model={"rows": 2}),
    Case("the first fault of two", table("a,b,y", "1,2", '1, "u",p'), 3, ("data.csv:2: ", "2 cells")),
    Case("the header once more", table("a,b,y", "1,u,p", "2,v,q", "a,b, y"), 3, ("data.csv:4: ", "header once more")),
    Case(
        "a header of words once more", table("a,y", "u,p", "v,q", "a,y", "u,p"), 3, ("data.csv:4: ", "header once more")
    ),
    Case(
        "a header behind a joined mark",
        table("a,b,y", "u,1,p", "\ufeffa,b,y", "w,2,q"),
        3,
        ("data.csv:3: ", "header once"),
    ),
    Case(
        "a header of numbers behind one",
        table("a,b,y", "1,1,p", "\ufeffa,b,y", "2,2,q"),
        3,
        ("data.csv:3: ", "header once"),
    ),
    Case(
        "decimal commas without a header",
        table("5,1;3,5;a", "4,9;3,2;a", "6,3;2,8;b"),
        0,
        (),
        ("--no-header", "--decimal", ","),
        model={"classes": ("a", "b"), "numeric": ("c1", "c2")},
    ),
    Case(
        "a comma in a name before decimal commas",
        table("kg, netto;y", "1,5;p", "2,5;q"),
        0,
        (),
        ("--decimal", ","),
        model={"numeric": ("kg, netto",)},
    ),
    Case(
        "decimal commas in quotes",
        table("a,y", '"1,5",p', '"2,5",q'),
        0,
        (),
        ("--decimal", ","),
        model={"numeric": ("a",)},
    ),
    Case(
        "another delimiter fits as well",
        table("i;n, v;y", '1;"M, K";a', '2;"L, K";b', '3;"L, Q";b'),
        0,
        ("--delimiter semicolon",),
    ),
    Case(
        "a class among na-values", labels(["\\N", "p"] * 3), 0, ("warning", "a class, though"), ("--na-values", "\\N")
    ),
    Case(
        "prices with decimal commas",
        table("x;y", *(f"{i % 7};{i // 8},{i % 8}" for i in range(300))),
        3,
        ("regression",),
        ("--decimal", ","),
    ),
    *(
        Case(
            f"a header that begins like another format: {name}",
            table(f"{name},b,y", "1,2,p", "2,1,q"),
            model={"rows": 2},
        )
        for name in ("FEA1", "PAR1", "RDX", "ARROW1", "BZh", "BZh9")
    ),
    Case("a run of digits", table("x,y", "1" * 200_000 + "x,p", "2,q", "3,p"), 3, ("data.csv:2: ",)),
    Case("labels like the target", table("39,w,<=50K", "50,u,>50K", "3,w,<=50K"), 3, ("data.csv:3: ", "--no-header")),
    Case("doubled quotes", table("a,b,y", '1,"u""w",p', '2,"""",q', "3,v,p"), model={"rows": 3}),
    Case("an unclosed quote", table("a,b,y", "1,u,p", '2,"v,q', "3,u,p"), 3, ("data.csv:3: ", "never closed")),
    Case("an unclosed quote late", replaced(numbers(LATE), 4990, b'"1,2,p'), 3, ("data.csv:4990: ", "never closed")),
    Case("an unclosed quote at the end", table("a,b,y", "1,u,p", '2,v,"q'), 3, ("data.csv:3: ", "never closed")),
    Case("a cell of 10 MB", column(["u", "v" * 10_000_000, "u", "u"])),
    Case("a cell of 10 MB not used", column(["u", "v" * 10_000_000, "u"]), 0, (), ("--drop", "f"), model={"rows": 3}),
    Case("a quoted cell of 10 MB of line ends", column(["u", "\n" * 10_000_000, "u", "u"])),
]

ENCODINGS = [
    Case("many blank lines before the header", b"\n" * 70_000 + BASE, model={"rows": 4}),
    Case("many blank lines of CRLF and an error", b"\r\n" * 70_000 + b"a,y\n1,p\nx,q\n2,p\n", 3, ("data.csv:70003: ",)),
    Case(
        "a header longer than the first read",
        table(",".join(f"{i:0300}x" for i in range(4000)) + ",y", "1," * 4000 + "p", "2," * 4000 + "q"),
        model={"rows": 2},
    ),
    Case("BOM", b"\xef\xbb\xbf" + BASE, model={"numeric": ("a",), "rows": 4}),
    Case("BOM and a quoted name", b'\xef\xbb\xbf"a",b,y\n1,u,p\n2,v,q\n', model={"numeric": ("a",)}),
    Case("UTF-16", BASE.decode().encode("utf-16"), 3, ("UTF-16", "iconv")),
    Case("UTF-16 big-endian", b"\xfe\xff" + BASE.decode().encode("utf-16-be"), 3, ("UTF-16",)),
    Case("UTF-16 without BOM", BASE.decode().encode("utf-16-le"), 3, ("data.csv:1: ", "NUL")),
    Case("UTF-32", BASE.decode().encode("utf-32"), 3, ("data.csv", "UTF- | NUL")),
    Case(
        "latin-1 in a cell",
        table("a,b,y", "1,u,p", "2,v,q").replace(b"v", b"\xe9"),
        3,
        ("data.csv:3: ", "UTF-8", "iconv"),
    ),
    Case("latin-1 in a label", labels(["p", "q"] * 3).replace(b"q", b"\xe9"), 3, ("data.csv:3: ", "UTF-8")),
    Case("latin-1 in a name", BASE.replace(b"b", b"\xe9", 1), 3, ("data.csv:1: ", "UTF-8")),
    Case(
        "latin-1 in a column not used",
        table("a,b,y", "1,u,p", "2,v,q").replace(b"v", b"\xe9"),
        3,
        ("data.csv:3: ",),
        ("--drop", "b"),
    ),
    Case("latin-1 late", replaced(numbers(LATE), 4990, b"1,2,\xe9"), 3, ("data.csv:4990: ", "UTF-8")),
    Case("half a character at the end", BASE[:-1] + "é".encode()[:1], 3, ("data.csv:5: ", "UTF-8")),
    Case("an encoded surrogate", labels(["p", "q"] * 3).replace(b"q", b"\xed\xa0\x80"), 3, ("data.csv:3: ", "UTF-8")),
    Case("an overlong NUL", labels(["p", "q"] * 3).replace(b"q", b"\xc0\x80"), 3, ("data.csv:3: ", "UTF-8")),
    Case("NUL in a label", labels(["p", "q", "p\0"]), 3, ("data.csv:4: ", "NUL")),
    Case("NUL in a cell", column(["u", "v\0", "u"]), 3, ("data.csv:3: ", "NUL")),
    Case("NUL in a name", BASE.replace(b"b", b"b\0", 1), 3, ("data.csv:1: ", "NUL")),
    Case("NUL late", replaced(numbers(LATE), 4990, b"1,2,p\0"), 3, ("data.csv:4990: ", "NUL")),
    Case("NULs at the end", BASE + bytes(512), 3, ("data.csv:6: ", "NUL")),
    Case("a character cut by pieces", column(["é€😀" * 5_000] * 40 + ["u"] * 5), model={"categorical": ("f",)}),
    Case(
        "separators of Unicode are no line ends",
        column(["u\u2028w", "u\u0085w", "u\x0bw", "u\x0cw", "u\x1cw"] * 2),
        model={"rows": 10},
    ),
    Case("separators of Unicode in a name", column(["1", "2", "x"], "f\u2028\u0085g"), 3, ("data.csv:4: ", '"x"')),
    Case("random bytes", bytes(range(1, 256)) * 20, 3, ("data.csv",)),
]

CUT = gzipped(numbers(LATE))
DAMAGED = CUT[:3000] + bytes(64) + CUT[3064:]
COMPRESSED = [
    Case("gzip", gzipped(BASE), model={"rows": 4}),
    Case("bz2", bz2.compress(BASE), model={"rows": 4}),
    Case("xz", lzma.compress(BASE), model={"rows": 4}),
    Case("two members of gzip", gzipped(BASE) + gzipped(b"5,w,p\n"), model={"rows": 5}),
    Case("two members of bz2", bz2.compress(BASE) + bz2.compress(b"5,w,p\n"), model={"rows": 5}),
    Case("two members of xz", lzma.compress(BASE) + lzma.compress(b"5,w,p\n"), model={"rows": 5}),
    Case("gzip with NULs after it", gzipped(BASE) + bytes(100), model={"rows": 4}),
    Case("gzip with text after it", gzipped(BASE) + b"5,w,p\n", 3, ("data.csv", "damaged | compressed")),
    Case("gzip cut short", CUT[:-2000], 3, ("data.csv", "too early")),
    Case("gzip without its end", gzipped(BASE)[:-8], 3, ("data.csv", "too early")),
    Case("gzip without its last byte", gzipped(BASE)[:-1], 3, ("data.csv", "too early")),
    Case("gzip of two bytes", b"\x1f\x8b", 3, ("data.csv",)),
    Case("gzip damaged", DAMAGED, 3, ("data.csv", "damaged")),
    Case("gzip with a wrong checksum", gzipped(BASE)[:-8] + bytes(8), 3, ("data.csv", "damaged")),
    Case("bz2 cut short", bz2.compress(numbers(LATE))[:-100], 3, ("data.csv", "too early")),
    Case("bz2 damaged", bz2.compress(BASE)[:30] + bytes(10) + bz2.compress(BASE)[40:], 3, ("data.csv", "damaged")),
    Case("xz cut short", lzma.compress(numbers(LATE))[:-100], 3, ("data.csv", "too early")),
    Case("xz damaged", lzma.compress(BASE)[:30] + bytes(10) + lzma.compress(BASE)[40:], 3, ("data.csv", "damaged")),
    Case("gzip of nothing", gzipped(b""), 3, ("data.csv", "empty")),
    Case("gzip of gzip", gzipped(gzipped(BASE)), 3, ("data.csv",)),
    Case("zip", b"PK\x03\x04" + bytes(100), 3, ("zip archive", "unzip")),
    Case("Parquet", b"PAR1" + bytes(100), 3, ("Parquet",)),
    Case("zstd", b"\x28\xb5\x2f\xfd" + bytes(100), 3, ("zstd",)),
    Case("Excel", b"\xd0\xcf\x11\xe0" + bytes(100), 3, ("Excel",)),
    Case("a line that is late in the gzip", gzipped(numbers(LATE, r4989="x")), 3, ("data.csv:4990: ", '"x"')),
    Case("gzip by its bytes, not its name", {"data.txt": gzipped(BASE)}, arguments=("fit", "data.txt")),
    Case("text with the name of gzip", {"data.csv.gz": BASE}, arguments=("fit", "data.csv.gz")),
]

SOURCES = [
    Case("standard input", {}, arguments=("fit", "-"), stdin=BASE, model={"rows": 4}),
    Case("standard input, empty", {}, 3, ("stdin", "empty"), arguments=("fit", "-")),
    Case("standard input, gzip", {}, arguments=("fit", "-"), stdin=gzipped(BASE), model={"rows": 4}),
    Case("standard input, bz2", {}, arguments=("fit", "-"), stdin=bz2.compress(BASE)),
    Case("standard input, a bad line", {}, 3, ("stdin:3: ",), arguments=("fit", "-"), stdin=table("a,y", "1,p", "2")),
    Case("standard input twice", {}, 2, ("only once",), arguments=("fit", "-", "-"), stdin=BASE),
    Case("two files", {"1.csv": BASE, "2.csv": BASE}, arguments=("fit", "1.csv", "2.csv"), model={"rows": 8}),
    Case("a file twice", BASE, arguments=("fit", "data.csv", "data.csv"), model={"rows": 8}),
    Case("a second file, no rows", {"1": BASE, "2": b"a,b,y\n"}, arguments=("fit", "1", "2"), model={"rows": 4}),
    Case("a first file, no rows", {"1": b"a,b,y\n", "2": BASE}, arguments=("fit", "1", "2"), model={"rows": 4}),
    Case("a second file, empty", {"1": BASE, "2": b""}, 3, ("2", "empty"), arguments=("fit", "1", "2")),
    Case("a second file with semicolons", {"1": BASE, "2": BASE.replace(b",", b";")}, arguments=("fit", "1", "2")),
    Case("a second file with a BOM", {"1": BASE, "2": b"\xef\xbb\xbf" + BASE}, arguments=("fit", "1", "2")),
    Case("a second file, gzip", {"1": BASE, "2": gzipped(BASE)}, arguments=("fit", "1", "2"), model={"rows": 8}),
    Case("a first file without its last line end", {"1": BASE[:-1], "2": BASE}, arguments=("fit", "1", "2")),
    Case(
        "another name",
        {"1": BASE, "2": table("a,c,y", "1,u,p")},
        3,
        ("2:1: ", '"c"', '"b"'),
        arguments=("fit", "1", "2"),
    ),
    Case("another order", {"1": BASE, "2": table("b,a,y", "u,1,p")}, 3, ("2:1: ", '"b"'), arguments=("fit", "1", "2")),
    Case(
        "one column more",
        {"1": BASE, "2": table("a,b,y,z", "1,u,p,3")},
        3,
        ("2:1: ", '"z"'),
        arguments=("fit", "1", "2"),
    ),
    Case(
        "one column less", {"1": BASE, "2": table("a,b", "1,u")}, 3, ("2:1: ", "no more"), arguments=("fit", "1", "2")
    ),
    Case(
        "a bad line in the second file",
        {"1": BASE, "2": BASE + b"x,u,p\n"},
        3,
        ("2:6: ", '"x"'),
        arguments=("fit", "1", "2"),
    ),
    Case("a second file that is not there", {"1": BASE}, 2, ("2", "No such file"), arguments=("fit", "1", "2")),
    Case("a file that is not there", {}, 2, ("data.csv", "No such file")),
    Case("a directory", {"data.csv/x": BASE}, 2, ("data.csv", "directory")),
    Case("an address", {}, 2, ("not fetched",), arguments=("fit", "https://example.org/data.csv")),
    Case("an address with a user", {}, 2, ("s3://",), arguments=("fit", "s3://bucket/data.csv")),
    Case("a name of nothing", {}, 2, ("No such file",), arguments=("fit", "")),
    Case("a name of 5,000 letters", {}, 2, ("long",), arguments=("fit", "n" * 5_000)),
    Case("/dev/null", {}, 3, ("/dev/null", "empty"), arguments=("fit", "/dev/null")),
    Case("no file", {}, 2, ("DATA",), arguments=("fit",)),
    Case("predict is not fit", {}, 2, ("no model | model.npz",), arguments=("predict", "data.csv")),
    Case("an option that is not there", BASE, 2, ("--frobnicate",), ("--frobnicate",)),
    Case("a command that is not there", BASE, 2, ("frobnicate",), arguments=("frobnicate",)),
]

WEIGHTED = table("a,w,y", "1,1,p", "2,2,q", "3,0.5,p", "4,1,q")
OPTIONS = [
    Case("a target that is not there", BASE, 2, ("--target", '"z"', '"a"'), ("-t", "z")),
    Case("a target that is not there, by case", BASE, 2, ("--target", '"Y"'), ("-t", "Y")),
    Case("a target in the middle", table("a,y,b", "1,p,u", "2,q,v"), 0, (), ("-t", "y"), model={"classes": PQ}),
    Case("an empty target", BASE, 2, ("--target",), ("-t", "")),
    Case("--drop of nothing known", BASE, 2, ("--drop", '"z"'), ("--drop", "z")),
    Case("--categorical of nothing known", BASE, 2, ("--categorical", '"z"'), ("--categorical", "a,z")),
    Case("--numeric of nothing known", BASE, 2, ("--numeric", '"z"'), ("--numeric", "z")),
    Case("--weight of nothing known", BASE, 2, ("--weight", '"z"'), ("--weight", "z")),
    Case("--drop", BASE, 0, (), ("--drop", "b"), model={"numeric": ("a",), "categorical": ()}),
    Case("--drop twice", BASE, 0, (), ("--drop", "b", "--drop", "b,b"), model={"categorical": ()}),
    Case("--drop all", BASE, 3, ("no column",), ("--drop", "a,b")),
    Case("--drop the target", BASE, 2, ("target",), ("--drop", "y", "-t", "y")),
    Case("--drop a mixture", column(["1", "x", "1,5"]), 0, (), ("--drop", "f"), model={"numeric": ("x",)}),
    Case("--drop and --numeric of one column", BASE, 0, (), ("--drop", "b", "--numeric", "b")),
    Case("--categorical and --numeric of one column", BASE, 2, ('"a"',), ("--categorical", "a", "--numeric", "a")),
    Case("--categorical twice", BASE, 0, (), ("--categorical", "a,a", "--categorical", "a"), model={"numeric": ()}),
    Case("--categorical of the target", BASE, 2, ('"y"', "target"), ("--categorical", "y")),
    Case("--numeric of the weights", WEIGHTED, 2, ('"w"', "weight"), ("--weight", "w", "--numeric", "w")),
    Case("a name with a line end", BASE, 2, ("a",), ("--drop", "a\nb")),
    Case("a name with an open quote", BASE, 2, ("--drop",), ("--drop", '"a,b')),
    Case("a name that is not UTF-8", BASE, 2, ("--drop",), ("--drop", "\udcff")),
    Case("a missing text that is not UTF-8", BASE, 2, (), ("--na-values", "\udcff")),
    Case("an output that is not UTF-8", BASE, 0, (), ("-o", "\udcff.npz", "--json")),
    Case("weights", WEIGHTED, 0, (), ("--weight", "w"), model={"numeric": ("a",)}),
    Case("a negative weight", WEIGHTED.replace(b"0.5", b"-1"), 3, ("data.csv:4: ", '"w"'), ("--weight", "w")),
    Case("a missing weight", WEIGHTED.replace(b"0.5", b""), 3, ("data.csv:4: ", '"w"'), ("--weight", "w")),
    Case("a weight NA", WEIGHTED.replace(b"0.5", b"NA"), 3, ("data.csv:4: ", '"w"'), ("--weight", "w")),
    Case("a word as weight", WEIGHTED.replace(b"0.5", b"x"), 3, ("data.csv:4: ", '"x"'), ("--weight", "w")),
    Case("an infinite weight", WEIGHTED.replace(b"0.5", b"inf"), 3, ("data.csv:4: ", '"inf"'), ("--weight", "w")),
    Case("a weight of 1e400", WEIGHTED.replace(b"0.5", b"1e400"), 3, ("data.csv:4: ", "finite"), ("--weight", "w")),
    Case(
        "weights of 1e308",
        table("a,w,y", *(f"{i},1e308,{'pq'[i % 2]}" for i in range(9))),
        3,
        ("w",),
        ("--weight", "w"),
    ),
    Case(
        "weights of 1e-320", table("a,w,y", *(f"{i},1e-320,{'pq'[i % 2]}" for i in range(9))), 3, (), ("--weight", "w")
    ),
    Case("weights of nothing", table("a,w,y", "1,0,p", "2,0,q", "3,0,p"), 3, ("weigh",), ("--weight", "w")),
    Case("a class that weighs nothing", table("a,w,y", "1,1,p", "2,0,q", "3,2,p"), 3, ('"q"',), ("--weight", "w")),
    Case(
        "a negative weight late",
        table("a,w,y", *(f"{i % 9},{1 if i != 4988 else -1},{'pq'[i % 2]}" for i in range(9000))),
        3,
        ("data.csv:4990: ", '"w"'),
        ("--weight", "w"),
    ),
    Case("the target as weight", table("a,y", "1,1", "2,2", "3,1"), 2, ("weight",), ("--weight", "y")),
    Case("no column but the weights", table("w,y", "1,p", "2,q"), 3, ("no column",), ("--weight", "w")),
    Case("weights dropped", WEIGHTED, 0, (), ("--weight", "w", "--drop", "w")),
    Case("balanced", BASE, 0, (), ("--class-weight", "balanced")),
    Case("class weights", BASE, 0, (), ("--class-weight", "p=2,q=0.5")),
    Case("one class weight", BASE, 0, (), ("--class-weight", "p=2")),
    Case("a class weight of an unknown class", BASE, 2, ('"z"',), ("--class-weight", "z=2")),
    Case("a class weight without a class", BASE, 2, ("class",), ("--class-weight", "=2")),
    Case("a class weight without a weight", BASE, 2, ("number",), ("--class-weight", "p=")),
    Case("a class weight without =", BASE, 2, ("balanced",), ("--class-weight", "p")),
    Case("a class weight of a word", BASE, 2, ("number",), ("--class-weight", "p=heavy")),
    Case("a class weight of nan", BASE, 2, (), ("--class-weight", "p=nan")),
    Case("a class weight of inf", BASE, 2, (), ("--class-weight", "p=inf")),
    Case("a negative class weight", BASE, 2, (), ("--class-weight", "p=-1")),
    Case("a class weight of 0", BASE, 3, ('"p"',), ("--class-weight", "p=0")),
    Case("a class weight of 1e308", BASE, 2, (), ("--class-weight", "p=1e308,q=1e308")),
    Case("an empty class weight", BASE, 2, ("balanced",), ("--class-weight", "")),
    Case("a class twice", BASE, 2, ('"p" | twice',), ("--class-weight", "p=1,p=2")),
    Case("a class weight of a class with =", labels(["a=b", "c"] * 3), 0, (), ("--class-weight", "a=b=2")),
    Case("a class weight of a class with a comma", labels(["a,b", "c"] * 3), 0, (), ("--class-weight", '"a,b=2"')),
    Case("a class weight with a line end", labels(["a\nb", "c"] * 3), 0, (), ("--class-weight", '"a\nb=2"')),
    Case("a class weight with a bare line end", BASE, 2, (), ("--class-weight", "a\nb=2")),
    *(
        Case(f"{option} {value}", BASE, 2, (option,), (option, value))
        for option, values in {
            "--l2": ("nan", "inf", "-inf", "-1", "-1e-300", "x", "", "1e400"),
            "--l1": ("nan", "inf", "-inf", "-1", "-1e-300", "x", "", "1e400"),
            "--tol": ("nan", "inf", "-1", "x"),
            "--learning-rate": ("nan", "inf", "0", "-1", "x"),
            "--momentum": ("nan", "inf", "1", "-0.1", "x"),
            "--epochs": ("nan", "-1", "1.5", "x", "inf"),
            "--batch-size": ("0", "-1", "nan", "2.5"),
            "--seed": ("-1", "nan", "0.5"),
            "--threads": ("0", "-1", "x"),
            "--precision": ("float16", "x", ""),
            "--solver": ("sgd", "", "LBFGS "),
        }.items()
        for value in values
    ),
    Case("momentum without gd", BASE, 2, ("--momentum", "gd"), ("--momentum", "0.5")),
    Case("lbfgs with a learning rate", BASE, 2, ("lbfgs",), ("--solver", "lbfgs", "--learning-rate", "0.1")),
    Case("0 epochs", BASE, 0, ("warning",), ("--epochs", "0")),
    Case("one epoch that must converge", BASE, 5, ("converge",), ("--epochs", "1", "--require-convergence")),
    Case("no penalty, separable", BASE, 0, ("warning",), ("--l2", "0")),
    Case("a penalty of 1e308", BASE, 0, (), ("--l2", "1e308")),
    Case("a penalty of 1e-320", BASE, 0, (), ("--l2", "1e-320")),
    Case("an l1 of 1e308", BASE, 0, (), ("--l1", "1e308")),
    Case("an l1 of 1e-320", BASE, 0, (), ("--l1", "1e-320", "--epochs", "50")),
    Case("the least l1", BASE, 0, (), ("--l1", "5e-324", "--epochs", "50")),
    Case("the least l2", BASE, 0, (), ("--l2", "5e-324", "--epochs", "50")),
    Case("both penalties of 1e308", BASE, 0, (), ("--l1", "1e308", "--l2", "1e308")),
    Case("l1 of separable rows", BASE, 0, (), ("--l1", "0.001", "--solver", "gd")),
    Case("a tolerance of 0", BASE, 0, (), ("--tol", "0", "--epochs", "50")),
    Case("a huge learning rate", numbers(40), 5, ("diverged", "--learning-rate"), ("--learning-rate", "1e6")),
    Case("a learning rate of 1e308", numbers(40), 5, ("diverged",), ("--learning-rate", "1e308", "--log", "log.jsonl")),
    Case("a tiny learning rate", BASE, 0, ("warning",), ("--learning-rate", "1e-320", "--epochs", "5")),
    Case("a batch larger than the file", BASE, 2, ("--batch-size",), ("--batch-size", "1" + "0" * 30, "--epochs", "5")),
    Case("a seed of 40 digits", BASE, 2, ("--seed",), ("--seed", "9" * 40, "--batch-size", "2", "--epochs", "5")),
    Case("a million threads", BASE, 0, (), ("--threads", "1000000")),
    Case("10^30 threads", BASE, 2, ("--threads",), ("--threads", "1" + "0" * 30)),
    Case("10^30 epochs", BASE, 2, ("--epochs",), ("--epochs", "1" + "0" * 30)),
    Case("float32 and large numbers", column(["1e150", "-1e150", "3", "4"]), 0, (), ("--precision", "float32")),
    Case("an output in a folder that is not there", BASE, 2, ("no/such",), ("-o", "no/such/model.npz")),
    Case("an output that is a folder", {"data.csv": BASE, "out/x": b""}, 2, ("out",), ("-o", "out")),
    Case("an output that ends in a slash", BASE, 2, ("out/",), ("-o", "out/")),
    Case("an output of no name", BASE, 2, (), ("-o", "")),
    Case("an output with a name of 300 letters", BASE, 2, ("long",), ("-o", "n" * 300)),
    Case("an output below a file", BASE, 2, ("data.csv/m",), ("-o", "data.csv/m.npz")),
    Case("an output of a device", BASE, 2, ("/dev/null",), ("-o", "/dev/null")),
    Case("an output without a suffix", BASE, 0, (), ("-o", "model")),
    Case("a log in a folder that is not there", BASE, 2, ("no/log",), ("--log", "no/log")),
    Case("a log that is a folder", {"data.csv": BASE, "out/x": b""}, 2, ("out",), ("--log", "out")),
    Case("a log on a full disk", BASE, 6, ("space",), ("--log", "/dev/full")),
    Case("a log", BASE, 0, (), ("--log", "log.jsonl")),
    Case("quiet", BASE, 0, (), ("-q",)),
    Case("JSON", column(["1", "", "u"] * 3), 3, (), ("--json",)),
    Case("JSON of a fit", column(["1", "", "2"] * 3), 0, (), ("--json",)),
    Case("JSON of no penalty", column(["1", "", "2"] * 3), 0, (), ("--json", "--l2", "0", "--epochs", "0")),
]

ESC = "\x1b[31m\x1b]0;owned\x07\x1b]8;;http://x\x07\u202egnp.\u2066[bold]x[/bold][/nope]:smile:\x9b2J\x7f"
UGLY = [
    Case("escapes in labels", labels([ESC, "p"] * 3), says=()),
    Case("escapes in a name", column(["1", "2", "3"], ESC), 0, (), model={"numeric": (ESC.strip(), "x")}),
    Case(
        "escapes in a bad cell", column(["1", "2", ESC]), 3, ("data.csv:4: ", "[bold]x[/bold][/nope]:smile:", "\\x1b")
    ),
    Case("escapes in the name of a bad column", column(["1", "2", "x"], ESC), 3, ("data.csv:4: ", "[bold]", "\\x1b")),
    Case("escapes in one class", labels([ESC] * 3), 3, ("only one class", "[bold]", "\\x1b")),
    Case("escapes in the name of the target", table(f"x,{ESC}", "1,p", "2,q"), 0, ("\\x1b",)),
    Case("escapes in an ignored column", column(["1"] * 9, ESC), 0, ("ignored", "\\x1b")),
    Case("escapes in a column with gaps", column(["1", "", "2"] * 3, ESC), 0, ("missing cells", "\\x1b")),
    Case("escapes in a doubled name", table(f"{ESC},{ESC},y", "1,2,p"), 3, ("data.csv:1: ", "\\x1b")),
    Case(
        "escapes in the name of a file",
        {f"{ESC.replace('/', '')}.csv": BASE},
        0,
        ("\\x1b",),
        arguments=("fit", f"{ESC.replace('/', '')}.csv"),
    ),
    Case("escapes in the name of a bad file", {"\x1b[2J.csv": b""}, 3, ("\\x1b",), arguments=("fit", "\x1b[2J.csv")),
    Case("escapes in the name of no file", {}, 2, ("\\x1b",), arguments=("fit", "\x1b[2J.csv")),
    Case("escapes in the name of the output", BASE, 0, ("\\x1b",), ("-o", "\x1b[2J[bold].npz")),
    Case("escapes in an option", BASE, 2, (), ("--target", ESC)),
    Case("escapes in an unknown option", BASE, 2, (), (f"--{ESC}",)),
    Case("escapes in a bad value", BASE, 2, (), ("--l2", ESC)),
    Case("line ends in an option", BASE, 2, (), ("--target", "a\nsmtrain: error: no\nb")),
    Case("line ends in a bad value", BASE, 2, (), ("--l2", "a\nsmtrain: error: no\nb")),
    Case("line ends in a bad cell", column(["1", "2", "x\nsmtrain: error: no"]), 3, ("data.csv:4: ",)),
    Case("line ends in a choice", BASE, 2, (), ("--solver", "a\nb\nc")),
    Case("32 kB of brackets", column(["1", "2", "[" * 32_000]), 3, ("data.csv:4: ", "[[[")),
    Case("wide characters in a bad cell", column(["1", "2", "漢" * 400]), 3, ("data.csv:4: ", "漢")),
    Case("combining characters in a bad cell", column(["1", "2", "x" + "\u0301" * 4000]), 3, ("data.csv:4: ",)),
]

CASES = {
    "labels": LABELS,
    "numbers": NUMBERS,
    "mixtures": MIXTURES,
    "notation": OTHER_NOTATION,
    "ignored": IGNORED,
    "headers": HEADERS,
    "shapes": SHAPES,
    "encodings": ENCODINGS,
    "compressed": COMPRESSED,
    "sources": SOURCES,
    "options": OPTIONS,
    "ugly": UGLY,
}


def parameters():
    return [pytest.param(case, id=f"{group}: {case.name}") for group, cases in CASES.items() for case in cases]


@pytest.mark.parametrize("case", parameters())
def test_table(case, cli, tmp_path):
    for name, data in case.files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    outcome = cli(*case.words, stdin=case.stdin)
    assert outcome.code == case.code, outcome.stderr
    for choice in case.says:
        assert any(text in outcome.stderr for text in choice.split(" | ")), f"{choice} is not in\n{outcome.stderr}"
    if case.model:
        assert learned(tmp_path / "model.npz", case.model) == case.model


READING = {"-t", "--target", "--drop", "--categorical", "--numeric", "--weight", "--na-values"}
READING |= {"--no-header", "--delimiter", "--decimal"}


def is_for_doctor(case):
    """Whether a case is of a single file and of options that `doctor` has."""
    options = {word.partition("=")[0] for word in case.options if word.startswith("-")}
    return case.arguments is None and set(case.files) == {"data.csv"} and options <= READING


@pytest.mark.parametrize("case", [one for one in parameters() if is_for_doctor(one.values[0])])
def test_doctor_agrees_with_fit(case, cli, tmp_path):
    """What a fit refuses, `doctor` refuses or calls an error; and nothing else."""
    (tmp_path / "data.csv").write_bytes(case.files["data.csv"])
    outcome = cli("doctor", "data.csv", "--json", *case.options)
    assert outcome.code in {case.code, 0}, outcome.stderr
    if outcome.code == 0:
        assert (outcome.document["errors"] > 0) == (case.code == 3), outcome.stdout


def learned(path, asked):
    """What a model knows of the table, as far as it is asked for."""
    model = load(str(path))
    facts = {
        "classes": model.classes,
        "rows": model.fit.rows,
        "numeric": tuple(column.name for column in model.encoder.numeric),
        "categorical": tuple(column.name for column in model.encoder.categorical),
        "ignored": tuple(name for name, _ in model.encoder.ignored),
    }
    return {name: fact for name, fact in facts.items() if name in asked}


NOT_NUMBERS = [
    "1_000", "١", "１", "\u00a01", "1\u00a0", "inf", "-inf", "+Inf", "Infinity", "INF", "1e400", "-1e400", "9" * 400,
    "0x10", "1e", "1e+", "1e+ 5", "1.5.2", "--1", "+-1", "1,5", "1 000", "5%", "$5", "True", "FALSE", "x", "1e5x",
    "1-2", "½", "\u22125", "NAN", "-nan", "1f", "1d5", "1L", "1j", "1/2", ".", "+", "-", "e5", "1e5.0",
    "1e99999999999999999999", "1\n", "\n1", "1\x0b", "\x0c1", "''", "'1'", '"1"', "1;2", "1..", ".e1", "na",
    "none", "<NA>", "#N/A N/A", "-1.#IND", "1.#QNAN", "n/a", "1E", "0b1", "1'000", "5e", "٣.٥", "1e٣",
]  # fmt: skip


@pytest.mark.parametrize("where", ["early", "late"])
@pytest.mark.parametrize("text", NOT_NUMBERS, ids=ascii)
def test_a_text_that_is_no_number_is_refused_with_its_line(text, where, cli, tmp_path):
    before = 4 if where == "early" else LATE
    (tmp_path / "data.csv").write_bytes(column(["1", "2.5"] * (before // 2) + [text, "7"]))
    outcome = cli("fit", "data.csv")
    assert outcome.code == 3, outcome.stderr
    assert f'data.csv:{before + 2}: column "f": ' in outcome.stderr


NUMBERS_OF_ALL_KINDS = [
    "0", "-0", "+0.0", "00012", "1.", ".5", "-.5", "+.5e1", "1e0", "1E+05", "1e-400", "2.2250738585072011e-308",
    "5e-324", "1.7976931348623157e150", "179769313486231570000000000000000000000", "0.1", "0.30000000000000004",
    "9007199254740993", "18446744073709551616", "-9223372036854775809", " 3", "3 ", "\t3",
    "123456789012345678901234567",
    "1" + "0" * 140, "0." + "0" * 300 + "1", "3.14159265358979323846264338327950288419716939937510", "1e00000000000001",
]  # fmt: skip


def test_numbers_are_read_as_float_reads_them(cli, tmp_path):
    """To the last bit: each number as a column's only value but 0 gives its mean."""
    for text in NUMBERS_OF_ALL_KINDS:
        (tmp_path / "data.csv").write_bytes(quoted_csv(["f", "x", "y"], [(text, "1", "p"), (text, "2", "q")]))
        outcome = cli("fit", "data.csv", "--numeric", "f")
        assert outcome.code == 0, f"{text}: {outcome.stderr}"
        mean = load(str(tmp_path / "model.npz")).encoder.numeric[0].mean
        assert math.isclose(mean, float(text), rel_tol=1e-15, abs_tol=0), text


@pytest.mark.parametrize("delimiter", [chr(i) for i in range(32, 127) if chr(i) not in "\"'"] + ["\t", "'", "\x01"])
def test_any_delimiter_reads_or_is_refused(delimiter, cli, tmp_path):
    (tmp_path / "data.csv").write_bytes(
        quoted_csv(["F!", "X!", "Y!"], [("~u", "~w", "~p"), ("~v", "~u", "~q")], delimiter)
    )
    assert cli("fit", "data.csv", "--delimiter", delimiter, "-q").code in {0, 2, 3}


# ---- predict ----

TRAINING = table("a,b,y", "1,u,p", "2,v,q", "3,u,p", "4,v,q", "2.5,w,r")
HEAD = "prediction"


@pytest.fixture
def model(cli, tmp_path):
    (tmp_path / "train.csv").write_bytes(TRAINING)
    cli("fit", "train.csv", "-q")
    return tmp_path


def predict(cli, folder, data, *options):
    (folder / "new.csv").write_bytes(data)
    return cli("predict", "new.csv", *options)


def lines(outcome):
    text = outcome.stdout.decode()
    assert not text or text.endswith("\n")
    return text.split("\n")[:-1]


PREDICTIONS = [
    ("the target there", TRAINING, (), 0, "", 5),
    ("the target not there", table("a,b", "1,u"), (), 0, "", 1),
    ("another order", table("b,y,a", "u,?,1"), (), 0, "", 1),
    ("other columns", table("z,a,b,note", "9,1,u,hello"), (), 0, "z, note", 1),
    ("other columns of anything", table("z,a,b", "inf,1,u", ",2,v", "1_000,3,w"), (), 0, "z", 3),
    ("an empty label", table("a,b,y", "1,u,"), (), 0, "", 1),
    ("missing cells", table("a,b", "1,u", ",", "NA,NA"), (), 0, "", 3),
    ("a column not there", table("a,y", "1,p"), (), 4, '"b"', None),
    ("a column of another case", table("A,b", "1,u"), (), 4, '"a"', None),
    ("every column another", table("h,i", "1,u"), (), 4, '"a"', None),
    ("an unseen level", table("a,b", "1,new", "2,u", "3,new"), (), 0, "2 cells", 3),
    ("an unseen level refused", table("a,b", "1,u", "2,new"), ("--on-unknown", "error"), 3, "new.csv:3: ", None),
    ("a missing level that training did not have", table("a,b", "1,"), (), 0, "1 cell", 1),
    ("no rows", b"a,b\n", (), 0, "", 0),
    ("no rows, no line end", b"a,b", (), 0, "", 0),
    ("an empty file", b"", (), 3, "empty", None),
    ("a word for a number", table("a,b", "1,u", "x,v"), (), 3, "new.csv:3: ", None),
    ("inf for a number", table("a,b", "1,u", "inf,v"), (), 3, "new.csv:3: ", None),
    ("a decimal comma", table("a,b", "1,u", '"1,5",v'), (), 3, "new.csv:3: ", None),
    ("numbers for words", table("a,b", "1,7"), (), 0, "1 cell", 1),
    ("a boolean for a number", table("a,b", "True,u", "False,v"), (), 3, "new.csv:2: ", None),
    ("a short row", table("a,b", "1,u", "2"), (), 3, "new.csv:3: ", None),
    ("a short row behind a CR", b"a,b\n1,u\r2\n3,v\n", (), 3, "new.csv:3: ", None),
    ("a CR in quotes and a blank line", b'a,b\n1,"u\r2"\n\n3,v\n', (), 0, "1 cell", 2),
    ("a doubled name", table("a,a,b", "1,2,u"), (), 3, "new.csv:1: ", None),
    ("a NUL", table("a,b", "1,u", "2,v\0"), (), 3, "new.csv:3: ", None),
    ("latin-1", b"a,b\n1,u\n2,\xe9\n", (), 3, "new.csv:3: ", None),
    ("--top 0", TRAINING, ("--top", "0"), 2, "--top", None),
    ("--top nan", TRAINING, ("--top", "nan"), 2, "--top", None),
    ("--keep of nothing known", TRAINING, ("--keep", "z"), 2, '"z"', None),
    ("--keep of a name that is taken", table("a,b,prediction", "1,u,p"), ("--keep", "all"), 2, "prediction", None),
    ("--keep of the name of a probability", table("a,b,p(p)", "1,u,3"), ("--keep", "all", "--proba"), 2, "p(p)", None),
    ("an unknown format", TRAINING, ("--format", "xml"), 2, "xml", None),
    ("an output in no folder", TRAINING, ("-o", "no/such.csv"), 2, "no/such", None),
    ("an output", TRAINING, ("-o", "out.csv"), 0, "", 0),
    ("an output on a full disk", TRAINING, ("-o", "/dev/full"), 6, "", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "options", "code", "says", "rows"), [pytest.param(*c[1:], id=c[0]) for c in PREDICTIONS]
)
def test_predict(data, options, code, says, rows, cli, model):
    outcome = predict(cli, model, data, *options)
    assert outcome.code == code, outcome.stderr
    assert says in outcome.stderr
    if rows is not None and "-o" not in options:
        assert lines(outcome)[0] == HEAD
        assert len(lines(outcome)) == 1 + rows
    if code in {2, 4}:
        assert outcome.stdout == b""


def test_predict_needs_no_order_of_columns(cli, model):
    straight = predict(cli, model, table("a,b", "1,u", "2,v", "9,w"), "--proba")
    turned = predict(cli, model, table("b,z,a", "u,0,1", "v,,2", "w,0,9"), "--proba")
    assert straight.stdout == turned.stdout


@pytest.mark.parametrize("number", ["1e308", "-1e308", "1e200", "1e-320", "0"])
@pytest.mark.parametrize("fitted", ["1", "1e-300", "1e150", "1e-310"])
def test_predictions_are_finite_for_any_number(number, fitted, cli, tmp_path):
    (tmp_path / "train.csv").write_bytes(table("a,y", *(f"{k}{fitted[1:]},{'pqr'[k % 3]}" for k in range(1, 9))))
    fitted_code = cli("fit", "train.csv", "-q").code
    assert fitted_code in {0, 3}
    for command in ("predict", "evaluate", "explain") if fitted_code == 0 else ():
        data = table("a,y", f"{number},p", f"-{number.removeprefix('-')},q", f"{number},r")
        options = ["--proba"] if command == "predict" else ["--json"]
        (tmp_path / "new.csv").write_bytes(data)
        outcome = cli(command, "new.csv", *options)
        assert outcome.code in {0, 3}, outcome.stderr
        if command == "predict" and outcome.code == 0:
            for row in csv.reader(lines(outcome)[1:]):
                chances = [float(cell) for cell in row[1:]]
                assert math.isclose(sum(chances), 1, rel_tol=1e-12), row


@pytest.mark.parametrize("fitted", ["1", "1e-300", "1e150", "1e-310", "1.1e308"])
def test_weights_are_shown_finite(fitted, cli, tmp_path):
    scale = fitted[fitted.find("e") :] if "e" in fitted else ""
    data = table("a,y", *(f"{k / 8}{scale},{'pqr'[k % 3]}" for k in range(-8, 9)))
    (tmp_path / "train.csv").write_bytes(data)
    assert cli("fit", "train.csv", "-q").code in {0, 3}
    if (tmp_path / "model.npz").exists():
        assert cli("show", "--json").code == 0


BAD_LATE = {
    "a word": (b"x,u", 3),
    "a short row": (b"1", 3),
    "a long row": (b"1,u,v", 3),
    "a NUL": (b"1,\0", 3),
    "latin-1": (b"1,\xe9", 3),
    "an open quote": (b'1,"u', 3),
}


@pytest.mark.parametrize("at", [3, 4_990, pytest.param(250_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", BAD_LATE)
def test_every_row_before_a_bad_one_is_written_whole(kind, at, cli, model):
    rows = "a,b\n" + "".join(f"{i % 5},{'uvw'[i % 3]}\n" for i in range(at + 100))
    good = predict(cli, model, rows.encode(), "--keep", "all")
    bad, code = BAD_LATE[kind]
    outcome = predict(cli, model, replaced(rows.encode(), at, bad), "--keep", "all")
    assert outcome.code == code
    assert f"new.csv:{at}: " in outcome.stderr
    assert good.stdout.startswith(outcome.stdout)
    assert outcome.stdout.endswith(b"\n")
    assert outcome.stdout.count(b"\n") == at - 1, "rows before the bad one are not there"


@pytest.mark.parametrize("end", [b"\r\n", b"\r"])
@pytest.mark.parametrize("quote", ["", '"'])
def test_every_row_before_a_bad_one_is_written_whole_whatever_ends_the_lines(end, quote, cli, model):
    rows = f"a,b\n1,{quote}u{quote}\n2,v\n".encode().replace(b"\n", end)
    outcome = predict(cli, model, rows + b"x,u" + end)
    assert (outcome.code, outcome.stdout.count(b"\n")) == (3, 3)
    assert "new.csv:4: " in outcome.stderr


KEPT = (
    'note;"a";b;"more ""things"""\n'
    'plain;1;u;x\n"quoted; with";2;"v";"say ""hi"""\n6" nail;"3";u;\n"two\nlines";4;v;a"b\n ;5; ;"\r"\n;;;\n'
)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_keep_all_carries_cells_byte_for_byte(end, cli, model):
    data = KEPT.replace("\r", "!").replace("\n", end)
    outcome = predict(cli, model, data.encode(), "--keep", "all", "--top", "2")
    assert outcome.code == 0, outcome.stderr
    found = next_lines = outcome.stdout.decode()
    assert next_lines.startswith('note;a;b;"more ""things""";prediction;top1;p1;top2;p2\n')
    inputs = list(csv.reader(io.StringIO(data, newline=""), delimiter=";"))
    outputs = list(csv.reader(io.StringIO(found, newline=""), delimiter=";"))
    assert [row[:4] for row in outputs] == inputs
    for cells in (
        "plain;1;u;x;",
        '"quoted; with";2;"v";"say ""hi""";',
        '6" nail;"3";u;;',
        f'"two{end}lines";4;v;a"b;',
    ):
        assert cells in found


def test_keep_some_columns_in_the_order_asked_for(cli, model):
    outcome = predict(cli, model, table("id,a,b", '"7, x",1,u', "8,2,v"), "--keep", "b,id")
    assert lines(outcome)[:2] == ["b,id,prediction", 'u,"7, x",p']


def test_jsonl_of_anything_parses(cli, model):
    data = KEPT.replace("\r", "\x0b")
    outcome = predict(cli, model, data.encode(), "--keep", "all", "--format", "jsonl", "--proba", "--top", "9")
    found = [json.loads(line) for line in outcome.stdout.decode().split("\n")[:-1]]
    inputs = list(csv.reader(io.StringIO(data, newline=""), delimiter=";"))
    assert [list(row.values())[:4] for row in found] == inputs[1:]
    assert set(found[0]) >= {"note", "prediction", "p(p)", "top1", "p3"}


def test_top_is_in_the_order_of_probability(cli, model):
    (row,) = csv.DictReader(lines(predict(cli, model, table("a,b", "1,u"), "--top", "3", "--proba")))
    assert float(row["p1"]) >= float(row["p2"]) >= float(row["p3"])
    assert [row[f"p({row[f'top{k}']})"] for k in (1, 2, 3)] == [row["p1"], row["p2"], row["p3"]]
    assert row["prediction"] == row["top1"]


def test_predict_reads_as_fit_did(cli, tmp_path):
    (tmp_path / "train.csv").write_bytes(table(*["1,5;u;p", "9,5;v;q", "?;u;p"] * 9, end="\r\n"))
    options = ["--no-header", "--decimal", ",", "--na-values", "?", "--delimiter", ";"]
    assert cli("fit", "train.csv", *options, "-q").code == 0
    assert lines(predict(cli, tmp_path, table("1,5;u", "9,5;v")))[1:] == ["p", "q"]
    assert predict(cli, tmp_path, table("1.5;u")).code == 3


def test_predict_ignores_what_fit_ignored(cli, tmp_path):
    rows = [(str(i), f"id{i}", "1", str(i % 3), "pq"[i % 3 > 1]) for i in range(40)]
    (tmp_path / "train.csv").write_bytes(quoted_csv(["", "id", "one", "x", "y"], rows))
    assert cli("fit", "train.csv", "-q").code == 0
    outcome = predict(cli, tmp_path, table("x", "0", "2"))
    assert lines(outcome) == ["prediction", "p", "q"]
    assert outcome.stderr == ""
    assert predict(cli, tmp_path, table(",id,one,x", "x,9,inf,0")).stderr == ""


# ---- evaluate, explain, show ----

EVALUATIONS = [
    ("its own rows", TRAINING, 0, ""),
    ("an unknown label", table("a,b,y", "1,u,p", "2,v,z"), 3, 'new.csv:3: column "y": the model has no class "z"'),
    ("an empty label", table("a,b,y", "1,u,p", "2,v,"), 3, "new.csv:3: "),
    ("a label with a blank", table("a,b,y", "1,u,p "), 3, "new.csv:2: "),
    ("no labels", table("a,b", "1,u"), 4, '"y"'),
    ("no rows", b"a,b,y\n", 3, "no rows"),
    ("an empty file", b"", 3, "empty"),
    ("one class only", table("a,b,y", "1,u,p", "2,u,p"), 0, ""),
    ("one row", table("a,b,y", "1,u,p"), 0, ""),
    ("an unseen level", table("a,b,y", "1,new,p"), 0, "1 cell"),
    ("a bad cell", table("a,b,y", "1,u,p", "x,u,p"), 3, "new.csv:3: "),
    ("a file that is not there", None, 2, "new.csv"),
]  # fmt: skip


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
@pytest.mark.parametrize(("data", "code", "says"), [pytest.param(*case[1:], id=case[0]) for case in EVALUATIONS])
def test_evaluate(data, code, says, form, cli, model):
    if data is not None:
        (model / "new.csv").write_bytes(data)
    outcome = cli("evaluate", "new.csv", *form)
    assert outcome.code == code, outcome.stderr
    assert says in outcome.stderr


def test_weights_of_nothing_cannot_be_evaluated(cli, tmp_path):
    (tmp_path / "data.csv").write_bytes(WEIGHTED)
    cli("fit", "data.csv", "--weight", "w", "-q")
    for cells, code in (("0,0", 3), ("-1,1", 3), (",1", 3), ("1e308,1e308", 3), ("1e-320,1e-320", 0)):
        first, second = cells.split(",")
        (tmp_path / "new.csv").write_bytes(table("a,w,y", f"1,{first},p", f"2,{second},q"))
        outcome = cli("evaluate", "new.csv", "--json")
        assert outcome.code == code, f"{cells}: {outcome.stderr}"


@pytest.mark.parametrize("row", ["0", "-1", "6", "1000000000000000000000000000000", "x", "nan"])
def test_explain_of_a_row_that_is_not_there(row, cli, model):
    assert cli("explain", "train.csv", "--row", row).code == 2


def test_nothing_raw_in_reports(cli, tmp_path):
    """Escapes, markup and emoji codes in labels, levels and names: shown as they are or escaped, never obeyed."""
    rows = [(level, str(i), label) for i, (level, label) in enumerate([(ESC, "p"), ("u", ESC), (ESC, ESC + "2")] * 3)]
    (tmp_path / "data.csv").write_bytes(quoted_csv([ESC, "x", "y" + ESC], rows))
    commands = (
        ["fit", "data.csv"],
        ["show"],
        ["evaluate", "data.csv"],
        ["explain", "data.csv", "--row", "2"],
        ["gradcheck", "data.csv"],
    )
    for words in commands:
        outcome = cli(*words)
        assert outcome.code == 0, outcome.stderr
        shown = outcome.stdout.decode() + outcome.stderr
        assert not {"\x1b", "\x07", "\x9b", "\x7f", "\u202e", "\u2066"} & set(shown)


def test_markup_is_shown_as_it_is(cli, tmp_path):
    for text in ("[bold]x", "[/nope]", ":smile:", "[class]", "\\[x]", "%s{0}"):
        data = quoted_csv([text, "x", "y"], [(text, "1", text), ("u", "2", "q"), ("v", "3", text)])
        (tmp_path / "data.csv").write_bytes(data)
        for words in (["fit", "data.csv", "-q"], ["show"], ["evaluate", "data.csv"], ["explain", "data.csv"]):
            outcome = cli(*words)
            assert outcome.code == 0, outcome.stderr
            assert text in outcome.stdout.decode() or words[0] == "fit"


def test_reports_of_a_huge_label_are_short(cli, tmp_path):
    (tmp_path / "data.csv").write_bytes(labels(["p", "[" * 100_000, "漢" * 30_000] * 3))
    for words in (["fit", "data.csv"], ["show"], ["evaluate", "data.csv"], ["explain", "data.csv"]):
        outcome = cli(*words)
        assert outcome.code == 0, outcome.stderr
        assert len(outcome.stdout) < 20_000


@pytest.mark.parametrize("words", [("fit",), ("nothing",), ("--nothing",), ("fit", "--nothing"), ("fit", "--l2")])
def test_usage_errors_are_one_line(words, cli):
    outcome = cli(*words)
    assert outcome.code == 2
    assert len(outcome.stderr.split("\n")) <= 3
