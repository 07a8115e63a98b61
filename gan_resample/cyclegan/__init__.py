"""CycleGAN with a joint classifier (Sahoo et al. 2020)."""

from gan_resample.cyclegan.estimators import PAPER_SETTINGS, CycleGANClassifier, CycleGANSampler
from gan_resample.cyclegan.game import CycleGANGame
from gan_resample.cyclegan.translation import TranslationGame

__all__ = [
    "PAPER_SETTINGS",
    "CycleGANClassifier",
    "CycleGANGame",
    "CycleGANSampler",
    "TranslationGame",
]
