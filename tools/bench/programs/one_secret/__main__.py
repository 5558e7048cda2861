"""How a client secret is often rotated: a new one is made and registered at once, and the old one removed.

The benchmark shows with it that its measurement sees refused sign-ins where there are some.
"""

import pulumi
import pulumi_azuread as azuread

from pulumi_unifiedto import EntraApplication, WorkspaceIntegration

config = pulumi.Config()
api_url = config.require("apiUrl")
redirect_uris = [f"{api_url}/oauth/code"]

application = EntraApplication(
    "application", {"display_name": config.require("displayName"), "redirect_uris": redirect_uris}
)
password = azuread.ApplicationPassword(
    "password",
    application_id=application.application_id,
    display_name="the only one",
    rotate_when_changed={"generation": config.require("generation")},
)
WorkspaceIntegration(
    "registration",
    {
        "api_url": api_url,
        "workspace_id": config.require("workspaceId"),
        "integration_type": "microsoft_ad",
        "client_id": application.client_id,
        "client_secret": password.value,
        "redirect_uris": redirect_uris,
        "is_active": True,
    },
)
