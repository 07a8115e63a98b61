"""What is measured of predictions and of generated rows. No matplotlib."""
