"""The azuread package: Application, ApplicationPassword, ServicePrincipal and three functions.

For what the components of this project declare: the same properties in and out as pulumi-azuread 6.11.1, the same
requests to Graph, the same diffs and error texts, without the waiting. All else is refused.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Final, NoReturn

from rehearsal.plugins.azuread.application import Application
from rehearsal.plugins.azuread.application_password import ApplicationPassword
from rehearsal.plugins.azuread.functions import FUNCTIONS
from rehearsal.plugins.azuread.graph import GraphClient
from rehearsal.plugins.azuread.resource import AzureAdResource, Created
from rehearsal.plugins.azuread.schema import changes, checked, plain
from rehearsal.plugins.azuread.service_principal import ServicePrincipal
from rehearsal.plugins.contract import (
    Change,
    CheckFailure,
    CheckResult,
    DiffResult,
    PartialFailureError,
    ProviderError,
    ReadResult,
    Target,
)
from rehearsal.plugins.values import UNKNOWN, Props, Value, contains_unknown, unwrap

_ADVICE: Final = "Next: install the real plugins and run with PLUGINS=real."
_RESOURCES: Final[Mapping[str, type[AzureAdResource]]] = {
    "azuread:index/application:Application": Application,
    "azuread:index/applicationPassword:ApplicationPassword": ApplicationPassword,
    "azuread:index/servicePrincipal:ServicePrincipal": ServicePrincipal,
}


class AzureAdProvider:
    """Logs in when it is configured, as the plugin does."""

    package = "azuread"
    accepts_secrets = False

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        self._opening = threading.Lock()
        self._graph: GraphClient | None = None

    def configure(self, config: Props) -> None:
        """Logs in; the connection before this one is closed."""
        with self._opening:
            self.close()
            self._graph = GraphClient(self._environment, unwrap(config))

    def _client(self) -> GraphClient:
        if self._graph is None:
            raise ProviderError("the azuread stand-in was called before it was configured")
        return self._graph

    def _resource(self, target: Target) -> AzureAdResource:
        if target.type not in _RESOURCES:
            _refuse(_RESOURCES, target.type)
        return _RESOURCES[target.type](self._client())

    def check(self, target: Target, new_inputs: Props) -> CheckResult:
        """The inputs of record, and what is refused. The components have checked most values."""
        refused: list[str] = []
        resource = self._resource(target)
        completed = checked(resource.fields, new_inputs, refused)
        completed |= {**resource.defaults, "__defaults": list(resource.defaults)}
        reasons = [
            f"The stand-in for the azuread plugin does not have {path} of {target.name}. {_ADVICE}" for path in refused
        ]
        reasons += [
            f"The stand-in for the azuread plugin needs {name} of {target.name}. {_ADVICE}"
            for name in resource.needed
            if not completed.get(name)
        ]
        if completed.get("notes") == "":
            reasons.append(
                f"expected \"notes\" to not be an empty string, got . Examine values at '{target.name}.notes'."
            )
        return CheckResult(completed, [CheckFailure("", reason) for reason in reasons])

    def diff(self, target: Target, old_inputs: Props, old_outputs: Props, new_inputs: Props) -> DiffResult:
        """What Terraform's plan would change."""
        resource = self._resource(target)
        found = _changed(resource, plain(new_inputs), old_outputs)
        return DiffResult(
            {path: change for paths in found.values() for path, change in paths.items()},
            frozenset(path for name, paths in found.items() if resource.fields[name].forces_new for path in paths),
        )

    def create(self, target: Target, inputs: Props, *, preview: bool) -> tuple[str, Props]:
        """Create, or plan."""
        resource, given = self._resource(target), plain(inputs)
        planned = {**dict.fromkeys(resource.computed, UNKNOWN), **given}
        if preview:
            return "", {**planned, "id": UNKNOWN}
        try:
            resource_id, outputs = resource.create(given)
        except Created as created:
            message = f"creating {target.urn}: {_listed(created)}"
            left = _stored(resource, created.resource_id, _known(planned))
            raise PartialFailureError(message, created.resource_id, left) from None
        except ProviderError as error:
            raise ProviderError(_listed(error)) from None
        return resource_id, _stored(resource, resource_id, {**outputs, **_nulls(resource, {})})

    def update(
        self, target: Target, resource_id: str, old_outputs: Props, new_inputs: Props, *, preview: bool
    ) -> Props:
        """Change, or plan."""
        resource, given = self._resource(target), plain(new_inputs)
        unset = [name for name, item in resource.fields.items() if not item.computed]
        planned = {**old_outputs, **dict.fromkeys(unset), **given}
        if preview:
            return planned
        try:
            resource.update(resource_id, given, old_outputs, frozenset(_changed(resource, given, old_outputs)))
            outputs = resource.present(resource_id, {**old_outputs, **given})
        except ProviderError as error:
            message = f"updating {target.urn}: {_listed(error)}"
            raise PartialFailureError(message, resource_id, _known(planned)) from None
        return _stored(resource, resource_id, {**outputs, **_nulls(resource, old_outputs)})

    def read(self, target: Target, resource_id: str, inputs: Props, outputs: Props) -> ReadResult:
        """The live resource. Inputs that were given have the values that they have now."""
        resource = self._resource(target)
        try:
            live = resource.read(resource_id, outputs)
        except ProviderError as error:
            raise ProviderError(f"refreshing {target.urn}: {_listed(error)}") from None
        if live is None:
            return ReadResult("", {}, {})
        return ReadResult(resource_id, _stored(resource, resource_id, live), _refreshed(inputs, live))

    def delete(self, target: Target, resource_id: str, outputs: Props) -> None:
        """Delete."""
        try:
            self._resource(target).delete(resource_id)
        except ProviderError as error:
            raise ProviderError(f"deleting {target.urn}: {_listed(error)}") from None

    def invoke(self, token: str, args: Props) -> Props:
        """Call a function."""
        if token not in FUNCTIONS:
            _refuse(FUNCTIONS, token)
        try:
            return FUNCTIONS[token](self._client(), unwrap(args))
        except ProviderError as error:
            raise ProviderError(f"invoking {token}: {_listed(error)}") from None

    def cancel(self) -> None:
        """Every request is let end: each is short."""

    def close(self) -> None:
        """Close the connections."""
        if self._graph is not None:
            self._graph.close()


def _refuse(known: Iterable[str], token: str) -> NoReturn:
    names = ", ".join(name.rpartition(":")[2] for name in known)
    raise ProviderError(f"The stand-in for the azuread plugin has {names} only, not {token}. {_ADVICE}")


def _changed(resource: AzureAdResource, given: Props, prior: Props) -> dict[str, dict[str, Change]]:
    """The changed inputs, each with the paths of its changes."""
    found = {
        name: changes(item, given.get(name), prior.get(name), name)
        for name, item in resource.fields.items()
        if not (item.computed and given.get(name) is None)
    }
    return {name: paths for name, paths in found.items() if paths}


def _known(planned: Props) -> Props:
    """What was planned with nothing in place of unknowns, as it is stored after a failure half-way."""
    return {name: None if contains_unknown(value) else value for name, value in planned.items()}


def _nulls(resource: AzureAdResource, prior: Props) -> Props:
    return {name: prior.get(name) for name in resource.null_until_refreshed}


def _stored(resource: AzureAdResource, resource_id: str, outputs: Props) -> Props:
    return {"__meta": resource.meta, **outputs, "id": resource_id}


def _listed(error: Exception) -> str:
    return f"1 error occurred:\n\t* {error}\n\n"


def _refreshed(given: Value, live: Value) -> Value:
    if isinstance(given, dict) and isinstance(live, dict):
        return {key: _refreshed(value, live.get(key, value)) for key, value in given.items()}
    if isinstance(given, list) and isinstance(live, list) and len(given) == len(live):
        return [_refreshed(value, now) for value, now in zip(given, live, strict=True)]
    return live
