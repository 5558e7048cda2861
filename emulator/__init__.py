"""Everything remote, on this computer: Entra ID, Microsoft Graph and Unified.to for rehearsals and tests.

Loopback only, with secrets that are worthless elsewhere. Nothing under ``components/`` may import this package.
"""
