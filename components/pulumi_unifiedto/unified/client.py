"""Unified.to's API as far as this package uses it: typed requests, and errors of the catalogue.

Every path stands here and nowhere else. Sources: https://docs.unified.to (workspaceintegration, integration,
environment); what the pages leave open is numbered U1 to U15 in docs/unknowns.md.
"""

from __future__ import annotations

import json
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
    WriteUncertain,
)
from ..secret_text import SecretText
from .addresses import dashboard_url_for, normal_api_url, region_of
from .retry_policy import Condition
from .rows import Body, Identity, Row, Target
from .settings import ApiSettings, Timing
from .shared_lists import SharedLists
from .transport import Answer, CallFailed, HttpTransport

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
_AFTER_REFUSED_READ: Final = "Check apiUrl and region, and report it with the request id if they are right."
_AFTER_REFUSED_WRITE: Final[Mapping[int | None, str]] = {
    404: 'Run again. If the error stays, set the registration\'s mode to "manual".',
    409: "Somebody else is changing the same registration. Run again when they have finished.",
}


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

        Raises InvalidInput.
        """
        self.api_url = normal_api_url(base_url)
        self.dashboard_url = dashboard_url_for(self.api_url)
        region = region_of(self.api_url)
        self._where = f"{self.api_url}, region {region}" if region else self.api_url
        self.settings = settings or ApiSettings()
        self.timing = timing or Timing()
        self._http = HttpTransport(self.api_url, api_key, self.settings, self.timing, transport)
        self._shared_rows = SharedLists(
            lambda environment: self._rows({"env": environment}),
            monotonic=self.timing.monotonic,
            max_age_s=_SHARED_LIST_AGE_S,
        )

    # --- workspace integrations --------------------------------------------------------------------------------------

    def rows(self, identity: Identity) -> list[Row]:
        """The rows of an identity and perhaps others (U9), asked for now: for the moment before a write, and after.

        Costs one request when the filters are honoured and the row is there: a page of this row alone shows that they
        are, as no server has pages of a single row.
        """
        filters = {"env": identity.environment, "integration_type": identity.integration_type}
        return self._rows(filters, is_all=lambda page: len(page) == 1 and page[0].is_of(identity))

    def shared_rows(self, identity: Identity) -> list[Row]:
        """The rows of an environment and perhaps others, from a list shared by the registrations that are read in this
        run.

        See `shared_lists` for when that is correct. Costs two requests at most for up to a hundred rows: the page, and
        the empty one after it.
        """
        return self._shared_rows.get(identity.environment, reader=identity.key)

    def _rows(self, filters: Mapping[str, str], is_all: Callable[[list[Row]], bool] = lambda _page: False) -> list[Row]:
        query = {**filters, "include_credentials": "false"}
        return self._pages(_ROWS, query, Row.parse, key=lambda row: row.id, size=_PAGE, is_all=is_all)

    def update(self, identity: Identity, row_id: str, body: Body, read_again: Callable[[], Body]) -> None:
        """PUT of a complete body. Any 2xx counts, whatever its body (U6).

        read_again: makes the body anew from the row as it is now. It is called before the PUT is repeated, where it is
        not known whether Unified.to carried it out. Raises errors of the catalogue.
        """
        path = f"{_ROWS}/{quote(row_id, safe='')}"
        try:
            self._http.request("PUT", path, lambda _answer: None, body=body, read_again=read_again)
        except CallFailed as failed:
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
            return self._http.request("GET", path, _target, query={"env": identity.environment}, with_key=False)
        except CallFailed as failed:
            if failed.condition is not Condition.REFUSED:
                raise self._error(failed) from None
            said = f", saying: {failed.message}" if failed.message else ""
            return Target(
                problem=f"Unified.to gives no authorization URL{said}",
                remote_code=failed.remote_code,
                request_id=failed.request_id,
            )

    # --- names, to explain a failure ---------------------------------------------------------------------------------

    def environments(self) -> list[str]:
        """The names of the workspace's environments."""
        return self._get(_ENVIRONMENTS, {}, _name)

    def integration_types(self) -> list[str]:
        """The integration types on offer."""
        return self._pages(_CATALOGUE, {"summary": "true"}, _type, key=str, size=_CATALOGUE_PAGE)

    def require_workspace(self, workspace_id: str) -> None:
        """Raises WorkspaceNotFound when the region has no such workspace (a 404 then is assumed). Needs no key."""
        path = f"{_WORKSPACE_CATALOGUE}/{quote(workspace_id, safe='')}"
        query: dict[str, str | int] = {"summary": "true", "limit": 1, "offset": 0}
        try:
            self._http.request("GET", path, lambda _answer: None, query=query, with_key=False)
        except CallFailed as failed:
            if failed.status != 404:
                raise self._error(failed) from None
            error = WorkspaceNotFound(workspace_id=workspace_id, where=self._where)
            raise error.answered("404", failed.request_id) from None

    # --- inside ------------------------------------------------------------------------------------------------------

    def _pages(
        self,
        path: str,
        query: Mapping[str, str],
        parse: Callable[[Any], T],
        *,
        key: Callable[[T], str],
        size: int,
        is_all: Callable[[list[T]], bool] = lambda _page: False,
    ) -> list[T]:
        """Page after page until one brings nothing new, or is all: neither page size nor filters are documented well
        enough to be relied on (U9)."""
        found: dict[str, T] = {}
        for _page in range(_MOST_PAGES):
            page = self._get(path, {**query, "limit": size, "offset": len(found)}, parse)
            before = len(found)
            found.update({key(item): item for item in page})
            if len(found) == before or is_all(list(found.values())):
                return list(found.values())
        raise MalformedAnswer(request=f"GET {path}", reason=f"it did not end after {_MOST_PAGES} pages")

    def _get(self, path: str, query: Mapping[str, str | int], parse: Callable[[Any], T]) -> list[T]:
        """The items of an array. parse: raises ValueError, in words, for what is no item."""
        try:
            return self._http.request("GET", path, lambda answer: _items(answer, parse), query=query)
        except CallFailed as failed:
            raise self._error(failed) from None

    def _error(self, failed: CallFailed) -> UnifiedtoError:
        """The error of the catalogue for a failed request."""
        return self._error_of(failed).answered(failed.remote_code, failed.request_id)

    def _error_of(self, failed: CallFailed) -> UnifiedtoError:
        request, url, where = failed.request, self.api_url, self._where
        attempts, asked_s = failed.attempts, failed.asked_s
        is_read = request.startswith("GET ")
        speaks_of_plan = any(word in (failed.message or "").lower() for word in _WORDS_OF_PLANS)
        match failed.condition, failed.status:
            case ((Condition.BROKEN | Condition.TIMED_OUT | Condition.SERVER_FAULT), _) if not is_read:
                return WriteUncertain(request=request, reason=failed.reason, attempts=attempts, retry_after_s=asked_s)
            case ((Condition.NOT_SENT | Condition.UNTRUSTED | Condition.BROKEN | Condition.TIMED_OUT), _):
                was_reached = failed.condition is Condition.BROKEN
                return ApiUnreachable(
                    request=request, api_url=url, reason=failed.reason, attempts=attempts, was_reached=was_reached
                )
            case Condition.THROTTLED, _:
                return RateLimited(request=request, attempts=attempts, retry_after_s=asked_s)
            case Condition.SERVER_FAULT, _:
                return ApiUnavailable(request=request, api_url=url, attempts=attempts, retry_after_s=asked_s)
            case Condition.UNREADABLE, _:
                return MalformedAnswer(request=request, reason=failed.reason)
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
        return RegistrationRefused(
            request=request,
            reason=failed.message,
            attempts=attempts,
            next_step=_AFTER_REFUSED_READ if is_read else _AFTER_REFUSED_WRITE.get(failed.status),
        )


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


def _items(answer: Answer, parse: Callable[[Any], T]) -> list[T]:
    """The items of an array in JSON. Raises ValueError, in words, for anything else."""
    if not answer.text.strip():
        raise ValueError("it is empty")
    try:
        items = json.loads(answer.text)
    except ValueError:
        reason = "it is HTML and not JSON" if answer.looks_like_html else "it is not JSON, or not all of it"
        raise ValueError(reason) from None
    if not isinstance(items, list):
        raise ValueError("it is not an array")
    return [parse(item) for item in items]


def _name(item: Any) -> str:
    if not isinstance(item, str):
        raise ValueError("it holds something else than names")
    return item


def _type(item: Any) -> str:
    kind = item.get("type") if isinstance(item, dict) else None
    if not isinstance(kind, str):
        raise ValueError("it holds something else than integrations")
    return kind
