"""Microsoft Graph's refusals: one function per case, with the code and text of the real service.

Marks after each case: documented, reported in public issues, or assumed.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from emulator.core.clock import real_now
from emulator.core.routes import Refused
from emulator.entra.ids import fresh

_CODES = {
    400: "Request_BadRequest",
    401: "InvalidAuthenticationToken",
    403: "Authorization_RequestDenied",
    404: "Request_ResourceNotFound",
    405: "Request_BadRequest",
    409: "Directory_ConcurrencyViolation",
    429: "TooManyRequests",
    500: "InternalServerError",
    501: "NotImplemented",
    502: "BadGateway",
    503: "ServiceUnavailable",
    504: "GatewayTimeout",
}
_TEXTS = {
    401: "Access token validation failure.",
    403: "Insufficient privileges to complete the operation.",
    409: "Error due to concurrent requests being made to the tenant. Please wait briefly and retry.",
    429: "Too many requests from Identifier:emulator",
    503: "Service is temporarily unavailable. Please wait and retry again.",
}


class GraphError(Refused):
    """An OData error of Microsoft Graph (shape observed)."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(status, message)
        self.code = code

    async def response(self, request: Request) -> Response:
        request_id = fresh()
        inner = {
            "date": real_now().strftime("%Y-%m-%dT%H:%M:%S"),
            "request-id": request_id,
            "client-request-id": request.headers.get("client-request-id", request_id),
        }
        body = {"error": {"code": self.code, "message": self.message, "innerError": inner}}
        return JSONResponse(body, self.status, headers={"request-id": request_id})


def refusal(status: int, reason: str) -> GraphError:
    """For unknown routes (with our reason) and scripted statuses (with the service's words)."""
    message = reason if status in (404, 500, 501) else _TEXTS.get(status, reason)
    return GraphError(status, _CODES.get(status, "UnknownError"), message)


def bad_request(message: str) -> GraphError:
    """400 for anything that breaks a rule without a code of its own (assumed)."""
    return GraphError(400, "Request_BadRequest", message)


def invalid_value(property_name: str) -> GraphError:
    """A property whose value breaks a rule (reported wording)."""
    return bad_request(f"Invalid value specified for property '{property_name}' of resource 'Application'.")


def not_found(object_id: str) -> GraphError:
    """Unknown, deleted, or not replicated yet (documented)."""
    return GraphError(
        404,
        "Request_ResourceNotFound",
        f"Resource '{object_id}' does not exist or one of its queried reference-property objects are not present.",
    )


def insufficient_privileges() -> GraphError:
    """The caller has no role that allows this, or does not own the object (reported)."""
    return GraphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


def backing_application_not_local() -> GraphError:
    """A caller with OwnedBy makes a service principal for an application it does not own here (observed text)."""
    return GraphError(
        403,
        "Authorization_RequestDenied",
        "When using this permission, the backing application of the service principal being created must in the local "
        "tenant",
    )


def not_a_valid_application(app_id: str) -> GraphError:
    """A service principal for an application that does not exist, or is not visible yet (observed text)."""
    return GraphError(
        400,
        "Request_BadRequest",
        f"The appId '{app_id}' of the service principal does not reference a valid application object.",
    )


def service_principal_exists(app_id: str) -> GraphError:
    """An application has one service principal in a tenant (reported)."""
    return GraphError(
        409,
        "Request_MultipleObjectsWithSameKeyValue",
        "The service principal cannot be created, updated, or restored because the service principal name "
        f"{app_id} is already in use.",
    )


def msa_application_missing() -> GraphError:
    """The personal-account side of a new application is not ready (reported)."""
    return GraphError(409, "Error_MsaAppDoesNotExist", "The corresponding MSA application does not exist.")


def too_many_passwords(limit: int) -> GraphError:
    """One secret more than the audience allows (text reported, code assumed)."""
    return bad_request(f"Not allowed to add {limit + 1} passwords. You can only add a maximum of {limit} passwords.")


def password_not_found(key_id: str) -> GraphError:
    """removePassword with a key id that is gone (text reported, code assumed)."""
    return bad_request(f"No password credential found with keyId '{key_id}'.")


def lifetime_exceeds_policy(policy_id: str) -> GraphError:
    """The tenant's policy caps the lifetime of secrets (reported)."""
    return GraphError(
        400,
        "CredentialInvalidLifetimeAsPerAppPolicy",
        f"Credential lifetime exceeds the max value allowed as per assigned policy '{policy_id}'.",
    )


def start_date_invalid() -> GraphError:
    """A start in the past (reported)."""
    return GraphError(400, "KeyCredentialsInvalidStartDate", "Key credential start date is invalid.")


def end_date_invalid() -> GraphError:
    """An end that does not follow the start (assumed)."""
    return GraphError(400, "KeyCredentialsInvalidEndDate", "Key credential end date is invalid.")


def access_token_version_invalid() -> GraphError:
    """Personal accounts need version 2 (reported)."""
    return GraphError(400, "InvalidAccessTokenVersion", "Property api.requestedAccessTokenVersion is invalid.")


def owner_exists() -> GraphError:
    """An owner added twice (observed)."""
    return bad_request(
        "One or more added object references already exist for the following modified properties: 'owners'."
    )


def token_refused(why: str) -> GraphError:
    """A missing, malformed or expired access token, or one for another resource (documented code)."""
    return GraphError(401, "InvalidAuthenticationToken", why)


def unsupported_query(text: str) -> GraphError:
    """A filter or option outside what the emulator models."""
    return GraphError(400, "Request_UnsupportedQuery", f"Unsupported or invalid query: {text}")
