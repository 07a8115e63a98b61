"""What each ingredient of SpreadEnsembleClassifier counts for, beside bagging and other rows.

    python -m benchmarks.scoreboard.ensemble --data DIR --half development
    python -m benchmarks.scoreboard.ensemble_report ensemble.jsonl

``DIR`` as for the scoreboard, whose tables and halves these are: at most 1,500 rows of each, three
folds, three seeds of the split. Every variant is played round each classifier with its default
settings; its probabilities are those of the data's class mix and its decisions those of a
threshold at the prior, so that like is compared with like. One factor at a time departs from the
base: SpreadSMOTE's rows to a share of .3, four draws. Records are appended to a file as they come,
and the same command goes on with what is missing: what matters most runs first, over all tables.

The rule of choice: of the ensembles with generated rows whose average precision and Brier score
are not behind the plain model's, the one with the largest t-value against it, where the smaller of
the two in balanced accuracy and ROC AUC counts. The choice, on the development half with three
seeds and before the other half was looked at: bootstrap samples, SpreadSMOTE's rows to a share of
.15, eight draws (t-values 3.5 and 1.3; without bootstrap samples and to .3, 2.7 and 1.0).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import product
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from imblearn.ensemble import BalancedBaggingClassifier, EasyEnsembleClassifier
from imblearn.over_sampling import SMOTE, RandomOverSampler
from sklearn.base import BaseEstimator, clone
from sklearn.dummy import DummyClassifier

from benchmarks.scoreboard.parts import Array, Part, Record, part_of, run_missing, table_names
from gan_resample import (
    CycleGANSampler,
    DVAANSampler,
    GAMOSampler,
    PGANSampler,
    SpreadEnsembleClassifier,
    SpreadSMOTE,
    TableEncoder,
)
from gan_resample.evaluation.run.fold import make_model
from gan_resample.evaluation.run.methods import choose_classifiers, with_seed
from gan_resample.evaluation.run.smote import fit_resample
from gan_resample.priors.correction import aligned_proba, shift_priors

CLASSIFIERS = ("logistic", "forest", "boosting")
# their defaults use no random numbers on so few rows: other seeds give the same model
SEEDLESS = ("logistic", "knn", "boosting")
KEY = ("table", "seed", "fold", "classifier", "variant")
SETTINGS = ("half", "folds", "max_rows")
BALANCED = (BalancedBaggingClassifier, EasyEnsembleClassifier)
# (stage, seed) in the order of weight: all factors with one seed come before the third seed
ORDER = (
    *((0, 0), (1, 0), (3, 0), (0, 1), (3, 1), (2, 0), (0, 2), (3, 2)),
    *((1, 1), (1, 2), (2, 1), (2, 2), (4, 0)),
)
BASE, FOUR, EIGHT = 0.3, (1, 2, 4), (1, 2, 4, 8)


class TableSMOTE(BaseEstimator):
    """SMOTE, or its form for categories, with as many neighbours as the smallest class allows."""

    def __init__(self, sampling_strategy: Any = "auto", random_state: int | None = None) -> None:
        self.sampling_strategy = sampling_strategy
        self.random_state = random_state

    def fit_resample(self, X: pd.DataFrame, y: Array) -> tuple[pd.DataFrame, Array]:
        smote = SMOTE(sampling_strategy=self.sampling_strategy, random_state=self.random_state)
        return fit_resample(smote, X, y)[:2]


class OneFit(BaseEstimator):
    """A game that is fitted once on a split, and drawn from for each member and classifier."""

    def __init__(
        self, game: Any, sampling_strategy: Any = "auto", random_state: int | None = None
    ) -> None:
        self.game = game
        self.sampling_strategy = sampling_strategy
        self.random_state = random_state

    def fit_resample(self, X: pd.DataFrame, y: Array) -> tuple[pd.DataFrame, Array]:
        rows = joblib.hash((X, y, type(self.game)))
        if rows not in FITTED:
            FITTED.clear()  # splits come one after another
            game = clone(self.game).set_params(sampling_strategy=self.sampling_strategy)
            FITTED[rows] = game.set_params(random_state=0).fit(X, y)
        counts = np.bincount(y)
        lacking = {label: n - counts[label] for label, n in self.sampling_strategy.items()}
        labels = np.repeat([*lacking], [*lacking.values()])
        made = FITTED[rows].sample(labels, random_state=self.random_state)
        return pd.concat([X, made], ignore_index=True), np.concatenate([y, labels])


FITTED: dict[str, Any] = {}


@dataclass(frozen=True)
class Variant:
    """An ensemble round a classifier; scored by its first ``draws`` members, for each number."""

    sampler: Any = field(default_factory=SpreadSMOTE)
    share: float = BASE  # 0: no generated rows
    draws: Sequence[int] = FOUR
    bootstrap: bool = False

    def generates(self, y: Array) -> bool:
        counts = np.bincount(y)
        return bool(int(self.share * counts.max()) > counts[counts > 0].min())

    def around(self, model: Any, seed: int, n_draws: int) -> SpreadEnsembleClassifier:
        share = self.share or {}
        return SpreadEnsembleClassifier(
            model,
            sampler=self.sampler,
            n_draws=n_draws,
            sampling_strategy=share,
            bootstrap=self.bootstrap,
            random_state=seed,
        )


@dataclass(frozen=True)
class Balanced:
    """Ten members that each see equal shares of the classes; ``own``: of its default kind."""

    kind: type
    own: bool = False

    def around(self, model: Any, seed: int) -> Any:
        """Put the ensemble in the place of the model's classifier."""
        name, last = model.steps[-1]
        bags = self.kind(random_state=seed)
        return model.set_params(**{name: bags if self.own else bags.set_params(estimator=last)})


def spread(snap: bool | str = "auto", **options: Any) -> Variant:
    return Variant(SpreadSMOTE(encoder=TableEncoder(snap=snap), **options))


STAGES: tuple[Mapping[str, Variant | Balanced | None], ...] = (
    {
        "plain": None,
        "spread": Variant(draws=EIGHT),
        "bags": Variant(share=0, bootstrap=True),
        "seeds": Variant(share=0),
        "ratio .15": Variant(share=0.15),
        "random": Variant(RandomOverSampler()),
        "smote": Variant(TableSMOTE()),
        "ratio 1": Variant(share=1.0),
    },
    {
        "balanced_bagging": Balanced(BalancedBaggingClassifier),
        "easy_ensemble": Balanced(EasyEnsembleClassifier),
        "balanced_bagging of trees": Balanced(BalancedBaggingClassifier, own=True),
        "easy_ensemble of AdaBoost": Balanced(EasyEnsembleClassifier, own=True),
        "ratio .1": Variant(share=0.1),
        "ratio .5": Variant(share=0.5),
        "no snap": spread(snap=False),
        "scale .5": spread(scale=0.5),
    },
    {
        "scale 0": spread(scale=0.0),
        "scale 2": spread(scale=2.0),
        "neighbours 3": spread(k_neighbors=3),
        "neighbours 10": spread(k_neighbors=10),
        "segment": spread(per_feature=False),
        "snap all": spread(snap=True),
    },
    {
        "bagged spread": Variant(draws=EIGHT, bootstrap=True),
        "bagged spread .5": Variant(share=0.5, draws=EIGHT, bootstrap=True),
        "bagged spread .15": Variant(share=0.15, draws=EIGHT, bootstrap=True),
        "eight bags": Variant(share=0, draws=EIGHT, bootstrap=True),
        "eight of ratio .5": Variant(share=0.5, draws=EIGHT),
    },
    {
        "gamo": Variant(OneFit(GAMOSampler())),
        "dvaan": Variant(OneFit(DVAANSampler())),
        "pgan": Variant(OneFit(PGANSampler())),
        "cyclegan": Variant(OneFit(CycleGANSampler())),
    },
)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--data", type=Path, required=True, metavar="DIR", help="folder that holds tabular/")
    add("--half", choices=["development", "confirmation"], required=True)
    add("--records", type=Path, default=Path("ensemble.jsonl"), help="appended to")
    add("--classifiers", nargs="+", default=CLASSIFIERS, metavar="NAME")
    add("--tables", nargs="+", metavar="NAME", help="default: all of the half")
    add("--variants", nargs="+", metavar="NAME", help="default: all; plain runs in any case")
    add("--folds", type=int, default=3)
    add("--seeds", type=int, default=3, choices=[1, 2, 3], help="of splits and models")
    add("--max-rows", type=int, default=1500, help="stratified cap")
    return parser.parse_args(arguments)


def jobs_of(options: argparse.Namespace) -> Iterator[Record]:
    """Yield what is to be run, what matters most first, over all tables."""
    chosen = options.variants and ["plain", *options.variants]
    for number, seed in ORDER:
        stage = [name for name in STAGES[number] if name in (chosen or STAGES[number])]
        each = (range(options.folds), table_names(options), stage, options.classifiers)
        for fold, table, variant, classifier in product(*each):
            if seed < options.seeds:
                values = (table, seed, fold, classifier, variant)
                yield dict(zip(KEY, values, strict=True))


def run(job: Record, options: argparse.Namespace) -> Record:
    """Play one variant on one split round one classifier."""
    place = (options.data, job["table"], options.max_rows, options.folds, job["seed"], job["fold"])
    part = part_of(*place)
    [variant] = [stage[job["variant"]] for stage in STAGES if job["variant"] in stage]
    [classifier] = choose_classifiers([job["classifier"]]).values()
    model = make_model(classifier, part.X)
    if isinstance(variant, Variant):
        return run_ensemble(variant, model, part, job)
    if variant is None:
        return run_alone(with_seed(model, job["seed"]), part, part.prior) | {"generated": 0}
    if variant.own:
        return dict(run_balanced(variant, *place))
    return run_alone(variant.around(model, job["seed"]), part, None) | {"generated": 0}


@cache
def run_balanced(variant: Balanced, *place: Any) -> Record:
    """Play an ensemble of members of its own kind: the same for all classifiers."""
    part, seed = part_of(*place), place[-2]
    model = variant.around(make_model(DummyClassifier(), part.X), seed)
    return run_alone(model, part, None) | {"generated": 0}


def run_alone(model: Any, part: Part, seen: Array | None) -> Record:
    """Score a model that learned from shares ``seen`` of the classes; None: equal ones."""
    start = time.process_time()
    try:
        P = model.fit(part.X, part.y).predict_proba(part.X_test)
    except ValueError as error:  # a bootstrap without a row of some class
        return {"failed": str(error)}
    seconds = time.process_time() - start
    seen = np.full(len(part.prior), 1 / len(part.prior)) if seen is None else seen
    draws = getattr(model[-1], "n_estimators", 1) if isinstance(model[-1], BALANCED) else 1
    scores = {str(draws): part.score(shift_priors(P, seen, part.prior))}
    return {"seconds": seconds, "scores": scores}


def run_ensemble(variant: Variant, model: Any, part: Part, job: Record) -> Record:
    """Score the mean of the first members; also with each corrected before it, and uncorrected."""
    if variant.share and not variant.generates(part.y):
        return {"generated": 0}  # as "seeds" or "bags"
    same = not variant.share and not variant.bootstrap and job["classifier"] in SEEDLESS
    start = time.process_time()
    n_fitted = 1 if same else max(variant.draws)
    ensemble = variant.around(model, job["seed"], n_fitted).fit(part.X, part.y)
    members = [aligned_proba(m, part.X_test, ensemble.classes_) for m in ensemble.estimators_]
    seconds = (time.process_time() - start) * max(variant.draws) / n_fitted
    moved = (ensemble.seen_prior_, ensemble.prior_)
    scores, before, raw = {}, {}, {}
    for k in variant.draws:
        mean = np.mean(members[:k], axis=0)
        scores[str(k)], raw[str(k)] = part.score(shift_priors(mean, *moved)), part.score(mean)
        each = [shift_priors(P, *moved) for P in members[:k]]
        before[str(k)] = part.score(np.mean(each, axis=0))
    found: Record = {"generated": sum(ensemble.sampling_strategy_.values()), "seconds": seconds}
    others = {"corrected_first": before, "uncorrected": raw}
    return found | {"scores": scores} | (others if variant.share else {})


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    settings = {name: getattr(options, name) for name in SETTINGS}
    run_missing(options.records, settings, jobs_of(options), partial(run, options=options))
    return 0


if __name__ == "__main__":
    sys.exit(main())
