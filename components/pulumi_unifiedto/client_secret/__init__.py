"""A client secret that rotates."""
