"""Encoders that turn rows of tables, and images, into numbers and back. No torch."""

from gan_resample.encoding.image import ImageEncoder
from gan_resample.encoding.table import TableEncoder

__all__ = ["ImageEncoder", "TableEncoder"]
