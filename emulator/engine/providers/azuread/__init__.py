"""The azuread package: Application, ApplicationPassword, ServicePrincipal and four functions.

The same properties in and out as pulumi-azuread 6.11.1, the same requests to Graph, without the waiting. Everything
else of the package is refused.
"""

from __future__ import annotations

import threading

from emulator.engine.providers.azuread.application import Application
from emulator.engine.providers.azuread.application_password import ApplicationPassword
from emulator.engine.providers.azuread.functions import Functions
from emulator.engine.providers.azuread.graph import GraphClient
from emulator.engine.providers.azuread.resource import AzureAdResource, Locks
from emulator.engine.providers.azuread.service_principal import ServicePrincipal
from emulator.engine.providers.base import (
    CheckResult,
    DiffResult,
    ProviderError,
    ReadResult,
    Surroundings,
    Target,
)
from emulator.engine.values import Props, unwrap

_RESOURCES: dict[str, type[AzureAdResource]] = {
    "azuread:index/application:Application": Application,
    "azuread:index/applicationPassword:ApplicationPassword": ApplicationPassword,
    "azuread:index/servicePrincipal:ServicePrincipal": ServicePrincipal,
}


class AzureAdProvider:
    """Logs in when first used, as the plugin does when it is configured."""

    accepts_secrets = False
    supports_preview = True

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._locks = Locks()
        self._opening = threading.Lock()
        self._graph: GraphClient | None = None

    def _client(self) -> GraphClient:
        with self._opening:
            if self._graph is None:
                config = unwrap(self._surroundings.config)
                self._graph = GraphClient(self._surroundings.env, config, self._surroundings.on_boundary)
            return self._graph

    def _resource(self, target: Target) -> AzureAdResource:
        resource = _RESOURCES.get(target.type)
        if resource is None:
            known = ", ".join(token.rsplit(":", 1)[-1] for token in _RESOURCES)
            raise ProviderError(
                f"{target.type} is not modelled by the embedded engine; of this package only {known} are. Use Pulumi "
                "itself for a program that needs it"
            )
        return resource(self._client(), self._locks)

    def check(self, target: Target, old_inputs: Props, new_inputs: Props) -> CheckResult:
        """Defaults and validation."""
        return self._resource(target).do_check(target, new_inputs)

    def diff(
        self, target: Target, resource_id: str, old_inputs: Props, old_outputs: Props, new_inputs: Props
    ) -> DiffResult:
        """What Terraform's plan would change."""
        return self._resource(target).do_diff(target, old_outputs, new_inputs)

    def create(self, target: Target, inputs: Props, *, preview: bool) -> tuple[str, Props]:
        """Create, or plan."""
        return self._resource(target).do_create(target, inputs, preview=preview)

    def update(
        self,
        target: Target,
        resource_id: str,
        old_inputs: Props,
        old_outputs: Props,
        new_inputs: Props,
        *,
        preview: bool,
    ) -> Props:
        """Change, or plan."""
        return self._resource(target).do_update(target, resource_id, old_outputs, new_inputs, preview=preview)

    def read(self, target: Target, resource_id: str, inputs: Props, outputs: Props) -> ReadResult:
        """The live resource."""
        return self._resource(target).do_read(target, resource_id, inputs, outputs)

    def delete(self, target: Target, resource_id: str, inputs: Props, outputs: Props) -> None:
        """Delete."""
        self._resource(target).do_delete(target, resource_id, outputs)

    def invoke(self, token: str, args: Props) -> Props:
        """Call a function."""
        return Functions(self._client()).call(token, unwrap(args))

    def close(self) -> None:
        """Close the connections."""
        if self._graph is not None:
            self._graph.close()
