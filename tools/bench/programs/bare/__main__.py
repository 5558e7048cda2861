"""What the whole program is measured against: its azuread resources alone, with no component, schedule, proof or
registration."""

import pulumi
import pulumi_azuread as azuread

MICROSOFT_GRAPH = "00000003-0000-0000-c000-000000000000"
SIGN_IN_SCOPES = ("openid", "profile", "email", "offline_access", "User.Read")

config = pulumi.Config()
caller = azuread.get_client_config_output()
graph = azuread.get_service_principal_output(client_id=MICROSOFT_GRAPH)
application = azuread.Application(
    "application",
    display_name=config.require("displayName"),
    sign_in_audience="AzureADandPersonalMicrosoftAccount",
    api=azuread.ApplicationApiArgs(requested_access_token_version=2),
    web=azuread.ApplicationWebArgs(redirect_uris=[f"{config.require('apiUrl')}/oauth/code"]),
    required_resource_accesses=[
        azuread.ApplicationRequiredResourceAccessArgs(
            resource_app_id=MICROSOFT_GRAPH,
            resource_accesses=graph.oauth2_permission_scope_ids.apply(
                lambda ids: [
                    azuread.ApplicationRequiredResourceAccessResourceAccessArgs(id=scope_id, type="Scope")
                    for scope_id in sorted(ids[name] for name in SIGN_IN_SCOPES)
                ]
            ),
        )
    ],
    owners=[caller.object_id],
)
service_principal = azuread.ServicePrincipal(
    "service-principal", client_id=application.client_id, owners=[caller.object_id], use_existing=True
)
password = azuread.ApplicationPassword("password", application_id=application.id, display_name="bare")

pulumi.export("client_id", service_principal.client_id)
pulumi.export("client_secret", password.value)
