"""What the results of a comparison say: tables, intervals, tests."""
