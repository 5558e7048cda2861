"""What the page shows, gathered from the emulated services. It contains no value of a secret."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from emulator.core.clock import parse_instant
from emulator.core.journal import Entry
from emulator.core.world import World
from emulator.entra.directory import APPLICATION, Directory, DirectoryObject
from emulator.entra.ids import DEPLOYER_APP_ID
from emulator.unifiedto import workspace_of
from emulator.unifiedto.catalogue import BY_TYPE
from emulator.unifiedto.holding import Holding, holding_of
from emulator.unifiedto.model import JsonObject, Row
from emulator.unifiedto.seed import ENVIRONMENTS, WORKSPACE_ID, WORKSPACE_NAME

SERVICES = {"entra": "Entra sign-in", "graph": "Microsoft Graph", "unifiedto": "Unified.to"}
_REQUESTS_SHOWN = 12
_CONNECTIONS_SHOWN = 5

WORKS, NOT_YET, EXPIRED = "works", "not usable yet", "expired"


@dataclass(frozen=True)
class SecretView:
    """A client secret without its value.

    ``used_by``: the registrations that hold it, e.g. ``Production / microsoft_ad``.
    """

    name: str
    key_id: str
    hint: str
    start: datetime
    end: datetime
    state: str
    days_left: int
    used_by: tuple[str, ...]


@dataclass(frozen=True)
class ApplicationView:
    """An app registration."""

    name: str
    client_id: str
    audience: str
    redirect_uris: tuple[str, ...]
    secrets: tuple[SecretView, ...]


@dataclass(frozen=True)
class RegistrationView:
    """A row at Unified.to that is active or has credentials.

    ``problem``: why users cannot sign in through it, None when they can.
    """

    environment: str
    integration_type: str
    name: str
    is_active: bool
    client_id: str
    application: str | None
    permissions: tuple[str, ...]
    problem: str | None

    @property
    def kind(self) -> str:
        """How the page colours its state."""
        if self.problem is None:
            return "good"
        if not self.is_active:
            return "quiet"
        return "wait" if self.environment == "Sandbox" else "bad"

    @property
    def offers_sign_in(self) -> bool:
        """Whether a person can try to sign in through it."""
        return self.is_active and bool(self.client_id) and self.environment != "Sandbox"


@dataclass(frozen=True)
class Overview:
    """Everything on the page. ``untouched``: by environment, how many rows are inactive and have no credentials."""

    now: datetime
    base_url: str
    workspace_id: str
    workspace_name: str
    environments: tuple[str, ...]
    applications: tuple[ApplicationView, ...]
    registrations: tuple[RegistrationView, ...]
    untouched: dict[str, int]
    connections: tuple[JsonObject, ...]
    requests: dict[str, tuple[Entry, ...]]
    request_counts: dict[str, int]
    last_seq: int


def overview_of(world: World) -> Overview:
    """The page's contents at this moment, without the deploying identity.

    Reading them counts as no read of any service.
    """
    workspace = workspace_of(world)
    rows = workspace.rows()
    holdings = {row.id: holding_of(world, row) for row in rows}
    applications = Directory(world).find(APPLICATION, lambda resource: resource["appId"] != DEPLOYER_APP_ID)
    names = {application.app_id: str(application.resource["displayName"]) for application in applications}
    touched = [row for row in rows if row.is_active or row.client_id]
    registrations = tuple(_registration(row, holdings[row.id], names) for row in touched)
    entries = {service: world.journal.entries(service=service) for service in SERVICES}
    return Overview(
        now=world.clock.now(),
        base_url=world.base_url,
        workspace_id=WORKSPACE_ID,
        workspace_name=WORKSPACE_NAME,
        environments=ENVIRONMENTS,
        applications=tuple(_application(item, world.clock.now(), rows, holdings) for item in applications),
        registrations=registrations,
        untouched=_counted(row.environment for row in rows if row not in touched),
        connections=tuple(workspace.connections.all()[: -_CONNECTIONS_SHOWN - 1 : -1]),
        requests={service: tuple(found[: -_REQUESTS_SHOWN - 1 : -1]) for service, found in entries.items()},
        request_counts={service: len(found) for service, found in entries.items()},
        last_seq=world.journal.last_seq,
    )


def _application(
    item: DirectoryObject, now: datetime, rows: list[Row], holdings: dict[str, Holding | None]
) -> ApplicationView:
    used: dict[str, list[str]] = {}
    for row in rows:
        holding = holdings[row.id]
        if holding is not None and holding.client_id.lower() == item.app_id and holding.key_id is not None:
            used.setdefault(holding.key_id, []).append(f"{row.environment} / {row.integration_type}")
    credentials = item.resource["passwordCredentials"]
    return ApplicationView(
        name=str(item.resource["displayName"]),
        client_id=item.app_id,
        audience=str(item.resource["signInAudience"]),
        redirect_uris=tuple((item.resource.get("web") or {}).get("redirectUris") or ()),
        secrets=tuple(_secret(credential, item, now, used) for credential in credentials),
    )


def _secret(credential: JsonObject, item: DirectoryObject, now: datetime, used: dict[str, list[str]]) -> SecretView:
    start, end = parse_instant(credential["startDateTime"]), parse_instant(credential["endDateTime"])
    kept: dict[str, Any] = item.secrets.get(credential["keyId"]) or {}
    usable_at = parse_instant(kept["usable_at"]) if kept else start
    state = EXPIRED if now >= end else NOT_YET if now < max(start, usable_at) else WORKS
    return SecretView(
        name=str(credential["displayName"] or "(no name)"),
        key_id=str(credential["keyId"]),
        hint=str(credential["hint"] or ""),
        start=start,
        end=end,
        state=state,
        days_left=max(0, (end - now).days),
        used_by=tuple(used.get(credential["keyId"], ())),
    )


def _registration(row: Row, holding: Holding | None, names: dict[str, str]) -> RegistrationView:
    entry = BY_TYPE.get(row.integration_type)
    problem = "no credentials" if holding is None else holding.problem
    if not row.is_active:
        problem = "not active"
    elif row.environment == "Sandbox":
        problem = "Sandbox has no sign-in"
    return RegistrationView(
        environment=row.environment,
        integration_type=row.integration_type,
        name=entry.name if entry else row.integration_type,
        is_active=row.is_active,
        client_id=row.client_id,
        application=names.get(row.client_id.lower()),
        permissions=tuple(row.fields.get("permissions") or ()),
        problem=problem,
    )


def _counted(environments: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for environment in environments:
        counts[environment] = counts.get(environment, 0) + 1
    return counts
