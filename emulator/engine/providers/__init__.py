"""What stands in for Pulumi's plugins: azuread and command in process, dynamic providers in their real process."""
