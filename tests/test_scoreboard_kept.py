"""Results of the scoreboard as text: nothing is lost on the way to it and back."""

import json
import math
import os
import sys
from collections import Counter
from contextlib import closing
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from gan_resample.evaluation import compare
from gan_resample.evaluation.run.fold import Outcome
from gan_resample.evaluation.run.store import Store

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))  # of benchmarks/, which is not installed

from benchmarks.scoreboard.kept import keep, kept_records, restore  # noqa: E402
from benchmarks.scoreboard.page import KEPT, is_fresh, read_comparisons, write_about  # noqa: E402

SETTINGS = {"folds": 3, "seed": 0}
ABOUT = {
    "version of": {"python": "3.11"},
    "data": {"b": "01ab", "a": "ff"},
    "sampler": {"smote": "SMOTE(k_neighbors=5)", "odd.name": "'quoted'\t[]"},
    "classifier": {name: f"{name}()" for name in ("knn", "tree", "plain", "bad", "none")},
}
BINS = 14


def sums(start):
    """Calibration sums: rows, weight, probability, log-odds, hits."""
    rows = [float(i) for i in range(BINS)]
    odds = [start + i / 3 for i in range(BINS)]
    return [rows, rows, [0.25] * BINS, odds, [0.0] * BINS]


def record(sampler, classifier, data="a", fold=0, **others):
    key = {"data": data, "repeat": 0, "fold": fold, "sampler": sampler, "classifier": classifier}
    return key | {"status": "ok", "warned": []} | others


def outcomes():
    """Tasks with records of every kind that a comparison makes."""
    scores = {"roc_auc": 0.1 + 0.2, "log_loss": 1e-300, "g": math.inf}
    cell = {"note": "", "fit_seconds": 1 / 3, "scores": scores, "recalls": [1.0, 1 / 7]}
    cell |= {"reliability": sums(-7)}
    fixed = {"scores": {"log_loss": -0.0}, "reliability": sums(2 / 9)}
    drawn = {"seconds": 0.1, "n_generated": 3, "note": "x"}
    pictured = {"history": [{"loss": 1.0}], "rows": [[0.0]]}
    yield Outcome(
        record("smote", "", **drawn, **pictured, fidelity={"recall": 0.3}),
        [
            record("smote", "knn", **cell, corrected=fixed),
            record("smote", "tree", **cell | {"reliability": None}, corrected=None),
            record("smote", "plain", **cell, warned=["FutureWarning"]),
            record("smote", "bad") | {"status": "failed", "error": 'E: tab\t, "lines"\r\n\x85é'},
            record("smote", "none") | {"status": "n/a", "note": "takes no weights"},
        ],
    )
    yield Outcome(record("odd.name", "", "b", 10, **drawn, fidelity=None), [])
    yield Outcome(record("smote", "", "b", 9) | {"status": "failed", "error": "E: ''"}, [])


def without_pictures(found):
    """Return records as they are kept: mean probabilities are unknown, samplers have no losses."""
    found = json.loads(json.dumps(list(found.values())))
    for each in found:
        each |= {} if each["classifier"] else {"history": [], "rows": None}
        for part in (each, each.get("corrected")):
            if part and part.get("reliability"):
                part["reliability"][2] = [math.nan] * BINS
    return sorted(json.dumps(each, sort_keys=True) for each in found)


@pytest.fixture
def store(tmp_path):
    path = tmp_path / "store.sqlite"
    with closing(Store(path)) as target:
        target.agree(ABOUT)
        for outcome in outcomes():
            target.add(outcome)
    return path


def records_of(path):
    with closing(Store(path)) as source:
        return source.records()


def files_of(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_every_record_and_setting_comes_back(tmp_path, store):
    keep(store, tmp_path / "kept", SETTINGS)
    again = tmp_path / "again.sqlite"
    assert restore(tmp_path / "kept", again, SETTINGS) == ""
    found = records_of(again)
    assert len(found) == 8
    assert without_pictures(found) == without_pictures(records_of(store))
    with closing(Store(again)) as target:
        target.agree(ABOUT)  # raises where they differ
        with pytest.raises(ValueError, match="made otherwise"):
            target.agree({"data": {"a": "fe"}})


def test_kept_text_is_the_same_again_sorted_and_without_what_is_gone(tmp_path, store):
    kept, again = tmp_path / "kept", tmp_path / "again"
    keep(store, kept, SETTINGS)
    (kept / "tables" / "gone.tsv").write_text("")
    keep(store, kept, SETTINGS)
    restore(kept, tmp_path / "again.sqlite", SETTINGS)
    keep(tmp_path / "again.sqlite", again, SETTINGS)
    assert files_of(kept) == files_of(again)
    assert set(files_of(kept)) == {
        "about.json", "settings.json", "samplers.tsv", str(Path("tables") / "a.tsv")
    }  # fmt: skip
    lines = (kept / "samplers.tsv").read_text().splitlines()
    assert [line.split("\t")[:4] for line in lines[1:]] == [
        ['"a"', "0", "0", '"smote"'],
        ['"b"', "0", "9", '"smote"'],
        ['"b"', "0", "10", '"odd.name"'],
    ]


def test_weights_of_rows_are_kept_where_they_are_not_one(tmp_path, store):
    own = sums(0)
    own[1] = [weight * 1.5 for weight in own[0]]
    cell = record("smote", "knn", "b", 9, reliability=own)
    with closing(Store(store)) as target:
        target.agree(ABOUT)
        target.add(Outcome(record("smote", "", "b", 9), [cell]))
    keep(store, tmp_path / "kept", SETTINGS)
    [found] = [r for r in kept_records(tmp_path / "kept") if r["data"] == "b" and r["classifier"]]
    assert found["reliability"][:2] == own[:2]
    assert found["reliability"][3:] == own[3:]


def test_results_of_other_settings_are_left_aside(tmp_path, store):
    kept, target = tmp_path / "kept", tmp_path / "new.sqlite"
    assert restore(kept, target, SETTINGS) == ""  # nothing is kept, and nothing to be said
    assert not target.exists()
    keep(store, kept, SETTINGS)
    assert "folds: now 2, there 3" in restore(kept, target, SETTINGS | {"folds": 2})
    assert not target.exists()
    assert restore(kept, target, SETTINGS) == ""
    before = target.read_bytes()
    assert restore(kept, target, {"folds": 2}) == ""  # a store that is there is not touched
    assert target.read_bytes() == before
    target.unlink()
    (kept / "settings.json").unlink()
    assert "no settings.json" in restore(kept, target, SETTINGS)
    assert [path.name for path in tmp_path.iterdir()] == ["store.sqlite", "kept"]


def test_comparisons_are_made_from_text_alone(tmp_path):
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [30, 10])
    tables = {name: (rng.normal(size=(40, 2)), y) for name in ("b", "a")}
    store = tmp_path / "s.sqlite"
    parts = {"all": tables, "development": {"a": tables["a"]}}
    boards = {
        name: compare(data, ["none", "random"], ["logistic"], 2, store=store)
        for name, data in parts.items()
    }
    keep(store, tmp_path / "scoreboard", SETTINGS)
    write_about(tmp_path, {"samplers": boards})
    found = read_comparisons(tmp_path)["samplers"]
    assert list(found) == list(boards)
    for part, board in boards.items():
        assert found[part].results.equals(board.results)
        assert found[part].calibration().notna().any(axis=None)
        assert found[part].calibration().equals(board.calibration())
        assert found[part].about == board.about


def test_what_is_kept_is_whole():
    about = json.loads((KEPT / "scoreboard" / "page.json").read_text())
    assert {half: len(names) for half, names in about["halves"].items()} == {
        "development": 20, "confirmation": 21
    }  # fmt: skip
    keys = ("data", "sampler", "classifier")
    cells = Counter(tuple(each[k] for k in keys) for each in kept_records(KEPT / "scoreboard"))
    assert set(about["comparisons"]) == {"samplers", "networks"}
    for own in about["comparisons"].values():
        names = [data["name"] for data in own["data"]]
        assert len(names) == 41
        asked = list(product(names, own["samplers"], ["", *own["classifiers"]]))
        assert all(cells[cell] == 3 for cell in asked)  # one of each fold


def test_a_page_is_fresh_until_results_change(tmp_path):
    results = tmp_path / "scoreboard"
    results.mkdir()
    (results / "about.json").write_text("{}")
    assert not is_fresh(tmp_path)
    (tmp_path / "scoreboard.html").write_text("")
    assert is_fresh(tmp_path)
    later = (tmp_path / "scoreboard.html").stat().st_mtime + 10
    os.utime(results / "about.json", (later, later))
    assert not is_fresh(tmp_path)
