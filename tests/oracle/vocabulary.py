"""What cells are made of: names, numbers, words and labels, the usual ones and the odd."""


def split(texts: str) -> list[str]:
    return texts.split()


NAMES = split("a b size colour x1 x2 Größe kind y label weight_kg f temp height p q Index date n 名前")
NAMES += ["town name"]
ODD_NAMES = split("a,b x;y é NA 12 None 1.5 x=y [red] c1 'single' - NaN")
ODD_NAMES += ["\ufeffa", "e\u0301", "\u200b", "two\nlines", 'the "best"', '6" nail', " padded ", "tab\there"]
ODD_NAMES += ["\xa0", "a" * 200, "\x0cform"]

MISSING = split("NA N/A #N/A NaN nan null NULL None")
MISSING += [""]
NA_VALUES = split("? -999 00 0 - missing 1e3 0.0 -999.00 x red +7 1.50 n/a . 1_000 1,5 inf -- 1e400 -0")
NA_VALUES += [" ?", "? ", "\xa0"]
OTHER_SPELLINGS = {
    "-999": ["-999.0", "-999.00", "-9.99e2", " -999", "-0999", "-999."],
    "-999.00": ["-999", "-999.0"],
    "00": ["0", "0.0", "-0", "00 ", "000"],
    "0": ["0.0", "00", "-0", ".0", "0e5"],
    "0.0": ["0", "0.", "+0"],
    "1e3": ["1000", "1000.0", "1E3", "1e+03", "1_000"],
    "+7": ["7", "7.0", "07"],
    "1.50": ["1.5", "1,5", "1.500"],
    "?": ["?", " ?", "? ", " ? ", "??"],
    "1,5": ["1.5", "1,50"],
    "-0": ["0", "-0.0"],
}

# Cells that are numbers to some readers and words to others, and words that are missing to some.
WRONG_CELLS = split("? x 1,5 1.5.2 -- 1e e5 inf -inf Infinity 0x1A 1_000 12% $5 true True na Nan N.A. none + - . 1d5")
WRONG_CELLS += split("1f 1L 0b1 5- .e5 1e5.5 1e+ ++1 +-1 1e- 1.. 1ee5 nan(1) -nan +nan NAN #NA <NA> 1e5e 7 -7.5")
WRONG_CELLS += ["٣", "１", "−5", "1 000", "1\xa0000", "\x0c1", "1\x0c", "1\u200b", "\ufeff1", "1\n", "\n1"]
WRONG_CELLS += ["1\r", "1\x0b", "1\x85", "1 2"]
TOO_LARGE = split("1e400 -1e153 1e152 1.0000000000000002e152 1e308 1e309 1e-400 0e999999999 1e99999999999999999999")
TOO_LARGE += split("1e-99999999999999999999")
TOO_LARGE += ["1" * 400, "-1" + "0" * 160 + ".5", "9" * 152, "0." + "0" * 400 + "1e600"]
EXTREMES = split("5e-324 2.4e-324 2.5e-324 1e-400 1e151 -1e152 9.999e151 1e-50 0e400 0.1 1e22 1e23 8.5e22 +.0 -0")
EXTREMES += split(".5 5. 9007199254740993 18446744073709551616 -9223372036854775808 2.2250738585072011e-308")
EXTREMES += split("1.797693134862e100 0.30000000000000004 6.9294956446009195e15 3.7455744005952583e15")
EXTREMES += split("1.00000000000000011102230246251565")
EXTREMES += ["0." + "0" * 320 + "1", "1" + "0" * 100, "0" * 300 + "7"]

# Written as they stand, without further quotes.
WRONG_QUOTES = split("'a'")
WRONG_QUOTES += ['"open', '"a"b', '"a""b"', '""', '""a', '"', '"""', '""""', 'a"b', 'a""', '"a"""', '"a,b"']
WRONG_QUOTES += ['6"', ' "a"', '\t"a"', '"a" ', ' "', '"a"\t', '"two\nlines', '"two\nlines"x', '"a\r\nb"']
WRONG_QUOTES += ['"a\rb"', '6" nail', ' a "b"', '\xa0"a"', '"a"\x0c']

ODD_WORDS = split("a,b u it's 'q' na Null NONE n/a N.A. 日本 é ; [bold] =1+1 - ? | # NaN1 <NA> null. %s {} $x")
ODD_WORDS += ['6"', '"', '""', "\u200bu", "\ufeffu", "e\u0301", "😀", "\\", "\\n", "a\\", "\x7f", "\ufeffNA"]
ODD_WORDS += ["\x02", "\u200b", "\x1b[31m", "two\nlines", "two\r\nlines", "cr\rhere", " u", "u ", "\tu"]
ODD_WORDS += ["\xa0u", "\x0cu", "\x0bu", "\u2028", "\x85", 'say "hi"', "# comment", "a\tb", "NA x", "nan nan"]
ODD_WORDS += ["\x0cNA", "\xa0NA", "NA\n", "\x1a", "\x1f", "x" * 300]

ODD_LABELS = split("1 1.0 01 -1 +1 NA nan None null a 8letters nine_char é 日本 a,b 0 -0 10 9 1e3 ? ab it's -5 -12")
ODD_LABELS += split("007 12345678 123456789 18446744073709551616 [x] ÿ")
ODD_LABELS += ["e\u0301", "\ufeffa", "\u200b", '6"', "😀", "\x7f", " a", "a ", "\ta", "9 letters", "two\nlines"]
ODD_LABELS += ["x" * 200, "\xa0", 'say "a"', "\x0c", "a\r", "b\n", "1 ", " 1"]

BYTES = b'",\n\r \t;\0\xff\xef\xbb\xbfa1\x0c.-e'
