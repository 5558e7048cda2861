"""Where Pulumi's own engine, its CLI, comes from."""
