"""Each law of samplers tells the fault that it is about, in a sampler that has only this one."""

import re
from functools import cache

import numpy as np
import pytest

from gan_resample import SpreadSMOTE
from gan_resample.testing import check_sampler
from gan_resample.testing.samplers import SAMPLER_LAWS


class Overwriting(SpreadSMOTE):
    def _real_rows(self, X):
        return self.encoder_.inverse_transform(self.encoder_.transform(X)) + 1e-6


class Greedy(SpreadSMOTE):
    def _fit_resample(self, X, y):
        wanted = self.sampling_strategy_.items()
        self.sampling_strategy_ = {label: n + 1 for label, n in wanted if n}
        return super()._fit_resample(X, y)


class Lost(SpreadSMOTE):
    def fit_resample(self, X, y):
        made = super().fit_resample(X, y)
        self.source_indices_ = self.source_indices_[1:]
        return made


class HalfNothing(SpreadSMOTE):
    def _learn_rows(self, *args):
        super()._learn_rows(*args)
        self.size_ = 1


class Floating(SpreadSMOTE):
    def fit_resample(self, X, y):
        X_new, y_new = super().fit_resample(X, y)
        return X_new.astype(float) if isinstance(X, np.ndarray) else X_new, y_new


class Coordinates(SpreadSMOTE):
    def fit_resample(self, X, y):
        X_new, y_new = super().fit_resample(X, y)
        return X_new.tocoo() if hasattr(X_new, "tocoo") else X_new, y_new


class Plain(SpreadSMOTE):
    def fit_resample(self, X, y):
        X_new, y_new = super().fit_resample(X, y)
        return X_new.astype({"colour": str}) if hasattr(X_new, "columns") else X_new, y_new


class NeverAlone(SpreadSMOTE):
    def _draw_rows(self, codes, stream):
        return super()._draw_rows(codes, stream) + 0.5


class Moody(SpreadSMOTE):
    def _draw_rows(self, codes, stream):
        return super()._draw_rows(codes, np.random.default_rng())


class Global(SpreadSMOTE):
    def _draw_rows(self, codes, stream):
        np.random.rand()  # noqa: NPY002
        return super()._draw_rows(codes, stream)


class Writer(SpreadSMOTE):
    def fit_resample(self, X, y):
        made = super().fit_resample(X, y)
        if hasattr(X, "columns"):
            X["amount"] = 0.0
        return made


class Changing(SpreadSMOTE):
    def fit(self, X, y):
        super().fit(X, y)
        self.k_neighbors = 3
        return self


class Repeating(SpreadSMOTE):
    def sample(self, labels, random_state=None):
        seed = self.random_state if random_state is None else random_state
        return super().sample(labels, random_state=seed)


class Willing(SpreadSMOTE):
    def _check_wanted(self, labels):
        return np.asarray(labels) if len(labels) else super()._check_wanted(labels)

    def _draw_rows(self, codes, stream):
        return super()._draw_rows(np.where(codes == 0, 1, codes), stream)


SAMPLER_FAULTS = {
    Overwriting: "the first rows or labels are not the real ones, unchanged",
    Greedy: "sampling_strategy='auto' gave",
    Lost: r"source_indices_ has shape \(46,\) and dtype int64 for 47 generated rows",
    HalfNothing: r"\['size_'\] are not set where no class lacks a row",
    Floating: "rows of float32 came back as float64",
    Coordinates: "csr_matrix came back as coo_matrix",
    Plain: "columns or dtypes of a frame have changed",
    NeverAlone: "a class of one row was not repeated exactly",
    Moody: "two fits with random_state=0 gave different rows",
    Global: "fit_resample moved numpy's global random state",
    Writer: "fit_resample changed the caller's frame",
    Changing: "fit changed a parameter",
    Repeating: "a second sample repeats",
    Willing: "sample must raise ValueError for a class that lacks no row",
}


@cache
def told_of_sampler(kind):
    with pytest.raises(AssertionError) as told:
        check_sampler(kind())
    return str(told.value), told.value.__notes__[0]


@pytest.mark.parametrize("kind", SAMPLER_FAULTS)
def test_each_fault_of_a_sampler_is_told(kind):
    told, note = told_of_sampler(kind)
    assert re.search(SAMPLER_FAULTS[kind], told)
    assert note.startswith(f"{kind.__name__}, law: ")


def test_every_law_of_samplers_tells_a_fault():
    told = {told_of_sampler(kind)[1].partition("law: ")[2] for kind in SAMPLER_FAULTS}
    assert told == {law.__doc__ for law in SAMPLER_LAWS}


def test_a_class_is_no_sampler():
    with pytest.raises(TypeError, match="takes a sampler, an object with fit_resample"):
        check_sampler(SpreadSMOTE)
