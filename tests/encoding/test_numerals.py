"""Numbers written as text and as Decimals: read, and written as the others are."""

from decimal import Decimal

import numpy as np
import pytest

from gan_resample.encoding.numerals import WholeForm, has_leading_zero, learn_form, read_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", "12"),
        ("-1.50", "-1.50"),
        ("+3", "3"),
        (".5", "0.5"),
        ("5.", "5"),
        ("2e-3", "0.002"),
        (" 7 ", "7"),
        ("48,000", "48000"),
        ("-1,234,567.8", "-1234567.8"),
        ("12%", "12"),
        ("12.5 % ", "12.5"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
    ],
)
def test_text_is_read_as_a_number(text, number):
    assert read_number(text) == Decimal(number)


@pytest.mark.parametrize(
    "text",
    ["", "-", "nan", "inf", "1,5", "0,123", "12,34", "1,2345", "1 000", "5more", "1_000", "0x1f",
     "1e", "%", "$5", "1.2.3", "١٢", "1/2", "12%%"],
)  # fmt: skip
def test_other_text_is_not(text):
    assert read_number(text) is None


CODES = [("01234", True), ("-007", True), (" 01", True), ("0.5", False), ("0", False)]


@pytest.mark.parametrize(("text", "zero"), [*CODES, ("100", False)])
def test_leading_zeros(text, zero):
    assert has_leading_zero(text) == zero


@pytest.mark.parametrize(
    ("cells", "value", "written"),
    [
        (["48,000", "5,200", "999"], "1234567.4", "1,234,567"),
        (["12%", "7%"], "8.6", "9%"),
        (["12 %", "7 %"], "8.6", "9 %"),
        (["1.50", "2.25"], "1.7", "1.70"),  # as many decimals as all others
        (["1.5", "2.25"], "1.7", "1.7"),  # as many as needed, at most two
        (["1.5", "2.25"], "1.7183", "1.72"),
        (["1.5", "2"], "3.0", "3"),
        (["1.5", "2.0", "2.25"], "3", "3.0"),  # as Python writes floats
        ([" 39", " 50"], "41.2", " 41"),
        (["+1.0", "-2.0"], "1.52", "+1.5"),
        (["+1.0", "-2.0"], "-1.52", "-1.5"),
        (["1", "-2"], "-0.2", "0"),  # no minus zero
        (["100", "2000"], "1500", "1500"),
        (["1e-3", "2e-3"], "0.0014", "0.001"),
    ],
)
def test_numbers_are_written_like_the_text_of_the_column(cells, value, written):
    assert learn_form(cells).write(Decimal(value)) == written


@pytest.mark.parametrize(
    ("cells", "value", "written"),
    [
        (["1.50", "2.25"], "1.7", "1.70"),
        (["1.5", "2.25"], "1.7", "1.7"),
        (["0", "0.25", "30"], "20", "20"),
        (["1E+3", "2E+3"], "1600", "2E+3"),
        (["7", "8"], "7.5", "8"),
    ],
)
def test_decimals_are_written_with_the_exponent_of_the_column(cells, value, written):
    assert str(learn_form(map(Decimal, cells)).write(Decimal(value))) == written


def test_whole_numbers_of_any_size_stay_whole():
    form = learn_form([1, 2**80])
    assert form == WholeForm()
    assert form.write(Decimal(2**80) + Decimal("0.3")) == 2**80
    for dtype in (np.int64, np.uint8):
        made = learn_form([dtype(1), dtype(200)]).write(Decimal("150.3"))
        assert (type(made), made) == (dtype, 150)
    assert learn_form([np.int64(1), 2]) == form  # of two types: Python's
    assert learn_form([1, 2.5]) is None
    assert learn_form([True, False]) is None


@pytest.mark.parametrize(
    ("cells", "cell", "number"),
    [(["1%"], "5%", 5), (["1%"], "5", None), (["1%"], 5, None), (["1"], "5%", None), (["1"], 5, 5),
     (["1"], "five", None), (["1"], [5], None)],
)  # fmt: skip
def test_new_cells_are_read_as_the_column_is(cells, cell, number):
    assert learn_form(cells).read(cell) == number
