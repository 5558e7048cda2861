"""Every fault at every call of a rotation, and a killed CLI at every boundary of a stack's life.

``python -m tests.matrix`` runs all cases and rewrites ``docs/fault-matrix.md`` and ``docs/crash-matrix.md``; the tests
run a part of the same cases, chosen by a rule, and compare each outcome with the committed pages.
"""
