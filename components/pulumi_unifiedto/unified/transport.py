"""Sends every request to Unified.to: one method over one connection pool, with time limits, repeats and redaction.

Knows HTTP and the table of `retry_policy`, but not what the requests mean. A failure is a `CallFailed`, which never
leaves the package: `client` turns it into an error of the catalogue.
"""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from ..secret_text import SecretText, redact
from .addresses import is_loopback, normal_api_url
from .retry_policy import TABLE, Condition, Method, Reaction, asked_wait_s, condition_of
from .settings import ApiSettings, Timing

_LARGEST_BODY_BYTES: Final = 16 * 1024 * 1024
_LONGEST_CONNECT_S: Final = 10.0
_LONGEST_MESSAGE: Final = 200
_REQUEST_ID_HEADERS: Final = ("x-request-id", "request-id", "x-correlation-id", "x-amzn-requestid", "cf-ray")
_USER_AGENT: Final = "pulumi-unifiedto"


@dataclass(frozen=True)
class Answer:
    """A 2xx answer, or another one that `CallFailed` carries. `request` is ``METHOD /path`` without the query."""

    request: str
    status: int
    media_type: str
    text: str = field(repr=False)
    location: str | None = field(repr=False, default=None)
    request_id: str | None = None
    attempts: int = 1

    def json(self) -> Any:
        """The body as JSON; ValueError if it is not JSON."""
        return json.loads(self.text)

    @property
    def looks_like_html(self) -> bool:
        return "html" in self.media_type or self.text.lstrip()[:1] == "<"


@dataclass(frozen=True)
class Failure:
    """Why a request has no usable answer, in words without a secret."""

    request: str
    condition: Condition
    reason: str
    attempts: int
    status: int | None = None
    message: str | None = None
    request_id: str | None = None
    asked_s: float | None = None

    @property
    def remote_code(self) -> str | None:
        return None if self.status is None else str(self.status)


class CallFailed(Exception):
    """A request that failed, or a write that may have been carried out (`outcome_unknown`).

    `reaction` LOOK_FIRST: wait `wait_s`, list the rows, then write what is missing.
    """

    def __init__(self, failure: Failure, reaction: Reaction, wait_s: float, *, outcome_unknown: bool) -> None:
        super().__init__(failure.reason)
        self.failure = failure
        self.reaction = reaction
        self.wait_s = wait_s
        self.outcome_unknown = outcome_unknown


class HttpTransport:
    """Sends requests to one API address. Safe for several threads, which share its connections."""

    def __init__(
        self,
        api_url: str,
        api_key: SecretText | None,
        *,
        settings: ApiSettings | None = None,
        timing: Timing | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """transport: replaces the network in tests. Raises InvalidApiUrl."""
        self.api_url = normal_api_url(api_url)
        self._api_key = api_key
        self._settings = settings or ApiSettings()
        self._timing = timing or Timing()
        host = urlsplit(self.api_url).hostname or ""
        timeout_s = self._settings.timeout_s
        self._http = httpx.Client(
            base_url=self.api_url,
            transport=transport,
            # Reads SSL_CERT_FILE, and uses TLS 1.2 or later. A test's transport has no TLS.
            verify=httpx.create_ssl_context() if transport is None else True,
            # A rehearsal on this computer does not use a proxy.
            trust_env=not is_loopback(host),
            timeout=httpx.Timeout(timeout_s, connect=min(timeout_s, _LONGEST_CONNECT_S)),
            follow_redirects=False,
            limits=httpx.Limits(max_connections=8, max_keepalive_connections=8),
            headers={"User-Agent": _USER_AGENT, "Accept": "application/json, text/plain;q=0.9, */*;q=0.1"},
        )

    @property
    def settings(self) -> ApiSettings:
        return self._settings

    @property
    def timing(self) -> Timing:
        return self._timing

    def request(
        self,
        method: Method,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        body: Mapping[str, Any] | None = None,
        with_key: bool = True,
        secrets: Iterable[SecretText] = (),
        readable: Callable[[Answer], str | None] = lambda _answer: None,
    ) -> Answer:
        """One request, repeated as the table says; the 2xx answer.

        query: holds no secret, and no message shows it. with_key: sends the API key. secrets: those in the body, which
        no message may show. readable: gives the reason why a 2xx answer cannot be used, None if it can be used.
        Raises CallFailed.
        """
        hidden = [secret for secret in (self._api_key, *secrets) if secret]
        attempt = 0
        while True:
            attempt += 1
            outcome = self._once(method, path, query, body, with_key, attempt, hidden, readable)
            if isinstance(outcome, Answer):
                return outcome
            table_says = TABLE[outcome.condition][method]
            decision = self._settings.policy.decide(
                outcome.condition, method, attempt=attempt, asked_s=outcome.asked_s, draw=self._timing.chance()
            )
            if decision.reaction is not Reaction.REPEAT:
                raise CallFailed(
                    outcome, decision.reaction, decision.wait_s, outcome_unknown=table_says is Reaction.LOOK_FIRST
                ) from None
            self._timing.sleep(decision.wait_s)

    def _once(
        self,
        method: Method,
        path: str,
        query: Mapping[str, str | int] | None,
        body: Mapping[str, Any] | None,
        with_key: bool,
        attempt: int,
        hidden: list[SecretText],
        readable: Callable[[Answer], str | None],
    ) -> Answer | Failure:
        request = f"{method} {path}"
        headers = {}
        if with_key and self._api_key is not None:
            headers["Authorization"] = f"Bearer {self._api_key.reveal()}"
        try:
            with self._http.stream(method, path, params=query, json=body, headers=headers) as response:
                text = self._read(response)
        except httpx.HTTPError as fault:
            condition, reason = _translate(fault)
            return Failure(request, condition, reason, attempt)
        answer = Answer(
            request=request,
            status=response.status_code,
            media_type=response.headers.get("content-type", "").lower(),
            text=text,
            location=response.headers.get("location"),
            request_id=_request_id(response.headers, hidden),
            attempts=attempt,
        )
        failed = condition_of(answer.status)
        if failed is None:
            unreadable = readable(answer)
            if unreadable is None:
                return answer
            return Failure(
                request, Condition.UNREADABLE, unreadable, attempt, status=answer.status, request_id=answer.request_id
            )
        return Failure(
            request,
            failed,
            f"it answered {answer.status}",
            attempt,
            status=answer.status,
            message=message_of(answer, hidden),
            request_id=answer.request_id,
            asked_s=asked_wait_s(response.headers.get("retry-after"), self._timing.now()),
        )

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
        try:
            return received.decode(response.charset_encoding or "utf-8", errors="replace")
        except (LookupError, ValueError):  # an unknown charset, or one that does not decode text
            return received.decode("utf-8", errors="replace")


def _translate(fault: httpx.HTTPError) -> tuple[Condition, str]:
    """A fault of the HTTP library as a condition of the table and a reason. The library's own text is not shown: it may
    quote what was sent or received."""
    if isinstance(fault, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)):
        cause: BaseException | None = fault
        while cause is not None:
            if isinstance(cause, ssl.SSLCertVerificationError):
                return Condition.UNTRUSTED, "its certificate is not trusted" + (
                    f" ({words})" if (words := getattr(cause, "verify_message", "")) else ""
                )
            cause = cause.__cause__ or cause.__context__
        return Condition.NOT_SENT, _connection_words(fault)
    if isinstance(fault, httpx.TimeoutException):
        return Condition.TIMED_OUT, "no answer came in time"
    return Condition.BROKEN, "the connection broke before the answer was complete"


def _connection_words(fault: httpx.HTTPError) -> str:
    if isinstance(fault, httpx.ConnectTimeout):
        return "no connection within the time limit"
    if isinstance(fault, httpx.ProxyError):
        return "the proxy refused the connection"
    text = str(fault).lower()
    for sign, words in (
        ("refused", "the connection was refused"),
        ("name or service", "the host name is not known"),
        ("nodename", "the host name is not known"),
        ("name resolution", "the host name cannot be looked up"),
        ("getaddrinfo", "the host name is not known"),
        ("unreachable", "the network is not reachable"),
        ("ssl", "no TLS connection could be made"),
    ):
        if sign in text:
            return words
    return "no connection could be made"


def _request_id(headers: httpx.Headers, hidden: list[SecretText]) -> str | None:
    for name in _REQUEST_ID_HEADERS:
        if value := headers.get(name):
            return _one_line(redact(value, hidden), most=80)
    return None


def message_of(answer: Answer, hidden: Iterable[SecretText]) -> str | None:
    """What the remote system says about a failure: short, on one line, without a full stop, secrets replaced by stars.

    Unified.to publishes no error schema. Reads JSON objects with ``message`` or ``error``, JSON strings, text and HTML
    (assumed); None for anything else.
    """
    text = answer.text.strip()
    if not text:
        return None
    if answer.looks_like_html:
        title = re.search(r"<title[^>]*>([^<]*)</title>", text, re.IGNORECASE)
        found = title.group(1) if title else "an HTML page"
    else:
        try:
            found = _words_in(json.loads(text)) or ""
        except ValueError:
            found = text if answer.media_type.startswith("text/") or not answer.media_type else ""
    return _one_line(redact(found, hidden).strip().rstrip(".")) or None


def _words_in(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "; ".join(filter(None, map(_words_in, value[:3]))) or None
    if isinstance(value, dict):
        for key in ("message", "error_description", "detail", "error", "title", "errors"):
            if words := _words_in(value.get(key)):
                return words
    return None


def _one_line(text: str, most: int = _LONGEST_MESSAGE) -> str:
    line = "".join(character if character.isprintable() else " " for character in text)
    line = " ".join(line.split())
    return line if len(line) <= most else f"{line[: most - 3]}..."
