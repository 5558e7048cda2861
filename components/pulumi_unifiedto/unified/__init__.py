"""Unified.to's API; knows no Pulumi."""
