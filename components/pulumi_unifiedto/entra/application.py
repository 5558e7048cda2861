"""EntraApplication: the app registration and its service principal, with Graph permissions by name."""

import difflib
import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypedDict, TypeVar

import pulumi
import pulumi_azuread as azuread
from typing_extensions import NotRequired

from ..errors import (
    ApplicationMismatch,
    ApplicationNotFound,
    EntraLookupFailed,
    UnifiedtoError,
    UnknownGraphPermission,
)
from ..program.arguments import validated
from .cloud import cloud_settings, require_public_cloud
from .limits import checked, normal_client_id
from .provider_errors import advice_for, advice_hook

MICROSOFT_GRAPH: Final = "00000003-0000-0000-c000-000000000000"
"""Application id of Microsoft Graph in every tenant (documented:
https://learn.microsoft.com/troubleshoot/entra/entra-id/governance/verify-first-party-apps-sign-in)."""

AUDIENCE: Final = "AzureADandPersonalMicrosoftAccount"
"""Any organizational directory and personal Microsoft accounts."""

DEFAULT_GRAPH_PERMISSIONS: Final = ("openid", "profile", "email", "offline_access", "User.Read")

Result = TypeVar("Result")


class ApplicationArgs(TypedDict):
    """What an app registration is to be."""

    display_name: pulumi.Input[str]
    """Name of the app registration, 1 to 90 characters. Users see it when they sign in."""

    graph_permissions: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Delegated permissions of Microsoft Graph by name, such as ``Mail.Read``, at most 30. An empty list requests none.
    Default: openid, profile, email, offline_access, User.Read."""

    owners: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Object ids of further owners. The deploying identity always is one."""

    tags: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Tags of the app registration, for the people who read it."""

    notes: NotRequired[pulumi.Input[str]]
    """Notes of the app registration, for the people who read it, at most 1,024 characters."""

    client_id: NotRequired[str]
    """Application (client) id of an app registration that exists. It is adopted: read and checked, and never changed or
    deleted. Default: the stack declares a new one."""


class EntraApplicationArgs(ApplicationArgs):
    """Arguments of `EntraApplication`."""

    redirect_uris: pulumi.Input[Sequence[pulumi.Input[str]]]
    """https URIs of the Web platform, without query, fragment or wildcard."""


class EntraApplication(pulumi.ComponentResource):
    """An app registration for any organization and personal Microsoft accounts, with its service principal.

    Outputs: `client_id`, `object_id` (bare), `application_id` (the azuread provider's id, ``/applications/<object
    id>``), `tenant_id` (the home tenant), `service_principal_object_id`.

    Every output waits for the service principal: without it the tenant issues no token to the application.
    """

    client_id: pulumi.Output[str]
    object_id: pulumi.Output[str]
    application_id: pulumi.Output[str]
    tenant_id: pulumi.Output[str]
    service_principal_object_id: pulumi.Output[str]

    def __init__(self, name: str, args: EntraApplicationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Raises NationalCloud, UnusableEnvironment, InvalidInput and UnknownGraphPermission: at once for
        plain values, else when the values become known."""
        args = validated(EntraApplicationArgs, args)
        require_public_cloud({**os.environ, **cloud_settings(pulumi.Config("azuread").get)})
        values = checked(args)
        adopted = normal_client_id(args["client_id"]) if "client_id" in args else None
        super().__init__("unifiedto:index:EntraApplication", name, None, opts)
        invoke_options = pulumi.InvokeOptions(parent=self)
        caller = invoked("the deploying identity", lambda: azuread.get_client_config(opts=invoke_options))
        self.tenant_id = pulumi.Output.from_input(caller.tenant_id)
        self.application: azuread.Application | None = None  # stays None for an adopted one
        if adopted:
            self._adopt(adopted, values["redirect_uris"], invoke_options)
        else:
            self._declare(name, values, caller.object_id, invoke_options)
        self.register_outputs({name: getattr(self, name) for name in EntraApplication.__annotations__})

    def _declare(
        self,
        name: str,
        values: Mapping[str, pulumi.Input[Any]],
        caller_object_id: str,
        invoke_options: pulumi.InvokeOptions,
    ) -> None:
        graph = invoked(
            "the permissions of Microsoft Graph",
            lambda: azuread.get_service_principal(client_id=MICROSOFT_GRAPH, opts=invoke_options),
        )
        permissions = pulumi.Output.all(
            names=values.get("graph_permissions", DEFAULT_GRAPH_PERMISSIONS),
            ids=graph.oauth2_permission_scope_ids,
        ).apply(lambda known: resolve_permissions(known["names"], known["ids"]))
        # The caller stays among the owners: with Application.ReadWrite.OwnedBy alone it could not change the app again.
        owners = pulumi.Output.all(caller=caller_object_id, others=values.get("owners") or []).apply(
            lambda known: list(dict.fromkeys([known["caller"], *known["others"]]))
        )
        options = pulumi.ResourceOptions(parent=self, hooks=pulumi.ResourceHookBinding(on_error=[advice_hook()]))
        application = azuread.Application(
            f"{name}-application",
            display_name=values["display_name"],
            sign_in_audience=AUDIENCE,
            api=azuread.ApplicationApiArgs(requested_access_token_version=2),
            web=azuread.ApplicationWebArgs(redirect_uris=values["redirect_uris"]),
            required_resource_accesses=permissions.apply(
                lambda ids: (
                    [
                        azuread.ApplicationRequiredResourceAccessArgs(
                            resource_app_id=MICROSOFT_GRAPH,
                            resource_accesses=[
                                azuread.ApplicationRequiredResourceAccessResourceAccessArgs(id=scope_id, type="Scope")
                                for scope_id in ids
                            ],
                        )
                    ]
                    if ids
                    else []
                )
            ),
            owners=owners,
            tags=values.get("tags"),
            notes=values.get("notes"),
            opts=options,
        )
        # Entra removes an application's service principal and secrets with it; the provider would wait 20 s for each.
        service_principal = azuread.ServicePrincipal(
            f"{name}-service-principal",
            client_id=application.client_id,
            owners=owners,
            use_existing=True,  # an interrupted run may have left one
            opts=pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(deleted_with=application)),
        )
        self.application = application
        self.service_principal_object_id = service_principal.object_id
        self.client_id = after(service_principal.client_id, application.client_id)
        self.object_id = after(service_principal.client_id, application.object_id)
        self.application_id = after(service_principal.client_id, application.id)

    def _adopt(
        self, client_id: str, redirect_uris: pulumi.Input[Sequence[str]], invoke_options: pulumi.InvokeOptions
    ) -> None:
        found = invoked(
            f"the application {client_id}",
            lambda: azuread.get_application(client_id=client_id, opts=invoke_options),
            absent=lambda: _not_found(client_id, invoke_options),
        )
        service_principal = invoked(
            f"the service principal of {client_id}",
            lambda: azuread.get_service_principal(client_id=client_id, opts=invoke_options),
            absent=lambda: ApplicationMismatch(
                client_id=client_id,
                differences=["it has no service principal in this tenant, so Entra issues no token to it"],
                next_step=f"Create it with: az ad sp create --id {client_id} and run again.",
            ),
        )
        checked_object_id = pulumi.Output.all(
            object_id=found.object_id,
            audience=found.sign_in_audience,
            webs=found.webs,
            spas=found.single_page_applications,
            public_clients=found.public_clients,
            apis=found.apis,
            wanted=redirect_uris,
        ).apply(lambda known: check_adopted(client_id, known))
        self.service_principal_object_id = pulumi.Output.from_input(service_principal.object_id)
        self.client_id = checked_object_id.apply(lambda _: client_id)
        self.object_id = checked_object_id
        self.application_id = self.object_id.apply(lambda object_id: f"/applications/{object_id}")


def _not_found(client_id: str, invoke_options: pulumi.InvokeOptions) -> UnifiedtoError:
    """The error for a client id that no application has; says so where it is an application's object id."""
    try:
        found = azuread.get_application(object_id=client_id, opts=invoke_options)
    except Exception:  # nothing of that kind either
        return ApplicationNotFound(client_id=client_id)
    return ApplicationNotFound(
        client_id=client_id,
        next_step=f"It is the object id of {found.display_name}. Set clientId to its client id, {found.client_id}.",
    )


def invoked(what: str, invoke: Callable[[], Result], *, absent: Callable[[], UnifiedtoError] | None = None) -> Result:
    """The result of a function of the azuread provider. Raises what `absent` gives for an object that does not exist,
    and another error of the catalogue for every other failure.

    The SDK raises a bare Exception with the provider's text (observed with the Pulumi SDK 3.272).
    """
    try:
        return invoke()
    except Exception as fault:
        text = str(fault)
        if absent is not None and _ABSENT.search(text):
            raise absent() from None
        advice = advice_for(what, text, operation="read")
        raise advice or EntraLookupFailed(what=what, reason=text) from None


_ABSENT: Final = re.compile(r"not found|no (applications?|service principals?) found", re.IGNORECASE)
"""How the azuread provider says that there is no such object (observed with its upstream 3.9)."""


def after(first: pulumi.Output[Any], value: pulumi.Output[str]) -> pulumi.Output[str]:
    """The value, which becomes known only when the other one is: what uses it is created after both."""
    return pulumi.Output.all(first, value).apply(lambda known: str(known[1]))


def resolve_permissions(names: Sequence[str], ids: Mapping[str, str]) -> list[str]:
    """The ids of delegated permissions, sorted: Microsoft Graph returns them in no fixed order.

    Raises UnknownGraphPermission with the nearest known name.
    """
    by_folded_name = {name.casefold(): name for name in ids}
    for name in names:
        if name not in ids:
            near = difflib.get_close_matches(name.casefold(), by_folded_name, n=3, cutoff=0.6)
            raise UnknownGraphPermission(name=name, suggestions=[by_folded_name[folded] for folded in near])
    return sorted({ids[name] for name in names})


def check_adopted(client_id: str, found: Mapping[str, Any]) -> str:
    """The object id of an adopted app registration; raises ApplicationMismatch with every difference that matters."""
    apis = found["apis"] or []
    platforms = {platform: _redirect_uris(found[key]) for key, platform in _PLATFORMS.items()}
    version = _field(apis[0], "requested_access_token_version") if apis else None
    differences = []
    if found["audience"] != AUDIENCE:
        differences.append(f"signInAudience is {found['audience']}, and {AUDIENCE} is needed")
    if version is not None and int(version) != 2:
        differences.append(f"api.requestedAccessTokenVersion is {int(version)}, and 2 is needed")
    for uri in found["wanted"]:
        held_by = [platform for platform, uris in platforms.items() if uri in uris]
        if "Web" not in held_by:
            differences.append(
                f"the redirect URI {uri} is registered for the platform {held_by[0]}, and Web is needed"
                if held_by
                else f"the redirect URI {uri} is not registered"
            )
    if differences:
        raise ApplicationMismatch(client_id=client_id, differences=differences)
    return str(found["object_id"])


_PLATFORMS: Final = {
    "webs": "Web",
    "spas": "Single-page application",
    "public_clients": "Mobile and desktop applications",
}
"""What the azuread provider and the portal call an application's platforms."""


def _redirect_uris(blocks: Any) -> list[str]:
    return [uri for block in blocks or () for uri in _field(block, "redirect_uris") or ()]


def _field(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)
