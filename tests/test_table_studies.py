"""Studies on tables: they run, go on where they were stopped, and are tabulated."""

import json
from pathlib import Path

import pandas as pd
import pytest
from sklearn.datasets import make_classification

ROOT = Path(__file__).parent.parent
VARIANTS = ["spread", "seeds", "bags", "ratio .1", "smote", "easy_ensemble"]


@pytest.fixture
def study(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    from benchmarks.scoreboard import ensemble

    return ensemble


@pytest.fixture
def data(tmp_path):
    """Two tables: one with a rare class, one without."""
    tabular = tmp_path / "tabular"
    tabular.mkdir()
    for name, share in (("oil", 0.85), ("haberman", 0.6)):
        X, y = make_classification(200, 4, weights=[share], flip_y=0, random_state=0)
        pd.DataFrame(X).assign(target=y).to_csv(tabular / f"{name}.csv.gz", index=False)
    about = {"categorical": []}
    (tabular / "index.json").write_text(json.dumps({"oil": about, "haberman": about}))
    return tmp_path


def test_it_goes_on_where_it_was_stopped_and_is_tabulated(study, data, capsys):
    from benchmarks.scoreboard import ensemble_report, parts

    records = data / "records.jsonl"
    command = ["--data", str(data), "--half", "development", "--records", str(records)]
    command += ["--classifiers", "logistic", "--folds", "2", "--seeds", "1"]
    study.main([*command, "--variants", "spread"])
    first = parts.load(records)
    assert len(first) == 1 + 2 * 2 * 2
    with records.open("a") as file:
        file.write('{"table": "oil", "se')  # killed while it wrote
    study.main([*command, "--variants", *VARIANTS])
    both = parts.load(records)
    assert both[: len(first)] == first
    keys = [tuple(r[name] for name in study.KEY) for r in both if "about" not in r]
    assert len(keys) == len(set(keys)) == 2 * 2 * (1 + len(VARIANTS))
    found = {(r["table"], r["fold"], r["variant"]): r for r in both if "about" not in r}
    assert found["oil", 0, "spread"]["generated"] == 85 * 0.3 // 1 - 15
    assert set(found["oil", 0, "spread"]["scores"]) == {"1", "2", "4", "8"}
    assert found["haberman", 0, "spread"]["generated"] == 0
    assert "scores" not in found["haberman", 0, "spread"]
    assert found["oil", 0, "seeds"]["scores"]["4"] == found["oil", 0, "plain"]["scores"]["1"]
    capsys.readouterr()
    ensemble_report.main([str(records)])
    told = capsys.readouterr().out
    assert told.count("| spread ") == 2 * 4  # all classifiers, and the only one
    line = next(line for line in told.splitlines() if line.startswith("| spread "))
    gaps = pd.Series(
        {
            table: sum(
                found[table, fold, name]["scores"]["1"]["roc_auc"] * sign * 50
                for fold in (0, 1)
                for name, sign in (("spread" if table == "oil" else "seeds", 1), ("plain", -1))
            )
            for table in ("oil", "haberman")
        }
    )
    assert f"{gaps.mean():+.2f} ± {12.706 * gaps.sem():.2f}" in line


def test_records_of_other_settings_are_not_gone_on_with(study, data):
    records = data / "records.jsonl"
    records.write_text(json.dumps({"about": {"half": "confirmation", "folds": 3, "max_rows": 9}}))
    with pytest.raises(SystemExit, match="holds records of"):
        study.main(["--data", str(data), "--half", "development", "--records", str(records)])


@pytest.mark.slow
def test_rounds_are_set_against_the_default_and_games_by_their_kind(study, data, capsys):
    from benchmarks.scoreboard import parts, rounds

    records = data / "rounds.jsonl"
    command = ["--data", str(data), "--records", str(records), "--seeds", "1", "--rounds", "20"]
    command += ["--folds", "1", "--against", "100"]
    rounds.main([*command, "--samplers", "gamo", "--classifiers", "egan"])
    found = [r for r in parts.load(records) if "about" not in r]
    assert len(found) == 2 * 2
    assert {(r["game"], *r["curve"]) for r in found} == {
        ("gamo", "20", "100"),
        ("egan", "20", "100"),
    }
    capsys.readouterr()
    rounds.main(["--report", str(records)])
    lines = [line.split("|") for line in capsys.readouterr().out.splitlines()]
    [told] = [cells for cells in lines if cells[1:3] == [" sampler gamo    ", " 20     "]]
    curves = [r["curve"] for r in found if r["kind"] == "sampler"]
    gap = sum(100 * (c["20"]["roc_auc"] - c["100"]["roc_auc"]) for c in curves) / 2
    assert told[5].startswith(f" {gap:+.2f} ")
    cost = sum(c["20"]["seconds"] / c["100"]["seconds"] for c in curves) / 2
    assert told[-3].strip() == f"{cost:.2f}"
    assert told[-2].strip() in ("yes", "no")
