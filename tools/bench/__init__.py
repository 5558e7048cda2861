"""Measurements of the project against the emulator: API calls, time, and sign-ins while secrets rotate."""
