"""One integration under a name from the configuration; the name that it was made with stays an alias."""

import pulumi

from pulumi_unifiedto import MicrosoftIntegration

config = pulumi.Config()

MicrosoftIntegration(
    config.get("name") or "login",
    {
        "display_name": config.require("displayName"),
        "workspace_id": config.require("workspaceId"),
        "api_url": config.require("apiUrl"),
        "registrations": [{"integration_type": "microsoft_ad", "is_active": True}],
    },
    pulumi.ResourceOptions(aliases=[pulumi.Alias(name="login")]),
)
