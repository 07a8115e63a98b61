"""Both common-check suites on every public estimator: no expected failure, no tag that skips."""

import imblearn.utils.estimator_checks as imblearn_checks
import pytest
import sklearn.utils.estimator_checks as sklearn_checks

import gan_resample
from gan_resample import TableEncoder
from tests.helpers import classifiers, samplers


@sklearn_checks.parametrize_with_checks([*samplers(), *classifiers(), TableEncoder()])
def test_sklearn_check(estimator, check):
    check(estimator)


@imblearn_checks.parametrize_with_checks([*samplers(), *classifiers()])
def test_imblearn_check(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", [*samplers(), *classifiers()], ids=repr)
@pytest.mark.parametrize(
    "check",
    [
        imblearn_checks.check_param_validation,
        imblearn_checks.check_dataframe_column_names_consistency,
    ],
)
def test_imblearn_extra_check(estimator, check):
    check(type(estimator).__name__, estimator)


@pytest.mark.parametrize("estimator", [*samplers(), *classifiers()], ids=repr)
def test_no_tag_switches_checks_off(estimator):
    tags = sklearn_checks.get_tags(estimator)
    assert not any((tags.no_validation, tags._skip_test, tags.non_deterministic))
    assert tags.classifier_tags is None or not tags.classifier_tags.poor_score
    assert tags.input_tags.sparse


def test_every_public_estimator_is_checked():
    public = {getattr(gan_resample, name) for name in gan_resample.__all__}
    estimators = {kind for kind in public if hasattr(kind, "fit")}
    assert estimators == {type(e) for e in [*samplers(), *classifiers(), TableEncoder()]}
