"""MicrosoftIntegration: your own Microsoft OAuth2 client at Unified.to, from app registration to registered
integration."""

import os
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypedDict, cast

import pulumi
from typing_extensions import NotRequired

from .client_secret.period import Period, format_instant, parse_instant
from .client_secret.proof_step import prove, proven_at
from .client_secret.rotating_client_secret import (
    DEFAULT_PERIOD,
    RotatingClientSecret,
    RotationArgs,
    SlotSummary,
    days_left,
    default_label,
)
from .entra.application import ApplicationArgs, EntraApplication, EntraApplicationArgs
from .entra.cloud import current_instant
from .entra.limits import checked
from .errors import ApiKeyMissing, DuplicateRegistration, InvalidInput, SecretExpiresSoon, UnifiedtoError
from .program.arguments import validated
from .program.once_in_a_run import name_once
from .registration.options import RegistrationArgs, require_valid
from .registration.workspace_integration import WorkspaceIntegration, declare_once, require_secret_api_key
from .unified.addresses import REGIONS, normal_api_url, redirect_uri_for
from .unified.rows import DEFAULT_ENVIRONMENT
from .unified.settings import api_key_from

DEFAULT_WARN_DAYS_LEFT: Final = 30
DEFAULT_PROOF_DEADLINE: Final = 120.0
LONGEST_PROOF_DEADLINE: Final = 3600


class MicrosoftIntegrationArgs(ApplicationArgs, RotationArgs):
    """Arguments of `MicrosoftIntegration`."""

    workspace_id: pulumi.Input[str]
    """Id of the Unified.to workspace."""

    registrations: Sequence[RegistrationArgs]
    """The integrations that use this client, one or many."""

    region: NotRequired[str]
    """Region of the Unified.to account: ``us`` (default), ``eu`` or ``au``."""

    api_url: NotRequired[str]
    """https base URL of Unified.to's API. Default: the region's."""

    redirect_uris: NotRequired[Sequence[str]]
    """Further redirect URIs of the app, besides the region's own, such as that of a custom API domain."""

    warn_days_left: NotRequired[int]
    """Fewer days until a secret in use ends give a warning. Default: 30."""

    fail_below_limit: NotRequired[bool]
    """Makes that warning a failure, at the end of the run, when all that could mend it was done."""

    proof_deadline: NotRequired[float]
    """Seconds that Entra may take to accept a new secret, at most 3600. Default: 120."""


class RegistrationSummary(TypedDict):
    """What Unified.to really uses for one registration: read back, and seen in the authorization URL."""

    id: str
    integration_type: str
    environment: str
    client_id: str
    redirect_uri: str
    active: bool
    status: str


class MicrosoftIntegration(pulumi.ComponentResource):
    """A Microsoft Entra OAuth2 client of your own, registered at Unified.to, with a secret that rotates by itself.

    In this order: app registration and service principal, client secret, proof that Entra accepts it, registrations.
    A failure at any point leaves Unified.to with a secret that works, and the next run goes on from there.

    Outputs: `client_id`, `client_secret` (secret), `application_object_id`, `tenant_id`, `secret_expires_at`,
    `secret_rotates_at`, `secret_days_left`, `secret_slots`, `registrations` (a list of `RegistrationSummary`, in the
    order of the arguments).
    """

    client_id: pulumi.Output[str]
    client_secret: pulumi.Output[str]
    application_object_id: pulumi.Output[str]
    tenant_id: pulumi.Output[str]
    secret_expires_at: pulumi.Output[str]
    secret_rotates_at: pulumi.Output[str]
    secret_days_left: pulumi.Output[int]
    secret_slots: pulumi.Output[dict[str, SlotSummary]]
    registrations: pulumi.Output[list[RegistrationSummary]]

    def __init__(self, name: str, args: MicrosoftIntegrationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Raises errors of the catalogue for every argument that can be checked before anything is created."""
        args = validated(MicrosoftIntegrationArgs, args)
        registrations = checked_registrations(args["registrations"])
        api_url = api_url_of(args)
        redirect_uris = redirect_uris_of(args, api_url)
        declared = dict(zip(registration_names(name, registrations), registrations, strict=True))
        written = [key for key, registration in declared.items() if registration.get("mode", "api") == "api"]
        deadline_s = proof_deadline_of(args)
        require_valid(args)
        application_args = checked(
            {key: value for key, value in args.items() if key in EntraApplicationArgs.__annotations__}
            | {"redirect_uris": redirect_uris}
        )
        period = Period(args.get("rotate_every", DEFAULT_PERIOD)).text
        for resource_name, registration in declared.items():
            declare_once(resource_name, {**registration, "api_url": api_url, "workspace_id": args["workspace_id"]})
        require_api_key(written)
        name_once(self, name, opts)
        super().__init__("unifiedto:index:MicrosoftIntegration", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        application = EntraApplication(f"{name}-entra", cast(EntraApplicationArgs, application_args), child)
        secret = RotatingClientSecret(
            f"{name}-secret",
            {
                "application_id": application.application_id,
                "application_object_id": application.object_id,
                "rotate_every": period,
                "force_rotation": args.get("force_rotation") or "",
                "label": default_label(name),
                "consumers": list(declared),
            },
            pulumi.ResourceOptions(parent=self, deleted_with=application.application),
        )
        self.proof = prove(
            f"{name}-proof",
            secret,
            tenant_id=application.tenant_id,
            client_id=application.client_id,
            deadline_s=deadline_s,
            written=written,
            now=format_instant(current_instant(os.environ)),
            opts=child,
        )
        self._registrations = [
            WorkspaceIntegration(
                resource_name,
                {
                    "api_url": api_url,
                    "workspace_id": args["workspace_id"],
                    "environment": DEFAULT_ENVIRONMENT,
                    **registration,
                    "client_id": application.client_id,
                    "client_secret": secret.value,
                    "secret_generation": secret.generation,
                    "secret_key_id": secret.key_id,
                    "secret_proven_at": proven_at(self.proof),
                    "redirect_uris": redirect_uris,
                },
                pulumi.ResourceOptions(parent=self, depends_on=[self.proof]),
            )
            for resource_name, registration in declared.items()
        ]

        self.client_id = application.client_id
        self.client_secret = secret.value
        self.application_object_id = application.object_id
        self.tenant_id = application.tenant_id
        self.secret_rotates_at = secret.rotates_at
        self.secret_slots = secret.slots
        self.registrations = pulumi.Output.all(*map(_summary, self._registrations))
        self.secret_expires_at = secret.expires_at
        self.secret_days_left = self._watch_days_left(args, secret)
        # The days left change from day to day: they would show as a change.
        registered = set(MicrosoftIntegration.__annotations__) - {"secret_days_left"}
        self.register_outputs({name: getattr(self, name) for name in sorted(registered)})

    def _watch_days_left(self, args: MicrosoftIntegrationArgs, secret: RotatingClientSecret) -> pulumi.Output[int]:
        """The days left of the current secret; warns, or fails, when one that is in use has fewer than the limit.

        Waits for the registrations, and a preview of their renewal only warns: a failure must not stop the very run
        that could mend it.
        """
        limit = int(args.get("warn_days_left", DEFAULT_WARN_DAYS_LEFT))
        now = current_instant(os.environ)

        def watch(known: Sequence[Any]) -> int:
            current_days_left, ends_by_generation, current, registered = known
            ends = first_end_in_use(ends_by_generation, current, registered)
            in_use_days_left = days_left(parse_instant(ends), now)
            if in_use_days_left < limit:
                error = SecretExpiresSoon(days_left=in_use_days_left, limit=limit, expires_at=ends)
                may_mend = pulumi.runtime.is_dry_run() and any(
                    generation is not None and generation < current for generation in registered
                )
                if args.get("fail_below_limit") and not may_mend:
                    raise error
                pulumi.log.warn(str(error), self)
            return int(current_days_left)

        # A preview shows what is registered now; an update waits for what it registers.
        registered = secret.registered_generations
        if not pulumi.runtime.is_dry_run():
            registered = pulumi.Output.all(*(registration.secret_generation for registration in self._registrations))
        return pulumi.Output.all(secret.days_left, secret.ends, secret.generation, registered).apply(watch)


# --- what follows from the arguments alone ---------------------------------------------------------------------------


def api_url_of(args: MicrosoftIntegrationArgs) -> str:
    """The API's base URL as the registrations store it.

    Raises InvalidInput for an unknown region, and for an address to which no key may travel.
    """
    if api_url := args.get("api_url"):
        return normal_api_url(api_url)
    region = (args.get("region") or "us").lower()
    if region not in REGIONS:
        raise InvalidInput(
            name="region",
            value=region,
            reason=f"it is not one of {', '.join(REGIONS)}",
            next_step="Use the region in whose dashboard you sign in (app.unified.to is us, app-eu.unified.to is eu).",
        )
    return REGIONS[region]


def redirect_uris_of(args: MicrosoftIntegrationArgs, api_url: str) -> list[str]:
    """The app's redirect URIs: the region's own, then those given."""
    own = redirect_uri_for(api_url)
    return [own, *(uri for uri in args.get("redirect_uris", ()) if uri != own)]


def checked_registrations(registrations: Sequence[RegistrationArgs]) -> list[RegistrationArgs]:
    """The registrations without what counts as absent.

    Raises InvalidInput, with the place, for what is wrong with them and known already. Pulumi would check it only when
    the app and its secret exist.
    """
    registered = []
    for index, registration in enumerate(registrations):
        place = f"registrations[{index}]"
        registered.append(validated(RegistrationArgs, registration, within=f"{place}."))
        try:
            require_valid(registered[-1])
        except UnifiedtoError as fault:
            raise fault.about(place) from None
    return registered


def proof_deadline_of(args: MicrosoftIntegrationArgs) -> float:
    """Seconds; raises InvalidInput for none at all, and for more than an hour."""
    deadline_s = args.get("proof_deadline", DEFAULT_PROOF_DEADLINE)
    if not 0 < deadline_s <= LONGEST_PROOF_DEADLINE:
        raise InvalidInput(
            name="proofDeadline", reason=f"it is not a number of seconds above 0 and up to {LONGEST_PROOF_DEADLINE}"
        )
    return deadline_s


def require_api_key(written: Sequence[str]) -> None:
    """Raises ApiKeyMissing where the stack writes a registration and there is no key, ApiKeyNotSecret for one in clear.

    written: names of the registrations that need a key.
    """
    require_secret_api_key()
    if written and api_key_from(os.environ, pulumi.Config("unifiedto").get("apiKey")) is None:
        raise ApiKeyMissing()


def registration_names(name: str, registrations: Sequence[RegistrationArgs]) -> list[str]:
    """The resource names of the registrations; raises DuplicateRegistration for two of one (environment, type)."""
    seen: dict[tuple[str, str], None] = {}
    for registration in registrations:
        environment = (registration.get("environment") or DEFAULT_ENVIRONMENT).strip()
        key = (environment, registration["integration_type"].strip())
        if key in seen:
            raise DuplicateRegistration(environment=key[0], integration_type=key[1])
        seen[key] = None
    return [f"{name}-{environment}-{integration_type}" for environment, integration_type in seen]


def first_end_in_use(ends: Mapping[str, str], current: int, registered: Sequence[float | None]) -> str:
    """When the first of the secrets ends that are in use: the current one's, or an earlier one's that a registration
    still holds (a person has yet to enter the new one).

    ends: generation to instant. registered: for each registration the generation that it holds; None and `NEVER` where
    that is not known.
    """
    held = {int(generation) for generation in registered if generation is not None} | {current}
    return min(instant for generation, instant in ends.items() if int(generation) in held)


def _summary(registration: WorkspaceIntegration) -> pulumi.Output[RegistrationSummary]:
    outputs = {name: getattr(registration, _OUTPUTS.get(name, name)) for name in RegistrationSummary.__annotations__}
    return pulumi.Output.all(**outputs).apply(lambda known: cast(RegistrationSummary, dict(known)))


_OUTPUTS: Final = {
    "id": "registration_id",
    "client_id": "registered_client_id",
    "redirect_uri": "registered_redirect_uri",
}
"""Outputs of a registration that have another name in its summary."""
