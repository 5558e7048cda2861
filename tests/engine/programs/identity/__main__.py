"""Tells how it was run."""

import os
import sys

import counting  # type: ignore[import-not-found]  # beside the program
import pulumi

counting.runs += 10
print("printed by the program")
print("and complained about", file=sys.stderr)
pulumi.log.warn("a warning of the program")
pulumi.export("cwd", os.getcwd())
pulumi.export("argv", sys.argv)
pulumi.export("name", __name__)
pulumi.export("runs", counting.runs)
pulumi.export("organization", pulumi.get_organization())
pulumi.export("stack", pulumi.get_stack())
pulumi.export("dry_run", pulumi.runtime.is_dry_run())
pulumi.export("variables", {key: os.environ.get(key) for key in ("ARM_CLIENT_SECRET", "UNIFIED_API_KEY", "GIVEN")})
