"""The azuread and command plugins of a rehearsal: stand-ins in its own process, or the real ones where they are."""
