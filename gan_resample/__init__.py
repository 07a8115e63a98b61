"""Adversarial games for imbalanced data, compatible with scikit-learn and imbalanced-learn."""

from gan_resample.calibration import PriorCorrectedClassifier
from gan_resample.cyclegan import CycleGANClassifier, CycleGANSampler
from gan_resample.dvaan import DVAANClassifier, DVAANSampler
from gan_resample.egan import EGANClassifier
from gan_resample.encoding import TableEncoder
from gan_resample.engine.guards import (
    BoundaryWarning,
    CollapseWarning,
    DivergenceError,
    DivergenceWarning,
    TinyClassWarning,
)
from gan_resample.gamo import GAMOClassifier, GAMOSampler
from gan_resample.images import ImageEncoder
from gan_resample.pgan import PGANClassifier, PGANSampler
from gan_resample.spread import SpreadSMOTE

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
