"""Examples and benchmarks run from the command line, at few rounds."""

import json
import os
import runpy
import sqlite3
import sys
import warnings
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryFile

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).parent.parent
# run inside this process by test_new_estimators.py, which checks what they define
NEW = {"plot_new_game", "plot_new_sampler"}
EXAMPLES = [p for p in sorted((ROOT / "examples").glob("plot_*.py")) if p.stem not in NEW]


def run(*command):
    """Run a script, or ``-m module``, in a fork of this process, where libraries are loaded."""
    with TemporaryFile("w+") as output, TemporaryFile("w+") as errors:
        streams = output.fileno(), errors.fileno()
        child = get_context("fork").Process(target=_run, args=(streams, [*map(str, command)]))
        child.start()
        child.join()
        told, complaints = (file.seek(0) or file.read() for file in (output, errors))
    assert child.exitcode == 0, complaints
    return told


def _run(streams, command):
    for own, given in zip((1, 2), streams, strict=True):
        os.dup2(given, own)
    sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    os.environ |= {"GAN_RESAMPLE_QUICK": "1", "PYTHONPATH": str(ROOT)}
    warnings.resetwarnings()  # those of pytest
    plt.switch_backend("Agg")
    try:
        if command[0] == "-m":
            sys.argv = command[1:]
            runpy.run_module(command[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv = command
            runpy.run_path(command[0], run_name="__main__")
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_gallery_example(path):
    run(path)


def test_speed_benchmark(tmp_path):
    file = tmp_path / "speed.json"
    run("-m", "benchmarks.speed", "--quick", "--json", file)
    assert json.loads(file.read_text())


@pytest.mark.slow
def test_speed_of_images(tmp_path):
    file = tmp_path / "speed.json"
    command = ["--quick", "--threads", "1", "--json", file]
    assert "time ratio" in run("-m", "benchmarks.speed.images", *command)
    assert json.loads(file.read_text())["rows"]


@pytest.mark.slow
def test_reproduction_of_dvaan_goes_on_and_leaves_what_was_not_run_empty(tmp_path):
    rng = np.random.default_rng(0)
    y = np.repeat([5, 6], 40)
    X = rng.integers(0, 256, (len(y), 1, 12, 12), dtype=np.uint8)
    np.savez(tmp_path / "mnist.npz", X_train=X, y_train=y, X_test=X, y_test=y)
    file, table = tmp_path / "runs.json", tmp_path / "table.inc"
    script = "benchmarks.papers.dvaan"
    command = ["--data", tmp_path, "--json", file, "--sets", "mnist", "--quick", "--jobs", "1"]
    assert run("-m", script, *command, "--table").count("missing: mnist, ") == 32
    assert "missing" not in run("-m", script, *command, "--rst", table)
    records = json.loads(file.read_text())
    assert len(records) == 32
    assert all(0 <= record["auc"] <= 1 for record in records)
    assert "DVAAN, PAPER_SETTINGS" in table.read_text()
    file.write_text(json.dumps(records[:-1]))
    printed = run("-m", script, *command, "--table")
    assert printed.count("missing: mnist, 50, flat, discriminator alone, class weights, 0") == 1


@pytest.mark.slow
def test_reproduction_of_cyclegan_goes_on_and_leaves_what_was_not_run_empty(tmp_path):
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], 40)
    X = rng.integers(0, 256, (len(y), 1, 12, 12), dtype=np.uint8)
    np.savez(tmp_path / "pneumonia_mnist.npz", X_train=X, y_train=y, X_test=X, y_test=y)
    file, table = tmp_path / "runs.json", tmp_path / "table.inc"
    script = "benchmarks.papers.cyclegan"
    command = ["--data", tmp_path, "--json", file, "--sets", "pneumonia_mnist", "--quick"]
    command += ["--jobs", "1"]
    assert run("-m", script, *command, "--table").count("missing: pneumonia_mnist, 100, ") == 12
    assert "missing" not in run("-m", script, *command, "--rst", table)
    records = json.loads(file.read_text())
    assert len(records) == 12
    by_row = {record["row"]: record for record in records}
    assert by_row["vanilla"]["auc"] == by_row["threshold scaling"]["auc"]
    assert by_row["AUG"]["distance"] > 0
    assert "undersampling" in table.read_text()
    file.write_text(json.dumps(records[:-1]))
    assert run("-m", script, *command, "--table").count("missing: ") == 1


@pytest.mark.slow
def test_reproduction_goes_on_where_it_stopped(tmp_path):
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(10), 12)
    X = rng.integers(0, 256, (len(y), 1, 28, 28), dtype=np.uint8)
    np.savez(tmp_path / "mnist.npz", X_train=X, y_train=y, X_test=X, y_test=y)
    file = tmp_path / "runs.json"
    script = "benchmarks.papers.gamo"
    command = ["--data", tmp_path, "--json", file, "--sets", "mnist", "--quick", "--jobs", "1"]
    printed = run("-m", script, *command, "--table")
    assert printed.count("missing: mnist, ") == 22
    assert not file.exists()
    assert "missing" not in run("-m", script, *command)
    records = json.loads(file.read_text())
    assert len(records) == 22
    file.write_text(json.dumps(records[:-1]))  # the last run is lost: it alone is run again
    printed = run("-m", script, *command)
    assert "1 of 1: mnist, paper" in printed
    again = json.loads(file.read_text())
    assert [r["acsa"] for r in again] == [r["acsa"] for r in records]


def noise_images(file, classes, n, shape):
    """A data set of noise: what matters is that it goes through."""
    rng = np.random.default_rng(0)
    y = np.repeat(classes, n)
    X = rng.integers(0, 256, (len(y), *shape), dtype=np.uint8)
    np.savez(file, X_train=X, y_train=y, X_test=X, y_test=y)


@pytest.mark.parametrize(
    ("script", "data", "classes", "shape", "options", "n_records", "told"),
    [
        pytest.param(
            *("papers.pgan", "mnist", range(10), (1, 28, 28)),
            *(["--sets", "mnist"], 6, "SMOTE + SVM"),
            marks=pytest.mark.slow,
        ),
        pytest.param(
            *("papers.egan", "cifar10", range(2), (3, 32, 32), [], 15, "constant's F1"),
            marks=pytest.mark.slow,
        ),
        pytest.param(
            *(
                "scoreboard.transfer",
                "fashion_mnist",
                range(10),
                (1, 28, 28),
                [],
                16,
                "from nothing",
            ),
            marks=pytest.mark.slow,
        ),
    ],
)
def test_reproductions_keep_what_is_finished(
    tmp_path, script, data, classes, shape, options, n_records, told
):
    noise_images(tmp_path / f"{data}.npz", classes, 30, shape)
    file, table = tmp_path / "runs.json", tmp_path / "table.inc"
    command = ["-m", f"benchmarks.{script}", "--data", tmp_path, "--json", file]
    command += [*options, "--quick", "--jobs", "1"]
    assert "missing" not in run(*command, "--rst", table)
    records = json.loads(file.read_text())
    assert len(records) == n_records
    assert told in table.read_text()
    file.write_text(json.dumps(records[:-1]))
    assert run(*command, "--table").count("missing: ") == 1


def test_the_constant_prediction_stands_beside_every_figure_of_egan(tmp_path):
    noise_images(tmp_path / "cifar10.npz", range(2), 30, (3, 32, 32))
    command = ["--data", tmp_path, "--json", tmp_path / "runs.json", "--table"]
    printed = run("-m", "benchmarks.papers.egan", *command)
    rows = [line for line in printed.splitlines() if line.startswith("| 1:")]
    assert len(rows) == 5 * (1 + 3 * 3)
    assert all("| .667 " in row for row in rows)


def small_tables(folder, names, n=60):
    """Tables of noise with a trace of signal, one of them mixed and with missing values."""
    tabular = folder / "tabular"
    tabular.mkdir()
    for seed, name in enumerate(names):
        rng = np.random.default_rng(seed)
        y = np.repeat(["common", "rare"], [n - 15, 15])
        frame = pd.DataFrame(rng.normal(size=(n, 3)), columns=list("abc")).assign(target=y)
        frame.loc[y == "rare", "a"] += 1
        if seed == 0:
            frame["b"] = rng.choice(["x", "y"], n)
            frame.loc[3, "c"] = np.nan
        frame.to_csv(tabular / f"{name}.csv.gz", index=False)
    about = {name: {"categorical": ["b"] if seed == 0 else []} for seed, name in enumerate(names)}
    (tabular / "index.json").write_text(json.dumps(about))


SCOREBOARD = ("-m", "benchmarks.scoreboard")
# families of public tables in their halves, as they were drawn before anything ran
DEVELOPMENT = """abalone adult bank_marketing coil_2000 german_credit glass haberman
lymphography-normal-fibrosis nursery oil page-blocks pen_digits phoneme pima poker-8-9_vs_5
solar_flare_m0 splice thoracic_surgery us_crime yeast"""
CONFIRMATION = """arrhythmia car climate_crashes creditcard_sample ecoli flare-f hypothyroid
kddcup-buffer_overflow_vs_back lending_club letter_img libras_move mammography optical_digits
ozone_level satimage segment0 telco_churn vehicle1 vowel0 wine_quality yeast_ml8"""
RELATIVES = """abalone19 abalone9-18 car-good car-vgood ecoli3 ecoli4 glass1 glass5 page-blocks0
page-blocks-1-3_vs_4 poker-9_vs_7 sick_euthyroid thyroid_sick winequality-red-4 yeast-2_vs_4 yeast1
yeast4 yeast6"""


def test_halves_of_the_scoreboard_are_those_that_were_written_down(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    from benchmarks.scoreboard.families import halves

    development, confirmation = DEVELOPMENT.split(), CONFIRMATION.split()
    tables = [*RELATIVES.split(), *confirmation, *development]
    assert len(set(tables)) == 59
    assert halves(tables) == (development, confirmation)


def test_scoreboard_starts_from_what_is_kept(tmp_path):
    small_tables(tmp_path, ["german_credit", "yeast", "yeast4", "libras_move"])
    kept = tmp_path / "kept"
    kept.mkdir()
    command = [*SCOREBOARD, "--data", tmp_path, "--samplers", "none", "smote", "spread", "gamo"]
    command += ["--classifiers", "logistic", "--folds", "2", "--max-iter", "5", "--jobs", "1"]
    command += ["--kept", kept]
    first = run(*command, "--store", tmp_path / "first.sqlite", "--keep")
    assert "all (3 tables): minus smote" in first  # yeast4 is of yeast's family
    assert "development (2 tables): GAMOClassifier minus" in first
    assert "confirmation (1 tables): minus smote" in first
    assert (kept / "scoreboard.inc").read_text().count("list-table") == 12
    assert not (kept / "scoreboard.png").exists()  # three tables are too few to rank
    again = run(*command, "--store", tmp_path / "second.sqlite")
    assert again == first
    ran = sqlite3.connect(tmp_path / "second.sqlite").execute("SELECT body FROM records")
    assert sum(json.loads(body)["status"] == "ok" for (body,) in ran) > 50


@pytest.mark.slow
def test_scoreboard_runs_half_after_half_and_without_smote(tmp_path):
    small_tables(tmp_path, ["german_credit", "libras_move"])
    command = [*SCOREBOARD, "--data", tmp_path, "--kept", tmp_path]
    command += ["--store", tmp_path / "s.sqlite", "--samplers", "spread", "random", "--folds", "2"]
    command += ["--classifiers", "knn", "--no-networks", "--jobs", "1"]
    assert "development (1 tables): minus spread" in run(*command, "--half", "development")
    printed = run(*command, "--half", "confirmation")
    assert "confirmation (1 tables): minus spread" in printed
    assert "by classifier" not in printed  # nothing ran to subtract


def test_results_go_on_with_another_build_of_torch_and_patch_of_python(tmp_path, monkeypatch):
    import platform

    import torch

    from gan_resample.evaluation import compare

    arguments = ("wine", ["none"], ["knn"], 2)
    compare(*arguments, store=tmp_path / "s.sqlite")
    release = torch.__version__.partition("+")[0]
    major, minor, _ = platform.python_version_tuple()
    monkeypatch.setattr(torch, "__version__", f"{release}+other")
    monkeypatch.setattr(platform, "python_version_tuple", lambda: (major, minor, "99"))
    found = compare(*arguments, store=tmp_path / "s.sqlite")
    assert found.about["versions"]["torch"] == f"{release}+other"


@pytest.mark.slow
def test_scoreboard_tells_of_classifiers_that_balance_inside(tmp_path):
    small_tables(tmp_path, ["german_credit", "yeast", "libras_move", "adult", "ecoli"])
    kept = tmp_path / "kept"
    kept.mkdir()
    command = [*SCOREBOARD, "--data", tmp_path, "--kept", kept, "--store", tmp_path / "s.sqlite"]
    command += ["--samplers", "none", "smote", "random", "--folds", "2", "--jobs", "1"]
    command += ["--no-networks", "--classifiers", "knn"]
    plain, more = run(*command), run(*command, "balanced_bagging", "--keep")
    _, _, more = more.partition("all: by classifier")  # above are seconds, which vary
    lines = set(more.splitlines()) - set(plain.splitlines()) - {""}
    rows = [line for line in lines if line.startswith("| balanced_bagging")]
    assert len(rows) == 1
    assert all(cell.strip() for cell in rows[0].strip("|").split("|"))
    assert len(lines) == 4  # title, heading, line and row: nothing else has changed
    assert (kept / "scoreboard.png").exists()
    assert "--classifiers knn balanced_bagging" in (kept / "scoreboard.html").read_text()


@pytest.mark.slow
def test_scoreboard_without_samplers_tells_of_networks(tmp_path):
    small_tables(tmp_path, ["libras_move"])
    command = [*SCOREBOARD, "--data", tmp_path, "--kept", tmp_path]
    command += [
        "--store",
        tmp_path / "s.sqlite",
        "--folds",
        "2",
        "--max-iter",
        "2",
        "--jobs",
        "1",
        "--half",
        "confirmation",
    ]
    printed = run(*command, "--samplers")
    assert printed.count("GAMOClassifier minus") == 2
