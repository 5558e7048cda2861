"""The application that signs in: find it, check its audience, authenticate it."""

from __future__ import annotations

from emulator.core.world import World
from emulator.entra import application_rules, client_secrets, login_errors
from emulator.entra.client_secrets import Verdict
from emulator.entra.directory import APPLICATION, SERVICE_PRINCIPAL, Directory, DirectoryObject
from emulator.entra.ids import TENANT_ID
from emulator.entra.login_errors import Failure, LoginError
from emulator.entra.tenants import CONSUMERS, Account, Authority


def application_at(world: World, app_id: str, authority: Authority) -> DirectoryObject:
    """The application, if its audience fits the authority.

    Raises ``LoginError``: 700016 for an unknown or deleted application or another organisation's tenant, 50194
    and 9002332 for an audience that does not fit, 7000112 for a disabled one.
    """
    directory = Directory(world)
    application = directory.with_app_id(APPLICATION, app_id)
    if application is None:
        raise LoginError(login_errors.APP_NOT_IN_TENANT, app_id=app_id, tenant=authority.name)
    audience = application.resource["signInAudience"]
    facts = {"app_id": application.app_id, "name": str(application.resource["displayName"])}
    if authority.name == CONSUMERS:
        if audience != application_rules.EVERYBODY:
            raise LoginError(login_errors.WORK_ACCOUNTS_ONLY, **facts)
    elif audience == application_rules.ORGANISATION:
        if not authority.is_tenant:
            raise LoginError(login_errors.NOT_MULTI_TENANT, **facts)
        if authority.name != TENANT_ID:
            raise LoginError(login_errors.APP_NOT_IN_TENANT, app_id=app_id, tenant=authority.name)
    principal = directory.with_app_id(SERVICE_PRINCIPAL, app_id)
    if principal is not None and not principal.resource["accountEnabled"]:
        raise LoginError(login_errors.APP_DISABLED, app_id=app_id)
    return application


def principal_at(world: World, app_id: str, tenant_id: str) -> tuple[DirectoryObject, DirectoryObject]:
    """The application and its service principal in a tenant, for signing in as itself.

    Only the home tenant has any. Raises ``LoginError`` 700016 without one and 7000112 when it is disabled.
    """
    directory = Directory(world)
    application = directory.with_app_id(APPLICATION, app_id)
    principal = directory.with_app_id(SERVICE_PRINCIPAL, app_id) if tenant_id == TENANT_ID else None
    if application is None or principal is None:
        raise LoginError(login_errors.APP_NOT_IN_TENANT, app_id=app_id, tenant=tenant_id)
    if not principal.resource["accountEnabled"]:
        raise LoginError(login_errors.APP_DISABLED, app_id=app_id)
    return application, principal


def prove(world: World, application: DirectoryObject, secret: str | None, if_missing: Failure) -> None:
    """Raises ``LoginError`` 7000215 for a secret that is wrong, removed or not usable yet, 7000222 if it expired, and
    ``if_missing`` without one."""
    if not secret:
        raise LoginError(if_missing)
    verdict = client_secrets.verdict_on(world, application, secret)
    if verdict is Verdict.EXPIRED:
        raise LoginError(login_errors.EXPIRED_SECRET, app_id=application.app_id)
    if verdict is Verdict.UNKNOWN:
        raise LoginError(login_errors.INVALID_SECRET, app_id=application.app_id)


def require_account(application: DirectoryObject, authority: Authority, account: Account) -> None:
    """Refuse an account that may not sign in here. Raises ``LoginError`` 50020."""
    audience = application.resource["signInAudience"]
    tenant = authority.tenant_id
    wrong_kind = account.is_personal and (
        audience in (application_rules.ORGANISATION, application_rules.ORGANISATIONS)
        or authority.name == "organizations"
    )
    if wrong_kind or (tenant is not None and tenant != account.tenant_id):
        raise LoginError(
            login_errors.ACCOUNT_NOT_IN_TENANT,
            account=account.user_name,
            provider=account.identity_provider,
            tenant=authority.name,
            app_id=application.app_id,
            name=str(application.resource["displayName"]),
        )
