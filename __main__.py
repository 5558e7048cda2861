"""A Microsoft OAuth2 client of your own at Unified.to, from the stack's configuration (described in Pulumi.yaml)."""

import pulumi

from pulumi_unifiedto import MicrosoftIntegration
from pulumi_unifiedto.configuration import registrations_from

config = pulumi.Config()

integration = MicrosoftIntegration(
    "microsoft",
    {
        "display_name": config.require("displayName"),
        "workspace_id": config.require("workspaceId"),
        "registrations": registrations_from(config.require_object("registrations")),
        "region": config.require("region"),
        "api_url": config.get("apiUrl") or "",
        "redirect_uris": config.get_object("redirectUris") or [],
        "graph_permissions": config.require_object("graphPermissions"),
        "owners": config.get_object("owners") or [],
        "tags": config.get_object("tags") or [],
        "notes": config.get("notes") or "",
        "client_id": config.get("clientId") or "",
        "rotate_every": config.require("rotateEvery"),
        "force_rotation": config.get("forceRotation") or "",
        "warn_days_left": config.require_int("warnDaysLeft"),
        "fail_below_limit": config.require_bool("failBelowLimit"),
        "proof_deadline": config.require_int("proofDeadline"),
    },
)

for output in (
    "client_id", "client_secret", "application_object_id", "tenant_id", "secret_expires_at", "secret_rotates_at",
    "secret_days_left", "secret_slots", "registrations",
):  # fmt: skip
    pulumi.export(output, getattr(integration, output))
