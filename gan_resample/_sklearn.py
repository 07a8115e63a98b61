"""Every private scikit-learn and imbalanced-learn import, and nothing else."""

from sklearn.base import _fit_context
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import _check_feature_names_in

__all__ = ["HasMethods", "Interval", "StrOptions", "_check_feature_names_in", "_fit_context"]
