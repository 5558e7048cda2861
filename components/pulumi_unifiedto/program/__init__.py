"""What every component needs of the running program."""
