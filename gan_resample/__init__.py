"""Adversarial games for imbalanced data, compatible with scikit-learn and imbalanced-learn."""

from gan_resample.cyclegan.estimators import CycleGANClassifier, CycleGANSampler
from gan_resample.dvaan.estimators import DVAANClassifier, DVAANSampler
from gan_resample.egan.estimators import EGANClassifier
from gan_resample.encoding.image import ImageEncoder
from gan_resample.encoding.table import TableEncoder
from gan_resample.engine.guards import (
    BoundaryWarning,
    CollapseWarning,
    DivergenceError,
    DivergenceWarning,
    TinyClassWarning,
)
from gan_resample.gamo.estimators import GAMOClassifier, GAMOSampler
from gan_resample.pgan.estimators import PGANClassifier, PGANSampler
from gan_resample.priors.correction import PriorCorrectedClassifier
from gan_resample.spread_smote import SpreadSMOTE

__version__ = "0.1.0"

__all__ = [
    "BoundaryWarning",
    "CollapseWarning",
    "CycleGANClassifier",
    "CycleGANSampler",
    "DVAANClassifier",
    "DVAANSampler",
    "DivergenceError",
    "DivergenceWarning",
    "EGANClassifier",
    "GAMOClassifier",
    "GAMOSampler",
    "ImageEncoder",
    "PGANClassifier",
    "PGANSampler",
    "PriorCorrectedClassifier",
    "SpreadSMOTE",
    "TableEncoder",
    "TinyClassWarning",
]
