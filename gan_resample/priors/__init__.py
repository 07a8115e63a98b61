"""The class shares that a classifier learned from, and the correction of its probabilities."""

from gan_resample.priors.correction import PriorCorrectedClassifier

__all__ = ["PriorCorrectedClassifier"]
