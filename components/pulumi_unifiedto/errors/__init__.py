"""Every error a user can meet: what happened, why, what to do next.

One root, `UnifiedtoError`, and three families: *program* (change the program or its configuration), *account* (change
something in Entra or at Unified.to) and *later* (the same run may succeed if repeated). Printed, an error is a support
ticket:

    UNI202 Unified.to refused the API key (GET /unified/workspaceintegration at https://api.unified.to, region us).
      why: ...
      next: ...
      (remote code 401, request id 4f1c...)

No error ever carries a request or response body, a header, an API key or a client secret: constructors take plain
facts, and the callers pass texts from a remote system through `redact` first. ``make docs`` writes the catalogue to
docs/errors.md.
"""

from typing import Final

from .account import *
from .base import Family as Family, UnifiedtoError as UnifiedtoError
from .later import *
from .program import *

_errors = (error for family in UnifiedtoError.__subclasses__() for error in family.__subclasses__())
CATALOGUE: Final[tuple[type[UnifiedtoError], ...]] = tuple(sorted(_errors, key=lambda error: error.code))
"""Every error, in the order of the codes."""
