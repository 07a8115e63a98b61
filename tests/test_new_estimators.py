"""The estimators that the gallery adds: they run, and pass what those of the package pass."""

import importlib.util
import inspect
import sys
from dataclasses import fields
from pathlib import Path

import imblearn.utils.estimator_checks as imblearn_checks
import matplotlib.pyplot as plt
import pytest
import sklearn.utils.estimator_checks as sklearn_checks
from imblearn.over_sampling.base import BaseOverSampler

EXAMPLES = Path(__file__).parent.parent / "examples"
QUICK = {"WGANSampler": {"max_iter": 4, "hidden_layer_sizes": (16,)}, "JitterSampler": {}}


@pytest.fixture(scope="module", params=["plot_new_game", "plot_new_sampler"])
def sampler(request):
    """The sampler that an example defines, quick; the example has run to its end."""
    name = request.param
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_RESAMPLE_QUICK", "1")
        patch.setitem(sys.modules, name, module)  # where pickle looks for its classes
        plt.switch_backend("Agg")
        spec.loader.exec_module(module)
        plt.close("all")
        [kind] = [
            kind
            for kind in vars(module).values()
            if isinstance(kind, type)
            and issubclass(kind, BaseOverSampler)
            and kind.__module__ == name
        ]
        yield kind(**QUICK[kind.__name__], random_state=0)


def test_fields_are_the_parameters_and_defaults_meet_their_constraints(sampler):
    kind = type(sampler)
    names = {field.name for field in fields(kind)}
    assert names == set(inspect.signature(kind).parameters) == set(kind._parameter_constraints)
    assert {"encoder", "random_state", "sampling_strategy"} <= names
    kind()._validate_params()


def test_common_checks_of_scikit_learn(sampler):
    results = sklearn_checks.check_estimator(sampler, on_skip=None)
    assert len(results) > 40
    assert {each["status"] for each in results} == {"passed"}


def test_common_checks_of_imbalanced_learn(sampler):
    checks = [check for _, check in imblearn_checks.estimator_checks_generator(sampler)]
    assert len(checks) > 10
    for check in checks:
        check(sampler)
    for check in (
        imblearn_checks.check_param_validation,
        imblearn_checks.check_dataframe_column_names_consistency,
    ):
        check(type(sampler).__name__, sampler)
