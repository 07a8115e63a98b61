"""DVAAN: discriminative variational autoencoding adversarial network (Guo et al. 2019)."""

from gan_resample.dvaan.estimators import PAPER_SETTINGS, DVAANClassifier, DVAANSampler
from gan_resample.dvaan.game import DVAANGame

__all__ = ["PAPER_SETTINGS", "DVAANClassifier", "DVAANGame", "DVAANSampler"]
