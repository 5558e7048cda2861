"""Microsoft Graph as the azuread plugin calls it: the same requests, the same retries, in rehearsal time.

Source: observed in ``sdk/client`` and ``sdk/auth`` of hashicorp/go-azure-sdk as bundled with pulumi-azuread 6.11.1,
and the plugin itself recorded against an emulator. Waiting is counted, not done: a retry that would come after 61 s
comes after 61 ms.
"""

from __future__ import annotations

import base64
import itertools
import json
import ssl
import threading
import time
from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx

from rehearsal.environment import is_loopback
from rehearsal.plugins.contract import ProviderError

_REHEARSAL_SCALE = 0.001
_TIMEOUT_S = 60.0
_TOKEN_RETRIES = 4
_REFRESH_BEFORE_S = 1200
_ALWAYS_RETRIED = frozenset([408, 424, 429])
_NEVER_RETRIED_5XX = 501
_LONGEST_WAIT_S = 61.0
_PATIENCE_S = 600.0
"""How long the plugin goes on repeating a request."""


class GraphError(ProviderError):
    """A request failed; ``status`` is 0 where there was no answer."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


def wait(seconds: float) -> None:
    """Wait in rehearsal time, a thousand times faster than on the clock."""
    time.sleep(seconds * _REHEARSAL_SCALE)


@dataclass(frozen=True)
class Caller:
    """Who is logged in: ``object_id`` is the ``oid`` claim of the token."""

    tenant_id: str
    client_id: str
    object_id: str


class GraphClient:
    """One login and one connection pool, shared by all resources of an operation."""

    def __init__(self, environment: Mapping[str, str], config: Mapping[str, Any]) -> None:
        self._tenant = _setting(environment, config, "ARM_TENANT_ID", "tenantId")
        self._client_id = _setting(environment, config, "ARM_CLIENT_ID", "clientId")
        self._secret = _setting(environment, config, "ARM_CLIENT_SECRET", "clientSecret")
        host = _setting(environment, config, "ARM_METADATA_HOSTNAME", "metadataHost")
        if not host:
            raise ProviderError(
                "ARM_METADATA_HOSTNAME is not set. The stand-in for the azuread plugin talks to the local emulator "
                "only. Next: start the emulator and pass on the variables that it prints, or run with PLUGINS=real."
            )
        _require_loopback(host, "ARM_METADATA_HOSTNAME")
        self._http = httpx.Client(verify=_trust(environment), timeout=_TIMEOUT_S, trust_env=False)
        self._lock = threading.Lock()
        self._token = ""
        self._token_ends = 0.0
        self._base, self._login = self._endpoints(host)
        self._login_now()
        self.caller = Caller(self._tenant, self._client_id, _claim(self._token, "oid"))

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    # --- login

    def _endpoints(self, host: str) -> tuple[str, str]:
        url = f"https://{host}/metadata/endpoints?api-version=2022-09-01"
        try:
            answer = self._http.get(url)
        except httpx.HTTPError as error:
            raise ProviderError(f"retrieving environments from Azure MetaData service: {_reason(error)}") from None
        if answer.status_code != 200:
            raise ProviderError(
                f"retrieving environments from Azure MetaData service: unexpected status {answer.status_code}"
            )
        content = answer.json()
        graph = str(content["microsoftGraphResourceId"]).rstrip("/")
        login = str(content["authentication"]["loginEndpoint"])
        for address in (graph, login, str(content["resourceManager"])):
            _require_loopback(address, f"The metadata of {host}")
        return graph, login

    def _login_now(self) -> None:
        url = f"{self._login}/{self._tenant}/oauth2/v2.0/token"
        form = {
            "client_id": self._client_id,
            "client_secret": self._secret,
            "grant_type": "client_credentials",
            "scope": f"{self._base}/.default",
        }
        for attempt in range(_TOKEN_RETRIES + 1):
            failure, retry_after = self._try_login(url, form)
            if not failure:
                return
            if retry_after is None or attempt == _TOKEN_RETRIES:
                raise ProviderError(failure)
            wait(retry_after or 2**attempt)

    def _try_login(self, url: str, form: Mapping[str, str]) -> tuple[str, float | None]:
        """Log in; on failure its words, and the seconds to wait before the next try (None: there is none)."""
        try:
            answer = self._http.post(url, data=dict(form))
        except httpx.HTTPError as error:
            return f'clientCredentialsToken: cannot request token: Post "{url}": {_reason(error)}', 0.0
        if answer.status_code // 100 != 2:
            text = f"clientCredentialsToken: received HTTP status {answer.status_code} with response: {answer.text}"
            is_final = answer.status_code != 429 and (answer.status_code < 500 or answer.status_code == 501)
            return text, None if is_final else _retry_after(answer) or 0.0
        try:
            content = answer.json()
            token = str(content["access_token"])
            expires_in = float(content["expires_in"])
        except (ValueError, KeyError) as error:
            return f"clientCredentialsToken: cannot unmarshal response: {error}", None
        self._token, self._token_ends = token, time.monotonic() + expires_in
        return "", None

    def _authorization(self) -> str:
        with self._lock:
            if self._token_ends - time.monotonic() < _REFRESH_BEFORE_S:
                self._login_now()
            return f"Bearer {self._token}"

    # --- requests

    def url(self, path: str) -> str:
        """The address of an object in the v1.0 API, as references to it are written."""
        return f"{self._base}/v1.0{path}"

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        version: str = "v1.0",
        also_retried: Container[int] = (),
        failing: str = "",
    ) -> Any:
        """Send a request and return the answer's JSON, None for an empty one.

        Repeats what the plugin repeats: 408, 424, 429 and 5xx but 501 for every method, reset connections for reads,
        and the statuses in ``also_retried``. Raises GraphError with the plugin's words, after what is ``failing``.
        """
        url = f"{self._base}/{version}{path}" + (f"?{urlencode(query)}" if query else "")
        content = None if body is None else json.dumps(body, separators=(",", ":"), sort_keys=True)
        waited_s = 0.0
        for attempt in itertools.count():
            answer, failure, again = self._send(method, url, content)
            wait_s = min(2.0**attempt, _LONGEST_WAIT_S)
            if answer is not None:
                if answer.status_code in _EXPECTED[method]:
                    return _content(answer)
                failure = _status_error(answer)
                again = _is_retried(answer.status_code) or answer.status_code in also_retried
                wait_s = _retry_after(answer) or wait_s
            waited_s += wait_s
            if not again or waited_s > _PATIENCE_S:
                break
            wait(wait_s)
        raise GraphError(f"{failing}: {failure}" if failing else failure, 0 if answer is None else answer.status_code)

    def find(self, path: str, *, failing: str = "") -> dict[str, Any] | None:
        """An object; None if Graph says that there is none."""
        try:
            found: dict[str, Any] = self.request("GET", path, failing=failing)
        except GraphError as error:
            if error.status == 404:
                return None
            raise
        return found

    def list(self, path: str, *, query: Mapping[str, str] | None = None, failing: str) -> list[dict[str, Any]]:
        """The items of a collection. The emulator sends them on one page."""
        items: list[dict[str, Any]] = self.request("GET", path, query=query, failing=failing)["value"]
        return items

    def _send(self, method: str, url: str, content: str | None) -> tuple[httpx.Response | None, str, bool]:
        """One try: the answer, or why there is none and whether the plugin would repeat the request."""
        headers = {
            "Authorization": self._authorization(),
            "Accept": "application/json; charset=utf-8; IEEE754Compatible=false",
            "Content-Type": "application/json; charset=utf-8",
            "OData-Version": "4.0",
            "OData-MaxVersion": "4.0",
        }
        try:
            answer = self._http.request(method, url, content=content, headers=headers)
        except httpx.HTTPError as error:
            reason = _reason(error) if method == "GET" else "HTTP response was nil; connection may have been reset"
            return None, f'{method.capitalize()} "{url}": {reason}', method == "GET" and _is_reset(error)
        return answer, "", False


_EXPECTED = {
    "GET": frozenset([200]),
    "POST": frozenset([200, 201, 202, 204]),
    "PATCH": frozenset([200, 202, 204]),
    "DELETE": frozenset([200, 204]),
}


def _setting(environment: Mapping[str, str], config: Mapping[str, Any], variable: str, key: str) -> str:
    return str(config.get(key) or environment.get(variable) or "")


def _require_loopback(address: str, where: str) -> None:
    if not is_loopback(address):
        raise ProviderError(
            f"{where} names {address}, which is not on this computer. The stand-in for the azuread plugin talks to the "
            "local emulator only. Next: deploy to real accounts with `pulumi up`."
        )


_trusted: dict[str, ssl.SSLContext] = {}


def _trust(environment: Mapping[str, str]) -> ssl.SSLContext:
    """A TLS context with the rehearsal's bundle, made once for each bundle: parsing it takes 20 ms."""
    bundle = environment.get("SSL_CERT_FILE", "")
    if not bundle:
        return ssl.create_default_context()
    with open(bundle, encoding="utf-8") as file:
        pem = file.read()
    context = _trusted.get(pem)
    if context is None:
        context = _trusted[pem] = ssl.create_default_context(cadata=pem)
    return context


def _claim(token: str, name: str) -> str:
    parts = token.split(".")
    if len(parts) != 3:
        raise ProviderError(f"unable to parse claims: the token does not have 3 parts, but {len(parts)}")
    padded = parts[1] + "=" * (-len(parts[1]) % 4)
    value = json.loads(base64.urlsafe_b64decode(padded)).get(name)
    if not value:
        raise ProviderError(f"the access token has no `{name}` claim")
    return str(value)


def _content(answer: httpx.Response) -> Any:
    if not answer.content:
        return None
    kind = answer.headers.get("Content-Type", "").lower()
    if "application/json" not in kind:
        raise GraphError(
            f'internal-error: unimplemented unmarshal function for content type "{kind}"', answer.status_code
        )
    try:
        return answer.json()
    except ValueError:
        raise GraphError("unmarshaling response body: unexpected end of JSON input", answer.status_code) from None


def _status_error(answer: httpx.Response) -> str:
    status = f"{answer.status_code} ({answer.status_code} {answer.reason_phrase})"
    try:
        error = answer.json()["error"]
        parts = [part for part in (error.get("code"), error.get("message")) if part]
        text = f"error: {': '.join(parts)}"
    except (ValueError, KeyError, TypeError, AttributeError):
        if not answer.content:
            return f"unexpected status {status} received with no body"
        text = f"response: {answer.text}"
    return f"unexpected status {status} with {text}"


def _is_retried(status: int) -> bool:
    return status in _ALWAYS_RETRIED or (status >= 500 and status != _NEVER_RETRIED_5XX)


def _retry_after(answer: httpx.Response) -> float | None:
    text = answer.headers.get("Retry-After", "")
    return float(text) if text.isdigit() else None


def _is_reset(error: httpx.HTTPError) -> bool:
    """True if the connection broke before any answer.

    Python's TLS tells a reset and an orderly end before the answer alike. Go's net/http repeats a read after either on
    a connection that was used before, which all but the first are.
    """
    if isinstance(error, httpx.RemoteProtocolError):
        return "without sending a response" in str(error)
    return isinstance(error, (httpx.ReadError, httpx.WriteError))


def _reason(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.ConnectError):
        return f"dial tcp: {error}"
    if isinstance(error, httpx.RemoteProtocolError):
        return "EOF"
    if isinstance(error, httpx.TimeoutException):
        return "context deadline exceeded"
    return f"connection reset: {error}" if str(error) else "connection reset by peer"
