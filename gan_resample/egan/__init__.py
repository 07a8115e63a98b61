"""eGAN: ensemble GAN with transfer learning (2021)."""

from gan_resample.egan.estimators import PAPER_SETTINGS, EGANClassifier
from gan_resample.egan.game import EGANGame

__all__ = ["PAPER_SETTINGS", "EGANClassifier", "EGANGame"]
