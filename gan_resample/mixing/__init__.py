"""What GAMO, PGAN and SpreadSMOTE share: new rows are mixtures of the rows of a class."""
