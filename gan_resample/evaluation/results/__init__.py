"""Results of a comparison: tables, intervals, tests."""
