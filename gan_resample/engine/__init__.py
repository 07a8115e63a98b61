"""The engine: a game (rules), a net that plays it (skorch), batches, guards and seeds."""
