"""Rows as numbers and back: tables and images. No torch."""

from gan_resample.encoding.image import ImageEncoder
from gan_resample.encoding.table import TableEncoder

__all__ = ["ImageEncoder", "TableEncoder"]
