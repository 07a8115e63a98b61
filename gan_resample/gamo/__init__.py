"""GAMO: generative adversarial minority oversampling (Mullick, Datta, Das 2019)."""

from gan_resample.gamo.estimators import PAPER_SETTINGS, GAMOClassifier, GAMOSampler
from gan_resample.gamo.game import GAMOGame

__all__ = ["PAPER_SETTINGS", "GAMOClassifier", "GAMOGame", "GAMOSampler"]
