"""Every test part holds every class, or it is said."""

import re
import warnings

import numpy as np
import pytest
from sklearn.model_selection import KFold, StratifiedKFold

from gan_resample.datasets import as_dataset, load_bundled
from gan_resample.evaluation.run.splits import lacking, split_tables


def table(name="tiny", neg=20, pos=3):
    y = np.repeat(["neg", "pos"], [neg, pos])
    return as_dataset(name, np.arange(len(y), dtype=float)[:, None] % 7, y)


def test_fewer_rows_of_a_class_than_folds_are_refused():
    message = (
        "cv=5 folds need at least 5 rows of each class, one for each test part, but class 'pos' "
        "of tiny has 3, class 'neg' of other has 4: ask for at most 3 folds (cv, --cv), or merge "
        "or drop such classes"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        split_tables([table(), table("other", 4, 9)], 5, 1, 0)


@pytest.mark.parametrize("data", [table(pos=5), load_bundled("digits")])
def test_as_many_rows_as_folds_are_enough(data):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        splits = split_tables([data], 5, 2, 0)[data.name]
    assert len(splits) == 10
    assert lacking(data, splits) == {}


def test_a_thinned_class_is_counted_before_it_is_thinned():
    with pytest.raises(ValueError, match=r"of wine has 48: ask for at most 48 folds"):
        split_tables([load_bundled("wine")], 50, 1, 0)


@pytest.mark.parametrize(("cv", "n"), [(KFold(5), 4), (StratifiedKFold(5), 2)])
def test_a_splitter_whose_test_parts_lack_a_class_is_warned_of(cv, n):
    told = rf"of the 5 test parts of tiny, some have no row of a class \(class 'pos' in {n}\)"
    with pytest.warns(UserWarning, match=told) as met:
        split_tables([table()], cv, 1, 0)
    assert len(met) == 1
