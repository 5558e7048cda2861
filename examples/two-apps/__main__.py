"""Two apps, because users consent to each app's permissions separately.

The sign-in app requests only the user's identity. The mail app requests mail and calendars, and rotates its secret
every 30 days.
"""

import pulumi

from pulumi_unifiedto import MicrosoftIntegration

config = pulumi.Config()

sign_in = MicrosoftIntegration(
    "sign-in",
    {
        "display_name": "Example CRM - sign in",
        "workspace_id": config.require("workspaceId"),
        "api_url": config.get("apiUrl") or "",
        "registrations": [{"integration_type": "microsoft", "is_active": True}],
        "graph_permissions": ["openid", "profile", "email", "User.Read"],
    },
)

mail = MicrosoftIntegration(
    "mail",
    {
        "display_name": "Example CRM - mail and calendars",
        "workspace_id": config.require("workspaceId"),
        "api_url": config.get("apiUrl") or "",
        "registrations": [
            {"integration_type": "microsoftoutlook", "is_active": True},
            {"integration_type": "microsoftoutlook", "environment": "Staging", "is_active": True},
        ],
        "graph_permissions": [
            "openid",
            "profile",
            "email",
            "offline_access",
            "User.Read",
            "Mail.Read",
            "Calendars.Read",
        ],
        "rotate_every": "P30D",
    },
)

for name, app in {"sign_in": sign_in, "mail": mail}.items():
    pulumi.export(f"{name}_client_id", app.client_id)
    pulumi.export(f"{name}_client_secret", app.client_secret)
    pulumi.export(f"{name}_registrations", app.registrations)
