"""Pictures, as Display classes like those of scikit-learn."""
