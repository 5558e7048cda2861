"""One integration with resource options that a user may give to any component."""

import pulumi

from pulumi_unifiedto import MicrosoftIntegration

config = pulumi.Config()

integration = MicrosoftIntegration(
    "login",
    {
        "display_name": config.require("displayName"),
        "workspace_id": config.require("workspaceId"),
        "api_url": config.require("apiUrl"),
        "force_rotation": config.get("forceRotation") or "",
        "registrations": [{"integration_type": "microsoft_ad", "is_active": True}],
    },
    pulumi.ResourceOptions(protect=config.get_bool("protect"), retain_on_delete=config.get_bool("retainOnDelete")),
)
pulumi.export("application_object_id", integration.application_object_id)
