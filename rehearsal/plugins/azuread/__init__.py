"""The azuread package: Application, ApplicationPassword, ServicePrincipal and three functions.

The same properties in and out as pulumi-azuread 6.11.1, the same requests to Graph, without the waiting. What the
components of this project do not declare is refused.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping

from rehearsal.plugins.azuread.application import Application
from rehearsal.plugins.azuread.application_password import ApplicationPassword
from rehearsal.plugins.azuread.functions import Functions
from rehearsal.plugins.azuread.graph import GraphClient
from rehearsal.plugins.azuread.resource import AzureAdResource, Locks
from rehearsal.plugins.azuread.service_principal import ServicePrincipal
from rehearsal.plugins.contract import CheckResult, DiffResult, Log, ProviderError, ReadResult, Target
from rehearsal.plugins.values import Props, unwrap

_RESOURCES: dict[str, type[AzureAdResource]] = {
    "azuread:index/application:Application": Application,
    "azuread:index/applicationPassword:ApplicationPassword": ApplicationPassword,
    "azuread:index/servicePrincipal:ServicePrincipal": ServicePrincipal,
}


class AzureAdProvider:
    """Logs in when it is configured, as the plugin does."""

    package = "azuread"
    accepts_secrets = False

    def __init__(self, environment: Mapping[str, str], log: Log) -> None:
        self._environment = dict(environment)
        self._locks = Locks()
        self._opening = threading.Lock()
        self._graph: GraphClient | None = None

    def configure(self, config: Props) -> None:
        """Logs in; the connection before this one is closed."""
        with self._opening:
            if self._graph is not None:
                self._graph.close()
            self._graph = GraphClient(self._environment, unwrap(config))

    def _client(self) -> GraphClient:
        if self._graph is None:
            raise ProviderError("the azuread stand-in was called before it was configured")
        return self._graph

    def _resource(self, target: Target) -> AzureAdResource:
        resource = _RESOURCES.get(target.type)
        if resource is None:
            known = ", ".join(token.rsplit(":", 1)[-1] for token in _RESOURCES)
            raise ProviderError(
                f"The stand-in for the azuread plugin has {known} only, not {target.type}. Next: install the real "
                "plugins and run with PLUGINS=real."
            )
        return resource(self._client(), self._locks)

    def check(self, target: Target, new_inputs: Props) -> CheckResult:
        """Defaults and validation."""
        return self._resource(target).do_check(target, new_inputs)

    def diff(self, target: Target, old_inputs: Props, old_outputs: Props, new_inputs: Props) -> DiffResult:
        """What Terraform's plan would change."""
        return self._resource(target).do_diff(target, old_outputs, new_inputs)

    def create(self, target: Target, inputs: Props, *, preview: bool) -> tuple[str, Props]:
        """Create, or plan."""
        return self._resource(target).do_create(target, inputs, preview=preview)

    def update(
        self, target: Target, resource_id: str, old_outputs: Props, new_inputs: Props, *, preview: bool
    ) -> Props:
        """Change, or plan."""
        return self._resource(target).do_update(target, resource_id, old_outputs, new_inputs, preview=preview)

    def read(self, target: Target, resource_id: str, inputs: Props, outputs: Props) -> ReadResult:
        """The live resource."""
        return self._resource(target).do_read(target, resource_id, inputs, outputs)

    def delete(self, target: Target, resource_id: str, outputs: Props) -> None:
        """Delete."""
        self._resource(target).do_delete(target, resource_id, outputs)

    def invoke(self, token: str, args: Props) -> Props:
        """Call a function."""
        return Functions(self._client()).call(token, unwrap(args))

    def cancel(self) -> None:
        """Every request is let end: each is short."""

    def close(self) -> None:
        """Close the connections."""
        if self._graph is not None:
            self._graph.close()
