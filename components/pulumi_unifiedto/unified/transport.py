"""Sends every request to Unified.to: one method over one connection pool, with time limits, repeats and redaction.

Knows HTTP and `retry_policy`, but not what the requests mean. A failure is a `CallFailed`, which never leaves the
package: `client` turns it into an error of the catalogue.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeVar
from urllib.parse import urlsplit

import httpx

from ..secret_text import SecretText, redact
from .addresses import is_loopback
from .retry_policy import OUTCOME_UNKNOWN, Condition, condition_of
from .rows import Body
from .settings import ApiSettings, Timing

T = TypeVar("T")

_LARGEST_BODY_BYTES: Final = 16 * 1024 * 1024
_LONGEST_CONNECT_S: Final = 10.0
_REQUEST_ID_HEADERS: Final = ("x-request-id", "request-id", "x-correlation-id", "x-amzn-requestid", "cf-ray")


@dataclass(frozen=True)
class Answer:
    """An answer, whatever its status."""

    status: int
    media_type: str
    text: str = field(repr=False)
    request_id: str | None = None

    @property
    def looks_like_html(self) -> bool:
        return "html" in self.media_type or self.text.lstrip()[:1] == "<"


@dataclass(eq=False)
class CallFailed(Exception):
    """Why a request has no usable answer, in words without a secret. `request` is ``METHOD /path`` without the query.

    `asked_s`: the seconds to wait that ``Retry-After`` asks for.
    """

    request: str
    condition: Condition
    reason: str
    attempts: int = 1
    status: int | None = None
    message: str | None = None
    request_id: str | None = None
    asked_s: float | None = None

    @property
    def remote_code(self) -> str | None:
        return None if self.status is None else str(self.status)


class HttpTransport:
    """Sends requests to one API address. Safe for several threads, which share its connections."""

    def __init__(
        self,
        api_url: str,
        api_key: SecretText | None,
        settings: ApiSettings,
        timing: Timing,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """transport: replaces the network in tests."""
        self._api_key = api_key
        self._settings = settings
        self._timing = timing
        timeout_s = settings.timeout_s
        self._http = httpx.Client(
            base_url=api_url,
            transport=transport,
            # Reads SSL_CERT_FILE, and uses TLS 1.2 or later. A test's transport has no TLS.
            verify=httpx.create_ssl_context() if transport is None else True,
            # A rehearsal on this computer does not use a proxy.
            trust_env=not is_loopback(urlsplit(api_url).hostname or ""),
            timeout=httpx.Timeout(timeout_s, connect=min(timeout_s, _LONGEST_CONNECT_S)),
            follow_redirects=False,
            limits=httpx.Limits(max_connections=8, max_keepalive_connections=8),
            headers={"User-Agent": "pulumi-unifiedto", "Accept": "application/json, text/plain;q=0.9, */*;q=0.1"},
        )

    def request(
        self,
        method: Literal["GET", "PUT"],
        path: str,
        parse: Callable[[Answer], T],
        *,
        query: Mapping[str, str | int] | None = None,
        body: Body | None = None,
        read_again: Callable[[], Body] | None = None,
        with_key: bool = True,
    ) -> T:
        """One request, repeated as `retry_policy` says; what `parse` makes of the 2xx answer.

        parse: raises ValueError, in words, for an answer that cannot be used. query: holds no secret, and no message
        shows it. read_again: makes the body anew, from the row as it is now, where it is not known whether a write was
        carried out. with_key: sends the API key. Raises CallFailed, and what `read_again` raises.
        """
        attempt = 1
        while True:
            try:
                return self._once(method, path, parse, query, body, with_key)
            except CallFailed as failed:
                failed.attempts = attempt
                policy, chance = self._settings.policy, self._timing.chance()
                wait_s = policy.wait_s(failed.condition, attempt, failed.asked_s, chance)
                if wait_s is None:
                    raise
                outcome_unknown = failed.condition in OUTCOME_UNKNOWN
            self._timing.sleep(wait_s)
            if outcome_unknown and read_again is not None:
                body = read_again()
            attempt += 1

    def _once(
        self,
        method: str,
        path: str,
        parse: Callable[[Answer], T],
        query: Mapping[str, str | int] | None,
        body: Body | None,
        with_key: bool,
    ) -> T:
        request = f"{method} {path}"
        hidden = [self._api_key, *(body.auth.values() if body else ())]
        headers = {}
        if with_key and self._api_key is not None:
            headers["Authorization"] = f"Bearer {self._api_key.reveal()}"
        json_body = body.to_json() if body else None
        try:
            with self._http.stream(method, path, params=query, json=json_body, headers=headers) as response:
                text = self._read(response)
        except httpx.HTTPError as fault:
            raise CallFailed(request, *_translate(fault)) from None
        answer = Answer(
            status=response.status_code,
            media_type=response.headers.get("content-type", "").lower(),
            text=text,
            request_id=_request_id(response.headers, hidden),
        )
        condition = condition_of(answer.status)
        if condition is not None:
            raise CallFailed(
                request,
                condition,
                f"it answered {answer.status}",
                status=answer.status,
                message=message_of(answer, hidden),
                request_id=answer.request_id,
                asked_s=_asked_s(response.headers),
            )
        try:
            return parse(answer)
        except ValueError as fault:
            raise CallFailed(
                request, Condition.UNREADABLE, str(fault), status=answer.status, request_id=answer.request_id
            ) from None

    def _read(self, response: httpx.Response) -> str:
        """The body as text, within the time limit: httpx limits only the pauses, not the total time."""
        deadline = self._timing.monotonic() + self._settings.timeout_s
        received = bytearray()
        for part in response.iter_bytes():
            received += part
            if len(received) > _LARGEST_BODY_BYTES:
                raise httpx.DecodingError("the answer is too long")
            if self._timing.monotonic() > deadline:
                raise httpx.ReadTimeout("the answer did not end in time")
        return received.decode("utf-8", errors="replace")


def _translate(fault: httpx.HTTPError) -> tuple[Condition, str]:
    """A fault of the HTTP library as a condition and a reason.

    The library's own text is shown only where nothing has been sent yet: later it may quote what was sent or received.
    """
    if isinstance(fault, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)):
        words = _one_line(str(fault)) or "no connection within the time limit"
        if "CERTIFICATE_VERIFY_FAILED" in words:
            return Condition.UNTRUSTED, f"its certificate is not trusted ({words})"
        return Condition.NOT_SENT, words
    if isinstance(fault, httpx.TimeoutException):
        return Condition.TIMED_OUT, "no answer came in time"
    return Condition.BROKEN, "the connection broke before the answer was complete"


def _asked_s(headers: httpx.Headers) -> float | None:
    """The seconds that a ``Retry-After`` header asks for; None without one, and for a date (none has been seen)."""
    text = headers.get("retry-after", "").strip()
    return float(text) if re.fullmatch("[0-9]{1,9}", text) else None


def _request_id(headers: httpx.Headers, hidden: Sequence[SecretText | None]) -> str | None:
    for name in _REQUEST_ID_HEADERS:
        if value := headers.get(name):
            return _one_line(redact(value, hidden), most=80)
    return None


def message_of(answer: Answer, hidden: Sequence[SecretText | None]) -> str | None:
    """What the remote system says about a failure: short, on one line, without a full stop, secrets replaced by stars.

    Unified.to publishes no error schema. Of an HTML page it is the title, of a JSON object its ``message`` or
    ``error`` (assumed), of everything else the whole body; None for an empty one.
    """
    found = answer.text
    if answer.looks_like_html:
        title = re.search(r"<title[^>]*>([^<]*)</title>", found, re.IGNORECASE)
        found = title.group(1) if title else "an HTML page"
    else:
        with contextlib.suppress(ValueError):
            body = json.loads(found)
            found = _words_in(body) or json.dumps(body)  # written anew, a secret is spelt as `redact` knows it
    return _one_line(redact(found, hidden).strip().rstrip(".")) or None


def _words_in(value: Any) -> str | None:
    if isinstance(value, dict):
        return _words_in(value.get("message") or value.get("error"))
    return value if isinstance(value, str) else None


def _one_line(text: str, most: int = 200) -> str:
    line = "".join(character if character.isprintable() else " " for character in text)
    line = " ".join(line.split())
    return line if len(line) <= most else f"{line[: most - 3]}..."
