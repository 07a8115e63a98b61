"""The class mix that a classifier learned from, and its correction."""

from gan_resample.priors.correction import PriorCorrectedClassifier

__all__ = ["PriorCorrectedClassifier"]
