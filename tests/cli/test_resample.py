"""The command ``resample``: real rows stay as they are, generated ones are marked."""

import errno
import io
import os
import re
import shlex
import sys
import zipfile

import numpy as np
import pandas as pd
import pytest
from imblearn.over_sampling import SMOTE
from sklearn.preprocessing import StandardScaler

from gan_resample.cli import main
from gan_resample.files.reading import read_table
from gan_resample.files.writing import write_table
from tests.evaluation.helpers import mixed_table


def resample(*arguments):
    return main(["resample", *map(str, arguments)])


@pytest.fixture
def table(tmp_path):
    X, y = mixed_table()
    file = tmp_path / "mine.csv"
    X.assign(kind=y).to_csv(file, index=False)
    return file


@pytest.fixture
def whole_table(table):
    pd.read_csv(table).dropna().to_csv(table, index=False)
    return table


@pytest.mark.parametrize("sampler", ["random", "smote", "spread", "gamo"])
def test_resample_adds_marked_rows_below_the_real_ones(whole_table, tmp_path, sampler):
    out = tmp_path / "new" / "balanced.csv.gz"
    arguments = ["--sampler", sampler, "--max-iter", 4, "--out", out]
    assert resample(whole_table, "--target", "kind", *arguments) == 0
    before, after = pd.read_csv(whole_table), pd.read_csv(out)
    pd.testing.assert_frame_equal(after.loc[after["synthetic"] == 0, before.columns], before)
    assert after["kind"].value_counts().nunique() == 1
    assert after["synthetic"].sum() == len(after) - len(before)
    assert set(after["town"]) == {"Ulm", "Bonn", "Kiel"}
    assert not after.isna().any(axis=None)


def test_resample_repeats_itself(whole_table, tmp_path):
    written = []
    for at, seed in enumerate((0, 0, 1)):
        out = tmp_path / f"out{at}.csv"
        assert resample(whole_table, "--sampler", "spread", "--seed", seed, "--out", out) == 0
        written.append(out.read_bytes())
    assert written[0] == written[1] != written[2]


def test_whole_numbers_stay_whole(whole_table, tmp_path):
    frame = pd.read_csv(whole_table).astype({"count": int}).assign(flag=lambda t: t["count"] > 2)
    frame[["amount", "count", "flag", "kind"]].to_csv(whole_table, index=False)
    for sampler in ("smote", "spread"):
        out = tmp_path / f"{sampler}.csv"
        assert resample(whole_table, "--sampler", sampler, "--out", out) == 0
        kinds = pd.read_csv(out).dtypes
        assert (kinds["count"], kinds["flag"]) == (np.int64, np.bool_)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--sampler", "threshold"], "threshold generates no rows"),
        (["--sampler", "none"], "none generates no rows"),
        (["--sampler", "smoot"], "unknown sampler 'smoot'"),
        (["--sampler", "spread", "--mark", "town"], "there is a column 'town' already"),
        (["--sampler", "spread", "--mark", " town "], "there is a column ' town ' already"),
        (["--sampler", "spread", "--mark", " "], "--mark must name the column"),
        (
            ["--sampler", "spread", "--out", "{folder}/x.xlsx"],
            "must end in .csv, .tsv, .csv.gz, .zip, .parquet, .feather",
        ),
        (["--sampler", "spread", "--out", "{table}/x.csv"], "cannot write to --out"),
    ],
)
def test_resample_refuses(whole_table, tmp_path, capsys, arguments, message):
    filled = [text.format(table=whole_table, folder=tmp_path) for text in arguments]
    out = [] if "--out" in filled else ["--out", tmp_path / "out.csv"]
    assert resample(whole_table, *filled, *out) == 2
    assert message in capsys.readouterr().err


def test_resample_measures_distances_on_one_scale_as_the_comparison_does(tmp_path):
    """A column a thousand times wider than the other must not choose the neighbours alone."""
    rng = np.random.default_rng(0)
    y = np.repeat(["common", "rare"], [60, 12])
    X = pd.DataFrame(
        {"wide": rng.normal(size=72) * 1e4, "narrow": rng.normal(size=72), "whole": range(72)}
    )
    X.assign(y=y).to_csv(tmp_path / "in.csv", index=False)
    command = ["resample", tmp_path / "in.csv", "--sampler", "smote", "--out", tmp_path / "o.csv"]
    assert main([*map(str, command)]) == 0
    made = pd.read_csv(tmp_path / "o.csv")
    assert made["whole"].dtype.kind == "i"
    new = made.loc[made["synthetic"] == 1, ["wide", "narrow"]].to_numpy()
    scaler = StandardScaler().fit(X)
    scaled = pd.DataFrame(scaler.transform(X), columns=X.columns)
    expected, _ = SMOTE(random_state=0).fit_resample(scaled, y)
    np.testing.assert_allclose(new, scaler.inverse_transform(expected)[72:, :2])


def test_resample_takes_any_column_name(whole_table, tmp_path):
    X = pd.read_csv(whole_table).rename(columns={"town": "self"})
    assert "self" in X
    X.to_csv(tmp_path / "self.csv", index=False)
    command = [
        "resample",
        tmp_path / "self.csv",
        "--sampler",
        "spread",
        "--out",
        tmp_path / "o.csv",
    ]
    assert main([*map(str, command)]) == 0
    assert set(pd.read_csv(tmp_path / "o.csv")["self"]) == set(X["self"])


# ---- cells --------------------------------------------------------------------------------------


@pytest.fixture
def odd_table(tmp_path):
    """Cells that pandas would write otherwise, or that were guessed to be numbers."""
    rng = np.random.default_rng(0)
    n = 96
    X = pd.DataFrame(
        {
            "customer": [f"{i:05}" for i in range(n)],
            "order": range(900, 900 + n),
            "price": [f"{v:.2f}" for v in rng.normal(50, 9, n)],
            "salary": [f"{v:,}" for v in rng.integers(200, 300, n) * 100],
            "share": [f"{v}%" for v in rng.integers(0, 100, n)],
            "zip": rng.choice(["01234", "00501", "90210"], n),
            "member": rng.choice(["true", "FALSE"], n),
            "town, country": rng.choice(["Ulm, D", 'the "Hague"', "none"], n),
            "y": np.where(np.arange(n) % 6 == 0, "1.0", "2.0"),
        }
    )
    file = tmp_path / "odd.csv"
    X.to_csv(file, index=False)
    return file


def read_texts(file):
    return pd.read_csv(file, dtype=str, keep_default_na=False)


@pytest.mark.parametrize("sampler", ["random", "smote", "spread"])
def test_cells_of_real_rows_come_back_verbatim_and_generated_ones_alike(
    odd_table, tmp_path, capsys, sampler
):
    out = tmp_path / "out.csv"
    ids = ["--id", "customer,order"]
    assert resample(odd_table, *ids, "--sampler", sampler, "--out", out) == 0
    before, after = read_texts(odd_table), read_texts(out)
    assert after.columns.tolist() == [*before.columns, "synthetic"]
    pd.testing.assert_frame_equal(after.iloc[:96, :-1], before)
    made = after[96:]
    assert len(made) == 80 - 16
    assert set(made["y"]) == {"1.0"}
    assert set(made["customer"]) == set(made["order"]) == {""}
    assert made["price"].str.fullmatch(r"\d+\.\d+").all()
    assert made["salary"].str.fullmatch(r"\d{2},\d{3}").all()
    assert made["share"].str.fullmatch(r"\d{1,2}%").all()
    for name in ("zip", "member", "town, country"):
        assert set(made[name]) <= set(before[name])
    told = capsys.readouterr().err
    for name in ("salary", "share"):
        assert told.count(f"column '{name}'") == 1
    assert "warning" not in told


def test_ids_are_kept_in_frames_too(odd_table, tmp_path):
    pd.read_csv(odd_table, dtype={"customer": str}).to_parquet(tmp_path / "in.parquet")
    for name in ("o.parquet", "o.feather", "o.tsv"):
        out = tmp_path / name
        arguments = ["--id", "customer", "--id", "order", "--sampler", "random", "--out", out]
        assert resample(tmp_path / "in.parquet", *arguments) == 0
    frame = pd.read_parquet(tmp_path / "o.parquet")
    assert frame["order"].dtype == "Int64"
    assert frame["order"][:96].tolist() == list(range(900, 996))
    assert frame.loc[96:, ["customer", "order"]].isna().all(axis=None)
    assert frame["price"].dtype == np.float64
    pd.testing.assert_frame_equal(pd.read_feather(tmp_path / "o.feather"), frame)
    texts = pd.read_csv(tmp_path / "o.tsv", sep="\t", dtype=str, keep_default_na=False)
    assert texts["order"][:96].tolist() == [str(i) for i in range(900, 996)]
    assert set(texts["order"][96:]) == {""}


@pytest.mark.parametrize("name", ["o.csv", "o.tsv", "o.csv.gz", "o.zip", "o.csv.zip", "o.parquet"])
def test_formats_hold_the_same_table_and_equal_tables_make_equal_files(odd_table, tmp_path, name):
    written = []
    for folder in ("one", "two"):
        out = tmp_path / folder / name
        assert resample(odd_table, "--drop", "customer", "--sampler", "random", "--out", out) == 0
        written.append(out.read_bytes())
    assert written[0] == written[1]
    if name.endswith("zip"):
        assert zipfile.ZipFile(out).namelist() == ["o.csv"]
    expected = tmp_path / "plain.csv"
    assert resample(odd_table, "--drop", "customer", "--sampler", "random", "--out", expected) == 0
    pd.testing.assert_frame_equal(read_table(out).frame, read_table(expected).frame)


@pytest.mark.parametrize("sampler", ["spread", "smote"])
def test_times_and_prices_of_a_frame_come_back_as_such(tmp_path, sampler):
    days = pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(80) ** 2 % 701, unit="D")
    frame = pd.DataFrame({
        "day": days,
        "date": days.date,
        "open": [moment.time() for moment in days + pd.to_timedelta(np.arange(80), unit="h")],
        "at": days.tz_localize("Europe/Berlin") + pd.to_timedelta(15 * np.arange(80), unit="min"),
        "span": pd.to_timedelta(np.arange(80) ** 2 % 601, unit="h"),
        "price": np.arange(80) ** 2 % 901 / 4,
        "kind": ["a"] * 60 + ["b"] * 20,
    })  # fmt: skip
    frame.to_parquet(tmp_path / "in.parquet")
    out = tmp_path / "out.parquet"
    arguments = ["--sampler", sampler, "--target", "kind", "--out", out]
    assert resample(tmp_path / "in.parquet", *arguments) == 0
    after = pd.read_parquet(out)
    pd.testing.assert_frame_equal(after[frame.columns][:80], frame)
    made = after[80:]
    assert len(made) == 40
    for name, resolution in {"day": "D", "at": "min", "span": "h"}.items():
        assert (made[name] == made[name].dt.floor(resolution)).all()
    assert all(type(day).__name__ == "date" for day in made["date"])
    assert all(moment.minute == 0 for moment in made["open"])
    assert (made["price"] == made["price"].round(2)).all()
    for name in frame.columns[:-1]:
        assert made[name].between(frame[name].min(), frame[name].max()).all()
        if name != "open":  # all hours are there
            assert not made[name].isin(frame[name]).all()


def test_a_column_like_an_identifier_is_warned_of_by_name(whole_table, tmp_path, capsys):
    frame = pd.read_csv(whole_table)
    frame.insert(0, "customer id", range(len(frame)))
    frame.to_csv(whole_table, index=False)
    assert resample(whole_table, "--sampler", "spread", "--out", tmp_path / "o.csv") == 0
    told = capsys.readouterr().err
    assert "warning: column 'customer id' of" in told
    assert "(--id 'customer id', or --drop 'customer id')" in told


# ---- what is refused ----------------------------------------------------------------------------


def test_all_columns_that_cannot_be_used_are_listed_at_once(table, tmp_path, capsys):
    frame = pd.read_csv(table)
    frame.insert(0, "name", [f"n{i}" for i in range(90)])
    frame.insert(1, "-day", pd.date_range("2026-01-01", periods=90).strftime("%d.%m.%Y"))
    frame.to_csv(table, index=False)
    arguments = ["--sampler", "smote", "--out", tmp_path / "out.csv"]
    assert resample(table, *arguments) == 2
    told = capsys.readouterr().err
    for words in (
        "column 'name' is text with 90 distinct values",
        "column '-day' holds dates",
        "column 'amount' has 1 missing value: name a sampler",
        "column 'town' has 1 missing value: name a sampler",
    ):
        assert words in told
    assert "(--drop name,-day,amount,town)" in told
    assert resample(table, *arguments, "--drop", "name,-day,amount,town") == 0
    assert pd.read_csv(tmp_path / "out.csv").columns.tolist() == ["count", "kind", "synthetic"]


def test_identifiers_may_have_missing_values(table, tmp_path):
    arguments = ["--id", "amount,town", "--sampler", "random", "--out", tmp_path / "out.csv"]
    assert resample(table, *arguments) == 0
    real = pd.read_csv(tmp_path / "out.csv").query("synthetic == 0")
    assert real[["amount", "town"]].isna().sum().tolist() == [1, 1]


def test_cells_without_a_value_that_were_named_count_as_missing(whole_table, tmp_path, capsys):
    frame = pd.read_csv(whole_table)
    frame["age"] = [*range(20, 20 + len(frame) - 5), *["-", " - ", "NULL", "NULL", "null"]]
    frame[["age", "amount", "town", "kind"]].to_csv(whole_table, index=False)
    arguments = ["--sampler", "smote", "--out", tmp_path / "out.csv"]
    assert resample(whole_table, *arguments) == 2
    told = capsys.readouterr().err
    assert "column 'age'" in told
    assert "cells that --missing names are refused too" in told
    assert "treat the column as a category (--categorical age), or leave it out" in told
    assert resample(whole_table, *arguments, "--missing", "-,NULL,null") == 2
    told = capsys.readouterr().err
    assert "column 'age' of" in told
    assert "has 5 missing values" in told
    arguments[1] = "spread"
    assert resample(whole_table, *arguments) == 2
    [offered] = re.findall(r"\((--missing \S+), or", capsys.readouterr().err)
    assert resample(whole_table, *arguments, *shlex.split(offered)) == 0


@pytest.mark.parametrize("sampler", ["spread", "random"])
def test_missing_values_are_kept_and_written_as_they_were(sampler, tmp_path):
    rng = np.random.default_rng(0)
    rare = np.arange(90) % 6 == 0
    size = np.where(np.arange(90) % 4 == 0, "?", rng.integers(10, 90, 90).astype(str))
    town = np.where(rare & (np.arange(90) % 12 == 0), "NA", rng.choice(["Ulm", "nan town"], 90))
    X = pd.DataFrame({"size": size, "town": town, "kind": np.where(rare, "rare", "common")})
    X.to_csv(tmp_path / "in.csv", index=False)
    out = tmp_path / "out.csv"
    assert resample(tmp_path / "in.csv", "--sampler", sampler, "--out", out) == 0
    made = pd.read_csv(out, dtype=str, keep_default_na=False)
    pd.testing.assert_frame_equal(made[:90][[*X]].astype(object), X.astype(object))
    rows = made[90:]
    assert set(rows["kind"]) == {"rare"}
    assert set(rows["town"]) == {"NA", "Ulm", "nan town"}
    assert (rows["town"] == "NA").mean() == pytest.approx((town[rare] == "NA").mean(), abs=0.15)
    assert (rows["size"] == "?").mean() == pytest.approx((size[rare] == "?").mean(), abs=0.15)
    assert pd.to_numeric(rows["size"][rows["size"] != "?"]).between(10, 89).all()


def test_whole_numbers_beside_empty_cells_are_written_as_such(tmp_path):
    there = np.arange(60) % 3 > 0
    cells = [str(1000 * at) if filled else "" for at, filled in enumerate(there)]
    X = pd.DataFrame({"big": cells, "kind": ["n"] * 45 + ["p"] * 15})
    X.to_csv(tmp_path / "in.csv", index=False)
    out = tmp_path / "out.csv"
    assert resample(tmp_path / "in.csv", "--sampler", "spread", "--out", out) == 0
    made = pd.read_csv(out, dtype=str, keep_default_na=False)["big"]
    assert made[:60].tolist() == cells
    new = set(made[60:]) - set(cells)
    assert len(new) > 10
    assert all(re.fullmatch(r"\d+", cell) and 45_000 <= int(cell) < 60_000 for cell in new)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("t.xlsx", "cannot be read: its name must end in .csv, .tsv"),
        ("t.json", "cannot be read: its name must"),
        ("folder", "cannot be read: its name must"),
        ("folder.csv", "is a folder"),
        ("absent.csv", "no such file"),
        ("absent.txt", "cannot be read: its name must"),
    ],
)
def test_what_is_no_table_is_told_in_one_line(tmp_path, capsys, name, message):
    if name.startswith("folder"):
        (tmp_path / name).mkdir()
    elif name.startswith("t."):
        (tmp_path / name).write_text("{}")
    assert resample(tmp_path / name, "--sampler", "random", "--out", tmp_path / "o.csv") == 2
    told = capsys.readouterr().err
    assert message in told
    assert told.count("\n") == 1


# ---- nobody's files are written over ------------------------------------------------------------


def test_a_table_is_not_written_over(whole_table, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = whole_table.read_bytes()
    os.link(whole_table, "hard.csv")
    os.symlink(whole_table, "soft.csv")
    for out in (whole_table, "./mine.csv", "hard.csv", "soft.csv"):
        assert resample(whole_table, "--sampler", "random", "--out", out) == 2
        assert "the table itself" in capsys.readouterr().err
    assert whole_table.read_bytes() == before


@pytest.mark.parametrize(
    "there",
    [
        "mine",
        "amount,count,town,kind\n1,2,Ulm,rare\n",
        "amount,count,town,kind,synthetic\n1,2,Ulm,rare,7\n",
    ],
)
def test_files_of_others_are_not_written_over(whole_table, tmp_path, capsys, there):
    out = tmp_path / "out.csv"
    out.write_text(there)
    arguments = [whole_table, "--sampler", "random", "--out", out]
    assert resample(*arguments) == 2
    assert "exists, and is not what this command writes" in capsys.readouterr().err
    assert out.read_text() == there
    out.write_text("")
    assert resample(*arguments) == 0
    assert resample(*arguments, "--seed", "3") == 2
    assert "is not what this command would write now" in capsys.readouterr().err
    assert resample(*arguments, "--mark", "new") == 2


@pytest.mark.parametrize("name", ["out.csv", "out.tsv", "out.csv.gz", "out.parquet"])
def test_a_file_that_is_there_is_kept(odd_table, tmp_path, capsys, name):
    """Also one that this command wrote, once its real or its generated rows were changed."""
    out, arguments = tmp_path / name, ["--sampler", "random", "--id", "customer,order"]
    assert resample(odd_table, *arguments, "--out", out) == 0
    first = out.read_bytes()
    assert resample(odd_table, *arguments, "--out", out) == 0
    assert out.read_bytes() == first
    written = read_table(out)
    frame = written.frame if name == "out.parquet" else written.texts()
    real = frame["synthetic"].astype(int) == 0
    changed, named = frame.copy(), frame.copy()
    changed.loc[5, "price"] = changed.loc[6, "price"]
    assert changed.loc[5, "price"] != frame.loc[5, "price"]
    named.loc[~real, "order"] = 7 if name == "out.parquet" else "7"
    longer = pd.concat([frame, frame.tail(1)])
    for content in (changed, frame[real], frame[1:], frame.drop(index=3), named, longer):
        write_table(content, out)
        there = out.read_bytes()
        assert resample(odd_table, *arguments, "--out", out) == 2
        when = "would write now" if content is named or content is longer else "writes, the rows"
        assert f"exists, and is not what this command {when}" in capsys.readouterr().err
        assert out.read_bytes() == there
        assert {file.name for file in tmp_path.iterdir()} == {name, "odd.csv"}


def test_where_nothing_was_generated_marks_may_all_be_zero(tmp_path, capsys):
    X = pd.DataFrame({"x": np.arange(20) / 7, "y": np.arange(20) % 2})
    X.to_csv(tmp_path / "in.csv", index=False)
    arguments = [tmp_path / "in.csv", "--sampler", "spread", "--out", tmp_path / "o.csv"]
    for _ in range(2):
        assert resample(*arguments) == 0
        told = capsys.readouterr().out
        assert "20 rows and 0 generated ones" in told
        assert "each class has 10 rows already: there was nothing to add" in told
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "o.csv"), X.assign(synthetic=0))


def test_nothing_half_written_is_left(whole_table, tmp_path, capsys, monkeypatch):
    out = tmp_path / "out" / "out.csv"
    arguments = [whole_table, "--sampler", "random", "--out", out]
    assert resample(*arguments) == 0
    before = out.read_bytes()

    to_csv = pd.DataFrame.to_csv

    def fail(self, file=None, **options):
        if file is None:
            return to_csv(self, **options)
        file.write("half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", fail)
    assert resample(*arguments, "--seed", "3") == 2
    told = f"\ngan-resample: {out} cannot be written: No space left on device\n"
    assert capsys.readouterr().err.endswith(told)
    assert {file.name: file.read_bytes() for file in out.parent.iterdir()} == {"out.csv": before}


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EPIPE])
def test_what_cannot_be_printed_is_told_in_one_sentence(
    whole_table, tmp_path, capsys, monkeypatch, code
):
    class Full(io.StringIO):
        def flush(self):
            raise OSError(code, os.strerror(code))

    monkeypatch.setattr(sys, "stdout", Full())
    out = tmp_path / "out.csv"
    assert resample(whole_table, "--sampler", "random", "--out", out) == 2
    told = f"gan-resample: what is printed cannot be written: {os.strerror(code)}\n"
    assert capsys.readouterr().err == told
    sys.stdout.flush()  # as Python does when it ends
    assert len(pd.read_csv(out)) > len(pd.read_csv(whole_table))


@pytest.mark.parametrize("top", [2**63 - 1, 2**64 - 1, 2**60, 2**63 + 2**70, -(2**80)])
def test_smote_leaves_no_bound_of_whole_numbers(tmp_path, top):
    rng = np.random.default_rng(0)
    y = np.repeat(["common", "rare"], [40, 10])
    large = [top - k for k in range(50)]
    X = pd.DataFrame({"large": map(str, large), "other": rng.normal(size=50)})
    X.assign(y=y).to_csv(tmp_path / "in.csv", index=False)
    assert resample(tmp_path / "in.csv", "--sampler", "smote", "--out", tmp_path / "o.csv") == 0
    written = pd.read_csv(tmp_path / "o.csv", dtype=str)
    made = [int(cell) for cell in written.query("synthetic == '1'")["large"]]
    assert len(made) == 30
    assert all(min(large) <= value <= max(large) for value in made)


@pytest.mark.filterwarnings("always")
def test_warnings_are_told_in_a_line_and_name_labels(tmp_path, capsys):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(64, 2)), columns=["a", "b"])
    X.assign(y=["apple"] * 2 + ["pear"] * 60 + ["fig"] * 2).to_csv(
        tmp_path / "in.csv", index=False
    )
    assert resample(tmp_path / "in.csv", "--sampler", "spread", "--out", tmp_path / "o.csv") == 0
    assert capsys.readouterr().err.splitlines() == [
        f"warning: class {label!r} has 2 rows only: what they give says little"
        for label in ("apple", "fig")
    ]
    made = pd.read_csv(tmp_path / "o.csv")
    assert made["y"].value_counts().to_dict() == {"apple": 60, "pear": 60, "fig": 60}


def test_generated_rows_carry_the_label_of_their_class(tmp_path):
    """Classes are neither in the order of their names nor of their sizes."""
    rng = np.random.default_rng(0)
    y = np.repeat(["b", "a", "c"], [10, 40, 20])
    X = pd.DataFrame({"at": rng.normal(size=70), "where": rng.normal(size=70)})
    X["at"] += pd.Series(y).map({"a": 100, "b": 200, "c": 300})
    X.assign(y=y).to_csv(tmp_path / "in.csv", index=False)
    for sampler in ("random", "smote", "spread"):
        out = tmp_path / f"{sampler}.csv"
        assert resample(tmp_path / "in.csv", "--sampler", sampler, "--out", out) == 0
        made = pd.read_csv(out).query("synthetic == 1")
        assert made["y"].value_counts().to_dict() == {"b": 30, "c": 20}
        assert (made["at"] / 100).round().tolist() == made["y"].map({"b": 2, "c": 3}).tolist()


@pytest.mark.parametrize("sampler", ["random", "smote", "spread", "gamo"])
def test_a_class_of_one_row_is_repeated(tmp_path, sampler):
    X = pd.DataFrame({"x": np.arange(13) / 7, "y": ["a"] * 8 + ["b"] * 4 + ["c"]})
    X.to_csv(tmp_path / "in.csv", index=False)
    arguments = ["--sampler", sampler, "--max-iter", 2, "--out", tmp_path / "o.csv"]
    assert resample(tmp_path / "in.csv", *arguments) == 0
    made = pd.read_csv(tmp_path / "o.csv")
    assert made["y"].value_counts().to_dict() == {"a": 8, "b": 8, "c": 8}
    np.testing.assert_allclose(made.loc[made["y"] == "c", "x"], 12 / 7, rtol=1e-6)


def test_labels_that_are_no_classes_are_refused(tmp_path, capsys):
    for labels, told in (
        ([*"abcd"], "of in has a class for each row: is the target another column?"),
        (["p", "p ", "q", "q"], "labels 'p' and 'p ', which differ only by blanks: make them one"),
    ):
        pd.DataFrame({"x": range(4), "y": labels}).to_csv(tmp_path / "in.csv", index=False)
        out = tmp_path / "o.csv"
        assert resample(tmp_path / "in.csv", "--sampler", "random", "--out", out) == 2
        assert told.replace("of in", f"of {tmp_path / 'in.csv'}") in capsys.readouterr().err
        assert not out.exists()


def test_an_extreme_value_is_offered_as_missing(tmp_path, capsys):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(60, 2)), columns=["a", "b"])
    X["age"] = rng.integers(20, 60, size=60)
    X.loc[[3, 50], "age"] = -9999999
    X.assign(y=["n"] * 45 + ["p"] * 15).to_csv(tmp_path / "in.csv", index=False)
    command = [tmp_path / "in.csv", "--sampler", "smote", "--out", tmp_path / "o.csv"]
    assert resample(*command) == 0
    told = capsys.readouterr().err
    assert "column 'age' of" in told
    [offered] = re.findall(r"\((--missing \S+), --id age, or --drop age\)", told)
    assert shlex.split(offered) == ["--missing", "-9999999"]
    assert resample(*command, *shlex.split(offered)) == 2
    told = capsys.readouterr().err
    assert "column 'age' of" in told
    assert "has 2 missing values" in told


def test_samplers_that_make_no_rows_are_refused(whole_table, tmp_path, capsys):
    out = tmp_path / "o.csv"
    assert resample(whole_table, "--sampler", "undersample", "--out", out) == 2
    assert "undersample generates no rows" in capsys.readouterr().err
    assert not out.exists()


def test_the_usual_target_is_no_identifier(whole_table, tmp_path, capsys):
    arguments = ["--id", "kind", "--sampler", "random", "--out", tmp_path / "o.csv"]
    assert resample(whole_table, *arguments) == 2
    told = capsys.readouterr().err
    assert "kind" in told
    assert "KeyError" not in told
