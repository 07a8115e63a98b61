"""The class mix that a classifier learned from, and its correction."""
