"""A module beside the program: executed afresh in every run."""

runs = 0
runs += 1
