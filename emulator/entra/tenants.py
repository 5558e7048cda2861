"""Tenants, accounts, and what the first segment of a sign-in address means."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.entra import login_errors
from emulator.entra.ids import (
    CONSUMER_DOMAIN,
    CONSUMER_TENANT_ID,
    PARTNER_DOMAIN,
    PARTNER_TENANT_ID,
    TENANT_DOMAIN,
    TENANT_ID,
    derived,
)
from emulator.entra.login_errors import LoginError

COMMON, ORGANIZATIONS, CONSUMERS = "common", "organizations", "consumers"
_TENANTS = (TENANT_ID, PARTNER_TENANT_ID)


@dataclass(frozen=True)
class Authority:
    """Who may sign in at an address: ``common``, ``organizations``, ``consumers``, or one tenant (its id)."""

    name: str

    @property
    def tenant_id(self) -> str | None:
        """The one tenant it speaks for; None for ``common`` and ``organizations``."""
        if self.name == CONSUMERS:
            return CONSUMER_TENANT_ID
        return None if self.name in (COMMON, ORGANIZATIONS) else self.name

    @property
    def is_tenant(self) -> bool:
        """A single organisation's."""
        return self.name not in (COMMON, ORGANIZATIONS, CONSUMERS)


def authority_named(segment: str) -> Authority:
    """The authority of a path segment: a word or a tenant id (documented). A domain is not modelled.

    Raises ``LoginError`` 90002 for a tenant that does not exist.
    """
    name = segment.lower()
    if name == CONSUMER_TENANT_ID:
        return Authority(CONSUMERS)
    if name not in (COMMON, ORGANIZATIONS, CONSUMERS, *_TENANTS):
        raise LoginError(login_errors.TENANT_NOT_FOUND, tenant=segment)
    return Authority(name)


@dataclass(frozen=True)
class Account:
    """Somebody who can sign in. ``object_id`` is the ``oid`` claim."""

    object_id: str
    tenant_id: str
    user_name: str
    name: str
    is_admin: bool = False

    @property
    def is_personal(self) -> bool:
        """A personal Microsoft account, not one of an organisation."""
        return self.tenant_id == CONSUMER_TENANT_ID

    @property
    def identity_provider(self) -> str:
        """How error texts name where the account comes from."""
        return "live.com" if self.is_personal else f"https://sts.windows.net/{self.tenant_id}/"


def _account(tenant_id: str, domain: str, first: str, last: str, *, is_admin: bool = False) -> Account:
    user_name = f"{first.lower()}@{domain}"
    return Account(derived("account", user_name), tenant_id, user_name, f"{first} {last}", is_admin)


ACCOUNTS: tuple[Account, ...] = (
    _account(TENANT_ID, TENANT_DOMAIN, "Ada", "Admin", is_admin=True),
    _account(TENANT_ID, TENANT_DOMAIN, "Grace", "Member"),
    _account(PARTNER_TENANT_ID, PARTNER_DOMAIN, "Piet", "Partner"),
    _account(PARTNER_TENANT_ID, PARTNER_DOMAIN, "Petra", "Partner-Admin", is_admin=True),
    _account(CONSUMER_TENANT_ID, CONSUMER_DOMAIN, "Pat", "Personal"),
)
_BY_NAME = {account.user_name: account for account in ACCOUNTS}
_BY_ID = {account.object_id: account for account in ACCOUNTS}


def account_named(user_name: str) -> Account | None:
    """The account with that user name, in any case."""
    return _BY_NAME.get(user_name.strip().lower())


def account_with_id(object_id: str) -> Account | None:
    """The account with that object id."""
    return _BY_ID.get(object_id)
