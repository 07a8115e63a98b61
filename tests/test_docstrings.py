"""Public docstrings are complete, and shared parameters are described in the same words."""

import inspect
import re

import pytest

import gan_resample
from gan_resample import GAMOSampler, PGANSampler, SpreadSMOTE
from gan_resample.datasets import DataSet, as_dataset
from gan_resample.evaluation import (
    ComparisonDisplay,
    GameHistoryDisplay,
    GenerationDisplay,
    LatentDisplay,
    ResamplingDisplay,
    TranslationDisplay,
    compare,
)
from gan_resample.evaluation.metrics import generated as metrics
from gan_resample.testing import check_game, check_sampler

ESTIMATORS = [
    kind
    for name in gan_resample.__all__
    if hasattr(kind := getattr(gan_resample, name), "encoder") or name.endswith("Encoder")
]
GAMES = [kind for kind in ESTIMATORS if hasattr(kind, "_game")]
OTHERS = [
    *(getattr(metrics, name) for name in metrics.__all__ if name.islower()),
    GenerationDisplay,
    GenerationDisplay.from_estimator,
    as_dataset,
    check_game,
    check_sampler,
    compare,
    ComparisonDisplay,
    ComparisonDisplay.plot,
    DataSet,
    GameHistoryDisplay,
    LatentDisplay,
    LatentDisplay.from_estimator,
    ResamplingDisplay,
    ResamplingDisplay.from_estimator,
    TranslationDisplay,
    TranslationDisplay.from_estimator,
]


def section(kind, name):
    doc = inspect.getdoc(kind)
    found = re.search(rf"\n{name}\n-+\n(.*?)(?=\n\n[A-Z][A-Za-z ]+\n-+\n|\Z)", doc, re.S)
    return found.group(1) if found else ""


def names_in(text):
    heads = re.findall(r"^(?! )([\w*, \n\\]+?)(?: :.*)?$(?=\n    )", text, re.M)
    return {
        name.strip().lstrip("*")
        for head in heads
        for name in re.split(r"[,\n\\]", head)
        if name.strip()
    }


@pytest.mark.parametrize("kind", [*ESTIMATORS, *OTHERS])
def test_every_parameter_is_described_and_no_other(kind):
    parameters = set(inspect.signature(kind).parameters) - {"self"}
    assert names_in(section(kind, "Parameters")) == parameters


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_docstrings_have_their_sections(kind):
    assert section(kind, "Attributes")
    assert section(kind, "Examples")
    assert section(kind, "Notes")


def test_all_estimators_are_met():
    assert len(GAMES) >= 9
    assert len(ESTIMATORS) >= 12


def test_shared_parameters_are_described_alike():
    def entry(kind, name):
        text = section(kind, "Parameters")
        return re.search(rf"^{name} :.*?(?=^\S|\Z)", text, re.M | re.S).group(0).strip()

    for name in ("sampling_strategy", "encoder"):
        assert entry(GAMOSampler, name) == entry(SpreadSMOTE, name)
    for name in ("sampling_strategy", "encoder", "device", "callbacks", "verbose", "max_iter"):
        for kind in GAMES:
            if name == "callbacks" and kind is PGANSampler:
                continue  # another rule for EarlyStopping
            told = entry(GAMOSampler, name).split("default=")[-1].split("\n", 1)[1]
            if name == "max_iter":
                told = told.partition(" ``None``")[0]  # which no other game takes
            assert kind.__name__.endswith("Classifier") or told in entry(kind, name)


@pytest.mark.parametrize("kind", [*ESTIMATORS, *OTHERS])
def test_defaults_in_the_docstring_are_the_defaults(kind):
    text = section(kind, "Parameters")
    for name, parameter in inspect.signature(kind).parameters.items():
        told = re.search(rf"^{name} :.*?default=(.+?)$", text, re.M)
        if told:
            assert eval(told.group(1)) == parameter.default, name


def test_every_fitted_attribute_is_described():
    from tests.helpers import QUICK, blobs

    for kind in (*GAMES, SpreadSMOTE):
        params = QUICK if kind is not SpreadSMOTE else {}
        fitted = kind(**params).fit(*blobs())
        public = {name for name in vars(fitted) if name.endswith("_") and name[0] != "_"}
        assert public <= names_in(section(kind, "Attributes")) | {"sampling_strategy_"}


def test_the_public_list_is_what_is_there():
    for name in gan_resample.__all__:
        assert getattr(gan_resample, name).__doc__


@pytest.mark.parametrize("name", gan_resample.__all__)
def test_what_to_see_also_is_readable_to_numpydoc(name):
    lines = section(getattr(gan_resample, name), "See Also").splitlines()
    assert [x for x in lines if not re.match(r"[\w.]+ : \S|    \S", x)] == []
