"""Unified.to's API as far as this package uses it: typed requests, and errors of the catalogue.

Every path stands here and nowhere else. Sources: https://docs.unified.to (workspaceintegration, integration,
environment); what the pages leave open is numbered U1 to U15 in `registration`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
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
    WriteUncertain,
)
from ..secret_text import SecretText
from .addresses import dashboard_url_for, region_of
from .retry_policy import Condition, Reaction
from .rows import Body, Identity, Row, Target
from .settings import ApiSettings, Timing
from .shared_lists import SharedLists
from .transport import Answer, CallFailed, Failure, HttpTransport

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


class UncertainWrite(Exception):
    """A write whose fate is unknown. Wait `wait_s`, look, then write what is missing; or give up with `error`."""

    def __init__(self, failure: Failure, wait_s: float, *, may_repeat: bool) -> None:
        super().__init__(failure.reason)
        self._failure = failure
        self.wait_s = wait_s
        self.may_repeat = may_repeat

    def error(self, *, attempts: int, and_then: str = "") -> UnifiedtoError:
        """What a user is told when listing and writing again did not settle it. and_then: what went wrong after it."""
        return self._error(attempts, and_then).answered(self._failure.remote_code, self._failure.request_id)

    def _error(self, attempts: int, and_then: str) -> UnifiedtoError:
        failure = self._failure
        if failure.condition is Condition.CONFLICT:
            return RegistrationRefused(
                request=failure.request,
                reason=failure.message,
                attempts=attempts,
                next_step="Somebody else is changing the same registration. Run again when they have finished.",
            )
        if failure.condition is Condition.THROTTLED:
            return RateLimited(request=failure.request, attempts=attempts, retry_after_s=failure.asked_s)
        return WriteUncertain(
            request=failure.request,
            reason=failure.reason + (f"; {and_then}" if and_then else ""),
            attempts=attempts,
            retry_after_s=failure.asked_s,
        )


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
        self._shared_names = SharedLists(self._names_of, monotonic=monotonic, max_age_s=_SHARED_LIST_AGE_S)

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

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

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
            page = self._page(query)
            new = {row.id: row for row in page if row.id not in found}
            found.update(new)
            alone = len(page) == 1 == len(found) and integration_type is not None
            if not new or (alone and _wanted(page[0], environment, integration_type)):
                return [row for row in found.values() if _wanted(row, environment, integration_type)]
        raise MalformedAnswer(request=f"GET {_ROWS}", reason=f"it did not end after {_MOST_PAGES} pages")

    def _page(self, query: Mapping[str, str | int]) -> list[Row]:
        answer = self._get(_ROWS, query, readable=_array_of_rows)
        return [Row.parse(shown) for shown in answer.json()]

    def update(self, identity: Identity, row_id: str, body: Body) -> None:
        """PUT of a complete body. Any 2xx counts, whatever its body (U6).

        Raises UncertainWrite where the caller has to look, and errors of the catalogue.
        """
        self._write("PUT", f"{_ROWS}/{quote(row_id, safe='')}", identity, body)

    def create(self, identity: Identity, body: Body) -> None:
        """POST of a new row (U1: no such route is published). Raises as `update`; RegistrationRefused with remote code
        404 or 405 where there is no such route."""
        self._write("POST", _ROWS, identity, body)

    def _write(self, method: str, path: str, identity: Identity, body: Body) -> None:
        try:
            self._http.request(
                "PUT" if method == "PUT" else "POST", path, body=body.to_json(), secrets=tuple(body.auth.values())
            )
        except CallFailed as failed:
            if failed.fate_unknown:
                may_repeat = failed.reaction is Reaction.LOOK_FIRST
                raise UncertainWrite(failed.failure, failed.wait_s, may_repeat=may_repeat) from None
            raise self._error(failed) from None
        finally:
            # The lists that others share may show the row as it was; also when the fate of the write is unknown.
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

    def environments(self, identity: Identity) -> list[str]:
        """The names of the workspace's environments, from an answer that several registrations share."""
        return self._shared_names.get(_ENVIRONMENTS, reader=identity.key)

    def integration_types(self, identity: Identity) -> list[str]:
        """The integration types on offer, from an answer that several registrations share."""
        return self._shared_names.get(_CATALOGUE, reader=identity.key)

    def forget_names(self) -> None:
        """The names of environments and types are asked for anew."""
        self._shared_names.forget(_ENVIRONMENTS)
        self._shared_names.forget(_CATALOGUE)

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

    def _names_of(self, path: str) -> list[str]:
        return self._environments() if path == _ENVIRONMENTS else self._integration_types()

    def _environments(self) -> list[str]:
        return list(self._get(_ENVIRONMENTS, {}, readable=_array_of_names).json())

    def _integration_types(self) -> list[str]:
        types: dict[str, None] = {}
        for _page in range(_MOST_PAGES):
            query: dict[str, str | int] = {"summary": "true", "limit": _CATALOGUE_PAGE, "offset": len(types)}
            page = [entry["type"] for entry in self._get(_CATALOGUE, query, readable=_array_of_types).json()]
            if all(kind in types for kind in page):
                break
            types.update(dict.fromkeys(page))
        return list(types)

    # --- inside ------------------------------------------------------------------------------------------------------

    def _get(self, path: str, query: Mapping[str, str | int], *, readable: Any) -> Answer:
        try:
            return self._http.request("GET", path, query=query, readable=readable)
        except CallFailed as failed:
            raise self._error(failed) from None

    def _error(self, failed: CallFailed) -> UnifiedtoError:
        """The error of the catalogue for a failed request."""
        failure = failed.failure
        return self._error_of(failure).answered(failure.remote_code, failure.request_id)

    def _error_of(self, failure: Failure) -> UnifiedtoError:
        request, where = failure.request, self._where
        if failure.condition in (Condition.NOT_SENT, Condition.UNTRUSTED, Condition.BROKEN, Condition.TIMED_OUT):
            return ApiUnreachable(
                request=request,
                api_url=self.api_url,
                reason=failure.reason,
                attempts=failure.attempts,
                was_reached=failure.condition is Condition.BROKEN,
            )
        if failure.condition is Condition.THROTTLED:
            return RateLimited(request=request, attempts=failure.attempts, retry_after_s=failure.asked_s)
        if failure.condition in (Condition.SERVER_FAULT, Condition.TIMEOUT_STATUS):
            return ApiUnavailable(
                request=request,
                api_url=self.api_url,
                attempts=failure.attempts,
                retry_after_s=failure.asked_s,
            )
        if failure.condition is Condition.UNREADABLE:
            return MalformedAnswer(request=request, reason=failure.reason)
        if failure.status == 401:
            return ApiKeyRefused(request=request, where=where, dashboard_url=self.dashboard_url)
        speaks_of_plan = any(word in (failure.message or "").lower() for word in _WORDS_OF_PLANS)
        if failure.status == 402 or (failure.status == 403 and speaks_of_plan):
            return PlanRefused(request=request, where=where)
        if failure.status == 403:
            return ApiKeyNotPermitted(request=request, where=where)
        is_read = request.startswith("GET ")
        if failure.status is not None and (
            300 <= failure.status < 400 or failure.status in (501, 505) or (is_read and failure.status in (404, 405))
        ):
            reason = "it is a redirection" if failure.status < 400 else "the address does not know this request"
            return MalformedAnswer(
                request=request,
                reason=reason,
                next_step=f"Check apiUrl and region ({self.api_url}) and the proxies on the way, and run again.",
            )
        return RegistrationRefused(
            request=request,
            reason=failure.message,
            next_step="Check apiUrl and region, and report it with the request id if they are right."
            if is_read
            else None,
        )

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


def _array(answer: Answer) -> list[Any] | str:
    """The body as an array, or why it is none."""
    if not answer.text.strip():
        return "it is empty"
    try:
        value = answer.json()
    except ValueError:
        return "it is HTML and not JSON" if answer.looks_like_html else "it is not JSON, or not all of it"
    return value if isinstance(value, list) else "it is not an array"


def _array_of_rows(answer: Answer) -> str | None:
    rows = _array(answer)
    if isinstance(rows, str):
        return rows
    for row in rows:
        if not isinstance(row, dict):
            return "it holds something else than objects"
        try:
            Row.parse(row)
        except ValueError as fault:
            return str(fault)
    return None


def _array_of_names(answer: Answer) -> str | None:
    names = _array(answer)
    if isinstance(names, str):
        return names
    return None if all(isinstance(name, str) for name in names) else "it holds something else than names"


def _array_of_types(answer: Answer) -> str | None:
    entries = _array(answer)
    if isinstance(entries, str):
        return entries
    if all(isinstance(entry, dict) and isinstance(entry.get("type"), str) for entry in entries):
        return None
    return "it holds something else than integrations"
