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

from .account import (
    AccountError as AccountError,
    AmbiguousRegistration as AmbiguousRegistration,
    ApiKeyMissing as ApiKeyMissing,
    ApiKeyNotPermitted as ApiKeyNotPermitted,
    ApiKeyRefused as ApiKeyRefused,
    ApplicationMismatch as ApplicationMismatch,
    ApplicationNotFound as ApplicationNotFound,
    CallerNotPermitted as CallerNotPermitted,
    ForcedRotationRefused as ForcedRotationRefused,
    ManualStepNeeded as ManualStepNeeded,
    PlanRefused as PlanRefused,
    RegistrationMissing as RegistrationMissing,
    RegistrationRefused as RegistrationRefused,
    SecretAlreadyGone as SecretAlreadyGone,
    SecretExpiresSoon as SecretExpiresSoon,
    SecretLimitReached as SecretLimitReached,
    TenantPolicyRefused as TenantPolicyRefused,
    WorkspaceMismatch as WorkspaceMismatch,
    WorkspaceNotFound as WorkspaceNotFound,
    SecretOfAnotherGeneration as SecretOfAnotherGeneration,
    ReplacementNotPlanned as ReplacementNotPlanned,
    WrittenSince as WrittenSince,
)
from .base import (
    Family as Family,
    UnifiedtoError as UnifiedtoError,
)
from .later import (
    ApiUnavailable as ApiUnavailable,
    ApiUnreachable as ApiUnreachable,
    EntraLookupFailed as EntraLookupFailed,
    EntraStepFailed as EntraStepFailed,
    EntraUnreachable as EntraUnreachable,
    LaterError as LaterError,
    MalformedAnswer as MalformedAnswer,
    NotVerified as NotVerified,
    PersonalSideNotReady as PersonalSideNotReady,
    RateLimited as RateLimited,
    ReadBackDiffers as ReadBackDiffers,
    SecretNotAccepted as SecretNotAccepted,
    UnexpectedFault as UnexpectedFault,
    WriteUncertain as WriteUncertain,
    ApplicationChangeRefused as ApplicationChangeRefused,
    ProofNotRun as ProofNotRun,
)
from .program import (
    ApiKeyNotSecret as ApiKeyNotSecret,
    AuthKeysWouldBeLost as AuthKeysWouldBeLost,
    DisplayNameTooLong as DisplayNameTooLong,
    DuplicateRegistration as DuplicateRegistration,
    InvalidApiUrl as InvalidApiUrl,
    InvalidChoice as InvalidChoice,
    InvalidInput as InvalidInput,
    InvalidRedirectUri as InvalidRedirectUri,
    InvalidRegion as InvalidRegion,
    InvalidRotationPeriod as InvalidRotationPeriod,
    InvalidWorkspaceId as InvalidWorkspaceId,
    NationalCloud as NationalCloud,
    ProgramError as ProgramError,
    UnknownEnvironment as UnknownEnvironment,
    UnknownGraphPermission as UnknownGraphPermission,
    UnknownIntegrationType as UnknownIntegrationType,
)

_FAMILIES: Final = (ProgramError, AccountError, LaterError)

CATALOGUE: Final[tuple[type[UnifiedtoError], ...]] = tuple(
    sorted((kind for family in _FAMILIES for kind in family.__subclasses__()), key=lambda kind: kind.code)
)
"""Every error, in the order of the codes."""
