"""What methods share whose generator mixes the rows of a class: GAMO, PGAN and SpreadSMOTE."""
