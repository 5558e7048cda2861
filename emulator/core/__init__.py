"""What all emulated services share: routes, state, clock, journal, faults, TLS, server and control routes."""
