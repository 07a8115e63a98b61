"""Measures of predictions and of generated rows. No matplotlib."""
