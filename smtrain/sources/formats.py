"""Streams that are no CSV text, told by their first bytes, and what helps."""

import re

# So many bytes tell them.
START = 1 << 10
TEXT_HINT = "convert it to CSV first"
PARQUET_HINT = "Parquet is read from its end: give the name of the file itself, no pipe, and not compressed once more"
MAGIC = {
    b"PAR1": ("a Parquet file", PARQUET_HINT),
    b"PARE": ("a Parquet file", PARQUET_HINT),
    b"ARROW1": ("an Arrow file", TEXT_HINT),
    b"FEA1": ("a Feather file", TEXT_HINT),
    b"\x28\xb5\x2f\xfd": ("compressed by zstd", "decompress it into a pipe: zstdcat FILE | smtrain … -"),
    b"\x04\x22\x4d\x18": ("compressed by LZ4", "decompress it into a pipe: lz4cat FILE | smtrain … -"),
    b"7z\xbc\xaf\x27\x1c": ("a 7z archive", "unpack it first"),
    b"Rar!\x1a\x07": ("a RAR archive", "unpack it first"),
    b"\xff\xfe": ("UTF-16 text", "convert it first: iconv -f UTF-16 -t UTF-8"),
    b"\xfe\xff": ("UTF-16 text", "convert it first: iconv -f UTF-16 -t UTF-8"),
    b"\xd0\xcf\x11\xe0": ("an Excel workbook", "save it as CSV first"),
    b"\x93NUMPY": ("a NumPy array", "write it with numpy.savetxt, and a header"),
    b"\x80\x04\x95": ("a Python pickle", "load it with pandas and write it with to_csv"),
    b"\x80\x05\x95": ("a Python pickle", "load it with pandas and write it with to_csv"),
    b"SQLite format 3\0": ("an SQLite database", "write a table: sqlite3 -csv -header FILE 'select * from …'"),
    b"\x89HDF\r\n\x1a\n": ("an HDF5 file", TEXT_HINT),
    b"RDX": ("an R data file", "write it in R: write.csv(…, row.names = FALSE)"),
    b"$FL2@(#)": ("an SPSS file", TEXT_HINT),
    b"<stata_dta>": ("a Stata file", TEXT_HINT),
    b"%PDF-": ("a PDF", "save the table as CSV"),
    b"{\\rtf": ("formatted text (RTF)", "save it as plain text"),
}
# With these a header may begin, too: then no byte is binary.
PARQUET = (b"PAR1", b"PARE")
LETTERS = frozenset({*PARQUET, b"ARROW1", b"FEA1", b"RDX"})
BINARY = re.compile(rb"[\x00-\x08\x0e-\x1f\x80-\xff]")
# What a tar archive has at this place of its first header.
TAR_MAGIC, TAR_PLACE = b"ustar", 257
# The first member of a zip archive.
MEMBERS = (
    (re.compile(rb".*\.npy"), ("a model or another NumPy archive", "a model is given with -m; data are CSV text")),
    (re.compile(rb"\[Content_Types\]\.xml|(?:xl|_rels|docProps)/.*"), ("an Excel workbook", "save it as CSV first")),
    (re.compile(rb"mimetype"), ("an OpenDocument file", "save it as CSV first")),
)
JSON_HINT = "convert it: python -c 'import pandas, sys; pandas.read_json(sys.stdin{}).to_csv(sys.stdout, index=False)'"
TEXTS = (
    (
        re.compile(rb"[-+.\d]+(?: +\d+:[-+.\deE]+)+ *\r?\n"),
        ("LIBSVM text", "write a table with a header: sklearn.datasets.load_svmlight_file reads it"),
    ),
    (re.compile(rb"\s*<(?:!doctype|html)\b", re.IGNORECASE), ("a web page", "download the file itself, not its page")),
    (re.compile(rb"\s*<\?xml\b"), ("XML", TEXT_HINT)),
    (re.compile(rb'\s*\{\s*"(?:[^"\\]|\\.)*"\s*:'), ("JSON lines", JSON_HINT.format(", lines=True"))),
    (re.compile(rb"\s*\{\s*\}|\s*\[\s*[\[{]|\s*[\[{]\s*[\r\n]"), ("JSON", JSON_HINT.format(""))),
    (
        # Possessive: many blank lines would be tried in every combination.
        re.compile(rb"(?:\s*+%[^\n]*+\n)*+\s*+@relation\b", re.IGNORECASE),
        ("an ARFF file", "keep the lines below @data, with a line of the names above them"),
    ),
)


def begins_as_parquet(start: bytes) -> bool:
    """Whether a file that begins so is Parquet: a header of CSV may begin with its four letters."""
    return start.startswith(PARQUET) and BINARY.search(start) is not None


def format_of(start: bytes) -> tuple[str, str] | None:
    """What a file is that begins so, if it is not text of a table, and a hint."""
    for magic, sort in MAGIC.items():
        if start.startswith(magic) and (magic not in LETTERS or BINARY.search(start)):
            return sort
    if start.startswith(b"PK\x03\x04"):
        return _archive(start)
    if start.startswith(TAR_MAGIC, TAR_PLACE):
        return "a tar archive", "unpack it first: tar -xf FILE"
    text = start.removeprefix(b"\xef\xbb\xbf")
    return next((sort for pattern, sort in TEXTS if pattern.match(text)), None)


def _archive(start: bytes) -> tuple[str, str]:
    """What a zip archive is, by the name of its first member, whose length is in the bytes 26 and 27."""
    name = start[30 : 30 + int.from_bytes(start[26:28], "little")]
    return next((sort for pattern, sort in MEMBERS if pattern.fullmatch(name)), ("a zip archive", "unzip it first"))
