"""A dynamic provider that writes what it is asked for into a file, and resources of it."""

import json
import os
from typing import Any

import pulumi
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    Resource,
    ResourceProvider,
    UpdateResult,
)
from pulumi.runtime import rpc

_COMPARED = ("endpoint", "scope", "token", "place")


class BindingProvider(ResourceProvider):
    """``place`` forces a replacement; ``scope="forbidden"`` is refused; ``endpoint="broken"`` fails."""

    api_key: Any

    def configure(self, req: ConfigureRequest) -> None:
        self.api_key = req.config.get("apiKey")

    def _note(self, what: str, **facts: Any) -> None:
        path = os.environ.get("LEDGER")
        if path:
            with open(path, "a", encoding="utf-8") as file:
                file.write(json.dumps({"call": what, "key": bool(self.api_key), **facts}) + "\n")

    def check(self, olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        self._note("check", olds=sorted(olds))
        failures = [CheckFailure("scope", "this scope is forbidden")] if news.get("scope") == "forbidden" else []
        return CheckResult({**news, "normal": str(news.get("scope")).upper()}, failures)

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        unknown = [key for key in _COMPARED if rpc.contains_unknowns(news.get(key))]
        self._note("diff", unknown=unknown)
        changes = any(key in unknown or olds.get(key) != news.get(key) for key in _COMPARED)
        replaces = ["place"] if "place" not in unknown and olds.get("place") != news.get("place") else []
        return DiffResult(changes=changes, replaces=replaces)

    def create(self, props: dict[str, Any]) -> CreateResult:
        self._note("create", endpoint=props["endpoint"])
        if props["endpoint"] == "broken":
            raise RuntimeError("the endpoint is broken")
        return CreateResult(f"binding-{props['place']}", {**props, "address": f"{props['endpoint']}/{props['place']}"})

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        self._note("update", endpoint=news["endpoint"])
        return UpdateResult({**news, "address": f"{news['endpoint']}/{news['place']}"})

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        self._note("read")
        return ReadResult(id_, props)

    def delete(self, id_: str, _props: dict[str, Any]) -> None:
        self._note("delete", id=id_)


class Binding(Resource, module="ledger", name="Binding"):
    """An output ``address``, and a ``token`` that is secret."""

    address: pulumi.Output[str]
    token: pulumi.Output[str]
    normal: pulumi.Output[str]

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None, **props: Any) -> None:
        super().__init__(BindingProvider(), name, {"address": None, "normal": None, **props}, opts)
