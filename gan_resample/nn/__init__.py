"""Networks that know no game."""
