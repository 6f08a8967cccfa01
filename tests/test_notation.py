"""Columns of quantities that are not written as plain numbers, and columns of words with digits in them."""

import pandas as pd
import pytest

import smtrain as sm
from smtrain.sources.quantities import Sort, sort_of

QUANTITIES = {
    "kgs": ["70kgs", "65 KG", "80 Kg"],
    "kmpl": ["23.4 kmpl", "21.1 kmpl", "19.0 km/kg"],
    "compound": ["1h 30m", "2h 15m"],
    "feet and inches": ["6 ft 2 in", "5 ft 11 in"],
    "tons": ["1.5 Tons", "2 Ton"],
    "crores": ["1.2 Cr", "3 Cr"],
    "kg": ["1.5 kg", "2 kg", "3.25 kg"],
    "mm": ["12mm", "15mm"],
    "ind": ["1,10,201", "2,30,100", "50,000"],
    "swiss": ["1'201.50", "987.20'", "2'300.00"],
    "lt": ["<1.5", "<2.5", "<0.5"],
    "excel": ['="1"', '="2"', '="3.5"'],
    "fort": ["1.5D+03", "2.25D-01", "1D+02"],
    "minus": ["\u22125", "\u22127.5"],
    "zw": ["\u200b1.5", "2.5\ufeff"],
    "nbsp": ["\u00a01", "2\u00a0"],
    "eur": ["€5", "€ 7,50"],
    "eur2": ["5€", "7 EUR"],
    "usd": ["USD 5", "USD 7.25"],
    "rs": ["Rs 500", "Rs. 1,200"],
    "kr": ["500 kr", "kr 500"],
    "pct": ["5%", "7 %", "12.5 %"],
    "pct2": ["5 percent", "7 pct"],
    "ord": ["1×10^3", "2×10⁻³"],
    "x10": ["1.5x10^3", "2*10^-4"],
    "pm": ["1.5±0.2", "2±0.1"],
    "temp": ["20°C", "-5 °C"],
    "feet": ["5'11\"", "6'2\"", "5'"],
    "mw": ["5 mg/dL", "7.2 mg/dL"],
    "size": ["19M", "8.7M", "14M", "500k"],
    "l": ["1.5l", "2l"],
    "plus": ["10,000+", "500,000+", "1,000,000+"],
    "chf": ["5.-", "12.-"],
    "chf2": ["5,-", "12,50"],
    "trail": ["5.00-", "7.50-"],
    "emp": ["10 years", "2 years", "< 1 year"],
    "term": ["36 months", "60 months"],
    "arab": ["١٫٥", "٢"],
    "full": ["１２", "１５"],
    "q": ["'1.5'", "'2.5'"],
    "acc": ["(1,234.50)", "(5.00)"],
    "mid": ["1·5", "2·25"],
    "dec": ["1,5", "2,5"],
    "th": ["1 000", "2 500", "12 000"],
    "mixed": ["1 000", "250 000", "12 500"],
    "bn": ["$1.5B", "$200M"],
    "bn2": ["1.5 million", "2 million"],
    "lt2": ["<0.01", "0,5", "1,2"],
    "shy": ["1\u00ad5", "2\u00ad5"],
    "gb": ["16GB", "32GB"],
    "approx": ["~5", "~7"],
    "ge": ["≥5", "≥7"],
    "amp": ["&lt;5", "&lt;7"],
    "ruble": ["5 руб.", "7 руб"],
    "zl": ["5 zł"],
    "yen": ["5円"],
    "perc": ["%5", "%7"],
    "usmin": ["-$5", "$-5"],
    "A$": ["A$5", "US$7"],
    "inr": ["₹5"],
    "deg": ["45°", "30°"],
    "min": ["5 min", "7 min"],
    "h": ["1.5h", "2h"],
    "sqft": ["500 sq ft", "700 sq ft"],
    "m2": ["50 m2", "70 m²"],
    "arab%": ["٥٪"],
    "1e3": ["−1.5E+03", "−2E3"],
    "und": ["1_000", "2_500"],
    "eq": ["=1.5", "=2.5"],
    "cm3": ["5 cm3", "7.5 cm³"],
    "tick": ["5`000", "6´000"],
    "inf": ["inf", "-inf", "Infinity"],
}

WORDS = {
    "m2": ["m2", "m3", "m10"],
    "T": ["T4", "T1"],
    "rd": ["1st", "2nd", "3rd"],
    "fl": ["2nd floor", "3rd floor"],
    "date": ["2020-01-05", "2020-02-07"],
    "date2": ["05.01.2020", "06.01.2020"],
    "d3": ["1/2/2020", "1.5.20"],
    "d4": ["5 Jan", "6 Jan"],
    "ver": ["1.2.3", "1.10.0"],
    "v": ["v1.2", "v2.0"],
    "icd": ["E11.9", "I10", "Z00.0"],
    "post": ["SW1A 1AA", "EC1A 1BB"],
    "post2": ["1234 AB", "5678 CD"],
    "zip4": ["90210-1234", "10001-0001"],
    "pin": ["110 001", "560 034"],
    "cz": ["123 45", "110 00"],
    "G": ["3G", "4G", "5G"],
    "K": ["4K", "8K"],
    "p": ["720p", "1080p"],
    "dec": ["20s", "30s", "40s"],
    "bins": ["18-25", "26-35"],
    "b2": ["<18", "18-65", ">65"],
    "b3": ["<1.5", ">=1.5"],
    "sal": ["<=50K", ">50K"],
    "65+": ["0-17", "18-64", "65+"],
    "seat": ["1A", "2B", "3C"],
    "am": ["10am", "5pm"],
    "am2": ["10 am", "5 pm"],
    "bed": ["2 bedrooms", "3 bedrooms"],
    "cyl": ["4 cyl", "6 cyl"],
    "h1n1": ["H1N1", "H5N1"],
    "age": ["7+", "12+", "18+"],
    "247": ["24/7", "9/5"],
    "bp": ["120/80", "130/85"],
    "ratio": ["1:10", "1:20"],
    "rs": ["RS232", "RS485"],
    "fr": ["FR12", "DE34"],
    "phone": ["030 123 456", "040 222 333"],
    "phone2": ["555-1234", "555-9876"],
    "2d": ["2D", "3D"],
    "4x4": ["4x4", "4x2"],
    "tdi": ["1.6 TDI", "2.0 TFSI"],
    "2.0T": ["2.0T", "1.8T"],
    "q": ["Q1 2020", "Q2 2020"],
    "1q": ["1Q20", "2Q20"],
    "time": ["12:30", "13:45"],
    "ip": ["192.168.1.1", "10.0.0.1"],
    "hex": ["0x1A", "0xFF"],
    "grade": ["A1", "B2"],
    "no": ["No. 5", "No. 7"],
    "race": ["100 m", "200 m", "400 m"],
    "pack": ["5x2", "6x3"],
    "iso": ["ISO 9001"],
    "us": ["US1", "US2"],
    "cad": ["CAD-1"],
    "num": ["#5", "#7"],
    "gene": ["BRCA1", "TP53"],
    "chem": ["H2O", "CO2"],
    "1a": ["1a", "1b"],
    "star": ["5*", "4*"],
    "hs": ["HS-grad", "11th", "9th", "7th-8th"],
    "bit": ["32-bit", "64-bit"],
    "cross": ["1-2", "2-3"],
    "id": ["2019_1", "2019_2"],
    "isbn": ["978-3-16", "978-0-12"],
    "road": ["A1", "M25"],
    "k9": ["K9", "K2"],
    "floor": ["5 floor", "6 floor"],
    "M": ["M", "F"],
    "inf": ["inf", "sup"],
    "f": ["fox", "wolf"],
    "d": ["1D5", "2D7"],
    "class": ["1 A", "2 B"],
    "S": ["S$"],
    "wk": ["W12", "W13"],
    "1/2": ["1/2", "3/4"],
    "roman": ["II", "IV"],
    "cas": ["50-00-0", "64-17-5"],
    "ndc": ["12345-678-90"],
    "lat": ["N47", "E8"],
    "tw": ["12 Main St", "5 Oak Ave"],
}


@pytest.fixture
def table(tmp_path):
    """A file with these cells, each four times: in a DataFrame texts are words, whatever they look like."""

    def written(cells):
        n = 4 * len(cells)
        frame = pd.DataFrame({"f": cells * 4, "x": range(n), "y": ["p", "q"] * (n // 2)})
        frame.to_csv(tmp_path / "t.csv", index=False)
        return str(tmp_path / "t.csv")

    return written


def errors(path):
    return [f for f in sm.doctor(path).findings if f.severity is sm.Severity.ERROR]


@pytest.mark.parametrize("cells", QUANTITIES.values(), ids=QUANTITIES)
def test_a_column_of_quantities_is_refused(cells, table):
    with pytest.raises(sm.DataError) as failure:
        sm.fit(table(cells))
    assert failure.value.column == "f"
    assert "numbers in another notation" in str(failure.value)
    assert 'categorical="f"' in failure.value.hint
    sm.fit(table(cells), categorical=("f",))


@pytest.mark.parametrize("cells", QUANTITIES.values(), ids=QUANTITIES)
def test_doctor_has_the_same_error(cells, table):
    (finding,) = errors(table(cells))
    assert (finding.kind, finding.column, finding.line) == ("notation", "f", 2)
    assert 'categorical="f"' in finding.hint


@pytest.mark.parametrize("cells", WORDS.values(), ids=WORDS)
def test_words_with_digits_are_words(cells, table):
    assert "f" in [
        column.name for column in sm.fit(table(cells if len(cells) > 1 else [*cells, "other"])).encoder.categorical
    ]
    assert not errors(table(cells))


def test_a_few_words_among_quantities_hide_nothing(table):
    with pytest.raises(sm.DataError, match="notation") as failure:
        sm.fit(table(["unknown", "1.5 kg", "2 kg", "3 kg"]))
    assert failure.value.line == 3
    assert '"1.5 kg"' in str(failure.value)


def test_words_for_missing_cells_do_not_count(table):
    with pytest.raises(sm.DataError, match="notation"):
        sm.fit(table(["12%", "15%", "?", "unknown", "n.a."]))


def test_a_few_quantities_among_words_are_words(table):
    sm.fit(table(["12 mm", "rope", "wire", "chain"]))


def test_what_may_be_a_quantity_is_a_note(table):
    for cells in (["100 m", "200 m", "400 m"], ["2 bedrooms", "3 bedrooms"], ["120/80", "130/85", "110/70"]):
        (finding,) = [f for f in sm.doctor(table(cells)).findings if f.kind == "perhaps numbers"]
        assert (finding.severity, finding.column, finding.line) == (sm.Severity.NOTE, "f", 2)
    assert not [f for f in sm.doctor(table(["1st", "2nd", "3rd"])).findings if f.kind == "perhaps numbers"]


def test_decimal_points_where_commas_were_asked_for(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("f;y\n1.5;p\n2.5;q\n3.5;p\n")
    with pytest.raises(sm.DataError) as failure:
        sm.fit(str(path), dialect=sm.Dialect(decimal=","))
    assert failure.value.line == 2
    assert failure.value.hint.startswith('leave out decimal=","')


@pytest.mark.parametrize(
    "text", ["", "a", "1" * 100 + "kg", "٣" * 70 + "%", "kg", "%", "$", "'", "1.2.3.4.5.6.7.8.9" * 3]
)
def test_any_text_has_a_sort_or_none(text):
    assert sort_of(text) is None


def test_sorts():
    assert sort_of("12mm") == (Sort.SURE, "")
    assert sort_of("<5")[0] is Sort.BOUND
    assert sort_of("5m")[0] is Sort.LETTER
    assert sort_of("110 001")[0] is Sort.BLOCKS
    assert sort_of("4 doors") == (Sort.COUNT, "doors")
