"""Rehearsals: this project's program on Pulumi's own engine, against the local emulator."""
