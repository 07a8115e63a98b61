"""The command: what it writes, what it refuses, and that it survives being killed."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from imblearn.over_sampling import SMOTE
from sklearn.preprocessing import StandardScaler

from gan_resample.cli import main
from gan_resample.engine.net import GameNet
from tests.evaluation.helpers import mixed_table

ROOT = Path(__file__).parent.parent
FEW = ["--samplers", "none,spread", "--classifiers", "knn", "--cv", "2", "--n-jobs", "1"]


@pytest.fixture
def table(tmp_path):
    X, y = mixed_table()
    file = tmp_path / "mine.csv"
    X.assign(kind=y).to_csv(file, index=False)
    return file


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


def test_a_folder_of_tables_and_a_bundled_set(table, tmp_path, capsys):
    (tmp_path / "tables").mkdir()
    for name in ("a.csv", "b.csv.gz"):
        pd.read_csv(table).to_csv(tmp_path / "tables" / name, index=False)
    assert compare(tmp_path / "tables", "--out", tmp_path / "out", *FEW) == 0
    assert pd.read_csv(tmp_path / "out" / "results.csv")["data"].unique().tolist() == ["a", "b"]
    assert "2 data sets" in capsys.readouterr().out
    assert compare("wine", "--out", tmp_path / "wine", *FEW) == 0


def test_columns_can_be_dropped_and_declared_categories(table, tmp_path):
    X = pd.read_csv(table).assign(name=[f"n{i}" for i in range(90)])
    X.to_csv(table, index=False)
    chosen = ["--target", "kind", "--drop", "name", "--categorical", "count"]
    assert compare(table, *chosen, "--out", tmp_path / "out", *FEW) == 0
    assert "3 columns\n    (2 with categories)" in (tmp_path / "out" / "report.html").read_text()


def test_failed_cells_still_make_a_report(table, tmp_path, monkeypatch):
    from gan_resample import SpreadSMOTE

    def fail(self, X, y, **params):
        raise RuntimeError("no rows today")

    monkeypatch.setattr(SpreadSMOTE, "fit_resample", fail)
    assert compare(table, "--out", tmp_path / "out", *FEW) == 0
    assert "no rows today" in (tmp_path / "out" / "report.html").read_text()


def test_the_default_folder_has_the_name_of_the_table(table, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    other = tmp_path / "other.v2.CSV"
    pd.read_csv(table).to_csv(other, index=False)
    assert compare(table, *FEW) == 0
    assert compare(other, *FEW) == 0
    pages = sorted(tmp_path.glob("gan-resample-report/*/report.html"))
    assert [page.parent.name for page in pages] == ["mine", "other"]


def test_results_may_lie_where_the_tables_are(table, tmp_path, capsys):
    for _ in range(2):  # the second time, the results of the first are there too
        assert compare(tmp_path, "--out", tmp_path, *FEW) == 0
    assert pd.read_csv(tmp_path / "results.csv")["data"].unique().tolist() == ["mine"]


def test_a_folder_of_results_does_not_hide_a_bundled_set(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        assert compare("wine", "--out", "wine", *FEW) == 0


def test_results_of_another_table_are_not_written_over(table, tmp_path, capsys):
    assert compare(table, "--out", tmp_path / "out", *FEW) == 0
    before = (tmp_path / "out" / "report.html").read_text()
    assert compare("wine", "--out", tmp_path / "out", *FEW) == 2
    assert "are of mine, not of wine" in capsys.readouterr().err
    assert (tmp_path / "out" / "report.html").read_text() == before


def test_a_mistake_can_be_mended_in_the_same_folder(table, tmp_path):
    for wrong in (["--cv", "500"], ["--max-iter", "0"]):
        assert compare(table, "--out", tmp_path / "out", *FEW, *wrong) == 2
    assert compare(table, "--out", tmp_path / "out", *FEW) == 0


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
        (["{table}", "--target", "Kind"], "no column 'Kind'; its columns are amount, count"),
        (["{table}", "--target", "amount"], "the target of mine has 1 missing values"),
        (["{table}", "--drop", "kin"], "no column 'kin'"),
        (["{table}", "--categorical", "kin"], "no column 'kin'; its columns are amount, count"),
        (["wine", "--target", "kind"], "wine is a bundled set, whose columns are known"),
        (["wine", "--max-iter", "0"], "max_iter=0 must be a whole number of at least 1"),
        (["{table}", "--cv", "500"], "500"),
        (["wine", "--samplers", "smoot"], "unknown sampler 'smoot': known are none, class_weight"),
        (["wine", "--classifiers", "tree"], "unknown classifier 'tree': known are logistic, knn"),
        (["wine", "--cv", "1"], "cv=1 must be at least 2"),
        (["wine", "--out", "{table}"], "cannot write to --out"),
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


@pytest.mark.parametrize(
    ("target", "extra", "message"),
    [
        (["a"] * 90, {}, "has one class only"),
        (["a"] * 89 + ["b"], {}, "classes of one row"),
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


def test_other_data_under_the_same_name_are_refused(table, tmp_path, capsys):
    assert compare(table, "--out", tmp_path / "out", *FEW) == 0
    frame = pd.read_csv(table)
    frame.loc[0, "amount"] += 1
    frame.to_csv(table, index=False)
    assert compare(table, "--out", tmp_path / "out", *FEW) == 2
    assert "made otherwise (data mine: other rows, columns or labels)" in capsys.readouterr().err


def test_unknown_options_are_usage_errors(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["compare", "wine", "--folds", "5"])
    assert stopped.value.code == 2


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


# ---- resample -----------------------------------------------------------------------------------


def resample(*arguments):
    return main(["resample", *map(str, arguments)])


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
    for seed in (0, 0, 1):
        out = tmp_path / "out.csv"
        assert resample(whole_table, "--sampler", "spread", "--seed", seed, "--out", out) == 0
        written.append(out.read_bytes())
    assert written[0] == written[1] != written[2]


def test_whole_numbers_stay_whole(whole_table, tmp_path):
    frame = pd.read_csv(whole_table).astype({"count": int}).assign(flag=lambda t: t["count"] > 2)
    frame[["amount", "count", "flag", "kind"]].to_csv(whole_table, index=False)
    for sampler in ("smote", "spread"):
        out = tmp_path / "out.csv"
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
        (
            ["--sampler", "spread", "--out", "{folder}/x.xlsx"],
            "must end in .csv, .csv.gz, .parquet",
        ),
        (["--sampler", "spread", "--out", "{table}/x.csv"], "cannot write to --out"),
    ],
)
def test_resample_refuses(whole_table, tmp_path, capsys, arguments, message):
    filled = [text.format(table=whole_table, folder=tmp_path) for text in arguments]
    out = [] if "--out" in filled else ["--out", tmp_path / "out.csv"]
    assert resample(whole_table, *filled, *out) == 2
    assert message in capsys.readouterr().err


def test_resample_names_columns_with_missing_values(table, tmp_path, capsys):
    assert resample(table, "--sampler", "spread", "--out", tmp_path / "out.csv") == 2
    assert "missing values: amount (1), town (1)" in capsys.readouterr().err


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


def test_resample_does_not_write_over_its_table(whole_table, capsys):
    command = ["resample", whole_table, "--sampler", "random", "--out", whole_table]
    assert main([*map(str, command)]) == 2
    assert "is the table itself" in capsys.readouterr().err


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
