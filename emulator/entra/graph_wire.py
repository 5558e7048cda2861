"""Graph's wire format: bodies, filters, selections, pages. Anything outside the subset is refused, not ignored."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from emulator.core.store import Document
from emulator.core.world import world_of
from emulator.entra import graph_errors
from emulator.entra.ids import fresh

CONTENT_TYPE = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
_OPTIONS = {"$filter", "$select", "$top", "$skiptoken", "$count"}
_STRING = r"'(?P<value>(?:[^']|'')*)'"
_EQUALS = re.compile(rf"(?P<name>[A-Za-z]+)\s+eq\s+{_STRING}")
_STARTS_WITH = re.compile(rf"startswith\(\s*(?P<name>[A-Za-z]+)\s*,\s*{_STRING}\s*\)", re.IGNORECASE)
_ANY = re.compile(rf"(?P<name>[A-Za-z]+)/any\(\s*(?P<item>\w+)\s*:\s*(?P=item)\s+eq\s+{_STRING}\s*\)", re.IGNORECASE)
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


def predicate(text: str | None) -> Predicate:
    """A test for resources from a ``$filter``: ``x eq '…'``, ``startswith(x,'…')``, ``xs/any(u:u eq '…')``.

    Comparisons of strings disregard case, as the directory's do. Raises ``GraphError`` 400 for any other filter.
    """
    if text is None:
        return lambda _resource: True
    for pattern, build in ((_EQUALS, _equals), (_STARTS_WITH, _starts_with), (_ANY, _any)):
        match = pattern.fullmatch(text.strip())
        if match is not None:
            return build(match["name"], match["value"].replace("''", "'").lower())
    raise graph_errors.unsupported_query(f"filter {text!r}")


def _equals(name: str, value: str) -> Predicate:
    if name not in _FILTERABLE:
        raise graph_errors.unsupported_query(f"filter on {name!r}")
    return lambda resource: str(resource.get(name) or "").lower() == value


def _starts_with(name: str, value: str) -> Predicate:
    if name not in _FILTERABLE:
        raise graph_errors.unsupported_query(f"filter on {name!r}")
    return lambda resource: str(resource.get(name) or "").lower().startswith(value)


def _any(name: str, value: str) -> Predicate:
    if name != "identifierUris":
        raise graph_errors.unsupported_query(f"filter on {name!r}")
    return lambda resource: any(str(item).lower() == value for item in resource.get(name) or [])


def item_response(request: Request, entity: str, resource: Document, status: int = 200) -> Response:
    """One resource, reduced to ``$select``."""
    check_options(request, ("$select",))
    context = {"@odata.context": f"{_service_root(request)}/$metadata#{entity}/$entity"}
    return _json({**context, **_selected(request, resource)}, status)


def list_response(request: Request, entity: str, resources: list[Document]) -> Response:
    """One page of a list, with ``@odata.nextLink`` when there are more."""
    world = world_of(request)
    size = _number(request, "$top") or world.settings["graph_page_size"]
    offset = _number(request, "$skiptoken") or 0
    page = resources[offset : offset + size]
    body: Document = {
        "@odata.context": f"{_service_root(request)}/$metadata#{entity}",
        "value": [_selected(request, resource) for resource in page],
    }
    if offset + size < len(resources):
        query = {**request.query_params, "$skiptoken": str(offset + size)}
        body["@odata.nextLink"] = f"{world.base_url}{request.url.path}?{urlencode(query)}"
    return _json(body, 200)


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


def _number(request: Request, name: str) -> int | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    if not re.fullmatch("[0-9]{1,9}", text):
        raise graph_errors.unsupported_query(f"{name}={text}")
    return int(text)


def _service_root(request: Request) -> str:
    return f"{world_of(request).base_url}/{request.url.path.split('/')[1]}"


def _json(body: Document, status: int) -> Response:
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(
        content, status, headers={"content-type": CONTENT_TYPE, "request-id": fresh(), "OData-Version": "4.0"}
    )
