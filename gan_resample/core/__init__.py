"""What every estimator is made of: parameters, rows, training."""
