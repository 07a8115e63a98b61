"""Pictures, in scikit-learn's manner."""
