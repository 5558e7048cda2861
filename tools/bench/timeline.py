"""What happened during a stack's life, read from the emulator's journal: secrets, proofs, registrations, runs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qs

from emulator.core.journal import Entry

_NAME: Final = re.compile(r"\b(?P<slot>blue|green) #(?P<generation>\d+) ")


@dataclass
class Secret:
    """A client secret. Instants are the computer's, in seconds since the epoch.

    ``key_id`` is empty where Entra's answer was lost. ``used_at``: when Unified.to first accepted it, None if it never
    did; ``gone_at``: when it was removed, None while it exists.
    """

    slot: str
    generation: int
    created_at: float
    key_id: str
    value: str = field(repr=False)
    used_at: float | None = None
    gone_at: float | None = None


@dataclass(frozen=True)
class Proof:
    """One question to Entra whether it accepts the newest secret."""

    at: float
    generation: int
    accepted: bool


@dataclass(frozen=True)
class Registration:
    """One PUT at Unified.to. ``acted``: Unified.to took it, even where its answer was lost."""

    at: float
    generation: int
    acted: bool


@dataclass(frozen=True)
class Run:
    """One `up`. ``outcome``: ``done``, ``failed`` or ``killed``; ``title``: what was on when it started."""

    started_at: float
    ended_at: float
    outcome: str
    title: str


@dataclass(frozen=True)
class Passage:
    """Emulated time that passed at once between two runs. ``until``: when the first run after it that was done ended;
    ``expires``: the script meant the registered secret to end."""

    at: float
    until: float
    days: float
    expires: bool


@dataclass
class Timeline:
    """A stack's life in the order in which it happened."""

    client_id: str = ""
    secrets: list[Secret] = field(default_factory=list)
    proofs: list[Proof] = field(default_factory=list)
    registrations: list[Registration] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    passages: list[Passage] = field(default_factory=list)
    faults: list[float] = field(default_factory=list)

    @property
    def rotations(self) -> int:
        """How many secrets Unified.to went over to, the first one not counted."""
        used = sum(secret.used_at is not None for secret in self.secrets)
        return max(0, used - 1)

    @property
    def most_secrets_at_once(self) -> int:
        """The most secrets that the application ever held."""
        changes = [(secret.created_at, 1) for secret in self.secrets]
        changes += [(secret.gone_at, -1) for secret in self.secrets if secret.gone_at is not None]
        held = most = 0
        for _, change in sorted(changes):
            held += change
            most = max(most, held)
        return most

    @property
    def proven_later(self) -> int:
        """Secrets that Entra refused at least once before it accepted them."""
        accepted = {proof.generation for proof in self.proofs if proof.accepted}
        return len(accepted & {proof.generation for proof in self.proofs if not proof.accepted})

    def take(self, entries: Iterable[Entry]) -> None:
        """Adds what new entries of the journal tell."""
        for entry in entries:
            at = datetime.fromisoformat(entry["at"].replace("Z", "+00:00")).timestamp()
            if entry["fault"] is not None:
                self.faults.append(at)
            path = entry["path"]
            if entry["service"] == "graph" and path.endswith("/addPassword"):
                self._created(at, entry)
            elif entry["service"] == "graph" and path.endswith("/removePassword"):
                self._removed(at, entry)
            elif entry["service"] == "unifiedto" and entry["method"] == "PUT":
                self._registered(at, entry)
            elif entry["service"] == "entra" and entry["method"] == "POST":
                self._proven(at, entry)

    def _created(self, at: float, entry: Entry) -> None:
        if not _has_acted(entry):
            return
        wanted = json.loads(entry["request_body"] or "{}")["passwordCredential"]
        found = _NAME.search(str(wanted.get("displayName")))
        if found is None:
            return
        answer = _json(entry["response_body"])
        key_id, value = str(answer.get("keyId") or ""), str(answer.get("secretText") or "")
        self.secrets.append(Secret(found["slot"], int(found["generation"]), at, key_id, value))

    def _removed(self, at: float, entry: Entry) -> None:
        if not _has_acted(entry):
            return
        key_id = _json(entry["request_body"]).get("keyId")
        gone = [secret for secret in self.secrets if secret.gone_at is None and secret.key_id == key_id]
        # An answer that was lost took the key id with it: the only secret without one is the one that a person removes.
        gone = gone or [secret for secret in self.secrets if secret.gone_at is None and not secret.key_id]
        for secret in gone[:1]:
            secret.gone_at = at

    def _registered(self, at: float, entry: Entry) -> None:
        sent = (_json(entry["request_body"]).get("auth") or {}).get("client_secret")
        for secret in self.secrets:
            if secret.value and secret.value == sent:
                acted = _has_acted(entry)
                self.registrations.append(Registration(at, secret.generation, acted))
                if acted and secret.used_at is None:
                    secret.used_at = at

    def _proven(self, at: float, entry: Entry) -> None:
        form = parse_qs(entry["request_body"] or "")
        if form.get("grant_type") != ["client_credentials"] or form.get("client_id") != [self.client_id]:
            return
        if self.secrets:
            self.proofs.append(Proof(at, self.secrets[-1].generation, entry["status"] == 200))


def _has_acted(entry: Entry) -> bool:
    """Whether the service carried the request out, whatever the caller learnt of it."""
    if not entry["acted"]:
        return False
    return entry["fault"] in ("status_after", "reset_after", "not_json") or entry["status"] in (200, 201, 204)


def _json(body: str | None) -> dict[str, Any]:
    try:
        value = json.loads(body or "{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
