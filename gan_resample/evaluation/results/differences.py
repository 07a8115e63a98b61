"""Differences of two samplers on one data set, paired over splits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from gan_resample.evaluation.results.intervals import Difference, over_splits
from gan_resample.evaluation.results.results import Results, check_name

__all__ = ["difference", "difference_of", "paired"]


def difference(
    results: Results,
    data: str,
    classifier: Any,
    sampler: Any,
    other: Any,
    score: str | None = None,
) -> Difference:
    """See :meth:`Comparison.difference`."""
    pairs = paired(results, data, classifier, sampler, other, score)
    return difference_of(results, data, pairs["ours"], pairs["theirs"])


def difference_of(results: Results, data: str, ours: pd.Series, theirs: pd.Series) -> Difference:
    """See :meth:`Comparison.difference_of`."""
    gaps = (ours - theirs).dropna().to_numpy()
    about = results.about_data(data)
    found = over_splits(gaps, about["test_to_train"])
    progress = results.progress.get(data)
    too_few = progress is not None and progress.too_few
    return replace(found, whole=not (about.get("lacking") or too_few))


def paired(
    results: Results,
    data: str,
    classifier: Any,
    sampler: Any,
    other: Any,
    score: str | None = None,
) -> pd.DataFrame:
    """See :meth:`Comparison.paired`."""
    first, second = classifier if isinstance(classifier, tuple) else (classifier, classifier)
    score = results.choose_score(score)
    check_name(data, results.data)
    for name in (first, second):
        check_name(name, results.classifiers)
    for name in (sampler, other):
        check_name(name, results.samplers)
    found = {
        "ours": results.split_scores(data, first, sampler, score),
        "theirs": results.split_scores(data, second, other, score),
    }
    return pd.DataFrame(found).dropna()
