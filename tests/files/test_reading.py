"""Files become tables: cells stay in their columns, and what is no table is told in a sentence."""

import gzip
import os
import warnings
import zipfile
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from gan_resample.files.reading import (
    MISSING,
    labels_of_one_number,
    read_table,
    separate_target,
    table_files,
)

ROWS = "a,b,y\n1,2,0\n3,4,1\n"


def frame(n=12):
    return pd.DataFrame(
        {
            "age": np.arange(n) * 1.5,
            "count": np.arange(n) % 5,
            "town": ["Ulm", "Bonn", "Kiel"] * (n // 3),
            "member": [True, False] * (n // 2),
        }
    )


def written(tmp_path, content, name="t.csv"):
    file = tmp_path / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def as_lists(table):
    return {name: column.tolist() for name, column in table.frame.items()}


# ---- clean files --------------------------------------------------------------------------------


CLEAN = [
    ROWS,
    "a,b,y\n1,?,0\nNA,x,1\n,y,nan\n",
    "a,b,y\n1.5,-2e-05,0\n.5,+3,1\ninf,0.0,1\n",
    'a,b,y\n"1","x, y",0\n2,"say ""z""",1\n',
    'a,b,y\n1,"two\nlines",0\n2,x,1\n',
    'a,b,y\n1,5" pipe,0\n2,"u"v,1\n',
    "a,b,y\r\n1,2,0\r\n3,4,1\r\n",
    "a,b,y\r1,2,0\r3,4,1\r",
    "\n  \na,b,y\n1,2,0\n\n3,4,1\n   \n",
    "a,b,y\n18446744073709551615,True,0\n2,false,1\n",
    "a,b,y\n18446744073709551621,9223372036854775809,0\n2,-3,1\n",
    "a,b,y\n2020-01-05,1:05,0\n2020-02-06,2:06,1\n",
    " a,b ,y\n 1,2 ,0\n3,4,1\n",
    "a,b,y\n,,\n1,2,0\n",
    "größe,b,y\né,2,0\n",
]


@pytest.mark.parametrize("content", CLEAN)
def test_clean_files_are_read_as_pandas_reads_them(tmp_path, content):
    file = written(tmp_path, content)
    table = read_table(file)
    expected = pd.read_csv(file, keep_default_na=False, na_values=MISSING, low_memory=False)
    pd.testing.assert_frame_equal(table.frame, expected, check_exact=True)
    assert table.told == ()


def test_numbers_are_read_to_the_last_digit(tmp_path):
    values = np.random.default_rng(0).random((50, 2))
    pd.DataFrame(values).to_csv(tmp_path / "t.csv", index=False)
    assert (read_table(tmp_path / "t.csv").frame.to_numpy() == values).all()


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path):
    quoted = '"a",b,y\n1,2,0\n3,4,1\n'
    for content in ("\ufeff" + ROWS, "\ufeff" + quoted, "\ufeff\ufeff" + quoted):
        read = read_table(written(tmp_path, content))
        assert as_lists(read)["a"] == [1, 3]
        assert read.texts()["a"].tolist() == ["1", "3"]


def test_a_sign_before_the_first_name_is_part_of_it(tmp_path):
    assert as_lists(read_table(written(tmp_path, "#a,b\n1,2\n3,4\n"))) == {
        "#a": [1, 3],
        "b": [2, 4],
    }


def test_what_counts_as_missing_is_told_and_no_more(tmp_path):
    file = written(tmp_path, "a,b\nNone,1\nnull,NA\n,nan\nNULL,NaN\nn/a,?\n")
    read = read_table(file).frame
    assert read["a"].fillna("-").tolist() == ["None", "null", "-", "NULL", "n/a"]
    assert read["b"].isna().tolist() == [False, True, True, True, True]


def test_further_cells_may_be_said_to_have_no_value(tmp_path):
    file = written(tmp_path, "a,b,c,y\n1,x, -,0\nNULL,NULL,2.5,1\n -999,z,-999,1\n")
    read = read_table(file, ["NULL", "-", " -999 "]).frame
    assert read.dtypes.astype(str).tolist() == ["float64", "str", "float64", "int64"]
    assert read["a"].fillna(7).tolist() == [1, 7, 7]
    assert read["b"].fillna("none").tolist() == ["x", "none", "z"]
    assert read["c"].fillna(7).tolist() == [7, 2.5, 7]


@pytest.mark.parametrize("token", ["-9999", "-9999.0", "-9,999", " -9.999e3"])
def test_a_number_without_a_value_is_known_in_any_spelling(tmp_path, token):
    file = written(
        tmp_path,
        'a,b,c,zip,rate,y\n1,1.5,"1,234",007,12%,u\n-9999,-9999.0,"-9,999",-9999,5%,v\n'
        '3,-9999.00," -9,999.0",-09999,-9999%,v\n4,-9999,"2,000",9,7%,u\n',
    )
    read = read_table(file, [token]).frame
    assert read["a"].fillna(0).tolist() == [1, 0, 3, 4]
    assert read["b"].fillna(0).tolist() == [1.5, 0, 0, 0]
    assert read["c"].fillna("none").tolist() == ["1,234", "none", "none", "2,000"]
    # codes and percentages are other things
    assert read["zip"].fillna("none").tolist() == ["007", "none", "-09999", "9"]
    assert read["rate"].tolist() == ["12%", "5%", "-9999%", "7%"]


def test_a_number_without_a_value_is_known_in_parquet_too(tmp_path):
    columns = {"a": [1, -9999], "b": [2.5, -9999.0], "c": ["x", "-9,999"]}
    columns["d"] = [Decimal(2), Decimal("-9999.00")]
    pd.DataFrame(columns).to_parquet(tmp_path / "t.parquet")
    read = read_table(tmp_path / "t.parquet", ["-9999.0", "12%"]).frame
    assert read.isna().to_numpy().tolist() == [[False] * 4, [True] * 4]


def test_zeros_before_a_number_make_it_a_text(tmp_path):
    file = written(
        tmp_path, "zip,n,d,e,y\n01234,0,0.5,1e05,0\n90001,10,-0.25,2e-05,1\n?,7,3,1,1\n"
    )
    read = read_table(file).frame
    assert read.dtypes.astype(str).tolist() == ["str", "int64", "float64", "float64", "int64"]
    assert read["zip"].fillna("none").tolist() == ["01234", "90001", "none"]
    assert as_lists(read_table(written(tmp_path, 'a,y\n"007",1\n-08,2\n')))["a"] == ["007", "-08"]


def test_zeros_are_seen_where_a_chunk_of_the_file_ends(tmp_path, monkeypatch):
    content = "a,y\n" + "".join(f"{i + 10},0\n" for i in range(40)) + "05,1\n"
    for size in range(16, 24):
        monkeypatch.setattr("gan_resample.files.text.CHUNK", size)
        assert read_table(written(tmp_path, content)).frame["a"].iloc[-1] == "05"


def test_texts_are_the_cells_as_they_stand(tmp_path):
    table = read_table(written(tmp_path, 'a,b,y\n1.50,"x, y",NA\n, 007,TRUE\n'))
    assert table.texts().to_numpy().tolist() == [["1.50", "x, y", "NA"], ["", " 007", "TRUE"]]


# ---- what is read, and said ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        "a,b,y\n1,2,0,\n3,4,1,\n",
        "a,b,y\n1,2,0,, \n3,4,1,,\n",
        "a,b,y,\n1,2,0,\n3,4,1,\n",
        "a,b,y,,\n1,2,0,,\n3,4,1,,\n",
        "a,b,y,\n1,2,0\n3,4,1\n",
        '"a","b","y"\n"1","2","0",\n"3","4","1",\n',
    ],
)
def test_a_comma_at_the_end_of_lines_moves_no_column(tmp_path, content):
    table = read_table(written(tmp_path, content))
    assert as_lists(table) == {"a": [1, 3], "b": [2, 4], "y": [0, 1]}
    assert "end in a separator: the empty cells after it are ignored" in " ".join(table.told)
    assert table.texts().to_numpy().tolist() == [["1", "2", "0"], ["3", "4", "1"]]


def test_names_of_rows_as_r_writes_them_are_left_out_and_told(tmp_path):
    table = read_table(written(tmp_path, '"a","b","y"\n"r1",1,2,0\n"r2",3,4,1\n'))
    assert as_lists(table) == {"a": [1, 3], "b": [2, 4], "y": [0, 1]}
    assert "the first was taken as a row name" in " ".join(table.told)
    assert table.texts().to_numpy().tolist() == [["1", "2", "0"], ["3", "4", "1"]]


@pytest.mark.parametrize("name", ["t.csv", "T.CSV", "t.tsv", "t.csv.gz", "t.csv.zip", "t.zip"])
def test_formats_of_text(tmp_path, name):
    file = tmp_path / name
    if name.lower().endswith("zip"):
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("inner/", "")
            archive.writestr("inner/t.csv", frame().to_csv(index=False))
            archive.writestr("__MACOSX/inner/._t.csv", b"\0")
    else:
        separator = "\t" if name.endswith(".tsv") else ","
        packed = "gzip" if name.endswith(".gz") else None
        frame().to_csv(file, index=False, sep=separator, compression=packed)
    pd.testing.assert_frame_equal(read_table(file).frame, frame())


@pytest.mark.parametrize("suffix", [".parquet", ".feather"])
def test_frames_that_were_saved(tmp_path, suffix):
    file = tmp_path / f"t{suffix}"
    frame().to_parquet(file) if suffix == ".parquet" else frame().to_feather(file)
    table = read_table(file)
    pd.testing.assert_frame_equal(table.frame, frame())
    assert (table.told, table.texts()) == ((), None)


def test_levels_of_an_index_with_a_name_become_columns(tmp_path):
    whole, file = frame(), tmp_path / "t.parquet"
    whole.set_index("age").to_parquet(file)
    table = read_table(file)
    pd.testing.assert_frame_equal(table.frame, whole)
    assert "is read as columns: 'age'" in " ".join(table.told)
    whole.set_index(["town", "age"]).to_parquet(file)
    expected = whole[["town", "age", "count", "member"]]
    pd.testing.assert_frame_equal(read_table(file).frame, expected)
    some = whole[whole["age"] != 3]  # numbers of rows, with a gap
    some.to_parquet(file)
    table = read_table(file)
    pd.testing.assert_frame_equal(table.frame, some.reset_index(drop=True))
    assert "has no name and is ignored" in " ".join(table.told)


def test_an_index_may_not_have_the_name_of_a_column(tmp_path):
    X = frame().assign(copy=1).set_index("age").rename(columns={"copy": "age"})
    X.to_parquet(tmp_path / "t.parquet")
    with pytest.raises(ValueError, match="several columns called 'age'"):
        read_table(tmp_path / "t.parquet")


def test_names_of_a_parquet_file_become_text(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    X = pd.DataFrame(np.arange(24).reshape(12, 2), columns=[3, 5])
    X.to_parquet(tmp_path / "t.parquet")
    assert read_table(tmp_path / "t.parquet").frame.columns.tolist() == ["3", "5"]
    cells = [pa.array([1, 2]), pa.array([3, 4])]
    pq.write_table(pa.Table.from_arrays(cells, names=["y", "y"]), tmp_path / "twice.parquet")
    with pytest.raises(
        ValueError, match=r"several columns called 'y'|cannot be read as a Parquet"
    ):
        read_table(tmp_path / "twice.parquet")


def test_cells_of_a_parquet_file_may_be_said_to_have_no_value(tmp_path):
    X = frame().assign(town=["NULL", " NULL ", "Bonn"] * 4)
    X.loc[2, "count"] = -9
    X.to_parquet(tmp_path / "t.parquet")
    read = read_table(tmp_path / "t.parquet", ["NULL", "-9"]).frame
    assert read["town"].isna().tolist() == [True, True, False] * 4
    assert np.flatnonzero(read["count"].isna()).tolist() == [2]
    assert read["age"].notna().all()


# ---- what is no table ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b,y\n1,2,0\n3,4,1,9\n", "line 3 of .* has 4 cells, but its header names 3 columns"),
        ("a,b,y\n1,2,0\n\n3,4\n", "line 4 of .* has 2 cells, but its header names 3"),
        ("a,b,y\n1,2,0,7\n1,2,0\n", "line 3 of .* has 3 cells, and line 2 has 4, but"),
        ("a,b,y\n1,2,0,\n1,2,0,\n1,2,0\n", "line 4 of .* has 3 cells, and line 2 has 4, but"),
        ("a,b,y\n1,2\n3,4\n", "line 2 of .* has 2 cells, but its header names 3"),
        ("a,b,y\n1,2,0,7,8\n1,2,0,7,8\n", "line 2 of .* has 5 cells"),
        ("a,b,y\n1,2,0,7\n1,2,0,7\n", "line 2 of .* has 4 cells, but"),  # names of rows differ
        ("a,b,y\n,2,0,7\n1,2,0,7\n", "line 2 of .* has 4 cells, but"),
        ('a,b,y\n1,"x\ny",0\n3,4\n', "line 4 of .* has 2 cells"),
        ('a,b,y\n1,2,0\n"3,4,1\n5,6,0\n7,8,1\n', "line 3 of .* a quote goes on to line 5"),
        ('a,b,y\n1,2,0\n3,4,"1\n', "a quote is opened and never closed"),
        ('a,b,y\n1,2,"' + "0" * 140_000 + '"\n', "line 2 of .* larger than field limit"),
        ("a,y,b,y\n1,0,2,0\n", "several columns called 'y': rename them"),
        (",a,y\n0,1,2\n", r"columns without a name \(number 1\)"),
        ("a,,y\n0,1,2\n", r"columns without a name \(number 2\)"),
        ("a,y,\n0,1,2\n", r"columns without a name \(number 3\)"),
        ("a;b;y\n1;2;0\n", "commas must separate the columns, not semicolons"),
        ("a;b;y\n1,5;2;0\n", "commas must separate the columns, not semicolons"),
        ("sep=;\na;b\n1;2\n", "'sep=;', a line for Excel: remove it, .* not semicolons"),
        ("sep=,\na,b\n1,2\n", "with 'sep=,', a line for Excel: .* commas must separate them$"),
        ("# of May; 2020\na,b\n1,2\n", "begins with '#', like a comment"),
        ("# a, b\na,b,y\nx,1,2\nz,1,2\n", "begins with '#', like a comment"),  # no row names
        ("a\n1,2,3\n1,2,3,4\n", "line 3 of .* but its header names 1 column:"),
        ("a,b\n1,2\n\f\n3,4\n", "line 3 of .* has 1 cell, but its header names 2 columns"),
        ('a,"b"\n1,2\n\v\n3,4\n', "line 3 of .* has 1 cell, but its header names 2 columns"),
        ("\f\na,b\n1,2\n", "line 2 of .* has 2 cells, but its header names 0 columns"),
        ("a\tb\ty\n1\t2\t0\n", "not tabs"),
        ("y\n1\n0\n", "only one column, 'y'"),
        ("", "t.csv is empty"),
        ("\n \n", "t.csv is empty"),
        ("a,b,y\n", "has no rows"),
        ("a,b,y\n1,\0,0\n", r"not UTF-8 text \(line 2, a NUL byte\)"),
        ("a,b,y\n1,2,0\nx,é,0\n".encode("latin-1"), r"not UTF-8 text \(line 3, byte 0xe9\)"),
        (ROWS.encode("utf-16"), "not UTF-8 text but UTF-16"),
        (ROWS.encode("utf-16-le"), r"not UTF-8 text \(line 1, a NUL byte\)"),
    ],
)
def test_texts_that_are_no_tables(tmp_path, content, message):
    file = written(tmp_path, content)
    with pytest.raises(ValueError, match=message) as caught:
        read_table(file)
    assert "t.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("t.xlsx", "its name must end in .csv, .tsv, .csv.gz, .zip, .parquet, .feather"),
        ("t.json", "cannot be read: its name must"),
        ("t.txt", "cannot be read: its name must"),
        ("folder.csv", "is a folder"),
        ("text.csv.gz", "no such archive: Not a gzipped"),
        ("cut.csv.gz", "damaged"),
        ("text.zip", "no such archive"),
        ("two.zip", "must hold one .csv or .tsv file, but holds a.csv, b.csv"),
        ("other.zip", "but holds a.xlsx"),
        ("none.zip", "but holds nothing"),
        ("t.tsv", "tabs must separate the columns, not commas"),
        ("t.parquet", "cannot be read as a Parquet file"),
        ("t.feather", "cannot be read as a Feather file"),
    ],
)
def test_files_that_are_no_tables(tmp_path, name, message):
    file = tmp_path / name
    members = {"two.zip": ["a.csv", "b.csv"], "other.zip": ["a.xlsx"], "none.zip": []}
    if name == "folder.csv":
        file.mkdir()
    elif name == "cut.csv.gz":
        file.write_bytes(gzip.compress(frame(300).to_csv(index=False).encode())[:-9])
    elif name in members:
        with zipfile.ZipFile(file, "w") as archive:
            for member in members[name]:
                archive.writestr(member, ROWS)
    else:
        file.write_text(ROWS)
    with pytest.raises((ValueError, IsADirectoryError), match=message) as caught:
        read_table(file)
    assert "\n" not in str(caught.value)


def test_files_that_are_not_there_or_no_files(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no such file: .*absent\.csv"):
        read_table(tmp_path / "absent.csv")
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(IsADirectoryError, match="no regular file"):
        read_table(tmp_path / "pipe.csv")


@pytest.mark.parametrize("kind", ["parquet", "feather"])
def test_saved_frames_without_pyarrow_are_explained(tmp_path, monkeypatch, kind):
    def no_engine(path):
        raise ImportError("no engine")

    monkeypatch.setattr(pd, f"read_{kind}", no_engine)
    (tmp_path / f"t.{kind}").touch()
    with pytest.raises(ImportError, match="pip install pyarrow, or save the table as CSV"):
        read_table(tmp_path / f"t.{kind}")


# ---- folders, and the target --------------------------------------------------------------------


def test_tables_are_found_by_name(tmp_path):
    for name in ("b.csv", "a.csv.gz", "C.TSV", "results.csv"):
        frame().to_csv(tmp_path / name, index=False)
    (tmp_path / "notes.txt").write_text("no table")
    (tmp_path / "packed.zip").touch()
    (tmp_path / "folder.csv").mkdir()
    assert list(table_files(tmp_path, {"results.csv"})) == ["C", "a", "b"]
    assert list(table_files(tmp_path / "b.csv")) == ["b"]
    assert list(table_files(tmp_path / "packed.zip")) == ["packed"]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ([], "is a folder without a table"),
        (["a.zip"], "is a folder without a table"),
        (["a.csv", "a.csv.gz"], "same table in two formats"),
    ],
)
def test_folders_without_a_clear_table_are_refused(tmp_path, files, message):
    for file in files:
        frame().to_csv(tmp_path / file, index=False)
    with pytest.raises(ValueError, match=message):
        table_files(tmp_path)


def test_the_target_is_named_or_called_target_or_last():
    X = frame()
    assert separate_target(X, None, name="t")[1].name == "member"
    assert separate_target(X, "town", ["age"], name="t")[0].columns.tolist() == ["count", "member"]
    assert separate_target(X.assign(target=1, last=2), None, name="t")[1].name == "target"
    with pytest.raises(ValueError, match=r"t has no column 'kind', 'Age'; its columns are 'age',"):
        separate_target(X, "kind", ["Age"], name="t")
    with pytest.raises(ValueError, match="cannot be dropped"):
        separate_target(X, "town", ["town"], name="t")


def test_a_header_that_lacks_a_name_is_no_row_names(tmp_path):
    """Numbers in front that do not count the rows are a column whose name was lost."""
    lines = [f"{20 + 2 * k}.5,{k % 2},yes,n{k}" for k in range(6)]
    file = tmp_path / "t.csv"
    file.write_text("\n".join(["age,income,y", *lines]) + "\n")
    with pytest.raises(ValueError, match=r"t\.csv"):
        read_table(file)
    counted = [f"{k + 1},{k % 2},yes,n{k}" for k in range(6)]
    file.write_text("\n".join(["a,b,c", *counted]) + "\n")
    assert list(read_table(file).frame.columns) == ["a", "b", "c"]


def test_labels_that_are_one_number_are_told(tmp_path):
    read = read_table(written(tmp_path, "a,y\n1,1\n2,1.0\n3,0\n4,0\n5,1.00\n"))
    [told] = labels_of_one_number(read, "y")
    assert told.startswith("the labels '1', '1.0', '1.00' of 'y' in ")
    assert told.endswith("t.csv are the same number, and one class")
    for content in ("a,y\n1,1.0\n2,0.0\n", "a,y\n1,1\n2,0\n", "a,y\n1,1\n2,1.0\n3,x\n"):
        assert labels_of_one_number(read_table(written(tmp_path, content)), "y") == []


def test_labels_that_look_missing_are_told():
    frame = pd.DataFrame({"a": range(8), "y": ["yes"] * 3 + ["no"] * 3 + ["N/A", "none"]})
    with pytest.warns(UserWarning, match=r"'y' of t .*: 'N/A' \(1 rows\), 'none' .*--miss"):
        _, y = separate_target(frame, "y", name="t")
    assert y.tolist() == frame["y"].tolist()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        separate_target(frame[:6], "y", name="t")
