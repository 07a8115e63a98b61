"""The command ``compare``: what it writes and refuses, and that it survives being killed."""

import html
import os
import re
import shlex
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gan_resample.cli import main
from gan_resample.engine.net import GameNet
from tests.evaluation.helpers import mixed_table

ROOT = Path(__file__).parents[2]
FEW = ["--samplers", "none,spread", "--classifiers", "knn", "--cv", "2", "--n-jobs", "1"]
NONE = ["--samplers", "none", *FEW[2:]]


@pytest.fixture
def table(tmp_path):
    X, y = mixed_table()
    file = tmp_path / "mine.csv"
    X.assign(kind=y).to_csv(file, index=False)
    return file


@pytest.fixture
def no_pictures(monkeypatch):
    """They take most of the time, and are looked at elsewhere."""
    monkeypatch.setattr("gan_resample.evaluation.report.page._figures", lambda *asked: [])


def compare(*arguments):
    return main(["compare", *map(str, arguments)])


def test_compare_writes_results_and_ends_with_the_path_of_the_page(table, tmp_path, capsys):
    out = tmp_path / "out"
    assert compare(table, "--target", "kind", "--out", out, *FEW) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[-1] == str(out / "report.html")
    assert "mine" in " ".join(printed)
    results = pd.read_csv(out / "results.csv")
    assert results.groupby("sampler").size().to_dict() == {"none": 2, "spread": 2}
    assert "balanced_accuracy_difference" in pd.read_csv(out / "summary.csv")
    assert {file.name for file in out.iterdir()} == {
        "report.html", "results.csv", "results.sqlite", "summary.csv",
    }  # fmt: skip


@pytest.mark.usefixtures("no_pictures")
def test_a_folder_of_tables_and_a_bundled_set(table, tmp_path, capsys):
    (tmp_path / "tables").mkdir()
    for name in ("a.csv", "b.csv.gz"):
        pd.read_csv(table).to_csv(tmp_path / "tables" / name, index=False)
    assert compare(tmp_path / "tables", "--out", tmp_path / "out", *FEW) == 0
    assert pd.read_csv(tmp_path / "out" / "results.csv")["data"].unique().tolist() == ["a", "b"]
    assert "2 data sets" in capsys.readouterr().out
    assert compare("wine", "--out", tmp_path / "wine", *FEW) == 0


@pytest.mark.usefixtures("no_pictures")
def test_columns_can_be_dropped_and_declared_categories(table, tmp_path):
    X = pd.read_csv(table).assign(name=[f"n{i}" for i in range(90)])
    X.to_csv(table, index=False)
    chosen = ["--target", "kind", "--drop", "name", "--categorical", "count"]
    assert compare(table, *chosen, "--out", tmp_path / "out", *FEW) == 0
    assert "3 columns\n    (2 with categories)" in (tmp_path / "out" / "report.html").read_text()


@pytest.mark.usefixtures("no_pictures")
def test_failed_cells_still_make_a_report(table, tmp_path, monkeypatch):
    from gan_resample import SpreadSMOTE

    def fail(self, X, y, **params):
        raise RuntimeError("no rows today")

    monkeypatch.setattr(SpreadSMOTE, "fit_resample", fail)
    assert compare(table, "--out", tmp_path / "out", *FEW) == 0
    assert "no rows today" in (tmp_path / "out" / "report.html").read_text()


@pytest.mark.usefixtures("no_pictures")
def test_the_default_folder_has_the_name_of_the_table(table, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    other = tmp_path / "other.v2.CSV"
    pd.read_csv(table).to_csv(other, index=False)
    assert compare(table, *FEW) == 0
    assert compare(other, *FEW) == 0
    pages = sorted(tmp_path.glob("gan-resample-report/*/report.html"))
    assert [page.parent.name for page in pages] == ["mine", "other"]


@pytest.mark.usefixtures("no_pictures")
def test_results_may_lie_where_the_tables_are(table, tmp_path, capsys):
    for _ in range(2):  # the second time, the results of the first are there too
        assert compare(tmp_path, "--out", tmp_path, *FEW) == 0
    assert pd.read_csv(tmp_path / "results.csv")["data"].unique().tolist() == ["mine"]


@pytest.mark.usefixtures("no_pictures")
def test_a_folder_of_results_does_not_hide_a_bundled_set(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        assert compare("wine", "--out", "wine", *FEW) == 0


@pytest.mark.usefixtures("no_pictures")
def test_results_of_another_table_are_not_written_over(table, tmp_path, capsys):
    assert compare(table, "--out", tmp_path / "out", *FEW) == 0
    before = (tmp_path / "out" / "report.html").read_text()
    assert compare("wine", "--out", tmp_path / "out", *FEW) == 2
    assert "are of mine, not of wine" in capsys.readouterr().err
    assert (tmp_path / "out" / "report.html").read_text() == before


@pytest.mark.usefixtures("no_pictures")
def test_a_mistake_can_be_mended_in_the_same_folder(table, tmp_path):
    for wrong in (["--cv", "500"], ["--max-iter", "0"]):
        assert compare(table, "--out", tmp_path / "out", *FEW, *wrong) == 2
    assert compare(table, "--out", tmp_path / "out", *FEW) == 0


@pytest.mark.usefixtures("no_pictures")
def test_columns_of_some_tables_of_a_folder(table, tmp_path):
    X = pd.read_csv(table)
    (tmp_path / "tables").mkdir()
    X.assign(name=[f"n{i}" for i in range(90)]).to_csv(tmp_path / "tables" / "a.csv", index=False)
    X.to_csv(tmp_path / "tables" / "b.csv", index=False)
    chosen = ["--target", "kind", "--drop", "name", "--categorical", "count"]
    assert compare(tmp_path / "tables", *chosen, "--out", tmp_path / "out", *FEW) == 0


def test_labels_with_dollars_make_a_page(table, tmp_path):
    X = pd.read_csv(table)
    X["kind"] = X["kind"].map({name: f"${name}_$" for name in X["kind"].unique()})
    X.to_csv(table, index=False)
    assert compare(table, "--target", "kind", "--out", tmp_path / "out", *FEW) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["absent.csv"], "no such file or folder: absent.csv; bundled names are digits"),
        (["{table}", "--target", "Kind"], "no column 'Kind'; its columns are 'amount', 'count'"),
        (["{table}", "--target", "amount"], "the target of mine has 1 missing value:"),
        (["{table}", "--drop", "kin"], "no column 'kin'"),
        (
            ["{table}", "--categorical", "kin"],
            "no column 'kin'; its columns are 'amount', 'count'",
        ),
        (["wine", "--target", "kind"], "wine is a bundled set, whose columns are known"),
        (["wine", "--max-iter", "0"], "max_iter=0 must be a whole number of at least 1"),
        (["{table}", "--cv", "500"], "500"),
        (["wine", "--samplers", "smoot"], "unknown sampler 'smoot': known are none, class_weight"),
        (["wine", "--classifiers", "tree"], "unknown classifier 'tree': known are logistic, knn"),
        (["wine", "--cv", "1"], "cv=1 must be at least 2"),
        (["wine", "--out", "{table}"], "it is a file, name a folder"),
        (["wine", "--seed", "-1"], "random_state=-1 must be a whole number of at least 0"),
        (["wine", "--n-jobs", "0"], "n_jobs=0 must be a number of processes, such as 2, or -1"),
        (["wine", "--time-limit", "0"], "time_limit=0.0 must be a number of minutes above 0"),
        (["wine", "--out", "{table}/below"], "cannot write to --out"),
    ],
)
def test_usage_errors_are_told_in_one_line(table, tmp_path, capsys, arguments, message):
    filled = [text.format(table=table) for text in arguments]
    out = [] if "--out" in filled else ["--out", tmp_path / "out"]
    assert compare(*filled, *out) == 2
    told = capsys.readouterr().err
    assert told.startswith("gan-resample: ")
    assert message in told
    if message.startswith(("random_state", "n_jobs", "max_iter", "time_limit")):
        assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("target", "extra", "message"),
    [
        (["a"] * 90, {}, "has one class only"),
        (["a"] * 89 + ["b"], {}, "class of one row"),
        (None, {"empty": np.nan}, "'empty' of mine has no value at all"),
        (None, {"id": [f"row {i}" for i in range(90)]}, "--drop id"),
    ],
)
def test_tables_that_cannot_be_compared_on(table, tmp_path, capsys, target, extra, message):
    frame = pd.read_csv(table).assign(**extra)
    if target:
        frame["kind"] = target
    frame.to_csv(table, index=False)
    assert compare(table, "--target", "kind", "--out", tmp_path / "out") == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("no_pictures")
def test_a_time_limit_leaves_a_report_and_the_command_goes_on(table, tmp_path, capsys):
    out = tmp_path / "out"
    asked = (table, "--target", "kind", "--out", out, *FEW)
    assert compare(*asked, "--time-limit", "1e-9") == 0
    told = "The time limit was reached before 3 fits of a sampler"
    assert told in capsys.readouterr().out
    assert told in (out / "report.html").read_text()
    status = pd.read_csv(out / "results.csv", keep_default_na=False)["status"]
    assert status.tolist() == ["ok"] + ["missing"] * 3
    assert compare(*asked) == 0
    assert "time limit" not in capsys.readouterr().out
    assert "time limit was" not in (out / "report.html").read_text()
    assert (pd.read_csv(out / "results.csv")["status"] == "ok").all()


@pytest.mark.usefixtures("no_pictures")
def test_other_data_under_the_same_name_are_refused(table, tmp_path, capsys):
    assert compare(table, "--out", tmp_path / "out", *FEW) == 0
    frame = pd.read_csv(table)
    frame.loc[0, "amount"] += 1
    frame.to_csv(table, index=False)
    assert compare(table, "--out", tmp_path / "out", *FEW) == 2
    assert (
        "made otherwise (data mine: other rows, columns, labels or groups)"
        in capsys.readouterr().err
    )


@pytest.mark.usefixtures("no_pictures")
def test_rows_of_a_group_stay_together(table, tmp_path, capsys):
    frame = pd.read_csv(table).assign(patient=[f"p{n // 3:02}" for n in range(90)])
    frame.to_csv(table, index=False)
    out, chosen = tmp_path / "out", ["--target", "kind", "--groups", "patient"]
    assert compare(table, *chosen, "--out", out, *NONE) == 0
    told = "the 30 groups of 'patient' in mine are each in the training part or in the test part"
    assert f"note: {told}" in capsys.readouterr().err
    page = html.unescape((out / "report.html").read_text())
    assert told in page
    assert "90 rows, 3 columns" in page  # amount, count, town
    assert "Rows of 30 groups, none of which stands in training and test parts alike." in page
    assert compare(table, *chosen[:2], "--drop", "patient", "--out", out, *NONE) == 2
    assert "data mine: other rows, columns, labels or groups" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--groups", "nobody", "--target", "kind"], "has no column 'nobody'; its columns are"),
        (["--groups", "kind"], "column 'kind' of mine is named by --groups, and taken for the"),
        (["--groups", "town", "--drop", "town"], "named by --drop and by --groups: choose"),
        (
            ["--groups", "town", "--target", "kind"],
            "1 row of mine has no group: name one for each",
        ),
    ],
)
def test_groups_that_cannot_be_are_refused(table, tmp_path, capsys, arguments, message):
    assert compare(table, *arguments, "--out", tmp_path / "out", *NONE) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_bundled_set_has_no_groups(capsys):
    assert compare("wine", "--groups", "ash", *NONE) == 2
    assert (
        "leave out --target, --drop, --categorical, --id, --groups and" in capsys.readouterr().err
    )


def test_unknown_options_are_usage_errors(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["compare", "wine", "--folds", "5"])
    assert stopped.value.code == 2


# ---- what was guessed, and what cannot be used --------------------------------------------------


@pytest.mark.usefixtures("no_pictures")
def test_what_was_guessed_is_said_and_stands_in_the_report(table, tmp_path, capsys):
    frame = pd.read_csv(table).assign(price=[f"{1000 + 7 * i:,}" for i in range(90)])
    frame.insert(0, "customer", range(500, 590))
    frame.insert(1, "order", range(90, 0, -1))
    lines = frame.to_csv(index=False).splitlines()
    table.write_text("\n".join([lines[0], *(f"{line}," for line in lines[1:])]))
    out = tmp_path / "out"
    chosen = ["--target", "kind", "--id", "order"]
    assert compare(table, *chosen, "--out", out, *FEW) == 0
    told = capsys.readouterr().err
    assert "note: column 'price' of mine: numbers written as text, such as '1,000'" in told
    assert "warning: column 'customer' of mine holds whole numbers, another one in every" in told
    assert "(--id customer, or --drop customer)" in told
    assert told.count("'customer'") == 1
    assert "'order'" not in told
    assert f"note: lines of {table} end in a separator" in told
    page = (out / "report.html").read_text()
    [part] = re.findall(
        r"<details open><summary>How the columns were read.*?</details>", page, re.S
    )
    part = html.unescape(part)
    assert "<dt>numbers (4)</dt><dd>customer, amount, count, price</dd>" in part
    assert "<dt>categories (1)</dt><dd>town</dd>" in part
    assert "<dt>identifiers, which are no features (1)</dt><dd>order</dd>" in part
    assert "price: numbers written as text" in part
    assert "end in a separator" in part


@pytest.mark.usefixtures("no_pictures")
def test_all_columns_that_cannot_be_used_are_listed_with_one_drop(table, tmp_path, capsys):
    frame = pd.read_csv(table).assign(name=[f"n{i}" for i in range(90)], void=np.nan)
    frame["day, signed"] = pd.date_range("2026-01-01", periods=90).strftime("%Y-%m-%d")
    frame["age"] = [*range(20, 100), *["NULL"] * 10]
    frame.to_csv(table, index=False)
    assert compare(table, "--target", "kind", "--out", tmp_path / "out", *FEW) == 2
    told = capsys.readouterr().err
    for words in ("'name' is text with 90", "'void' has no value", "'day, signed' holds dates"):
        assert words in told
    assert "'age' holds numbers, but also cells that are none: 'NULL' (10)" in told
    drop = """--drop 'name,void,"day, signed",age'"""
    assert drop in told
    chosen = [*shlex.split(drop), "--target", "kind"]
    assert compare(table, *chosen, "--out", tmp_path / "out", *FEW) == 0


def test_all_columns_of_a_folder_that_cannot_be_used_are_listed(table, tmp_path, capsys):
    (tmp_path / "tables").mkdir()
    for name, column in (("a", "one"), ("b", "two")):
        frame = pd.read_csv(table)
        frame.insert(0, column, [f"n{i}" for i in range(90)])
        frame.to_csv(tmp_path / "tables" / f"{name}.csv", index=False)
    assert compare(tmp_path / "tables", "--out", tmp_path / "out", *FEW) == 2
    told = capsys.readouterr().err
    assert "'one' of a is text with 90" in told
    assert "'two' of b is text with 90" in told
    assert "(--drop one,two)" in told


@pytest.mark.usefixtures("no_pictures")
def test_cells_that_are_said_to_have_no_value(table, tmp_path):
    frame = pd.read_csv(table).assign(age=[*range(20, 100), *["-"] * 10])
    frame.to_csv(table, index=False)
    chosen = ["--target", "kind", "--missing", "-,NULL"]
    assert compare(table, *chosen, "--out", tmp_path / "out", *FEW) == 0
    assert "12 missing values" in (tmp_path / "out" / "report.html").read_text()


# ---- nobody's files are written over ------------------------------------------------------------


@pytest.mark.parametrize("name", ["results.csv", "summary.csv"])
def test_a_table_is_not_written_over_by_its_results(table, tmp_path, monkeypatch, capsys, name):
    own = tmp_path / "own"
    own.mkdir()
    table = table.rename(own / name)
    before = table.read_bytes()
    monkeypatch.chdir(own)
    for data in (name, "."):
        assert compare(data, "--target", "kind", "--out", ".", *FEW) == 2
        assert "--out" in capsys.readouterr().err
    assert {file.name: file.read_bytes() for file in own.iterdir()} == {name: before}


def test_links_to_a_table_are_not_written_over(table, tmp_path, capsys):
    before = table.read_bytes()
    for link in (os.link, os.symlink):
        out = tmp_path / link.__name__
        out.mkdir()
        link(table, out / "results.csv")
        assert compare(table, "--target", "kind", "--out", out, *FEW) == 2
        assert "would write over" in capsys.readouterr().err
    assert table.read_bytes() == before


@pytest.mark.usefixtures("no_pictures")
def test_files_of_others_are_not_written_over(table, tmp_path, capsys):
    """Neither beside no store nor beside one of ours."""
    out = tmp_path / "out"
    out.mkdir()
    names = ("results.csv", "summary.csv", "report.html")
    for name in names:
        (out / name).write_text("mine")
        assert compare(table, "--target", "kind", "--out", out, *FEW) == 2
        assert f"holds {name}, which is not of a comparison" in capsys.readouterr().err
        assert [file.name for file in out.iterdir()] == [name]
        (out / name).unlink()
    for _ in range(2):
        assert compare(table, "--target", "kind", "--out", out, *FEW) == 0
    for name in names:
        ours = (out / name).read_bytes()
        for changed in (b"mine", ours + b"mine\n"):
            (out / name).write_bytes(changed)
            assert compare(table, "--target", "kind", "--out", out, *FEW) == 2
            assert f"holds {name}, which is not of a comparison" in capsys.readouterr().err
            assert (out / name).read_bytes() == changed
        (out / name).write_bytes(ours)
    assert compare(table, "--target", "kind", "--out", out, *FEW) == 0


@pytest.mark.usefixtures("no_pictures")
def test_a_probe_for_writing_leaves_no_file_and_takes_none(table, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / ".writable").write_text("mine")
    assert compare(table, "--target", "kind", "--out", out, *FEW) == 0
    assert {file.name: None for file in out.iterdir()}.keys() == {
        ".writable", "report.html", "results.csv", "results.sqlite", "summary.csv",
    }  # fmt: skip
    assert (out / ".writable").read_text() == "mine"


# ---- killed and started again -------------------------------------------------------------------


def start(table, out):
    arguments = ["compare", table, "--out", out, "--samplers", "none,spread,smote,gamo"]
    arguments += [
        "--classifiers",
        "knn,logistic",
        "--cv",
        "5",
        "--repeats",
        "2",
        "--max-iter",
        "60",
    ]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "gan_resample", *map(str, arguments), "--n-jobs", "2"],
        env=environment, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def n_records(out):
    try:
        with sqlite3.connect(f"file:{out / 'results.sqlite'}?mode=ro", uri=True) as connection:
            return connection.execute("SELECT count(*) FROM records").fetchone()[0]
    except sqlite3.OperationalError:  # not there yet
        return 0


@pytest.mark.slow
def test_killing_loses_nothing_finished_and_the_command_goes_on(table, tmp_path):
    out = tmp_path / "killed"
    for least in (3, 30, 60):  # of 40 tasks with three records each
        process = start(table, out)
        give_up = time.monotonic() + 120
        while n_records(out) < least and time.monotonic() < give_up:
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        assert least <= n_records(out) < 120
        assert n_records(out) % 3 == 0  # whole tasks only
    before = records(out)

    process = start(table, out)
    printed, _ = process.communicate(timeout=300)
    assert process.returncode == 0
    assert printed.splitlines()[-1] == str(out / "report.html")
    after = records(out)
    assert {key: after[key] for key in before} == before
    whole = tmp_path / "whole"
    process = start(table, whole)
    process.communicate(timeout=300)
    left, right = (pd.read_csv(folder / "results.csv") for folder in (out, whole))
    pd.testing.assert_frame_equal(
        left.drop(columns="fit_seconds"), right.drop(columns="fit_seconds")
    )


def records(out):
    with sqlite3.connect(out / "results.sqlite") as connection:
        return {tuple(key): body for *key, body in connection.execute("SELECT * FROM records")}


@pytest.mark.parametrize("command", ["compare", "resample"])
def test_ctrl_c_in_a_fit_ends_either_command_with_130(command, table, tmp_path, monkeypatch):
    def press(net, batch, step=GameNet.train_step):
        if net.module_.rounds_played == 3:
            signal.raise_signal(signal.SIGINT)
        return step(net, batch)

    monkeypatch.setattr(GameNet, "train_step", press)
    out = tmp_path / ("out" if command == "compare" else "out.csv")
    own = {
        "compare": ["--samplers", "gamo", "--classifiers", "knn", "--cv", "2", "--n-jobs", "1"],
        "resample": ["--sampler", "gamo", "--drop", "amount,town"],
    }[command]
    arguments = [command, table, "--target", "kind", "--max-iter", "8", "--out", out, *own]
    assert main(list(map(str, arguments))) == 130
    if command == "resample":
        assert not out.exists()
    else:
        with sqlite3.connect(out / "results.sqlite") as connection:
            assert connection.execute("SELECT count(*) FROM records").fetchone() == (0,)
