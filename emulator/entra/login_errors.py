"""Entra's sign-in refusals: AADSTS numbers, with error, status and words.

Meanings are documented (7000216 and 1002012 reported); the pairing of number, ``error`` and HTTP status is reported for
7000215, 7000222, 700016 and 90002, and assumed for the others.
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from emulator.core.clock import real_now
from emulator.core.routes import Refused
from emulator.entra.ids import fresh


@dataclass(frozen=True)
class Failure:
    """One kind of refusal: number, text with ``{placeholders}``, OAuth error, HTTP status of the token endpoint.

    ``is_shown``: the authorize page shows it to the person although the redirect URI is right.
    """

    number: int
    text: str
    error: str = "invalid_request"
    status: int = 400
    is_shown: bool = False


INVALID_SECRET = Failure(
    7000215,
    "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the "
    "client secret ID, for a secret added to app '{app_id}'.",
    error="invalid_client",
    status=401,
)
EXPIRED_SECRET = Failure(
    7000222,
    "The provided client secret keys for app '{app_id}' are expired. Visit the Azure portal to create new keys for "
    "your app, or consider using certificate credentials for added security.",
    error="invalid_client",
    status=401,
)
NO_SECRET = Failure(
    7000218,
    "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    error="invalid_client",
    status=401,
)
NO_SECRET_CLIENT_CREDENTIALS = Failure(
    7000216,
    "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.",
    error="invalid_client",
    status=401,
)
APP_NOT_IN_TENANT = Failure(
    700016,
    "Application with identifier '{app_id}' was not found in the directory '{tenant}'. This can happen if the "
    "application has not been installed by the administrator of the tenant or consented to by any user in the "
    "tenant. You may have sent your authentication request to the wrong tenant.",
    error="unauthorized_client",
)
APP_DISABLED = Failure(7000112, "Application '{app_id}' is disabled.", error="unauthorized_client")
TENANT_NOT_FOUND = Failure(
    90002,
    "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct "
    "cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the "
    "tenant.",
)
PARAMETER_MISSING = Failure(900144, "The request body must contain the following parameter: '{name}'.")
REQUEST_MALFORMED = Failure(9002313, "Invalid request. Request is malformed or invalid. {detail}")
GRANT_UNSUPPORTED = Failure(
    70003, "The app requested an unsupported grant type '{grant}'.", error="unsupported_grant_type"
)
DEFAULT_SCOPE_NEEDED = Failure(
    1002012,
    "The provided value for scope {scope} is not valid. Client credential flows must have a scope value with /.default "
    "suffixed to the resource identifier (application ID URI).",
    error="invalid_scope",
)
SCOPE_INVALID = Failure(
    70011,
    "The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' "
    "is not valid. The scope '{scope}' does not exist.",
    error="invalid_scope",
)
RESOURCE_NOT_FOUND = Failure(
    500011,
    "The resource principal named {resource} was not found in the tenant named {tenant}. This can happen if the "
    "application has not been installed by the administrator of the tenant or consented to by any user in the tenant.",
    error="invalid_resource",
)
GRANT_NEEDS_TENANT = Failure(
    9001023,
    "The grant type is not supported over the /common or /consumers endpoints. Please use the /organizations or "
    "tenant-specific endpoint.",
)
REDIRECT_URI_MISMATCH = Failure(
    50011,
    "The redirect URI '{redirect_uri}' specified in the request does not match the redirect URIs configured for the "
    "application '{app_id}'. Make sure the redirect URI sent in the request matches one added to your application in "
    "the Azure portal.",
)
REDIRECT_URI_CHANGED = Failure(
    500112,
    "The reply address '{redirect_uri}' does not match the reply address provided when requesting the authorization "
    "code.",
    error="invalid_grant",
)
REDIRECT_URI_MISSING = Failure(900971, "No reply address provided.")
NOT_MULTI_TENANT = Failure(
    50194,
    "Application '{app_id}'({name}) is not configured as a multi-tenant application. Usage of the /common endpoint "
    "is not supported for such apps created after '10/15/2018'. Use a tenant-specific endpoint or configure the "
    "application to be multi-tenant.",
)
WORK_ACCOUNTS_ONLY = Failure(
    9002332,
    "Application '{app_id}'({name}) is configured for use by Azure Active Directory users only. Please do not use the "
    "/consumers endpoint to serve this request.",
)
ACCOUNT_NOT_IN_TENANT = Failure(
    50020,
    "User account '{account}' from identity provider '{provider}' does not exist in tenant '{tenant}' and cannot "
    "access the application '{app_id}'({name}) in that tenant.",
    is_shown=True,
)
ACCOUNT_UNKNOWN = Failure(50034, "The user account '{account}' does not exist in this directory.", is_shown=True)
SIGN_IN_NEEDED = Failure(50058, "A silent sign-in request was sent but no user is signed in.", error="login_required")
USER_DECLINED = Failure(65004, "User declined to consent to access the app.", error="access_denied")
ADMIN_CONSENT_NEEDED = Failure(
    90094,
    "An administrator must grant the permissions '{scopes}' to application '{app_id}'.",
    error="access_denied",
    status=403,
    is_shown=True,
)
CODE_USED = Failure(
    54005, "OAuth2 Authorization code was already redeemed, please retry with a new valid code.", error="invalid_grant"
)
CODE_EXPIRED = Failure(
    70008,
    "The provided authorization code or refresh token has expired due to inactivity. Send a new interactive "
    "authorization request for this user and resource.",
    error="invalid_grant",
)
GRANT_INVALID = Failure(
    70000, "The provided value for the input parameter '{name}' is not valid.", error="invalid_grant"
)
VERIFIER_MISMATCH = Failure(
    501481,
    "The Code_Verifier does not match the code_challenge supplied in the authorization request.",
    error="invalid_grant",
)
THROTTLED = Failure(
    90055, "Server is terminating requests that exceed its limits.", error="temporarily_unavailable", status=429
)
TRANSIENT = Failure(
    90033, "A transient error has occurred. Please try again.", error="temporarily_unavailable", status=503
)

_BY_STATUS = {401: INVALID_SECRET, 429: THROTTLED, 500: TRANSIENT, 502: TRANSIENT, 503: TRANSIENT, 504: TRANSIENT}


class LoginError(Refused):
    """A refusal as the token endpoint answers it; the authorize page shows the same words (shape documented).

    ``facts``: what the placeholders of the text stand for.
    """

    def __init__(self, failure: Failure, **facts: str) -> None:
        super().__init__(failure.status, f"AADSTS{failure.number}: {failure.text.format(**facts)}")
        self.failure = failure
        self.trace_id = fresh()
        self.correlation_id = fresh()
        self.timestamp = real_now().strftime("%Y-%m-%d %H:%M:%SZ")

    @property
    def description(self) -> str:
        """The text with the ids that a support ticket needs."""
        return (
            f"{self.message} Trace ID: {self.trace_id} Correlation ID: {self.correlation_id} "
            f"Timestamp: {self.timestamp}"
        )

    async def response(self, request: Request) -> Response:
        body = {
            "error": self.failure.error,
            "error_description": self.description,
            "error_codes": [self.failure.number],
            "timestamp": self.timestamp,
            "trace_id": self.trace_id,
            "correlation_id": self.correlation_id,
            "error_uri": f"https://login.microsoftonline.com/error?code={self.failure.number}",
        }
        return JSONResponse(body, self.status, headers={"Cache-Control": "no-store"})


def refusal(status: int, reason: str) -> LoginError:
    """For unknown routes (with our reason) and scripted statuses (with the service's words)."""
    error = LoginError(_BY_STATUS.get(status, REQUEST_MALFORMED), detail=reason, app_id="unknown")
    error.status = status
    return error
