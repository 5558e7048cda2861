"""One integration registered at Unified.to."""
