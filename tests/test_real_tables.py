"""Real tables, where they are at hand: odd columns, tiny classes, and the measured claim."""

from collections import Counter

import numpy as np
import pytest
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import Pipeline
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_score

from gan_resample import GAMOSampler, SpreadSMOTE, TableEncoder, TinyClassWarning
from tests.helpers import QUICK, samplers


@pytest.mark.parametrize("sampler", samplers(), ids=lambda s: type(s).__name__)
@pytest.mark.parametrize(
    "name",
    ["german_credit", "car", "solar_flare_m0", "glass", "yeast", "lymphography-normal-fibrosis"],
)
def test_every_kind_of_table_grows_within_what_was_observed(tables, name, sampler):
    X, y = tables(name)
    X_new, y_new = sampler.fit_resample(X, y)
    assert set(Counter(y_new).values()) == {max(Counter(y).values())}
    made = X_new[sampler.synthetic_mask_]
    assert X_new.dtypes.equals(X.dtypes)
    for column in X:
        if X[column].dtype == "category":
            assert made[column].isin(X[column]).all()
        else:
            assert made[column].between(X[column].min(), X[column].max()).all()
            if X[column].nunique() <= 20:
                assert made[column].isin(X[column]).all()


def test_a_class_of_two_rows_grows_with_a_warning(tables):
    X, y = tables("nursery")
    keep = (y == "recommend") | (np.arange(len(y)) % 20 == 0)
    with pytest.warns(TinyClassWarning, match="class 'recommend' has 2 rows only"):
        _, y_new = GAMOSampler(**QUICK).fit_resample(X[keep], y[keep])
    assert len(set(Counter(y_new).values())) == 1


def test_missing_values_are_kept_or_named(tables):
    X, y = tables("hypothyroid")
    sampler = SpreadSMOTE(random_state=0)
    X_new, y_new = sampler.fit_resample(X, y)
    made = sampler.synthetic_mask_
    label = y_new[made].iloc[0]
    gap = X_new[made].isna().mean() - X[y == label].isna().mean()
    assert X[y == label].isna().mean().max() > 0.5
    assert gap.abs().max() < 0.05
    with pytest.raises(ValueError, match=r"columns 'age' \(446\), .*'TBG' \(2903\) have"):
        sampler.set_params(encoder=TableEncoder(missing="error")).fit_resample(X, y)


@pytest.mark.slow
@pytest.mark.parametrize("sampler", [SpreadSMOTE(random_state=0), GAMOSampler(random_state=0)])
def test_trees_gain_on_smote(tables, sampler):
    """The claim of the docs, on four tables and a forest: more balanced accuracy than SMOTE."""
    gains = []
    for name in ("yeast4", "vehicle1", "ecoli3", "winequality-red-4"):
        X, y = tables(name)
        folds = StratifiedKFold(5, shuffle=True, random_state=0)
        ours, smote = (
            cross_val_score(
                Pipeline([("s", each), ("clf", RandomForestClassifier(random_state=0))]),
                X, y, cv=folds, scoring="balanced_accuracy",
            ).mean()
            for each in (sampler, SMOTE(random_state=0))
        )  # fmt: skip
        gains.append(ours - smote)
    assert np.mean(gains) > 0.01
