"""Whether what the workspace holds would be taken at Entra at this moment: looked up, without any request.

For checks that must not disturb what they watch: no request is sent, so no scripted fault is met and nothing is
journalled. The page shows it, and tests of rotations ask for it after every request.
"""

from __future__ import annotations

from dataclasses import dataclass

from emulator.core.world import World
from emulator.entra import client_secrets
from emulator.entra.directory import APPLICATION, Directory
from emulator.unifiedto.model import Row


@dataclass(frozen=True)
class Holding:
    """What a row holds, seen from Entra.

    ``key_id``: the public name of its secret, None when Entra has no such secret.
    """

    client_id: str
    key_id: str | None
    is_accepted: bool
    problem: str | None = None


def holding_of(world: World, row: Row) -> Holding | None:
    """What Entra would make of the row's credentials now; None when the row has none."""
    if not row.client_id:
        return None
    application = Directory(world).with_app_id(APPLICATION, row.client_id)
    if application is None:
        return Holding(row.client_id, None, False, "no such app registration")
    digest = client_secrets.hash_of(row.client_secret)
    key_id = next((key for key, secret in application.secrets.items() if secret["hash"] == digest), None)
    verdict = client_secrets.verdict_on(world, application, row.client_secret)
    if verdict is client_secrets.Verdict.ACCEPTED:
        return Holding(row.client_id, key_id, True)
    if not row.client_secret:
        return Holding(row.client_id, None, False, "no client secret")
    if verdict is client_secrets.Verdict.EXPIRED:
        return Holding(row.client_id, key_id, False, "the client secret has expired")
    problem = "the client secret is wrong or was removed" if key_id is None else "the client secret does not work yet"
    return Holding(row.client_id, key_id, False, problem)
