"""Unified.to's API as far as this package uses it: typed requests, and errors of the catalogue.

Every path stands here and nowhere else. Sources: https://docs.unified.to (workspaceintegration, integration,
environment); what the pages leave open is numbered U1 to U15 in docs/unknowns.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar
from urllib.parse import parse_qs, quote, urlsplit

import httpx

from ..errors import (
    ApiKeyNotPermitted,
    ApiKeyRefused,
    ApiUnavailable,
    ApiUnreachable,
    MalformedAnswer,
    PlanRefused,
    RateLimited,
    RegistrationRefused,
    UnifiedtoError,
    WorkspaceNotFound,
)
from ..secret_text import SecretText
from .addresses import dashboard_url_for, region_of
from .retry_policy import Condition, Reaction
from .rows import Body, Identity, Row, Target
from .settings import ApiSettings, Timing
from .shared_lists import SharedLists
from .transport import Answer, CallFailed, Failure, HttpTransport
from .uncertain_write import UncertainWrite

T = TypeVar("T")

_PAGE: Final = 100
_CATALOGUE_PAGE: Final = 1000
_MOST_PAGES: Final = 200
_SHARED_LIST_AGE_S: Final = 30.0

_ROWS: Final = "/unified/workspaceintegration"
_ENVIRONMENTS: Final = "/unified/environment"
_CATALOGUE: Final = "/unified/integration"
_WORKSPACE_CATALOGUE: Final = "/unified/integration/workspace"
_AUTHORIZATION: Final = "/unified/integration/auth"

_WORDS_OF_PLANS: Final = ("plan", "upgrade", "subscription", "billing", "payment", "tier")


class UnifiedApi:
    """Unified.to at one API address with one workspace key. Safe for several threads."""

    def __init__(
        self,
        base_url: str,
        api_key: SecretText | None,
        *,
        settings: ApiSettings | None = None,
        timing: Timing | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """api_key: None where only routes without one are used. transport: takes the place of the network in tests.

        Raises InvalidApiUrl.
        """
        self._http = HttpTransport(base_url, api_key, settings=settings, timing=timing, transport=transport)
        monotonic = self._http.timing.monotonic
        self._shared_rows = SharedLists(self._rows_of, monotonic=monotonic, max_age_s=_SHARED_LIST_AGE_S)

    @property
    def api_url(self) -> str:
        return self._http.api_url

    @property
    def dashboard_url(self) -> str:
        return dashboard_url_for(self.api_url)

    @property
    def settings(self) -> ApiSettings:
        return self._http.settings

    @property
    def timing(self) -> Timing:
        return self._http.timing

    # --- workspace integrations --------------------------------------------------------------------------------------

    def rows(self, environment: str, integration_type: str) -> list[Row]:
        """The rows of one integration type in one environment, asked for now: for the moment before a write, and after.

        Costs one request when the filters are honoured and the row is there.
        """
        return self._list({"env": environment, "integration_type": integration_type}, environment, integration_type)

    def shared_rows(self, identity: Identity) -> list[Row]:
        """All rows of an environment, from a list shared by the registrations that are read in this run.

        See `shared_lists` for when that is correct. Costs two requests at most for up to a hundred rows: the page, and
        the empty one after it.
        """
        return self._shared_rows.get(identity.environment, reader=identity.key)

    def _rows_of(self, environment: str) -> list[Row]:
        return self._list({"env": environment}, environment, None)

    def _list(self, filters: Mapping[str, str], environment: str, integration_type: str | None) -> list[Row]:
        """Page after page until an empty one or one that brings nothing new, filtered again here (U9): neither page
        size nor filters are documented well enough to be relied on.

        One page is enough where it holds nothing but the one row asked for: the filters work, and no server has pages
        of a single row.
        """
        found: dict[str, Row] = {}
        for _page in range(_MOST_PAGES):
            query: dict[str, str | int] = {
                **filters,
                "include_credentials": "false",
                "limit": _PAGE,
                "offset": len(found),
            }
            page = self._get(_ROWS, query, Row.parse)
            new = {row.id: row for row in page if row.id not in found}
            found.update(new)
            alone = len(page) == 1 == len(found) and integration_type is not None
            if not new or (alone and _wanted(page[0], environment, integration_type)):
                return [row for row in found.values() if _wanted(row, environment, integration_type)]
        raise MalformedAnswer(request=f"GET {_ROWS}", reason=f"it did not end after {_MOST_PAGES} pages")

    def update(self, identity: Identity, row_id: str, body: Body) -> None:
        """PUT of a complete body. Any 2xx counts, whatever its body (U6).

        Raises UncertainWrite where the caller has to read the row, and errors of the catalogue.
        """
        path = f"{_ROWS}/{quote(row_id, safe='')}"
        try:
            self._http.request("PUT", path, body=body.to_json(), secrets=tuple(body.auth.values()))
        except CallFailed as failed:
            if failed.outcome_unknown:
                may_repeat = failed.reaction is Reaction.LOOK_FIRST
                raise UncertainWrite(failed.failure, failed.wait_s, may_repeat=may_repeat) from None
            raise self._error(failed) from None
        finally:
            # The lists that others share may show the row as it was; also when the outcome of the write is unknown.
            self._shared_rows.forget(identity.environment)

    # --- what a user would meet --------------------------------------------------------------------------------------

    def authorization_target(self, identity: Identity) -> Target:
        """The client id and redirect URI that a sign-in through the integration would use. Needs no key.

        A refusal (4xx), a page, or a URL without a client id is a `Target` with a problem (U11), not an error.
        """
        path = f"{_AUTHORIZATION}/{quote(identity.workspace_id, safe='')}/{quote(identity.integration_type, safe='')}"
        try:
            answer = self._http.request("GET", path, query={"env": identity.environment}, with_key=False)
        except CallFailed as failed:
            failure = failed.failure
            if failure.condition is Condition.REFUSED and failure.status is not None:
                said = f", saying: {failure.message}" if failure.message else ""
                return Target(
                    problem=f"Unified.to gives no authorization URL{said}",
                    remote_code=failure.remote_code,
                    request_id=failure.request_id,
                )
            raise self._error(failed) from None
        return _target(answer)

    # --- names, to explain a failure ---------------------------------------------------------------------------------

    def environments(self) -> list[str]:
        """The names of the workspace's environments."""
        return self._get(_ENVIRONMENTS, {}, _name)

    def integration_types(self) -> list[str]:
        """The integration types on offer."""
        types: dict[str, None] = {}
        for _page in range(_MOST_PAGES):
            query: dict[str, str | int] = {"summary": "true", "limit": _CATALOGUE_PAGE, "offset": len(types)}
            page = self._get(_CATALOGUE, query, _type)
            if all(kind in types for kind in page):
                break
            types.update(dict.fromkeys(page))
        return list(types)

    def require_workspace(self, workspace_id: str) -> None:
        """Raises WorkspaceNotFound when the region has no such workspace (a 404 then is assumed). Needs no key."""
        path = f"{_WORKSPACE_CATALOGUE}/{quote(workspace_id, safe='')}"
        try:
            self._http.request("GET", path, query={"summary": "true", "limit": 1, "offset": 0}, with_key=False)
        except CallFailed as failed:
            if failed.failure.status != 404:
                raise self._error(failed) from None
            error = WorkspaceNotFound(workspace_id=workspace_id, where=self._where)
            raise error.answered("404", failed.failure.request_id) from None

    # --- inside ------------------------------------------------------------------------------------------------------

    def _get(self, path: str, query: Mapping[str, str | int], parse: Callable[[Any], T]) -> list[T]:
        """The items of an array. parse: raises ValueError, in words, for what is no item."""
        try:
            answer = self._http.request("GET", path, query=query, readable=lambda answer: _fault_in(answer, parse))
        except CallFailed as failed:
            raise self._error(failed) from None
        return [parse(item) for item in answer.json()]

    def _error(self, failed: CallFailed) -> UnifiedtoError:
        """The error of the catalogue for a failed request."""
        failure = failed.failure
        return self._error_of(failure).answered(failure.remote_code, failure.request_id)

    def _error_of(self, failure: Failure) -> UnifiedtoError:
        request, url, where = failure.request, self.api_url, self._where
        attempts, asked_s = failure.attempts, failure.asked_s
        is_read = request.startswith("GET ")
        speaks_of_plan = any(word in (failure.message or "").lower() for word in _WORDS_OF_PLANS)
        match failure.condition, failure.status:
            case ((Condition.NOT_SENT | Condition.UNTRUSTED | Condition.BROKEN | Condition.TIMED_OUT), _):
                was_reached = failure.condition is Condition.BROKEN
                return ApiUnreachable(
                    request=request, api_url=url, reason=failure.reason, attempts=attempts, was_reached=was_reached
                )
            case Condition.THROTTLED, _:
                return RateLimited(request=request, attempts=attempts, retry_after_s=asked_s)
            case ((Condition.SERVER_FAULT | Condition.TIMEOUT_STATUS), _):
                return ApiUnavailable(request=request, api_url=url, attempts=attempts, retry_after_s=asked_s)
            case Condition.UNREADABLE, _:
                return MalformedAnswer(request=request, reason=failure.reason)
            case _, 401:
                return ApiKeyRefused(request=request, where=where, dashboard_url=self.dashboard_url)
            case _, 402 | 403 as status if status == 402 or speaks_of_plan:
                return PlanRefused(request=request, where=where)
            case _, 403:
                return ApiKeyNotPermitted(request=request, where=where)
            case _, int(status) if status < 400 or status in (501, 505) or (is_read and status in (404, 405)):
                return MalformedAnswer(
                    request=request,
                    reason="it is a redirection" if status < 400 else "the address does not know this request",
                    next_step=f"Check apiUrl and region ({url}) and the proxies on the way, and run again.",
                )
        advice = "Check apiUrl and region, and report it with the request id if they are right." if is_read else None
        return RegistrationRefused(request=request, reason=failure.message, next_step=advice)

    @property
    def _where(self) -> str:
        region = region_of(self.api_url)
        return f"{self.api_url}, region {region}" if region else self.api_url


def _wanted(row: Row, environment: str, integration_type: str | None) -> bool:
    return row.environment == environment and integration_type in (None, row.integration_type)


def _target(answer: Answer) -> Target:
    """What a 2xx answer to the request for an authorization URL says."""
    text = answer.text.strip().strip('"')
    try:
        parts = urlsplit(text)
        named = parse_qs(parts.query)
    except ValueError:
        parts, named = urlsplit(""), {}
    if parts.scheme not in ("https", "http") or not parts.netloc or any(character.isspace() for character in text):
        what = "a page" if answer.looks_like_html else "something else"
        problem = f"Unified.to answers with {what} instead of an authorization URL"
        return Target(problem=problem, remote_code=str(answer.status), request_id=answer.request_id)
    client_id = named.get("client_id", [""])[0]
    redirect_uri = named.get("redirect_uri", [""])[0]
    return Target(
        client_id=client_id or None,
        redirect_uri=redirect_uri or None,
        problem=None if client_id else "the authorization URL names no client_id",
        request_id=answer.request_id,
    )


# --- whether an answer can be used -----------------------------------------------------------------------------------


def _fault_in(answer: Answer, parse: Callable[[Any], object]) -> str | None:
    """Why the body is no array of what `parse` takes; None where it is one."""
    if not answer.text.strip():
        return "it is empty"
    try:
        items = answer.json()
    except ValueError:
        return "it is HTML and not JSON" if answer.looks_like_html else "it is not JSON, or not all of it"
    if not isinstance(items, list):
        return "it is not an array"
    try:
        for item in items:
            parse(item)
    except ValueError as fault:
        return str(fault)
    return None


def _name(item: Any) -> str:
    if not isinstance(item, str):
        raise ValueError("it holds something else than names")
    return item


def _type(item: Any) -> str:
    kind = item.get("type") if isinstance(item, dict) else None
    if not isinstance(kind, str):
        raise ValueError("it holds something else than integrations")
    return kind
