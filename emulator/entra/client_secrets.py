"""Client secrets: made, hashed, found again, removed. The clear value leaves this module once and is stored nowhere."""

from __future__ import annotations

import enum
import hashlib
import secrets
import string
from calendar import monthrange
from datetime import MAXYEAR, datetime, timedelta
from typing import Any

from emulator.core.clock import format_instant, parse_instant
from emulator.core.store import Document
from emulator.core.world import World
from emulator.entra import application_rules, graph_errors
from emulator.entra.directory import DirectoryObject
from emulator.entra.ids import LIFETIME_POLICY_ID, fresh
from emulator.entra.switches import EntraSwitches

DEFAULT_YEARS = 2
PAST_START_TOLERANCE = timedelta(minutes=5)
"""How far back a start may lie before it counts as past (assumed: clocks differ)."""
_WRITABLE = {"displayName", "startDateTime", "endDateTime"}
_SHOWN_AS_NULL = {"customKeyIdentifier", "hint", "keyId", "secretText"}
_ALPHANUMERIC = string.ascii_letters + string.digits


class Verdict(enum.Enum):
    """How the token endpoint treats a secret."""

    ACCEPTED = "accepted"
    UNKNOWN = "wrong, removed, or not usable yet"
    EXPIRED = "expired"


def add(world: World, application: DirectoryObject, wanted: Any) -> Document:
    """A new secret for ``application`` (not saved yet); the only answer that ever holds ``secretText``.

    ``wanted`` is the body's ``passwordCredential``. Raises ``GraphError`` for dates, lifetimes and counts that are not
    allowed. The secret works at the token endpoint only after a delay of its own.
    """
    now = world.clock.now()
    name, start, end = _wanted(world, wanted, now)
    credentials = application.resource["passwordCredentials"]
    limit = application_rules.MAX_SECRETS_WITH_PERSONAL_ACCOUNTS
    if application_rules.has_personal_accounts(application.resource) and len(credentials) >= limit:
        raise graph_errors.too_many_passwords(limit)
    text = _new_text()
    credential = {
        "customKeyIdentifier": None,
        "displayName": name,
        "endDateTime": format_instant(end),
        "hint": text[:3],
        "keyId": fresh(),
        "secretText": None,
        "startDateTime": format_instant(start),
    }
    credentials.append(credential)
    usable_at = now + timedelta(seconds=_delay_s(world, credential["keyId"] or ""))
    application.secrets[str(credential["keyId"])] = {"hash": hash_of(text), "usable_at": usable_at.isoformat()}
    return {**credential, "secretText": text}


def remove(application: DirectoryObject, key_id: str) -> None:
    """Remove a secret (not saved yet); it is refused from now on. Raises ``GraphError`` 400 when there is none."""
    credentials = application.resource["passwordCredentials"]
    kept = [credential for credential in credentials if credential["keyId"] != key_id.lower()]
    if len(kept) == len(credentials):
        raise graph_errors.password_not_found(key_id)
    application.resource["passwordCredentials"] = kept
    application.secrets.pop(key_id.lower(), None)


def verdict_on(world: World, application: DirectoryObject, text: str) -> Verdict:
    """Whether ``text`` is a secret of the application that works at this virtual instant."""
    wanted = hash_of(text)
    now = world.clock.now()
    for credential in application.resource["passwordCredentials"]:
        secret = application.secrets.get(credential["keyId"])
        if secret is None or secret["hash"] != wanted:
            continue
        if now >= parse_instant(credential["endDateTime"]):
            return Verdict.EXPIRED
        if now < parse_instant(credential["startDateTime"]) or now < parse_instant(secret["usable_at"]):
            return Verdict.UNKNOWN
        return Verdict.ACCEPTED
    return Verdict.UNKNOWN


def hash_of(text: str) -> str:
    """What is kept of a secret. Secrets are random and long, so that a plain hash cannot be searched."""
    return hashlib.sha256(text.encode()).hexdigest()


def _wanted(world: World, wanted: Any, now: datetime) -> tuple[str | None, datetime, datetime]:
    if wanted is None:
        wanted = {}
    if not isinstance(wanted, dict):
        raise graph_errors.bad_request("Invalid value specified for property 'passwordCredential'.")
    for name, value in wanted.items():
        if name not in _WRITABLE and not name.startswith("@odata.") and (name not in _SHOWN_AS_NULL or value):
            raise graph_errors.bad_request(f"Invalid property '{name}' of 'passwordCredential'.")
    display_name = wanted.get("displayName")
    if display_name is not None and not isinstance(display_name, str):
        raise graph_errors.bad_request("Invalid value specified for property 'displayName'.")
    start = _instant(wanted, "startDateTime") or now.replace(microsecond=0)
    end = _instant(wanted, "endDateTime") or _years_later(start, DEFAULT_YEARS)
    if start < now - PAST_START_TOLERANCE:
        raise graph_errors.start_date_invalid()
    if end <= start:
        raise graph_errors.end_date_invalid()
    most_days = world.settings.of(EntraSwitches).lifetime_policy_max_days
    if most_days is not None and end - start > timedelta(days=most_days):
        raise graph_errors.lifetime_exceeds_policy(LIFETIME_POLICY_ID)
    return display_name, start, end


def _instant(wanted: Document, name: str) -> datetime | None:
    text = wanted.get(name)
    if text is None:
        return None
    try:
        return parse_instant(text).replace(microsecond=0)
    except (ValueError, OverflowError) as error:
        raise graph_errors.bad_request(f"Invalid value specified for property '{name}'.") from error


def _years_later(start: datetime, years: int) -> datetime:
    """Calendar years: the 29th of February becomes the 28th. Raises ``GraphError`` 400 past the year 9999."""
    year = start.year + years
    if year > MAXYEAR:
        raise graph_errors.end_date_invalid()
    return start.replace(year=year, day=min(start.day, monthrange(year, start.month)[1]))


def _new_text() -> str:
    """40 characters in the real service's shape: three for the hint, a tilde, 36 more."""
    hint = "".join(secrets.choice(_ALPHANUMERIC) for _ in range(3))
    return f"{hint}~" + "".join(secrets.choice(_ALPHANUMERIC + "-_.~") for _ in range(36))


def _delay_s(world: World, key_id: str) -> float:
    """The switch's delay; from a range, one that depends on the key id only."""
    delay = world.settings.of(EntraSwitches).secret_propagation_s
    if isinstance(delay, list):
        least, most = delay
        share = int(hashlib.sha256(key_id.encode()).hexdigest()[:8], 16) / 0xFFFFFFFF
        return float(least + (most - least) * share)
    return float(delay)
