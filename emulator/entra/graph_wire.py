"""Graph's wire format: bodies, filters, selections. Anything outside the subset is refused, not ignored."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from emulator.core.store import Document
from emulator.core.world import world_of
from emulator.entra import graph_errors
from emulator.entra.ids import fresh

CONTENT_TYPE = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
_OPTIONS = {"$filter", "$select"}
_EQUALS = re.compile(r"(?P<name>[A-Za-z]+)\s+eq\s+'(?P<value>(?:[^']|'')*)'")
_FILTERABLE = ("id", "appId", "displayName")

Predicate = Callable[[Document], bool]


async def object_body(request: Request) -> Document:
    """The JSON object of a request. Raises ``GraphError`` 400."""
    try:
        value = json.loads(await request.body())
    except (ValueError, RecursionError) as error:
        raise graph_errors.GraphError(
            400,
            "BadRequest",
            "Unable to read JSON request payload. Please ensure Content-Type header is set and payload "
            "is of valid JSON format.",
        ) from error
    if not isinstance(value, dict):
        raise graph_errors.bad_request("The request body must be a JSON object.")
    return value


def check_options(request: Request, allowed: Iterable[str] = _OPTIONS) -> None:
    """Refuse query options that the route does not model. Raises ``GraphError`` 400."""
    unknown = [name for name in request.query_params if name not in allowed]
    if unknown:
        raise graph_errors.unsupported_query(", ".join(unknown))


def predicate(request: Request) -> Predicate:
    """A test for resources from the request's ``$filter``, which may be ``x eq '…'``.

    Comparisons of strings disregard case, as the directory's do. Raises ``GraphError`` 400 for any other filter and for
    other query options.
    """
    check_options(request)
    text = request.query_params.get("$filter")
    if text is None:
        return lambda _resource: True
    match = _EQUALS.fullmatch(text.strip())
    if match is None or match["name"] not in _FILTERABLE:
        raise graph_errors.unsupported_query(f"filter {text!r}")
    name, value = match["name"], match["value"].replace("''", "'").lower()
    return lambda resource: str(resource.get(name) or "").lower() == value


def item_response(request: Request, entity: str, resource: Document, status: int = 200) -> Response:
    """One resource, reduced to ``$select``."""
    check_options(request, ("$select",))
    context = {"@odata.context": f"{_service_root(request)}/$metadata#{entity}/$entity"}
    return _json({**context, **_selected(request, resource)}, status)


def list_response(request: Request, entity: str, resources: list[Document]) -> Response:
    """A list, on one page."""
    context = f"{_service_root(request)}/$metadata#{entity}"
    return _json({"@odata.context": context, "value": [_selected(request, resource) for resource in resources]}, 200)


def no_content() -> Response:
    """204."""
    return Response(status_code=204, headers={"request-id": fresh()})


def reference_id(body: Document) -> str:
    """The object id in ``{"@odata.id": "…/directoryObjects/<id>"}``. Raises ``GraphError`` 400."""
    return object_id_in(body.get("@odata.id"))


def object_id_in(url: Any) -> str:
    """The last segment of a directory object's URL, lower case. Raises ``GraphError`` 400."""
    match = re.fullmatch(r".*/(?:directoryObjects|users|servicePrincipals)/([0-9a-fA-F-]{36})", str(url))
    if match is None:
        raise graph_errors.bad_request(f"Invalid URL format specified in @odata.id: '{url}'.")
    return match[1].lower()


def _selected(request: Request, resource: Document) -> Document:
    text = request.query_params.get("$select")
    if not text:
        return resource
    names = [name.strip() for name in text.split(",")]
    return {name: resource[name] for name in names if name in resource}


def _service_root(request: Request) -> str:
    return f"{world_of(request).base_url}/{request.url.path.split('/')[1]}"


def _json(body: Document, status: int) -> Response:
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(
        content, status, headers={"content-type": CONTENT_TYPE, "request-id": fresh(), "OData-Version": "4.0"}
    )
