"""Equal contents read alike in every process; other contents read otherwise, or are refused."""

import dataclasses
import decimal
import enum
import functools
import math
import os
import random
import subprocess
import sys
import threading
import types
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.special
import torch
from scipy import sparse
from sklearn.base import BaseEstimator, clone
from sklearn.compose import ColumnTransformer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, fbeta_score, make_scorer
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import StandardScaler

from gan_resample import GAMOClassifier, SpreadSMOTE
from gan_resample.evaluation.run.fingerprint import Teller, mark, without_marks
from gan_resample.evaluation.run.methods import describe


class Holds(BaseEstimator):
    """Any value as the parameter of an estimator."""

    def __init__(self, value=None):
        self.value = value


def gaps_of(value):
    gaps = []
    describe(value, "it", gaps)
    return gaps


def make(source, name="made", **known):
    """Run source as a module of a user's, which has no file, and return what it defines."""
    space = {"__name__": "users_module"} | known
    exec(source, space)
    return space[name]


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


@dataclasses.dataclass
class Point:
    x: float
    y: list = dataclasses.field(default_factory=list)


class Slots:
    __slots__ = ("a", "b")

    def __init__(self, a):
        self.a = a


def linear(seed, **options):
    torch.manual_seed(seed)
    return torch.nn.Linear(3, 2, **options)


def changed(values, at, value):
    copy = values.copy()
    copy[at] = value
    return copy


NUMBERS = np.arange(5000.0)
COLUMNS = [f"column_{i}" for i in range(150)]
FRAME = pd.DataFrame({"a": np.arange(300.0), "b": ["x", "y", None] * 100})
MATRIX = sparse.random_array((60, 60), density=0.2, rng=np.random.default_rng(0), format="csr")
SETTINGS = {"k": 3}


def scaled(net, factor):
    net.weight.data *= factor
    return net


def frozen(net):
    return net.requires_grad_(False)


def with_buffer(value):
    net = linear(0)
    net.register_buffer("mean", torch.full((3,), value), persistent=False)
    return net


def fitted(labels):
    return LogisticRegression().fit(np.arange(6.0)[:, None], labels)


def adds(k):
    return lambda x: x + k


def uses_a_helper(step):
    helper = make(f"def made(x): return x + {step}")
    return make("def made(x): return helper(x)", helper=helper)


APART = {
    "a long list in a pipeline": (
        make_pipeline(ColumnTransformer([("a", "passthrough", COLUMNS)]), LogisticRegression()),
        make_pipeline(
            ColumnTransformer([("a", "passthrough", COLUMNS[:-1])]), LogisticRegression()
        ),
    ),
    "a parameter of a nested estimator": (
        make_pipeline(StandardScaler(), FeatureUnion([("s", StandardScaler(with_mean=True))])),
        make_pipeline(StandardScaler(), FeatureUnion([("s", StandardScaler(with_mean=False))])),
    ),
    "the container of the output": (
        StandardScaler(),
        StandardScaler().set_output(transform="pandas"),
    ),
    "what a frozen estimator has learned": (
        FrozenEstimator(fitted([0, 0, 0, 1, 1, 1])),
        FrozenEstimator(fitted([0, 0, 1, 1, 1, 1])),
    ),
    "one number of a long array": (NUMBERS, changed(NUMBERS, 2500, 7.0)),
    "near numbers": (np.array([0.1, 0.9]), np.array([0.1 + 1e-9, 0.9 - 1e-9])),
    "dtypes": (np.arange(3), np.arange(3, dtype=np.int32)),
    "shapes": (np.zeros((2, 50)), np.zeros((50, 2))),
    "empty shapes": (np.zeros((0, 3)), np.zeros((0, 4))),
    "object arrays": (np.array([1, "a"], object), np.array([1, "b"], object)),
    "texts of arrays": (np.array(["a", "b"] * 20), np.array(["a", "c"] * 20)),
    "masks": (np.ma.array([1, 2], mask=[0, 1]), np.ma.array([1, 2], mask=[1, 0])),
    "structured arrays": (
        np.array([(1, 2.0)], [("a", "i4"), ("b", "f8")]),
        np.array([(1, 2.5)], [("a", "i4"), ("b", "f8")]),
    ),
    "long doubles": (np.longdouble(1), np.longdouble(1) + np.finfo(np.longdouble).eps),
    "numpy's numbers and Python's": (np.float32(1), np.float64(1)),
    "a whole number and a float": (1, 1.0),
    "a number and a truth": (1, True),
    "signs of zero": (0.0, -0.0),
    "long whole numbers": (10**5000, 10**5000 + 1),
    "long texts": ("a" * 5000, "a" * 4999 + "b"),
    "bytes": (b"a" * 5000, b"a" * 4999 + b"b"),
    "decimals": (decimal.Decimal("1.0"), decimal.Decimal("1.00")),
    "sets": ({1, 2}, {1, 3}),
    "a set and a frozen one": ({1}, frozenset({1})),
    "a list and a tuple": ([1], (1,)),
    "nesting": ([1, [2]], [[1], 2]),
    "the order of a mapping": ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    "values deep in a mapping": ({"a": [{"b": NUMBERS}]}, {"a": [{"b": NUMBERS[1:]}]}),
    "sparse matrices": (MATRIX, 2 * MATRIX),
    "cells of frames": (FRAME, FRAME.replace("y", "z")),
    "columns of frames": (FRAME, FRAME.rename(columns={"b": "c"})),
    "indices of frames": (FRAME, FRAME.set_axis(range(1, 301))),
    "dtypes of frames": (FRAME, FRAME.astype({"a": "Float64"})),
    "categories": (
        pd.Series(["a", "b"], dtype=pd.CategoricalDtype(["a", "b"])),
        pd.Series(["a", "b"], dtype=pd.CategoricalDtype(["b", "a"])),
    ),
    "names of series": (FRAME["a"], FRAME["a"].rename("z")),
    "time zones": (
        pd.DatetimeIndex(["2020-01-01"], tz="UTC"),
        pd.DatetimeIndex(["2020-01-01"], tz="Europe/Rome"),
    ),
    "levels": (
        pd.MultiIndex.from_tuples([(1, "a")]),
        pd.MultiIndex.from_tuples([(1, "b")]),
    ),
    "time stamps": (pd.Timestamp("2020-01-01"), pd.Timestamp("2020-01-02")),
    "tensors": (torch.arange(50), torch.arange(50).flip(0)),
    "half tensors": (torch.ones(9, dtype=torch.bfloat16), torch.zeros(9, dtype=torch.bfloat16)),
    "weights": (linear(0), linear(1)),
    "weights a little apart": (linear(0), scaled(linear(0), 1 + 1e-6)),
    "weights that learn and do not": (linear(0), frozen(linear(0))),
    "buffers": (with_buffer(1.0), with_buffer(2.0)),
    "structure": (torch.nn.Sequential(linear(0)), torch.nn.Sequential(linear(0), torch.nn.ReLU())),
    "slopes": (torch.nn.LeakyReLU(0.1), torch.nn.LeakyReLU(0.2)),
    "states of generators": (np.random.RandomState(0), np.random.RandomState(1)),
    "generators that have drawn": (np.random.default_rng(0), None),
    "Python's generators": (random.Random(0), random.Random(1)),
    "torch's generators": (
        torch.Generator().manual_seed(0),
        torch.Generator().manual_seed(1),
    ),
    "splitters": (StratifiedKFold(3), StratifiedKFold(4)),
    "scorers": (make_scorer(fbeta_score, beta=1), make_scorer(fbeta_score, beta=2)),
    "signs of scorers": (
        make_scorer(accuracy_score),
        make_scorer(accuracy_score, greater_is_better=False),
    ),
    "members": (Colour.RED, Colour.BLUE),
    "data classes": (Point(1.0), Point(2.0)),
    "slots": (Slots(1), Slots(2)),
    "name spaces": (types.SimpleNamespace(a=1), types.SimpleNamespace(a=2)),
    "arguments": (functools.partial(round, ndigits=1), functools.partial(round, ndigits=2)),
    "names of arguments": (functools.partial(max, key=len), functools.partial(max, default=len)),
    "functions": (math.sqrt, math.exp),
    "ufuncs": (np.log, np.exp),
    "ufuncs of scipy": (scipy.special.expit, scipy.special.logit),
    "classes": (torch.nn.ReLU, torch.nn.Tanh),
    "lambdas": (lambda x: x + 1, lambda x: x + 2),
    "operations": (lambda x: x + 1, lambda x: x - 1),
    "what is called": (lambda x: np.log(x), lambda x: np.exp(x)),
    "variables of lambdas": (adds(1), adds(2)),
    "arrays of lambdas": (adds(NUMBERS), adds(NUMBERS + 1)),
    "defaults": (make("def made(x, k=1): return k"), make("def made(x, k=2): return k")),
    "defaults by name": (make("def made(*, k=1): return k"), make("def made(*, k=2): return k")),
    "globals": (make("made = lambda x: x * k", k=1), make("made = lambda x: x * k", k=2)),
    "globals of inner functions": (
        make("def made(x): return [(lambda: k)() for _ in x]", k=1),
        make("def made(x): return [(lambda: k)() for _ in x]", k=2),
    ),
    "settings in a mapping": (
        make("def made(x): return k['a']", k={"a": 1}),
        make("def made(x): return k['a']", k={"a": 2}),
    ),
    "what a function calls": (uses_a_helper(1), uses_a_helper(2)),
    "methods": (
        make("class made:\n def f(s): return 1"),
        make("class made:\n def f(s): return 2"),
    ),
    "attributes of classes": (make("class made: k = 1"), make("class made: k = 2")),
    "properties": (
        make("class made:\n @property\n def f(s): return 1"),
        make("class made:\n @property\n def f(s): return 2"),
    ),
    "static methods": (
        make("class made:\n @staticmethod\n def f(): return 1"),
        make("class made:\n @staticmethod\n def f(): return 2"),
    ),
    "bases": (
        make("class A:\n def f(s): return 1\nclass made(A): pass"),
        make("class A:\n def f(s): return 2\nclass made(A): pass"),
    ),
    "instances of other classes": (
        make("class A:\n def __call__(s): return 1\nmade = A()"),
        make("class A:\n def __call__(s): return 2\nmade = A()"),
    ),
    "samplers of other code": (
        make("class made(S):\n def fit_resample(s, X, y): return X, y", S=SpreadSMOTE)(),
        make("class made(S):\n def fit_resample(s, X, y): return y, X", S=SpreadSMOTE)(),
    ),
    "values of members": (
        make("class A(Enum):\n X = 1\nmade = A.X", Enum=enum.Enum),
        make("class A(Enum):\n X = 2\nmade = A.X", Enum=enum.Enum),
    ),
    "methods of objects": (Point(1.0).__eq__, Point(2.0).__eq__),
    "methods of built-ins": ([1].append, [2].append),
    "cached functions": (
        functools.cache(make("def made(x): return 1")),
        functools.cache(make("def made(x): return 2")),
    ),
    "requests of metadata": (
        make_scorer(accuracy_score),
        make_scorer(accuracy_score, response_method="predict_proba"),
    ),
}


def test_settings_are_told_apart_wherever_they_lie():
    alike = []
    for name, (one, other) in APART.items():
        for wrap in (lambda v: v, Holds, lambda v: make_pipeline(Holds([("a", v)]), None)):
            if describe(wrap(one)) == describe(wrap(other)):
                alike.append(name)
            assert gaps_of(wrap(one)) == [], name
    assert alike == []


EQUAL = {
    "arrays in another order in memory": (np.ones((3, 40)), np.asfortranarray(np.ones((3, 40)))),
    "views": (NUMBERS[::2], NUMBERS[::2].copy()),
    "sets": ({"a", "b", "c"}, {"c", "b", "a"}),
    "weights": (linear(0), linear(0)),
    "sparse matrices that have been used": (MATRIX, MATRIX.copy().tocoo().tocsr()),
    "frames of other blocks": (
        FRAME,
        pd.concat([FRAME[["a"]], FRAME[["b"]]], axis=1).copy(),
    ),
    "lambdas": (adds(1), adds(1)),
    "code on other lines": (
        make("def made(x):\n    return x"),
        make("# a remark\n\n\ndef made(x):\n\n    return x"),
    ),
    "another description": (
        make("def made(x):\n    'One.'\n    return x"),
        make("def made(x):\n    'Another.'\n    return x"),
    ),
    "classes": (make("class made:\n k = 1"), make("class made:\n 'Told.'\n k = 1")),
    "estimators that have learned": (
        LogisticRegression(),
        fitted([0, 0, 0, 1, 1, 1]),
    ),
    "clones": (GAMOClassifier(classifier=linear(0)), clone(GAMOClassifier(classifier=linear(0)))),
    "generators": (np.random.default_rng(3), np.random.default_rng(3)),
    "scorers": (make_scorer(fbeta_score, beta=1), make_scorer(fbeta_score, beta=1)),
}


def test_equal_contents_read_alike():
    assert [name for name, (a, b) in EQUAL.items() if describe(a) != describe(b)] == []


def test_generators_are_told_by_where_they_are():
    before = describe(np.random.default_rng(0))
    drawn = np.random.default_rng(0)
    drawn.random()
    assert describe(drawn) != before == describe(np.random.default_rng(0))


def test_values_that_hold_themselves_have_an_end():
    one, other = [1], [2]
    one.append(one)
    other.append(other)
    assert describe(one) == "[1, <1 up>]"
    assert describe(other) == "[2, <1 up>]"
    recursive = make("def made(n): return n and made(n - 1)")
    assert describe(recursive) == describe(make("def made(n): return n and made(n - 1)"))


def test_functions_that_share_many_helpers_are_told_once():
    lines = ["def f0(): return 0"]
    lines += [f"def f{i}(): return f{i - 1}() + f{i - 1}.x + f{i - 1}()" for i in range(1, 60)]
    lines += ["def made(): return " + " + ".join(f"f{i}()" for i in range(60))]
    one, other = (
        make("\n".join([first, *lines[1:]])) for first in (lines[0], "def f0(): return 1")
    )
    assert describe(one) != describe(other)


# ---- working state ------------------------------------------------------------------------------

COUNTERS = {
    "a global": ("n = 0\ndef made():\n global n\n n += 1", "made"),
    "a global mapping": ("n = {'a': 0}\ndef made():\n n['a'] += 1", "made"),
    "a set entry": ("n = {}\ndef made():\n n['a'] = 1", "made"),
    "a list": ("n = []\ndef made():\n n.append(1)", "made"),
    "an outer variable": (
        "def outer():\n n = 0\n def made():\n  nonlocal n\n  n += 1\n return made\nmade = outer()",
        "made",
    ),
    "an attribute of the class": (
        "class made:\n n = 0\n def __call__(self):\n  made.n += 1",
        "made",
    ),
}


@pytest.mark.parametrize("name", COUNTERS)
def test_what_code_counts_is_told_too(name):
    """A store is refused too often rather than too seldom: it may be a setting."""
    counts = make(*COUNTERS[name])
    before = describe(counts)
    assert describe(make(*COUNTERS[name])) == before
    (counts() if isinstance(counts, type) else counts)()
    assert describe(counts) != before


def test_what_code_only_reads_is_a_setting():
    reads = make("def made(X):\n X[0] = k['a']\n return X", k=SETTINGS)
    before = describe(reads)
    SETTINGS["a"] = 1
    try:
        assert describe(reads) != before
    finally:
        del SETTINGS["a"]


# ---- modules ------------------------------------------------------------------------------------


def test_modules_of_ones_own_are_told_by_their_code(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    uses = make("def made(x):\n import told_helper\n return told_helper.f(x)")
    texts = set()
    for line in ("return 1", "return 2", "return 2  # a remark"):
        (tmp_path / "told_deep.py").write_text(f"def g():\n    {line}\n")
        (tmp_path / "told_helper.py").write_text("from told_deep import g\ndef f(x): return g()\n")
        texts.add(describe(uses))
    assert len(texts) == 2


def test_other_packages_are_told_with_their_version():
    import scipy

    told = describe(Holds(scipy.stats.gmean))
    assert f"scipy.stats._stats_py.gmean[version {scipy.__version__}]" in told
    assert without_marks(told) == f"{__name__}.Holds(value=scipy.stats._stats_py.gmean)"
    assert describe(Holds(np.mean)).endswith("(value=numpy.mean)")
    assert describe(Holds(torch.nn.ReLU)).endswith("(value=torch.nn.modules.activation.ReLU)")


# ---- what has no contents -----------------------------------------------------------------------


def holds_file():
    return open(os.devnull)


NOTHING = {
    "an open file": holds_file,
    "a generator": lambda: (i for i in range(3)),
    "a bare object": object,
    "a lock": threading.Lock,
    "an object that holds a lock": lambda: types.SimpleNamespace(lock=threading.Lock()),
    "a ufunc of ones own": lambda: np.frompyfunc(abs, 1, 1),
    "a tensor without numbers": lambda: torch.ones(3, device="meta"),
    "a lambda that uses a lock": lambda: adds(threading.Lock()),
    "an array of objects": lambda: np.array([object(), object()]),
    "something deep": lambda: functools.reduce(lambda inner, _: [inner], range(5000), []),
}


@pytest.mark.parametrize("name", NOTHING)
def test_what_has_no_contents_is_named_with_its_path(name):
    value = NOTHING[name]()
    [gap, *more] = gaps_of(make_pipeline(StandardScaler(), Holds({"key": value})))
    assert gap.startswith(
        ("it.steps[1][1].value['key']", "k, which it.steps[1][1].value['key'] uses")
    )
    assert len(more) <= 1
    assert "0x" not in describe(value)
    if hasattr(value, "close"):
        value.close()


def test_the_path_of_a_gap_in_a_users_class():
    kind = make("class made:\n lock = lock", lock=threading.Lock())
    [gap] = gaps_of(Holds(kind()))
    assert gap == (
        "attribute lock of class users_module.made of it.value[0], of type lock "
        "(cannot pickle '_thread.lock' object)"
    )


# ---- in every process ---------------------------------------------------------------------------


def texts():
    for name, values in (APART | EQUAL).items():
        yield " ".join([name, *(mark("text", describe(each)) for each in values)])


SCRIPT = """
from tests.evaluation.run.test_fingerprint import texts
print(*texts(), sep="\\n")
"""


def test_texts_are_the_same_in_every_process():
    root = Path(__file__).parents[3]
    surroundings = os.environ | {"PYTHONHASHSEED": "1", "PYTHONPATH": str(root)}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=surroundings, cwd=root, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines() == list(texts())


def test_a_teller_says_what_it_was_asked():
    teller = Teller()
    assert teller.tell({"a": (1, "b", None, {2.5})}, "x") == "{'a': (1, 'b', None, {2.5})}"
    assert teller.tell(np.array([0.1, 0.9]), "x") == "array([0.1, 0.9], <f8)"
    assert teller.gaps == []


def test_what_a_method_sets_on_itself_hides_no_attribute_of_its_class():
    text = "class made:\n flip = {}\n def tune(self):\n  self.flip = 2"
    assert describe(make(text.format(0), "made")) != describe(make(text.format(1), "made"))
