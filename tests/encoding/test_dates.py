"""Texts are dates in the ways that people and programs write them, and nothing else is."""

import datetime

import pandas as pd
import pytest

from gan_resample.encoding.dates import is_date
from gan_resample.encoding.kinds import judge_column

DAYS = [datetime.datetime(2020, 1, 5, 10, 15) + datetime.timedelta(33 * i) for i in range(60)]
GERMAN = "Januar Februar März April Mai Juni Juli August September Oktober November Dezember"
FRENCH = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre"
ITALIAN = "gen feb mar apr mag giu lug ago set ott nov dic"


def local(pattern):
    return lambda day: day.strftime(pattern)


def named(pattern, months):
    return lambda day: pattern.format(day.day, months.split()[day.month - 1], day.year)


WRITTEN = [
    *map(local, (
        "%Y-%m-%d", "%Y/%m/%d", "%d/%m/%Y", "%d.%m.%Y %H:%M", "%d.%m.%y", "%m/%d/%Y %I:%M %p",
        "%a, %d %b %Y %H:%M:%S", "%a, %d %b %Y %H:%M:%S +0100", "%a, %d %b %Y %H:%M:%S GMT",
        "%A, %B %d, %Y", "%a %b %d %H:%M:%S %Y", "%a %b %d %H:%M:%S UTC %Y", "%Y-%m-%dT%H:%M:%SZ",
        "%Y-%m-%dT%H:%M:%S+01:00", "%Y-%m-%d %H:%M:%S.%f+00:00", "%Y%m%dT%H%M%SZ", "%d %b %Y",
        "%B %d, %Y", "%d-%b-%y", "%d%b%Y", "%b-%Y", "%B %Y", "%Y-W%W", "%Y-%b-%d", " %Y-%m-%d ",
        "%Y年%m月%d日", "%Y-%m-%d %H:%M Europe/Berlin", "%d %b",
    )),
    named("{}. {} {}", GERMAN), named("{} {} {}", FRENCH), named("{} {} {}", ITALIAN),
]  # fmt: skip


@pytest.mark.parametrize("write", WRITTEN, ids=lambda write: write(DAYS[0]))
def test_a_column_of_dates_is_refused(write):
    cells = [write(day) for day in DAYS]
    kind = judge_column(pd.Series(cells))
    assert (kind.kind, kind.reason) == ("refused", "holds dates (dtype str)")
    assert judge_column(pd.Series(cells[:20] * 3)).kind == "category"  # few are categories


def test_a_few_cells_without_a_date_make_no_category():
    cells = [f"{day:%Y-%m-%d}" for day in DAYS]
    for others in (["unknown"] * 5, ["N/A"] * 50):
        assert judge_column(pd.Series([*cells, *others])).reason == "holds dates (dtype str)"
    assert judge_column(pd.Series([*cells, *["unknown"] * 7])).kind == "category"


@pytest.mark.parametrize("text", [
    "5more", "2, 3, 4", "{0}-{1}", "{0}-{0}", "{0}/{1}", "v1.{0}", "1.{0}.3", "2.0.{0}",
    "A-{0:02}", "A{0}", "+49 170 12345{0:02}", "030-1234{0:02}", "555-12{0:02}", "room {0}",
    "(555) 123-45{0:02}", "0170/12345{0:02}", "192.168.1.{0}", "{0}-b", "Set {0}", "Gen {0}",
    "list {0}", "{0} set", "Mazda {0}", "May {0}x", "{0}+", "{0} stars", "no {0}", "de {0}",
    "So {0}", "Tue {0}", "{0}-{1} years",
])  # fmt: skip
def test_other_text_is_not_taken_for_dates(text):
    cells = [text.format(i, i + 10) for i in range(60)]
    assert not any(map(is_date, cells))
    if len(set(cells)) > 20:
        assert judge_column(pd.Series(cells)).kind == "category"


@pytest.mark.parametrize("text", [
    "May", "Mon", "March", "2020", "20200105", "1.5", "1e5", "48,000", "12%", "", "-", "2010-2011",
    "2019/20", "2020-13", "2020-01-32", "32.01.2020", "25:99x", "5 Foo 2020",
])  # fmt: skip
def test_a_text_that_is_no_date(text):
    assert not is_date(text)


def test_names_of_months_are_categories():
    names = pd.Series([*GERMAN.split(), *FRENCH.split()] * 5)
    assert judge_column(names).kind == "category"
