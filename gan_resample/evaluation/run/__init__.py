"""How a comparison runs: methods, folds, processes and the store."""
