"""Samplers, SMOTE and doing nothing, cross-validated on public tables.

    python -m benchmarks.scoreboard.quality --data DIR --json quality.json --markdown quality.md

``DIR/tabular`` holds ``<name>.csv.gz`` with a last column ``target``, and ``index.json``, which
lists the ``categorical`` columns of each table.

Tables. The default ten are of different families, and were chosen by kind before any result of
this script was seen. An earlier study had two lists of tables, one for development and one, used
once, for confirmation. From the second list there are: every table with categorical columns (car,
thoracic_surgery, thyroid_sick, the last with missing values), every numeric one of several classes
(ecoli, glass), and the first four numeric ones of two classes by alphabet; german_credit, of the
first list, makes a third table of mixed columns.

Methods. Samplers get the imputed training fold as a data frame, with numbers standardised (SMOTE
measures distances and would be at a disadvantage otherwise) and in float64 (imbalanced-learn
truncates what SMOTE puts into integer columns). SMOTE means SMOTENC if columns are mixed and
SMOTEN if all are categorical, with 5 neighbours or as many as there are. "prior" is not a sampler:
the model trained on the original rows, with the threshold at the prior (arg-max of p / prior).
Classifiers get one-hot columns. Settings are the libraries' defaults, except for the iterations of
the logistic regression. "network" is the net of GAMOClassifier, trained on the rows of a sampler
without a game.

Figures. All in points (times 100): balanced accuracy, G-mean, ROC AUC and average precision (one
class against the rest, macro), and the Brier score (halved: the usual one for two classes), which
is better when lower. Intervals are 95 % t-intervals over tables.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from imblearn.metrics import geometric_mean_score
from imblearn.over_sampling import SMOTE, SMOTEN, SMOTENC, RandomOverSampler
from joblib import Parallel, delayed, parallel_config
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, balanced_accuracy_score, roc_auc_score

from benchmarks.lib.environment import one_thread, versions
from benchmarks.lib.output import write_json
from benchmarks.lib.public_tables import Fold, folds, is_categorical, matrix_encoder, read_table
from benchmarks.scoreboard.quality_report import markdown
from gan_resample import GAMOClassifier, GAMOSampler, SpreadSMOTE

TABLES = (
    "car",
    "thoracic_surgery",
    "thyroid_sick",
    "german_credit",
    "ecoli",
    "glass",
    "climate_crashes",
    "libras_move",
    "mammography",
    "ozone_level",
)
Array = NDArray[Any]
Record = dict[str, Any]


# ---- methods ------------------------------------------------------------------------------------


def smote_for(X: pd.DataFrame, y: Array, seed: int) -> Any:
    """SMOTE of the kind that suits the columns, with as many neighbours as the classes allow."""
    mask = is_categorical(X)
    counts = np.bincount(y)
    settings = {"k_neighbors": min(5, counts.min() - 1), "random_state": seed}
    if mask.all():
        return SMOTEN(**settings)
    return SMOTENC("auto", **settings) if mask.any() else SMOTE(**settings)


def samplers(fold: Fold, seed: int, game: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "nothing": None,
        "random": RandomOverSampler(random_state=seed),
        "SMOTE": smote_for(fold.X, fold.y, seed),
        "SpreadSMOTE": SpreadSMOTE(random_state=seed),
        "GAMOSampler": GAMOSampler(device="cpu", random_state=seed, **game),
    }


def classifiers(seed: int) -> dict[str, Any]:
    return {
        "LR": LogisticRegression(max_iter=5000),
        "RF": RandomForestClassifier(random_state=seed),
        "HGB": HistGradientBoostingClassifier(random_state=seed),
    }


# ---- one fold -----------------------------------------------------------------------------------


def score(fold: Fold, P: Array, predicted: Array) -> dict[str, float]:
    """Points of class probabilities ``P`` (n, n_classes) and of the ``predicted`` codes."""
    y, onehot = fold.y_test, np.eye(P.shape[1])[fold.y_test]
    if P.shape[1] == 2:
        auc, ap = roc_auc_score(y, P[:, 1]), average_precision_score(y, P[:, 1])
    else:
        auc = roc_auc_score(onehot, P, average="macro")
        ap = average_precision_score(onehot, P, average="macro")
    values = {
        "BA": balanced_accuracy_score(y, predicted),
        "G-mean": geometric_mean_score(y, predicted),
        "AUC": auc,
        "AP": ap,
        "Brier": np.square(P - onehot).sum(axis=1).mean() / 2,
    }
    return {name: 100 * float(value) for name, value in values.items()}


def play_fold(fold: Fold, seed: int, game: Mapping[str, Any]) -> list[Record]:
    """Score every method and classifier on one fold; every sampler runs once."""
    seed = 1000 * seed + fold.number
    with one_thread(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for ordinary in ("column.*not seen in fit", "Found unknown categories"):
            warnings.filterwarnings("ignore", ordinary)
        records = [*sampled(fold, seed, game), classified(fold, seed, game)]
    warned = " ".join(sorted({warning.category.__name__ for warning in caught}))
    about = {"table": fold.table, "fold": fold.number, "warned": warned}
    return [about | record for record in records]


def sampled(fold: Fold, seed: int, game: Mapping[str, Any]) -> Iterator[Record]:
    encoder = matrix_encoder(fold.X)
    x_test, prior = encoder.transform(fold.X_test), np.bincount(fold.y) / len(fold.y)
    for method, sampler in samplers(fold, seed, game).items():
        start = time.process_time()
        X, y = (fold.X, fold.y) if sampler is None else sampler.fit_resample(fold.X, fold.y)
        seconds = time.process_time() - start
        x = encoder.transform(X)
        for name, classifier in classifiers(seed).items():
            P = classifier.fit(x, y).predict_proba(x_test)
            about = {"classifier": name, "seconds": seconds}
            yield {"method": method, **about, **score(fold, P, P.argmax(axis=1))}
            if sampler is None:
                yield {"method": "prior", **about, **score(fold, P, (P / prior).argmax(axis=1))}
        if method in ("SMOTE", "SpreadSMOTE"):
            yield {"method": method, "classifier": "network", **network(fold, X, y, seed, game)}


def network(
    fold: Fold, X: pd.DataFrame, y: Array, seed: int, game: Mapping[str, Any]
) -> dict[str, float]:
    """Score GAMO's classifier on rows ``X``; if no class lacks rows it learns alone."""
    start = time.process_time()
    model = GAMOClassifier(device="cpu", random_state=seed, **game).fit(X, y)
    seconds = time.process_time() - start
    P = model.predict_proba(fold.X_test)
    return {"seconds": seconds, **score(fold, P, P.argmax(axis=1))}


def classified(fold: Fold, seed: int, game: Mapping[str, Any]) -> Record:
    """Score GAMO's classifier, trained in its game on the original rows."""
    figures = network(fold, fold.X, fold.y, seed, game)
    return {"method": "GAMOClassifier", "classifier": "GAMOClassifier", **figures}


# ---- all folds ----------------------------------------------------------------------------------


def run(jobs: Sequence[Callable[[], list[Record]]], n_jobs: int) -> pd.DataFrame:
    """Run all folds in processes of one thread each; progress goes to stderr."""
    records, start = [], time.perf_counter()
    with parallel_config(backend="loky", inner_max_num_threads=1):
        batches = Parallel(n_jobs=n_jobs, return_as="generator_unordered")(jobs)
        for done, batch in enumerate(batches, start=1):
            records += batch
            at, minutes = f"{batch[0]['table']} {batch[0]['fold']}", time.perf_counter() - start
            print(f"{done}/{len(jobs)} {at} ({minutes / 60:.1f} min)", file=sys.stderr, flush=True)
    return pd.DataFrame(records).sort_values(["table", "fold"], kind="stable", ignore_index=True)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--data", type=Path, required=True, metavar="DIR", help="folder that holds tabular/")
    add("--tables", nargs="+", default=TABLES, metavar="NAME", help="default: ten, see the source")
    add("--folds", type=int, default=5)
    add("--repeats", type=int, default=1)
    add("--seed", type=int, default=0, help="of the cap, the splits, samplers and classifiers")
    add("--jobs", type=int, default=2, help="processes")
    add("--max-rows", type=int, default=2000, help="stratified cap")
    add("--json", type=Path, help="write every score to this file")
    add("--markdown", type=Path, help="write the tables to this file too")
    add("--quick", action="store_true", help="two tables, two folds, 300 rows, short games")
    options = parser.parse_args(arguments)
    if options.quick:
        options.tables, options.folds, options.max_rows = options.tables[:2], 2, 300
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    game = {"max_iter": 30} if options.quick else {}
    tables = [
        read_table(options.data, name, options.max_rows, options.seed) for name in options.tables
    ]
    jobs = [
        delayed(play_fold)(fold, options.seed, game)
        for table in tables
        for fold in folds(table, options.folds, options.repeats, options.seed)
    ]
    scores = run(jobs, options.jobs)
    words = sys.argv[1:] if arguments is None else arguments
    words = ["DIR" if Path(word) == options.data else word for word in words]
    command = shlex.join(["python", "-m", "benchmarks.scoreboard.quality", *words])
    report = markdown(scores, tables, command, options.seed)
    print(report)
    if options.markdown:
        options.markdown.write_text(report + "\n")
    if options.json:
        settings = {name: str(value) for name, value in vars(options).items()}
        about = {"settings": settings, "versions": versions()}
        write_json(options.json, about | {"scores": scores.to_dict("records")})
    return 0


if __name__ == "__main__":
    sys.exit(main())
