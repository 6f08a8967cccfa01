"""Cells, labels and headers that are read as docs/data.md says, each where another way of reading lies near."""

import pytest

import smtrain as sm


@pytest.fixture
def fit(tmp_path):
    """Fit a text."""

    def fit_it(text, *, dialect=None, **options):
        (tmp_path / "t.csv").write_text(text, newline="")
        return sm.fit(str(tmp_path / "t.csv"), dialect=sm.Dialect(**dialect or {}), epochs=1, **options)

    return fit_it


@pytest.mark.parametrize(
    "text",
    [
        'a,y\n" 1",p\n"2",q\n',
        "a,y\n ? ,p\n2,q\n3,q\n",
        "a,y\n1e400,p\n2,q\n3,q\n",
        "a,y\r\n\n1,p\r\n\r\n2,q\n",
        "a,y\n\n1,p\r\r2,q",
        'a,y\n" NA",p\n2,q\r3,q\n',
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_labels_stay_as_they_are_however_the_other_cells_are_written(fit, text, turned):
    if turned:
        lines = text.splitlines(keepends=True)
        cells = [(line.rstrip("\r\n"), line[len(line.rstrip("\r\n")) :]) for line in lines]
        text = "".join(",".join(reversed(line.split(","))) + end for line, end in cells)
    assert fit(text, target="y", dialect={"na_values": ("?", "1e400")}).classes == ("p", "q")


@pytest.mark.parametrize(
    "digits", ["418.60679014238198", "034145989934882002E-20", "0766256387872800286600226150954493962680"]
)
@pytest.mark.parametrize("form", ["{}", "+{}", " +{}", "+{} ", "\t+{}", '" +{} "', "-{} ", " {}"])
def test_a_number_is_the_nearest_of_64_bits_in_every_spelling(fit, digits, form):
    cell = form.format(digits)
    for delimiter in ",;":
        model = fit(f"x{delimiter}y\n{cell}{delimiter}p\n0{delimiter}q\n")
        assert 2 * model.encoder.columns[0].mean == float(cell.strip('"'))
    for delimiter in " \t":
        model = fit(
            f'x{delimiter}y\n"{cell.strip(chr(34))}"{delimiter}p\n0{delimiter}q\n', dialect={"delimiter": delimiter}
        )
        assert 2 * model.encoder.columns[0].mean == float(cell.strip('"'))
    decimal = cell.replace(".", ",")
    assert 2 * fit(f"x;y\n{decimal};p\n0;q\n", dialect={"decimal": ","}).encoder.columns[0].mean == float(
        cell.strip('"')
    )


def test_signed_and_long_whole_numbers_are_in_order_of_their_values(fit):
    order = ["-18446744073709551616", "-10", "-2", "+1", "2", "10", "18446744073709551616", "-", "1 ", "1.0", "a"]
    text = "".join(f"{i % 5},{word},{word}\n" for i, word in enumerate(sorted(order)))
    model = fit("x,z,y\n" + text, categorical=("z",))
    assert list(model.classes) == order
    assert list(model.encoder.categorical[0].levels) == order


@pytest.mark.parametrize(
    ("header", "delimiter"),
    [
        (['6" nail', "price;here", "y"], ","),
        (['a"b', 'c"d;y'], ","),
        (['"a,b"', "y"], ";"),
        (["a\tb", "y"], ";"),
        (["a", "b;c", "y"], "\t"),
        (['"a""b,c"', "y"], "\t"),
        (['"two\nlines,"', "b;c", "y"], "\t"),
    ],
)
def test_the_delimiter_is_what_stands_outside_quotes(fit, header, delimiter):
    rows = [[str(i + j) for j, _ in enumerate(header)] for i in range(3)]
    model = fit("\n".join(delimiter.join(cells) for cells in [header, *rows]))
    found = [*(column.name for column in model.encoder.columns), model.encoder.target]
    assert found == [
        name.removeprefix('"').removesuffix('"').replace('""', '"') if name[0] == '"' else name for name in header
    ]


def test_a_point_where_a_comma_is_the_decimal_mark_is_no_number(fit):
    with pytest.raises(sm.DataError, match=r':4: column "x": not a number: "3\.5"') as found:
        fit("x;y\n1,5;p\n2;q\n3.5;q\n", dialect={"decimal": ","})
    assert "another unit" not in found.value.hint
    with pytest.raises(sm.DataError, match=r':3: column "x": not a finite number below 1e\+152: "2,5e400"'):
        fit("x;y\n1,5;p\n2,5e400;q\n", dialect={"decimal": ","})


def test_a_weight_is_zero_or_can_be_computed_with(fit):
    with pytest.raises(sm.DataError, match=r':3: column "w": a weight must be 0 or at least 1e-50'):
        fit("x,w,y\n1,1,p\n2,1e-200,q\n", weight="w")
    with pytest.raises(sm.DataError, match=r':3: column "w": a weight must be 0 or a positive number'):
        fit("x,w,y\n1,1,p\n2,-1e-200,q\n", weight="w")


@pytest.mark.parametrize("names", ["f,NaN,NA", "2000,2001,land", "NA,null,land"])
@pytest.mark.parametrize("rows", ["1,u,{}\n2,v,{}\n", "1,2,{}\n2,3,{}\n", "u,v,{}\nv,u,{}\n"])
def test_the_header_again_is_an_error_whatever_the_columns_are_called(fit, tmp_path, names, rows):
    again = f"{names},y\n" + "".join(
        f"{line},{label}\n" for line, label in zip(rows.format("r", "s").split(), "pq", strict=True)
    )
    text, options = f"{again}{names},y\n", {"drop": ("land",)} if "land" in names else {}
    with pytest.raises(sm.DataError, match=":4: the header once more"):
        fit(text, **options)
    model = fit(again, **options)
    (tmp_path / "new.csv").write_text(text)
    with pytest.raises(sm.DataError, match=":4: the header once more"):
        sm.predict(model, str(tmp_path / "new.csv"))


@pytest.mark.parametrize("blank", ["", " ", "\t", " \t "])
def test_doctor_takes_a_label_of_blanks_for_the_empty_one_that_it_is(fit, tmp_path, blank):
    with pytest.raises(sm.DataError, match=':3: column "y": an empty label'):
        fit(f"x,y\n1,a\n2,{blank}\n5,b\n3,b\n3,a\n")
    first, *_ = sm.doctor(str(tmp_path / "t.csv")).findings
    assert (first.severity, first.kind, first.line) == (sm.Severity.ERROR, "empty label", 3)
    assert not any(finding.kind == "missing label" for finding in sm.doctor(str(tmp_path / "t.csv")).findings)


def test_a_row_of_weight_zero_does_not_count_whatever_is_in_it(fit, tmp_path):
    rows, huge = "1,1,p\n2,1,q\n4,2,p\n", "1e151,0,q\n"
    counted = fit(f"x,w,y\n{rows}", weight="w").encoder.columns[0]
    for text in (f"{huge}{rows}", f"{rows}{huge}", f"{huge}{rows}-{huge}"):
        column = fit(f"x,w,y\n{text}", weight="w").encoder.columns[0]
        assert column.mean == pytest.approx(counted.mean, rel=1e-15)
        assert column.scale == pytest.approx(counted.scale, rel=1e-15)
        assert not [f for f in sm.doctor(str(tmp_path / "t.csv"), weight="w").findings if f.kind == "constant"]


@pytest.mark.parametrize("options", [{"numeric": ("",)}, {"categorical": ("",)}, {}])
def test_a_first_column_without_a_name_is_learned_from_by_no_option(fit, options):
    for text in (",x,y\n0,1,p\n1,3,q\n", ",x,y\n5,1,p\n2,3,q\n") if options else (",x,y\n5,1,p\n2,3,q\n",):
        with pytest.raises(sm.DataError, match=":1: column 1 has no name"):
            fit(text, **options)


def test_a_first_column_without_a_name_may_be_empty(fit):
    for cells in (("", ""), ("-9", "-9.0")):
        text = ",x,y\n" + "".join(
            f"{cell},{i},{label}\n" for i, (cell, label) in enumerate(zip(cells, "pq", strict=True))
        )
        model = fit(text, dialect={"na_values": ("-9",)})
        assert model.encoder.ignored == (("", "every cell is missing"),)
