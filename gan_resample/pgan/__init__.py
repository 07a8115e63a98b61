"""PGAN: Polarity-GAN."""

from gan_resample.pgan.estimators import PAPER_SETTINGS, PGANClassifier, PGANSampler
from gan_resample.pgan.game import PGANGame

__all__ = ["PAPER_SETTINGS", "PGANClassifier", "PGANGame", "PGANSampler"]
